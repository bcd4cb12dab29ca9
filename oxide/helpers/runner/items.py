"""What keeps items of a conversation from being replayed: fields that are not as the API has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from oxide.errors import mapping_of
from oxide.helpers.replay import native_message_faults
from oxide.helpers.shapes import (
    Faults,
    choices,
    got,
    integers,
    items_of,
    listed,
    object_in,
    optional_texts,
    text_faults,
    texts,
    texts_given,
)

from .data import Item, is_text

__all__ = [
    "computer_call_faults",
    "computer_output_faults",
    "function_call_faults",
    "function_output_faults",
    "message_faults",
    "same_output",
]

_STATUSES = (None, "in_progress", "completed", "incomplete")
_ROLES = ("user", "assistant", "system", "developer")
_PHASES = (None, "commentary", "final_answer")
_BUTTONS = ("left", "right", "wheel", "back", "forward")


def function_call_faults(item: Item) -> Faults:
    """What is wrong with the fields of a function call besides its name and arguments."""
    yield from _caller_faults(item)
    yield from texts_given(item, "id", "namespace")
    if not isinstance(item.get("async", False), bool):
        yield ".async", got("true or false", item["async"])


def function_output_faults(item: Item) -> Faults:
    """What is wrong with the fields of a function's output besides the output itself."""
    yield from _caller_faults(item)
    yield from choices(item, "status", _STATUSES)
    yield from optional_texts(item, "id", "name", "namespace")


def _caller_faults(item: Item) -> Faults:
    if item.get("caller") is not None:
        yield from object_in(item, "caller", _one_caller_faults)


def _one_caller_faults(caller: Mapping[str, Any]) -> Faults:
    yield from choices(caller, "type", ("direct", "program"))
    if caller.get("type") == "program":
        yield from texts(caller, "caller_id")


# -- computers -------------------------------------------------------------------------------------


def computer_call_faults(item: Item) -> Faults:
    """What is wrong with the ids, actions and safety checks of a computer call.

    A call of the first version of the tool has one `action` and always lists its checks.
    """
    yield from texts(item, "id", "call_id")
    # A null beside the other form is no way to leave it out.
    if ("actions" in item) == ("action" in item):
        yield "", "either actions or action is needed"
    elif "action" in item:
        yield from object_in(item, "action", _action_faults)
    elif item["actions"] == []:
        yield ".actions", "one action at least is needed"
    else:
        yield from items_of(item, "actions", _action_faults)
    if "action" in item or "pending_safety_checks" in item:
        yield from items_of(item, "pending_safety_checks", _safety_check_faults)


def _safety_check_faults(check: Mapping[str, Any]) -> Faults:
    yield from texts(check, "id")
    yield from optional_texts(check, "code", "message")


def _action_faults(action: Mapping[str, Any]) -> Faults:
    kind = action.get("type")
    if action.get("keys") is not None or kind == "keypress":
        yield from listed(action, "keys", text_faults)
    if kind in ("click", "double_click", "move", "scroll"):
        yield from _point_faults(action)
    if kind == "click":
        yield from choices(action, "button", _BUTTONS)
    elif kind == "scroll":
        yield from integers(action, "scroll_x", "scroll_y")
    elif kind == "drag":
        yield from items_of(action, "path", _point_faults)
    elif kind == "type":
        yield from texts(action, "text")
    else:
        yield from choices(action, "type", _ACTIONS)


_ACTIONS = ("click", "double_click", "drag", "keypress", "move", "screenshot", "scroll", "type", "wait")


def _point_faults(point: Mapping[str, Any]) -> Faults:
    yield from integers(point, "x", "y")


def computer_output_faults(item: Item) -> Faults:
    """What is wrong with the screenshot and the safety checks of a computer call's output."""
    yield from optional_texts(item, "id")
    yield from choices(item, "status", _STATUSES)
    if item.get("acknowledged_safety_checks") is not None:
        yield from items_of(item, "acknowledged_safety_checks", _safety_check_faults)
    yield from object_in(item, "output", _screenshot_faults)


def _screenshot_faults(screenshot: Mapping[str, Any]) -> Faults:
    yield from choices(screenshot, "type", ("computer_screenshot",))
    yield from optional_texts(screenshot, "image_url", "file_id")
    places = (screenshot.get(name) for name in ("image_url", "file_id"))
    if not any(isinstance(place, str) and place.strip() for place in places):
        yield "", "an image_url or a file_id is needed"


# -- messages --------------------------------------------------------------------------------------


def message_faults(item: Item) -> Faults:
    """What is wrong with a message of the input, which the user or the model may have made."""
    role, content = item.get("role"), item.get("content")
    yield from choices(item, "role", _ROLES)
    if is_text(content) or role == "assistant":
        yield from choices(item, "phase", _PHASES)
    if is_text(content):
        return
    if not isinstance(content, list):
        yield ".content", got("text or a list of parts", content)
    elif any(
        mapping_of(part).get("type") in ("output_text", "refusal") for part in cast("list[object]", content)
    ):
        yield from native_message_faults(item)
    else:
        yield from items_of(item, "content", _input_part_faults)


def _input_part_faults(part: Mapping[str, Any]) -> Faults:
    if "prompt_cache_breakpoint" in part:
        yield from object_in(
            part, "prompt_cache_breakpoint", lambda marker: choices(marker, "mode", ("explicit",))
        )
    kind = part.get("type")
    if kind == "input_text":
        yield from texts(part, "text")
    elif kind == "input_image":
        yield from choices(part, "detail", ("auto", "low", "high", "original"))
        yield from optional_texts(part, "image_url", "file_id")
    elif kind == "input_file":
        if "detail" in part:
            yield from choices(part, "detail", ("auto", "low", "high"))
        yield from optional_texts(part, "file_id")
        yield from texts_given(part, "file_data", "file_url", "filename")
    else:
        yield from choices(part, "type", ("input_text", "input_image", "input_file"))


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
