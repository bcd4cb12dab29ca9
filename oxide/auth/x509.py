"""Workload identity with the connection's client certificate (mutual TLS)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ..errors import OpenAIError
from .exchange import GRANT_TYPE, exchange, granted
from .workload import WorkloadIdentityAuth

if TYPE_CHECKING:
    from .._connections import Connections
    from ..client import AsyncOpenAI
    from ..options import Headers
    from ..resources._base import Endpoint
    from ..transport.request import PreparedRequest
    from .identity import X509WorkloadIdentity

__all__ = ["X509_TOKEN_EXCHANGE_URL", "X509WorkloadIdentityAuth", "check_address"]

X509_TOKEN_EXCHANGE_URL = "https://mtls.auth.openai.com/oauth/token"
"""Where certificates are exchanged; not to be changed, so that no other place is shown one."""

_SUBJECT_TYPE = "urn:openai:params:oauth:token-type:x509"
_FIELDS = frozenset({"type", "identity_provider_id", "service_account_id", "refresh_buffer_seconds"})
# RFC 6750 §2.1.
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_FOREIGN = frozenset({"api-key", "x-api-key", "proxy-authorization"})


def check_address(url: str) -> None:
    """Refuse an API address that a certificate cannot be shown to.

    Args:
      url: the base URL.

    Raises:
      OpenAIError: it is not https, has no host, or carries a user and password.
    """
    place = urlsplit(url)
    if place.scheme != "https" or not place.hostname:
        raise OpenAIError("X.509 workload identity requires an absolute HTTPS API URL")
    if place.username or place.password:
        raise OpenAIError("X.509 workload identity API URLs cannot contain user credentials")


class X509WorkloadIdentityAuth(WorkloadIdentityAuth):
    """Exchanges the connection's certificate for access tokens and keeps them until their end is near.

    Args:
      workload_identity: the identity; a copy of it is kept.
      connections: those of the client, which show the certificate.
      max_retries: how often an exchange is tried again, at most twice.

    Raises:
      OpenAIError: the identity lacks an id, or holds something else.
    """

    def __init__(
        self, *, workload_identity: X509WorkloadIdentity, connections: Connections, max_retries: int
    ) -> None:
        identity = dict(workload_identity)
        _check(identity)
        super().__init__(
            workload_identity=cast("Any", identity),
            token_exchange_url=X509_TOKEN_EXCHANGE_URL,
            _connections=connections,
            _max_retries=max_retries,
        )

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
    ) -> None:
        """See `oxide._credentials.Credentials`."""
        if client.workload_identity != self.workload_identity:
            raise OpenAIError("X.509 workload identity cannot be changed after client construction")
        url = prepared.url
        check_address(str(url))
        if url.origin() != client.base_url.origin():
            raise OpenAIError("X.509 workload identity requests must use the configured API origin")
        names = {name.replace("_", "-") for name in prepared.headers.names}
        if names & _FOREIGN:
            raise OpenAIError("X.509 workload identity requests cannot include API-key or proxy credentials")
        if "host" in names:
            raise OpenAIError("X.509 workload identity requests cannot include a Host header of their own")
        if prepared.follow_redirects:
            raise OpenAIError("X.509 workload identity requests do not follow redirects")
        super().attach(client, endpoint, prepared, headers)

    async def _fetch(self) -> tuple[str, float]:
        connections = self._connections
        assert connections is not None
        _check_session(connections.http_client)
        identity = self.workload_identity
        parameters = {
            "grant_type": GRANT_TYPE,
            "subject_token_type": _SUBJECT_TYPE,
            "identity_provider_id": identity["identity_provider_id"],
            "service_account_id": identity["service_account_id"],
        }
        facts = await exchange(connections, X509_TOKEN_EXCHANGE_URL, parameters, self._max_retries)
        answer = granted(facts, bare_errors=True)
        kind = answer.get("token_type", "bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise OpenAIError("X.509 token exchange response must use the Bearer token type")
        if _BEARER.fullmatch(answer["access_token"]) is None:
            raise OpenAIError("X.509 token exchange response did not include a valid Bearer access_token")
        life = _number(answer.get("expires_in"))
        if life is None or life <= 0:
            raise OpenAIError("X.509 token exchange response did not include a positive, finite expires_in")
        return answer["access_token"], life


def _check_session(session: Any) -> None:
    """A session of the user's would send its own credentials along."""
    names = {name.lower() for name in getattr(session, "headers", None) or ()}
    if names & (_FOREIGN | {"authorization", "cookie"}) or getattr(session, "auth", None):
        raise OpenAIError("X.509 token exchange requests cannot include API credentials")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _check(identity: Mapping[str, object]) -> None:
    if "provider" in identity or "client_id" in identity:
        raise OpenAIError("X.509 workload identity does not accept a subject-token provider or client ID")
    if set(identity) - _FIELDS:
        raise OpenAIError("X.509 workload identity accepts only identity IDs and an optional refresh buffer")
    for name in ("identity_provider_id", "service_account_id"):
        if not isinstance(identity.get(name), str) or not identity[name]:
            raise OpenAIError("X.509 workload identity requires identity-provider and service-account IDs")
    buffer = identity.get("refresh_buffer_seconds")
    if buffer is not None:
        number = _number(buffer)
        if number is None or number < 0:
            raise OpenAIError("X.509 workload identity requires a finite, non-negative refresh buffer")
