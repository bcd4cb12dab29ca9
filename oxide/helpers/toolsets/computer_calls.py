"""Calls of the computer tool: what they have to hold before anything is clicked, and copies of our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from oxide._error_base import OpenAIError
from oxide.errors import APIResponseValidationError
from oxide.models.convert import brief
from oxide.types.responses.computer_action import ComputerAction
from oxide.types.responses.response_computer_tool_call import (
    Action,
    PendingSafetyCheck,
    ResponseComputerToolCall,
)

if TYPE_CHECKING:
    from oxide.types.responses.response import Response

__all__ = ["ComputerActionInput", "ComputerUseError", "actions_of", "snapshot_call"]

ComputerActionInput: TypeAlias = Action | ComputerAction
"""One action, as `computer_use_preview` (`action`) and `computer` (`actions`) tools send it."""


class ComputerUseError(OpenAIError, RuntimeError):
    """A computer run that stopped before the model gave its final message.

    Args:
      message: what is wrong, where, and what to do.
      response: the response that was being carried out, where there is one.

    Source: same name, argument and attribute as in the official SDK.
    """

    response: Response | None

    def __init__(self, message: str, response: Response | None = None) -> None:
        super().__init__(message)
        self.response = response


def snapshot_call(call: ResponseComputerToolCall) -> ResponseComputerToolCall:
    """A copy of a call that shares nothing with it, with every field there.

    Args:
      call: the call, as the API sent it or as a program made it.

    Returns:
      The copy; what the API left out is None in it.

    Raises:
      ComputerUseError: a field of it does not fit, or it is no call at all.
    """
    if not isinstance(cast("object", call), ResponseComputerToolCall):
        raise ComputerUseError(f"expected a computer call, an item of response.output, got {brief(call)}")
    try:
        owned: Any = call.model_copy(deep=True)
    except APIResponseValidationError as error:
        raise ComputerUseError(f"the computer call cannot be carried out: {error.message}") from error
    # What the API left out reads as None: a program that asks is no reason to stop half-way.
    for name in ResponseComputerToolCall.model_fields:
        owned.__dict__.setdefault(name, None)
    return cast("ResponseComputerToolCall", owned)


def actions_of(call: ResponseComputerToolCall) -> list[ComputerActionInput]:
    """The actions of a call, in order, each of them checked.

    Args:
      call: the call; nothing of it is changed.

    Returns:
      A new list with at least one action.

    Raises:
      ComputerUseError: an id, a safety check or an action is missing or malformed; it names the place.
    """
    try:
        return _checked(call)
    except APIResponseValidationError as error:
        raise ComputerUseError(f"the computer call cannot be carried out: {error.message}") from error


def _checked(call: ResponseComputerToolCall) -> list[ComputerActionInput]:
    for name in ("id", "call_id"):
        if not isinstance(getattr(call, name, None), str):
            raise _refused(call, _unfit(name, "a string", getattr(call, name, None)))
    given = call.model_fields_set
    for name in ("actions", "action"):
        if name in given and getattr(call, name) is None:
            raise _refused(call, f"its {name} is null; it has either `action` or `actions`")
    if call.actions is not None and call.action is not None:
        raise _refused(call, "it has both `action` and `actions`; only one of them can be carried out")
    actions: list[ComputerActionInput] = [call.action] if call.action is not None else [*(call.actions or ())]
    if not actions:
        raise _refused(call, "it has no actions")
    _check_safety(call, given)
    for position, action in enumerate(actions):
        fault = _fault("action" if call.action is not None else f"actions[{position}]", action)
        if fault is not None:
            raise _refused(call, fault)
    return actions


def _refused(call: ResponseComputerToolCall, reason: str) -> ComputerUseError:
    return ComputerUseError(f"the computer call {getattr(call, 'call_id', None)!r} was not begun: {reason}")


def _unfit(place: str, expected: str, received: object) -> str:
    return f"{place}: expected {expected}, got {brief(received)}"


def _check_safety(call: ResponseComputerToolCall, given: set[str]) -> None:
    if "pending_safety_checks" not in given:
        # Only the older tool promises the list; without it nobody knows what it wants approved.
        if call.action is not None:
            raise _refused(call, "pending_safety_checks is missing beside `action`")
        return
    checks = cast("object", call.pending_safety_checks)
    if not isinstance(checks, list):
        raise _refused(call, _unfit("pending_safety_checks", "a list", checks))
    for position, check in enumerate(cast("list[object]", checks)):
        where = f"pending_safety_checks[{position}]"
        if not isinstance(check, PendingSafetyCheck):
            raise _refused(call, _unfit(where, "a safety check", check))
        for name in ("id", "code", "message"):
            value = getattr(check, name, None)
            if not (isinstance(value, str) or (value is None and name != "id")):
                raise _refused(call, _unfit(f"{where}.{name}", "a string", value))


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _strings(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


_BUTTONS = ("left", "right", "wheel", "back", "forward")
_Rule: TypeAlias = tuple[str, Callable[[object], bool], str]
_KEYS: _Rule = ("keys", lambda value: value is None or _strings(value), "a list of strings")
_POINT: tuple[_Rule, ...] = (("x", _whole, "an integer"), ("y", _whole, "an integer"))
_RULES: dict[str, tuple[_Rule, ...]] = {
    "click": (*_POINT, ("button", _BUTTONS.__contains__, f"one of {', '.join(_BUTTONS)}")),
    "double_click": _POINT,
    "drag": (("path", lambda value: isinstance(value, list), "a list of points"),),
    "keypress": (("keys", _strings, "a list of strings"),),
    "move": _POINT,
    "screenshot": (),
    "scroll": (*_POINT, ("scroll_x", _whole, "an integer"), ("scroll_y", _whole, "an integer")),
    "type": (("text", lambda value: isinstance(value, str), "a string"),),
    "wait": (),
}


def _fault(place: str, action: Any) -> str | None:
    """What is wrong with an action; None where nothing is."""
    kind = getattr(action, "type", None)
    rules = _RULES.get(kind) if isinstance(kind, str) else None
    if rules is None:
        return _unfit(f"{place}.type", f"one of {', '.join(_RULES)}", kind)
    fault = _first_fault(place, action, (_KEYS, *rules))
    if fault is None and kind == "drag":
        points = (_first_fault(f"{place}.path[{i}]", point, _POINT) for i, point in enumerate(action.path))
        fault = next(filter(None, points), None)
    return fault


def _first_fault(place: str, value: Any, rules: tuple[_Rule, ...]) -> str | None:
    for name, fits, wanted in rules:
        found = getattr(value, name, None)
        if not fits(found):
            return _unfit(f"{place}.{name}", wanted, found)
    return None
