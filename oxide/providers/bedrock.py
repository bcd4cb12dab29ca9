"""Amazon Bedrock: `AsyncOpenAI(provider=bedrock(...))`."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from yarl import URL

from ..errors import OpenAIError
from ..options import NOT_GIVEN, NotGiven
from .bedrock_address import (
    BedrockEndpoint,
    check_address,
    check_region,
    default_address,
    normal_address,
    normal_text,
    parse_host,
)
from .runtime import Provider, ProviderRuntime, create_provider
from .sigv4 import NO_CREDENTIALS, AwsCredentials, CredentialSource, load_session, sign

if TYPE_CHECKING:
    from ..transport.request import PreparedRequest

__all__ = ["AwsCredentialsProvider", "BedrockEndpoint", "BedrockTokenProvider", "bedrock"]

BedrockTokenProvider = Callable[[], str | Awaitable[str]]
"""Gives the bearer token before each attempt."""

AwsCredentialsProvider = Callable[[], object]
"""Gives AWS credentials before each attempt: botocore's, or anything with access_key, secret_key, token."""

AMBIGUOUS = (
    "Bedrock authentication is ambiguous. Configure exactly one explicit mode: bearer credential, static AWS "
    "credentials, profile, or credential provider."
)
"""What to say where more than one kind of credentials was given."""

_NO_REGION = (
    "Bedrock requires an AWS region. Pass `region` to `bedrock(...)`, or set `AWS_REGION` or "
    "`AWS_DEFAULT_REGION`."
)


class BedrockRuntime(ProviderRuntime):
    """Authenticates requests to Bedrock.

    Args:
      base_url: address of the API.
      region: AWS region, where it is known.
      follow_redirects: whether a request may be sent elsewhere.
    """

    def __init__(self, base_url: str, region: str | None, *, follow_redirects: bool) -> None:
        super().__init__("bedrock", base_url, follow_redirects=follow_redirects)
        self.region = region


class _Bearer(BedrockRuntime):
    def __init__(self, ask: BedrockTokenProvider, base_url: str, region: str | None) -> None:
        super().__init__(base_url, region, follow_redirects=True)
        self._ask = ask

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        try:
            token = cast("object", self._ask())
            if isinstance(token, Awaitable):
                token = await cast("Awaitable[object]", token)
        except OpenAIError:
            raise
        except Exception as error:
            raise OpenAIError(f"Bedrock's token provider raised {type(error).__name__}.") from error
        if not isinstance(token, str) or not token.strip():
            raise OpenAIError(
                f"Bedrock's token provider returned {type(token).__name__}, not a non-empty string."
            )
        return [("Authorization", f"Bearer {token}")]


class _Signed(BedrockRuntime):
    def __init__(self, source: CredentialSource, base_url: str, region: str, service: str) -> None:
        # A signature holds for one address.
        super().__init__(base_url, region, follow_redirects=False)
        self._source = source
        self._service = service
        self._signing_region = region

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        body = cast("Any", prepared).body
        if not isinstance(body, (bytes, type(None))):
            raise OpenAIError(
                f"AWS credentials sign the whole body, which {type(body).__name__} gives only piece by "
                "piece: read it into bytes first, or use a bearer token."
            )
        credentials = self._source.static
        if credentials is None:
            from asyncio import to_thread

            credentials = await to_thread(self._source.resolve)
        sent = (*prepared.headers.pairs, *headers)
        region, service = self._signing_region, self._service
        return sign(prepared.method, prepared.url, sent, body or b"", credentials, region, service)


@dataclass(frozen=True)
class _Definition:
    endpoint: BedrockEndpoint
    region: str | None
    base_url: str | None
    token_provider: BedrockTokenProvider | None = field(repr=False)
    profile: str | None
    static: AwsCredentials | None = field(repr=False)
    credential_provider: AwsCredentialsProvider | None = field(repr=False)
    name: str = field(default="bedrock", init=False)

    def configure(self) -> BedrockRuntime:
        region = self.region
        if self.token_provider is not None:
            if self.base_url is None and region is None:
                raise OpenAIError(_NO_REGION)
            base_url = self.base_url or default_address(self.endpoint, region or "")
            return _Bearer(self.token_provider, base_url, region)
        session: Any = None
        if region is None:
            session = load_session(self.profile)
            region = normal_text(session.get_config_variable("region"))
            if region is None:
                raise OpenAIError(_NO_REGION)
            check_region(region)
        base_url = self.base_url or default_address(self.endpoint, region)
        check_address(base_url, endpoint=self.endpoint, region=region)
        source = CredentialSource(self.static, self.credential_provider, self.profile, session)
        service = "bedrock" if self.endpoint == "runtime" else "bedrock-mantle"
        return _Signed(source, base_url, region, service)


