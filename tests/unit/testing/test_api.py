"""The built-in behaviour: strictly valid by the official models, and readable for the official client."""

from __future__ import annotations

from typing import Any

import aiohttp
import openai
import pytest
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import TypeAdapter

from oxide.testing import Answer, Server
from oxide.testing._text import REPLY, sample, stretch, tokenize

PROMPT = [{"role": "user", "content": "hi there"}]
CHAT_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}, "u": {}},
            "required": ["city", "days"],
        },
    },
}
TOOL = {"type": "function", **CHAT_TOOL["function"]}  # type: ignore[dict-item]
OTHER = {"type": "function", "name": "other", "parameters": {"type": "object", "properties": {}}}


async def call(
    server: Server, path: str, body: Any = None, *, method: str | None = None, **headers: str
) -> tuple[int, Any, Any]:
    """(status, headers, decoded body); SSE comes back as a list of (name, data)."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method or ("GET" if body is None else "POST"), server.base_url + path, json=body, headers=headers
        ) as answer,
    ):
        if answer.content_type == "text/event-stream":
            return answer.status, answer.headers, parse(await answer.text())
        return answer.status, answer.headers, await answer.json()


def parse(text: str) -> list[tuple[str | None, str]]:
    events = []
    for block in text.split("\n\n")[:-1]:
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((lines.get("event"), lines["data"]))
    return events


def strict(kind: Any, value: Any) -> Any:
    """Validate as JSON, strictly, and demand that the model knows every member."""
    import orjson

    data = value if isinstance(value, str) else orjson.dumps(value)
    found = TypeAdapter(kind).validate_json(data, strict=True)
    unknown(found)
    return found


def unknown(value: Any, path: str = "") -> None:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        assert not value.model_extra, f"{path}: {type(value).__name__} does not know {value.model_extra}"
        for name in value.model_fields_set:
            unknown(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for i, member in enumerate(value):
            unknown(member, f"{path}[{i}]")


# --- models


async def test_models(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    status, _, page = await call(oxide_server, "/models")
    assert status == 200
    assert [strict(Model, m).id for m in page["data"]] == [
        "oxide-mock",
        "oxide-mock-mini",
        "oxide-mock-reasoning",
    ]
    assert (await official.models.retrieve("oxide-mock")).owned_by == "oxide"
    assert [m.id async for m in official.models.list()][:1] == ["oxide-mock"]
    with pytest.raises(openai.NotFoundError) as caught:
        await official.models.retrieve("no/such")
    assert caught.value.code == "model_not_found"


@pytest.mark.oxide_server(models=["only"])
async def test_only_the_named_models_are_served(official: openai.AsyncOpenAI) -> None:
    assert (await official.responses.create(model="only", input="x")).model == "only"
    with pytest.raises(openai.NotFoundError):
        await official.responses.create(model="another", input="x")


# --- chat completions


async def test_chat(oxide_server: Server) -> None:
    status, headers, body = await call(
        oxide_server, "/chat/completions", {"model": "m", "messages": PROMPT, "n": 3}
    )
    answer = strict(ChatCompletion, body)
    assert status == 200
    assert [c.index for c in answer.choices] == [0, 1, 2]
    assert {c.finish_reason for c in answer.choices} == {"stop"}
    assert answer.choices[0].message.content == REPLY
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens == 3 * len(tokenize(REPLY))
    assert headers["x-request-id"] == oxide_server.journal.last.request_id
    assert headers["x-ratelimit-remaining-tokens"].isdigit()
    assert headers["x-ratelimit-reset-tokens"] == "1m20s"


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("include_usage", [False, True])
async def test_chat_stream(oxide_server: Server, n: int, include_usage: bool) -> None:
    body = {"model": "m", "messages": PROMPT, "stream": True, "n": n}
    if include_usage:
        body["stream_options"] = {"include_usage": True}
    status, headers, events = await call(oxide_server, "/chat/completions", body)
    assert status == 200
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert events[-1] == (None, "[DONE]")
    chunks = [strict(ChatCompletionChunk, data) for _, data in events[:-1]]
    assert {c.id for c in chunks} == {chunks[0].id}
    tail = chunks.pop() if include_usage else None
    assert (tail is None) or (tail.choices == [] and tail.usage.completion_tokens == n * len(tokenize(REPLY)))
    for i in range(n):
        own = [c.choices[0] for c in chunks if c.choices[0].index == i]
        assert own[0].delta.role == "assistant"
        assert "".join(c.delta.content or "" for c in own) == REPLY
        assert [c.finish_reason for c in own[-2:]] == [None, "stop"]


async def test_chat_length(official: openai.AsyncOpenAI) -> None:
    answer = await official.chat.completions.create(model="m", messages=PROMPT, max_completion_tokens=3)  # type: ignore[arg-type]
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == "Every word of"


async def test_chat_tools(oxide_server: Server) -> None:
    body: dict[str, Any] = {"model": "m", "messages": PROMPT, "tools": [CHAT_TOOL]}
    answer = strict(ChatCompletion, (await call(oxide_server, "/chat/completions", body))[2])
    (called,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert (called.function.name, called.function.arguments) == ("weather", '{"city":"text","days":2}')

    events = (await call(oxide_server, "/chat/completions", {**body, "stream": True}))[2]
    chunks = [strict(ChatCompletionChunk, data).choices[0] for _, data in events[:-1]]
    parts = [part for c in chunks for part in c.delta.tool_calls or ()]
    assert parts[0].function.name == "weather"
    assert parts[0].id.startswith("call_")
    assert "".join(p.function.arguments for p in parts) == called.function.arguments
    assert len(parts) > 2
    assert chunks[-1].finish_reason == "tool_calls"

    result = {"role": "tool", "tool_call_id": called.id, "content": "sunny"}
    answer = strict(
        ChatCompletion, (await call(oxide_server, "/chat/completions", {**body, "messages": [result]}))[2]
    )
    assert answer.choices[0].message.content == REPLY, "after a result comes text"
    answer = strict(
        ChatCompletion, (await call(oxide_server, "/chat/completions", {**body, "tool_choice": "none"}))[2]
    )
    assert answer.choices[0].message.tool_calls is None


async def test_chat_structured_output(official: openai.AsyncOpenAI) -> None:
    from pydantic import BaseModel

    class City(BaseModel):
        name: str
        people: int
        tags: list[str]

    parsed = await official.chat.completions.parse(model="m", messages=PROMPT, response_format=City)  # type: ignore[arg-type]
    assert parsed.choices[0].message.parsed == City(name="text", people=0, tags=["text"])


# --- responses


async def test_response(oxide_server: Server) -> None:
    status, _, body = await call(
        oxide_server,
        "/responses",
        {"model": "m", "input": "hi", "tools": [TOOL], "tool_choice": "none", "metadata": {"a": "b"}},
    )
    answer = strict(Response, body)
    assert status == 200
    assert answer.output_text == REPLY
    assert answer.status == "completed"
    assert answer.usage.output_tokens == len(tokenize(REPLY))
    assert answer.metadata == {"a": "b"}


TEXT_SEQUENCE = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


async def test_response_stream_has_the_whole_sequence(oxide_server: Server) -> None:
    _, _, events = await call(oxide_server, "/responses", {"model": "m", "input": "hi", "stream": True})
    found = [strict(ResponseStreamEvent, data) for _, data in events]
    assert [name for name, _ in events] == [e.type for e in found]
    assert list(dict.fromkeys(e.type for e in found)) == TEXT_SEQUENCE
    assert [e.sequence_number for e in found] == list(range(len(found)))
    assert "".join(e.delta for e in found if e.type == "response.output_text.delta") == REPLY
    assert found[0].response.status == "in_progress"
    assert found[-1].response.output_text == REPLY
    assert found[-1].response.id == found[0].response.id


async def test_response_stream_of_a_tool_call(oxide_server: Server) -> None:
    body = {
        "model": "m",
        "input": "hi",
        "stream": True,
        "tools": [OTHER, TOOL],
        "tool_choice": {"type": "function", "name": "weather"},
    }
    _, _, events = await call(oxide_server, "/responses", body)
    found = [strict(ResponseStreamEvent, data) for _, data in events]
    assert list(dict.fromkeys(e.type for e in found)) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    pieces = [e.delta for e in found if e.type == "response.function_call_arguments.delta"]
    (item,) = found[-1].response.output
    assert len(pieces) > 2
    assert "".join(pieces) == item.arguments == '{"city":"text","days":2}'
    assert item.call_id.startswith("call_")
    assert item.id.startswith("fc_")


async def test_agent_loop_ends(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    first = await official.responses.create(model="m", input="hi", tools=[TOOL])  # type: ignore[list-item]
    (called,) = first.output
    assert called.type == "function_call"
    second = await official.responses.create(
        model="m",
        previous_response_id=first.id,
        tools=[TOOL],  # type: ignore[list-item]
        input=[{"type": "function_call_output", "call_id": called.call_id, "output": "sunny"}],
    )
    assert second.output_text == REPLY
    kinds = [i.type async for i in official.responses.input_items.list(second.id, order="asc")]
    assert kinds == ["message", "function_call", "function_call_output"], "the history is part of the input"


async def test_incomplete_response(oxide_server: Server) -> None:
    body = {"model": "m", "input": "hi", "max_output_tokens": 2}
    answer = strict(Response, (await call(oxide_server, "/responses", body))[2])
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"
    _, _, events = await call(oxide_server, "/responses", {**body, "stream": True})
    assert events[-1][0] == "response.incomplete"
    strict(ResponseStreamEvent, events[-1][1])


async def test_retrieve_and_delete(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    made = await official.responses.create(model="m", input="hi")
    assert await official.responses.retrieve(made.id) == made
    replay = [e async for e in await official.responses.retrieve(made.id, stream=True, starting_after=3)]
    assert replay[0].sequence_number == 4
    assert replay[-1].type == "response.completed"
    status, _, gone = await call(oxide_server, f"/responses/{made.id}", method="DELETE")
    assert (status, gone["deleted"]) == (200, True)
    with pytest.raises(openai.NotFoundError):
        await official.responses.retrieve(made.id)


async def test_not_stored(official: openai.AsyncOpenAI) -> None:
    made = await official.responses.create(model="m", input="hi", store=False)
    with pytest.raises(openai.NotFoundError):
        await official.responses.retrieve(made.id)


async def test_background_and_cancel(official: openai.AsyncOpenAI) -> None:
    made = await official.responses.create(model="m", input="hi", background=True)
    assert (made.status, made.output_text) == ("queued", "")
    assert (await official.responses.retrieve(made.id)).status == "in_progress"
    done = await official.responses.retrieve(made.id)
    assert (done.status, done.output_text) == ("completed", REPLY)
    other = await official.responses.create(model="m", input="hi", background=True)
    assert (await official.responses.cancel(other.id)).status == "cancelled"
    assert (await official.responses.retrieve(other.id)).status == "cancelled"
    plain = await official.responses.create(model="m", input="hi")
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        await official.responses.cancel(plain.id)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_input_items_come_in_pages(
    oxide_server: Server, official: openai.AsyncOpenAI, order: Any
) -> None:
    made = await official.responses.create(
        model="m", input=[{"role": "user", "content": str(i)} for i in range(5)]
    )
    status, _, page = await call(oxide_server, f"/responses/{made.id}/input_items?limit=2&order={order}")
    assert status == 200
    assert strict(ResponseItemList, page).has_more
    oxide_server.journal.clear()
    items = [i async for i in official.responses.input_items.list(made.id, limit=2, order=order)]
    texts = [i.content[0].text for i in items]  # type: ignore[union-attr]
    assert texts == (list("01234") if order == "asc" else list("43210"))
    assert len(oxide_server.journal) == 3


@pytest.mark.parametrize(
    ("query", "status"), [("limit=0", 400), ("limit=101", 400), ("limit=x", 400), ("after=nope", 404)]
)
async def test_input_items_refuses(
    oxide_server: Server, official: openai.AsyncOpenAI, query: str, status: int
) -> None:
    made = await official.responses.create(model="m", input="hi")
    assert (await call(oxide_server, f"/responses/{made.id}/input_items?{query}"))[0] == status


# --- refusals

ABOVE, PREVIOUS = "decimal_above_max_value", "previous_response_id"
REFUSALS = [
    ("/chat/completions", {"messages": PROMPT}, 400, "missing_required_parameter", "model"),
    ("/chat/completions", {"model": "m"}, 400, "missing_required_parameter", "messages"),
    ("/chat/completions", {"model": 5, "messages": PROMPT}, 400, "invalid_type", "model"),
    ("/chat/completions", {"model": "m", "messages": "hi"}, 400, "invalid_type", "messages"),
    ("/chat/completions", {"model": "m", "messages": []}, 400, "empty_array", "messages"),
    ("/chat/completions", {"model": "m", "messages": PROMPT, "temperature": 2.5}, 400, ABOVE, "temperature"),
    ("/chat/completions", {"model": "m", "messages": PROMPT, "n": 0}, 400, "integer_below_min_value", "n"),
    ("/chat/completions", {"model": "m", "messages": PROMPT, "top_p": "1"}, 400, "invalid_type", "top_p"),
    ("/chat/completions", [], 400, None, None),
    ("/responses", {"model": "m"}, 400, "missing_required_parameter", "input"),
    ("/responses", {"model": "m", "input": 1}, 400, "invalid_type", "input"),
    ("/responses", {"model": "m", "input": "x", PREVIOUS: "r"}, 400, "previous_response_not_found", PREVIOUS),
    ("/nowhere", {}, 404, None, None),
    ("/models", {}, 405, "method_not_supported", None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status", "code", "param"), REFUSALS)
async def test_refusal(
    oxide_server: Server, path: str, body: Any, status: int, code: str | None, param: str | None
) -> None:
    got, headers, answer = await call(oxide_server, path, body)
    error = answer["error"]
    assert (got, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert headers["x-request-id"]


async def test_body_that_is_not_json(oxide_server: Server, exchange: Any) -> None:
    got = await exchange("/v1/responses", "POST", b"{oops", headers="Connection: close\r\n")
    assert got.data.startswith(b"HTTP/1.1 400")
    assert b"parse the JSON" in got.body


@pytest.mark.oxide_server(api_key="right")
async def test_key(oxide_server: Server) -> None:
    assert (await call(oxide_server, "/models"))[0] == 401
    status, _, body = await call(oxide_server, "/models", Authorization="Bearer wrong")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    assert (await call(oxide_server, "/models", Authorization="Basic right"))[0] == 401
    assert (await call(oxide_server, "/models", Authorization="Bearer right"))[0] == 200
    oxide_server.script("/models", Answer.error(500))
    assert (await call(oxide_server, "/models"))[0] == 500, "a script comes before the key"


# --- what the server can be told to say


@pytest.mark.oxide_server(echo=True)
async def test_echo(official: openai.AsyncOpenAI) -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}]
    chat = await official.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": parts}, {"role": "assistant", "content": "c"}],  # type: ignore[list-item]
    )
    assert chat.choices[0].message.content == "a b"
    assert (await official.responses.create(model="m", input=" ünï\n code ")).output_text == " ünï\n code "


@pytest.mark.oxide_server(reply=lambda request: f"{request.json()['model']} says so", tokens=5)
async def test_reply_from_a_function_and_stretched(official: openai.AsyncOpenAI) -> None:
    assert (await official.responses.create(model="m", input="")).output_text == "m says so m says"


@pytest.mark.oxide_server(tokens=10, tokens_per_second=100, first_token=0.1)
async def test_pace(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    async for _ in await official.chat.completions.create(model="m", messages=PROMPT, stream=True):  # type: ignore[arg-type,call-overload]
        pass
    (record,) = await oxide_server.journal.settle(1)
    assert record.answered is not None
    assert record.finished is not None
    assert 0.1 + 0.09 <= record.finished - record.answered < 1.0
    await official.responses.create(model="m", input="x")
    record = oxide_server.journal.last
    assert record.answered is not None
    assert record.answered - record.received >= 0.1


def test_pace_must_be_positive() -> None:
    with pytest.raises(ValueError, match="tokens_per_second"):
        Server(tokens_per_second=0)


# --- samples


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "text.."),
        ({"type": "string", "format": "date"}, "2024-01-31"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 5}, 5),
        ({"default": None}, None),
        ({"type": ["integer", "null"], "exclusiveMinimum": 3}, 4),
        ({"type": "number", "minimum": 1}, 1.0),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        ({"properties": {"a": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"type": "boolean"}}}, {"a": True}),
        ({"$ref": "#/nowhere"}, None),
        (None, None),
    ],
)
def test_sample(schema: Any, value: Any) -> None:
    assert sample(schema) == value


def test_sample_of_a_schema_that_contains_itself_ends() -> None:
    assert sample({"type": "object", "properties": {"next": {"$ref": "#"}}})


def test_stretch() -> None:
    assert "".join(stretch(tokenize("a b"), 5)) == "a b a b a"
    assert stretch([], 3) == []
    assert stretch(["a", " b"], 1) == ["a"]
