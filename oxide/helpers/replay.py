"""What runners keep of a conversation: items as the API sends them and takes them back, checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from math import isfinite
from typing import Any, TypeVar, cast

from oxide.errors import mapping_of

__all__ = [
    "as_received",
    "finite",
    "input_data",
    "received",
    "replay_items",
    "sent_back",
    "snapshot_request",
    "valid_native_message",
    "valid_native_reasoning",
    "wire_item",
]

Item = dict[str, Any]
ModelT = TypeVar("ModelT")

# Options of a call; all else is the body.
_OPTIONS = frozenset(("extra_headers", "extra_query", "extra_body", "timeout"))

_STATUSES = ("completed", "incomplete", "in_progress")
_PHASES = (None, "commentary", "final_answer")
_ANNOTATIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "file_citation": (("file_id", "filename"), ("index",)),
    "url_citation": (("title", "url"), ("start_index", "end_index")),
    "container_file_citation": (("container_id", "file_id", "filename"), ("start_index", "end_index")),
    "file_path": (("file_id",), ("index",)),
}


def input_data(value: Any) -> Any:
    """A part of a request as it will be sent: models, iterables and dates as JSON data, `omit` left out.

    Args:
      value: what `responses.create` takes.

    Returns:
      New dicts and lists.

    Raises:
      TypeError: something in it cannot be sent.
      ValueError: a number in it is NaN or infinite.
    """
    from oxide._body import encode_body
    from oxide.json import loads

    return loads(encode_body(value))


def snapshot_request(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a run, which nobody else can change.

    Args:
      params: keywords of `responses.create`.

    Raises:
      TypeError: something in it cannot be sent.
      ValueError: a number in it is NaN or infinite.
    """
    body = {name: value for name, value in params.items() if name not in _OPTIONS}
    options = {name: value for name, value in params.items() if name in _OPTIONS}
    return {**cast("dict[str, Any]", input_data(body)), **deepcopy(options)}


def as_received(answer: ModelT) -> ModelT:
    """A copy of an answer that nobody else can change, with every field as it came: nothing is checked.

    Args:
      answer: what a method of the client gave.
    """
    from oxide.models.lazy import raw_json

    given = cast("Any", answer)
    raw = raw_json(given)
    if raw is None:
        return cast("ModelT", given.model_copy(deep=True))
    owned = given.__class__.construct(**json.loads(raw))
    owned._request_id = given._request_id
    return cast("ModelT", owned)


def received(answer: Any) -> Item:
    """A response or an item as it came, also where it does not fit its class.

    Args:
      answer: the object.

    Returns:
      A new dict, without what only helpers add to the object.
    """
    from oxide.json import loads
    from oxide.models.lazy import raw_json

    raw = raw_json(answer)
    data = cast("Item", answer.to_dict(warnings=False) if raw is None else loads(raw))
    output: object = data.get("output")
    for item in cast("list[object]", output) if isinstance(output, list) else (data,):
        _drop_parsed(item)
    return data


def _drop_parsed(given: Any) -> None:
    kind = mapping_of(given).get("type")
    if kind == "function_call":
        given.pop("parsed_arguments", None)
    elif kind == "message":
        content: object = given.get("content")
        parts: list[Any] = cast("list[object]", content) if isinstance(content, list) else []
        for part in parts:
            if mapping_of(part).get("type") == "output_text":
                part.pop("parsed", None)


def sent_back(item: Item) -> Item:
    """An item of a response as input of the next request: without what the API sends but does not take.

    Args:
      item: the item as `received`.
    """
    data = {name: value for name, value in item.items() if name != "created_by"}
    if data.get("type") == "function_call" and data.get("id") is None:
        # An answer may have null there, the input may only leave it out.
        data.pop("id", None)
    return data


def wire_item(item: Any) -> Item:
    """An item of a response, an object, as input of the next request; see `sent_back`."""
    return sent_back(received(item))


def replay_items(items: Iterable[Any]) -> list[Item]:
    """The items of a response as input of the next request.

    Args:
      items: `response.output`.

    Raises:
      TypeError: something in them cannot be sent.
      ValueError: a number in them is NaN or infinite.
    """
    return cast("list[Item]", input_data([wire_item(item) for item in items]))


def valid_native_message(item: Mapping[str, Any]) -> bool:
    """Whether a message of the model's has the fields, and the types of them, that the API gives it.

    Args:
      item: the item as data.
    """
    return (
        isinstance(item.get("id"), str)
        and item.get("role") == "assistant"
        and item.get("status") in _STATUSES
        and item.get("phase") in _PHASES
        and _each(item.get("content"), _valid_part)
    )


def _each(given: object, check: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether a value is a list of objects that pass a check."""
    return isinstance(given, list) and all(check(mapping_of(value)) for value in cast("list[object]", given))


def _valid_part(part: Mapping[str, Any]) -> bool:
    if part.get("type") == "refusal":
        return isinstance(part.get("refusal"), str)
    logprobs = part.get("logprobs")
    return (
        part.get("type") == "output_text"
        and isinstance(part.get("text"), str)
        and _each(part.get("annotations"), _valid_annotation)
        and (logprobs is None or _each(logprobs, _valid_logprob))
    )


def _valid_annotation(annotation: Mapping[str, Any]) -> bool:
    strings, numbers = _ANNOTATIONS.get(str(annotation.get("type")), ((), ()))
    return (
        bool(strings)
        and all(isinstance(annotation.get(name), str) for name in strings)
        and all(type(annotation.get(name)) is int for name in numbers)
    )


def _valid_logprob(entry: Mapping[str, Any]) -> bool:
    return _valid_score(entry) and _each(entry.get("top_logprobs"), _valid_score)


def _valid_score(entry: Mapping[str, Any]) -> bool:
    octets = entry.get("bytes")
    return (
        isinstance(entry.get("token"), str)
        and isinstance(octets, list)
        and all(type(octet) is int for octet in cast("list[object]", octets))
        and finite(entry.get("logprob"))
    )


def finite(value: object) -> bool:
    """Whether a value is a number that JSON has; a truth value is none."""
    return type(value) is int or (type(value) is float and isfinite(value))


def valid_native_reasoning(item: Mapping[str, Any]) -> bool:
    """Whether a reasoning item has the fields, and the types of them, that the API gives it.

    Args:
      item: the item as data.
    """
    encrypted = item.get("encrypted_content")
    return (
        isinstance(item.get("id"), str)
        and _texts(item.get("summary"), "summary_text")
        and ("content" not in item or _texts(item["content"], "reasoning_text"))
        and (encrypted is None or isinstance(encrypted, str))
        and ("status" not in item or item["status"] in _STATUSES)
    )


def _texts(given: object, kind: str) -> bool:
    return _each(given, lambda part: part.get("type") == kind and isinstance(part.get("text"), str))
