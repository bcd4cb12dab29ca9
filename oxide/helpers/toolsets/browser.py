"""The browser toolset: a model's browsing, carried out by a driver of the program's own."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from oxide.errors import APIResponseValidationError

from ..replay import replay_items
from ..tool_diagnostics import ToolDiagnosticObserver, emit_tool_diagnostic
from ..tool_lifecycle import CloseStatus, ToolLifecycle, callable_flavor, invoke
from .browser_members import (
    BROWSER_MEMBERS,
    CHANGES_NOTHING,
    FILE_TRANSFERS,
    ON_REQUEST,
    PREFIX,
    READS,
    declarations,
    parsed_arguments,
)
from .browser_reports import checked_result
from .browser_state import shown_state
from .browser_types import (
    AsyncBrowserDriver,
    BrowserCancelledError,
    BrowserConfirmContext,
    BrowserError,
    BrowserObservationV1,
    BrowserReadConfirmContext,
    BrowserState,
    BrowserUseError,
)

if TYPE_CHECKING:
    from oxide.types.responses.function_tool_param import FunctionToolParam
    from oxide.types.responses.response_function_tool_call import ResponseFunctionToolCall
    from oxide.types.responses.response_input_param import FunctionCallOutput

__all__ = ["AsyncBrowserToolset"]

_GOES_SOMEWHERE = ("navigate", "new_tab")
_PICTURES = ("screenshot", "zoom")


class AsyncBrowserToolset:
    """Carries out a model's browsing with a driver, one call at a time::

        toolset = AsyncBrowserToolset(driver, confirm=ask_user, url_policy=on_our_site)
        response = await client.responses.create(..., tools=toolset.tools)
        outputs = [await toolset.execute(call) for call in response.output if call.type == "function_call"]

    What can be done is what the driver has methods for. Whatever changes anything is asked about first. The
    model is shown the tabs after each call, of their addresses the origins only.

    Args:
      driver: what acts; the program opens and closes it.
      members: what the model may use, and nothing else.
      additional_members: what it may use besides `DEFAULT_BROWSER_MEMBERS`; not together with `members`.
      confirm_reads: members that change nothing, to be asked about as well.
      confirm: asked before an action, with its arguments; only `True` is a yes.
      url_policy: asked before a tab goes to an address, besides `confirm`.

    Raises:
      ValueError: a member is unknown, missing in the driver or not asynchronous, or there is nobody to ask.

    Source: same name and members as in the official SDK.
    """

    @overload
    def __init__(
        self,
        driver: AsyncBrowserDriver,
        *,
        members: Sequence[str] | None = None,
        additional_members: Sequence[str] | None = None,
        confirm_reads: None = None,
        confirm: Callable[[BrowserConfirmContext], Awaitable[bool]] | None = None,
        url_policy: Callable[[BrowserConfirmContext, str], Awaitable[bool]] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        driver: AsyncBrowserDriver,
        *,
        members: Sequence[str] | None = None,
        additional_members: Sequence[str] | None = None,
        confirm_reads: Sequence[str],
        confirm: Callable[[BrowserConfirmContext | BrowserReadConfirmContext], Awaitable[bool]],
        url_policy: Callable[[BrowserConfirmContext, str], Awaitable[bool]] | None = None,
    ) -> None: ...
    def __init__(
        self,
        driver: AsyncBrowserDriver,
        *,
        members: Sequence[str] | None = None,
        additional_members: Sequence[str] | None = None,
        confirm_reads: Sequence[str] | None = None,
        confirm: Callable[[BrowserConfirmContext], Awaitable[bool]]
        | Callable[[BrowserConfirmContext | BrowserReadConfirmContext], Awaitable[bool]]
        | None = None,
        url_policy: Callable[[BrowserConfirmContext, str], Awaitable[bool]] | None = None,
    ) -> None:
        if members is not None and additional_members is not None:
            raise ValueError("members is everything the model may use; leave additional_members out")
        self.driver = driver
        self.confirm = confirm
        self.url_policy = url_policy
        named, additional = _named("members", members), _named("additional_members", additional_members)
        handlers = _handlers(driver, named, additional)
        reads = _reads_to_confirm(confirm_reads, handlers)
        self._kit = _Kit(handlers, reads, only_named=named is not None)
        self._lifecycle = ToolLifecycle("Browser toolset")
        asked = sorted(reads) + [member for member in handlers if member not in CHANGES_NOTHING]
        if confirm is None and asked:
            raise ValueError(
                f"{', '.join(asked)}: a user has to be asked; pass confirm, or members without them"
            )
        going = [member for member in _GOES_SOMEWHERE if member in handlers]
        if url_policy is None and going:
            raise ValueError(f"{', '.join(going)}: pass url_policy, which says where a tab may go")

    def close(self) -> CloseStatus:
        """Let no further call in; the driver stays open.

        Returns:
          `{"status": "closed"}`, or `draining` while a call is under way: it goes on to its end.
        """
        return self._lifecycle.close()

    @property
    def tools(self) -> list[FunctionToolParam]:
        """The tools to give to `responses.create`; a new list each time."""
        return declarations(self._kit.handlers)

    async def execute(
        self,
        call: ResponseFunctionToolCall,
        *,
        cancelled: Callable[[], bool] | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> FunctionCallOutput:
        """Carry out one call.

        Args:
          call: an item of `response.output`, for one of `tools`.
          cancelled: asked between steps whether to stop.
          on_diagnostic: told what was done, without content.

        Returns:
          The item to send back: whether it went well, the tabs, and what the driver gave. What the driver or
          the program refused is in it too, in words for the model.

        Raises:
          BrowserCancelledError: it was cancelled.
          BrowserError: the call is of a member that this toolset does not have.
          BrowserUseError: the call or what the driver gave is malformed.
          RuntimeError: the toolset is closed, or busy.

        Source: same name and arguments as in the official SDK.
        """
        return (await self._execute(call, cancelled=cancelled, on_diagnostic=on_diagnostic))[0]

    async def _execute(
        self,
        call: ResponseFunctionToolCall,
        *,
        skip: bool = False,
        cancelled: Callable[[], bool] | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> tuple[FunctionCallOutput, bool]:
        """Carry out one call, or with `skip` say that it was not; and whether it went well."""
        self._lifecycle.enter()
        try:
            try:
                owned = call.model_copy(deep=True)
            except APIResponseValidationError as error:
                raise BrowserUseError(f"the call cannot be carried out: {error.message}") from error
            return await _Work(self, self._kit, owned, cancelled, on_diagnostic).done(skip)
        finally:
            self._lifecycle.exit()


@dataclass(frozen=True)
class _Kit:
    """What a toolset can do: the driver's methods by member, and which of them are asked about beforehand."""

    handlers: Mapping[str, Callable[..., Awaitable[Any]]]
    confirm_reads: frozenset[str]
    only_named: bool


