"""`POST /v1/chat/completions`, plain and streamed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson

from ._json import Object, array, obj
from ._refusal import Refusal, wrong_type
from ._text import count_tokens, fragments, sample, tokenize
from ._tools import Call, choose, last_user_text
from .answers import Answer
from .journal import RecordedRequest

if TYPE_CHECKING:
    from .api import Api

__all__ = ["ChatCompletions"]

_CREATED = 1_700_000_000


class ChatCompletions:
    """The Chat Completions API; one completion a call, the same for the same request."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids = count(1)

    def create(self, record: RecordedRequest) -> Answer:
        """Answer a request; `stream` decides between JSON and SSE."""
        body = self._api.body(record, "messages")
        if not isinstance(body["messages"], list):
            raise wrong_type("messages", "an array of objects", body["messages"])
        messages = array(body["messages"])
        if not messages:
            raise Refusal(
                400,
                "Invalid 'messages': empty array. Expected an array with minimum length 1.",
                code="empty_array",
                param="messages",
            )
        words, calls, finish = self._decide(record, body, messages)
        n = body.get("n") or 1
        number = next(self._ids)
        frame = {
            "id": f"chatcmpl-{number:024x}",
            "created": _CREATED,
            "model": body["model"],
            "service_tier": "default",
            "system_fingerprint": "fp_oxide",
        }
        spent = len(words) + sum(len(fragments(c.arguments, 4)) + 1 for c in calls)
        usage = _usage(count_tokens(messages) + 3 * len(messages), spent * n)
        tools = [
            {
                "id": f"call_{number:020x}{i:02x}",
                "type": "function",
                "function": {"name": c.name, "arguments": c.arguments},
            }
            for i, c in enumerate(calls)
        ]
        if body.get("stream"):
            return self._stream(body, frame, words, tools, finish, n, usage)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if tools else "".join(words),
            "refusal": None,
            "annotations": [],
        }
        if tools:
            message["tool_calls"] = tools
        choices = [
            {"index": i, "message": message, "logprobs": None, "finish_reason": finish} for i in range(n)
        ]
        return self._api.whole({**frame, "object": "chat.completion", "choices": choices, "usage": usage})

    def _decide(
        self, record: RecordedRequest, body: Mapping[str, Any], messages: list[Any]
    ) -> tuple[list[str], list[Call], str]:
        answered = obj(messages[-1]).get("role") in ("tool", "function")
        calls = [] if answered else choose(body.get("tools"), body.get("tool_choice"))
        if calls:
            return [], calls, "tool_calls"
        form = obj(body.get("response_format"))
        if form.get("type") == "json_schema":
            value = sample(obj(form.get("json_schema")).get("schema"))
            return tokenize(orjson.dumps(value).decode()), [], "stop"
        if form.get("type") == "json_object":
            return tokenize('{"text": "scripted"}'), [], "stop"
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        words, cut = self._api.words(record, last_user_text(messages), limit)
        return words, [], "length" if cut else "stop"

    def _stream(
        self,
        body: Mapping[str, Any],
        frame: dict[str, Any],
        words: list[str],
        tools: list[dict[str, Any]],
        finish: str,
        n: int,
        usage: dict[str, Any],
    ) -> Answer:
        with_usage = bool(obj(body.get("stream_options")).get("include_usage"))
        frame = {**frame, "object": "chat.completion.chunk"}
        tail: dict[str, Any] = {"usage": None} if with_usage else {}

        def chunk(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
            return {**frame, "choices": [choice], **tail}

        opening = {"role": "assistant", "content": None if tools else "", "refusal": None}
        deltas: list[Object] = [opening, *({"content": word} for word in words), *_tool_deltas(tools)]
        events = [chunk(i, delta) for delta in deltas for i in range(n)]
        events += [chunk(i, {}, finish) for i in range(n)]
        if with_usage:
            events.append({**frame, "choices": [], "usage": usage})
        return self._api.stream(events, done=True)


def _tool_deltas(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = []
    for index, tool in enumerate(tools):
        function = tool["function"]
        opening = {**tool, "index": index, "function": {"name": function["name"], "arguments": ""}}
        deltas.append({"tool_calls": [opening]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}
            for piece in fragments(function["arguments"])
        ]
    return deltas


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
