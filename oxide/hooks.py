"""Hooks: what a client tells objects of yours about its requests, `AsyncOpenAI(hooks=[...])`.

Each method may be plain or async; an async one is awaited before the call goes on. Hooks are told in order.
They observe: secrets are taken out of headers and addresses, and nothing but `RequestInfo.add_header`
changes a request. Without hooks nothing of this is imported or run.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from .transport.facts import Headers, redact_url, redacted_headers
from .transport.request import check_header

if TYPE_CHECKING:
    from .rate_limits import ModelRateLimits
    from .transport.request import Attempt, PreparedRequest, RawAnswer

__all__ = ["ErrorInfo", "Hooks", "RequestInfo", "ResponseInfo", "RetryInfo", "StreamEventInfo"]


class RequestInfo:
    """One request on its way: an attempt of a call, or where a redirect sent it.

    Args:
      prepared: the request.
      attempt: the attempt.
      context: shared by everything one call tells.
      added: names of the headers that hooks have added to this call's requests, in lower case.

    Attributes:
      attempt: 0 for the first, 1 for the first retry …
      context: a dict of yours, new for each call and the same object in all its events: start times, spans.
    """

    __slots__ = ("_added", "_attempt", "_headers", "_open", "_prepared", "attempt", "context")

    def __init__(
        self,
        prepared: PreparedRequest,
        attempt: Attempt | None,
        context: dict[Any, Any],
        added: set[str] | None = None,
    ) -> None:
        self._prepared = prepared
        self._attempt = attempt
        self._headers: Headers | None = None
        self._added = added
        self._open = added is not None
        self.attempt = 0 if attempt is None else attempt.number
        self.context = context

    @property
    def method(self) -> str:
        """HTTP verb in upper case."""
        return self._prepared.method

    @property
    def url(self) -> str:
        """Absolute URL; user information and secrets in its query are replaced by `<redacted>`."""
        return redact_url(str(self._prepared.url))

    @property
    def path(self) -> str:
        """Path of the URL, without its query."""
        return self._prepared.url.path

    @property
    def headers(self) -> Headers:
        """The headers sent, credentials replaced by `<redacted>`."""
        if self._headers is None:
            extra = [] if self._attempt is None else self._attempt.headers
            self._headers = redacted_headers([*self._prepared.headers.pairs, *extra])
        return self._headers

    @property
    def model(self) -> str | None:
        """The body's `model`; None where there is none."""
        return self._prepared.model

    @property
    def stream(self) -> bool:
        """Whether the answer is read piece by piece: events, or a body left unread."""
        return self._prepared.stream

    @property
    def max_retries(self) -> int:
        """How often the call may be tried again."""
        return self._prepared.max_retries

    @property
    def deadline(self) -> float | None:
        """Seconds the call may take over all attempts; None for no limit."""
        return self._prepared.deadline

    @property
    def body(self) -> bytes | None:
        """The bytes of the body; None where there is none, or where it is written piece by piece."""
        body: object = self._prepared.body
        return body if isinstance(body, bytes) else None

    @property
    def body_size(self) -> int | None:
        """Bytes of the body; 0 without one, None where its length is not known."""
        body: Any = self._prepared.body
        if body is None:
            return 0
        return len(body) if isinstance(body, bytes) else getattr(body, "length", None)

    def add_header(self, name: str, value: str) -> None:
        """Send one more header with this request, such as `traceparent`; for `on_request` only.

        Args:
          name: header name; one the request does not have, unless a hook added it.
          value: ASCII text.

        Raises:
          ValueError: the request has that header, or it cannot be sent.
          RuntimeError: the request was sent already.
        """
        if not self._open or self._attempt is None or self._added is None:
            raise RuntimeError("the request was sent already: add headers in on_request")
        lowered = name.lower()
        if name in self.headers and lowered not in self._added:
            raise ValueError(f"the request has a header {name!r}; change it with extra_headers")
        check_header(name, value)
        # Where a redirect led, the headers of the request before are there already.
        kept = [pair for pair in self._attempt.headers if pair[0].lower() != lowered]
        self._attempt.headers = [*kept, (name, value)]
        self._added.add(lowered)
        self._headers = None

    def seal(self) -> None:
        """The request is about to be sent: no more headers."""
        self._open = False

    def __repr__(self) -> str:
        return f"<RequestInfo {self.method} {self.url} attempt={self.attempt}>"


