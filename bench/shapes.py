"""Deterministic request and answer bodies, shaped like those of a real coding agent's session."""

from __future__ import annotations

import json
import math
import random
from array import array
from base64 import b64encode
from collections.abc import Callable
from typing import Any

SEED = 20240607
HEAVY_BYTES = 648_025
MEDIUM_BYTES = 148_000
BIG_RESPONSE_BYTES = 288_000
EMBEDDINGS, DIMENSIONS = 2_048, 1_536
MODEL = "gpt-5.4-mini"

_WORDS = [
    "the",
    "file",
    "returns",
    "a",
    "list",
    "of",
    "events",
    "when",
    "client",
    "reads",
    "from",
    "socket",
    "and",
    "each",
    "field",
    "holds",
    "value",
    "that",
    "tests",
    "expect",
    "while",
    "parser",
    "keeps",
    "state",
    "between",
    "calls",
    "so",
    "error",
    "paths",
    "stay",
    "short",
    "def",
    "class",
    "return",
    "import",
    "self",
    "async",
    "await",
    "for",
    "in",
    "if",
    "not",
    "None",
    "raise",
    "buffer",
    "index",
    "token",
    "schema",
    "update",
    "patch",
    "review",
    "commit",
    "branch",
    "merge",
    "naïve",
    "café",
    "über",
    "→",
    "✓",
    "日本",
    "output",
    "index",
    "message",
    "content",
    "tool",
    "result",
    "path",
    "line",
]
_BREAKS = (" ", " ", " ", " ", " ", " ", "\n", ", ", "\n    ", ' = "', '" ', "(", ") ", ": ", ". ")


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON of ``value``, the same bytes orjson writes for these shapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def text(rng: random.Random, length: int) -> str:
    """Prose and code of exactly ``length`` characters: words, newlines, quotes, a few non-ASCII letters."""
    parts: list[str] = []
    have = 0
    while have < length:
        word = _WORDS[int(rng.random() * len(_WORDS))] + _BREAKS[int(rng.random() * len(_BREAKS))]
        parts.append(word)
        have += len(word)
    return "".join(parts)[:length]


def lengths(rng: random.Random, n: int, median: int, p95: int, top: int, low: float = 0.15) -> list[int]:
    """``n`` lengths with the given median, 95th percentile and maximum, in random order.

    The quantile function is log-linear from ``low * median`` to the median, rises ever faster from there over
    the 95th percentile to the maximum, and is sampled at even distances, so that the figures hold exactly.
    """
    points = ((0.0, max(1.0, low * median)), (0.5, float(median)), (0.95, float(p95)), (1.0, float(top)))
    out = []
    for i in range(n):
        q = i / (n - 1) if n > 1 else 0.5
        for (q0, v0), (q1, v1) in (points[:2], points[1:3], points[2:]):
            if q <= q1:
                share = (q - q0) / (q1 - q0)
                share = share**3 if q0 == 0.95 else share**2.5 if q0 == 0.5 else share
                out.append(round(math.exp(math.log(v0) + share * (math.log(v1) - math.log(v0)))))
                break
    order = sorted(range(n), key=lambda _: rng.random())
    return [out[i] for i in order]


def _schema(rng: random.Random, depth: int) -> dict[str, Any]:
    props: dict[str, Any] = {"path": {"type": "string", "description": text(rng, 40)}}
    node: dict[str, Any] = {"type": "object", "properties": props, "required": ["path"]}
    if depth > 2:
        inner = _schema(rng, depth - 1)
        props["options"] = inner
    return node


def tool(rng: random.Random, number: int, size: int, depth: int) -> dict[str, Any]:
    """A function tool of ``size`` bytes of JSON, or the least that ``depth`` levels of schema take."""
    function: dict[str, Any] = {
        "name": f"tool_{number}",
        "description": "",
        "parameters": _schema(rng, depth),
    }
    made = {"type": "function", "function": function}
    missing = size - len(dumps(made))
    if missing > 0:
        function["description"] = "d" * missing
        prose = text(rng, missing)
        function["description"] = _fit(prose, missing)
    return made


