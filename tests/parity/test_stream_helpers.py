"""The same bytes through the stream helpers of the official SDK and of oxide: events and final objects.

Where oxide differs on purpose: the arguments of a call are done when another call begins *and* they have
closed, or when its choice ends; a stream that breaks off gives no final object; a response that failed or is
incomplete raises what is wrong with it.
"""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

import oxide
from oxide.testing import Answer, Server

from .streams import Events, chat, reply

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

SEEDS = range(6)
MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]
CHAT_KINDS = ["text", "choices", "refusal", "logprobs", "reasoning", "calls", "json", "length"]
RESPONSE_KINDS = ["text", "parts", "refusal", "reasoning", "calls", "json", "phases", "failed", "incomplete"]


class Reply(pydantic.BaseModel):
    text: str
    count: int


PARAMETERS: Any = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "n": {"type": "array", "items": {"type": "integer"}}},
    "required": ["a", "n"],
    "additionalProperties": False,
}
CHAT_TOOLS: list[Any] = [
    {"type": "function", "function": {"name": f"tool_{i}", "parameters": PARAMETERS, "strict": i % 2 == 0}}
    for i in range(4)
]
TOOLS: list[Any] = [{"type": "function", **tool["function"]} for tool in CHAT_TOOLS]


def plain(value: Any) -> Any:
    """An event or a result as plain data, as it is now."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="python", exclude_unset=True, warnings=False)
    return value


def told(error: Exception) -> tuple[str, ...]:
    """The class of an error, without the package."""
    return (type(error).__name__,)


async def watch(manager: Any, final: str) -> tuple[list[Any], Any, tuple[str, ...] | None]:
    """Every event as it was when it came, the final object, and how it failed."""
    events: list[Any] = []
    try:
        async with manager as stream:
            async for event in stream:
                events.append(plain(event))
            return events, plain(await getattr(stream, final)()), None
    except Exception as error:
        return events, None, told(error)


async def both(server: Server, path: str, answer: Answer, start: Any, final: str) -> tuple[Any, Any]:
    server.script(path, answer, times=2)
    official = openai.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0)
    mine = oxide.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0)
    async with official, mine:
        return await watch(start(official), final), await watch(start(mine), final)


def chat_call(**more: Any) -> Any:
    return lambda client: client.chat.completions.stream(model="m", messages=MESSAGES, **more)


def response_call(**more: Any) -> Any:
    return lambda client: client.responses.stream(model="m", input="hi", **more)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", CHAT_KINDS)
async def test_chat(oxide_server: Server, kind: str, seed: int) -> None:
    more: dict[str, Any] = {}
    if kind == "json":
        more["response_format"] = Reply
    if kind == "calls":
        more["tools"] = CHAT_TOOLS
    answer = Answer.sse(chat(seed, kind), done=True)
    official, mine = await both(
        oxide_server, "/chat/completions", answer, chat_call(**more), "get_final_completion"
    )
    assert mine[0] == official[0]
    assert mine[1:] == official[1:]


@pytest.mark.parametrize("seed", SEEDS)
async def test_chat_interleaved_calls(oxide_server: Server, seed: int) -> None:
    """The official helper says that a call is done whenever another goes on, with half of its JSON."""
    events = chat(seed, "interleaved")
    answer = Answer.sse(events, done=True)
    official, mine = await both(
        oxide_server, "/chat/completions", answer, chat_call(), "get_final_completion"
    )
    assert mine[1:] == official[1:]
    done = "tool_calls.function.arguments.done"
    # Snapshots of chunks differ in when `parsed_arguments` is set.
    rest = [
        [{k: v for k, v in event.items() if (event["type"], k) != ("chunk", "snapshot")} for event in events]
        for events in (
            [event for event in mine[0] if event["type"] != done],
            [event for event in official[0] if event["type"] != done],
        )
    ]
    assert rest[0] == rest[1]
    finished = {e["index"]: e["arguments"] for e in mine[0] if e["type"] == done}
    calls = mine[1]["choices"][0]["message"]["tool_calls"]
    assert finished == {i: call["function"]["arguments"] for i, call in enumerate(calls)}
    assert len([e for e in mine[0] if e["type"] == done]) == len(calls)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", RESPONSE_KINDS)
async def test_responses(oxide_server: Server, kind: str, seed: int) -> None:
    more: dict[str, Any] = {}
    if kind in ("json", "phases"):
        more["text_format"] = Reply
    if kind == "calls":
        more["tools"] = TOOLS
    answer = Answer.sse(reply(seed, kind))
    official, mine = await both(
        oxide_server, "/responses", answer, response_call(**more), "get_final_response"
    )
    assert mine[0] == official[0]
    if kind in ("failed", "incomplete"):
        assert official[2] == ("RuntimeError",)
        assert mine[2] == ("InternalServerError" if kind == "failed" else "LengthFinishReasonError",)
    else:
        assert mine[1:] == official[1:]


@pytest.mark.parametrize("kind", ["response.created", "response.completed"])
async def test_an_output_that_a_server_leaves_out(oxide_server: Server, kind: str) -> None:
    events = reply(2, "json")
    for event in events:
        if event["type"] == kind:
            del event["response"]["output"]
    official, mine = await both(
        oxide_server, "/responses", Answer.sse(events), response_call(text_format=Reply), "get_final_response"
    )
    assert mine == official
    assert mine[1]["output"]


async def test_no_log_probabilities_among_those_asked_for(oxide_server: Server) -> None:
    events = chat(0, "text")
    for event in events[1:-1]:
        for choice in event["choices"]:
            choice["logprobs"] = {"content": [], "refusal": None}
    answer = Answer.sse(events, done=True)
    official, mine = await both(
        oxide_server, "/chat/completions", answer, chat_call(), "get_final_completion"
    )
    assert mine == official


def broken(events: Events, at: int, how: str) -> Answer:
    if how == "error":
        fault = {"error": {"message": "no", "type": "server_error", "code": "server_error", "param": None}}
        return Answer.sse([*events[:at], fault])
    if how == "cut":
        answer = Answer.sse(events)
        return answer.but(disconnect_after=sum(map(len, answer.body[:at])))
    return Answer.sse(events[:at])


@pytest.mark.parametrize("how", ["error", "cut", "short"])
@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
async def test_no_final_object_of_a_stream_that_breaks(oxide_server: Server, path: str, how: str) -> None:
    events = chat(1, "text") if path == "/chat/completions" else reply(1, "text")
    at = len(events) - 2
    call = chat_call() if path == "/chat/completions" else response_call()
    final = "get_final_completion" if path == "/chat/completions" else "get_final_response"
    official, mine = await both(oxide_server, path, broken(events, at, how), call, final)
    assert mine[0][: len(official[0])] == official[0][: len(mine[0])]
    assert mine[1] is None
    assert mine[2] == ("InternalServerError" if how == "error" else "APIStreamTruncatedError",)


async def test_protocol_errors(oxide_server: Server) -> None:
    """Events that do not follow from those before them: RuntimeError there, an error of this package here."""
    events = reply(0, "text")
    wrong = {
        "no created": events[1:],
        "no item": [e for e in events if e["type"] != "response.output_item.added"],
        "twice": [*events[:3], *events[2:]],
        "another response": [
            *events[:-1],
            {**events[-1], "response": {**events[-1]["response"], "id": "r2"}},
        ],
        "another item": [
            {**e, "item": {**e["item"], "id": "msg_9"}} if e["type"] == "response.output_item.done" else e
            for e in events
        ],
    }
    for sent in wrong.values():
        official, mine = await both(
            oxide_server, "/responses", Answer.sse(sent), response_call(), "get_final_response"
        )
        assert official[2] == ("RuntimeError",)
        assert mine[2] == ("APIResponseValidationError",)
        assert mine[0] == official[0]
