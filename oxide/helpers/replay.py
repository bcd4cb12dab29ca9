"""What runners keep of a conversation: items as the API sends them and takes them back, checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from math import isfinite
from typing import Any, TypeVar, cast

from oxide.errors import mapping_of

from .shapes import Faults, choices, got, integers, items_of, listed, optional_texts, texts

__all__ = [
    "as_received",
    "finite",
    "input_data",
    "native_message_faults",
    "native_reasoning_faults",
    "received",
    "replay_items",
    "sent_back",
    "snapshot_request",
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


def native_message_faults(item: Mapping[str, Any]) -> Faults:
    """What keeps a message of the model's from being sent back: fields that are not as the API gives them.

    Args:
      item: the item as data.

    Yields:
      Places and what is wrong there; nothing for a message that is whole.
    """
    yield from texts(item, "id")
    yield from choices(item, "role", ("assistant",))
    yield from choices(item, "status", _STATUSES)
    yield from choices(item, "phase", _PHASES)
    yield from items_of(item, "content", _part_faults)


def _part_faults(part: Mapping[str, Any]) -> Faults:
    if part.get("type") == "refusal":
        yield from texts(part, "refusal")
        return
    yield from choices(part, "type", ("output_text", "refusal"))
    yield from texts(part, "text")
    yield from items_of(part, "annotations", _annotation_faults)
    if part.get("logprobs") is not None:
        yield from items_of(part, "logprobs", _logprob_faults)


def _annotation_faults(annotation: Mapping[str, Any]) -> Faults:
    strings, numbers = _ANNOTATIONS.get(str(annotation.get("type")), ((), ()))
    if not strings:
        yield ".type", f"one of {', '.join(_ANNOTATIONS)} is needed"
    yield from texts(annotation, *strings)
    yield from integers(annotation, *numbers)


def _logprob_faults(entry: Mapping[str, Any]) -> Faults:
    yield from _score_faults(entry)
    yield from items_of(entry, "top_logprobs", _score_faults)


def _score_faults(entry: Mapping[str, Any]) -> Faults:
    yield from texts(entry, "token")
    yield from listed(entry, "bytes", _octet_faults)
    if not finite(entry.get("logprob")):
        yield ".logprob", got("a finite number", entry.get("logprob"))


def _octet_faults(octet: object) -> Faults:
    if type(octet) is not int:
        yield "", got("an integer", octet)


def finite(value: object) -> bool:
    """Whether a value is a number that JSON has; a truth value is none."""
    return type(value) is int or (type(value) is float and isfinite(value))


def native_reasoning_faults(item: Mapping[str, Any]) -> Faults:
    """What keeps a reasoning item from being sent back: fields that are not as the API gives them.

    Args:
      item: the item as data.

    Yields:
      Places and what is wrong there; nothing for an item that is whole.
    """
    yield from texts(item, "id")
    yield from _text_parts(item, "summary", "summary_text")
    if "content" in item:
        yield from _text_parts(item, "content", "reasoning_text")
    yield from optional_texts(item, "encrypted_content")
    if "status" in item:
        yield from choices(item, "status", _STATUSES)


def _text_parts(item: Mapping[str, Any], name: str, kind: str) -> Faults:
    def faults(part: Mapping[str, Any]) -> Faults:
        yield from choices(part, "type", (kind,))
        yield from texts(part, "text")

    yield from items_of(item, name, faults)