def _named(parameter: str, names: object) -> frozenset[str] | None:
    if names is None:
        return None
    if isinstance(names, (str, bytes)) or not isinstance(names, Sequence):
        raise ValueError(f"{parameter}={names!r}: expected a list of members, such as ['read_page', 'click']")
    listed = list(cast("Sequence[object]", names))
    unknown = [name for name in listed if not isinstance(name, str) or name not in BROWSER_MEMBERS]
    if unknown:
        raise ValueError(f"{parameter}: {unknown[0]!r} is none of {', '.join(BROWSER_MEMBERS)}")
    found = frozenset(cast("list[str]", listed))
    if len(found) != len(listed):
        raise ValueError(f"{parameter}={names!r}: each member once")
    return found


def _reads_to_confirm(names: Sequence[str] | None, handlers: Mapping[str, object]) -> frozenset[str]:
    asked = tuple(names or ())
    possible = CHANGES_NOTHING & handlers.keys()
    if isinstance(names, (str, bytes)) or len(set(asked)) != len(asked) or not possible.issuperset(asked):
        raise ValueError(
            f"confirm_reads={names!r}: each once, and one of {', '.join(sorted(possible))}; "
            "what changes anything is asked about anyway"
        )
    return frozenset(asked)


def _handlers(
    driver: AsyncBrowserDriver, members: frozenset[str] | None, additional: frozenset[str] | None
) -> dict[str, Callable[..., Awaitable[Any]]]:
    """The driver's methods by member, as far as they may be used."""
    required = members if members is not None else additional or frozenset[str]()
    # A property could do anything when it is read, and state is read for each call anyway.
    state: Any = inspect.getattr_static(driver, "state", None)
    _check_asynchronous(driver, "state", getattr(state, "__func__", state))
    found: dict[str, Callable[..., Awaitable[Any]]] = {}
    for member in BROWSER_MEMBERS:
        wanted = member in members if members is not None else member in required or member not in ON_REQUEST
        if not wanted:
            continue
        # The tabs come with every answer, so that there is nothing for a driver to do.
        handler: Any = _nothing if member == "list_tabs" else getattr(driver, member, None)
        if callable(handler):
            _check_asynchronous(driver, member, handler)
            found[member] = cast("Callable[..., Awaitable[Any]]", handler)
        elif member in required:
            raise ValueError(f"the browser driver {type(driver).__name__} has no method {member!r}")
    return found