def _fit(prose: str, size: int) -> str:
    """Cut or pad ``prose`` so that its JSON string body is exactly ``size`` bytes."""
    out = prose
    while len(dumps(out)) - 2 > size:
        out = out[: len(out) - max(1, (len(dumps(out)) - 2 - size) // 2)]
    return out + "x" * (size - (len(dumps(out)) - 2))


def tools(rng: random.Random, n: int, total: int) -> list[dict[str, Any]]:
    """``n`` tools of 325 to 15,058 bytes, median 1,064, ``total`` together, schemas 3 to 9 levels deep."""
    sizes = sorted(lengths(rng, n, 1064, 9_000, 15_058, low=325 / 1064))
    spread = [i for i in range(len(sizes)) if 0.55 * n < i < 0.93 * n]
    for i in spread:
        sizes[i] = max(1_070, sizes[i] + (total - sum(sizes)) // (spread[-1] - i + 1))
    depths = [2 + min(3, int(4 * size / 15_058) + (size > 600)) for size in sizes]
    made = [tool(rng, i, size, depths[i]) for i, size in enumerate(sizes)]
    made.sort(key=lambda _: rng.random())
    return made


def _arguments(rng: random.Random, length: int) -> str:
    body = json.dumps(
        {"path": "src/" + text(rng, 8).strip().replace("\n", "") + ".py", "text": ""}, ensure_ascii=False
    )
    missing = length - len(body)
    return body if missing <= 0 else body[:-2] + _plain(rng, missing) + '"}'


def _plain(rng: random.Random, length: int) -> str:
    """Text as it stands inside a JSON string: line ends and quotes escaped, cut clear of a backslash."""
    inner = json.dumps(text(rng, length), ensure_ascii=False)[1:-1][:length]
    while inner.endswith("\\"):
        inner = inner[:-1]
    return inner + "x" * (length - len(inner))


def _grown(request: dict[str, Any], rng: random.Random, size: int) -> dict[str, Any]:
    """Stretch the tool results between the median and the 95th percentile to reach ``size`` bytes."""
    results = sorted((m for m in request["messages"] if m["role"] == "tool"), key=lambda m: len(m["content"]))
    middling = results[int(0.55 * len(results)) : max(int(0.94 * len(results)), int(0.55 * len(results)) + 1)]
    for i, message in enumerate(middling):
        missing = size - len(dumps(request))
        share = missing // (len(middling) - i)
        have = len(dumps(message["content"])) - 2
        message["content"] = _fit(message["content"] + text(rng, max(0, share)), max(20, have + share))
    return request


def heavy_request() -> dict[str, Any]:
    """A chat request of 648,025 bytes: 320 messages, 184 tool calls with their results, 42 tools."""
    rng = random.Random(SEED)
    messages: list[dict[str, Any]] = [{"role": "system", "content": text(rng, 45_790)}]
    users = iter(lengths(rng, 16, 66, 1_500, 2_672))
    thoughts = iter([*lengths(rng, 113, 152, 834, 12_936), *([0] * 6)])
    arguments = iter(lengths(rng, 184, 107, 4_375, 26_725, low=0.3))
    results = iter(lengths(rng, 184, 475, 5_823, 29_690))
    calls = 0
    for turn in range(119):
        if turn * 16 // 119 != (turn - 1) * 16 // 119:
            messages.append({"role": "user", "content": text(rng, next(users))})
        count = 184 * (turn + 1) // 119 - 184 * turn // 119
        batch = []
        for _ in range(count):
            calls += 1
            fn = {"name": f"tool_{calls % 42}", "arguments": _arguments(rng, next(arguments))}
            batch.append({"id": f"call_{calls:024d}", "type": "function", "function": fn})
        length = next(thoughts)
        said: dict[str, Any] = {"role": "assistant", "content": text(rng, length) if length else None}
        messages.append({**said, "tool_calls": batch})
        for call in batch:
            answer = text(rng, next(results))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": answer})
    request = {"model": MODEL, "messages": messages, "tools": tools(rng, 42, 92_000), "temperature": 0.2}
    return _grown(request, rng, HEAVY_BYTES)


def medium_request() -> dict[str, Any]:
    """A chat request of 148,000 bytes: 20 messages, 5 tools."""
    rng = random.Random(SEED + 1)
    messages: list[dict[str, Any]] = [{"role": "system", "content": text(rng, 45_790)}]
    for i in range(6):
        messages.append({"role": "user", "content": text(rng, 200)})
        call = {"name": f"tool_{i % 5}", "arguments": _arguments(rng, 4_000)}
        made = {"id": f"call_{i:024d}", "type": "function", "function": call}
        messages.append({"role": "assistant", "content": text(rng, 300), "tool_calls": [made]})
        messages.append({"role": "tool", "tool_call_id": made["id"], "content": text(rng, 8_000)})
    messages.append({"role": "user", "content": text(rng, 66)})
    defined = [tool(rng, i, size, 3 + i) for i, size in enumerate((600, 1_064, 1_800, 3_000, 5_000))]
    return _grown({"model": MODEL, "messages": messages, "tools": defined}, rng, MEDIUM_BYTES)


def tiny_request() -> dict[str, Any]:
    """The smallest sensible chat request."""
    return {"model": MODEL, "messages": [{"role": "user", "content": "Say hello."}]}


def tiny_responses_request() -> dict[str, Any]:
    """The smallest sensible Responses request."""
    return {"model": MODEL, "input": "Say hello."}


def chat_answer() -> dict[str, Any]:
    """A short chat completion."""
    return {
        "id": "chatcmpl-BxYz0123456789abcdefghijklmn",
        "object": "chat.completion",
        "created": 1_750_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hello! How can I help you today?",
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 9,
            "total_tokens": 19,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    }


def response_object(output: list[dict[str, Any]], status: str = "completed") -> dict[str, Any]:
    """A Responses object around ``output``."""
    return {
        "id": "resp_68a0b1c2d3e4f5061728394a5b6c7d8e9f",
        "object": "response",
        "created_at": 1_750_000_000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": 36,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 87,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 123,
        },
        "user": None,
        "metadata": {},
    }


def message_item(number: int, said: str) -> dict[str, Any]:
    """An output message of a Responses object."""
    return {
        "id": f"msg_{number:032d}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": said}],
    }