class ResponseInfo:
    """The answer to one request, whatever its status: body read, or for a stream the head alone.

    Args:
      request: what was answered.
      answer: the answer.

    Attributes:
      request: what was answered.
    """

    __slots__ = ("_answer", "_headers", "request")

    def __init__(self, request: RequestInfo, answer: RawAnswer) -> None:
        self.request = request
        self._answer = answer
        self._headers: Headers | None = None

    @property
    def context(self) -> dict[Any, Any]:
        """The call's dict: `request.context`."""
        return self.request.context

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self._answer.status

    @property
    def headers(self) -> Headers:
        """The headers received, cookies replaced by `<redacted>`."""
        if self._headers is None:
            self._headers = redacted_headers(self._answer.raw_headers)
        return self._headers

    @property
    def http_version(self) -> str:
        """`HTTP/1.1` or `HTTP/1.0`."""
        return self._answer.http_version

    @property
    def request_id(self) -> str | None:
        """The `x-request-id` header."""
        value = self._answer.header(b"x-request-id")
        return None if value is None else value.decode("latin-1")

    @property
    def elapsed(self) -> float:
        """Seconds from sending the request to the end of the answer's head."""
        return self._answer.elapsed

    @property
    def is_reused(self) -> bool:
        """Whether the connection had served an earlier request."""
        return self._answer.is_reused

    @property
    def body(self) -> bytes | None:
        """The bytes of the body, decoded from its content coding; None for a stream, not read yet."""
        return None if self._is_unread else self._answer.content()

    @property
    def body_size(self) -> int | None:
        """Bytes of the decoded body; None for a stream."""
        return None if self._is_unread else self._answer.length

    @property
    def _is_unread(self) -> bool:
        return self._answer.request.stream and self._answer.status < 400

    @property
    def rate_limits(self) -> ModelRateLimits:
        """What the answer's `x-ratelimit-*` headers say."""
        from .rate_limits import parse_limits

        return parse_limits(self._answer.raw_headers)

    def __repr__(self) -> str:
        return f"<ResponseInfo {self.status_code} to {self.request!r}>"


class RetryInfo:
    """An attempt that failed and will be repeated, or a stream that broke and will go on; before the wait.

    Args:
      request: the attempt that failed.
      error: why it failed: an `APIStatusError`, or an `APIConnectionError`.
      wait: seconds until the next attempt.

    Attributes:
      request: the attempt that failed.
      error: why it failed.
      wait: seconds until the next attempt.
    """

    __slots__ = ("error", "request", "wait")

    def __init__(self, request: RequestInfo, error: Exception, wait: float) -> None:
        self.request = request
        self.error = error
        self.wait = wait

    @property
    def context(self) -> dict[Any, Any]:
        """The call's dict: `request.context`."""
        return self.request.context

    @property
    def attempt(self) -> int:
        """Number of the attempt that failed, 0 for the first."""
        return self.request.attempt

    @property
    def reason(self) -> str:
        """Why, in few words: `status 429`, `timeout read`, `connection`; fit for a metric's label."""
        return reason_of(self.error)

    def __repr__(self) -> str:
        return f"<RetryInfo attempt={self.attempt} reason={self.reason!r} wait={self.wait:.3g}>"


class ErrorInfo:
    """How a call, or a stream that it had opened, failed for good; told once, before the caller sees it.

    Args:
      request: the last request of the call.
      error: what the caller sees; `asyncio.CancelledError` where the application cancelled.
      elapsed: seconds since the call began.
      status_code: HTTP status of the last answer, or None.

    Attributes:
      request: the last request of the call.
      error: what the caller sees.
      elapsed: seconds since the call began.
      status_code: HTTP status of the answer the error is about; None where none had come.
    """

    __slots__ = ("elapsed", "error", "request", "status_code")

    def __init__(
        self, request: RequestInfo, error: BaseException, elapsed: float, status_code: int | None
    ) -> None:
        self.request = request
        self.error = error
        self.elapsed = elapsed
        self.status_code = status_code

    @property
    def context(self) -> dict[Any, Any]:
        """The call's dict: `request.context`."""
        return self.request.context

    @property
    def attempt(self) -> int:
        """Number of the last attempt, 0 for the first."""
        return self.request.attempt

    @property
    def is_cancelled(self) -> bool:
        """Whether the application cancelled the call."""
        return not isinstance(self.error, Exception)

    @property
    def reason(self) -> str:
        """Why, in few words: `status 400`, `timeout deadline`, `connection`, `cancelled`, or a class name."""
        return reason_of(self.error)

    def __repr__(self) -> str:
        return f"<ErrorInfo {self.reason!r} of {self.request!r}>"


