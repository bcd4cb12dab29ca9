"""Responses for an agent under test, and tools for it to call."""

from __future__ import annotations

import json
from typing import Any, Literal

from oxide import AgentRun, openai_tool
from oxide.testing import Answer, Server
from oxide.testing._response_events import response_events

Call = tuple[str, str]


def response(number: int, *calls: Call, text: str = "", **more: Any) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {
            "id": f"fc_{number}_{i}",
            "type": "function_call",
            "call_id": f"call_{number}_{i}",
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        for i, (name, arguments) in enumerate(calls)
    ]
    if text:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed"}
        output.append({**message, "content": [part]})
    details = {"input_tokens_details": {"cached_tokens": 1}, "output_tokens_details": {"reasoning_tokens": 2}}
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **details},
        **more,
    }


def script(server: Server, *turns: dict[str, Any]) -> None:
    for turn in turns:
        server.script("/responses", Answer.sse(response_events(turn)))


def sent(server: Server) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.journal]


def short(turn: dict[str, Any]) -> Answer:
    """A response of whatever items, as its first and its last event."""
    kinds = ("response.created", "response.completed")
    states = ({**turn, "output": []}, turn)
    events = zip(kinds, states, strict=True)
    return Answer.sse(
        [{"type": kind, "response": state, "sequence_number": i} for i, (kind, state) in enumerate(events)]
    )


async def read(run: AgentRun, kinds: list[str]) -> None:
    """Iterate to the end, noting the types of the events."""
    async for event in run:
        kinds.append(event.type)


@openai_tool
async def weather(city: str, unit: Literal["C", "F"] = "C") -> dict[str, Any]:
    """The weather now."""
    return {"city": city, "warm": 20, "unit": unit}


@openai_tool
def shout(text: str) -> str:
    return text.upper()
