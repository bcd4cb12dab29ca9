"""Whose requests these are: a key, a function that gives one, a workload identity, or a provider."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from ._calls import key_from
from .errors import OpenAIError
from .options import Omit

if TYPE_CHECKING:
    from .auth.workload import WorkloadIdentityAuth
    from .client import AsyncOpenAI
    from .options import Headers
    from .providers.runtime import ProviderRuntime
    from .resources._base import Endpoint
    from .transport.request import PreparedRequest

__all__ = [
    "WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER",
    "Credentials",
    "KeyFunction",
    "anonymous",
    "identity_auth",
    "is_x509",
    "provider_runtime",
    "setting",
]

_T = TypeVar("_T")

WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER = "workload-identity-auth"
"""Value of `api_key` on a client with a workload identity; never sent."""


class Credentials(Protocol):
    """What a client has instead of a key that could be written into its prepared headers."""

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
        /,
    ) -> None:
        """Let a request ask for its credentials, unless the call brings its own.

        Args:
            client: whose request it is.
            endpoint: the operation.
            prepared: the request; its `auth` is set.
            headers: `extra_headers` of the call.

        Raises:
            OpenAIError: the request is none these credentials may be used for.
        """
        ...


class KeyFunction:
    """A function, plain or async, that is asked for the key before each attempt.

    Args:
        ask: the function.
    """

    __slots__ = ("ask",)

    def __init__(self, ask: Callable[[], Any]) -> None:
        self.ask = ask

    def attach(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        prepared: PreparedRequest,
        headers: Headers | None,
    ) -> None:
        """See `Credentials.attach`."""
        if not endpoint.admin and may_authorize(client, prepared, headers):
            prepared.auth = _KeyOfCall(client, self.ask)


class _KeyOfCall:
    __slots__ = ("ask", "client")

    def __init__(self, client: AsyncOpenAI, ask: Callable[[], Any]) -> None:
        self.client = client
        self.ask = ask

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        key = await key_from(self.ask)
        # Past __setattr__: the key is not part of the prepared headers.
        object.__setattr__(self.client, "api_key", key)
        return [("Authorization", f"Bearer {key}")]

    def refused(self, headers: list[tuple[str, str]]) -> bool:
        return False


def anonymous(client: AsyncOpenAI, headers: Headers | None, name: str = "authorization") -> bool:
    """Whether a header with credentials was taken away on purpose.

    Args:
        client: its default headers are looked at.
        headers: `extra_headers` of the call.
        name: the header, in lower case.
    """
    custom = client._custom_headers  # pyright: ignore[reportPrivateUsage]
    for given in (custom, headers or {}):
        if any(isinstance(v, Omit) and n.lower() == name for n, v in given.items()):
            return True
    return False


def may_authorize(client: AsyncOpenAI, prepared: PreparedRequest, headers: Headers | None) -> bool:
    """Whether a call has no Authorization of its own and did not ask for none.

    Args:
        client: whose request it is.
        prepared: the request.
        headers: `extra_headers` of the call.
    """
    return "authorization" not in prepared.headers.names and not anonymous(client, headers)


def is_x509(identity: object) -> bool:
    """Whether a workload identity is the certificate of the connection.

    Args:
        identity: `workload_identity=` of a client.
    """
    return isinstance(identity, Mapping) and cast("Mapping[str, object]", identity).get("type") == "x509"


def identity_auth(identity: Any, api_key: object, client: AsyncOpenAI) -> WorkloadIdentityAuth:
    """What exchanges a workload identity for access tokens.

    Args:
        identity: `workload_identity=` of the client.
        api_key: `api_key=` of the client, which it excludes.
        client: exchanges go over its connections.

    Raises:
        OpenAIError: the identity is incomplete, or given together with a key.
    """
    if api_key is not None and api_key != WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER:
        raise OpenAIError("The `api_key` and `workload_identity` arguments are mutually exclusive")
    connections = client._connections  # pyright: ignore[reportPrivateUsage]
    if is_x509(identity):
        from .auth.x509 import X509WorkloadIdentityAuth

        return X509WorkloadIdentityAuth(
            workload_identity=identity, connections=connections, max_retries=client.max_retries
        )
    if not isinstance(identity, Mapping) or "provider" not in identity:
        kind = type(cast("object", identity)).__name__
        raise OpenAIError(
            f"Invalid `workload_identity` configuration: a {kind} that has no `provider`. "
            "Pass an `oxide.auth.WorkloadIdentity`, or what `oxide.auth.x509_workload_identity()` returns."
        )
    from .auth.workload import WorkloadIdentityAuth

    return WorkloadIdentityAuth(
        workload_identity=cast("Any", identity), _connections=connections, _max_retries=client.max_retries
    )


def provider_runtime(provider: Any, given: Mapping[str, object]) -> ProviderRuntime:
    """What authenticates the requests of a client with a provider.

    Args:
        provider: what `oxide.providers.bedrock()` or `vertex()` returned.
        given: the client's own credentials and address, which a provider excludes.

    Raises:
        OpenAIError: the provider is something else, or one of `given` is not None.
    """
    from .providers.runtime import definition_of

    definition = definition_of(provider)
    conflicts = [f"`{name}`" for name, value in given.items() if value is not None]
    if conflicts:
        raise OpenAIError(
            f"`provider` cannot be combined with top-level {', '.join(conflicts)}. Pass provider credentials "
            f"and addresses to `{definition.name}(...)`."
        )
    return definition.configure()


def setting(given: _T | None, name: str, provider: object | None = None) -> _T | str | None:
    """An option of a client: as given, or else from the environment.

    Args:
        given: the option.
        name: the variable that stands in for it.
        provider: `provider=` of the client, where the variable is the OpenAI API's own: the client of another
            provider does not look at it.
    """
    return given if given is not None or provider is not None else os.environ.get(name)
