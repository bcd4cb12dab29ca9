"""Python objects to JSON bytes: orjson for both backends, the standard library where orjson refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

__all__ = ["dumps"]


def dumps(obj: Any, *, default: Callable[[Any], Any] | None = None) -> bytes:
    """Write ``obj`` as compact JSON in UTF-8, keys in the order they were inserted.

    Args:
        obj: Any JSON value. Tuples, dataclasses, enums, datetimes and UUIDs go out as orjson writes them.
        default: Called with each object that is not JSON; returns something that is, or raises TypeError.

    Returns:
        The bytes. NaN and infinities are written as ``null``, which is all that JSON has for them.

    Raises:
        TypeError: An object is not JSON.
        Exception: Whatever ``default`` raised.
    """
    try:
        # Given None, it would call it.
        return orjson.dumps(obj) if default is None else orjson.dumps(obj, default)
    except TypeError as exc:
        if exc.__cause__ is not None:  # raised by `default`: a second attempt would call it again
            raise exc.__cause__ from None
        refusal = exc
    # orjson refuses integers above 64 bits, lone surrogates and keys that are not str. The standard library
    # writes all three; escaping everything above ASCII is what keeps a lone surrogate writable.
    try:
        return json.dumps(obj, default=default, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError) as exc:
        raise TypeError(f"not JSON: {refusal}") from exc
