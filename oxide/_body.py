"""Request bodies: orjson writes them; only what it does not know is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, cast

from .options import NotGiven, Omit

__all__ = ["encode_body"]


_write: Callable[..., bytes] | None = None
_all_finite: Callable[[object], bool]


class _Absent(Exception):
    """An `omit` inside the body: a hook cannot take it out, the body has to be walked."""


class _NotJSON(Exception):
    """A NaN inside what `_default` gave."""


def _load_writer() -> Callable[..., bytes]:
    # Not at the top: orjson brings dataclasses and inspect along, 20 ms that a client which only waits saves.
    global _write, _all_finite
    from orjson import dumps

    from .json.finite import all_finite

    _write, _all_finite = dumps, all_finite
    return dumps


def encode_body(body: object) -> bytes:
    """JSON bytes of a request body, key order kept.

    Args:
      body: anything JSON holds, also pydantic models, iterables, mappings and dates; `omit` is left out.

    Raises:
      TypeError: something in it cannot be written; the message names its type.
      ValueError: a number in it is NaN or infinite; the message says where, `messages[3].weight=nan`.
    """
    if isinstance(body, bytes):
        return body
    write = _write or _load_writer()
    try:
        written = write(body, default=_default)
    except TypeError as error:
        if isinstance(error.__cause__, _Absent):
            return encode_body(_without_absent(body))
        if isinstance(error.__cause__, _NotJSON):
            _check(body)
            raise _refusal(str(error.__cause__)) from None
        from .json import dumps

        body = _plain(body)
        _check(body)
        return dumps(body)
    # After orjson, which wrote null for such numbers: it has refused what is too deep to be walked.
    if not _all_finite(body):
        _check(body)
    return written


def _check(body: object) -> None:
    from .json.finite import number_at

    found = number_at(body)
    if found is not None:
        raise _refusal(found)


def _refusal(number: str) -> ValueError:
    return ValueError(f"{number} cannot be sent: JSON has no such number")


def _default(value: object) -> object:
    if isinstance(value, (Omit, NotGiven)):
        raise _Absent
    converted = _convert(value)
    if not _all_finite(converted):
        from .json.finite import number_at

        raise _NotJSON(f"{_kind(value)}: {number_at(converted)}")
    return converted


def _kind(value: object) -> str:
    return type(value).__name__


def _convert(value: object) -> object:
    if isinstance(value, float):
        return float(value)  # a subclass, such as numpy's: orjson knows the plain one only
    dump = getattr(value, "model_dump", None)
    if dump is not None and not isinstance(value, type):
        # What a parsed answer holds beyond what the API sent.
        without = getattr(value, "__api_exclude__", None)
        return cast("object", dump(mode="json", by_alias=True, exclude_unset=True, exclude=without))
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    kind = _kind(value)
    if isinstance(value, PathLike) or hasattr(value, "read"):
        raise TypeError(f"a file cannot be part of a JSON body: {kind}")
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{kind} cannot be part of a JSON body; encode it as text first")
    if isinstance(value, Iterable):
        return list(cast("Iterable[object]", value))
    raise TypeError(f"{kind} cannot be part of a JSON body{_instead(value)}")


def _instead(value: object) -> str:
    """What to pass for something that other methods take as it is."""
    if hasattr(type(value), "chat_schema"):
        return ": `responses.create` takes `tool.schema`, `chat.completions.create` `tool.chat_schema`"
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        name = value.__name__
        return (
            f": as a tool, pass oxide.pydantic_function_tool({name}), to `responses.create` "
            f"oxide.pydantic_responses_function_tool({name}); as a format, call `parse`"
        )
    if callable(value):
        return ": as a tool, make one with oxide.openai_tool and pass its `schema` (in a chat, `chat_schema`)"
    return ""


def _without_absent(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {k: _without_absent(v) for k, v in items if not isinstance(v, (Omit, NotGiven))}
    if isinstance(value, (list, tuple)):
        return [_without_absent(v) for v in cast("list[Any]", value) if not isinstance(v, (Omit, NotGiven))]
    return value


def _plain(value: Any) -> Any:
    """The body in types every JSON writer knows."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in cast("list[Any]", value)]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return _plain(_convert(value))
