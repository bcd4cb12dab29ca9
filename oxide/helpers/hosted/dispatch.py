"""Functions of the program that an agent calls: run when their call event comes, their result sent back."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from oxide._body import encode_body
from oxide.constants import RAW_RESPONSE_HEADER
from oxide.errors import BadRequestError

from .tools import FunctionTool, ToolOutput

if TYPE_CHECKING:
    from oxide.options import Headers, NotGiven
    from oxide.resources.beta.agents.sessions.sessions import AsyncSessions
    from oxide.timeouts import TimeoutTypes

__all__ = ["AgentToolError", "AsyncToolErrorHandler", "AsyncToolHandler", "Dispatcher", "ToolOutput"]

AsyncToolHandler = Callable[[dict[str, Any]], ToolOutput | Awaitable[ToolOutput]]
"""Takes the arguments of a call; may be a coroutine function."""

_WAITS = (0.1, 0.3, 0.6)


@dataclass(frozen=True)
class AgentToolError:
    """What went wrong in a handler; the model is told only that it failed.

    Attributes:
      error: the exception.
      tool_name: name of the function.
      session_id, turn_id, call_id: whose call it was.
      stage: while its `arguments` were read, at its `execution`, or while its `output` was written.

    Source: same name and attributes as in the official SDK.
    """

    error: Exception
    tool_name: str
    session_id: str
    turn_id: str
    call_id: str
    stage: Literal["arguments", "execution", "output"]


AsyncToolErrorHandler = Callable[[AgentToolError], Awaitable[None] | None]
"""Told of what went wrong in handlers; may be a coroutine function."""


class Dispatcher:
    """Runs handlers and sends what they give.

    Args:
      sessions: the resource the results are sent through.
      handlers: functions by the name the agent knows them under.
      on_tool_error: told of what goes wrong in them.
      extra_headers: headers of the requests; an idempotency key among them is not used for results.
      timeout: limits of the requests.
    """

    def __init__(
        self,
        sessions: AsyncSessions,
        handlers: Mapping[str, AsyncToolHandler] | None,
        *,
        on_tool_error: AsyncToolErrorHandler | None = None,
        extra_headers: Headers | None,
        timeout: TimeoutTypes | NotGiven,
    ) -> None:
        self.handlers = dict(handlers or {})
        self._sessions = sessions
        self._on_tool_error = on_tool_error
        self._options: dict[str, Any] = {"extra_headers": own_headers(extra_headers), "timeout": timeout}
        self._taken: set[tuple[str, str]] = set()

    def take(self, event: Any) -> tuple[str, Any, AsyncToolHandler] | None:
        """The call an event asks for, once; None where it asks for none that a handler is there for."""
        item: Any = event.item if event.type == "agent.session.turn.item.added" else None
        if item is None or item.type != "function_call" or item.name not in self.handlers:
            return None
        asked = (item.turn_id, item.call_id)
        if asked in self._taken:
            # A stream that was read again tells of it again.
            return None
        self._taken.add(asked)
        return event.session_id, item, self.handlers[item.name]

    async def run(self, session_id: str, call: Any, handler: AsyncToolHandler) -> None:
        """Run a handler and send its result.

        Args:
          session_id: the session.
          call: the function call of the agent.
          handler: what runs it.

        Raises:
          APIError: the result could not be sent. What the handler raises is told to `on_tool_error` alone.
        """
        stage: Literal["arguments", "execution", "output"] = "arguments"
        result: dict[str, Any] = {
            "type": "agent.session.input.tool_result",
            "turn_id": call.turn_id,
            "call_id": call.call_id,
        }
        try:
            arguments: Any = call.arguments
            if isinstance(arguments, str):
                arguments = json.loads(arguments)
            if not isinstance(arguments, Mapping):
                raise ValueError(
                    f"the arguments of {call.name} are {type(arguments).__name__}, not an object"
                )
            given = dict(cast("Mapping[str, Any]", arguments))
            run: Callable[[Any], Any] = handler
            if isinstance(handler, FunctionTool):
                run, given = handler.run, handler.validated(given)
            stage = "execution"
            output: Any = run(given)
            if inspect.isawaitable(output):
                output = await output
            stage = "output"
            if isinstance(handler, FunctionTool):
                output = handler.output(output)
            result.update(success=True, output=_content(output))
        except Exception as error:
            # The exception's text may hold what the model must not see.
            result.update(success=False, error="Tool handler failed.")
            await self._tell(
                AgentToolError(error, call.name, session_id, call.turn_id, call.call_id, stage),
            )
        await self._send(session_id, result)

    async def _tell(self, error: AgentToolError) -> None:
        if self._on_tool_error is None:
            return
        try:
            told = self._on_tool_error(error)
            if inspect.isawaitable(told):
                await told
        except Exception:
            from oxide._logging import logger

            logger.exception("on_tool_error failed for the tool %s", error.tool_name)

    async def _send(self, session_id: str, result: dict[str, Any]) -> None:
        key = str(uuid4())
        for wait in (*_WAITS, None):
            try:
                await self._sessions.events.create(
                    session_id, events=cast("Any", [result]), idempotency_key=key, **self._options
                )
                return
            except BadRequestError as error:
                # The event of a call can be here before the server waits for its result.
                body: Any = error.body
                expected = f"Unknown pending tool call: {result['call_id']}"
                early = isinstance(body, Mapping) and cast("Any", body).get("message") == expected
                if wait is None or not early:
                    raise
                await asyncio.sleep(wait)


def own_headers(headers: Headers | None) -> Headers | None:
    """Headers that may go with several requests: no idempotency key, no request for raw answers.

    Args:
      headers: those of the call.
    """
    if headers is None:
        return None
    once = ("idempotency-key", RAW_RESPONSE_HEADER.lower())
    return {name: value for name, value in headers.items() if name.lower() not in once}


def _content(output: Any) -> Any:
    """What a handler gave, as it is sent."""
    if isinstance(output, Mapping):
        output = json.dumps(dict(cast("Mapping[str, Any]", output)), separators=(",", ":"))
    elif output is not None and not isinstance(output, str):
        output = list(output)
    encode_body({"output": output})
    return output
