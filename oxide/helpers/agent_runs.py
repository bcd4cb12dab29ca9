"""An agent's tools as they run, and the events of a response while they do."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from .agent_calls import sendable, told
from .agent_events import ToolFinishedEvent, ToolStartedEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from .function_calls import FunctionCall
    from .response_stream import AsyncResponseStream
    from .tools import FunctionTool

__all__ = ["EventsAndTools", "ToolRuns"]

_AHEAD = 64
"""Events that are read before somebody asks for them."""


class ToolRuns:
    """The tools an agent runs: limited in number and time, ended together.

    Args:
      functions: by name.
      limit: how many run at a time; those over their time do not count.
      timeout: seconds each may take once it has begun; None for no limit.

    Attributes:
      news: set whenever one has ended.
    """

    def __init__(
        self, functions: Mapping[str, FunctionTool[..., Any]], limit: int, timeout: float | None
    ) -> None:
        self._functions = functions
        self._slots = asyncio.Semaphore(limit)
        self._timeout = timeout
        self._running: set[asyncio.Task[ToolFinishedEvent]] = set()
        self._ended: deque[asyncio.Task[ToolFinishedEvent]] = deque()
        self.news = asyncio.Event()
        # Cancelled, and not yet at their end.
        self._late: set[asyncio.Task[ToolFinishedEvent]] = set()

    def start(self, call: FunctionCall, turn: int) -> ToolStartedEvent:
        """Run a call's tool as soon as there is room.

        Args:
          call: the call.
          turn: the turn it is of.
        """
        task = asyncio.create_task(self._execute(call, turn), name=f"tool {call.name}")
        self._running.add(task)
        task.add_done_callback(self._end)
        return ToolStartedEvent(call, turn)

    @property
    def running(self) -> bool:
        """Whether there are some that have not ended, or wait for room."""
        return bool(self._running)

    @property
    def ended(self) -> bool:
        """Whether some have ended since `finished` was last asked for."""
        return bool(self._ended)

    def finished(self) -> Iterator[ToolFinishedEvent]:
        """Those that have ended since this was last asked for.

        Raises:
          BaseException: what a tool raised that is no Exception, such as SystemExit.
        """
        while self._ended:
            yield self._ended.popleft().result()

    async def wait(self) -> bool:
        """Wait until one has ended; False where none is left."""
        while self._running and not self._ended:
            self.news.clear()
            await self.news.wait()
        return bool(self._ended)

    async def cancel(self) -> None:
        """Cancel those that run, and wait until they have ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, *self._ended, return_exceptions=True)
        await asyncio.gather(*self._late, return_exceptions=True)

    def _end(self, task: asyncio.Task[ToolFinishedEvent]) -> None:
        self._running.discard(task)
        self._ended.append(task)
        self.news.set()

    async def _execute(self, call: FunctionCall, turn: int) -> ToolFinishedEvent:
        failure: Exception
        async with self._slots:
            work = asyncio.create_task(self._outcome(call, turn), name=f"tool {call.name}")
            try:
                await asyncio.wait({work}, timeout=self._timeout)
            finally:
                if late := not work.done():
                    self._late.add(work)
                    work.add_done_callback(self._late.discard)
                    work.cancel()
        if late:
            failure = TimeoutError(f"it took longer than {self._timeout} s")
        elif work.cancelled():
            failure = RuntimeError("the tool was cancelled")
        else:
            return work.result()
        return ToolFinishedEvent(call, turn, told(failure), failure)

    async def _outcome(self, call: FunctionCall, turn: int) -> ToolFinishedEvent:
        try:
            return ToolFinishedEvent(call, turn, sendable(await self._call(call)))
        except Exception as error:
            return ToolFinishedEvent(call, turn, told(error), error)

    async def _call(self, call: FunctionCall) -> Any:
        tool = self._functions.get(call.name)
        if tool is None:
            names = ", ".join(self._functions)
            raise LookupError(f"there is no tool {call.name!r}" + (f", only {names}" if names else ""))
        return await tool.call(call.arguments)


class EventsAndTools:
    """Iterates over the events of a response, and gives None where a tool has ended meanwhile.

    Args:
      stream: the events.
      runs: the tools.
    """

    def __init__(self, stream: AsyncResponseStream[Any], runs: ToolRuns) -> None:
        self._stream = stream
        self._runs = runs
        self._reader: asyncio.Task[None] | None = None
        self._events: deque[Any] = deque()
        self._room = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[Any]:
        """Wait for the next event or the end of a tool.

        Raises:
          StopAsyncIteration: the response has ended.
          OpenAIError: it ended badly.
        """
        if self._reader is None:
            # Before the first tool nothing else can happen.
            if not self._runs.running:
                return self._stream.__anext__()
            self._reader = asyncio.create_task(self._read(), name="reader of a response")
        return self._event_or_tool(self._reader)

    async def _read(self) -> None:
        try:
            async for event in self._stream:
                self._events.append(event)
                self._runs.news.set()
                if len(self._events) >= _AHEAD:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._runs.news.set()

    async def _event_or_tool(self, reader: asyncio.Task[None]) -> Any:
        while not self._runs.ended:
            if self._events:
                return self._events.popleft()
            if reader.done():
                reader.result()
                raise StopAsyncIteration
            self._room.set()
            self._runs.news.clear()
            await self._runs.news.wait()
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
