"""What is known about a request and its answer once both are over: light objects with httpx's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, Union, cast

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Self

__all__ = [
    "SECRET_HEADERS",
    "Headers",
    "RequestFacts",
    "ResponseFacts",
    "is_secret",
    "redact_url",
    "redacted_headers",
]

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie", "set-cookie"}
)
"""Lower-case names whose values never appear in a repr, a log line or a pickle."""

# Of gateways and clouds: cf-aig-authorization, x-goog-api-key, x-amz-security-token …
_SECRET_ENDS = ("authorization", "api-key", "-key", "-token", "-secret", "-signature", "password")

# Of parameters: ?api_key=, ?key=, ?sig= of Azure, X-Amz-Signature, X-Goog-Credential, ?access_token= …
_SECRET_QUERY = (
    r"([?&#;][\w.%-]*(?:key|token|secret|sig|signature|credential|password|passwd|auth|authorization)=)"
    r"[^&#;]+"
)

REDACTED = "<redacted>"

RawPair = Union["tuple[str, str]", "tuple[bytes, bytes]"]


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def is_secret(name: str) -> bool:
    """Whether a header's value is a credential.

    Args:
        name: in lower case.
    """
    return name in SECRET_HEADERS or (name.endswith(_SECRET_ENDS) and name != "idempotency-key")


def redacted_headers(pairs: Iterable[RawPair]) -> Headers:
    """Headers whose credentials are replaced by ``<redacted>``.

    Args:
        pairs: names and values.
    """
    texts = [(_text(name), _text(value)) for name, value in pairs]
    return Headers([(n, REDACTED if is_secret(n.lower()) else v) for n, v in texts])


def redact_url(url: str) -> str:
    """The URL without the credentials it may carry.

    Args:
        url: an absolute URL, or what somebody took for one: the scheme may be missing.

    Returns:
        The same URL; its user information, and the values of parameters such as ``api_key``, ``sig`` and
        ``token``, replaced by ``<redacted>``.
    """
    if "=" in url:
        import re

        url = re.sub(_SECRET_QUERY, rf"\1{REDACTED}", url, flags=re.IGNORECASE)
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    end = min((i for i in (rest.find("/"), rest.find("?"), rest.find("#")) if i >= 0), default=len(rest))
    at = rest.rfind("@", 0, end)
    return url if at < 0 else f"{scheme}{mark}{REDACTED}{rest[at:]}"


class Headers(Mapping[str, str]):
    """HTTP headers: a mapping that ignores case and keeps repeated names.

    Nothing is decoded before the first look-up, so headers nobody reads cost nothing.

    Args:
        pairs: ``(name, value)`` in the order received, all ``str`` or all ``bytes`` (latin-1).
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[RawPair] = ()) -> None:
        self._pairs: list[RawPair] = list(pairs)
        self._index: dict[str, list[str]] | None = None

    def _by_name(self) -> dict[str, list[str]]:
        index = self._index
        if index is None:
            index = cast("dict[str, list[str]]", {})
            for name, value in self._pairs:
                index.setdefault(_text(name).lower(), []).append(_text(value))
            self._index = index
        return index

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """The pairs as bytes, names spelled as received."""
        return [(_text(n).encode("latin-1"), _text(v).encode("latin-1")) for n, v in self._pairs]

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._by_name()[name.lower()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._by_name() == other._by_name()
        if isinstance(other, Mapping):
            theirs = cast("Mapping[str, str]", other)
            return dict(self) == {k.lower(): v for k, v in theirs.items()}
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]

    def get_list(self, name: str, split_commas: bool = False) -> list[str]:
        """Every value sent under a name.

        Args:
            name: header name, any case.
            split_commas: also split values at commas.

        Returns:
            The values in order; empty when the header is absent.
        """
        values = self._by_name().get(name.lower(), [])
        if split_commas:
            return [part.strip() for value in values for part in value.split(",")]
        return list(values)

    getall = get_list

    def multi_items(self) -> list[tuple[str, str]]:
        """All pairs, repeated names included, names in lower case."""
        return [(_text(n).lower(), _text(v)) for n, v in self._pairs]

    def __repr__(self) -> str:
        shown = [(n, REDACTED if is_secret(n) else v) for n, v in self.multi_items()]
        return f"Headers({shown!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle travels (task queues, process pools): credentials stay behind.
        return (Headers, ([(n, REDACTED if is_secret(n) else v) for n, v in self.multi_items()],))


