"""Whether items of a conversation have the fields that the API gives them, so that they can be replayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oxide.errors import mapping_of
from oxide.helpers.replay import valid_native_message

from .data import Item, is_list_of, is_program_caller, is_text, optional_text

__all__ = [
    "same_output",
    "valid_computer_call",
    "valid_computer_output",
    "valid_function_call",
    "valid_function_output",
    "valid_input_message",
]

_STATUSES = (None, "in_progress", "completed", "incomplete")
_BUTTONS = ("left", "right", "wheel", "back", "forward")


def valid_function_call(item: Item) -> bool:
    """Whether the fields of a function call besides its name and arguments are as they should be."""
    return (
        _valid_caller(item.get("caller"))
        and is_text(item.get("id", ""))
        and is_text(item.get("namespace", ""))
        and isinstance(item.get("async", False), bool)
    )


def valid_function_output(item: Item) -> bool:
    """Whether the fields of a function's output besides the output itself are as they should be."""
    return (
        _valid_caller(item.get("caller"))
        and item.get("status") in _STATUSES
        and all(optional_text(item.get(name)) for name in ("id", "name", "namespace"))
    )


def _valid_caller(caller: object) -> bool:
    if caller is None or mapping_of(caller).get("type") == "direct":
        return True
    return is_program_caller(caller) and is_text(mapping_of(caller).get("caller_id"))


# -- computers -------------------------------------------------------------------------------------


def valid_computer_call(item: Item) -> bool:
    """Whether a computer call has its ids, actions and safety checks.

    A call of the first version of the tool has one `action` and always lists its checks.
    """
    several, single = item.get("actions"), item.get("action")
    # A null beside the other form is no way to leave it out.
    if any(name in item and item[name] is None for name in ("action", "actions")):
        return False
    actions = several if single is None else [single] if several is None else None
    return (
        is_text(item.get("id"))
        and is_text(item.get("call_id"))
        and bool(actions)
        and is_list_of(actions, _valid_action)
        and (
            is_list_of(item["pending_safety_checks"], _valid_safety_check)
            if "pending_safety_checks" in item
            else single is None
        )
    )


def _valid_safety_check(given: object) -> bool:
    check = mapping_of(given)
    return (
        is_text(check.get("id")) and optional_text(check.get("code")) and optional_text(check.get("message"))
    )


def _valid_action(given: object) -> bool:
    action = mapping_of(given)
    kind, keys = action.get("type"), action.get("keys")
    if keys is not None and not is_list_of(keys, is_text):
        return False
    if kind == "click":
        return _valid_point(action) and action.get("button") in _BUTTONS
    if kind in ("double_click", "move"):
        return _valid_point(action)
    if kind == "scroll":
        return _valid_point(action) and all(type(action.get(n)) is int for n in ("scroll_x", "scroll_y"))
    if kind == "drag":
        return is_list_of(action.get("path"), lambda point: _valid_point(mapping_of(point)))
    if kind == "keypress":
        return keys is not None
    if kind == "type":
        return is_text(action.get("text"))
    return kind in ("screenshot", "wait")


def _valid_point(point: Mapping[str, Any]) -> bool:
    return type(point.get("x")) is int and type(point.get("y")) is int


def valid_computer_output(item: Item) -> bool:
    """Whether a computer call's output has a screenshot, and safety checks as they should be."""
    checks, screenshot = item.get("acknowledged_safety_checks"), mapping_of(item.get("output"))
    places = [screenshot.get(name) for name in ("image_url", "file_id")]
    return (
        optional_text(item.get("id"))
        and item.get("status") in _STATUSES
        and (checks is None or is_list_of(checks, _valid_safety_check))
        and screenshot.get("type") == "computer_screenshot"
        and all(optional_text(place) for place in places)
        and any(place is not None and place.strip() for place in places)
    )


# -- messages --------------------------------------------------------------------------------------


def valid_input_message(item: Item) -> bool:
    """Whether a message of the input is one the API takes as it is: the user's, or the model's own."""
    role, content = item.get("role"), item.get("content")
    if role not in ("user", "assistant", "system", "developer"):
        return False
    if (is_text(content) or role == "assistant") and item.get("phase") not in (
        None,
        "commentary",
        "final_answer",
    ):
        return False
    if is_text(content):
        return True
    if is_list_of(content, lambda part: mapping_of(part).get("type") not in ("output_text", "refusal")):
        return is_list_of(content, _valid_input_part)
    return valid_native_message(item)


def _valid_input_part(given: object) -> bool:
    part = mapping_of(given)
    marker = part.get("prompt_cache_breakpoint", {"mode": "explicit"})
    if mapping_of(marker).get("mode") != "explicit":
        return False
    kind = part.get("type")
    if kind == "input_text":
        return is_text(part.get("text"))
    if kind == "input_image":
        places = (part.get("image_url"), part.get("file_id"))
        return part.get("detail") in ("auto", "low", "high", "original") and all(map(optional_text, places))
    return (
        kind == "input_file"
        and part.get("detail", "auto") in ("auto", "low", "high")
        and optional_text(part.get("file_id"))
        and all(is_text(part.get(name, "")) for name in ("file_data", "file_url", "filename"))
    )


# -- what was streamed -----------------------------------------------------------------------------


def same_output(streamed: list[Item], complete: list[Item]) -> bool:
    """Whether the items of a complete response are those that were streamed.

    Two things may change: the ciphertext of reasoning, and an id that a function call only gets in the end.
    """
    return len(streamed) == len(complete) and all(map(_same_item, streamed, complete))


def _same_item(before: Item, after: Item) -> bool:
    if before.get("type") == after.get("type") == "reasoning":
        sealed = before.get("encrypted_content"), after.get("encrypted_content")
        if all(is_text(text) and text for text in sealed):
            before = {**before, "encrypted_content": sealed[1]}
    elif before.get("type") == after.get("type") == "function_call" and "id" not in before:
        late = {"id": after["id"]} if is_text(after.get("id")) else {}
        before = {**before, **late}
    return before == after
