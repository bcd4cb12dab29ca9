"""Making the calls of a response: functions, the browser, the computer, and asking for approvals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, cast

from oxide.helpers.tool_diagnostics import emit_tool_diagnostic
from oxide.helpers.tool_lifecycle import invoke

from .data import Item
from .functions import function_result
from .step import id_of

if TYPE_CHECKING:
    from oxide.helpers.tool_diagnostics import ToolDiagnosticObserver

    from .run import Run
    from .step import Step

__all__ = ["BrowserTools", "Calls", "ComputerTools", "as_model"]

_Stop = Callable[[], bool] | None


class BrowserTools(Protocol):
    """What a run needs of a browser's toolset."""

    @property
    def tools(self) -> list[Any]:
        """Its functions."""
        ...

    async def _execute(
        self,
        call: Any,
        *,
        skip: bool = False,
        cancelled: _Stop = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> tuple[Any, bool]:
        """Make a call: its output, and whether it went well. `skip` says that one before it did not."""
        ...


class ComputerTools(Protocol):
    """What a run needs of a computer's toolset."""

    async def execute(
        self,
        call: Any,
        *,
        approve_safety_checks: Callable[[Any], Awaitable[bool]] | None = None,
        before_action: Callable[[Any], Awaitable[bool]] | None = None,
        cancelled: _Stop = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> Any:
        """Make a call and return its output."""
        ...


def as_model(item: Item) -> Any:
    """A call as an object for the user's code, which nothing of the run depends on.

    Args:
      item: the call.
    """
    from oxide.models import construct
    from oxide.types.responses.response_computer_tool_call import ResponseComputerToolCall
    from oxide.types.responses.response_function_tool_call import ResponseFunctionToolCall
    from oxide.types.responses.response_output_item import McpApprovalRequest

    classes: dict[str, Any] = {
        "computer_call": ResponseComputerToolCall,
        "function_call": ResponseFunctionToolCall,
        "mcp_approval_request": McpApprovalRequest,
    }
    return construct(classes[item["type"]], deepcopy(item))


class Calls:
    """Makes the calls of a run, one after the other, and independent functions side by side.

    Args:
      run: the run.
      browser: the browser's toolset.
      computer: the computer's.
      approve_mcp: is asked before an MCP server's tool is called.
      approve_safety_checks: is asked about the safety checks of a computer call.
      before_action: is asked before each action of a computer.
    """

    def __init__(
        self,
        run: Run,
        browser: BrowserTools | None,
        computer: ComputerTools | None,
        *,
        approve_mcp: Callable[[Any], Awaitable[bool]] | None,
        approve_safety_checks: Callable[[Any], Awaitable[bool]] | None,
        before_action: Callable[[Any], Awaitable[bool]] | None,
    ) -> None:
        self._run = run
        self._browser = browser
        self._computer = computer
        self._approve_mcp = approve_mcp
        self._approve_safety_checks = approve_safety_checks
        self._before_action = before_action
        self._early: list[tuple[Step, Item, asyncio.Task[Item]]] = []

    async def make(self, step: Step, index: int, item: Item) -> None:
        """Take the next item of a response, and make the call if it is one.

        Args:
          step: the step it belongs to.
          index: its place in the response.
          item: the item.

        Raises:
          ToolRunnerError: the run is to stop, or the browser failed and a ledger was told.
        """
        run = self._run
        if not step.take(index, item):
            return
        if run.ledger is not None:
            await self._record(step)
            run.check()
        step.answer(item, await self._output(step, item))
        if run.ledger is not None:
            await self._record(step)
            if step.browser_failed:
                raise run.error(
                    "a call of the browser failed: look at what came of it before the run goes on"
                )
        run.check()

    async def _record(self, step: Step) -> None:
        known = step.items if step.received is None else step.received
        await self._run.save("pending", known, step.outputs)

    async def _output(self, step: Step, item: Item) -> Any:
        run, kind = self._run, item["type"]
        if kind == "mcp_approval_request":
            approve = await self.approve(item)
            return {"type": "mcp_approval_response", "approval_request_id": item["id"], "approve": approve}
        if kind == "computer_call":
            if self._computer is None:
                raise run.error("a computer was called, and there is none")
            return await self._computer.execute(
                as_model(item),
                approve_safety_checks=self._approve_safety_checks,
                before_action=self._before_action,
                cancelled=run.cancelled,
                on_diagnostic=run.on_diagnostic,
            )
        if item["name"] in run.browser_names and self._browser is not None:
            output, went_well = await self._browser._execute(  # pyright: ignore[reportPrivateUsage]
                as_model(item),
                skip=step.browser_failed,
                cancelled=run.cancelled,
                on_diagnostic=run.on_diagnostic,
            )
            step.browser_failed |= not went_well
            return output
        if item["call_id"] in step.supplied:
            return step.supplied[item["call_id"]]
        return await self._call(step, item)

    async def _call(self, step: Step, item: Item) -> Item:
        run = self._run
        call_id, name = item["call_id"], item["name"]
        began = monotonic()

        def tell(stage: Any, reason: Any, since: float) -> None:
            emit_tool_diagnostic(
                run.on_diagnostic, "responses", stage, reason, since, call_id=call_id, member=name
            )

        try:
            execute = run.functions[name].execute
            result = await invoke(execute, step.arguments[call_id], cancelled=run.cancelled)
        except (Exception, asyncio.CancelledError):
            tell("action", "driver_failed", began)
            raise
        ended = monotonic()
        tell("action", "completed", began)
        try:
            output = function_result(result)
        except ValueError as error:
            tell("output", "invalid_output", ended)
            raise run.error(f"functions[{name!r}] returned what cannot be sent: {error}") from None
        return {"type": "function_call_output", "call_id": call_id, "output": output}

    async def approve(self, item: Item) -> bool:
        """Ask whether an MCP server's tool may be called.

        Args:
          item: the request for approval.

        Raises:
          ToolRunnerError: nobody can be asked, the answer is none, or the run is to stop.
        """
        run = self._run
        run.check()
        if self._approve_mcp is None:
            raise run.error(f"{item['name']} needs approval, and nobody is asked: pass approve_mcp")
        began = monotonic()
        approved = cast("object", await self._approve_mcp(as_model(item)))
        if type(approved) is not bool:
            raise run.error(f"approve_mcp returned {approved!r}: True or False is needed")
        run.check()
        emit_tool_diagnostic(
            run.on_diagnostic,
            "responses",
            "approval",
            "completed" if approved else "refused",
            began,
            call_id=id_of(item),
            member=item["name"],
        )
        run.check()
        return approved

    # -- side by side ------------------------------------------------------------------------------

    def is_independent(self, item: Item) -> bool:
        """Whether a call may be made while others are: nothing has to be written down between them."""
        function = self._run.functions.get(item["name"]) if item["type"] == "function_call" else None
        return self._run.ledger is None and function is not None and function.independent

    def start(self, step: Step, index: int, item: Item) -> int:
        """Take the next item, an independent call, and begin it.

        Args:
          step: the step it belongs to.
          index: its place in the response.
          item: the call.

        Returns:
          How many calls are under way.
        """
        step.take(index, item)
        task = asyncio.create_task(self._call(step, item), name=f"function {item['name']}")
        self._early.append((step, item, task))
        return len(self._early)

    async def settle(self) -> None:
        """Wait until every call under way has ended, also when this task is cancelled meanwhile.

        Raises:
          BaseException: the first that one of them raised; the outputs of the others are kept.
        """
        failure: BaseException | None = None
        while self._early:
            step, item, task = self._early[0]
            while not task.done():
                try:
                    await asyncio.wait((task,))
                except asyncio.CancelledError as error:
                    failure = failure or error
            try:
                step.answer(item, task.result())
            except BaseException as error:
                failure = failure or error
            self._early.pop(0)
        if failure is not None:
            raise failure
