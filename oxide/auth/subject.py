"""Subject tokens of the platforms: a file under Kubernetes, the metadata services of Azure and Google."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from ..errors import SubjectTokenProviderError
from ..transport.facts import RequestFacts, ResponseFacts
from .identity import SubjectTokenProvider

__all__ = [
    "azure_managed_identity_token_provider",
    "gcp_id_token_provider",
    "k8s_service_account_token_provider",
]

AZURE_URL = "http://169.254.169.254/metadata/identity/oauth2/token"
"""Instance metadata service of Azure (IMDS)."""

GCP_URL = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity"
"""Metadata server of Google Compute Engine."""


class _Client(Protocol):
    """What is needed of an `httpx.Client`, `httpx2.Client` or `requests.Session`."""

    def get(
        self, url: str, *, params: Mapping[str, str], headers: Mapping[str, str], timeout: float
    ) -> Any: ...


def k8s_service_account_token_provider(
    token_file_path: str | Path = "/var/run/secrets/kubernetes.io/serviceaccount/token",
) -> SubjectTokenProvider:
    """The token that Kubernetes mounts into a pod; the file is read anew at each exchange.

    Args:
      token_file_path: the file. Default: where Kubernetes puts it.

    Returns:
      The `provider` of a `WorkloadIdentity`; its `get_token` raises SubjectTokenProviderError where the file
      is missing or empty.
    """

    def get_token() -> str:
        try:
            token = Path(token_file_path).read_text(encoding="utf-8").strip()
        except OSError as error:
            fault = error.strerror or type(error).__name__
        except UnicodeDecodeError:
            fault = "it is not text"
        else:
            if token:
                return token
            fault = "it is empty"
        # Out here: what a decoder raises holds the file's bytes.
        raise SubjectTokenProviderError(
            f"No service account token in {token_file_path}: {fault}. Mount one, or name another file with "
            "`token_file_path`."
        )

    return SubjectTokenProvider(token_type="jwt", get_token=get_token)


def azure_managed_identity_token_provider(
    resource: str = "https://management.azure.com/",
    *,
    object_id: str | None = None,
    client_id: str | None = None,
    msi_res_id: str | None = None,
    api_version: str = "2018-02-01",
    timeout: float = 10.0,
    http_client: _Client | None = None,
) -> SubjectTokenProvider:
    """The token of an Azure managed identity, from the instance metadata service (169.254.169.254).

    Args:
      resource: what the token is for. Default: Azure Resource Manager.
      object_id: which identity, by its object id, where the machine has several.
      client_id: the same by client id.
      msi_res_id: the same by resource id.
      api_version: version of the metadata API.
      timeout: seconds, for connecting and for the answer.
      http_client: asked instead: an `httpx.Client`, `requests.Session` or anything with such a `get`.

    Returns:
      The `provider` of a `WorkloadIdentity`; its `get_token` raises SubjectTokenProviderError.
    """
    given = {"object_id": object_id, "client_id": client_id, "msi_res_id": msi_res_id}
    params = {"api-version": api_version, "resource": resource}
    params.update((name, value) for name, value in given.items() if value is not None)

    def get_token() -> str:
        facts = _ask("Azure", AZURE_URL, params, {"Metadata": "true"}, timeout, http_client)
        try:
            token = facts.json().get("access_token")
        except (ValueError, AttributeError):
            raise _failed("Azure", AZURE_URL, "its answer is not a JSON object", facts) from None
        if not isinstance(token, str) or not token:
            raise _failed("Azure", AZURE_URL, "its answer has no `access_token`", facts)
        return token

    return SubjectTokenProvider(token_type="jwt", get_token=get_token)


def gcp_id_token_provider(
    audience: str = "https://api.openai.com/v1",
    *,
    timeout: float = 10.0,
    http_client: _Client | None = None,
) -> SubjectTokenProvider:
    """The identity token of a Google Cloud machine, from its metadata server (metadata.google.internal).

    Args:
      audience: who the token is for.
      timeout: seconds, for connecting and for the answer.
      http_client: asked instead: an `httpx.Client`, `requests.Session` or anything with such a `get`.

    Returns:
      The `provider` of a `WorkloadIdentity`; its `get_token` raises SubjectTokenProviderError.
    """

    def get_token() -> str:
        headers = {"Metadata-Flavor": "Google"}
        facts = _ask("Google Cloud", GCP_URL, {"audience": audience}, headers, timeout, http_client)
        token = facts.text.strip()
        if not token:
            raise _failed("Google Cloud", GCP_URL, "its answer is empty", facts)
        return token

    return SubjectTokenProvider(token_type="id", get_token=get_token)


def _failed(
    platform: str, url: str, reason: str, answer: ResponseFacts | None = None
) -> SubjectTokenProviderError:
    return SubjectTokenProviderError(
        f"The metadata service of {platform} gave no subject token: {reason}. It is asked at {url}, which "
        "answers only on machines of that platform that have an identity.",
        response=answer,
    )


def _ask(
    platform: str,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    timeout: float,
    client: _Client | None,
) -> ResponseFacts:
    send: Callable[..., ResponseFacts] = _get if client is None else _get_by
    try:
        facts = send(url, params, headers, timeout, client)
    except Exception as error:
        # Each client has its own class for a host that cannot be reached.
        raise _failed(platform, url, f"no answer ({type(error).__name__}: {error})") from error
    if not facts.is_success:
        raise _failed(platform, url, f"HTTP {facts.status_code}", facts)
    return facts


def _get(
    url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float, client: None
) -> ResponseFacts:
    # Not urllib: a metadata service is never behind a proxy, and its redirects are not to be followed.
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=timeout)
    try:
        connection.request("GET", f"{place.path}?{urlencode(params)}", headers=dict(headers))
        answer = connection.getresponse()
        request = RequestFacts("GET", url, headers.items())
        return ResponseFacts(answer.status, answer.getheaders(), answer.read(), request=request)
    finally:
        connection.close()


def _get_by(
    url: str, params: Mapping[str, str], headers: Mapping[str, str], timeout: float, client: _Client
) -> ResponseFacts:
    answer = client.get(url, params=params, headers=headers, timeout=timeout)
    request = RequestFacts("GET", url, headers.items())
    return ResponseFacts(answer.status_code, list(answer.headers.items()), answer.content, request=request)
