"""Looks for NaN and infinities: twin of finite_c, and what says where one is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from math import isfinite
from typing import Any, cast

__all__ = ["all_finite", "number_at", "parts_of"]


def parts_of(value: Any) -> Iterable[tuple[str, Any]]:
    """What orjson writes of a value that is no list and no dict: a dataclass's fields, an enum's value.

    Args:
        value: anything.

    Returns:
        Pairs of how each part is reached and the part; none where the value is written by other means.
    """
    fields: dict[str, object] | None = getattr(cast("object", type(value)), "__dataclass_fields__", None)
    if fields is not None:
        return [(f".{name}", getattr(value, name)) for name in fields if hasattr(value, name)]
    return [(".value", value.value)] if isinstance(value, Enum) else ()


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    members: Any = value
    if isinstance(value, dict):
        items = members.items()
        return ((f".{k}" if str(k).isidentifier() else f"[{k!r}]", v) for k, v in items)
    if isinstance(value, (list, tuple)):
        return ((f"[{i}]", v) for i, v in enumerate(cast("list[Any]", value)))
    return parts_of(value)


def all_finite(value: Any) -> bool:
    """Whether no float in a value is NaN or infinite.

    Args:
        value: what orjson has written: dicts, lists, tuples and dataclasses are looked into.
    """
    return number_at(value) is None


def _bad(value: Any, path: str) -> Iterator[tuple[str, float]]:
    for step, part in _parts(value):
        if isinstance(part, float):
            if not isfinite(part):
                yield path + step, part
        elif not isinstance(part, (str, int)) and part is not None:
            yield from _bad(part, path + step)


def number_at(value: Any) -> str | None:
    """Where the first NaN or infinity is, such as ``messages[3].temperature=nan``.

    Args:
        value: as for ``all_finite``.

    Returns:
        None when there is none.
    """
    for path, number in _bad({"": value}, ""):
        # The member's own step is the name of nothing: [''].
        path = path[4:].removeprefix(".")
        return f"{path}={number!r}" if path else repr(number)
    return None
