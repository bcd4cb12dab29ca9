"""`AsyncOpenAI`: credentials, environment, options, and the resources."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._calls import key_from
from ._client_options import CHECKS, base_address, check_backend, connections, headers_over, refuse
from ._headers import environment_headers
from ._resources import RESOURCES, ClientResources
from .constants import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_EVENT,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT,
    DataResidency,
)
from .errors import OpenAIError
from .options import NotGiven, Omit, Validation, not_given
from .timeouts import Timeout, TimeoutTypes
from .transport.facts import redact_url

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    from typing_extensions import Self
    from yarl import URL

    from ._views import AsyncOpenAIWithRawResponse, AsyncOpenAIWithStreamedResponse
    from .transport.request import HeaderBlock
    from .transport.retry import RetryPolicy
    from .transport.settings import HTTPOptions

__all__ = ["AsyncClient", "AsyncOpenAI"]

# Attributes that the prepared headers and addresses are made of.
_PREPARED = frozenset(
    {"api_key", "admin_api_key", "organization", "project", "_custom_headers", "_custom_query", "_base"}
)

# Built from a client; a copy builds its own.
_DERIVED = RESOURCES | {"with_raw_response", "with_streaming_response"}


class AsyncOpenAI(ClientResources):
    """An asynchronous client of the OpenAI API, or of any server that speaks it.

    Args:
      api_key: the key, or a function, plain or async, that gives it; the function is called for each request
        and each retry. Default: `OPENAI_API_KEY`.
      admin_api_key: key for the administration endpoints. Default: `OPENAI_ADMIN_KEY`.
      workload_identity: not in this version; raises.
      organization: sent as `OpenAI-Organization`. Default: `OPENAI_ORG_ID`.
      project: sent as `OpenAI-Project`. Default: `OPENAI_PROJECT_ID`.
      webhook_secret: kept for webhook verification. Default: `OPENAI_WEBHOOK_SECRET`.
      provider: not in this version; raises.
      base_url: where the API is. Default: `OPENAI_BASE_URL`, else the official address.
      data_residency: region whose official address is used; excludes `base_url` and `websocket_base_url`.
      websocket_base_url: where the WebSocket API is.
      timeout: seconds, `oxide.Timeout`, an object with connect, read, write and pool, or None for no limits.
      max_retries: how often a failed request is tried again. Default 2.
      default_headers: headers of every request.
      default_query: query parameters of every request.
      http_client: an `aiohttp.ClientSession` of yours, or `oxide.HTTPOptions` for proxies, TLS and limits.
      validation: when answers are checked: each field on first access ("lazy"), at once ("eager") or
        never ("off").
      deadline: seconds a call may take over all attempts, waits included; None for no limit.
      retry_policy: what is retried and after how long, instead of the official policy.
      max_event: bytes one event of a stream may have. Default 64 MiB.
      max_line: bytes one line of a stream may have. Default 64 MiB.

    Raises:
      OpenAIError: no credentials, or a feature this version does not have.
      TypeError: `http_client` is of another library, or an option of another type.
      ValueError: an option is out of range.
      ImportError: `OXIDE_BACKEND` or `OXIDE_ISA` asks for what cannot be had on this machine.
    """

    api_key: str
    admin_api_key: str | None
    organization: str | None
    project: str | None
    webhook_secret: str | None
    websocket_base_url: str | URL | None
    _api_key_provider: Callable[[], Any] | None
    _data_residency: DataResidency | None

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        workload_identity: object | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
        provider: object | None = None,
        base_url: str | URL | NotGiven | None = not_given,
        data_residency: DataResidency | None = None,
        websocket_base_url: str | URL | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
        max_retries: int = DEFAULT_MAX_RETRIES,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        http_client: aiohttp.ClientSession | HTTPOptions | None = None,
        _strict_response_validation: bool = False,
        _enforce_credentials: bool = True,
        validation: Validation | None = None,
        deadline: float | None = None,
        retry_policy: RetryPolicy | None = None,
        max_event: int = DEFAULT_MAX_EVENT,
        max_line: int = DEFAULT_MAX_EVENT,
    ) -> None:
        check_backend()
        refuse("workload_identity", workload_identity)
        refuse("provider", provider)
        self._blocks = {}
        self._urls = {}
        self._set_key(api_key if api_key is not None else os.environ.get("OPENAI_API_KEY"))
        self.admin_api_key = admin_api_key or os.environ.get("OPENAI_ADMIN_KEY")
        self._enforce_credentials = _enforce_credentials
        self._check_key()
        self.organization = organization if organization is not None else os.environ.get("OPENAI_ORG_ID")
        self.project = project if project is not None else os.environ.get("OPENAI_PROJECT_ID")
        self.webhook_secret = webhook_secret or os.environ.get("OPENAI_WEBHOOK_SECRET")
        self.websocket_base_url = websocket_base_url
        self._data_residency = data_residency
        address = base_address(base_url, data_residency, websocket_base_url)
        self._set_base(address if address is not None else os.environ.get("OPENAI_BASE_URL"))
        custom = os.environ.get("OPENAI_CUSTOM_HEADERS")
        headers: dict[str, str | Omit] = dict(environment_headers(custom)) if custom else {}
        self._custom_headers = headers_over(headers, default_headers)
        self._custom_query = dict(default_query or {})
        self.timeout = DEFAULT_TIMEOUT if isinstance(timeout, NotGiven) else timeout
        self.max_retries = max_retries
        if validation is not None and validation not in ("lazy", "eager", "off"):
            raise ValueError(f"validation must be 'lazy', 'eager' or 'off', not {validation!r}")
        self.validation = validation or ("eager" if _strict_response_validation else "lazy")
        self.deadline = deadline
        self.retry_policy = retry_policy
        self.max_event = max_event
        self.max_line = max_line
        self._connections = connections(http_client)

    # -- attributes that may be changed later ------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        check = CHECKS.get(name)
        object.__setattr__(self, name, value if check is None else check(value))
        if name == "timeout":
            object.__setattr__(self, "_limits", Timeout.of(value))
        elif name in _PREPARED:
            self._blocks.clear()
            self._urls.clear()

    def _set_key(self, key: Any) -> None:
        self._api_key_provider = key if callable(key) else None
        self.api_key = "" if callable(key) else cast("str", key or "")

    def _check_key(self) -> None:
        if self._enforce_credentials and not (self.api_key or self._api_key_provider or self.admin_api_key):
            raise OpenAIError(
                "Missing credentials. Please pass an `api_key`, `admin_api_key`, or set the `OPENAI_API_KEY` "
                "or `OPENAI_ADMIN_KEY` environment variable."
            )

    def _set_base(self, url: str | URL | None) -> None:
        text = str(url) if url is not None else DEFAULT_BASE_URL
        if not text.startswith(("http://", "https://")):
            raise OpenAIError(f"base_url must begin with http:// or https://, not {redact_url(text)!r}")
        if "?" in text or "#" in text:
            raise OpenAIError("base_url must end with its path; query parameters go to default_query")
        self._root = ""
        self._base = text.rstrip("/")

    @property
    def base_url(self) -> URL:
        """Address of the API, with a slash at its end."""
        from yarl import URL

        return URL(self._base + "/")

    @base_url.setter
    def base_url(self, url: str | URL) -> None:
        self._set_base(url)
        self._data_residency = None

    @property
    def auth_headers(self) -> dict[str, str]:
        """`Authorization` with the key; empty when a function gives the key, or there is none."""
        return (
            {"Authorization": f"Bearer {self.api_key}"} if self.api_key and not self._api_key_provider else {}
        )

    def _identity_headers(self) -> dict[str, str]:
        found = {"OpenAI-Organization": self.organization, "OpenAI-Project": self.project}
        return {name: value for name, value in found.items() if value is not None}

    def _admin_headers(self) -> dict[str, str | None]:
        return {"Authorization": f"Bearer {self.admin_api_key}"} if self.admin_api_key else {}

    def _authorizer(
        self, block: HeaderBlock, headers: Mapping[str, object] | None
    ) -> Callable[[], Awaitable[str]] | None:
        if self._api_key_provider is None or "authorization" in block.names or self._anonymous(headers):
            return None
        return self._authorization

    def _anonymous(self, headers: Mapping[str, object] | None) -> bool:
        """Whether the Authorization header was taken away on purpose."""
        for given in (self._custom_headers, headers or {}):
            if any(isinstance(v, Omit) and n.lower() == "authorization" for n, v in given.items()):
                return True
        return False

    async def _authorization(self) -> str:
        provider = self._api_key_provider
        if provider is None:
            raise OpenAIError("The `api_key` callable was taken away while a request was running.")
        key = await key_from(provider)
        # Past __setattr__: the key is not part of the prepared headers.
        object.__setattr__(self, "api_key", key)
        return f"Bearer {key}"

    def _check_credentials(self, block: HeaderBlock, headers: Mapping[str, object] | None) -> None:
        if self._anonymous(headers):
            return
        raise TypeError(
            "Could not resolve authentication method. Expected either api_key or admin_api_key to be set. Or "
            "for the `Authorization` header to be explicitly omitted."
        )

    # -- copies ------------------------------------------------------------------------------------

    def copy(
        self,
        *,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        workload_identity: object | None = None,
        provider: object | NotGiven | None = not_given,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
        websocket_base_url: str | URL | None = None,
        base_url: str | URL | NotGiven | None = not_given,
        data_residency: DataResidency | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
        http_client: aiohttp.ClientSession | HTTPOptions | None = None,
        max_retries: int | NotGiven = not_given,
        default_headers: Mapping[str, str] | None = None,
        set_default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, object] | None = None,
        set_default_query: Mapping[str, object] | None = None,
        _enforce_credentials: bool | None = None,
        _extra_kwargs: Mapping[str, Any] | None = None,
        validation: Validation | None = None,
        deadline: float | NotGiven | None = not_given,
        retry_policy: RetryPolicy | NotGiven | None = not_given,
        max_event: int | NotGiven = not_given,
        max_line: int | NotGiven = not_given,
    ) -> Self:
        """A client with some options changed, on the same connections.

        Args:
          default_headers: added to those of this client; `set_default_headers` replaces them.
          default_query: added to that of this client; `set_default_query` replaces it.
          http_client: other connections than those of this client.
          validation, deadline, retry_policy, timeout, max_retries and the rest: as at construction.

        Returns:
          The copy; closing either closes the connections of both.

        Raises:
          ValueError: an option was given together with the one that replaces it, or is out of range.
          TypeError: an option is of another type.
        """
        for name, pair in (
            ("headers", (default_headers, set_default_headers)),
            ("query", (default_query, set_default_query)),
        ):
            if None not in pair:
                raise ValueError(
                    f"The `default_{name}` and `set_default_{name}` arguments are mutually exclusive"
                )
        refuse("workload_identity", workload_identity)
        refuse("provider", None if isinstance(provider, NotGiven) else provider)
        changes: dict[str, Any] = {
            "admin_api_key": admin_api_key,
            "organization": organization,
            "project": project,
            "webhook_secret": webhook_secret,
            "websocket_base_url": websocket_base_url,
            "validation": validation,
        }
        changes = {name: value for name, value in changes.items() if value is not None}
        for name, value in (
            ("timeout", timeout),
            ("max_retries", max_retries),
            ("deadline", deadline),
            ("retry_policy", retry_policy),
            ("max_event", max_event),
            ("max_line", max_line),
        ):
            if not isinstance(value, NotGiven):
                changes[name] = value
        if set_default_headers is not None:
            changes["_custom_headers"] = dict(set_default_headers)
        elif default_headers is not None:
            changes["_custom_headers"] = headers_over(self._custom_headers, default_headers)
        if set_default_query is not None:
            changes["_custom_query"] = dict(set_default_query)
        elif default_query is not None:
            changes["_custom_query"] = {**self._custom_query, **default_query}
        if http_client is not None:
            changes["_connections"] = connections(http_client)
        address = base_address(base_url, data_residency, websocket_base_url)
        # Not through __init__: a subclass may have another signature, and a copy a call should be cheap.
        copied = self.__class__.__new__(self.__class__)
        state = {k: v for k, v in vars(self).items() if k not in _DERIVED}
        vars(copied).update(state, _blocks=dict(self._blocks), _urls=dict(self._urls))
        for name, value in {**changes, **(_extra_kwargs or {})}.items():
            if not hasattr(copied, name):
                raise TypeError(f"{type(self).__name__} has no option {name!r}")
            setattr(copied, name, value)
        if api_key is not None:
            copied._set_key(api_key)
        if address is not None:
            copied._set_base(address)
            copied._data_residency = data_residency
        if data_residency is not None:
            copied.websocket_base_url = None
        if _enforce_credentials is not None:
            copied._enforce_credentials = _enforce_credentials
        copied._check_key()
        return copied

    with_options = copy

    # -- views -------------------------------------------------------------------------------------

    @cached_property
    def with_raw_response(self) -> AsyncOpenAIWithRawResponse:
        """The same resources, their methods returning status, headers and body beside the result."""
        from ._views import AsyncOpenAIWithRawResponse

        return AsyncOpenAIWithRawResponse(self)

    @cached_property
    def with_streaming_response(self) -> AsyncOpenAIWithStreamedResponse:
        """The same resources, their methods leaving the body unread."""
        from ._views import AsyncOpenAIWithStreamedResponse

        return AsyncOpenAIWithStreamedResponse(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} base_url={redact_url(self._base)!r} max_retries={self.max_retries}>"


AsyncClient = AsyncOpenAI
