"""Parsed answers: what is ours in them is never sent back."""

from __future__ import annotations

import json
from typing import Any

import pydantic

from oxide._body import encode_body
from oxide.models import construct
from oxide.types.chat import ParsedChatCompletion, ParsedFunctionToolCall
from oxide.types.responses import ParsedResponse, Response
from oxide.types.responses.parsed_response import ParsedResponseFunctionToolCall, ParsedResponseOutputMessage

MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
    "content": [
        {"type": "refusal", "refusal": "no"},
        {"type": "output_text", "text": '{"city":"Riga"}', "annotations": []},
    ],
}  # fmt: skip


class Place(pydantic.BaseModel):
    city: str


def parsed() -> ParsedResponse[Place]:
    response = construct(ParsedResponse[Place], {"id": "resp_1", "output": [MESSAGE]})
    response.output[0].content[1].parsed = Place(city="Riga")  # type: ignore[union-attr]
    return response


def test_output_parsed_is_the_first_part_with_an_object() -> None:
    response = parsed()
    assert isinstance(response, Response)
    assert response.output_parsed == Place(city="Riga")
    assert construct(ParsedResponse[Place], {"id": "resp_1", "output": []}).output_parsed is None


def test_what_is_parsed_is_not_sent() -> None:
    [message] = parsed().output
    assert isinstance(message, ParsedResponseOutputMessage)
    assert json.loads(encode_body({"input": [message]}))["input"] == [MESSAGE]
    assert json.loads(encode_body({"part": message.content[1]}))["part"] == MESSAGE["content"][1]
    call = construct(
        ParsedResponseFunctionToolCall,
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    )
    call.parsed_arguments = {"own": 1}
    assert "parsed_arguments" not in json.loads(encode_body({"call": call}))["call"]


def test_chat_completions_are_generic_too() -> None:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "parsed": {"city": "Riga"}},
    }
    completion = construct(ParsedChatCompletion[Place], {"id": "c", "choices": [choice]})
    assert completion.choices[0].message.parsed == Place(city="Riga")
    tool = construct(ParsedFunctionToolCall, {"id": "t", "type": "function", "function": {"name": "f"}})
    assert tool.function.parsed_arguments is None
