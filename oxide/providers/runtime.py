"""What stands behind `provider=` of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from yarl import URL

from ..errors import OpenAIError

if TYPE_CHECKING:
    from ..client import AsyncOpenAI
    from ..options import Headers
    from ..resources._base import Endpoint
    from ..transport.request import PreparedRequest

__all__ = ["Provider", "ProviderDefinition", "ProviderRuntime", "create_provider", "definition_of"]


class Provider:
    """What the functions of `oxide.providers` return: opaque, and without credentials of its own to show."""

    __slots__ = ("__weakref__",)


class ProviderDefinition(Protocol):
    """The settings of a provider, checked; each client makes its own runtime of them."""

    @property
    def name(self) -> str:
        """Name of the function that made it."""
        ...

    def configure(self) -> ProviderRuntime:
        """What authenticates the requests of one client.

        Raises:
          OpenAIError: something it needs cannot be found.
        """
        ...


class ProviderRuntime:
    """Authenticates the requests of one client and its copies.

    Args:
      name: name of the provider.
      base_url: address of its API; nothing else is authenticated.
      follow_redirects: whether a request may be sent elsewhere.
    """

    forbidden: tuple[str, ...] = ("authorization",)

    def __init__(self, name: str, base_url: str, *, follow_redirects: bool) -> None:
        self.name = name
        self.base_url = base_url
        self.follow_redirects = follow_redirects
        self._origin = URL(base_url).origin()

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
    ) -> None:
        """See `oxide._credentials.Credentials`."""
        what = self.name.capitalize()
        for name in self.forbidden:
            if name in prepared.headers.names:
                raise OpenAIError(
                    f"No `{name.title()}` header goes to {what}, whose provider brings its own credentials: "
                    "neither the call nor the client (`default_headers`, `organization`, `project`) may set "
                    "one."
                )
        if prepared.url.origin() != self._origin:
            raise OpenAIError(
                f"The credentials for {what} are for {self._origin} and not for {prepared.url.origin()}: use "
                "another client there, or give the provider that `base_url`."
            )
        if prepared.follow_redirects and not self.follow_redirects:
            raise OpenAIError(
                f"The credentials sent to {what} hold for one address, so redirects are not followed: leave "
                "`follow_redirects` out, and call the address that the answer names."
            )
        prepared.auth = self

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """See `oxide.transport.request.Authorizer`."""
        raise NotImplementedError

    def refused(self, headers: list[tuple[str, str]]) -> bool:
        """See `oxide.transport.request.Authorizer`."""
        return False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


# Beside the providers and not in them: nothing else passes for one, and none shows its credentials.
_definitions: WeakKeyDictionary[Provider, ProviderDefinition] = WeakKeyDictionary()


def create_provider(definition: ProviderDefinition) -> Provider:
    """A provider with these settings.

    Args:
      definition: the settings.
    """
    provider = Provider()
    _definitions[provider] = definition
    return provider


def definition_of(provider: object) -> ProviderDefinition:
    """The settings of a provider.

    Args:
      provider: what a function of `oxide.providers` returned.

    Raises:
      OpenAIError: it is something else.
    """
    found = _definitions.get(provider) if isinstance(provider, Provider) else None
    if found is None:
        raise OpenAIError(
            "Invalid provider: pass what oxide.providers.bedrock() or vertex() returns, or `base_url` and "
            "`api_key` for another server."
        )
    return found
