"""`AsyncAzureOpenAI`: the same API served by Azure, its addresses and its credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

from ._credentials import anonymous, setting
from .auth.azure import (
    API_KEY_SENTINEL,
    AsyncAzureADTokenProvider,
    AzureADTokenProvider,
    AzureCredentials,
    MutuallyExclusiveAuthError,
    resolve,
)
from .client import AsyncOpenAI
from .constants import DEFAULT_MAX_EVENT, DEFAULT_MAX_RETRIES
from .errors import OpenAIError
from .options import NotGiven, Omit, Validation, not_given
from .resources._base import segment

if TYPE_CHECKING:
    import aiohttp
    from typing_extensions import Self
    from yarl import URL

    from .auth import WorkloadIdentity, X509WorkloadIdentity
    from .constants import DataResidency
    from .options import Headers
    from .providers.runtime import Provider
    from .resources._base import Endpoint
    from .timeouts import TimeoutTypes
    from .transport.request import HeaderBlock, PreparedRequest
    from .transport.retry import RetryPolicy
    from .transport.settings import HTTPOptions

__all__ = [
    "API_KEY_SENTINEL",
    "AsyncAzureADTokenProvider",
    "AsyncAzureOpenAI",
    "AzureADTokenProvider",
    "MutuallyExclusiveAuthError",
]

# Azure serves these below the name of a deployment; other operations have no deployment in their address.
_DEPLOYED = frozenset(
    {
        "/audio/speech",
        "/audio/transcriptions",
        "/audio/translations",
        "/chat/completions",
        "/completions",
        "/embeddings",
        "/images/edits",
        "/images/generations",
    }
)


class AsyncAzureOpenAI(AsyncOpenAI):
    """An asynchronous client of the OpenAI API as Azure serves it.

    Chat, completions, embeddings, audio and images go to a deployment: `azure_deployment`, else the `model`
    of the call. At most one of `api_key`, `azure_ad_token` and `azure_ad_token_provider` is given; without
    any, the environment decides, the token before the key.

    Args:
      azure_endpoint: address of the resource. Default: `AZURE_OPENAI_ENDPOINT`.
      azure_deployment: name of the deployment that all calls go to.
      api_version: version of the API, sent as `api-version`. Default: `OPENAI_API_VERSION`.
      api_key: the key, sent as `api-key`, or a function that gives it before each attempt. Default:
        `AZURE_OPENAI_API_KEY`.
      azure_ad_token: Entra ID (Azure AD) token. Default: `AZURE_OPENAI_AD_TOKEN`.
      azure_ad_token_provider: function, plain or async, that gives the token before each attempt.
      base_url: the whole address instead of endpoint and deployment.
      workload_identity: refused: use `azure_ad_token_provider`.
      organization, project, webhook_secret, websocket_base_url, timeout, max_retries, default_headers,
        default_query, http_client, validation, deadline, retry_policy, max_event, max_line, hooks: as
        `AsyncOpenAI`.

    Raises:
      OpenAIError: no credentials; MutuallyExclusiveAuthError: more than one kind of them.
      ValueError: neither address nor endpoint, or both; no version.
    """

    _api_version: str
    _azure_ad_token: str | None
    _azure_ad_token_provider: AsyncAzureADTokenProvider | None
    _azure_deployment: str | None
    _azure_endpoint: str | None

    @overload
    def __init__(
        self,
        *,
        azure_endpoint: str,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: AsyncAzureADTokenProvider | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
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
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: AsyncAzureADTokenProvider | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
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
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        base_url: str,
        api_version: str | None = None,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: AsyncAzureADTokenProvider | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
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
    ) -> None: ...
    def __init__(
        self,
        *,
        azure_endpoint: str | None = None,
        azure_deployment: str | None = None,
        api_version: str | None = None,
        api_key: str | Callable[[], str] | Callable[[], Awaitable[str]] | None = None,
        admin_api_key: str | None = None,
        workload_identity: WorkloadIdentity | X509WorkloadIdentity | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: AsyncAzureADTokenProvider | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
        base_url: str | None = None,
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
        _refuse_identity(workload_identity)
        auth = resolve(api_key, azure_ad_token, azure_ad_token_provider)
        if _enforce_credentials and all(given is None for given in auth):
            raise OpenAIError(
                "Missing credentials. Please pass one of `api_key`, `azure_ad_token`, "
                "`azure_ad_token_provider`, or the `AZURE_OPENAI_API_KEY` or `AZURE_OPENAI_AD_TOKEN` "
                "environment variables."
            )
        version: str | None = setting(api_version, "OPENAI_API_VERSION")
        if version is None:
            raise ValueError(
                "Must provide either the `api_version` argument or the `OPENAI_API_VERSION` environment "
                "variable"
            )
        if base_url is None:
            azure_endpoint = setting(azure_endpoint, "AZURE_OPENAI_ENDPOINT")
            base_url = _endpoint_address(azure_endpoint, azure_deployment)
        elif azure_endpoint is not None:
            raise ValueError("base_url and azure_endpoint are mutually exclusive")
        super().__init__(
            api_key=API_KEY_SENTINEL,
            admin_api_key=admin_api_key,
            organization=organization,
            project=project,
            webhook_secret=webhook_secret,
            base_url=base_url,
            websocket_base_url=websocket_base_url,
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            default_query={**(default_query or {}), "api-version": version},
            http_client=http_client,
            _strict_response_validation=_strict_response_validation,
            _enforce_credentials=_enforce_credentials,
            validation=validation,
            deadline=deadline,
            retry_policy=retry_policy,
            max_event=max_event,
            max_line=max_line,
            hooks=hooks,
        )
        self._api_version = version
        self._azure_endpoint = azure_endpoint or None
        self._azure_deployment = azure_deployment if azure_endpoint else None
        self._set_azure(*auth)

    # -- credentials -------------------------------------------------------------------------------

    def _set_azure(self, api_key: Any, token: str | None, provider: AsyncAzureADTokenProvider | None) -> None:
        self._azure_ad_token = token
        self._azure_ad_token_provider = provider
        self._set_key(api_key if api_key is not None else API_KEY_SENTINEL)
        self._credentials = None
        if token is None and provider is not None:
            self._credentials = AzureCredentials(provider, token=True)
        elif token is None and callable(api_key):
            self._credentials = AzureCredentials(api_key, token=False)

    @property
    def auth_headers(self) -> dict[str, str]:
        """`Authorization` with the token, or `api-key`; empty where each attempt asks for its own."""
        if self._azure_ad_token is not None:
            return {"Authorization": f"Bearer {self._azure_ad_token}"}
        if self._credentials is not None or self.api_key in ("", API_KEY_SENTINEL):
            return {}
        return {"api-key": self.api_key}

    def _fixed_headers(self) -> dict[str, str]:
        return self.auth_headers

    def _admin_block(self, block: HeaderBlock) -> HeaderBlock:
        return block

    def _check_credentials(self, block: HeaderBlock, headers: Mapping[str, object] | None) -> None:
        given = cast("Headers | None", headers)
        if "api-key" in block.names or anonymous(self, given, "api-key") or anonymous(self, given):
            return
        raise TypeError(
            f"{type(self).__name__} has no credentials to send: give it `api_key`, `azure_ad_token` or "
            "`azure_ad_token_provider`, or give the call `api-key` or `Authorization` in `extra_headers` "
            "(`oxide.omit` as the value where the server asks for none)."
        )

    # -- addresses ---------------------------------------------------------------------------------

    def _prepare(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, endpoint: Endpoint[Any], path: str, body: Any, *rest: Any
    ) -> PreparedRequest:
        if (
            path in _DEPLOYED
            and "/deployments" not in self._base
            and isinstance(cast("object", body), Mapping)
        ):
            model = body.get("model")
            if model is not None and not isinstance(model, (Omit, NotGiven)):
                path = f"/deployments/{segment('model', str(model))}{path}"
                if path not in self._urls:
                    # Not constant by itself, but there are few models.
                    self._address(path, None, True)
        return super()._prepare(endpoint, path, body, *rest)

    def _address(self, path: str, query: Mapping[str, object] | None, constant: bool) -> tuple[URL, str]:
        endpoint = self._azure_endpoint
        if (
            not self._azure_deployment
            or not endpoint
            or path in _DEPLOYED
            or path.startswith(("http://", "https://"))
        ):
            return super()._address(path, query, constant)
        # The base URL names a deployment, which this operation has not.
        found = super()._address(f"{endpoint.rstrip('/')}/openai/{path.lstrip('/')}", query, False)
        if constant and not query and len(self._urls) < 256:
            self._urls[path] = found
        return found

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
        api_version: str | None = None,
        azure_ad_token: str | None = None,
        azure_ad_token_provider: AsyncAzureADTokenProvider | None = None,
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
        """A client with some options changed, on the same connections; see `AsyncOpenAI.copy`.

        Args:
          api_version, api_key, azure_ad_token, azure_ad_token_provider: as at construction; a credential
            given takes the place of whatever the client had.
          base_url: the whole address; the client's endpoint and deployment no longer count.
          provider, data_residency, workload_identity: refused; Azure has none of them.

        Raises:
          OpenAIError: an option that Azure does not have, or more than one kind of credentials.
          ValueError: options exclude each other.
        """
        if data_residency is not None:
            raise OpenAIError("`data_residency` is only supported by OpenAI clients")
        if not isinstance(provider, NotGiven):
            raise OpenAIError(
                "Configure `provider` on `AsyncOpenAI`, not on `AsyncAzureOpenAI.with_options()`."
            )
        _refuse_identity(workload_identity)
        extra = dict(_extra_kwargs or {})
        api_version = extra.pop("api_version", api_version)
        auth = (
            api_key,
            extra.pop("azure_ad_token", azure_ad_token),
            extra.pop("azure_ad_token_provider", azure_ad_token_provider),
        )
        copied = super().copy(
            admin_api_key=admin_api_key,
            organization=organization,
            project=project,
            webhook_secret=webhook_secret,
            websocket_base_url=websocket_base_url,
            base_url=not_given if base_url is None else base_url,
            timeout=timeout,
            http_client=http_client,
            max_retries=max_retries,
            default_headers=default_headers,
            set_default_headers=set_default_headers,
            default_query=default_query,
            set_default_query=set_default_query,
            _enforce_credentials=_enforce_credentials,
            _extra_kwargs=extra,
            validation=validation,
            deadline=deadline,
            retry_policy=retry_policy,
            max_event=max_event,
            max_line=max_line,
            hooks=hooks,
        )
        if any(given is not None for given in auth):
            copied._set_azure(*resolve(*auth))
        if base_url is not None and not isinstance(base_url, NotGiven):
            copied._azure_endpoint = copied._azure_deployment = None
        copied._api_version = api_version or self._api_version
        if copied._custom_query.get("api-version") != copied._api_version:
            copied._custom_query = {**copied._custom_query, "api-version": copied._api_version}
        return copied

    with_options = copy


def _endpoint_address(endpoint: str | None, deployment: str | None) -> str:
    if endpoint is None:
        raise ValueError(
            "Must provide one of the `base_url` or `azure_endpoint` arguments, or the "
            "`AZURE_OPENAI_ENDPOINT` environment variable"
        )
    below = "" if deployment is None else f"/deployments/{deployment}"
    return f"{endpoint.rstrip('/')}/openai{below}"


def _refuse_identity(identity: object) -> None:
    if identity is not None:
        raise OpenAIError(
            "Azure takes no `workload_identity`: pass a function that returns Entra ID tokens as "
            "`azure_ad_token_provider`."
        )
