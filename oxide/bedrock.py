"""`AsyncBedrockOpenAI`: Amazon Bedrock as a client of its own; `oxide.providers.bedrock` is the newer way."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .client import AsyncOpenAI
from .constants import DEFAULT_MAX_EVENT, DEFAULT_MAX_RETRIES
from .errors import OpenAIError
from .options import NotGiven, Validation, not_given
from .providers.bedrock import AMBIGUOUS, AwsCredentialsProvider, BedrockRuntime, bedrock
from .providers.bedrock_address import BedrockEndpoint, default_address, normal_text, parse_host
from .providers.runtime import definition_of

if TYPE_CHECKING:
    import aiohttp
    from typing_extensions import Self
    from yarl import URL

    from .auth import WorkloadIdentity, X509WorkloadIdentity
    from .constants import DataResidency
    from .providers.runtime import Provider
    from .resources._base import Endpoint
    from .timeouts import TimeoutTypes
    from .transport.request import PreparedRequest
    from .transport.retry import RetryPolicy
    from .transport.settings import HTTPOptions

__all__ = [
    "AsyncBedrockOpenAI",
    "AsyncBedrockTokenProvider",
    "AwsCredentialsProvider",
    "BedrockTokenProvider",
]

BedrockTokenProvider = Callable[[], str]
"""Gives the bearer token before each attempt."""

AsyncBedrockTokenProvider = Callable[[], "str | Awaitable[str]"]
"""The same, plain or async."""

_REFRESHABLE = "Pass refreshable Bedrock credentials via `bedrock_token_provider`, not `api_key`."

# What the runtime is made of and may be changed on a client.
_ROUTING = frozenset({"api_key", "aws_region", "base_url"})


@dataclass(frozen=True)
class _Settings:
    """What a client was made from."""

    api_key: str | None = field(default=None, repr=False)
    token_provider: AsyncBedrockTokenProvider | None = field(default=None, repr=False)
    region: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    credentials_provider: AwsCredentialsProvider | None = field(default=None, repr=False)
    environment_token: str | None = field(default=None, repr=False)
    region_explicit: bool = False
    derived: bool = False

    @property
    def aws(self) -> bool:
        """Whether AWS credentials are named."""
        named = (self.profile, self.access_key_id, self.secret_access_key, self.session_token)
        return self.credentials_provider is not None or any(value is not None for value in named)

    @property
    def bearer(self) -> bool:
        """Whether a bearer token is named."""
        return self.api_key is not None or self.token_provider is not None

    def keys(self) -> dict[str, Any]:
        """The AWS credentials as `oxide.providers.bedrock` takes them."""
        return {
            "profile": self.profile,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
            "credential_provider": self.credentials_provider,
        }


def _endpoint(base_url: object) -> BedrockEndpoint | None:
    """The endpoint of an address: its own where it is one of Bedrock's, else mantle."""
    from yarl import URL

    text = os.environ.get("AWS_BEDROCK_BASE_URL") if isinstance(base_url, NotGiven) else base_url
    if text is None or not str(text).strip():
        return None
    return None if parse_host(URL(str(text)).host or "") is not None else "mantle"


def _plan(
    settings: _Settings, base_url: str | URL | None, explicit: bool | None
) -> tuple[Provider, _Settings]:
    """The provider for what was given, and the rest of the settings."""
    if callable(settings.api_key):
        raise OpenAIError(_REFRESHABLE)
    if settings.api_key == "":
        raise OpenAIError("The `api_key` argument must not be empty.")
    two_tokens = settings.api_key is not None and settings.token_provider is not None
    if two_tokens or (settings.bearer and settings.aws):
        raise OpenAIError(AMBIGUOUS)
    token = None
    if not settings.bearer and not settings.aws:
        token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or None
    region = settings.region
    blank = isinstance(base_url, str) and not base_url.strip()
    # A blank address stands for that of the region, whatever the environment names.
    address = None if blank else not_given if base_url is None else base_url
    key = settings.api_key if settings.api_key is not None else token
    provider = bedrock(
        endpoint=_endpoint(address),
        region=region,
        base_url=address,
        api_key=not_given if key is None else key,
        token_provider=settings.token_provider,
        **settings.keys(),
    )
    environment = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return provider, replace(
        settings,
        region=normal_text(region or environment),
        environment_token=token,
        region_explicit=normal_text(region) is not None if explicit is None else explicit,
        derived=(base_url is None or blank) and not normal_text(os.environ.get("AWS_BEDROCK_BASE_URL")),
    )


