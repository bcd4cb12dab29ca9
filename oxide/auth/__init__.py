"""Workload identity: access tokens in exchange for what the platform says about who one is.

`AsyncOpenAI(workload_identity={...})` takes a mapping of `WorkloadIdentity` or `X509WorkloadIdentity`; the
functions here make its parts. Names are imported when first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .identity import SubjectTokenProvider as SubjectTokenProvider
    from .identity import SubjectTokenWorkloadIdentity as SubjectTokenWorkloadIdentity
    from .identity import WorkloadIdentity as WorkloadIdentity
    from .identity import X509WorkloadIdentity as X509WorkloadIdentity
    from .identity import x509_workload_identity as x509_workload_identity
    from .subject import azure_managed_identity_token_provider as azure_managed_identity_token_provider
    from .subject import gcp_id_token_provider as gcp_id_token_provider
    from .subject import k8s_service_account_token_provider as k8s_service_account_token_provider
    from .workload import WorkloadIdentityAuth as WorkloadIdentityAuth
else:
    from oxide._lazy import lazy_names

    _NAMES = {
        "SubjectTokenProvider": ".identity",
        "SubjectTokenWorkloadIdentity": ".identity",
        "WorkloadIdentity": ".identity",
        "WorkloadIdentityAuth": ".workload",
        "X509WorkloadIdentity": ".identity",
        "azure_managed_identity_token_provider": ".subject",
        "gcp_id_token_provider": ".subject",
        "k8s_service_account_token_provider": ".subject",
        "x509_workload_identity": ".identity",
    }
    __getattr__, __dir__ = lazy_names(__name__, _NAMES)

__all__ = [
    "SubjectTokenProvider",
    "SubjectTokenWorkloadIdentity",
    "WorkloadIdentity",
    "WorkloadIdentityAuth",
    "X509WorkloadIdentity",
    "azure_managed_identity_token_provider",
    "gcp_id_token_provider",
    "k8s_service_account_token_provider",
    "x509_workload_identity",
]
