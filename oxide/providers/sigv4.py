"""AWS Signature Version 4, as much of it as a signed header needs; and where AWS credentials come from."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import quote

from yarl import URL

from ..errors import OpenAIError

__all__ = ["AwsCredentials", "CredentialSource", "load_session", "sign"]

_ALGORITHM = "AWS4-HMAC-SHA256"
# Of the other headers a proxy may change some, and AWS asks for these only.
_SIGNED = frozenset({"content-type", "host"})
NO_CREDENTIALS = (
    "Nothing to authenticate with at Bedrock: give `bedrock()` a bearer token (`api_key`, `token_provider`), "
    "AWS keys, a `profile` or a `credential_provider`; or set AWS_BEARER_TOKEN_BEDROCK; or let botocore find "
    "AWS credentials in its usual places."
)
"""What to say where no credentials were given and none are found."""


class AwsCredentials(NamedTuple):
    """Keys as they were at one moment.

    Attributes:
      access_key: id of the key.
      secret_key: the key.
      token: session token, or None for keys that stay.
    """

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "AwsCredentials(<redacted>)"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(
    method: str,
    url: URL,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    credentials: AwsCredentials,
    region: str,
    service: str,
    now: datetime | None = None,
) -> list[tuple[str, str]]:
    """The headers that sign a request.

    Args:
      method: HTTP verb.
      url: absolute URL, encoded.
      headers: the headers sent; of these Content-Type and `x-amz-…` are signed, and Host.
      body: the body.
      credentials: with which keys.
      region: AWS region, such as ``us-east-1``.
      service: AWS service, such as ``bedrock``.
      now: the time of signing; left out, the present.

    Returns:
      `X-Amz-Date`, `X-Amz-Content-SHA256`, `X-Amz-Security-Token` where there is one, `Authorization`.
    """
    stamp = (now or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    added = [("X-Amz-Date", stamp), ("X-Amz-Content-SHA256", digest)]
    if credentials.token:
        added.append(("X-Amz-Security-Token", credentials.token))
    signed = {"host": url.host_port_subcomponent or ""}
    for name, value in (*headers, *added):
        lowered = name.lower()
        if lowered in _SIGNED or lowered.startswith("x-amz-"):
            signed[lowered] = " ".join(value.split())
    names = ";".join(sorted(signed))
    segments = [part for part in url.raw_path.split("/") if part]
    path = "/" + "/".join(segments) + ("/" if segments and url.raw_path.endswith("/") else "")
    query = sorted(pair.partition("=")[::2] for pair in url.raw_query_string.split("&") if pair)
    canonical = "\n".join(
        (
            method,
            # The path is encoded once more than it is sent.
            quote(path, safe="/~"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            digest,
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, text).hex()
    scope = f"{credentials.access_key}/{scope}"
    return [
        *added,
        ("Authorization", f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"),
    ]


def load_session(profile: str | None) -> Any:
    """A botocore session, which knows profiles, instance roles, and all other places credentials are kept in.

    Args:
      profile: profile of the AWS configuration, or None for the default.

    Raises:
      OpenAIError: botocore is not installed, or there is no such profile.
    """
    try:
        # By name: it is optional, and without types.
        session = import_module("botocore.session")
    except ImportError as error:
        raise OpenAIError(
            "AWS profiles and the default AWS credential chain need botocore. Install it with "
            "`pip install oxide[bedrock]`, or pass `access_key_id` and `secret_access_key`, or `api_key`."
        ) from error
    try:
        return session.Session(profile=profile)
    except Exception as error:
        raise _lost(error) from error


class CredentialSource:
    """Gives the credentials for one signature after the other.

    Args:
      static: keys that stay, or None.
      provider: a function that returns keys, or something with `get_frozen_credentials()`; or None.
      profile: profile of the AWS configuration, where there is neither.
      session: the botocore session to ask, where one was made already.
    """

    def __init__(
        self,
        static: AwsCredentials | None,
        provider: Callable[[], object] | None,
        profile: str | None,
        session: Any = None,
    ) -> None:
        self.static = static
        self._provider = provider
        self._profile = profile
        self._session = session

    def resolve(self) -> AwsCredentials:
        """The credentials of this moment; may read files and ask metadata services.

        Raises:
          OpenAIError: there are none.
        """
        if self.static is not None:
            return self.static
        try:
            found: Any
            if self._provider is not None:
                found = self._provider()
            else:
                if self._session is None:
                    self._session = load_session(self._profile)
                found = self._session.get_credentials()
            freeze = getattr(found, "get_frozen_credentials", None)
            if callable(freeze):
                found = freeze()
            if found is not None:
                return AwsCredentials(found.access_key, found.secret_key, found.token)
        except OpenAIError:
            raise
        except Exception as error:
            raise _lost(error) from error
        raise OpenAIError(NO_CREDENTIALS)


def _lost(error: Exception) -> OpenAIError:
    return OpenAIError(
        f"Asking for the AWS credentials of Bedrock raised {type(error).__name__}: check the profile, the "
        "AWS_… environment variables, the role of the machine, or your `credential_provider`."
    )