def responses_answer() -> dict[str, Any]:
    """A short Responses answer."""
    return response_object([message_item(1, "Hello! How can I help you today?")])


def structured_response() -> dict[str, Any]:
    """A Responses answer whose text is 300 KB of JSON: a `bench.structured.Report`."""
    rng = random.Random(SEED + 5)
    rows: list[dict[str, Any]] = []
    size = 0
    while size < 300_000:
        title, tags = text(rng, 40), [text(rng, 8) for _ in range(4)]
        scores = [round(rng.random(), 6) for _ in range(8)]
        note = text(rng, 200) if len(rows) % 3 else None
        rows.append({"id": len(rows), "title": title, "tags": tags, "scores": scores, "note": note})
        size += len(dumps(rows[-1])) + 1
    return response_object([message_item(0, dumps({"name": "report", "rows": rows}).decode())])


def big_response() -> dict[str, Any]:
    """A Responses answer of 288,000 bytes: 60 reasoning items, 60 function calls, 60 messages."""
    rng = random.Random(SEED + 2)
    items: list[dict[str, Any]] = []
    for i, length in enumerate(lengths(rng, 180, 800, 3_500, 16_000)):
        if i % 3 == 0:
            summary = [{"type": "summary_text", "text": text(rng, length)}]
            items.append({"id": f"rs_{i:032d}", "type": "reasoning", "summary": summary})
        elif i % 3 == 1:
            call = {
                "name": f"tool_{i % 42}",
                "arguments": _arguments(rng, length),
                "call_id": f"call_{i:024d}",
            }
            items.append({"id": f"fc_{i:032d}", "type": "function_call", "status": "completed", **call})
        else:
            items.append(message_item(i, text(rng, length)))
    answer = response_object(items)
    share = (BIG_RESPONSE_BYTES - len(dumps(answer))) // 60
    for last, item in enumerate(items[2::3], 1):
        part = item["content"][0]
        more = BIG_RESPONSE_BYTES - len(dumps(answer)) if last == 60 else share
        have = len(dumps(part["text"])) - 2
        part["text"] = _fit(part["text"] + text(rng, max(0, more)), max(4, have + more))
    return answer


