"""JSON over the standard library: the twin and the oracle of ``json_c``."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from typing import Any, TypeGuard

__all__ = ["PADDING", "View", "implementation", "loads", "pad", "pluck", "view"]

PADDING = 64
"""Bytes of padding, in bytes, that :func:`pad` puts behind a document and that simdjson may read."""


def implementation() -> str:
    """Name the parser in use, for example ``"simdjson 3.12.3 haswell"``.

    Returns:
        Library, version and, for the native one, the instruction-set row chosen at import.
    """
    return f"json {platform.python_version()}"


def pad(data: bytes | bytearray | memoryview) -> bytes:
    """Copy a document and put :data:`PADDING` spaces behind it.

    Args:
        data: JSON text as bytes.

    Returns:
        ``len(data) + PADDING`` bytes, to be handed to this module's functions with ``padded=True``.
    """
    return memoryview(data).tobytes() + b" " * PADDING


def loads(data: bytes | bytearray | memoryview | str, *, padded: bool = False) -> Any:
    """Read a whole document, exactly as :func:`json.loads` does.

    Args:
        data: JSON text; bytes may be UTF-8, UTF-16 or UTF-32.
        padded: ``data`` is ``bytes`` out of :func:`pad`, and is read without a copy.

    Returns:
        dict, list, str, int, float, bool or None. The last of duplicate keys wins; lone surrogates, integers
        of any size, NaN and infinities are kept.

    Raises:
        json.JSONDecodeError: The text is not JSON.
        UnicodeDecodeError: The bytes are not text.
        RecursionError: The document is nested deeper than the interpreter can recurse.
    """
    if isinstance(data, str):
        return json.loads(data)
    text = memoryview(data).tobytes()
    return json.loads(text[: len(text) - PADDING] if padded else text)


def pluck(data: bytes | bytearray | memoryview | str, *path: str | int, padded: bool = False) -> Any:
    """Read one value out of a document.

    The native backend parses that value only: what it skips is checked for balance and encoding, no more.

    Args:
        data: JSON text.
        path: Keys and indexes that lead to the value; negative indexes count from the end.
        padded: ``data`` is ``bytes`` out of :func:`pad`, and is read without a copy.

    Returns:
        The value, containers as dict and list.

    Raises:
        KeyError: An object on the way lacks the key.
        IndexError: An array on the way is too short.
        TypeError: A key for something that is not an object, or an index for something that is not an array.
        json.JSONDecodeError, UnicodeDecodeError, RecursionError: As :func:`loads`.
    """
    value = loads(data, padded=padded)
    for step in path:
        value = _step(value, step)
    return value


def view(data: bytes | bytearray | memoryview | str, *, padded: bool = False) -> View:
    """Open a document without reading it.

    Args:
        data: JSON text.
        padded: ``data`` is ``bytes`` out of :func:`pad`, and is read without a copy.

    Returns:
        A :class:`View` of the whole document.

    Raises:
        json.JSONDecodeError, UnicodeDecodeError, RecursionError: As :func:`loads`. The native backend
            raises for a fault inside a nested value when that value is read.
    """
    return View(loads(data, padded=padded))


class View:
    """A JSON value, read where it is looked at.

    ``view["output"][3]["content"]`` gives a View of an object or array, the Python value of anything else.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def value(self) -> Any:
        """Read it all.

        Returns:
            What :func:`loads` gives for this part of the document.
        """
        return self._value

    def keys(self) -> list[str]:
        """List the keys of an object.

        Returns:
            Keys in document order, each once.

        Raises:
            TypeError: The value is not an object.
        """
        if not _is_object(self._value):
            raise TypeError(f"{_name(self._value)} has no keys")
        return list(self._value)

    def get(self, key: str, default: Any = None) -> Any:
        """Look up a key of an object.

        Args:
            key: The key.
            default: Returned where there is no such key.

        Returns:
            As ``view[key]``.

        Raises:
            TypeError: The value is not an object.
        """
        try:
            return self[key]
        except KeyError:
            return default

    def __getitem__(self, key: str | int) -> Any:
        return _wrap(_step(self._value, key))

    def __len__(self) -> int:
        if not (_is_object(self._value) or _is_array(self._value)):
            raise TypeError(f"{_name(self._value)} has no length")
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        if _is_object(self._value):
            return iter(list(self._value))
        if _is_array(self._value):
            return iter([_wrap(item) for item in self._value])
        raise TypeError(f"{_name(self._value)} is not iterable")

    def __contains__(self, key: object) -> bool:
        if not (_is_object(self._value) or _is_array(self._value)):
            raise TypeError(f"{_name(self._value)} contains nothing")
        return key in self._value

    def __repr__(self) -> str:
        return f"View({_name(self._value)})"


_NAMES = ((dict, "object"), (list, "array"), (str, "string"), (bool, "boolean"), (type(None), "null"))


def _name(value: Any) -> str:
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "number")


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _wrap(value: Any) -> Any:
    return View(value) if _is_object(value) or _is_array(value) else value


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        if not _is_object(value):
            raise TypeError(f"{_name(value)} has no key {step!r}")
        return value[step]
    if not _is_array(value):
        raise TypeError(f"{_name(value)} has no index {step!r}")
    return value[step]
