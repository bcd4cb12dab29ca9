"""`parse` beyond what the official SDK takes: dataclasses, TypedDicts, adapters, functions as tools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter
from typing_extensions import TypedDict

import oxide
from oxide import openai_tool
from oxide.errors import SchemaError, ToolArgumentsError
from oxide.helpers.given_tools import parse_arguments, tools_for_chat, tools_for_responses
from oxide.helpers.parsing import partial_json
from oxide.testing import Answer, Server
from tests.unit.helpers.schema_corpus import Free, Plain, Point


@dataclass
class Leg:
    to: str
    hours: float = 1.0


@dataclass
class Trip:
    legs: list[Leg]


class Movie(TypedDict):
    title: str
    year: int | None


@openai_tool
def add(a: int, b: int = 1) -> int:
    return a + b


def chat(text: str, *calls: tuple[str, str]) -> Answer:
    made = [
        {"id": f"c{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": made}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return Answer.json(
        {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    )


def response(text: str) -> Answer:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    return Answer.json({"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [message]})


@pytest.mark.parametrize(
    ("format", "text", "wanted", "name"),
    [
        (Trip, '{"legs": [{"to": "Oslo", "hours": 2}]}', Trip([Leg("Oslo", 2.0)]), "Trip"),
        (Movie, '{"title": "M", "year": null}', {"title": "M", "year": None}, "Movie"),
        (TypeAdapter(Trip), '{"legs": []}', Trip([]), "Trip"),
        (TypeAdapter(Point), '{"x": 1}', Point(x=1), "Point"),
    ],
    ids=str,
)
async def test_other_kinds_of_types(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, format: Any, text: str, wanted: Any, name: str
) -> None:
    oxide_server.script("/chat/completions", chat(text))
    completion = await oxide_client.chat.completions.parse(model="m", messages=[], response_format=format)
    assert completion.choices[0].message.parsed == wanted
    oxide_server.script("/responses", response(text))
    parsed = await oxide_client.responses.parse(model="m", input="", text_format=format)
    assert parsed.output_parsed == wanted
    for request, where in zip(oxide_server.journal, ("response_format", "text"), strict=True):
        sent = json.loads(request.body)[where]
        sent = sent.get("json_schema", sent.get("format"))
        assert (sent["name"], sent["strict"]) == (name, True)
        assert sent["schema"]["required"]


async def test_what_the_api_would_refuse_is_not_sent(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    tool = oxide.pydantic_function_tool(Free)
    for given in ({"response_format": Free}, {"tools": [tool]}):
        with pytest.raises(SchemaError, match="anything cannot be in a strict schema: it has no type"):
            await oxide_client.chat.completions.parse(model="m", messages=[], **given)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="anything cannot be"):
        await oxide_client.responses.parse(model="m", input="", tools=[tool])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"cannot be parsed into: give a pydantic model"):
        await oxide_client.responses.parse(model="m", input="", text_format=object())  # type: ignore[call-overload]
    assert len(oxide_server.journal) == 0


def described(field: dict[str, Any], strict: bool = True) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"site": field},
        "required": ["site"],
        "additionalProperties": False,
    }
    return {"name": "page", "strict": strict, "schema": schema, "parameters": schema}


async def test_schemas_written_by_hand_are_looked_through_as_well(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    chats: Any = oxide_client.chat.completions
    responses: Any = oxide_client.responses
    bad, good = (described({"type": "string", **more}) for more in ({"format": "uri"}, {}))
    where = r"site cannot be in a strict schema: the format 'uri'"
    given: Any
    for given in (
        {"response_format": {"type": "json_schema", "json_schema": bad}},
        {"tools": [{"type": "function", "function": bad}]},
    ):
        says = where if "tools" not in given else f"tool page: {where}"
        for make in (chats.parse, chats.stream, chats.stream_fc):
            with pytest.raises(SchemaError, match=f"^{says}") as caught:
                await make(model="m", messages=[], **given)
            assert (caught.value.path, caught.value.rule) == ("site", "format")
    tool = {"type": "function", **bad}
    for given in (
        {"text": {"format": {"type": "json_schema", **bad}}},
        {"tools": [tool]},
        {"tools": [{"type": "namespace", "name": "n", "description": "d", "tools": [tool]}]},
    ):
        says = where if "tools" not in given else f"tool page: {where}"
        for make in (responses.parse, responses.stream, responses.stream_fc):
            with pytest.raises(SchemaError, match=f"^{says}"):
                await make(model="m", input="", **given)
    assert len(oxide_server.journal) == 0

    oxide_server.script("/responses", response("{}"), response("{}"))
    text = {"verbosity": "low", "format": {"type": "json_schema", **good}}
    await responses.parse(model="m", input="", text=text, tools=[{"type": "function", **good}])
    loose = {**bad, "strict": False}
    text = {"format": {"type": "json_schema", **loose}}
    await responses.parse(model="m", input="", text=text, tools=[{"type": "function", **loose}])
    first, second = (json.loads(request.body) for request in oxide_server.journal)
    assert first["text"]["verbosity"] == "low"
    assert second["text"]["format"]["strict"] is False
    # A dict may be another one at the next call.
    good["schema"]["properties"]["site"]["format"] = "uri"
    with pytest.raises(SchemaError, match=where):
        await responses.parse(model="m", input="", tools=[{"type": "function", **good}])


@pytest.mark.parametrize("name", ["text_format", "parse_as"])
@pytest.mark.parametrize(
    "format", [{"type": "json_object"}, {"type": "json_schema", "name": "x", "schema": {}}]
)
async def test_a_description_where_a_type_belongs_is_not_dropped(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, name: str, format: Any
) -> None:
    given: Any = {"model": "m", "input": "", name: format}
    responses = oxide_client.responses
    with pytest.raises(TypeError, match=rf"{name} takes a type; .* goes into text=\{{'format': \.\.\.\}}"):
        await responses.parse(**given)
    if name == "text_format":
        for make in (responses.stream, responses.stream_fc, responses.create_stream_fc):
            with pytest.raises(TypeError, match="text_format takes a type"):
                make(**given)
    assert len(oxide_server.journal) == 0


async def test_functions_as_tools(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    oxide_server.script("/chat/completions", chat("", ("add", '{"a": 2}'), ("add", '{"a": "x"}')))
    tools: Any = [add]
    with pytest.raises(ToolArgumentsError, match="a: Input should be a valid integer"):
        await oxide_client.chat.completions.parse(model="m", messages=[], tools=tools)
    assert json.loads(oxide_server.journal[0].body)["tools"] == [add.chat_schema]
    oxide_server.script("/chat/completions", chat("", ("add", '{"a": 2}')))
    completion = await oxide_client.chat.completions.parse(model="m", messages=[], tools=tools)
    calls = completion.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.parsed_arguments == {"a": 2, "b": 1}


def test_arguments_of_every_kind_of_tool() -> None:
    model = oxide.pydantic_responses_function_tool(Plain)
    strict = {"type": "function", "name": "strict", "strict": True}
    group = {"type": "namespace", "name": "group", "tools": [model]}
    tools = tools_for_responses([add, strict, {"type": "function", "name": "loose"}, group])
    assert parse_arguments(tools, "add", '{"a": 1}') == {"a": 1, "b": 1}
    assert parse_arguments(tools, "strict", "[1]") == [1]
    assert parse_arguments(tools, "loose", "{") is None
    assert parse_arguments(tools, "unknown", "{") is None
    assert parse_arguments(tools, "Plain", '{"name": "n"}', namespace="group") == Plain(name="n")
    assert parse_arguments(tools, "Plain", '{"name": "n"}') is None
    assert parse_arguments(tools, "strict", "[1]", namespace="elsewhere") is None
    assert parse_arguments(tools_for_chat([add]), "add", '{"a": 3}') == {"a": 3, "b": 1}
    with pytest.raises(json.JSONDecodeError):
        parse_arguments(tools, "strict", "{")

    def bare(a: int) -> None: ...

    tools = tools_for_responses([Plain, bare])
    assert parse_arguments(tools, "Plain", '{"name": "n"}') == Plain(name="n")
    assert parse_arguments(tools, "bare", '{"a": 1}') == {"a": 1}
    assert tools_for_chat([Plain]) == [oxide.pydantic_function_tool(Plain)]
    with pytest.raises(TypeError, match="3 is no tool"):
        tools_for_chat([3])
    assert tools_for_chat(oxide.omit) is None
    assert tools_for_responses(oxide.omit) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", None), ("  ", None), ("-", None), ('{"a', {}), ('{"a": "x', {}), ('{"a": [1, 2', {"a": [1, 2]})],
)
def test_the_beginning_of_a_json_text(text: str, wanted: Any) -> None:
    assert partial_json(text) == wanted


def test_what_is_not_the_beginning_of_json() -> None:
    with pytest.raises(ValueError, match="expected"):
        partial_json("words")