def chat_chunks(n: int) -> list[bytes]:
    """``n`` chat completion chunks of about 278 bytes as SSE events, then ``[DONE]``."""
    rng = random.Random(SEED + 3)

    def chunk(delta: dict[str, Any], finish: Any = None) -> bytes:
        body = {
            "id": "chatcmpl-BxYz0123456789abcdefghijklmn",
            "object": "chat.completion.chunk",
            "created": 1_750_000_000,
            "model": MODEL,
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        return b"data: " + dumps(body) + b"\n\n"

    out = [chunk({"role": "assistant", "content": "", "refusal": None})]
    out += [chunk({"content": " " + text(rng, 1 + int(rng.random() ** 4 * 36))}) for _ in range(n - 2)]
    out.append(chunk({}, "stop"))
    return [*out, b"data: [DONE]\n\n"]


def _event(kind: str, rest: dict[str, Any], named: bool = True) -> bytes:
    head = b"event: " + kind.encode() + b"\n" if named else b""
    return head + b"data: " + dumps({"type": kind, **rest}) + b"\n\n"


def responses_events(n: int) -> list[bytes]:
    """``n`` Responses events as the API sends them: created, ``n - 2`` named text deltas, completed."""
    rng = random.Random(SEED + 4)
    item = "msg_68a0b1c2d3e4819f8e0d1c2b3a495867"
    out = [_event("response.created", {"sequence_number": 0, "response": response_object([], "in_progress")})]
    for i in range(1, n - 1):
        place = {"sequence_number": i, "item_id": item, "output_index": 0, "content_index": 0}
        said = " " + text(rng, 2 + int(rng.random() * 8))
        out.append(_event("response.output_text.delta", {**place, "delta": said, "logprobs": []}))
    done = response_object([message_item(1, "done")])
    return [*out, _event("response.completed", {"sequence_number": n - 1, "response": done})]


def message_events(n: int) -> list[bytes]:
    """One message of ``n`` text deltas with every event around them, as stream helpers need them."""
    rng = random.Random(SEED + 6)
    done = message_item(1, "")
    item = {**done, "status": "in_progress", "content": []}
    place = {"item_id": done["id"], "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    words = [" " + text(rng, 2 + int(rng.random() * 8)) for _ in range(n)]
    whole = {**part, "text": "".join(words)}
    done = {**done, "content": [whole]}
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": response_object([], "in_progress")}),
        ("response.output_item.added", {"output_index": 0, "item": item}),
        ("response.content_part.added", {**place, "part": part}),
        *(("response.output_text.delta", {**place, "delta": word, "logprobs": []}) for word in words),
        ("response.output_text.done", {**place, "text": whole["text"], "logprobs": []}),
        ("response.content_part.done", {**place, "part": whole}),
        ("response.output_item.done", {"output_index": 0, "item": done}),
        ("response.completed", {"response": response_object([done])}),
    ]
    return [_event(kind, {"sequence_number": at, **rest}) for at, (kind, rest) in enumerate(kinds)]


def agent_events() -> list[bytes]:
    """106 Responses events, 11 KB: created, 23 text and 81 argument deltas, completed; no ``event:`` line."""
    rng = random.Random(SEED + 5)
    small = {"id": "resp_1", "object": "response", "created_at": 1_750_000_000, "model": MODEL, "output": []}
    small = {**small, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    out = [
        _event(
            "response.created", {"sequence_number": 0, "response": {**small, "status": "in_progress"}}, False
        )
    ]
    for i in range(1, 105):
        if i < 24:
            kind, place = (
                "response.output_text.delta",
                {"item_id": "m", "output_index": 0, "content_index": 0},
            )
        else:
            kind, place = "response.function_call_arguments.delta", {"item_id": "f", "output_index": 1}
        said = _plain(rng, 1 + int(rng.random() * 4))
        out.append(_event(kind, {**place, "delta": said}, False))
    done = {**small, "status": "completed"}
    return [*out, _event("response.completed", {"sequence_number": 105, "response": done}, False)]


def embeddings_request() -> dict[str, Any]:
    """The most inputs one embeddings request takes."""
    return {"model": "text-embedding-3-small", "input": [f"Text number {n}." for n in range(EMBEDDINGS)]}


def embeddings_answer() -> dict[str, Any]:
    """A vector for each input, as base64 of singles: 16.8 MB."""
    rng = random.Random(SEED)
    vectors = [array("f", [rng.gauss(0.0, 0.025) for _ in range(DIMENSIONS)]) for _ in range(16)]
    coded = [b64encode(vector.tobytes()).decode() for vector in vectors]
    data = [{"object": "embedding", "index": n, "embedding": coded[n % 16]} for n in range(EMBEDDINGS)]
    usage = {"prompt_tokens": 5 * EMBEDDINGS, "total_tokens": 5 * EMBEDDINGS}
    return {"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}


def regrouped(pieces: list[bytes], size: int) -> list[bytes]:
    """The same bytes in pieces of ``size`` bytes."""
    whole = b"".join(pieces)
    return [whole[i : i + size] for i in range(0, len(whole), size)]


REQUESTS: dict[str, Callable[[], dict[str, Any]]] = {
    "tiny": tiny_request,
    "tiny-responses": tiny_responses_request,
    "medium": medium_request,
    "heavy": heavy_request,
    "embeddings": embeddings_request,
}
