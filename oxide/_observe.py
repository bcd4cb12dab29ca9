"""Telling hooks: which of them want what, one call's events, a lane and a stream that are watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from ._logging import INFO, LogHooks, logger
from .hooks import HOOK_NAMES, ErrorInfo, Hooks, RequestInfo, ResponseInfo, RetryInfo, StreamEventInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from .transport.request import Attempt, Lane, PreparedRequest, RawAnswer

    Told = tuple[Callable[[Any], Any], ...]

__all__ = ["HookSet", "Observation", "WatchedEvents", "WatchedLane", "hook_set"]


def _wanted(hooks: Iterable[object], name: str) -> Told:
    base = getattr(Hooks, name)
    found = [getattr(hook, name, None) for hook in hooks]
    return tuple(f for f in found if f is not None and getattr(f, "__func__", f) is not base)


async def _tell(told: Told, info: object) -> None:
    for tell in told:
        waiting = tell(info)
        if waiting is not None and hasattr(waiting, "__await__"):
            await waiting


class HookSet:
    """Hooks by what they want to hear.

    Args:
      hooks: objects with some of the methods of `oxide.Hooks`.

    Attributes:
      hooks: the objects.
      streams: whether the events of streams are watched.
    """

    __slots__ = ("_logged", "error", "hooks", "request", "response", "retry", "stream_event", "streams")

    def __init__(self, hooks: tuple[object, ...]) -> None:
        self.request, self.response, self.retry, self.error, self.stream_event = (
            _wanted(hooks, name) for name in HOOK_NAMES
        )
        self.streams = bool(self.stream_event or self.error)
        self.hooks = hooks
        self._logged: HookSet | None = None

    def observation(self) -> Observation:
        """What tells these hooks of one call."""
        return Observation(self)

    @property
    def logged(self) -> HookSet:
        """The same hooks, and the log before them."""
        if self._logged is None:
            self._logged = both = HookSet((LogHooks(), *self.hooks))
            # Watching each event only to log how a stream failed would double what an event costs.
            both.streams = self.streams
        return self._logged


def hook_set(hooks: object) -> HookSet | None:
    """Check what `hooks=` was given.

    Args:
      hooks: a list of hooks, or None.

    Returns:
      What tells them; None where there are none.

    Raises:
      TypeError: it is no list, or something in it has no method of a hook.
    """
    if hooks is None:
        return None
    if isinstance(hooks, (str, bytes)) or not isinstance(hooks, Iterable):
        raise TypeError(f"hooks must be a list of objects, not {type(hooks).__name__}")
    found: tuple[object, ...] = tuple(hooks)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    for hook in found:
        if isinstance(hook, type):
            raise TypeError(f"hooks takes objects: pass {hook.__name__}(), not the class {hook.__name__}")
        if not any(callable(getattr(hook, name, None)) for name in HOOK_NAMES):
            known = ", ".join(HOOK_NAMES)
            raise TypeError(f"{type(hook).__name__} is no hook: it has none of {known}")
    return HookSet(found) if found else None


_NO_HOOKS = HookSet(())


class Observation:
    """What one call tells.

    Args:
      hooks: who is told, besides the log where that is on.

    Attributes:
      held: errors that are not told yet: another request may make them good.
      index: number of the stream's next event.
    """

    __slots__ = ("_added", "_request", "_status", "_told", "context", "held", "hooks", "index", "started")

    def __init__(self, hooks: HookSet | None = None) -> None:
        hooks = _NO_HOOKS if hooks is None else hooks
        self.hooks = hooks.logged if logger.isEnabledFor(INFO) else hooks
        self.context: dict[Any, Any] = {}
        self.started = 0.0
        self.held: tuple[type[BaseException], ...] = ()
        self.index = 0
        self._added: set[str] = set()
        self._request: RequestInfo | None = None
        self._status: int | None = None
        self._told = False

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return asyncio.get_running_loop().time() - self.started

    async def sending(self, prepared: PreparedRequest, attempt: Attempt) -> None:
        """Tell `on_request`.

        Args:
          prepared: the request.
          attempt: the attempt.
        """
        self._request = info = RequestInfo(prepared, attempt, self.context, self._added)
        self._status = None
        try:
            await _tell(self.hooks.request, info)
        finally:
            info.seal()

    async def answered(self, answer: RawAnswer) -> None:
        """Tell `on_response`.

        Args:
          answer: the answer.
        """
        self._status = answer.status
        if self.hooks.response:
            try:
                await _tell(self.hooks.response, self.response(answer))
            except BaseException:
                if answer.request.stream and answer.status < 400:
                    answer.abort()
                raise

    def response(self, answer: RawAnswer) -> ResponseInfo:
        """An answer as hooks see it.

        Args:
          answer: the answer.
        """
        request = self._request
        if request is None:
            request = RequestInfo(answer.request, answer.attempt, self.context)
        return ResponseInfo(request, answer)

    async def retrying(self, error: Exception, wait: float) -> None:
        """Tell `on_retry`.

        Args:
          error: why the attempt failed.
          wait: seconds until the next one.
        """
        assert self._request is not None
        await _tell(self.hooks.retry, RetryInfo(self._request, error, wait))

    async def resuming(
        self, error: Exception, wait: float, prepared: PreparedRequest, answer: RawAnswer | None
    ) -> None:
        """Tell `on_retry` of a stream that goes on in another request.

        Args:
          error: why the one before broke, or could not be made.
          wait: seconds until the next one.
          prepared: the request that failed.
          answer: its answer, when that was a stream.
        """
        if answer is not None:
            request = self.response(answer).request
        else:
            request = RequestInfo(prepared, None, self.context)
        await _tell(self.hooks.retry, RetryInfo(request, error, wait))

    def events(self, events: Any, answer: RawAnswer) -> Any:
        """The events of a stream, watched where somebody wants to hear of them.

        Args:
          events: the stream's own iterator.
          answer: whose body it reads.
        """
        return WatchedEvents(events, answer, self) if self.hooks.streams else events

    def over(self) -> None:
        """The transport has done its part: a request and what watches it must not hold each other."""
        self._request = None

    async def failed(
        self, error: BaseException, prepared: PreparedRequest, answer: RawAnswer | None = None
    ) -> None:
        """Tell `on_error`, once; every hook is told, whatever another one raises.

        Args:
          error: what the caller will see.
          prepared: the request.
          answer: its answer, when the transport has done its part.

        Raises:
          BaseException: the first that a hook raised.
        """
        if self._told or isinstance(error, self.held):
            return
        if not isinstance(error, (Exception, asyncio.CancelledError)):
            return
        self._told = True
        if answer is not None:
            request = self.response(answer).request
        else:
            request = self._request or RequestInfo(prepared, None, self.context)
        status = getattr(getattr(error, "response", None), "status_code", self._status)
        info = ErrorInfo(request, error, self.elapsed, status)
        raised: BaseException | None = None
        for tell in self.hooks.error:
            try:
                await _tell((tell,), info)
            except (Exception, asyncio.CancelledError) as exc:
                raised = raised or exc
        if raised is not None:
            raise raised


class WatchedLane:
    """A lane whose requests and answers are told.

    Args:
      lane: sends them.
      watch: tells them.
    """

    __slots__ = ("_lane", "_watch")

    def __init__(self, lane: Lane, watch: Observation) -> None:
        self._lane = lane
        self._watch = watch

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop the lane lives in."""
        return self._lane.loop

    async def send(self, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer:
        """Make one attempt, as the lane does."""
        if not attempt.fresh:
            # Sent again because a kept-alive connection was dead: the server never saw it, nor do the hooks.
            await self._watch.sending(prepared, attempt)
        answer = await self._lane.send(prepared, attempt)
        await self._watch.answered(answer)
        return answer

    def close(self, exc: BaseException | None = None) -> None:
        """Close the lane."""
        self._lane.close(exc)


class WatchedEvents:
    """The events of a stream, told before they are given out.

    Args:
      events: the stream's own iterator.
      answer: whose body it reads.
      watch: tells them.
    """

    def __init__(self, events: Any, answer: RawAnswer, watch: Observation) -> None:
        self._events = events
        self._answer = answer
        self._watch = watch
        self._response = watch.response(answer)
        self._index = watch.index

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        watch = self._watch
        try:
            event = await self._events.__anext__()
            if watch.hooks.stream_event:
                info = StreamEventInfo(self._response, event, self._index, watch.elapsed)
                await _tell(watch.hooks.stream_event, info)
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self._events.close()
            await watch.failed(error, self._answer.request, self._answer)
            raise
        self._index += 1
        watch.index = self._index
        return event

    @property
    def count(self) -> int:
        """Events given out."""
        return self._index

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended, well or badly, or was closed."""
        return bool(self._events.is_over)

    def close(self) -> None:
        """End the stream."""
        self._events.close()
