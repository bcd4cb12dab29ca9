"""The runner of tools for Responses: asks, calls, answers, until the model has nothing left to call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from copy import copy
from typing import TYPE_CHECKING, Literal

from oxide.helpers.tool_lifecycle import ToolLifecycle

from .functions import early_tools, registered

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI
    from oxide.helpers.response_events import ResponseStreamEvent
    from oxide.helpers.tool_diagnostics import ToolDiagnosticObserver
    from oxide.helpers.tool_lifecycle import CloseStatus
    from oxide.types.responses.computer_action import ComputerAction
    from oxide.types.responses.response import Response
    from oxide.types.responses.response_computer_tool_call import Action, ResponseComputerToolCall
    from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming
    from oxide.types.responses.response_function_tool_call import ResponseFunctionToolCall
    from oxide.types.responses.response_output_item import McpApprovalRequest

    from .budget import AsyncContextBudget
    from .calls import BrowserTools, ComputerTools
    from .functions import AsyncRegisteredFunction, EarlyExecution
    from .ledger import AsyncResponsesToolLedger
    from .turn import ResponsesRunnerTurn

__all__ = ["AsyncResponsesToolRunner"]


class AsyncResponsesToolRunner:
    """Runs the tools that a model calls, response after response, within limits.

    Each request has the whole conversation as its input, so nothing needs to be stored by the API. A response
    is checked as a whole before any of its calls is made; what does not fit stops the run with a
    `ToolRunnerError` that names the calls begun. One run at a time.

    Args:
      browser: an `AsyncBrowserToolset`.
      computer: an `AsyncComputerToolset`.
      functions: functions to be called.
      early_execution: which tools an eager run may call while a response is streamed; None for all.

    Raises:
      ValueError: a function is malformed, or two have one name.

    Source: same name, arguments and methods as in the official SDK.
    """

    def __init__(
        self,
        *,
        browser: BrowserTools | None = None,
        computer: ComputerTools | None = None,
        functions: list[AsyncRegisteredFunction] | None = None,
        early_execution: EarlyExecution | None = None,
    ) -> None:
        selected = list(functions or [])
        browser_tools = [] if browser is None else list(browser.tools)
        self._lifecycle = ToolLifecycle("AsyncResponsesToolRunner")
        self._tools = registered(browser_tools, computer is not None, selected)
        self._early = early_tools(early_execution, self._tools)
        self._browser_names = frozenset(tool["name"] for tool in browser_tools)
        self._functions = {function.tool["name"]: copy(function) for function in selected}
        self.browser = browser
        self.computer = computer

    def close(self) -> CloseStatus:
        """Let no further run begin; one that is under way goes on. Browser and computer stay open.

        Returns:
          Whether a run is under way: its `status` is `closed` or `draining`.
        """
        return self._lifecycle.close()

    async def run(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: int | None = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Callable[[ResponseStreamEvent[None]], Awaitable[None]] | None = None,
        cancelled: Callable[[], bool] | None = None,
        approve_safety_checks: Callable[[ResponseComputerToolCall], Awaitable[bool]] | None = None,
        before_action: Callable[[Action | ComputerAction], Awaitable[bool]] | None = None,
        ledger: AsyncResponsesToolLedger | None = None,
        context_budget: AsyncContextBudget | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
        approve_mcp: Callable[[McpApprovalRequest], Awaitable[bool]] | None = None,
        before_early_call: Callable[
            [ResponseFunctionToolCall | ResponseComputerToolCall], Awaitable[Literal["execute", "defer"]]
        ]
        | None = None,
    ) -> Response:
        """Run until the model answers.

        Args:
          client: sends the requests.
          params: keywords of `responses.create`; `tools` only those that run on the server, and the computer.
          max_steps: requests before the run stops; 20, or as many as in the run it goes on from.
          stream: whether responses are streamed.
          eager: whether calls are made while a response is streamed, in its order.
          max_concurrent_calls: how many independent functions an eager run calls side by side.
          on_event: is told of each event of a stream.
          cancelled: is asked between all steps whether the run is to stop.
          approve_safety_checks: is asked about the safety checks of a computer call.
          before_action: is asked before each action of the computer.
          ledger: where the run writes itself down, and may go on from.
          context_budget: how large the input of a request may get.
          on_diagnostic: is told of what happens, without its content.
          approve_mcp: is asked before a tool of an MCP server is called.
          before_early_call: is asked before a call is made early; `defer` leaves it for later.

        Returns:
          The last response.

        Raises:
          ValueError: an option or a parameter is not what it should be.
          RuntimeError: the runner is closed, or has a run under way.
          ToolRunnerError: the run stopped: a request or a call failed, a response did not fit, the limit of
            requests was reached, or `cancelled` said so.
          ToolRunnerCancelledError: the task was cancelled.

        Source: POST /responses, as often as needed.
        """
        turns = self.iterate(
            client,
            params,
            max_steps=max_steps,
            stream=stream,
            eager=eager,
            max_concurrent_calls=max_concurrent_calls,
            on_event=on_event,
            cancelled=cancelled,
            approve_safety_checks=approve_safety_checks,
            before_action=before_action,
            ledger=ledger,
            context_budget=context_budget,
            on_diagnostic=on_diagnostic,
            approve_mcp=approve_mcp,
            before_early_call=before_early_call,
        )
        async with aclosing(turns):
            async for turn in turns:
                if turn.final:
                    return turn.response
        raise AssertionError("a run ends with a final turn or with an error")

    async def iterate(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: int | None = None,
        stream: bool = False,
        eager: bool = False,
        max_concurrent_calls: int = 2,
        on_event: Callable[[ResponseStreamEvent[None]], Awaitable[None]] | None = None,
        cancelled: Callable[[], bool] | None = None,
        approve_safety_checks: Callable[[ResponseComputerToolCall], Awaitable[bool]] | None = None,
        before_action: Callable[[Action | ComputerAction], Awaitable[bool]] | None = None,
        ledger: AsyncResponsesToolLedger | None = None,
        context_budget: AsyncContextBudget | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
        approve_mcp: Callable[[McpApprovalRequest], Awaitable[bool]] | None = None,
        before_early_call: Callable[
            [ResponseFunctionToolCall | ResponseComputerToolCall], Awaitable[Literal["execute", "defer"]]
        ]
        | None = None,
    ) -> AsyncGenerator[ResponsesRunnerTurn, None]:
        """Run turn by turn: each response is handed out before its calls are made, an eager run's aside.

        The next step of the loop makes them. A loop that was left holds the runner until the generator is
        closed: use `contextlib.aclosing`.

        Args:
          client: as in `run`, like all that follow.
          params: keywords of `responses.create`.
          max_steps: requests before the run stops.
          stream: whether responses are streamed.
          eager: whether calls are made while a response is streamed.
          max_concurrent_calls: how many independent functions are called side by side.
          on_event: is told of each event of a stream.
          cancelled: is asked whether the run is to stop.
          approve_safety_checks: is asked about the safety checks of a computer call.
          before_action: is asked before each action of the computer.
          ledger: where the run writes itself down.
          context_budget: how large the input of a request may get.
          on_diagnostic: is told of what happens.
          approve_mcp: is asked before a tool of an MCP server is called.
          before_early_call: is asked before a call is made early.

        Yields:
          Turns; the last one is `final`.

        Raises:
          As `run`, when the loop is advanced.
        """
        from .drive import Drive, RunOptions, Tools

        self._lifecycle.enter()
        try:
            overrides = frozenset(
                n for n, function in self._functions.items() if function.allow_output_override
            )
            tools = Tools(
                self._tools,
                self._functions,
                self.browser,
                self.computer,
                self._browser_names,
                self._early,
                overrides,
            )
            options = RunOptions(
                max_steps,
                bool(stream),
                bool(eager),
                max_concurrent_calls,
                on_event,
                cancelled,
                approve_safety_checks,
                before_action,
                ledger,
                context_budget,
                on_diagnostic,
                approve_mcp,
                before_early_call,
            )
            drive = Drive(tools, client, params, options)
            try:
                await drive.renew_approvals()
                async with aclosing(drive.turns()) as turns:
                    async for turn in turns:
                        yield turn
            except (Exception, asyncio.CancelledError) as error:
                raise await drive.stopped(error) from None
        finally:
            self._lifecycle.exit()
