"""Credentials of Azure clients: a key, an Entra ID token, or a function that gives either."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .._calls import key_from
from ..errors import OpenAIError

if TYPE_CHECKING:
    from ..client import AsyncOpenAI
    from ..options import Headers
    from ..resources._base import Endpoint
    from ..transport.request import PreparedRequest

__all__ = [
    "API_KEY_SENTINEL",
    "AsyncAzureADTokenProvider",
    "AzureADTokenProvider",
    "AzureCredentials",
    "MutuallyExclusiveAuthError",
    "resolve",
]

AsyncAzureADTokenProvider = Callable[[], "str | Awaitable[str]"]
"""Gives the Entra ID (Azure AD) token before each attempt."""

AzureADTokenProvider = Callable[[], str]
"""The same as a plain function."""

API_KEY_SENTINEL = "<missing API key>"
"""Value of `api_key` on a client without a key; never sent."""


class MutuallyExclusiveAuthError(OpenAIError):
    """More than one of `api_key`, `azure_ad_token` and `azure_ad_token_provider` was given."""

    def __init__(self) -> None:
        super().__init__(
            "The `api_key`, `azure_ad_token` and `azure_ad_token_provider` arguments are mutually exclusive; "
            "Only one can be passed at a time"
        )


class AzureCredentials:
    """What is asked for before each attempt: a key function, or a token provider.

    Args:
      ask: the function, plain or async.
      token: it gives a token, sent as `Authorization`; else a key, sent as `api-key`.
    """

    __slots__ = ("ask", "token")

    def __init__(self, ask: Callable[[], Any], *, token: bool) -> None:
        self.ask = ask
        self.token = token

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
    ) -> None:
        """See `oxide._credentials.Credentials`."""
        name = "authorization" if self.token else "api-key"
        if any(given.lower() == name for given in headers or ()):
            return
        # The client's own headers do not take the place of its credentials.
        if name in prepared.headers.names:
            prepared.headers = prepared.headers.without([name])
        prepared.auth = self

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """See `oxide.transport.request.Authorizer`."""
        if not self.token:
            return [("api-key", await key_from(self.ask))]
        token = self.ask()
        if hasattr(token, "__await__"):
            token = await token
        if not isinstance(token, str) or not token:
            raise ValueError(
                f"The `azure_ad_token_provider` function returned {type(token).__name__}, not a non-empty "
                "string."
            )
        # Not the subclass's own idea of itself as text.
        return [("Authorization", f"Bearer {str.__str__(token)}")]

    def refused(self, headers: list[tuple[str, str]]) -> bool:
        """See `oxide.transport.request.Authorizer`."""
        return False


def resolve(
    api_key: Any, token: str | None, provider: AsyncAzureADTokenProvider | None
) -> tuple[Any, str | None, AsyncAzureADTokenProvider | None]:
    """The credentials given, else those of the environment, the token before the key.

    Args:
      api_key, token, provider: as given.

    Raises:
      MutuallyExclusiveAuthError: more than one was given.
    """
    given = (None if api_key == API_KEY_SENTINEL else api_key, token, provider)
    if sum(value is not None for value in given) > 1:
        raise MutuallyExclusiveAuthError
    if api_key is None and token is None and provider is None:
        token = os.environ.get("AZURE_OPENAI_AD_TOKEN")
        if token is None:
            api_key = os.environ.get("AZURE_OPENAI_API_KEY")
    return api_key, token, provider