class AsyncBedrockOpenAI(AsyncOpenAI):
    """An asynchronous client of the OpenAI-compatible API of Amazon Bedrock.

    Exactly one kind of credentials is given; without any, `AWS_BEARER_TOKEN_BEDROCK` is used where it is set,
    else what botocore finds (`pip install oxide[bedrock]`). `api_key`, `aws_region` and `base_url` may be
    changed later and hold for the requests that follow.

    Args:
      api_key: bearer token.
      bedrock_token_provider: function, plain or async, that gives the bearer token before each attempt.
      aws_region: AWS region. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, else that of the AWS profile.
      aws_profile: profile of the AWS configuration.
      aws_access_key_id: id of an AWS key.
      aws_secret_access_key: the AWS key.
      aws_session_token: token of temporary AWS keys.
      aws_credentials_provider: function that gives AWS credentials before each attempt.
      base_url: address of the API. Default: `AWS_BEDROCK_BASE_URL`, else that of the region.
      organization, project, webhook_secret, websocket_base_url, timeout, max_retries, default_headers,
        default_query, http_client, validation, deadline, retry_policy, max_event, max_line, hooks: as
        `AsyncOpenAI`.

    Raises:
      OpenAIError: no region, no credentials, more than one kind of them, or an option is malformed.
    """

    aws_region: str | None
    _settings: _Settings
    _stale = False

    def __init__(
        self,
        *,
        api_key: str | None = None,
        bedrock_token_provider: AsyncBedrockTokenProvider | None = None,
        aws_region: str | None = None,
        aws_profile: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        aws_credentials_provider: AwsCredentialsProvider | None = None,
        organization: str | None = None,
        project: str | None = None,
        webhook_secret: str | None = None,
        base_url: str | URL | None = None,
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
        given = _Settings(
            api_key=api_key,
            token_provider=bedrock_token_provider,
            region=aws_region,
            profile=aws_profile,
            access_key_id=aws_access_key_id,
            secret_access_key=aws_secret_access_key,
            session_token=aws_session_token,
            credentials_provider=aws_credentials_provider,
        )
        provider, settings = _plan(given, base_url, None)
        super().__init__(
            provider=provider,
            organization=organization,
            project=project,
            webhook_secret=webhook_secret,
            websocket_base_url=websocket_base_url,
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            default_query=default_query,
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
        self._adopt(settings)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name not in _ROUTING or "_settings" not in vars(self):
            return
        self._stale = True
        if name == "base_url":
            self._settings = replace(self._settings, derived=False)
        elif name == "aws_region":
            self._settings = replace(self._settings, region=value, region_explicit=value is not None)
            if self._settings.derived and value is not None:
                self._set_base(default_address("mantle", value))

    def _adopt(self, settings: _Settings) -> None:
        """Take over what `_plan` decided; the runtime is there already."""
        vars(self).pop("_settings", None)
        runtime = self._provider_runtime
        place = parse_host(self.base_url.host or "")
        found = runtime.region if isinstance(runtime, BedrockRuntime) else None
        self.aws_region = settings.region or found or (place[1] if place is not None else None)
        self.api_key = settings.api_key or settings.environment_token or ""
        self._settings = replace(settings, region=self.aws_region)
        self._stale = False

    def _use(self, provider: Provider) -> None:
        """Authenticate with another provider from now on."""
        runtime = definition_of(provider).configure()
        self._provider = provider
        self._provider_runtime = self._credentials = runtime
        self._follow_redirects = runtime.follow_redirects
        self._set_base(runtime.base_url)

    def _renew(self) -> None:
        """Make the runtime anew after key, region or address were changed."""
        settings = self._settings
        region = self.aws_region if settings.region_explicit else None
        common: dict[str, Any] = {"endpoint": _endpoint(self.base_url), "base_url": self.base_url}
        if settings.token_provider is not None:
            provider = bedrock(region=region, token_provider=settings.token_provider, **common)
        elif settings.api_key is not None or settings.environment_token is not None or self.api_key:
            provider = bedrock(region=region, api_key=self.api_key, **common)
        else:
            provider = bedrock(region=self.aws_region, **common, **settings.keys())
        self._use(provider)
        self._stale = False

    def _prepare(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, endpoint: Endpoint[Any], path: str, body: Any, *rest: Any
    ) -> PreparedRequest:
        if self._stale:
            self._renew()
        return super()._prepare(endpoint, path, body, *rest)

    def copy(
        self,
        *,
        api_key: str | AsyncBedrockTokenProvider | None = None,
        admin_api_key: str | None = None,
        workload_identity: WorkloadIdentity | X509WorkloadIdentity | None = None,
        provider: Provider | NotGiven | None = not_given,
        bedrock_token_provider: AsyncBedrockTokenProvider | None = None,
        aws_region: str | None = None,
        aws_profile: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        aws_credentials_provider: AwsCredentialsProvider | None = None,
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
        """A client with some options changed, on the same connections; see `AsyncOpenAI.copy`.

        Args:
          api_key, bedrock_token_provider, aws_region, aws_profile, aws_access_key_id, aws_secret_access_key,
            aws_session_token, aws_credentials_provider: as at construction; credentials given take the place
            of whatever the client had.
          base_url: address of the API; "" for that of the region.
          provider, data_residency, workload_identity, admin_api_key: refused; Bedrock has none of them.

        Raises:
          OpenAIError: an option that Bedrock does not have, or more than one kind of credentials.
          ValueError: options exclude each other.
        """
        if data_residency is not None:
            raise OpenAIError("`data_residency` is only supported by OpenAI clients")
        if callable(api_key):
            raise OpenAIError(_REFRESHABLE)
        if not isinstance(provider, NotGiven):
            raise OpenAIError(
                "Configure `provider` on `AsyncOpenAI`, not on `AsyncBedrockOpenAI.with_options()`."
            )
        if admin_api_key is not None or workload_identity is not None:
            raise OpenAIError(
                "AsyncBedrockOpenAI only supports Bedrock bearer token or AWS credential authentication."
            )
        copied = super().copy(
            organization=organization,
            project=project,
            webhook_secret=webhook_secret,
            websocket_base_url=websocket_base_url,
            timeout=timeout,
            http_client=http_client,
            max_retries=max_retries,
            default_headers=default_headers,
            set_default_headers=set_default_headers,
            default_query=default_query,
            set_default_query=set_default_query,
            _enforce_credentials=_enforce_credentials,
            _extra_kwargs=_extra_kwargs,
            validation=validation,
            deadline=deadline,
            retry_policy=retry_policy,
            max_event=max_event,
            max_line=max_line,
            hooks=hooks,
        )
        given = _Settings(
            api_key=api_key,
            token_provider=bedrock_token_provider,
            region=aws_region,
            profile=aws_profile,
            access_key_id=aws_access_key_id,
            secret_access_key=aws_secret_access_key,
            session_token=aws_session_token,
            credentials_provider=aws_credentials_provider,
        )
        copied._change(given, None if isinstance(base_url, NotGiven) else base_url)
        return copied

    with_options = copy

    def _change(self, given: _Settings, base_url: str | URL | None) -> None:
        """Other credentials, another region or address, for a copy that was just made."""
        old = self._settings
        if given.bearer and given.aws:
            raise OpenAIError(AMBIGUOUS)
        held = old.api_key or old.environment_token or ""
        if not given.bearer and not given.aws and old.token_provider is None and self.api_key != held:
            # The key was set on the client after it was made.
            given = replace(given, api_key=self.api_key)
        if not (given.bearer or given.aws or given.region is not None or base_url is not None):
            return
        source = given
        if not given.bearer and not given.aws:
            token = old.environment_token if old.environment_token is not None else old.api_key
            source = replace(old, api_key=token)
        region = given.region if given.region is not None else self.aws_region
        explicit = given.region is not None or old.region_explicit
        blank = isinstance(base_url, str) and not base_url.strip()
        if source.bearer and not explicit and not blank and (base_url is not None or not old.derived):
            region = None
        if given.profile is not None and given.region is None and not old.region_explicit:
            region = None
        if base_url is None:
            base_url = "" if old.derived else self.base_url
        provider, settings = _plan(replace(source, region=region, environment_token=None), base_url, explicit)
        self._use(provider)
        self._adopt(settings)
