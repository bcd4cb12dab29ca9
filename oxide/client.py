"""`AsyncOpenAI`: credentials, environment, options, and the resources."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._client_options import CHECKS, base_address, check_backend, connections, headers_over
from ._credentials import (
    WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER,
    Credentials,
    KeyFunction,
    anonymous,
    identity_auth,
    is_x509,
    provider_runtime,
    setting,
)
from ._headers import environment_headers
from ._resources import RESOURCES, ClientResources
from .constants import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_EVENT,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT,
    MTLS_RESIDENCY_URLS,
    DataResidency,
)
from .errors import OpenAIError
from .helpers.agents import Agents
from .options import NotGiven, Omit, Validation, not_given
from .timeouts import Timeout, TimeoutTypes
from .transport.facts import redact_url

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    from typing_extensions import Self
    from yarl import URL

    from ._views import AsyncOpenAIWithRawResponse, AsyncOpenAIWithStreamedResponse
    from .auth import WorkloadIdentity, X509WorkloadIdentity
    from .auth.workload import WorkloadIdentityAuth
    from .providers.runtime import Provider, ProviderRuntime
    from .rate_limits import RateLimits
    from .transport.request import HeaderBlock
    from .transport.retry import RetryPolicy
    from .transport.settings import HTTPOptions

__all__ = ["AsyncClient", "AsyncOpenAI"]

# Attributes that the prepared headers and addresses are made of.
_PREPARED = frozenset(
    {
        "api_key",
        "admin_api_key",
        "organization",
        "project",
        "_custom_headers",
        "_custom_query",
        "_base",
        "_azure_ad_token",
        "_azure_deployment",
        "_azure_endpoint",
    }
)

# Built from a client; a copy builds its own.
_DERIVED = RESOURCES | {"with_raw_response", "with_streaming_response"}


class AsyncOpenAI(Agents, ClientResources):
    """An asynchronous client of the OpenAI API, or of any server that speaks it.

    Args:
      api_key: the key, or a function, plain or async, that gives it; the function is called for each request
        and each retry. Default: `OPENAI_API_KEY`.
      admin_api_key: key for the administration endpoints. Default: `OPENAI_ADMIN_KEY`.
      workload_identity: instead of a key: a mapping as in `oxide.auth`, exchanged for access tokens.
      organization: sent as `OpenAI-Organization`. Default: `OPENAI_ORG_ID`.
      project: sent as `OpenAI-Project`. Default: `OPENAI_PROJECT_ID`.
      webhook_secret: for `client.webhooks`. Default: `OPENAI_WEBHOOK_SECRET`.
      provider: what `oxide.providers.bedrock()` or `vertex()` returns; it brings credentials and address, so
        that none of the others may be given, and `OPENAI_…` variables are not looked at.
      base_url: where the API is. Default: `OPENAI_BASE_URL`, else the official address.
      data_residency: region whose official address is used; excludes `base_url` and `websocket_base_url`.
      websocket_base_url: where the WebSocket API is; kept for those who open WebSockets, unused by requests.
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
      hooks: objects that are told of requests, answers, retries, errors and streamed events: `oxide.Hooks`.

    Raises:
      OpenAIError: no credentials, or some that exclude each other.
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
    workload_identity: WorkloadIdentity | X509WorkloadIdentity | None
    _api_key_provider: Callable[[], Any] | None
    _credentials: Credentials | None
    _data_residency: DataResidency | None
    _base_url_was_default: bool
    _provider: Provider | None
    _provider_runtime: ProviderRuntime | None
    _workload_identity_auth: WorkloadIdentityAuth | None
    _ambient_authorizations: frozenset[str]

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        workload_identity: WorkloadIdentity | X509WorkloadIdentity | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
        provider: Provider | None = None,
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
        hooks: Sequence[object] | None = None,
    ) -> None:
        check_backend()
        self._blocks = {}
        self._urls = {}
        mutual_tls = is_x509(workload_identity)
        address = base_address(base_url, data_residency, websocket_base_url, provider, mutual_tls)
        self.max_retries = max_retries
        self._connections = connections(http_client)
        self._enforce_credentials = _enforce_credentials
        self._set_credentials(api_key, admin_api_key, workload_identity, provider, address)
        self.organization = setting(organization, "OPENAI_ORG_ID", provider)
        self.project = setting(project, "OPENAI_PROJECT_ID", provider)
        self.webhook_secret = setting(webhook_secret, "OPENAI_WEBHOOK_SECRET")
        self.websocket_base_url = websocket_base_url
        self._data_residency = data_residency
        if self._provider_runtime is not None:
            address = self._provider_runtime.base_url
        elif address is None:
            address = os.environ.get("OPENAI_BASE_URL")
        self._base_url_was_default = address is None
        self._set_base(MTLS_RESIDENCY_URLS["global"] if address is None and mutual_tls else address)
        self._set_headers(default_headers)
        self._custom_query = dict(default_query or {})
        self.timeout = DEFAULT_TIMEOUT if isinstance(timeout, NotGiven) else timeout
        if validation is not None and validation not in ("lazy", "eager", "off"):
            raise ValueError(f"validation must be 'lazy', 'eager' or 'off', not {validation!r}")
        self.validation = validation or ("eager" if _strict_response_validation else "lazy")
        self.deadline = deadline
        self.retry_policy = retry_policy
        self.max_event = max_event
        self.max_line = max_line
        self.hooks = hooks
        self._rates = {}

    # -- attributes that may be changed later ------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        check = CHECKS.get(name)
        object.__setattr__(self, name, value if check is None else check(value))
        if name == "timeout":
            object.__setattr__(self, "_limits", Timeout.of(value))
        elif name in _PREPARED:
            self._blocks.clear()
            self._urls.clear()

    def _set_credentials(
        self, api_key: Any, admin_api_key: str | None, identity: Any, provider: Any, address: object
    ) -> None:
        """Who the client is, from what was given, else from the environment."""
        self._provider = provider
        self._provider_runtime = None
        self._workload_identity_auth = None
        self.workload_identity = None
        self._follow_redirects = True
        if provider is not None:
            given = {"api_key": api_key, "admin_api_key": admin_api_key, "workload_identity": identity}
            self._provider_runtime = provider_runtime(provider, {**given, "base_url": address})
            self._set_key("")
            self._credentials = self._provider_runtime
            self._follow_redirects = self._provider_runtime.follow_redirects
            self.admin_api_key = None
            return
        if identity is not None:
            self._workload_identity_auth = identity_auth(identity, api_key, self)
            self.workload_identity = identity.copy() if is_x509(identity) else identity
            self._set_key(WORKLOAD_IDENTITY_API_KEY_PLACEHOLDER)
            self._credentials = self._workload_identity_auth
            self._follow_redirects = not is_x509(identity)
        else:
            self._set_key(setting(api_key, "OPENAI_API_KEY"))
        self.admin_api_key = setting(admin_api_key, "OPENAI_ADMIN_KEY")
        self._check_key()

    def _set_key(self, key: Any) -> None:
        self._api_key_provider = key if callable(key) else None
        self._credentials = KeyFunction(key) if callable(key) else None
        self.api_key = "" if callable(key) else cast("str", key or "")

    def _check_key(self) -> None:
        known = self.api_key or self._api_key_provider or self._provider_runtime
        if self._enforce_credentials and not known and self.admin_api_key is None:
            raise OpenAIError(
                f"{type(self).__name__} has no credentials: give it `api_key`, `admin_api_key`, "
                "`workload_identity` or `provider`, or set the environment variable OPENAI_API_KEY or "
                "OPENAI_ADMIN_KEY."
            )

    def _set_headers(self, given: Mapping[str, str] | None) -> None:
        """The headers of every request: the user's over those of `OPENAI_CUSTOM_HEADERS`."""
        custom = setting(None, "OPENAI_CUSTOM_HEADERS", self._provider)
        ambient: dict[str, str | Omit] = dict(environment_headers(custom)) if custom else {}
        if is_x509(self.workload_identity):
            # A certificate is not shown next to a key that happens to lie around.
            ambient = {n: v for n, v in ambient.items() if n.lower() != "authorization"}
        self._custom_headers = headers_over(ambient, given)
        named = {n.lower() for n in given or {}}
        self._ambient_authorizations = frozenset(
            str(v) for n, v in ambient.items() if n.lower() == "authorization" and n.lower() not in named
        )

    def _set_base(self, url: str | URL | None) -> None:
        text = str(url) if url is not None else DEFAULT_BASE_URL
        if not text.startswith(("http://", "https://")):
            raise OpenAIError(f"base_url must begin with http:// or https://, not {redact_url(text)!r}")
        if "?" in text or "#" in text:
            raise OpenAIError("base_url must end with its path; query parameters go to default_query")
        if is_x509(self.workload_identity):
            from .auth.x509 import check_address

            check_address(text)
        self._root = ""
        self._base = text.rstrip("/")

    @property
    def hooks(self) -> tuple[object, ...]:
        """The objects that are told of this client's calls; may be set, for the calls that follow."""
        return () if self._hooks is None else self._hooks.hooks

    @hooks.setter
    def hooks(self, hooks: Sequence[object] | None) -> None:
        if hooks is None:
            self._hooks = None
            return
        from ._observe import hook_set

        self._hooks = hook_set(hooks)

    @property
    def rate_limits(self) -> RateLimits:
        """What the server last said of its limits, by model: `client.rate_limits["gpt-4o"].tokens`."""
        from .rate_limits import RateLimits

        return RateLimits(self._rates)

    @property
    def base_url(self) -> URL:
        """Address of the API, with a slash at its end."""
        from yarl import URL

        return URL(self._base + "/")

    @base_url.setter
    def base_url(self, url: str | URL) -> None:
        self._set_base(url)
        self._base_url_was_default = False
        self._data_residency = None

    @property
    def auth_headers(self) -> dict[str, str]:
        """`Authorization` with the key; empty where there is none, or each attempt asks for its own."""
        if not self.api_key or self._credentials is not None:
            return {}
        return {"Authorization": f"Bearer {self.api_key}"}

    def _identity_headers(self) -> dict[str, str]:
        found = {"OpenAI-Organization": self.organization, "OpenAI-Project": self.project}
        return {name: value for name, value in found.items() if value is not None}

    def _takes_admin_key(self, security: Mapping[str, bool] | None) -> bool:
        # Either will do where nothing is said; the ordinary key goes first.
        if security is not None and not security.get("admin_api_key_auth"):
            return False
        bearer = security is None or bool(security.get("bearer_auth"))
        ordinary = bearer and bool(self.api_key or self._credentials is not None)
        return not ordinary and (self.admin_api_key is not None or not bearer)

    def _admin_block(self, block: HeaderBlock) -> HeaderBlock:
        if any(name.lower() == "authorization" for name in self._custom_headers):
            return block
        # Without an admin key none is sent: the ordinary one is not good for these endpoints.
        key = self.admin_api_key
        return block.merged({"Authorization": f"Bearer {key}" if key else None})

    def _check_credentials(self, block: HeaderBlock, headers: Mapping[str, object] | None) -> None:
        if anonymous(self, cast("Any", headers)):
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
        workload_identity: WorkloadIdentity | X509WorkloadIdentity | None = None,
        provider: Provider | NotGiven | None = not_given,
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
        hooks: Sequence[object] | NotGiven | None = not_given,
    ) -> Self:
        """A client with some options changed, on the same connections.

        Args:
          default_headers: added to those of this client; `set_default_headers` replaces them.
          default_query: added to that of this client; `set_default_query` replaces it.
          http_client: other connections than those of this client.
          hooks: instead of those of this client; `[*client.hooks, other]` adds one.
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
            ("hooks", hooks),
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
        # Not through __init__: a subclass may have another signature, and a copy a call should be cheap.
        copied = self.__class__.__new__(self.__class__)
        state = {k: v for k, v in vars(self).items() if k not in _DERIVED}
        vars(copied).update(state, _blocks=dict(self._blocks), _urls=dict(self._urls))
        if data_residency is not None:
            changes["websocket_base_url"] = None
        if organization is not None or project is not None:
            copied._rates = {}
        for name, value in {**changes, **(_extra_kwargs or {})}.items():
            if not hasattr(copied, name):
                raise TypeError(f"{type(self).__name__} has no option {name!r}")
            setattr(copied, name, value)
        if _enforce_credentials is not None:
            copied._enforce_credentials = _enforce_credentials
        identity = (api_key, workload_identity, data_residency)
        address = (provider, base_url)
        if (
            any(given is not None for given in identity)
            or not all(isinstance(given, NotGiven) for given in address)
            or (self._provider is not None and admin_api_key is not None)
            or (self.workload_identity is not None and http_client is not None)
        ):
            from ._copies import change_identity

            copied._rates = {}
            change_identity(
                copied,
                self,
                api_key=api_key,
                admin_api_key=admin_api_key,
                identity=workload_identity,
                provider=provider,
                organization=organization,
                project=project,
                base_url=base_url,
                data_residency=data_residency,
                websocket_base_url=websocket_base_url,
                headers=default_headers if default_headers is not None else set_default_headers,
            )
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