async def _nothing(action: Mapping[str, object]) -> None:
    """Do nothing."""


def _check_asynchronous(driver: AsyncBrowserDriver, member: str, handler: Any) -> None:
    if callable(handler) and callable_flavor(handler) is False:
        raise ValueError(f"{type(driver).__name__}.{member} is not asynchronous; make it an `async def`")


Stage = Literal["arguments", "approval", "action"]
_FAILED: dict[Stage, Literal["invalid_input", "policy_failed", "driver_failed"]] = {
    "arguments": "invalid_input",
    "approval": "policy_failed",
    "action": "driver_failed",
}


class _Work:
    """One call being carried out."""

    def __init__(
        self,
        toolset: AsyncBrowserToolset,
        kit: _Kit,
        call: ResponseFunctionToolCall,
        cancelled: Callable[[], bool] | None,
        observer: ToolDiagnosticObserver | None,
    ) -> None:
        self._toolset = toolset
        self._kit = kit
        self._call = call
        self._cancelled = cancelled
        self._observer = observer
        name = str(call.name)
        self._member = name[len(PREFIX) :] if name.startswith(PREFIX) else ""
        # Of what it is, and since when; for the observer.
        self._stage: Stage = "arguments"
        self._started = monotonic()

    async def done(self, skip: bool) -> tuple[FunctionCallOutput, bool]:
        """Have it allowed, do it, and give what goes back and whether it went well."""
        self._check()
        kit, call, member = self._kit, self._call, self._member
        usable = member in kit.handlers
        if not usable and member in BROWSER_MEMBERS and (kit.only_named or member in ON_REQUEST):
            raise BrowserError(f"The tool {call.name} is not among those that may be used.")
        if not isinstance(cast("object", call.call_id), str):
            raise BrowserUseError(f"the call of {call.name!r} has no call_id, so nothing can be sent back")
        # What could not be sent back must not have been done.
        replay_items([call])
        if not usable or call.type != "function_call" or call.status not in (None, "completed"):
            self._begin("arguments")
            self._tell("invalid_input", named=False)
            return self._output(None, error=f"There is no tool {call.name}, or its call is not complete.")
        if member in kit.confirm_reads and (skip or not await self._read_allowed()):
            return self._output(None, error="The user did not allow this read.")
        policies = self._policies() if not skip else {}
        read_state = self._state_method()
        state = await self._state(read_state)
        self._check()
        if skip:
            return self._output(
                state, error="This was not done, because an earlier call of the same turn failed."
            )
        result, error = await self._tried(state, policies)
        self._check()
        state = await self._state(read_state, state.get("observation"))
        self._check()
        return self._output(state, result, error)

    async def _read_allowed(self) -> bool:
        """Ask about a read before anything is looked at; whatever goes wrong there is a no."""
        self._begin("approval")
        try:
            context: BrowserReadConfirmContext = {
                "member": self._member,
                "arguments": parsed_arguments(self._member, self._call.arguments),
                "state": None,
                "call_id": self._call.call_id,
                "phase": "before_read",
            }
            allowed = await self._said_yes(self._toolset.confirm, context)
            reason: Any = "completed" if allowed else "refused"
        except Exception:
            allowed, reason = False, "policy_failed"
        try:
            self._check()
        except BrowserCancelledError:
            self._tell("cancelled")
            raise
        self._tell(reason)
        return allowed

    def _policies(self) -> dict[str, Any]:
        """Whom to ask, as it is now."""
        found: dict[str, Any] = {}
        try:
            if self._member not in CHANGES_NOTHING:
                found["confirm"] = self._toolset.confirm
            if self._member in _GOES_SOMEWHERE:
                found["url_policy"] = self._toolset.url_policy
        except Exception:
            raise BrowserUseError("confirm and url_policy of the toolset cannot be read") from None
        return found

    def _state_method(self) -> Callable[[], Awaitable[object]]:
        try:
            return self._toolset.driver.state
        except Exception:
            raise BrowserUseError("state of the browser driver cannot be read; it is a method") from None

    async def _state(
        self, read: Callable[[], Awaitable[object]], previous: BrowserObservationV1 | None = None
    ) -> BrowserState:
        try:
            given = await invoke(read, cancelled=self._cancelled)
            self._check()
            return shown_state(given, previous)
        except Exception as error:
            self._check()
            if isinstance(error, BrowserUseError):
                raise
            raise BrowserUseError(f"state() of the browser driver failed: {type(error).__name__}") from None

    async def _tried(self, state: BrowserState, policies: Mapping[str, Any]) -> tuple[Any, str | None]:
        """What the driver gave, or what the model is to be told instead."""
        try:
            result = await self._acted(state, policies)
        except BrowserCancelledError:
            self._tell("cancelled")
            raise
        except BrowserError as error:
            self._tell("refused" if self._stage == "approval" else _FAILED[self._stage])
            return None, str(error)
        except Exception:
            # Its text may hold what a page or a user said, and what the program is made of.
            self._tell(_FAILED[self._stage])
            return None, "The browser could not do this."
        try:
            return self._checked(result), None
        except BrowserCancelledError:
            self._tell("cancelled")
            raise

    async def _acted(self, state: BrowserState, policies: Mapping[str, Any]) -> Any:
        self._begin("arguments")
        arguments = parsed_arguments(self._member, self._call.arguments)
        context: BrowserConfirmContext = {
            "member": self._member,
            "arguments": arguments,
            "state": state,
            "call_id": self._call.call_id,
        }
        self._begin("approval")
        url = arguments.get("url")
        if "url_policy" in policies and isinstance(url, str):
            if not await self._said_yes(policies["url_policy"], context, url):
                raise BrowserError("Going to this address was not allowed.")
            self._check()
        if "confirm" in policies and not await self._said_yes(policies["confirm"], context):
            raise BrowserError("The user did not allow this. Try it again only if the user asks for it.")
        self._check()
        if "confirm" in policies:
            self._tell("completed")
        self._begin("action")
        return await invoke(self._kit.handlers[self._member], arguments, cancelled=self._cancelled)

    def _checked(self, result: object) -> Any:
        try:
            checked = checked_result(self._member, result)
        finally:
            self._check()
        self._tell("completed")
        return checked

    async def _said_yes(
        self, policy: Callable[..., Awaitable[object]] | None, context: Any, *more: Any
    ) -> bool:
        if policy is None:
            return False
        return await invoke(policy, deepcopy(context), *more, cancelled=self._cancelled) is True

    def _output(
        self, state: BrowserState | None, result: Any = None, error: str | None = None
    ) -> tuple[FunctionCallOutput, bool]:
        """What goes back, and whether it went well."""
        member = self._member
        well = error is None and (member not in FILE_TRANSFERS or result["status"] == "completed")
        payload: dict[str, Any] = {"ok": well}
        if state is not None:
            payload["state"] = state
        content: list[dict[str, Any]] = []
        if error is not None:
            payload["error"] = error
        elif member in _PICTURES:
            content.append(result)
        elif member in READS or member in FILE_TRANSFERS or result is None or isinstance(result, str):
            payload["result"] = result
        else:
            raise BrowserUseError(
                f"{member}() of the browser driver gave {type(result).__name__}; it gives text or None"
            )
        content.insert(0, {"type": "input_text", "text": json.dumps(payload)})
        output = {"type": "function_call_output", "call_id": self._call.call_id, "output": content}
        return cast("FunctionCallOutput", output), well

    def _begin(self, stage: Stage) -> None:
        self._stage = stage
        self._started = monotonic()

    def _tell(self, reason: Any, *, named: bool = True) -> None:
        emit_tool_diagnostic(
            self._observer,
            "browser",
            self._stage,
            reason,
            self._started,
            call_id=self._call.call_id,
            member=self._member if named else None,
        )

    def _check(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise BrowserCancelledError("the browser call was cancelled: cancelled() gave True")
