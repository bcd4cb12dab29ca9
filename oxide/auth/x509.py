"""Workload identity with the connection's client certificate (mutual TLS)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ..errors import OpenAIError
from ..transport.facts import redact_url
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
        raise OpenAIError(
            f"A certificate is shown to https:// addresses only, not to {redact_url(url)!r}: change the "
            "address, or leave the X.509 workload identity out."
        )
    if place.username or place.password:
        raise OpenAIError(
            f"A certificate is not shown to {redact_url(url)!r}, which names a user or a password: take them "
            "out of the address."
        )


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
            raise OpenAIError(
                "`workload_identity` was set on a client that gets its tokens for another one: make a copy "
                "with `client.copy(workload_identity=...)`."
            )
        url = prepared.url
        check_address(str(url))
        if url.origin() != client.base_url.origin():
            raise OpenAIError(
                f"The token of an X.509 workload identity is for {client.base_url.origin()}, the origin of "
                f"`base_url`, and not for {url.origin()}: use another client there."
            )
        names = {name.replace("_", "-") for name in prepared.headers.names}
        if refused := sorted(names & {*_FOREIGN, "host"}):
            raise OpenAIError(
                f"With an X.509 workload identity no {' or '.join(refused)} header is sent: take it out of "
                "the headers of the call, or of `default_headers`."
            )
        if prepared.follow_redirects:
            raise OpenAIError(
                "With an X.509 workload identity no redirects are followed: leave `follow_redirects` out."
            )
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
        token, life = answer["access_token"], _number(answer.get("expires_in"))
        if str(answer.get("token_type", "bearer")).lower() != "bearer":
            raise _unusable("`token_type` is not 'Bearer'")
        if _BEARER.fullmatch(token) is None:
            raise _unusable("`access_token` has characters that no Bearer token has (RFC 6750)")
        if life is None or life <= 0:
            raise _unusable("`expires_in` is not a finite number of seconds above 0")
        return token, life


def _unusable(why: str) -> OpenAIError:
    return OpenAIError(f"The token from {X509_TOKEN_EXCHANGE_URL} cannot be used: {why}.")


def _check_session(session: Any) -> None:
    """A session of the user's would send its own credentials along."""
    names = {name.lower() for name in getattr(session, "headers", None) or ()}
    found = sorted(names & (_FOREIGN | {"authorization", "cookie"}))
    if found or getattr(session, "auth", None):
        what = f"headers {', '.join(found)}" if found else "`auth`"
        raise OpenAIError(
            f"The session given as `http_client` has {what}, which would go to {X509_TOKEN_EXCHANGE_URL} "
            "with the certificate: give one without, or `HTTPOptions(cert=...)`."
        )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _check(identity: Mapping[str, object]) -> None:
    if foreign := sorted(map(repr, set(identity) - _FIELDS)):
        raise OpenAIError(
            f"An X.509 workload identity has no {', '.join(foreign)}: make it with "
            "`oxide.auth.x509_workload_identity()`."
        )
    for name in ("identity_provider_id", "service_account_id"):
        if not isinstance(identity.get(name), str) or not identity[name]:
            raise OpenAIError(f"`{name}` of an X.509 workload identity must be a non-empty string.")
    buffer = identity.get("refresh_buffer_seconds")
    seconds = 0 if buffer is None else _number(buffer)
    if seconds is None or seconds < 0:
        raise OpenAIError(
            f"`refresh_buffer_seconds` of an X.509 workload identity is {buffer!r}; it must be a finite "
            "number of seconds, 0 or more."
        )
