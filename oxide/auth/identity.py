"""What `workload_identity=` of a client takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias, TypedDict, Union

from typing_extensions import NotRequired

__all__ = [
    "SubjectTokenProvider",
    "SubjectTokenWorkloadIdentity",
    "WorkloadIdentity",
    "X509WorkloadIdentity",
    "x509_workload_identity",
]


class SubjectTokenProvider(TypedDict):
    """Where the token comes from that the platform vouches with.

    `token_type`: "jwt" or "id". `get_token`: gives the token at each exchange; a plain function is called in
    a thread, because it may block, an async one in the event loop.
    """

    token_type: Literal["jwt", "id"]
    get_token: Union[Callable[[], str], Callable[[], Awaitable[str]]]  # noqa: UP007 (3.10 evaluates it)


class WorkloadIdentity(TypedDict):
    """An identity whose subject token is exchanged for access tokens (RFC 8693).

    `identity_provider_id` and `service_account_id`: as configured at OpenAI. `provider`: see
    `SubjectTokenProvider`. `refresh_buffer_seconds`: seconds before its end at which an access token is
    replaced; 1200 by default, and never more than half its life.
    """

    identity_provider_id: str
    service_account_id: str
    provider: SubjectTokenProvider
    refresh_buffer_seconds: NotRequired[float]


SubjectTokenWorkloadIdentity: TypeAlias = WorkloadIdentity
"""The longer name of `WorkloadIdentity`."""


class X509WorkloadIdentity(TypedDict):
    """An identity that the client certificate of the connection proves; see `HTTPOptions(cert=...)`.

    `refresh_buffer_seconds`: as in `WorkloadIdentity`.
    """

    type: Literal["x509"]
    identity_provider_id: str
    service_account_id: str
    refresh_buffer_seconds: NotRequired[float]


def x509_workload_identity(
    *, identity_provider_id: str, service_account_id: str, refresh_buffer_seconds: float | None = None
) -> X509WorkloadIdentity:
    """The identity of a client whose connections show a certificate.

    The certificate itself goes to `http_client=HTTPOptions(cert=...)`.

    Args:
      identity_provider_id: as configured at OpenAI.
      service_account_id: as configured at OpenAI.
      refresh_buffer_seconds: seconds before its end at which an access token is replaced. Default 1200.
    """
    identity = X509WorkloadIdentity(
        type="x509", identity_provider_id=identity_provider_id, service_account_id=service_account_id
    )
    if refresh_buffer_seconds is None:
        return identity
    return {**identity, "refresh_buffer_seconds": refresh_buffer_seconds}
