"""``python -m bench.early_calls``: when a tool can start, with ``stream_fc`` and by waiting for the end.

A server of its own sends a response of three function calls and a text, one event every few milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

import oxide
from oxide.testing import Answer, Server

ARGUMENTS = json.dumps({"city": "Paris", "days": list(range(12)), "unit": "celsius"})


def chat_events() -> list[dict[str, Any]]:
    """Chunks of a chat: three calls one after another, then text that explains them."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return {**head, "choices": [choice]}

    events = [chunk({"role": "assistant", "content": None})]
    for index in range(3):
        call = {"index": index, "id": f"call_{index}", "type": "function"}
        events.append(chunk({"tool_calls": [{**call, "function": {"name": "weather", "arguments": ""}}]}))
        for at in range(0, len(ARGUMENTS), 5):
            piece = {"index": index, "function": {"arguments": ARGUMENTS[at : at + 5]}}
            events.append(chunk({"tool_calls": [piece]}))
    events += [chunk({"content": "word "}) for _ in range(40)]
    return [*events, chunk({}, "tool_calls")]


def response_events() -> list[dict[str, Any]]:
    """Events of a response with the same calls and the same text."""
    response: dict[str, Any] = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": [], "tools": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "status": "in_progress",
    }  # fmt: skip
    events: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    output: list[dict[str, Any]] = []
    for index in range(3):
        item = {"id": f"fc_{index}", "type": "function_call", "call_id": f"call_{index}", "name": "weather"}
        added = {**item, "arguments": "", "status": "in_progress"}
        place = {"item_id": item["id"], "output_index": index}
        events.append({"type": "response.output_item.added", "output_index": index, "item": added})
        for at in range(0, len(ARGUMENTS), 5):
            piece = ARGUMENTS[at : at + 5]
            events.append({"type": "response.function_call_arguments.delta", "delta": piece, **place})
        done = {"type": "response.function_call_arguments.done", "arguments": ARGUMENTS, **place}
        output.append({**item, "arguments": ARGUMENTS, "status": "completed"})
        finished = {"type": "response.output_item.done", "output_index": index, "item": output[-1]}
        events += [done, finished]
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress"}
    place = {"item_id": "msg_1", "output_index": 3, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    added = {**message, "content": []}
    events.append({"type": "response.output_item.added", "output_index": 3, "item": added})
    events.append({"type": "response.content_part.added", "part": part, **place})
    events += [
        {"type": "response.output_text.delta", "delta": "word ", "logprobs": [], **place} for _ in range(40)
    ]
    message = {**message, "status": "completed", "content": [{**part, "text": "word " * 40}]}
    events.append({"type": "response.output_item.done", "output_index": 3, "item": message})
    final = {**response, "status": "completed", "output": [*output, message]}
    events.append({"type": "response.completed", "response": final})
    return [{**event, "sequence_number": at} for at, event in enumerate(events)]


async def once(calls: Any) -> tuple[list[float], float]:
    """Seconds from the request to each call, and to the end of the response."""
    start = time.perf_counter()
    starts = [time.perf_counter() - start async for _ in calls]
    return starts, time.perf_counter() - start


async def measured(api: str, gap: float, rounds: int) -> dict[str, float]:
    """Medians over some rounds.

    Args:
        api: ``chat`` or ``responses``.
        gap: Seconds between two events.
        rounds: How many.
    """
    answer = Answer.sse(chat_events(), done=True) if api == "chat" else Answer.sse(response_events())
    async with Server() as server, oxide.AsyncOpenAI(base_url=server.base_url, api_key="sk-bench") as client:
        server.script("*", answer.but(gap=gap), times=rounds + 1)
        first: list[float] = []
        mean: list[float] = []
        end: list[float] = []
        for turn in range(rounds + 1):
            calls: Any = (
                client.chat.completions.stream_fc(model="m", messages=[])
                if api == "chat"
                else client.responses.stream_fc(model="m", input="hi")
            )
            starts, over = await once(calls)
            if turn:
                first.append(starts[0])
                mean.append(statistics.mean(starts))
                end.append(over)
    found = {
        "first": statistics.median(first),
        "mean": statistics.median(mean),
        "end": statistics.median(end),
    }
    return {
        **found,
        "saved_first": 1 - found["first"] / found["end"],
        "saved": 1 - found["mean"] / found["end"],
    }


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser("python -m bench.early_calls", description=__doc__)
    parser.add_argument("--gap", type=float, default=0.005, help="seconds between two events (default 0.005)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take the median of (default 5)")
    options = parser.parse_args()
    for api in ("chat", "responses"):
        found = asyncio.run(measured(api, options.gap, options.rounds))
        print(
            f"{api}: the first tool starts after {found['first'] * 1000:.0f} ms, the three of them after "
            f"{found['mean'] * 1000:.0f} ms on average; the answer ends after {found['end'] * 1000:.0f} ms: "
            f"{found['saved_first']:.0%} of the wait is saved for the first, {found['saved']:.0%} on average"
        )


if __name__ == "__main__":
    main()
