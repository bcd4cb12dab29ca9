"""`client.agent()`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from oxide.options import Omit, is_given, omit

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI
    from oxide.types.responses.response_input_param import ResponseInputParam

    from .agent import AgentRun, Transport

__all__ = ["Agents"]


class Agents:
    """What a client has for agents."""

    def agent(
        self,
        model: str,
        *,
        input: str | ResponseInputParam,
        tools: Iterable[Any] = (),
        instructions: str | Omit = omit,
        max_turns: int = 10,
        parallel_tools: bool = True,
        max_parallel_tools: int = 8,
        tool_timeout: float | None = None,
        transport: Transport | None = None,
        **params: Any,
    ) -> AgentRun:
        """Responses and the tools they call, until an answer calls none::

            async with client.agent("gpt-4o-mini", input="How warm is it in Oslo?", tools=[weather]) as run:
                async for event in run:
                    ...
            print(run.output_text, run.usage.total_tokens)

        A tool starts the moment its call is complete, while the response goes on. What it returns, raises or
        takes too long for is told to the model in the next turn, which refers to the response before by
        `previous_response_id`.

        Args:
          model: the model, in every turn.
          input: input of the first turn.
          tools: functions, plain or made by `openai_tool`; tools that run on the server, as dicts.
          instructions: sent in every turn.
          max_turns: responses before the run stops with an error. At least 1.
          parallel_tools: whether the model may call several tools at once and they run side by side.
          max_parallel_tools: how many run at a time; those over their time do not count. At least 1.
          tool_timeout: seconds one call may take once it has begun; None for no limit. It is cancelled then,
            and the run goes on without waiting for it. A function that is not async has a thread of its own
            and goes on in it, unheard, at the longest until the program exits.
          transport: opens the stream of a turn; left out, by HTTP.
          params: more parameters of `responses.stream`, in every turn: `text_format`, `reasoning` … With a
            `tool_choice` that demands a call no turn can be the last.

        Returns:
          The run. Nothing is sent before it is iterated.

        Raises:
          ValueError: a limit is too small, two tools have one name, a tool would run on this side and is no
            function, or `store=False` without a conversation.
          TypeError: `responses.stream` does not know a parameter, or the agent itself gives it.
          SchemaError: the API would refuse the schema of a tool.

        While it runs:
          MaxTurnsExceededError: the model still wants tools called after the last turn.
          InputRequiredError: a response waits for what is not a function's output, such as the approval that
            an `mcp` tool asks for where its `require_approval` is not "never".
          OpenAIError: a request, or a response, failed.

        Source: oxide's own; POST /responses, once for each turn.
        """
        from .agent import AgentRun, over_http

        given = {"model": model, "instructions": instructions, **params}
        return AgentRun(
            transport or over_http(cast("AsyncOpenAI", self)),
            {name: value for name, value in given.items() if is_given(value)},
            input,
            tools,
            max_turns=max_turns,
            parallel_tools=parallel_tools,
            max_parallel_tools=max_parallel_tools,
            tool_timeout=tool_timeout,
        )
