"""Google Vertex AI: `AsyncOpenAI(provider=vertex(...))`."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from yarl import URL

from ..errors import APITimeoutError, OpenAIError
from .runtime import Provider, ProviderRuntime, create_provider

if TYPE_CHECKING:
    from ..transport.request import PreparedRequest

__all__ = ["VertexTokenProvider", "vertex"]

VertexTokenProvider = Callable[[], str | Awaitable[str]]
"""Gives the bearer token before each attempt."""

# Older project ids hold a domain: dots and a colon, but they never begin with a dot.
_PROJECT = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9_.:-]*")
_LOCATION = re.compile(r"[a-z0-9-]+")
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class _Runtime(ProviderRuntime):
    # Vertex takes credentials of Google only, and projects of its own.
    forbidden = ("authorization", "api-key", "openai-organization", "openai-project")

    def __init__(
        self, base_url: str, token_provider: VertexTokenProvider | None, credentials: Any | None
    ) -> None:
        super().__init__("vertex", base_url, follow_redirects=False)
        self._ask = token_provider
        self._google = None if token_provider is not None else _Google(credentials)

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        if self._google is not None:
            # Google's library blocks. A cancelled call leaves the thread to finish what it began.
            return await asyncio.to_thread(self._google.headers, prepared)
        assert self._ask is not None
        token = await self._token(self._ask, prepared)
        if not isinstance(token, str) or not token or any(not "!" <= c <= "~" for c in token):
            raise OpenAIError(
                f"Vertex's token provider returned {type(token).__name__}, not a non-empty string of visible "
                "ASCII characters, as a header needs."
            )
        return [("Authorization", f"Bearer {token}")]

    async def _token(self, ask: VertexTokenProvider, prepared: PreparedRequest) -> object:
        limit = prepared.timeout.read
        try:
            given: object = ask()
            if isinstance(given, Awaitable):
                given = await asyncio.wait_for(cast("Awaitable[object]", given), limit)
            return given
        except asyncio.TimeoutError:
            failure: OpenAIError = APITimeoutError(prepared.facts(), limit="read", seconds=limit)
        except OpenAIError:
            raise
        except Exception as error:
            failure = OpenAIError(
                f"Vertex's token provider raised {type(error).__name__}; its words are left out, because "
                "they may hold the credential. Call it by itself to see them."
            )
        # Out here: what a credential library raises may hold the credential.
        raise failure


class _Google:
    """Credentials of Google's library, which keeps their tokens until they expire."""

    def __init__(self, given: Any | None) -> None:
        self._given = given
        self._credentials: Any = None
        self._lock = threading.Lock()

    def headers(self, prepared: PreparedRequest) -> list[tuple[str, str]]:
        pool = prepared.timeout.pool
        if not self._lock.acquire(timeout=-1 if pool is None else max(0.0, pool)):
            raise APITimeoutError(prepared.facts(), limit="pool", seconds=pool)
        try:
            return self._ask(prepared)
        finally:
            self._lock.release()

    def _ask(self, prepared: PreparedRequest) -> list[tuple[str, str]]:
        try:
            # By name: they are optional, and without types.
            auth = import_module("google.auth")
            scoped = import_module("google.auth.credentials").with_scopes_if_required
            google = import_module("google.auth.transport.requests")
            requests = import_module("requests")
        except ImportError as error:
            raise OpenAIError(
                "Google credentials need google-auth. Install it with `pip install oxide[vertex]`, or pass "
                "`token_provider`."
            ) from error
        limits = prepared.timeout.connect, prepared.timeout.read
        failure: OpenAIError
        began = time.monotonic()
        # One session a refresh: nothing is left open, whatever becomes of the call.
        with requests.Session() as session:
            transport: Any = google.Request(session)

            def bounded(*args: Any, **kwargs: Any) -> Any:
                return transport(*args, **{**kwargs, "timeout": limits})

            try:
                if self._credentials is None:
                    self._credentials = (
                        auth.default(scopes=_SCOPES, request=bounded)[0]
                        if self._given is None
                        else scoped(self._given, scopes=_SCOPES)
                    )
                found: dict[str, str] = {}
                self._credentials.before_request(bounded, prepared.method, str(prepared.url), found)
                return list(found.items())
            except Exception as error:
                if isinstance(error.__cause__, requests.exceptions.Timeout):
                    elapsed = time.monotonic() - began
                    failure = APITimeoutError(
                        prepared.facts(), limit="read", seconds=limits[1], elapsed=elapsed
                    )
                else:
                    failure = OpenAIError(
                        f"Google gave no token for Vertex ({type(error).__name__}): check that the "
                        "credentials have not expired and may use the project; `gcloud auth "
                        "application-default login` renews your own."
                    )
        # Out here: what Google's library raises may hold request bodies or keys.
        raise failure


@dataclass(frozen=True)
class _Definition:
    base_url: str
    token_provider: VertexTokenProvider | None = field(repr=False)
    credentials: Any | None = field(repr=False)
    name: str = field(default="vertex", init=False)

    def configure(self) -> _Runtime:
        return _Runtime(self.base_url, self.token_provider, self.credentials)


def vertex(
    *,
    project: str | None = None,
    location: str | None = None,
    base_url: str | URL | None = None,
    token_provider: VertexTokenProvider | None = None,
    credentials: Any | None = None,
) -> Provider:
    """The OpenAI-compatible API of Google Vertex AI, for `AsyncOpenAI(provider=...)`.

    Without `token_provider` the credentials come from google-auth (`pip install oxide[vertex]`): those given,
    else the application default credentials, looked for at the first request.

    Args:
      project: id of the Google Cloud project. Default: `GOOGLE_CLOUD_PROJECT`.
      location: where the models run, such as "global". Default: `GOOGLE_CLOUD_LOCATION`.
      base_url: address of the whole API instead of project and location.
      token_provider: function, plain or async, that gives the bearer token before each attempt; it runs in
        the event loop and must not block.
      credentials: credentials object of google-auth.

    Raises:
      OpenAIError: project or location are missing or malformed, or options exclude each other.
    """
    if token_provider is not None and credentials is not None:
        raise OpenAIError("Set only one of credentials and token_provider.")
    if base_url is None:
        base_url = _address(
            project or os.environ.get("GOOGLE_CLOUD_PROJECT"),
            location or os.environ.get("GOOGLE_CLOUD_LOCATION"),
        )
    url = URL(str(base_url))
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        raise OpenAIError("Vertex base_url must be an HTTP(S) API root without credentials.")
    if url.raw_query_string or url.raw_fragment:
        raise OpenAIError("Vertex base_url must be an HTTP(S) API root without query or fragment.")
    host = url.host.rstrip(".")
    if url.scheme != "https" and (host == "googleapis.com" or host.endswith(".googleapis.com")):
        raise OpenAIError("Google Vertex endpoints require HTTPS.")
    return create_provider(_Definition(str(url).rstrip("/"), token_provider, credentials))


def _address(project: str | None, location: str | None) -> str:
    if _PROJECT.fullmatch(project or "") is None:
        raise OpenAIError("Vertex requires a project ID (project or GOOGLE_CLOUD_PROJECT).")
    if _LOCATION.fullmatch(location or "") is None:
        raise OpenAIError("Vertex requires a location (location or GOOGLE_CLOUD_LOCATION).")
    host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
    return f"https://{host}/v1/projects/{project}/locations/{location}/publishers/openai/v1"
