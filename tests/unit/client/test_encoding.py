"""Bodies and queries: what goes over the wire for the values programs pass."""

from __future__ import annotations

import datetime
import enum
import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from oxide import NOT_GIVEN, AsyncOpenAI, omit, openai_tool
from oxide._body import encode_body
from oxide._query import encode_query
from oxide.resources._base import check_response_format, segment


class Point(BaseModel):
    x: int = Field(alias="the_x")
    y: int | None = None


class Color(str, enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ({"b": 1, "a": [True, None, 1.5, "é"]}, {"b": 1, "a": [True, None, 1.5, "é"]}),
        ({"m": Point(the_x=1)}, {"m": {"the_x": 1}}),
        ({"g": (i for i in range(3))}, {"g": [0, 1, 2]}),
        ({"d": {"k": 1}.items()}, {"d": [["k", 1]]}),
        ({"c": Color.RED}, {"c": "red"}),
        (
            {"t": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)},
            {"t": "2026-01-02T00:00:00+00:00"},
        ),
        ({"logit_bias": {50256: -100}}, {"logit_bias": {"50256": -100}}),
        ({"big": 2**70}, {"big": 2**70}),
        ({"a": omit, "b": {"c": NOT_GIVEN, "d": [1, omit]}}, {"b": {"d": [1]}}),
        ({"a": omit, "m": Point(the_x=2)}, {"m": {"the_x": 2}}),
    ],
)
def test_bodies(body: Any, written: Any) -> None:
    assert json.loads(encode_body(body)) == written


def test_key_order_is_kept_and_bytes_pass_through() -> None:
    assert encode_body({"b": 1, "a": {"z": 1, "y": 2}}) == b'{"b":1,"a":{"z":1,"y":2}}'
    raw = b'{ "as": "given" }'
    assert encode_body(raw) is raw


@pytest.mark.parametrize("value", [b"bytes", open, object()])
def test_what_is_not_json_is_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        encode_body({"a": value})


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"a": 1, "b": "x y"}, "a=1&b=x+y"),
        ({"a": ["x", "y"]}, "a%5B%5D=x&a%5B%5D=y"),
        ({"a": {"b": {"c": True}}}, "a%5Bb%5D%5Bc%5D=true"),
        ({"a": None, "b": "", "c": omit, "d": NOT_GIVEN, "e": False, "f": 0}, "b=&e=false&f=0"),
        ({"metadata": {"k": ["v"]}}, "metadata%5Bk%5D%5B%5D=v"),
        ({}, ""),
    ],
)
def test_queries(params: dict[str, object], query: str) -> None:
    assert encode_query(params) == query


def test_addresses() -> None:
    client = AsyncOpenAI(api_key="k", base_url="http://bücher.example/a b/v1/", default_query={"d": "1"})
    url, target = client._address("/models/x%2Fy", {"q": ["é"]}, False)
    assert str(url) == "http://xn--bcher-kva.example/a%20b/v1/models/x%2Fy?d=1&q%5B%5D=%C3%A9"
    assert target == "/a%20b/v1/models/x%2Fy?d=1&q%5B%5D=%C3%A9"
    assert str(client._address("https://other.example/x", None, False)[0]) == "https://other.example/x?d=1"


def test_path_parameters() -> None:
    assert segment("id", "a/b?c#d é") == "a%2Fb%3Fc%23d%20%C3%A9"
    assert segment("model", "ft:gpt-4o:org::id") == "ft:gpt-4o:org::id"
    with pytest.raises(ValueError, match="Expected a non-empty value for `id` but received ''"):
        segment("id", "")
    with pytest.raises(ValueError, match="relative"):
        segment("id", "..")


def test_a_model_class_is_no_response_format() -> None:
    with pytest.raises(TypeError, match="json_schema"):
        check_response_format(Point)
    check_response_format({"type": "json_object"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_json_has_not_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"temperature={value!r} cannot be sent"):
        encode_body({"model": "m", "temperature": value})


@openai_tool
def weather(city: str) -> str:
    """The weather in a city."""
    return city


def plain(city: str) -> str:
    return city


@pytest.mark.parametrize(
    ("tool", "advice"),
    [
        (weather, r"FunctionTool .*`tool\.schema`, .*`tool\.chat_schema`"),
        (Point, r"pydantic_function_tool\(Point\).*pydantic_responses_function_tool\(Point\)"),
        (plain, r"oxide\.openai_tool.*`schema`.*`chat_schema`"),
    ],
)
async def test_create_says_what_to_pass_for_a_tool(tool: Any, advice: str) -> None:
    async with AsyncOpenAI(api_key="k", base_url="http://127.0.0.1:1/v1", max_retries=0) as client:
        with pytest.raises(TypeError, match=advice):
            await client.responses.create(model="m", input="hi", tools=[tool])
        with pytest.raises(TypeError, match=advice):
            await client.chat.completions.create(model="m", messages=[], tools=[tool])
