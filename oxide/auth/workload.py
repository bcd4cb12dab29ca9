"""Workload identity with a subject token: Kubernetes, Azure, Google, or a function of one's own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._connections import Connections
from .._credentials import may_authorize
from .._threads import in_thread
from ..errors import OpenAIError
from ..transport.facts import redact_url
from .exchange import GRANT_TYPE, exchange, granted
from .tokens import TokenSource, buffer_of

if TYPE_CHECKING:
    from ..client import AsyncOpenAI
    from ..options import Headers
    from ..resources._base import Endpoint
    from ..transport.request import PreparedRequest
    from .identity import WorkloadIdentity

__all__ = ["DEFAULT_TOKEN_EXCHANGE_URL", "WorkloadIdentityAuth"]

DEFAULT_TOKEN_EXCHANGE_URL = "https://auth.openai.com/oauth/token"
"""Where subject tokens are exchanged."""

_TOKEN_TYPES = {
    "jwt": "urn:ietf:params:oauth:token-type:jwt",
    "id": "urn:ietf:params:oauth:token-type:id_token",
}


class WorkloadIdentityAuth(TokenSource):
    """Exchanges subject tokens for access tokens and keeps them until their end is near.

    A client makes its own from `workload_identity=`, which sends over the client's connections. Alone, or
    where the client has a session of its user's with who knows what headers, each exchange has a connection
    of its own.

    Args:
      workload_identity: the identity.
      token_exchange_url: the token endpoint.
    """

    def __init__(
        self,
        *,
        workload_identity: WorkloadIdentity,
        token_exchange_url: str = DEFAULT_TOKEN_EXCHANGE_URL,
        _connections: Connections | None = None,
        _max_retries: int = 2,
    ) -> None:
        super().__init__(buffer_of(workload_identity))
        self.workload_identity: Any = workload_identity
        self.token_exchange_url = token_exchange_url
        self._connections = _connections
        self._max_retries = min(_max_retries, 2)

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
    ) -> None:
        """See `oxide._credentials.Credentials`."""
        if not endpoint.admin and may_authorize(client, prepared, headers):
            prepared.auth = self

    async def _fetch(self) -> tuple[str, float]:
        parameters = await self._parameters()
        connections = self._connections
        if connections is None or connections.http_client is not None:
            connections = Connections(None, None)
        try:
            facts = await exchange(connections, self.token_exchange_url, parameters, self._max_retries)
        finally:
            if connections is not self._connections:
                await connections.close()
        answer = granted(facts)
        life = answer.get("expires_in")
        if isinstance(life, bool) or not isinstance(life, (int, float)) or life != life:
            raise OpenAIError(
                f"{redact_url(facts.url)} granted a token, but `expires_in` is not a number of seconds."
            )
        return answer["access_token"], float(life)

    async def _parameters(self) -> dict[str, str]:
        provider = self.workload_identity["provider"]
        kind = _TOKEN_TYPES.get(provider["token_type"])
        if kind is None:
            known = " or ".join(map(repr, _TOKEN_TYPES))
            raise OpenAIError(
                f"`token_type` of the workload identity's provider is {provider['token_type']!r}; "
                f"it must be {known}."
            )
        ask = provider["get_token"]
        # A plain function may read a file or ask a metadata service: not in the event loop.
        token = await ask() if inspect.iscoroutinefunction(ask) else await in_thread(ask)
        if inspect.isawaitable(token):
            token = await token
        if not isinstance(token, str) or not token:
            raise OpenAIError(
                f"`get_token` of the workload identity's provider returned {type(token).__name__}, not a "
                "non-empty string."
            )
        return {
            "grant_type": GRANT_TYPE,
            "subject_token": token,
            "subject_token_type": kind,
            "identity_provider_id": self.workload_identity["identity_provider_id"],
            "service_account_id": self.workload_identity["service_account_id"],
        }
