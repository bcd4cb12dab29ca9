"""`parse` reads what the model wrote out of the bytes that came, and leaves its text to those who ask."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pydantic
import pytest
from pydantic import BaseModel, TypeAdapter

import oxide
from oxide.helpers.parsing import parse_text
from oxide.models.lazy import is_lazy
from oxide.testing import Answer, Server
from tests.unit.helpers.test_parsed_calls import chat, response


class Note(BaseModel):
    title: str
    body: str | None = None


class Given(BaseModel):
    """Takes the text itself, as only the official SDK's `str` lets it."""

    kinds: ClassVar[list[type]] = []
    title: str

    @classmethod
    def model_validate_json(cls, json_data: Any, **options: Any) -> Given:
        cls.kinds.append(type(json_data))
        return super().model_validate_json(json_data, **options)


TEXTS = {
    "plain": '{"title": "t"}',
    "escapes": json.dumps({"title": 'a "b"\n\t\\ \x00', "body": "é€😀" * 20}),
    "utf-8": json.dumps({"title": "é€😀", "body": 'x\n"' * 300}, ensure_ascii=False),
    "surrogates": '{"title": "\\ud83d\\ude00"}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("format", [Note, TypeAdapter(Note)], ids=["model", "adapter"])
async def test_the_text_is_left_unread(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, text: str, format: Any
) -> None:
    expected = parse_text(text, format)
    oxide_server.script("/responses", response(text))
    parsed = await oxide_client.responses.parse(model="m", input="", text_format=format)
    part: Any = parsed.output[0].content[0]  # type: ignore[union-attr]
    assert parsed.output_parsed == expected
    assert is_lazy(part)
    assert part.text == text
    assert parsed.output_text == text
    assert part.model_dump()["parsed"] == expected.model_dump()
    assert "parsed" in part.model_fields_set

    oxide_server.script("/chat/completions", chat(text))
    completion: Any = await oxide_client.chat.completions.parse(
        model="m", messages=[], response_format=format
    )
    message = completion.choices[0].message
    assert is_lazy(message)
    assert message.parsed == expected
    assert message.content == text
    assert message.tool_calls is None
    assert {"parsed", "tool_calls"} <= message.model_fields_set


@pytest.mark.parametrize(
    "text", ["{", "", "[1]", '{"title": 5}', '{"title": "x"} y', "NaN", '"\\ud800"'], ids=ascii
)
@pytest.mark.parametrize("format", [Note, TypeAdapter(Note)], ids=["model", "adapter"])
async def test_what_does_not_fit_is_said_of_the_str(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, text: str, format: Any
) -> None:
    with pytest.raises(pydantic.ValidationError) as wanted:
        parse_text(text, format)
    oxide_server.script("/responses", response(text))
    with pytest.raises(pydantic.ValidationError) as caught:
        await oxide_client.responses.parse(model="m", input="", text_format=format)
    assert str(caught.value) == str(wanted.value)
    assert repr(caught.value.errors()) == repr(wanted.value.errors())  # NaN is not equal to itself


async def test_lone_surrogates_go_the_way_of_the_str(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    body: Any = response('{"title": "?"}').pieces
    oxide_server.script("/responses", Answer.json(body[0].replace(b"?", b"\\ud800")))
    with pytest.raises(pydantic.ValidationError, match="unicode"):
        await oxide_client.responses.parse(model="m", input="", text_format=Note)


async def test_a_method_of_the_model_gets_a_str(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    oxide_server.script("/responses", response('{"title": "t"}'))
    parsed = await oxide_client.responses.parse(model="m", input="", text_format=Given)
    assert parsed.output_parsed == Given(title="t")
    assert Given.kinds == [str]


@pytest.mark.parametrize("content", ["", None])
async def test_no_content_is_nothing_to_parse(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, content: Any
) -> None:
    oxide_server.script("/chat/completions", chat(content))
    completion = await oxide_client.chat.completions.parse(model="m", messages=[], response_format=Note)
    assert completion.choices[0].message.parsed is None
    assert completion.choices[0].message.content == content


async def test_a_text_that_is_none_is_named(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    part = {"type": "output_text", "text": 5, "annotations": []}
    message = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    oxide_server.script(
        "/responses",
        Answer.json({"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [message]}),
    )
    with pytest.raises(oxide.APIResponseValidationError, match=r"output\[0\].content\[0\].text"):
        await oxide_client.responses.parse(model="m", input="", text_format=Note)
