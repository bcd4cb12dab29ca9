"""Computer calls as a server may send them: good ones of every kind, and each of their fields gone wrong."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

WHOLE: list[dict[str, Any]] = [
    {"type": "click", "x": 10, "y": 20, "button": "left"},
    {"type": "click", "x": 0, "y": -1, "button": "wheel", "keys": ["CTRL", "SHIFT"]},
    {"type": "click", "x": 1, "y": 2, "button": "back", "keys": None},
    {"type": "double_click", "x": 3, "y": 4, "keys": []},
    {"type": "double_click", "x": 3, "y": 4},
    {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}], "keys": ["ALT"]},
    {"type": "drag", "path": []},
    {"type": "keypress", "keys": ["CTRL", "c"]},
    {"type": "keypress", "keys": []},
    {"type": "move", "x": 5, "y": 6},
    {"type": "screenshot"},
    {"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": -300},
    {"type": "type", "text": "zażółć 🎉"},
    {"type": "type", "text": ""},
    {"type": "wait"},
]
"""Actions that can be carried out."""

SPOILT: list[Any] = [None, True, 1.5, "x", "", [], [1], {}, {"x": 1}, ["a", 1]]
"""Values that do not belong where they are put; now and then one does."""

CHECKS: list[Any] = [
    [],
    [{"id": "s1"}],
    [{"id": "s1", "code": "malicious", "message": "sure?"}, {"id": "s2", "code": None, "message": None}],
    None,
    "no",
    {},
    [None],
    ["s1"],
    [{}],
    [{"id": 1}],
    [{"id": "s1", "code": 2}],
    [{"id": "s1", "message": []}],
]


def call(**fields: Any) -> dict[str, Any]:
    """A computer call of the newer tool; fields given as None stay, those given as `...` are left out."""
    base: dict[str, Any] = {"type": "computer_call", "id": "cu_1", "call_id": "call_1", "status": "completed"}
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


def spoilt_actions() -> Iterator[Any]:
    """Every action with each of its fields missing, and replaced by what does not belong there."""
    for action in WHOLE:
        for name in action:
            yield {field: value for field, value in action.items() if field != name}
            for value in SPOILT:
                yield {**action, name: value}
        if action.get("path"):
            for value in SPOILT:
                changed = deepcopy(action)
                changed["path"][1]["y"] = value
                yield changed
                yield {**action, "path": [action["path"][0], value]}
    yield from ({"type": "dance"}, {"type": None}, {"x": 1, "y": 2}, *SPOILT)


def calls() -> Iterator[dict[str, Any]]:
    """Good and bad calls of both tools."""
    for action in WHOLE:
        yield call(actions=[action])
        yield call(action=action, pending_safety_checks=[])
        yield call(action=action)
        yield call(action=action, actions=[action], pending_safety_checks=[])
    yield call(actions=WHOLE)
    yield call(actions=WHOLE, pending_safety_checks=[], created_by="someone", later={"field": 1})
    for action in spoilt_actions():
        yield call(actions=[WHOLE[0], action])
        yield call(action=action, pending_safety_checks=[])
    for checks in CHECKS:
        yield call(actions=[WHOLE[0]], pending_safety_checks=checks)
        yield call(action=WHOLE[0], pending_safety_checks=checks)
    yield call(actions=[])
    yield call(actions=None)
    yield call(action=None, pending_safety_checks=[])
    yield call(actions=[WHOLE[0]], action=None)
    yield call()
    for name in ("id", "call_id"):
        for value in (..., None, 1, [], ""):
            yield call(actions=[WHOLE[0]], **{name: value})


def unfinished() -> Iterator[dict[str, Any]]:
    """Calls that are not complete, or none at all."""
    for name in ("type", "status"):
        for value in (..., None, 1, [], "in_progress", ""):
            yield call(actions=[WHOLE[0]], **{name: value})
