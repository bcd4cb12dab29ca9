"""The steps of a stream helper in pure Python: twin of ``steps_c``."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from oxide.errors import APIStreamTruncatedError

__all__ = ["HelperSteps"]


class HelperSteps:
    """Iterates over the events that are made of raw ones.

    Args:
        raw_events: an iterator over the raw events.
        handle: ``handle(state, raw)`` returns the events that a raw one stands for.
        state: its first argument.
    """

    def __init__(self, raw_events: Any, handle: Callable[[Any, Any], list[Any]], state: Any) -> None:
        self._raw_events = raw_events
        self._handle = handle
        self._handle_state = state
        self._pending: deque[Any] = deque()
        self._ended = False
        self._failure: BaseException | None = None

    def _truncated(self, message: str) -> APIStreamTruncatedError:
        raise NotImplementedError

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """Wait for the next event.

        Raises:
            StopAsyncIteration: the stream is complete, or was closed.
            APIError: it ended badly.
        """
        if self._pending:
            return self._pending.popleft()
        events: list[Any] = []
        while not events:
            try:
                events = self._handle(self._handle_state, await self._raw_events.__anext__())
            except StopAsyncIteration:
                self._ended = True
                raise
            except Exception as error:
                self._failure = error
                self._raw_events.close()
                raise
            except BaseException:
                # Cancelled: later calls are no part of that.
                self._failure = self._truncated("The stream was cancelled before it was complete.")
                self._raw_events.close()
                raise
        self._pending.extend(events[1:])
        return events[0]
