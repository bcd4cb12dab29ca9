"""Streams to compare two clients over: chats and responses made up from a seed, as the API sends them."""

from __future__ import annotations

import json
import random
from typing import Any

Events = list[dict[str, Any]]

WORDS = ["one ", "two", "é", "\n", "{", '"q" ', "a longer piece of text, ", "\\", "語", "🙂 "]
ANSWER = '{"text": "a \\"quoted\\" é", "count": 3}'


def cut(rng: random.Random, text: str) -> list[str]:
    """A text in pieces."""
    pieces: list[str] = []
    while text:
        size = rng.randint(1, 7)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def logprobs(rng: random.Random, key: str, text: str) -> dict[str, Any]:
    entry = {"token": text, "logprob": -rng.random(), "bytes": list(text.encode()), "top_logprobs": []}
    return {"content": None, "refusal": None, key: [entry]}


class Chat:
    """Chunks of one completion."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.events: Events = []

    def chunk(self, index: int | None, delta: dict[str, Any], **choice: Any) -> None:
        choices = []
        if index is not None:
            choices = [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **choice}]
        self.events.append(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "service_tier": "default",
                "system_fingerprint": "fp_1",
                "choices": choices,
                "usage": None,
                "obfuscation": "x" * self.rng.randint(1, 5),
            }
        )

    def text(self, index: int, key: str, pieces: list[str], with_logprobs: bool) -> None:
        for piece in pieces:
            extra = {"logprobs": logprobs(self.rng, key, piece)} if with_logprobs else {}
            self.chunk(index, {key: piece}, **extra)

    def calls(self, index: int, arguments: list[str], *, interleaved: bool = False) -> None:
        parts = [cut(self.rng, text) for text in arguments]

        def opening(i: int) -> None:
            function = {"name": f"tool_{i}", "arguments": ""}
            call = {"index": i, "id": f"call_{i}", "type": "function", "function": function}
            self.chunk(index, {"tool_calls": [call]})

        def piece(i: int) -> None:
            self.chunk(index, {"tool_calls": [{"index": i, "function": {"arguments": parts[i].pop(0)}}]})

        if not interleaved:
            for i in range(len(parts)):
                opening(i)
                while parts[i]:
                    piece(i)
            return
        for i in range(len(parts)):
            opening(i)
        while any(parts):
            piece(self.rng.choice([i for i, rest in enumerate(parts) if rest]))

    def usage(self) -> None:
        self.chunk(None, {})
        self.events[-1]["usage"] = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def chat(seed: int, kind: str) -> Events:
    """The chunks of a chat.

    Args:
        seed: what it is made up from.
        kind: `text`, `choices`, `refusal`, `logprobs`, `reasoning`, `calls`, `interleaved`, `json`, `length`.
    """
    rng = random.Random(f"{kind}{seed}")
    made = Chat(rng)
    number = rng.randint(2, 3) if kind == "choices" else 1
    for index in range(number):
        made.chunk(index, {"role": "assistant", "content": None if kind in ("calls", "refusal") else ""})
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 12))]
    reason = "stop"
    if kind in ("text", "length", "logprobs"):
        made.text(0, "content", words, kind == "logprobs")
        reason = "length" if kind == "length" else "stop"
    elif kind == "choices":
        for word in words:
            made.text(rng.randrange(number), "content", [word], rng.random() < 0.3)
    elif kind == "refusal":
        made.text(0, "refusal", words, rng.random() < 0.5)
    elif kind == "reasoning":
        made.text(0, "reasoning_content", words, False)
        made.text(0, "content", ["so ", "be it"], False)
    elif kind == "json":
        made.text(0, "content", cut(rng, ANSWER), False)
    else:
        if rng.random() < 0.5:
            made.text(0, "content", words, False)
        arguments = [json.dumps({"a": rng.choice(WORDS), "n": [i, {}]}) for i in range(rng.randint(1, 4))]
        made.calls(0, arguments, interleaved=kind == "interleaved")
        reason = "tool_calls"
    for index in range(number):
        made.chunk(index, {}, finish_reason=reason)
    if rng.random() < 0.5:
        made.usage()
    return made.events


class Reply:
    """Events of one response."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.events: Events = []
        self.output: list[dict[str, Any]] = []

    def say(self, kind: str, **fields: Any) -> None:
        # A copy: what is in it now is what is sent.
        event = {"type": kind, **fields, "sequence_number": len(self.events)}
        self.events.append(json.loads(json.dumps(event)))

    def response(self, status: str, **fields: Any) -> dict[str, Any]:
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m",
            "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "output": [],
            "temperature": 1.0, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "top_p": 1.0,
            **fields,
        }  # fmt: skip

    def begin(self) -> None:
        self.say("response.created", response=self.response("in_progress"))
        self.say("response.in_progress", response=self.response("in_progress"))

    def message(self, texts: list[list[str]], kind: str = "output_text", **fields: Any) -> None:
        index = len(self.output)
        item: dict[str, Any] = {
            "id": f"msg_{index}", "type": "message", "role": "assistant", "status": "in_progress",
            "content": [], **fields,
        }  # fmt: skip
        self.output.append(item)
        self.say("response.output_item.added", output_index=index, item=item)
        for at, pieces in enumerate(texts):
            place = {"item_id": item["id"], "output_index": index, "content_index": at}
            if kind == "refusal":
                part: dict[str, Any] = {"type": "refusal", "refusal": ""}
                key, name = "refusal", "response.refusal"
            else:
                part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
                key, name = "text", "response.output_text"
            self.say("response.content_part.added", part=part, **place)
            more = {} if kind == "refusal" else {"logprobs": []}
            for piece in pieces:
                self.say(f"{name}.delta", delta=piece, **more, **place)
            part = {**part, key: "".join(pieces)}
            self.say(f"{name}.done", **{key: "".join(pieces)}, **more, **place)
            self.say("response.content_part.done", part=part, **place)
            item["content"].append(part)
        item["status"] = "completed"
        self.say("response.output_item.done", output_index=index, item=item)

    def reasoning(self, pieces: list[str]) -> None:
        index = len(self.output)
        item: dict[str, Any] = {"id": f"rs_{index}", "type": "reasoning", "summary": []}
        self.output.append(item)
        place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
        self.say("response.output_item.added", output_index=index, item=item)
        part = {"type": "summary_text", "text": ""}
        self.say("response.reasoning_summary_part.added", part=part, **place)
        for piece in pieces:
            self.say("response.reasoning_summary_text.delta", delta=piece, **place)
        part = {**part, "text": "".join(pieces)}
        self.say("response.reasoning_summary_text.done", text=part["text"], **place)
        self.say("response.reasoning_summary_part.done", part=part, **place)
        item["summary"].append(part)
        self.say("response.output_item.done", output_index=index, item=item)

    def calls(self, arguments: list[str]) -> None:
        first = len(self.output)
        rest: dict[int, list[str]] = {}
        for at, text in enumerate(arguments):
            index = first + at
            item = {
                "id": f"fc_{index}", "type": "function_call", "call_id": f"call_{index}",
                "name": f"tool_{at}", "arguments": "", "status": "in_progress",
            }  # fmt: skip
            self.output.append(item)
            self.say("response.output_item.added", output_index=index, item=item)
            rest[index] = cut(self.rng, text)
        while rest:
            index = self.rng.choice(sorted(rest))
            item = self.output[index]
            place = {"item_id": item["id"], "output_index": index}
            piece = rest[index].pop(0)
            item["arguments"] += piece
            self.say("response.function_call_arguments.delta", delta=piece, **place)
            if not rest[index]:
                del rest[index]
                item["status"] = "completed"
                self.say("response.function_call_arguments.done", arguments=item["arguments"], **place)
                self.say("response.output_item.done", output_index=index, item=item)

    def end(self, status: str = "completed", **fields: Any) -> None:
        usage = {
            "input_tokens": 1, "output_tokens": 2, "total_tokens": 3,
            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip
        whole = self.response(status, output=self.output, usage=usage, **fields)
        self.say(f"response.{status}", response=whole)


def reply(seed: int, kind: str) -> Events:
    """The events of a response.

    Args:
        seed: what it is made up from.
        kind: `text`, `parts`, `refusal`, `reasoning`, `calls`, `json`, `phases`, `failed`, `incomplete`.
    """
    rng = random.Random(f"{kind}{seed}")
    made = Reply(rng)
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 12))]
    made.begin()
    if kind == "parts":
        made.message([words, ["and ", "more"]])
        made.message([["last"]])
    elif kind == "refusal":
        made.message([words], "refusal")
    elif kind == "json":
        made.message([cut(rng, ANSWER)])
    elif kind == "phases":
        made.message([words], phase="commentary")
        made.message([cut(rng, ANSWER)], phase="final_answer")
    elif kind == "calls":
        made.message([words])
        made.calls([json.dumps({"a": rng.choice(WORDS), "n": [i]}) for i in range(rng.randint(1, 4))])
    else:
        if kind == "reasoning":
            made.reasoning(words)
        made.message([words])
    if kind == "failed":
        made.end("failed", error={"code": "server_error", "message": "it broke"})
    elif kind == "incomplete":
        made.end("incomplete", incomplete_details={"reason": "max_output_tokens"})
    else:
        made.end()
    return made.events
