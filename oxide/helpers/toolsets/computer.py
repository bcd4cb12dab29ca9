"""The computer tool: a model's clicks and keys, carried out by a driver of the program's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol, TypeAlias, cast

from oxide.models.convert import brief
from oxide.types.responses import computer_action as modern
from oxide.types.responses import response_computer_tool_call as legacy
from oxide.types.responses.response_computer_tool_call import ResponseComputerToolCall
from oxide.types.responses.response_computer_tool_call_output_screenshot_param import (
    ResponseComputerToolCallOutputScreenshotParam,
)

from ..replay import replay_items
from ..tool_diagnostics import ToolDiagnosticObserver, emit_tool_diagnostic
from ..tool_lifecycle import CloseStatus, ToolLifecycle, callable_flavor, invoke
from .computer_calls import ComputerActionInput, ComputerUseError, actions_of, snapshot_call
from .computer_loop import ComputerConversation

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI
    from oxide.types.responses.response import Response
    from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming
    from oxide.types.responses.response_input_param import ComputerCallOutput

__all__ = ["AsyncComputerDriver", "AsyncComputerToolset", "Screenshot"]

Screenshot: TypeAlias = ResponseComputerToolCallOutputScreenshotParam
"""The screen as a driver gives it: `type`, and `image_url` (an address or data URL) or `file_id`."""


class AsyncComputerDriver(Protocol):
    """What a program gives a computer run to act with: a browser, a desktop, a virtual machine.

    Coordinates are pixels of the screenshots; `keys` of an action are held meanwhile. A method that cannot do
    what it is told has to raise: the model takes what does not raise for done. Limits, waits and cleaning up
    are the driver's.

    Source: same name and methods as in the official SDK.
    """

    @abstractmethod
    async def click(self, action: modern.Click | legacy.ActionClick) -> None:
        """Press and release a button at a point.

        Args:
          action: `x` and `y` in pixels, and `button`.
        """

    @abstractmethod
    async def double_click(self, action: modern.DoubleClick | legacy.ActionDoubleClick) -> None:
        """Click twice at a point.

        Args:
          action: `x` and `y` in pixels.
        """

    @abstractmethod
    async def drag(self, action: modern.Drag | legacy.ActionDrag) -> None:
        """Pull along a path.

        Args:
          action: `path`, points with `x` and `y` in pixels.
        """

    @abstractmethod
    async def keypress(self, action: modern.Keypress | legacy.ActionKeypress) -> None:
        """Press keys together.

        Args:
          action: `keys`, their names.
        """

    @abstractmethod
    async def move(self, action: modern.Move | legacy.ActionMove) -> None:
        """Move the pointer to a point.

        Args:
          action: `x` and `y` in pixels.
        """

    @abstractmethod
    async def scroll(self, action: modern.Scroll | legacy.ActionScroll) -> None:
        """Scroll at a point.

        Args:
          action: `x` and `y` of the point, `scroll_x` and `scroll_y` how far, all in pixels.
        """

    @abstractmethod
    async def type(self, action: modern.Type | legacy.ActionType) -> None:
        """Write text where the focus is.

        Args:
          action: `text`.
        """

    @abstractmethod
    async def wait(self, action: modern.Wait | legacy.ActionWait) -> None:
        """Give the screen time to settle, for as long as the driver thinks right.

        Args:
          action: the wait; it says no more.
        """

    @abstractmethod
    async def screenshot(self) -> Screenshot:
        """Take a look.

        Returns:
          The screen as it is now.
        """


_MEMBERS = ("click", "double_click", "drag", "keypress", "move", "screenshot", "scroll", "type", "wait")


class AsyncComputerToolset:
    """Carries out a model's computer calls with a driver: one by one, or a whole run::

        toolset = AsyncComputerToolset(driver)
        response = await toolset.run(client, {"model": "gpt-5.2", "input": "Book a table"})

    It serves one call or run at a time.

    Args:
      driver: what acts; the program opens and closes it.

    Raises:
      ValueError: a method of the driver is missing, or is not asynchronous.

    Source: same name and methods as in the official SDK.
    """

    def __init__(self, driver: AsyncComputerDriver) -> None:
        self.driver = driver
        self._handlers = {member: _handler(driver, member) for member in _MEMBERS}
        self._lifecycle = ToolLifecycle("Computer toolset")

    def close(self) -> CloseStatus:
        """Let no further call in; the driver stays open.

        Returns:
          `{"status": "closed"}`, or `draining` while a call is under way: it goes on to its end.
        """
        return self._lifecycle.close()

    async def run(
        self,
        client: AsyncOpenAI,
        params: ResponseCreateParamsNonStreaming,
        *,
        max_steps: int = 20,
        approve_safety_checks: Callable[[ResponseComputerToolCall], Awaitable[bool]] | None = None,
        before_action: Callable[[ComputerActionInput], Awaitable[bool]] | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> Response:
        """Ask the model, do what it wants, show it the screen, and so on until it has said its last.

        Args:
          client: whom to ask; its settings hold for each request.
          params: the first request; `tools` may be left out. The whole history is sent each time.
          max_steps: requests there may be, the last one included.
          approve_safety_checks: asked about a call with pending safety checks; without it such a call ends
            the run.
          before_action: asked before each action, the screenshot at the end included. Only `True` is a yes.
          cancelled: asked between steps whether to stop.
          on_diagnostic: told what was done, without content.

        Returns:
          The response with the final message.

        Raises:
          ComputerUseError: the run stopped before that; `error.response` is the answer it stopped at.
          ValueError: a parameter is not one that a run can have.
          RuntimeError: the toolset is closed, or busy.
          OpenAIError: a request failed.
          Exception: whatever the driver or a callback raises.

        Source: POST /responses; same name and arguments as in the official SDK.
        """
        self._lifecycle.enter()
        try:
            conversation = ComputerConversation(params, max_steps)
            response: Response | None = None
            for step in range(1, max_steps + 1):
                _check_cancelled(cancelled, response)
                if step > 1:
                    conversation.renew_key(client)
                response = await conversation.ask(client)
                _check_cancelled(cancelled, response)
                calls = conversation.calls(response, last=step == max_steps)
                if not calls:
                    return response
                conversation.keep(response)
                outputs: list[ComputerCallOutput] = []
                for call in calls:
                    work = _Work(
                        self._handlers, call, approve_safety_checks, before_action, cancelled, on_diagnostic
                    )
                    try:
                        outputs.append(await work.done())
                    except ComputerUseError as error:
                        error.response = response
                        raise
                conversation.answer(outputs)
            raise AssertionError("the last step either returns or raises")
        finally:
            self._lifecycle.exit()

    async def execute(
        self,
        call: ResponseComputerToolCall,
        *,
        approve_safety_checks: Callable[[ResponseComputerToolCall], Awaitable[bool]] | None = None,
        before_action: Callable[[ComputerActionInput], Awaitable[bool]] | None = None,
        cancelled: Callable[[], bool] | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> ComputerCallOutput:
        """Carry out one call, for programs with a loop of their own.

        Args:
          call: an item of `response.output`.
          approve_safety_checks, before_action, cancelled, on_diagnostic: as for :meth:`run`.

        Returns:
          The item to send back, with the screen after the last action.

        Raises:
          ComputerUseError: the call cannot be carried out, was not approved, or was cancelled.
          RuntimeError: the toolset is closed, or busy.
          Exception: whatever the driver or a callback raises.

        Source: same name and arguments as in the official SDK.
        """
        self._lifecycle.enter()
        try:
            owned = snapshot_call(call)
            return await _Work(
                self._handlers, owned, approve_safety_checks, before_action, cancelled, on_diagnostic
            ).done()
        finally:
            self._lifecycle.exit()


def _handler(driver: AsyncComputerDriver, member: str) -> Callable[..., Any]:
    handler: Any = getattr(driver, member, None)
    if not callable(handler):
        raise ValueError(
            f"the computer driver {type(driver).__name__} has no method {member!r}; it needs all nine"
        )
    if callable_flavor(handler) is False:
        raise ValueError(f"{type(driver).__name__}.{member} is not asynchronous; make it an `async def`")
    return cast("Callable[..., Any]", handler)


class _Work:
    """One call being carried out."""

    def __init__(
        self,
        handlers: dict[str, Callable[..., Any]],
        call: ResponseComputerToolCall,
        approve_safety_checks: Callable[[ResponseComputerToolCall], Awaitable[bool]] | None,
        before_action: Callable[[ComputerActionInput], Awaitable[bool]] | None,
        cancelled: Callable[[], bool] | None,
        observer: ToolDiagnosticObserver | None,
    ) -> None:
        self._handlers = handlers
        self._call = call
        self._approve_safety_checks = approve_safety_checks
        self._before_action = before_action
        self._cancelled = cancelled
        self._observer = observer

    async def done(self) -> ComputerCallOutput:
        """Do every action, take a look, and give what goes back."""
        call = self._call
        if call.type != "computer_call" or call.status != "completed":
            raise ComputerUseError(
                f"the item is a {call.type!r}, {call.status!r}; only a completed call is done"
            )
        actions = actions_of(call)
        # What could not be sent back must not have been done.
        replay_items([call])
        if actions[-1].type != "screenshot":
            actions.append(modern.Screenshot.construct(type="screenshot"))
        self._check()
        if call.pending_safety_checks:
            names = ", ".join(check.code or check.id for check in call.pending_safety_checks)
            why = f"its safety checks ({names}) were not approved; see approve_safety_checks"
            await self._approved(self._approve_safety_checks, call, None, why)
        for action in actions:
            self._check()
            if self._before_action is not None:
                why = f"before_action did not give True for {action.type!r}"
                await self._approved(self._before_action, action, action.type, why)
            self._check()
            # One look is enough, and it shows what the whole call did.
            if action.type != "screenshot":
                with self._observed("action", action.type, "driver_failed"):
                    await self._invoked(self._handlers[action.type], action.model_copy(deep=True))
        self._check()
        with self._observed("action", "screenshot", "driver_failed"):
            output = _output(call, await self._invoked(self._handlers["screenshot"]))
        self._check()
        return output

    async def _approved(
        self, policy: Callable[..., Awaitable[bool]] | None, subject: Any, member: str | None, why: str
    ) -> None:
        """Ask the program, which has to say True."""
        approved = False
        with self._observed("approval", member) as outcome:
            if policy is not None:
                approved = await self._invoked(policy, subject.model_copy(deep=True)) is True
            outcome["reason"] = "completed" if approved else "refused"
        if not approved:
            raise ComputerUseError(f"the computer call {self._call.call_id!r} stopped: {why}")

    async def _invoked(self, handler: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return await invoke(handler, *args, cancelled=self._cancelled)

    @contextmanager
    def _observed(
        self, stage: Literal["approval", "action"], member: str | None, failure: str | None = None
    ) -> Generator[dict[str, Any]]:
        """Tell the observer how something ended, and that a run was cancelled rather than how it broke."""
        started = monotonic()
        outcome: dict[str, Any] = {"reason": "completed"}
        try:
            yield outcome
            self._check()
        except Exception:
            stopped = self._stopped()
            reason = "cancelled" if stopped else failure
            if reason is not None:
                self._tell(stage, reason, started, member)
            if stopped:
                _raise_cancelled(None)
            raise
        self._tell(stage, outcome["reason"], started, member)

    def _tell(
        self, stage: Literal["approval", "action"], reason: Any, started: float, member: str | None
    ) -> None:
        emit_tool_diagnostic(
            self._observer, "computer", stage, reason, started, call_id=self._call.call_id, member=member
        )

    def _stopped(self) -> bool:
        return self._cancelled is not None and self._cancelled()

    def _check(self) -> None:
        _check_cancelled(self._cancelled, None)


def _check_cancelled(cancelled: Callable[[], bool] | None, response: Response | None) -> None:
    if cancelled is not None and cancelled():
        _raise_cancelled(response)


def _raise_cancelled(response: Response | None) -> NoReturn:
    raise ComputerUseError("the computer run was cancelled: cancelled() gave True", response) from None


def _output(call: ResponseComputerToolCall, screenshot: object) -> ComputerCallOutput:
    given = _members(screenshot)
    image = {name: given[name] for name in ("image_url", "file_id") if given.get(name) is not None}
    places = all(isinstance(place, str) and place.strip() for place in image.values())
    if given.get("type") != "computer_screenshot" or not image or not places:
        # The picture itself has no place in a message.
        held = ", ".join(map(repr, given)) or brief(screenshot)
        raise ComputerUseError(
            f"screenshot() of the driver gave {held}; it gives "
            "{'type': 'computer_screenshot', 'image_url': ...} or the same with 'file_id'"
        )
    return cast(
        "ComputerCallOutput",
        {
            "type": "computer_call_output",
            "call_id": call.call_id,
            "output": {"type": "computer_screenshot", **image},
            "acknowledged_safety_checks": [
                {"id": check.id, "code": check.code, "message": check.message}
                for check in call.pending_safety_checks or ()
            ],
        },
    )


def _members(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
