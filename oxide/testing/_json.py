"""Typed access to JSON that others wrote: a member of the wrong kind reads as an empty one."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Object", "array", "obj"]

Object: TypeAlias = dict[str, Any]


def obj(value: Any) -> Object:
    """`value` where it is a JSON object, else an empty one."""
    return value if _is(value, dict) else {}


def array(value: Any) -> list[Any]:
    """`value` where it is a JSON array, else an empty one."""
    return value if _is(value, list) else []


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind)
