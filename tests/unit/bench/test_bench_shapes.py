"""The synthetic bodies have the sizes and distributions they claim."""

from __future__ import annotations

import json
import statistics
from collections import Counter

import orjson
import pytest

from bench import shapes


def _summary(values: list[int]) -> tuple[int, float, int, int]:
    ordered = sorted(values)
    return len(ordered), statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], ordered[-1]


def test_heavy_request_has_the_measured_shape() -> None:
    request = shapes.heavy_request()
    messages = request["messages"]
    assert len(orjson.dumps(request)) == len(shapes.dumps(request)) == shapes.HEAVY_BYTES
    assert Counter(m["role"] for m in messages) == {"system": 1, "user": 16, "assistant": 119, "tool": 184}
    assert len(messages[0]["content"]) == 45_790
    calls = [
        c["function"]["arguments"] for m in messages if m["role"] == "assistant" for c in m["tool_calls"]
    ]
    for arguments in calls:
        json.loads(arguments)
    count, median, p95, top = _summary([len(a) for a in calls])
    assert (count, top) == (184, 26_725)
    assert median == pytest.approx(107, rel=0.05)
    assert p95 == pytest.approx(4_375, rel=0.15)
    count, median, p95, top = _summary([len(m["content"]) for m in messages if m["role"] == "tool"])
    assert (count, top) == (184, 29_690)
    assert median == pytest.approx(475, rel=0.05)
    assert p95 == pytest.approx(5_823, rel=0.15)
    said = [len(m["content"]) for m in messages if m["role"] == "assistant" and m["content"]]
    assert _summary(said)[0] == 113
    assert statistics.median(said) == 152


def test_tools_of_the_heavy_request() -> None:
    sizes = [len(shapes.dumps(tool)) for tool in shapes.heavy_request()["tools"]]
    assert (len(sizes), sum(sizes), min(sizes), max(sizes)) == (42, 92_000, 325, 15_058)
    assert statistics.median(sizes) == pytest.approx(1_064, rel=0.03)


def test_bodies_are_the_same_every_time() -> None:
    assert shapes.dumps(shapes.medium_request()) == shapes.dumps(shapes.medium_request())
    assert len(shapes.dumps(shapes.medium_request())) == shapes.MEDIUM_BYTES
    assert len(shapes.dumps(shapes.big_response())) == shapes.BIG_RESPONSE_BYTES


def test_event_streams() -> None:
    chunks = shapes.chat_chunks(114)
    assert len(chunks) == 115
    assert chunks[-1] == b"data: [DONE]\n\n"
    assert statistics.mean(map(len, chunks[:-1])) == pytest.approx(278, rel=0.05)
    assert max(map(len, chunks)) <= 325
    agent = [orjson.loads(event[6:]) for event in shapes.agent_events()]
    kinds = Counter(event["type"] for event in agent)
    assert kinds == {
        "response.created": 1,
        "response.output_text.delta": 23,
        "response.function_call_arguments.delta": 81,
        "response.completed": 1,
    }
    named = shapes.responses_events(5)
    assert [event.split(b"\n")[0] for event in named] == [
        b"event: response.created",
        *[b"event: response.output_text.delta"] * 3,
        b"event: response.completed",
    ]


def test_regrouping_keeps_the_bytes() -> None:
    pieces = shapes.chat_chunks(50)
    again = shapes.regrouped(pieces, 1_000)
    assert b"".join(again) == b"".join(pieces)
    assert {len(piece) for piece in again[:-1]} == {1_000}


@pytest.mark.parametrize("size", [325, 1_064, 15_058])
def test_tool_size_is_exact(size: int) -> None:
    import random

    assert len(shapes.dumps(shapes.tool(random.Random(1), 0, size, 2 if size < 600 else 5))) == size
