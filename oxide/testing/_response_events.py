"""The event sequence in which a finished response is streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._json import Object
from ._text import fragments, tokenize

__all__ = ["response_events"]


def response_events(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All events of a stream that ends in `response`, numbered from 0."""
    status = response["status"]
    pending: Object = {
        **response,
        "status": "in_progress",
        "completed_at": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": pending},
        {"type": "response.in_progress", "response": pending},
    ]
    for index, item in enumerate(response["output"]):
        events += _message(index, item) if item["type"] == "message" else _function_call(index, item)
    events.append({"type": f"response.{status}", "response": response})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _message(index: int, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index}
    started: Object = {**item, "status": "in_progress", "content": []}
    yield {"type": "response.output_item.added", "output_index": index, "item": started}
    for number, part in enumerate(item["content"]):
        here = {**at, "content_index": number}
        yield {"type": "response.content_part.added", **here, "part": {**part, "text": ""}}
        for word in tokenize(part["text"]):
            yield {"type": "response.output_text.delta", **here, "delta": word, "logprobs": []}
        yield {"type": "response.output_text.done", **here, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **here, "part": part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _function_call(index: int, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    at = {"item_id": item["id"], "output_index": index}
    started = {**item, "status": "in_progress", "arguments": ""}
    yield {"type": "response.output_item.added", "output_index": index, "item": started}
    for piece in fragments(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
    yield {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}
