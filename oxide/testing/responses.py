"""`/v1/responses`: create plain and streamed, retrieve, cancel, delete, list the input items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from ._json import Object, array, obj
from ._refusal import Refusal, wrong_type
from ._response_events import response_events
from ._text import count_tokens, fragments, sample, tokenize
from ._tools import choose, last_user_text
from .answers import Answer
from .journal import RecordedRequest

if TYPE_CHECKING:
    from .api import Api

__all__ = ["Responses"]

_CREATED = 1_700_000_000


@dataclass(slots=True)
class _Stored:
    response: dict[str, Any]
    items: list[dict[str, Any]]
    """Input items, oldest first."""


class Responses:
    """The Responses API with the state it keeps.

    Args:
        api: what it belongs to.
        keep: how many responses are stored, the newest ones; None: all.
    """

    def __init__(self, api: Api, keep: int | None = None) -> None:
        self._api = api
        self._keep = keep
        self._ids = count(1)
        self._stored: dict[str, _Stored] = {}

    def clear(self) -> None:
        """Forget everything stored."""
        self._stored.clear()

    def create(self, record: RecordedRequest) -> Answer:
        """Answer a request; `stream` decides between JSON and SSE, `background` leaves it to be retrieved."""
        body = self._api.body(record, "input")
        given: Any = body["input"]
        if not isinstance(given, str | list):
            raise wrong_type("input", "one of a string or array of objects", given)
        previous = body.get("previous_response_id")
        if previous is not None and previous not in self._stored:
            raise Refusal(
                400,
                f"Previous response with id '{previous}' not found.",
                code="previous_response_not_found",
                param="previous_response_id",
            )
        number = next(self._ids)
        items = _items(given, number)
        response = self._finished(record, body, items, number)
        if body.get("store") is not False:
            history = self._stored[previous] if previous else None
            older = [*history.items, *history.response["output"]] if history else []
            self._stored[response["id"]] = _Stored(response, [*older, *items])
            if self._keep is not None and len(self._stored) > self._keep:
                del self._stored[next(iter(self._stored))]
        if body.get("stream"):
            return self._api.stream(response_events(response), done=False)
        if body.get("background"):
            response["status"] = "queued"
            return Answer.json({**response, "output": [], "usage": None, "completed_at": None})
        return self._api.whole(response)

    def retrieve(self, record: RecordedRequest, id_: str) -> Answer:
        """A stored response; one in the background has progressed a step each time it is asked for."""
        response = self._find(id_).response
        if record.query.get("stream") == "true":
            after = int(record.query.get("starting_after", "-1"))
            events = response_events({**response, "status": "completed"})
            return self._api.stream([e for e in events if e["sequence_number"] > after], done=False)
        step = {"queued": "in_progress", "in_progress": "completed"}.get(response["status"])
        if step is not None:
            response["status"] = step
        if response["status"] in ("completed", "incomplete", "cancelled"):
            return Answer.json(response)
        return Answer.json({**response, "output": [], "usage": None, "completed_at": None})

    def cancel(self, record: RecordedRequest, id_: str) -> Answer:
        """Cancel a response that runs in the background."""
        response = self._find(id_).response
        if not response["background"]:
            raise Refusal(400, "Cannot cancel a synchronous response.")
        if response["status"] in ("queued", "in_progress"):
            response.update(status="cancelled", output=[], usage=None, completed_at=None)
        return Answer.json(response)

    def delete(self, record: RecordedRequest, id_: str) -> Answer:
        """Delete a stored response."""
        self._find(id_)
        del self._stored[id_]
        return Answer.json({"id": id_, "object": "response", "deleted": True})

    def input_items(self, record: RecordedRequest, id_: str) -> Answer:
        """A page of the input items: `limit` (20), `order` (`desc`), `after`."""
        items = list(self._find(id_).items)
        query = record.query
        if query.get("order", "desc") != "asc":
            items.reverse()
        after = query.get("after")
        if after is not None:
            places = [i for i, item in enumerate(items) if item["id"] == after]
            if not places:
                raise Refusal(404, f"Item with id '{after}' not found.", param="after")
            items = items[places[0] + 1 :]
        try:
            limit = int(query.get("limit", "20"))
        except ValueError:
            limit = 0
        if not 1 <= limit <= 100:
            raise Refusal(400, "Invalid 'limit': expected an integer from 1 to 100.", param="limit")
        page = items[:limit]
        ends = (page[0]["id"], page[-1]["id"]) if page else ("", "")
        return Answer.json(
            {
                "object": "list",
                "data": page,
                "first_id": ends[0],
                "last_id": ends[1],
                "has_more": len(items) > limit,
            }
        )

    def _find(self, id_: str) -> _Stored:
        found = self._stored.get(id_)
        if found is None:
            raise Refusal(404, f"Response with id '{id_}' not found.")
        return found

    def _finished(
        self, record: RecordedRequest, body: Mapping[str, Any], items: list[dict[str, Any]], number: int
    ) -> dict[str, Any]:
        last = items[-1] if items else {}
        answered = last.get("type") == "function_call_output"
        calls = [] if answered else choose(body.get("tools"), body.get("tool_choice"))
        form = obj(obj(body.get("text")).get("format"))
        cut = False
        output: list[Object]
        if calls:
            spent = sum(len(fragments(c.arguments, 4)) + 1 for c in calls)
            output = [
                {
                    "id": f"fc_{number:040x}{i:02x}",
                    "type": "function_call",
                    "call_id": f"call_{number:020x}{i:02x}",
                    "name": call.name,
                    "arguments": call.arguments,
                    "status": "completed",
                }
                for i, call in enumerate(calls)
            ]
        else:
            if form.get("type") == "json_schema":
                words = tokenize(orjson.dumps(sample(form.get("schema"))).decode())
            elif form.get("type") == "json_object":
                words = tokenize('{"text": "scripted"}')
            else:
                words, cut = self._api.words(record, last_user_text(items), body.get("max_output_tokens"))
            spent = len(words)
            text: Object = {"type": "output_text", "text": "".join(words), "annotations": [], "logprobs": []}
            output = [
                {
                    "id": f"msg_{number:040x}",
                    "type": "message",
                    "role": "assistant",
                    "status": "incomplete" if cut else "completed",
                    "content": [text],
                }
            ]
        return {
            **_frame(body, number),
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output,
            "usage": _usage(count_tokens([items, body.get("instructions")]), spent),
        }


def _frame(body: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The members of a response that follow from the request alone."""
    reasoning = obj(body.get("reasoning"))
    text = obj(body.get("text"))
    return {
        "id": f"resp_{number:048x}",
        "object": "response",
        "created_at": _CREATED,
        "completed_at": _CREATED + 1,
        "background": bool(body.get("background")),
        "error": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls"),
        "metadata": obj(body.get("metadata")),
        "model": body["model"],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": "default",
        "temperature": _or(body.get("temperature"), 1.0),
        "text": {
            "format": text.get("format") or {"type": "text"},
            "verbosity": text.get("verbosity", "medium"),
        },
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": [_tool(tool) for tool in array(body.get("tools"))],
        "top_logprobs": _or(body.get("top_logprobs"), 0),
        "top_p": _or(body.get("top_p"), 1.0),
        "truncation": body.get("truncation") or "disabled",
        "user": body.get("user"),
    }


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _tool(tool: Any) -> Any:
    if obj(tool).get("type") == "function":
        return {"description": None, "parameters": None, "strict": True, **obj(tool)}
    return tool


def _items(given: Any, number: int) -> list[dict[str, Any]]:
    """The input as items with ids, the way `input_items` lists them."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    items: list[Object] = []
    for index, raw in enumerate(array(given)):
        item = dict(obj(raw)) or {"content": str(raw)}
        kind = item.setdefault("type", "message")
        item.setdefault("id", f"{_PREFIX.get(kind, 'item')}_{number:020x}{index:020x}")
        if kind == "message":
            item.setdefault("status", "completed")
            item.setdefault("role", "user")
            part = "output_text" if item["role"] == "assistant" else "input_text"
            if isinstance(item.get("content"), str):
                extra: Object = {"annotations": []} if part == "output_text" else {}
                item["content"] = [{"type": part, "text": item["content"], **extra}]
        elif kind in ("function_call", "function_call_output"):
            item.setdefault("status", "completed")
        items.append(item)
    return items


_PREFIX = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}


def _usage(given: int, made: int) -> dict[str, Any]:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": given + made,
    }
