"""Arguments a model wrote: what is no JSON, or fits no tool, is told in one kind of error."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from oxide import openai_tool
from oxide.errors import ToolArgumentsError
from oxide.helpers.function_calls import FunctionCall
from oxide.helpers.given_tools import tools_for_responses
from oxide.helpers.tool_arguments import decode_arguments


class Place(BaseModel):
    city: str


@openai_tool
def weather(city: str) -> str:
    return city


STRICT = {"type": "function", "name": "strict", "strict": True}
LOOSE = {"type": "function", "name": "loose", "parameters": {}}
TOOLS = tools_for_responses([weather, Place, STRICT, LOOSE])


@pytest.mark.parametrize("name", ["weather", "Place", "strict", "loose", "unknown"])
@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, '{"city": NaN}', '{"city": -Infinity}', '{"city": "\\x"}']
)
def test_what_is_no_json_is_told_whatever_the_tool(name: str, text: str) -> None:
    call = FunctionCall("call_1", "item_1", name, text, 0, tools=TOOLS)
    for _ in range(2):
        with pytest.raises(ToolArgumentsError, match=f"The arguments of {name} do not fit: ") as caught:
            _ = call.parsed
        assert (caught.value.call_id, caught.value.arguments) == ("call_1", text)
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["strict", "loose", "unknown"])
def test_other_tools_have_their_arguments_decoded(name: str) -> None:
    parsed = FunctionCall(
        "c", None, name, '{"n": 123456789012345678901234567890, "x": 1.5}', 0, tools=TOOLS
    ).parsed
    assert parsed == {"n": 123456789012345678901234567890, "x": 1.5}
    assert FunctionCall("c", None, name, "", 0, tools=TOOLS).parsed == {}


def test_decoding_says_where() -> None:
    with pytest.raises(ValueError, match=r"line 1 column 8 \(char 7\)"):
        decode_arguments('{"a": 1')
    with pytest.raises(ValueError, match="NaN is no JSON"):
        decode_arguments("[NaN]")
    with pytest.raises(ValueError, match="too deeply"):
        decode_arguments('{"a":' * 100_000)


@pytest.mark.parametrize("arguments", [[1], None, 3, Place(city="x")], ids=repr)
def test_what_decodes_to_no_object_does_not_fit(arguments: Any) -> None:
    with pytest.raises(ToolArgumentsError, match=r"Input should be a valid dictionary .*got "):
        weather.validate(arguments)
    with pytest.raises(ToolArgumentsError, match="Input should be an object, got"):
        weather.validate("[1]")


@pytest.mark.parametrize("arguments", ['{"city": "\ud800"}', b'{"city": "\xff"}'])
def test_text_that_is_no_unicode_does_not_fit(arguments: Any) -> None:
    with pytest.raises(ToolArgumentsError, match="The arguments of weather do not fit"):
        weather.validate(arguments)
