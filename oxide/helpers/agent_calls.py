"""An agent's tools: which of them run here, how they run, and what the model is told of a call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import ToolArgumentsError, mapping_of

from .agent_events import ToolFinishedEvent, ToolStartedEvent
from .given_tools import CallableTool

if TYPE_CHECKING:
    from .function_calls import FunctionCall
    from .tools import FunctionTool

__all__ = ["ToolRuns", "add_usage", "functions_of", "sendable", "told", "waiting"]


class ToolRuns:
    """The tools an agent runs: limited in number and time, ended together.

    Args:
      functions: by name.
      limit: how many run at a time; those over their time do not count.
      timeout: seconds each may take once it has begun; None for no limit.
    """

    def __init__(
        self, functions: Mapping[str, FunctionTool[..., Any]], limit: int, timeout: float | None
    ) -> None:
        self._functions = functions
        self._slots = asyncio.Semaphore(limit)
        self._timeout = timeout
        self._running: set[asyncio.Task[ToolFinishedEvent]] = set()
        self._ended: deque[asyncio.Task[ToolFinishedEvent]] = deque()
        self._cancelled = False

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

    def finished(self) -> Iterator[ToolFinishedEvent]:
        """Those that have ended since this was last asked for.

        Raises:
          BaseException: what a tool raised that is no Exception, such as SystemExit.
        """
        while self._ended:
            yield self._ended.popleft().result()

    async def more(self) -> bool:
        """Wait until one has ended; False where none is left."""
        if self._running and not self._ended:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return bool(self._ended)

    async def cancel(self) -> None:
        """Cancel those that run, and wait until they have ended."""
        self._cancelled = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, *self._ended, return_exceptions=True)

    def _end(self, task: asyncio.Task[ToolFinishedEvent]) -> None:
        self._running.discard(task)
        self._ended.append(task)

    async def _execute(self, call: FunctionCall, turn: int) -> ToolFinishedEvent:
        failure: Exception
        try:
            async with self._slots:
                return await asyncio.wait_for(self._outcome(call, turn), self._timeout)
        except asyncio.CancelledError:
            if self._cancelled:
                raise
            failure = RuntimeError("the tool was cancelled")
        except asyncio.TimeoutError:
            failure = TimeoutError(f"it took longer than {self._timeout} s")
        return ToolFinishedEvent(call, turn, told(failure), failure)

    async def _outcome(self, call: FunctionCall, turn: int) -> ToolFinishedEvent:
        try:
            return ToolFinishedEvent(call, turn, sendable(await self._call(call)))
        except Exception as error:
            # Within the limit: a TimeoutError of the tool's own is not the limit's.
            return ToolFinishedEvent(call, turn, told(error), error)

    async def _call(self, call: FunctionCall) -> Any:
        tool = self._functions.get(call.name)
        if tool is None:
            names = ", ".join(self._functions)
            raise LookupError(f"there is no tool {call.name!r}" + (f", only {names}" if names else ""))
        return await tool.call(call.arguments)


def functions_of(tools: Iterable[Mapping[str, Any]]) -> dict[str, FunctionTool[..., Any]]:
    """The functions among an agent's tools, by name.

    Args:
      tools: as `tools_for_responses` gives them.

    Raises:
      ValueError: two have one name, or one could only run here and is no function.
    """
    found: dict[str, FunctionTool[..., Any]] = {}
    for tool in tools:
        kind, name = tool.get("type"), tool.get("name")
        if isinstance(tool, CallableTool):
            if tool.tool.name in found:
                raise ValueError(f"two tools are called {name!r}: give one another name")
            found[tool.tool.name] = tool.tool
        elif kind == "function":
            raise ValueError(f"the tool {name!r} has nothing to call: give the function itself")
        elif kind == "namespace":
            raise ValueError(
                f"the tools of the namespace {name!r} have nothing to call: give the functions themselves"
            )
        elif kind in _LOCAL or _runs_here(tool):
            raise ValueError(
                f"a tool of type {kind!r} runs on this side, and an agent runs functions only: "
                "make it one with @openai_tool, or answer its calls in a loop over responses.stream"
            )
    return found


def told(error: Exception) -> str:
    """What the model is told of a tool that failed.

    Args:
      error: what it raised.
    """
    if isinstance(error, ToolArgumentsError):
        return str(error)
    try:
        text = str(error)
    except Exception:
        text = "it cannot be shown"
    name = type(error).__name__
    return f"Error: {name}: {text}" if text else f"Error: {name}"


def sendable(result: object) -> str | list[Any]:
    """What a tool returned, as the output of its call: text, or parts such as images; all else as JSON."""
    if isinstance(result, str):
        return result
    if isinstance(result, list) and result:
        parts = cast("list[object]", result)
        if all(mapping_of(part).get("type") in _PARTS for part in parts):
            return parts
    from pydantic_core import to_json

    return to_json(result).decode()


def waiting(output: Iterable[Any]) -> list[Any]:
    """The items that wait for somebody to answer them, calls of functions aside.

    Args:
      output: items of a response's output.

    Source: `ResponseSteerRequiredInput` lists what a response can wait for.
    """
    items = list(output)
    answered = {getattr(item, "call_id", None) for item in items if item.type.endswith("_output")}
    return [
        item
        for item in items
        if item.type == "mcp_approval_request"
        or (item.type in _LOCAL_CALLS and item.call_id not in answered)
        or (item.type == "shell_call" and item.call_id not in answered and _is_local(item.environment))
        or (item.type == "tool_search_call" and item.execution == "client")
    ]


def add_usage(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add the tokens of one response.

    Args:
      total: counts so far; it is changed.
      more: those of the response, nested alike.
    """
    for name, count in more.items():
        if isinstance(count, Mapping):
            add_usage(total.setdefault(name, {}), cast("Mapping[str, Any]", count))
        elif isinstance(count, int):
            total[name] = total.get(name, 0) + count


_LOCAL = frozenset(("apply_patch", "computer", "computer_use_preview", "custom", "local_shell"))
_LOCAL_CALLS = frozenset(("apply_patch_call", "computer_call", "custom_tool_call", "local_shell_call"))
_PARTS = frozenset(("input_text", "input_image", "input_file"))


def _runs_here(tool: Mapping[str, Any]) -> bool:
    """Whether a tool that can run on either side is to run on this one."""
    return mapping_of(tool.get("environment")).get("type") == "local" or tool.get("execution") == "client"


def _is_local(environment: Any) -> bool:
    return environment is None or environment.type == "local"
