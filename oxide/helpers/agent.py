"""The agent loop: responses and the tools they call, turn after turn, as one stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import InputRequiredError, MaxTurnsExceededError, OpenAIError
from oxide.transport.interrupt import Interrupt

from .agent_calls import add_usage, check_limits, check_params, functions_of, waiting
from .agent_events import ToolFinishedEvent, ToolStartedEvent, TurnFinishedEvent
from .agent_runs import EventsAndTools, ToolRuns
from .function_calls import ClosedCalls
from .given_tools import tools_for_responses

if TYPE_CHECKING:
    from types import AsyncGeneratorType, TracebackType
    from typing import TypeAlias

    from typing_extensions import Self

    from oxide.client import AsyncOpenAI
    from oxide.types.responses.parsed_response import ParsedResponse
    from oxide.types.responses.response_usage import ResponseUsage

    from .function_calls import FunctionCall
    from .response_events import ResponseStreamEvent, StreamResumedEvent
    from .response_stream import AsyncResponseStream

__all__ = ["AgentEvent", "AgentRun", "Transport", "over_http"]

Transport = Callable[[dict[str, Any]], Awaitable["AsyncResponseStream[Any]"]]
"""Opens the stream of one turn, given the parameters of `responses.stream`."""


if TYPE_CHECKING:
    AgentEvent: TypeAlias = (
        ResponseStreamEvent[Any]
        | StreamResumedEvent
        | ToolStartedEvent
        | ToolFinishedEvent
        | TurnFinishedEvent
    )
else:
    AgentEvent = Any
"""An event of `responses.stream`, a `StreamResumedEvent` where they are asked for, a `ToolStartedEvent`,
`ToolFinishedEvent` or `TurnFinishedEvent`."""


def over_http(client: AsyncOpenAI) -> Transport:
    """Turns as streamed responses of a client, each a request of its own, with an idempotency key of its own.

    Args:
      client: the client.

    Returns:
      What `client.agent` uses where no other transport is given.
    """
    from .responses import open_stream
    from .tool_lifecycle import rotated_idempotency_headers

    first = True

    async def turn(params: dict[str, Any]) -> AsyncResponseStream[Any]:
        nonlocal first
        headers = None if first else rotated_idempotency_headers(client, params.get("extra_headers"))
        first = False
        own = {"extra_headers": headers} if headers else {}
        return await open_stream(client.responses, {**params, **own})

    return turn


class AgentRun:
    """A run of an agent: what `client.agent(...)` returns. Use it as `async with ... as run`.

    `async for event in run` streams the events of every response and, between them, those of the tools.
    Leaving the block cancels tools that are still running and closes the stream.

    Args:
      transport: opens the stream of one turn.
      params: parameters of every turn's request.
      input: input of the first turn.
      tools: functions, plain or made by `openai_tool`, and tools of other kinds, which run on the server.
      max_turns: responses before the run stops.
      parallel_tools: whether tools run side by side, and the model may call several at once.
      max_parallel_tools: how many run at a time.
      tool_timeout: seconds one call may take; None for no limit.

    Attributes:
      turns: responses so far.
      responses: the complete ones.

    Raises:
      ValueError: a limit is too small, two tools have one name, a tool would run on this side and is no
        function, or `store=False` is given without a conversation: the next turn could not refer to the one
        before.
      TypeError: `responses.stream` does not know a parameter, or the agent itself gives it.

    Source: oxide's own; POST /responses, once for each turn.
    """

    def __init__(
        self,
        transport: Transport,
        params: Mapping[str, Any],
        input: Any,
        tools: Iterable[Any] = (),
        *,
        max_turns: int = 10,
        parallel_tools: bool = True,
        max_parallel_tools: int = 8,
        tool_timeout: float | None = None,
    ) -> None:
        check_limits(tool_timeout, max_turns=max_turns, max_parallel_tools=max_parallel_tools)
        check_params(params)
        # None is a legal value, and stands for no conversation.
        self._remembered = params.get("conversation") is not None
        if params.get("store") is False and not self._remembered:
            raise ValueError("store=False: a turn refers to the response before it, which has to be stored")
        self._tools = tools_for_responses(list(tools)) or []
        self._transport = transport
        self._params = dict(params)
        if self._tools:
            self._params["tools"] = self._tools
        if self._tools or not parallel_tools:
            self._params["parallel_tool_calls"] = parallel_tools
        self._input = input
        self._max_turns = max_turns
        limit = max_parallel_tools if parallel_tools else 1
        self._runs = ToolRuns(functions_of(self._tools), limit, tool_timeout)
        self._over = asyncio.Event()
        # The task that waits for an event, and what ends its wait.
        self._reader: asyncio.Task[Any] | None = None
        self._interrupt: Interrupt | None = None
        self._failure: Exception | None = None
        self._events: AsyncGeneratorType[AgentEvent, None] | None = None
        self.turns = 0
        self.responses: list[ParsedResponse[Any]] = []

    # -- results -----------------------------------------------------------------------------------

    @property
    def response(self) -> ParsedResponse[Any] | None:
        """The last complete response; None before there is one."""
        return self.responses[-1] if self.responses else None

    @property
    def output_text(self) -> str:
        """The text of the last complete response."""
        return self.responses[-1].output_text if self.responses else ""

    @property
    def output_parsed(self) -> Any:
        """The last complete response's text as an instance of `text_format`."""
        return self.responses[-1].output_parsed if self.responses else None

    @property
    def usage(self) -> ResponseUsage:
        """Tokens of all complete responses, added up."""
        from oxide.types.responses.response_usage import ResponseUsage

        total: dict[str, Any] = {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        }
        for response in self.responses:
            if response.usage is not None:
                add_usage(total, response.usage.to_dict())
        return ResponseUsage.construct(**total)

    async def get_final_response(self) -> ParsedResponse[Any]:
        """Run to the end.

        Returns:
          The last response.

        Raises:
          MaxTurnsExceededError: the model still wants tools called after the last turn.
          InputRequiredError: a response waits for what is not a function's output.
          OpenAIError: a request or a response failed, or the run was left or closed.
        """
        async for _ in self:
            pass
        return self.responses[-1]

    # -- the loop ----------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[AgentEvent]:
        return self

    def __anext__(self) -> Awaitable[AgentEvent]:
        """Wait for the next event.

        Raises:
          StopAsyncIteration: the run is complete.
          OpenAIError: it failed, or was left or closed before; also in every later call.
        """
        if self._failure is not None:
            raise self._failure
        if self._events is None:
            self._events = cast("AsyncGeneratorType[AgentEvent, None]", self._run())
        return self._events.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel the tools that run, wait until they have ended, and close the stream.

        Any task may do this. One that waits for an event of the run meanwhile gets an OpenAIError.
        """
        if self._failure is None and not self._over.is_set():
            when = "began" if self._events is None else "was complete"
            self._failure = OpenAIError(f"The run was closed before it {when}.")
            if self._events is None:
                self._over.set()
            elif self._events.ag_running:
                self._interrupt = Interrupt(self._reader)
                self._interrupt.fire(self._failure)
            else:
                await self._events.aclose()
                # One that was never begun has nothing that would say so.
                self._over.set()
        await self._over.wait()

    async def _run(self) -> AsyncGenerator[AgentEvent, None]:
        try:
            async with aclosing(self._turns()) as events:
                self._reader = asyncio.current_task()
                async for event in events:
                    if self._failure is not None:
                        raise self._failure
                    yield event
                    self._reader = asyncio.current_task()
        except BaseException as error:
            closed = self._interrupt.resolve() if self._interrupt is not None else None
            if closed is not None:
                raise closed from None
            if self._failure is None:
                left = OpenAIError("The run was left before it was complete.")
                self._failure = error if isinstance(error, Exception) else left
            raise
        finally:
            # However it ends, also where nobody closes it: a failure, a cancelled task, a loop that was left.
            try:
                await self._runs.cancel()
            finally:
                self._over.set()

    async def _turns(self) -> AsyncGenerator[AgentEvent, None]:
        following: dict[str, Any] = {"input": self._input}
        while True:
            self.turns += 1
            calls: list[FunctionCall] = []
            outputs: dict[str, str | list[Any]] = {}
            async with (
                await self._transport({**self._params, **following}) as stream,
                EventsAndTools(stream, self._runs) as events,
            ):
                closed = ClosedCalls(self._tools)
                async for event in events:
                    if event is not None:
                        yield event
                        for call in closed.closed(event, stream):
                            calls.append(call)
                            # After the last turn nobody would hear of what a tool did.
                            if self.turns < self._max_turns:
                                yield self._runs.start(call, self.turns)
                    for done in self._taken(outputs):
                        yield done
                response = await stream.get_final_response()
            self.responses.append(response)
            if calls and self.turns == self._max_turns:
                raise MaxTurnsExceededError(self.turns, calls)
            while await self._runs.wait():
                for done in self._taken(outputs):
                    yield done
            yield TurnFinishedEvent(response, self.turns)
            results = [
                {"type": "function_call_output", "call_id": call.call_id, "output": outputs[call.call_id]}
                for call in calls
            ]
            if items := waiting(response.output):
                raise InputRequiredError(response, items, results)
            if not calls:
                return
            following = {"input": results}
            if not self._remembered:
                following["previous_response_id"] = response.id

    def _taken(self, outputs: dict[str, str | list[Any]]) -> Iterator[ToolFinishedEvent]:
        for done in self._runs.finished():
            outputs[done.call.call_id] = done.output
            yield done
