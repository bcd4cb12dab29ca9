"""Events for ``async for`` in pure Python: twin of iterator_c, which says why things are as they are."""

from __future__ import annotations

from collections import deque
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from oxide.errors import APIError

from . import endings
from .limits import DEFAULT_MAX, EventLimitError
from .sse_py import ServerSentEvent, SSEDecoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    class Waiter(Awaitable[None], Protocol):
        """A future."""

        def done(self) -> bool: ...
        def set_result(self, result: None, /) -> None: ...

    class Timer(Protocol):
        """What ``call_later`` returns."""

        def cancel(self) -> None: ...

    class Loop(Protocol):
        """What is asked of an event loop."""

        def create_future(self) -> Waiter: ...
        def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer: ...
        def call_soon_threadsafe(self, callback: Callable[[], object], /) -> object: ...
        def is_closed(self) -> bool: ...
        def time(self) -> float: ...


__all__ = ["EventFeed", "EventStream"]

OPEN, ENDING, OVER = range(3)
UNKNOWN, EVENTS, JUNK = range(3)


class EventFeed:
    """The receiving half, held by the connection; apart, so that dropping the iterator is noticed."""

    def __init__(self, max_event: int, max_line: int, high_water: int) -> None:
        self.decoder = SSEDecoder(max_event or DEFAULT_MAX, max_line or DEFAULT_MAX)
        self.pieces: deque[bytes] = deque()
        self.events: deque[ServerSentEvent] = deque()
        self.held = 0
        self.high_water = high_water
        self.ended = self.full = self.deaf = False
        self.nature = UNKNOWN
        self.doubtful = False
        self.waiter: Waiter | None = None
        self.error: BaseException | None = None
        self.junk: list[bytes] = []
        self.junk_size = 0

    def feed_data(self, data: bytes) -> bool:
        """Take bytes; True when the sender should stop reading until it is told to go on."""
        if self.deaf:
            return False
        if self.nature == UNKNOWN:
            start = data.lstrip(b" \t\r\n")[:1]
            if start:
                doubtful = self.doubtful and not endings.begins_like_events(data.lstrip(b" \t\r\n")[:8])
                self.nature = JUNK if start in b"<{[" or doubtful else EVENTS
        if self.nature == JUNK:
            self.junk.append(data)
            self.junk_size += len(data)
            self.full = self.junk_size > endings.JUNK_LIMIT
            if self.full:
                self.wake()
            return self.full
        self.pieces.append(data)
        self.held += len(data)
        self.wake()
        self.full = self.held > self.high_water
        return self.full

    def feed_eof(self) -> None:
        """The body is complete."""
        self.ended = True
        self.wake()

    def set_exception(self, exc: BaseException) -> None:
        """The body broke off."""
        self.ended = True
        self.error = exc
        self.wake()

    def wake(self) -> None:
        """Let the consumer look again."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def next(self) -> ServerSentEvent | None:
        """The next event, or None when more bytes are needed."""
        while not self.events and self.pieces:
            piece = self.pieces.popleft()
            self.held -= len(piece)
            self.events.extend(self.decoder.feed(piece))
        if not self.events and not self.ended:
            # The decoder keeps an error for the call after the one that returned the events before it.
            self.decoder.feed(b"")
        return self.events.popleft() if self.events else None


class EventStream:
    """An asynchronous iterator over the events of an answer.

    Args:
        answer: the answer of a streaming request, not yet read.
        factory: makes the events.
        loop: the running loop.
        choices: how many choices a chat has; tells whether one that lacks ``[DONE]`` is complete.
        max_event: bytes one event may have; 0 for the default of 64 MiB.
        max_line: bytes one line may have; 0 for the default.
        high_water: bytes held unread before the connection stops reading.
        subscription: errors among the events are events like others, and the body may end anywhere.
    """

    def __init__(
        self,
        answer: Any,
        factory: Any,
        loop: Loop,
        *,
        choices: int = 1,
        max_event: int = 0,
        max_line: int = 0,
        high_water: int = 256 * 1024,
        subscription: bool = False,
    ) -> None:
        self._subscription = subscription
        self._answer = answer
        self._factory = factory
        self._loop = loop
        self._choices = choices
        self._phase = OPEN
        self._feed = feed = EventFeed(max_event, max_line, high_water)
        self._waiter: Waiter | None = None
        self._timer: Timer | None = None
        self._soft_end = self._timed_out = self._closed = False
        self._finished: set[int] = set()
        self._log: deque[tuple[str | None, bytes]] = deque()
        self._log_size = 0
        self.count = 0
        self._created = monotonic()
        self._limit_at = self._timer_at = 0.0
        timeout = answer.request.timeout
        idle, first = timeout.stream_idle, timeout.first_event
        self._idle = inf if idle is None else idle
        self._first = self._idle if first is None else first
        self._own_first = first is not None
        deadline = answer.attempt.deadline_at
        self._deadline = inf if deadline is None else self._created + deadline - loop.time()
        kind = answer.header(b"content-type")
        if kind is not None and b"html" in kind:
            feed.nature = JUNK
        # Some servers send events as text/plain: what the body begins with decides.
        feed.doubtful = kind is None or b"event-stream" not in kind
        answer.bind(feed)

    def __del__(self) -> None:
        feed = getattr(self, "_feed", None)
        if feed is not None and self._phase == OPEN and not feed.ended and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answer.abort)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("another task waits for this stream's next event already")
        while True:
            event = self._pull()
            if event is not None:
                self._limit_at = 0.0
                self._timed_out = False
                return event
            waiter = self._waiter = self._feed.waiter = self._loop.create_future()
            if self._phase == OPEN:
                self._arm(self._first if self.count == 0 else self._idle)
            try:
                await waiter
            except BaseException:
                self._waiter = self._feed.waiter = None
                self.close()
                raise
            self._waiter = None

    def close(self) -> None:
        """End the stream; its connection is kept if the body was read to its end, else closed."""
        if self._phase == OPEN:
            self._quit()
            self._phase = OVER
        self._feed.wake()

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended, well or badly, or was closed."""
        return self._phase == OVER

    def _quit(self) -> None:
        self._feed.deaf = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._feed.ended:
            self._feed.ended = True
            self._answer.abort()

    def _pull(self) -> Any:
        feed = self._feed
        while self._phase == OPEN:
            if feed.nature == JUNK:
                if not feed.ended and not feed.full:
                    return self._wait_more()
                self._give_up(endings.not_a_stream(b"".join(feed.junk), self._answer))
            try:
                found = feed.next()
            except EventLimitError as exc:
                what = "an event" if exc.setting == "max_event" else "a line"
                self._give_up(endings.oversized(exc.size, exc.limit, what, self._answer))
            if found is None:
                if not feed.ended:
                    return self._wait_more()
                self._at_end()
            elif found.data.startswith("[DONE]"):
                self._terminate()
            elif found.data:
                return self._deliver(found.event, found.data.encode())
        if self._phase == ENDING and not feed.ended:
            return None
        if self._phase != OVER:
            self._phase = OVER
            self._quit()
        raise StopAsyncIteration

    def _deliver(self, name: str | None, data: bytes) -> Any:
        if self._closed and not endings.is_json(data):
            self._give_up(endings.truncated(self._answer, self._partial(data)))
        try:
            event = self._factory.make_event(name, data)
        except APIError as exc:
            self._give_up(exc)
        except BaseException:
            self._phase = OVER
            self._quit()
            raise
        kind = name or self._look(data)
        if kind in endings.HARD_ENDS:
            self._terminate()
        elif kind in endings.SOFT_ENDS:
            self._soft_end = True
        elif kind == "error" and not self._subscription:
            self._give_up(endings.error_event(data))
        self.count += 1
        self._note(name, data)
        return event

    def _look(self, data: bytes) -> str | None:
        start = data[1:64].replace(b" ", b"")
        if start.startswith(b'"type":"'):
            return start[8:].partition(b'"')[0].decode("utf-8", "replace")
        if b'"finish_reason"' in data:
            self._finished.update(endings.finished_choices(data))
        return None

    def _wait_more(self) -> None:
        if self._timed_out:
            self._limit_ran_out()
        if self._feed.full:
            self._feed.full = False
            self._answer.resume_reading()

    def _terminate(self) -> None:
        self._phase = ENDING
        self._feed.deaf = True
        if not self._feed.ended:
            self._answer.expect_end(endings.END_WAIT)

    def _at_end(self) -> None:
        whole = self._soft_end or len(self._finished) >= self._choices
        feed = self._feed
        if feed.error is not None:
            if not whole:
                self._give_up(endings.broken(feed.error, self._answer, self._partial(), self._elapsed()))
        elif not self._closed:
            self._closed = True
            feed.events.extend(feed.decoder.close())
            return
        elif not whole and not self._subscription:
            self._give_up(endings.truncated(self._answer, self._partial()))
        self._phase = ENDING

    def _give_up(self, error: BaseException) -> NoReturn:
        self._phase = OVER
        if isinstance(error, APIError) and error.partial is None:
            endings.attach(error, self._answer, self._partial())
        self._quit()
        raise error

    def _limit_ran_out(self) -> None:
        seconds = self._first if self.count == 0 else self._idle
        name = "first_event" if self.count == 0 and self._own_first else "stream_idle"
        if self._limit_at >= self._deadline:
            name = "deadline"
            seconds = self._answer.request.deadline or 0.0
        self._give_up(endings.timed_out(name, seconds, self._answer, self._partial(), self._elapsed()))

    def _elapsed(self) -> float:
        return float(self._loop.time() - self._answer.attempt.started_at)

    def _arm(self, limit: float) -> None:
        if self._limit_at != 0.0 or (limit == inf and self._deadline == inf):
            return
        now = monotonic()
        self._limit_at = min(self._deadline, (self._created if self.count == 0 else now) + limit)
        if self._timer is not None:
            if self._timer_at <= self._limit_at:
                return
            self._timer.cancel()
        self._timer_at = self._limit_at
        self._timer = self._loop.call_later(max(0.0, self._limit_at - now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._limit_at == 0.0 or self._phase != OPEN:
            return
        now = monotonic()
        if now < self._limit_at:
            self._timer_at = self._limit_at
            self._timer = self._loop.call_later(self._limit_at - now, self._on_timer)
            return
        self._timed_out = True
        self._feed.wake()

    def _note(self, name: str | None, data: bytes) -> None:
        self._log.append((name, data))
        self._log_size += len(data) + len(name or "") + 8
        while self._log_size > endings.LOG_SIZE:
            old_name, old = self._log.popleft()
            self._log_size -= len(old) + len(old_name or "") + 8

    def _partial(self, rest: bytes = b"") -> endings.Partial:
        return endings.Partial(self.count, list(self._log), self._factory.make_event, rest)
