"""Plain JSON data: what a run keeps, compares and writes down."""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeAlias, cast

from oxide.options import is_given

__all__ = [
    "LARGEST",
    "Item",
    "is_natural",
    "is_program_caller",
    "is_text",
    "optional_text",
    "plain",
]

Item: TypeAlias = dict[str, Any]

LARGEST = 2**53 - 1
"""The largest integer that every reader of JSON keeps exact."""


def plain(value: object, *, omitted: bool = False) -> Any:
    """A copy of JSON data. Nothing is converted: what is not plain JSON is refused.

    Args:
      value: dicts, lists, texts, numbers, truth values and None, of exactly these types.
      omitted: whether the values of parameters may be `omit`; such parameters are left out.

    Raises:
      ValueError: something else is in it.
    """
    if value is None or type(value) in (str, bool, int):
        return value
    if type(value) is float and isfinite(value):
        return value
    if type(value) is list:
        return [plain(entry, omitted=omitted) for entry in cast("list[object]", value)]
    if type(value) is dict:
        copied: Item = {}
        for name, entry in cast("dict[object, object]", value).items():
            if type(name) is not str:
                raise ValueError(f"{name!r} cannot be a key: keys are text in plain JSON")
            if omitted and not is_given(entry):
                continue
            copied[name] = plain(entry, omitted=omitted and name not in _FREE)
        return copied
    raise ValueError(f"{type(value).__name__} is not plain JSON, which is all that a run can keep")


# Objects whose keys are the user's own: `omit` has no meaning in them.
_FREE = frozenset(("attributes", "headers", "metadata", "parameters", "schema", "variables"))


def is_text(value: object) -> bool:
    """Whether a value is text."""
    return isinstance(value, str)


def optional_text(value: object) -> bool:
    """Whether a value is text or None."""
    return value is None or isinstance(value, str)


def is_natural(value: object, least: int, most: int = LARGEST) -> bool:
    """Whether a value is a whole number within limits; a truth value is none."""
    return type(value) is int and least <= value <= most


def is_program_caller(caller: object) -> bool:
    """Whether a call's `caller` says that a program of the model's made it."""
    return isinstance(caller, dict) and cast("Item", caller).get("type") == "program"