def bedrock(
    *,
    endpoint: BedrockEndpoint | None = None,
    region: str | None = None,
    base_url: str | URL | NotGiven | None = NOT_GIVEN,
    api_key: str | NotGiven | None = NOT_GIVEN,
    token_provider: BedrockTokenProvider | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    session_token: str | None = None,
    profile: str | None = None,
    credential_provider: AwsCredentialsProvider | None = None,
) -> Provider:
    """The OpenAI-compatible API of Amazon Bedrock, for `AsyncOpenAI(provider=...)`.

    Requests carry a bearer token, or a signature made with AWS credentials (Signature Version 4). Without any
    credentials given, `AWS_BEARER_TOKEN_BEDROCK` is used where it is set, else what botocore finds.

    Args:
      endpoint: "mantle" (the default) or "runtime".
      region: AWS region. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, else that of the AWS profile.
      base_url: address of the API. Default: `AWS_BEDROCK_BASE_URL`, else that of endpoint and region; None:
        the latter whatever the environment says.
      api_key: bearer token; None: not the one in the environment.
      token_provider: function, plain or async, that gives the bearer token before each attempt.
      access_key_id: id of an AWS key.
      secret_access_key: the AWS key.
      session_token: token of temporary AWS keys.
      profile: profile of the AWS configuration; needs botocore (`pip install oxide[bedrock]`).
      credential_provider: function that gives AWS credentials before each attempt; called in a thread.

    Raises:
      OpenAIError: the options exclude each other, or one is malformed.
    """
    if endpoint is not None and endpoint not in ("mantle", "runtime"):
        raise OpenAIError("The Bedrock `endpoint` must be either `mantle` or `runtime`.")
    found_region = normal_text(region)
    if region is not None and found_region is None:
        raise OpenAIError("The Bedrock AWS `region` must not be empty.")
    check_region(found_region)
    address = _address(base_url)
    place = parse_host(URL(address).host or "") if address is not None else None
    kind: BedrockEndpoint = endpoint or (place[0] if place is not None else "mantle")
    found_profile = normal_text(profile)
    if profile is not None and found_profile is None:
        raise OpenAIError("The Bedrock AWS `profile` must not be empty.")
    static = _static(access_key_id, secret_access_key, session_token)
    key = cast("object", None if isinstance(api_key, NotGiven) else api_key)
    if key is not None and not (isinstance(key, str) and key.strip()):
        raise OpenAIError("The Bedrock bearer credential must not be empty.")
    if key is not None and token_provider is not None:
        raise OpenAIError(
            "The `api_key` and `token_provider` options are mutually exclusive. Configure only one."
        )
    modes = sum(given is not None for given in (static, found_profile, credential_provider))
    if modes > 1:
        raise OpenAIError(
            "Bedrock authentication is ambiguous. Configure exactly one explicit AWS mode: static "
            "credentials, profile, or credential provider."
        )
    ask = token_provider if key is None else lambda: str(key)
    if ask is not None and modes:
        raise OpenAIError(AMBIGUOUS)
    if not modes and ask is None and isinstance(api_key, NotGiven) and _environment_token(missing=""):
        ask = _environment_token
    if found_region is None and (address is None or ask is None):
        found_region = normal_text(os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
        check_region(found_region)
    if address is not None:
        check_address(address, endpoint=kind, region=found_region)
    return create_provider(
        _Definition(
            endpoint=kind,
            region=found_region,
            base_url=address,
            token_provider=ask,
            profile=found_profile,
            static=static,
            credential_provider=credential_provider,
        )
    )


def _address(base_url: str | URL | NotGiven | None) -> str | None:
    if isinstance(base_url, NotGiven):
        text = normal_text(os.environ.get("AWS_BEDROCK_BASE_URL"))
        return None if text is None else normal_address(text)
    if base_url is None:
        return None
    if not str(base_url).strip():
        raise OpenAIError("The Bedrock `base_url` must not be empty.")
    return normal_address(str(base_url))


def _static(key_id: str | None, secret: str | None, token: str | None) -> AwsCredentials | None:
    if (key_id is None) != (secret is None) or (token is not None and key_id is None):
        raise OpenAIError(
            "Static AWS credentials require both `access_key_id` and `secret_access_key`. "
            "A `session_token` may only be used with both."
        )
    if key_id is None or secret is None:
        return None
    if not key_id.strip() or not secret.strip():
        raise OpenAIError(
            "Static AWS credentials require non-empty `access_key_id` and `secret_access_key` values."
        )
    if token is not None and not token.strip():
        raise OpenAIError("A static AWS `session_token` must not be empty when provided.")
    return AwsCredentials(key_id, secret, token)


def _environment_token(missing: str | None = None) -> str:
    """The bearer token of the environment, looked up at each attempt: it may be renewed there."""
    token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK") or missing
    if token is None:
        raise OpenAIError(NO_CREDENTIALS)
    return token