class RequestFacts:
    """A request as it was sent.

    Attributes:
        method: HTTP verb in upper case.
        url: absolute URL.
        headers: the headers sent.
        content: the body sent; empty where there was none.
    """

    __slots__ = ("content", "headers", "method", "url")

    def __init__(
        self, method: str, url: object, headers: Headers | Iterable[RawPair] = (), content: bytes = b""
    ) -> None:
        self.method = method
        self.content = content
        self.url = str(url)
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {redact_url(self.url)!r})>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the body: a pickled error should not carry a conversation along.
        return (RequestFacts, (self.method, redact_url(self.url), self.headers))


class OpenBody(Protocol):
    """A body that is still on its way."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be read of it."""
        ...

    def close(self) -> None:
        """Read no more of it; its connection is kept where the body has ended, else closed."""
        ...


class ResponseFacts:
    """A response as it was received.

    Attributes:
        status_code: HTTP status.
        headers: the headers received.
        content: the body's bytes, decoded from its content encoding; empty for a stream.
        request: the request that was answered.
        http_version: ``HTTP/1.0`` or ``HTTP/1.1``.
        elapsed: time from sending the request to the end of the response head.
        history: the redirects that led here, oldest first.
    """

    __slots__ = (
        "_body",
        "content",
        "elapsed",
        "headers",
        "history",
        "http_version",
        "request",
        "status_code",
    )

    def __init__(
        self,
        status_code: int,
        headers: Headers | Iterable[RawPair] = (),
        content: bytes = b"",
        *,
        request: RequestFacts | None = None,
        http_version: str = "HTTP/1.1",
        elapsed: timedelta | None = None,
        history: tuple[ResponseFacts, ...] = (),
    ) -> None:
        self.status_code = status_code
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.content = content
        self.request = request
        self.http_version = http_version
        self.elapsed = elapsed
        self.history = history
        self._body: OpenBody | None = None

    @property
    def url(self) -> str:
        """The address that answered, after redirects; empty when unknown."""
        return self.request.url if self.request is not None else ""

    @property
    def reason_phrase(self) -> str:
        """The standard phrase for the status, such as ``Not Found``."""
        try:
            return HTTPStatus(self.status_code).phrase
        except ValueError:
            return ""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return 400 <= self.status_code < 600

    @property
    def charset_encoding(self) -> str | None:
        """The charset named by Content-Type, if it names one."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            key, _, value = part.partition("=")
            if key.strip().lower() == "charset":
                return value.strip().strip('"') or None
        return None

    @property
    def encoding(self) -> str:
        """The charset named by Content-Type, else ``utf-8``."""
        return self.charset_encoding or "utf-8"

    @property
    def text(self) -> str:
        """The body as text; bytes that do not decode are replaced."""
        try:
            return self.content.decode(self.encoding, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    @property
    def is_closed(self) -> bool:
        """Whether the body has been read or given up; false while a stream is open."""
        return self._body is None or self._body.is_over

    def tie(self, body: OpenBody) -> None:
        """Let ``close()`` and ``is_closed`` be those of a body that is still on its way.

        Args:
            body: the stream that reads it.
        """
        self._body = body

    def close(self) -> None:
        """End the stream whose response this is; where the body was read, nothing is left to do."""
        if self._body is not None:
            self._body.close()

    async def aclose(self) -> None:
        """End the stream whose response this is; the same as ``close()``."""
        self.close()

    def raise_for_status(self) -> Self:
        """Nothing for a status of 2xx.

        Returns:
            These facts.

        Raises:
            APIStatusError: the subclass for any other status, as a call would have raised it.
        """
        if self.is_success:
            return self
        from .._faults import status_error

        raise status_error(self)

    def read(self) -> bytes:
        """The body's bytes."""
        return self.content

    async def aread(self) -> bytes:
        """The body's bytes."""
        return self.content

    def json(self) -> Any:
        """The body decoded from JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        import json

        return json.loads(self.content)

    def __repr__(self) -> str:
        phrase = self.reason_phrase
        return f"<Response [{self.status_code}{' ' + phrase if phrase else ''}]>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            _restore_response,
            (
                self.status_code,
                self.headers,
                self.content,
                self.request,
                self.http_version,
                self.elapsed,
                self.history,
            ),
        )


def _restore_response(
    status: int,
    headers: Headers,
    content: bytes,
    request: RequestFacts | None,
    http_version: str,
    elapsed: timedelta | None,
    history: tuple[ResponseFacts, ...],
) -> ResponseFacts:
    return ResponseFacts(
        status,
        headers,
        content,
        request=request,
        http_version=http_version,
        elapsed=elapsed,
        history=history,
    )