class StreamEventInfo:
    """One event of a stream, told before the application gets it.

    Args:
      response: the answer whose body the stream is.
      event: the event.
      index: its number.
      elapsed: seconds since the call began.

    Attributes:
      response: the answer whose body the stream is.
      event: the very object the application gets; its fields are parsed when read.
      index: 0 for the first event.
      elapsed: seconds since the call began.
    """

    __slots__ = ("elapsed", "event", "index", "response")

    def __init__(self, response: ResponseInfo, event: Any, index: int, elapsed: float) -> None:
        self.response = response
        self.event = event
        self.index = index
        self.elapsed = elapsed

    @property
    def request(self) -> RequestInfo:
        """The request that asked for the stream."""
        return self.response.request

    @property
    def context(self) -> dict[Any, Any]:
        """The call's dict: `request.context`."""
        return self.response.request.context

    def __repr__(self) -> str:
        return f"<StreamEventInfo {self.index} of {self.request!r}>"


class Hooks:
    """A base for hooks; any object with some of these methods will do as well.

    A call tells `on_request` and `on_response` for each attempt and each redirect followed, `on_retry` before
    each wait, and `on_error` once if it fails. A stream tells `on_stream_event` for each event, parsed raw
    responses included, and `on_error` if it ends badly; a body read with `iter_bytes` or `iter_lines` has no
    events. A stream that goes on in another request where it broke tells `on_retry`, then that request, all
    with the context of the call; `on_error` only when it is given up. The time of hooks counts towards the
    call's `deadline`.

    An exception in a hook ends the call: it reaches the caller as it is, is never retried, and is told to all
    hooks through `on_error`; the connection goes back to the pool or is closed, as the answer allows. In
    `on_error` itself every hook is told; then the first exception takes the place of the error, which becomes
    its `__context__`.
    """

    def on_request(self, request: RequestInfo) -> Awaitable[None] | None:
        """A request is about to be sent.

        Args:
          request: what is sent; its `context` is yours, `add_header` adds to it.
        """

    def on_response(self, response: ResponseInfo) -> Awaitable[None] | None:
        """An answer came, of any status.

        Args:
          response: the answer.
        """

    def on_retry(self, retry: RetryInfo) -> Awaitable[None] | None:
        """An attempt failed and the next one will be made after a wait.

        Args:
          retry: what failed, and how long the wait is.
        """

    def on_error(self, error: ErrorInfo) -> Awaitable[None] | None:
        """A call or a stream failed for good, or was cancelled.

        Arguments that are refused before anything is sent are not told.

        Args:
          error: the failure.
        """

    def on_stream_event(self, event: StreamEventInfo) -> Awaitable[None] | None:
        """A stream gives an event to the application.

        Args:
          event: the event.
        """


HOOK_NAMES = ("on_request", "on_response", "on_retry", "on_error", "on_stream_event")
"""The methods a hook may have."""


def reason_of(error: BaseException) -> str:
    """Why a request failed, in few words.

    Args:
      error: what it failed with.
    """
    from .errors import APIConnectionError, APIStatusError, APIStreamTruncatedError, APITimeoutError

    if isinstance(error, APIStatusError):
        return f"status {error.status_code}"
    if isinstance(error, APITimeoutError):
        return f"timeout {error.limit}" if error.limit else "timeout"
    if isinstance(error, APIStreamTruncatedError):
        return "truncated"
    if isinstance(error, APIConnectionError):
        return "connection"
    return type(error).__name__ if isinstance(error, Exception) else "cancelled"
