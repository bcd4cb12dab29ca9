"""What goes into a lane and what comes out of it: the seam between policy and wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from ..rate_limits import note
from .facts import Headers, RequestFacts, ResponseFacts, redact_url
from .header_block import HeaderBlock, check_header

if TYPE_CHECKING:
    import asyncio

    from yarl import URL

    from .._observe import Observation
    from ..errors import LimitName
    from ..rate_limits import Heads
    from ..timeouts import Timeout
    from .bodies import BodySource, Upload
    from .retry import RetryPolicy

__all__ = [
    "Attempt",
    "Authorizer",
    "HeaderBlock",
    "Headers",
    "Lane",
    "LaneError",
    "LaneErrorKind",
    "PreparedRequest",
    "RawAnswer",
    "RequestFacts",
    "ResponseFacts",
    "check_header",
]


class Authorizer(Protocol):
    """Credentials that are made anew for each attempt."""

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]], /
    ) -> Iterable[tuple[str, str]]:
        """Headers that carry the credentials of one attempt.

        Args:
            prepared: the request; none of its headers is among those given back.
            headers: the other headers the attempt adds.

        Raises:
            OpenAIError: there are no credentials. Whatever is raised here ends the call.
        """
        ...

    def refused(self, headers: list[tuple[str, str]], /) -> bool:
        """Take note of an answer with status 401.

        Args:
            headers: what the attempt added, the credentials among it.

        Returns:
            Whether new ones may fare better: the request is then sent once more at once, not counted as a
            retry.
        """
        ...


class PreparedRequest:
    """One call, ready to be sent any number of times.

    Args:
        method: HTTP verb in upper case.
        url: absolute URL.
        headers: everything but Host, Content-Length, Transfer-Encoding, Connection, x-stainless-retry-count,
            Idempotency-Key and what ``auth`` gives: the lane and the transport add those.
        body: the whole body, a source that each attempt reads anew, or None.
        stream: hand the answer over at the end of its head, body unread (statuses below 400 only).
        timeout: limits of each attempt.
        deadline: seconds over all attempts, back-off, and the stream that follows; None for no limit.
        max_retries: how often to try again.
        retry_policy: instead of the transport's own.
        auth: asked for credentials before each attempt.
        idempotency_key: sent with every attempt alike.
        follow_redirects: go where 301, 302, 303, 307 and 308 point to.
        retry_count_header: send ``x-stainless-retry-count`` with each attempt.
        target: request target (``/v1/x?y=z``) where the caller has it at hand; else it is taken from ``url``.
        options: the caller's own; carried, never read.

    Attributes:
        params: what the body was made of, or None.
        rates: where the heads of answers are noted, for the rate limits of ``model``; or None.
        watch: tells hooks and the log, or None.
    """

    __slots__ = (
        "auth",
        "body",
        "deadline",
        "follow_redirects",
        "headers",
        "idempotency_key",
        "max_retries",
        "method",
        "options",
        "params",
        "rates",
        "retry_count_header",
        "retry_policy",
        "stream",
        "target",
        "timeout",
        "url",
        "watch",
    )

    def __init__(
        self,
        method: str,
        url: URL,
        headers: HeaderBlock,
        body: bytes | BodySource | None,
        timeout: Timeout,
        *,
        stream: bool = False,
        deadline: float | None = None,
        max_retries: int = 2,
        retry_policy: RetryPolicy | None = None,
        auth: Authorizer | None = None,
        idempotency_key: str | None = None,
        follow_redirects: bool = True,
        retry_count_header: bool = True,
        target: str | None = None,
        options: Any = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.stream = stream
        self.deadline = deadline
        self.max_retries = max_retries
        self.retry_policy = retry_policy
        self.auth = auth
        self.idempotency_key = idempotency_key
        self.follow_redirects = follow_redirects
        self.retry_count_header = retry_count_header
        self.target = target
        self.options = options
        self.params: object = None
        self.rates: Heads | None = None
        self.watch: Observation | None = None

    @property
    def model(self) -> str | None:
        """The model the body names, or None."""
        params = self.params
        if not isinstance(params, dict):
            return None
        found = cast("dict[str, object]", params).get("model")
        return found if isinstance(found, str) else None

    def facts(self, extra: Iterable[tuple[str, str]] = ()) -> RequestFacts:
        """What is sent, for error objects and raw responses.

        Args:
            extra: headers the attempt adds.
        """
        body = self.body if isinstance(self.body, bytes) else b""
        return RequestFacts(self.method, self.url, Headers([*self.headers.pairs, *extra]), body)

    def __repr__(self) -> str:
        return f"<PreparedRequest {self.method} {redact_url(str(self.url))}>"


class Attempt:
    """What differs between two attempts of one request.

    Attributes:
        number: 0 for the first, 1 for the first retry …
        headers: pairs to send after ``prepared.headers`` (Authorization, Idempotency-Key,
            x-stainless-retry-count); checked already.
        deadline_at: the loop's time at which the call's deadline runs out, or None. Until the head is read
            the transport enforces it; over a stream the iterator does.
        started_at: the loop's time when the call began.
        fresh: take a new connection, not a pooled one.
        upload: the body being sent, where it is a source; a wire lane sets it, plain requests lack it.
    """

    __slots__ = ("deadline_at", "fresh", "headers", "number", "started_at", "upload")

    upload: Upload | None

    def __init__(
        self,
        number: int,
        headers: list[tuple[str, str]],
        started_at: float,
        deadline_at: float | None = None,
        fresh: bool = False,
    ) -> None:
        self.number = number
        self.headers = headers
        self.started_at = started_at
        self.deadline_at = deadline_at
        self.fresh = fresh


LaneErrorKind = Literal[
    "connect",  # name resolution, TCP, Unix socket
    "tls",  # handshake or certificate
    "proxy",  # the proxy refused or could not be reached
    "write",  # the request could not be sent whole
    "read",  # the connection broke before or inside the answer
    "timeout",  # one of the limits; `limit` says which
    "protocol",  # what came is not HTTP/1.1, or its head is above the limit
    "too_large",  # the body is above the limit
    "decode",  # the content encoding is broken or unknown
    "closed",  # the client was closed while this ran
    "redirect",  # a place the transport refuses to go
]


class LaneError(Exception):
    """A transport failure, in the words of a lane; only the transport turns it into an ``oxide.errors`` type.

    Args:
        kind: what failed.
        message: one sentence without credentials.
        bytes_received: whether any byte of the answer had come.
        reused: whether the connection had served an earlier request.
        limit: for kind ``timeout``, which limit.
        seconds: for kind ``timeout``, its value.
    """

    def __init__(
        self,
        kind: LaneErrorKind,
        message: str = "",
        *,
        bytes_received: bool = False,
        reused: bool = False,
        limit: LimitName | None = None,
        seconds: float | None = None,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(kind, message)
        self.kind: LaneErrorKind = kind
        self.message = message
        self.bytes_received = bytes_received
        self.reused = reused
        self.limit: LimitName | None = limit
        self.seconds = seconds
        if cause is not None:
            self.__cause__ = cause

    @property
    def stale(self) -> bool:
        """A kept-alive connection the peer had closed: nothing came, so sending again is safe and free."""
        return self.reused and not self.bytes_received and self.kind in ("read", "write")

    def __str__(self) -> str:
        return self.message or self.kind


class ByteSinkLike(Protocol):
    """Where a lane delivers the body of a stream."""

    def feed_data(self, data: bytes, /) -> Any: ...
    def feed_eof(self) -> Any: ...
    def set_exception(self, exc: BaseException, /) -> Any: ...


class RawAnswer:
    """An answer as a lane hands it over; each lane has a subclass.

    Attributes:
        status: HTTP status.
        raw_headers: the header pairs as received, bytes.
        http_version: ``HTTP/1.0`` or ``HTTP/1.1``.
        body: the whole decoded body followed by 64 bytes of padding; empty while a stream is unread.
        length: length of the body without its padding.
        is_reused: whether the connection had served an earlier request.
        elapsed: seconds from sending to the end of the head.
        request: the request this answers, as sent (after redirects the last one).
        attempt: the attempt that got it.
        history: redirects that led here, oldest first.
    """

    __slots__ = (
        "_headers",
        "attempt",
        "body",
        "elapsed",
        "history",
        "http_version",
        "is_reused",
        "length",
        "raw_headers",
        "request",
        "status",
    )

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    http_version: str
    body: bytes
    length: int
    is_reused: bool
    elapsed: float
    request: PreparedRequest
    attempt: Attempt
    history: tuple[ResponseFacts, ...]
    _headers: Headers | None

    @property
    def headers(self) -> Headers:
        """The headers received, decoded at the first look-up."""
        found = self._headers
        if found is None:
            found = self._headers = Headers(self.raw_headers)
        return found

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, found without decoding the others.

        Args:
            name: header name in lower case.
        """
        size = len(name)
        for key, value in self.raw_headers:
            if len(key) == size and key.lower() == name:
                return value
        return None

    def note_limits(self) -> None:
        """Keep the head in ``request.rates`` when it reports rate limits of the request's model."""
        rates, model = self.request.rates, self.request.model
        if rates is None or model is None:
            return
        if any(name[:12].lower() == b"x-ratelimit-" for name, _ in self.raw_headers):
            note(rates, model, self.raw_headers)

    @property
    def url(self) -> URL:
        """The address that answered."""
        return self.request.url

    @property
    def reason(self) -> str:
        """The standard phrase for the status."""
        return ResponseFacts(self.status).reason_phrase

    @property
    def retries_taken(self) -> int:
        """How many attempts failed before this one."""
        return self.attempt.number

    @property
    def request_headers(self) -> list[tuple[str, str]]:
        """The headers sent, credentials included."""
        return [*self.request.headers.pairs, *self.attempt.headers]

    def content(self) -> bytes:
        """The body without its padding: a copy."""
        return self.body[: self.length]

    def facts(self) -> ResponseFacts:
        """What is known about the answer, for error objects and raw responses."""
        return ResponseFacts(
            self.status,
            self.headers,
            self.content(),
            request=self.request.facts(self.attempt.headers),
            http_version=self.http_version,
            elapsed=timedelta(seconds=self.elapsed),
            history=self.history,
        )

    async def read_all(self) -> None:
        """Read the rest of a stream into ``body`` and ``length``.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        raise NotImplementedError

    def bind(self, sink: ByteSinkLike) -> None:
        """Deliver the decoded body to a sink from now on, the part that has come already first.

        Args:
            sink: where the bytes go; its ``fail`` gets a LaneError.
        """
        raise NotImplementedError

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The decoded body in the pieces it arrives in.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        raise NotImplementedError

    def pause_reading(self) -> None:
        """Stop taking bytes from the socket: the sink has enough."""
        raise NotImplementedError

    def resume_reading(self) -> None:
        """Take bytes from the socket again."""
        raise NotImplementedError

    def release(self) -> None:
        """Give the connection back: to the pool when the body was read to its end, else it is closed."""
        raise NotImplementedError

    def abort(self) -> None:
        """Close the connection at once."""
        raise NotImplementedError


class Lane(Protocol):
    """A way to the network, bound to one event loop."""

    async def send(self, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer:
        """Make one attempt. Status and redirects are not judged here.

        Raises:
            LaneError: no answer, or not all of one.
        """
        ...

    def close(self, exc: BaseException | None = None) -> None:
        """End running requests and streams; the connector is the caller's to close.

        Args:
            exc: what they end with; LaneError ``closed`` where nothing is given.
        """
        ...

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop this lane lives in."""
        ...
