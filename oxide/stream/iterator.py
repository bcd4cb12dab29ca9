"""The public stream, over the compiled iterator or its pure-Python twin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from oxide._backend import NATIVE
from oxide.constants import DEFAULT_MAX_EVENT

if TYPE_CHECKING or not NATIVE:
    from .iterator_py import EventStream
else:
    from .iterator_c import EventStream

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["AsyncStream", "EventStream"]

T_co = TypeVar("T_co", covariant=True)


class AsyncStream(Generic[T_co]):
    """The events of an answer, as they arrive.

    ``async for event in stream`` ends after the terminator, and the connection serves the next request. A
    stream that ends badly raises: ``APIStreamTruncatedError`` before its terminator, ``APITimeoutError`` when
    a limit ran out, another ``APIError`` for an error inside it; each has what had arrived as ``.partial``.

    Args:
        answer: the answer of a streaming request, its body unread.
        factory: makes the events.
        response: facts about the answer, or a function that gives them when somebody looks.
        cast_to: type of the events.
        choices: the request's ``n``, for chats on servers that send no ``[DONE]``.
        max_event: bytes one event may have.
        max_line: bytes one line may have.
        subscription: errors among the events are events like others, and the body may end anywhere.
    """

    def __init__(
        self,
        answer: Any,
        factory: Any,
        *,
        response: Any = None,
        cast_to: Any = None,
        choices: int = 1,
        max_event: int = DEFAULT_MAX_EVENT,
        max_line: int = DEFAULT_MAX_EVENT,
        subscription: bool = False,
    ) -> None:
        self._response = response
        self._cast_to = cast_to
        self._events: Any = EventStream(
            answer,
            factory,
            answer.loop,
            choices=choices,
            max_event=max_event,
            max_line=max_line,
            subscription=subscription,
        )

    @property
    def response(self) -> Any:
        """Facts about the answer; its ``aclose()`` ends the stream."""
        if callable(self._response):
            facts: Any = self._response()
            facts.tie(self._events)
            self._response = facts
        return self._response

    def __aiter__(self) -> AsyncIterator[T_co]:
        # The iterator itself, so that a loop runs without a Python frame for each event.
        events: AsyncIterator[T_co] = self._events
        return events

    def __anext__(self) -> Awaitable[T_co]:
        """Wait for the next event.

        Raises:
            StopAsyncIteration: the stream is complete, or was closed.
            APIError: it ended badly.
        """
        following: Awaitable[T_co] = self._events.__anext__()
        return following

    async def close(self) -> None:
        """End the stream; the connection is kept when the body was read to its end, else it is closed."""
        self._events.close()

    async def aclose(self) -> None:
        """End the stream; the same as ``close()``."""
        self._events.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._events.close()
