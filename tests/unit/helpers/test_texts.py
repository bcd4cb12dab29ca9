"""Only the text, or only the id, of a response: over both backends, and over the wire."""

from __future__ import annotations

import json
import re
from types import ModuleType
from typing import Any

import pytest

import oxide
from oxide._backend import NATIVE
from oxide.errors import APIStatusError, ContentFilterFinishReasonError, LengthFinishReasonError
from oxide.helpers import texts, texts_py
from oxide.json import PADDING, pad
from oxide.testing import Answer, Server
from oxide.types.responses import Response

BACKENDS: list[ModuleType] = [texts_py]
if NATIVE:
    from oxide.helpers import texts_c

    BACKENDS.append(texts_c)  # type: ignore[arg-type]


def part(text: Any, kind: str = "output_text") -> dict[str, Any]:
    return {"type": kind, "text": text, "annotations": [{"text": "not this", "type": "output_text"}]}


def message(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"id": "m", "type": "message", "role": "assistant", "content": list(parts), **more}


def response(*output: Any, **more: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "output": list(output), **more}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


CASES: dict[str, tuple[Any, str | None]] = {
    "one": (response(message(part("hello"))), "hello"),
    "several": (
        response(message(part("a"), part("é\n")), {"type": "reasoning"}, message(part("c"))),
        "aé\nc",
    ),
    "none": (response(), None),
    "only calls": (response({"type": "function_call", "content": [part("no")]}), None),
    "refusal": (response(message({"type": "refusal", "refusal": "no"})), None),
    "type after content": (
        response({"content": [{"text": "x", "type": "output_text"}], "type": "message"}),
        "x",
    ),
    "null content": (response({"type": "message", "content": None}), None),
    "empty": (response(message(part(""))), ""),
    "text that is none": (response(message(part(None), part(3))), None),
    "strange items": (response(None, 3, "x", message(None, 3, [part("no")], part("yes"))), "yes"),
    "completed": (response(message(part("x")), status="completed"), "x"),
    "failed": (response(message(part("x")), status="failed"), None),
    "incomplete": (response(message(part("x")), status="incomplete"), None),
    "null status": (response(message(part("x")), status=None), "x"),
    "no output": ({"id": "r"}, None),
    "output is none": ({"id": "r", "output": "x"}, None),
    "no object": ([1], None),
    "nested deeply": (response(message(part("x")), metadata=deep(100)), "x"),
    "large": (response(*[message(part("word " * 1000)) for _ in range(60)]), "word " * 60_000),
}


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda m: m.__name__)
@pytest.mark.parametrize("name", CASES)
def test_text(backend: ModuleType, name: str) -> None:
    body, wanted = CASES[name]
    data = json.dumps(body).encode()
    assert backend.output_text(pad(data), len(data)) == wanted
    assert backend.output_text(data + b"x" * PADDING, len(data)) == wanted
    assert backend.output_text(data, len(data)) == wanted
    if wanted is not None and name != "strange items":
        assert Response.construct(**body).output_text == wanted


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda m: m.__name__)
def test_escaped_names_lone_surrogates_and_duplicates(backend: ModuleType) -> None:
    data = rb'{"outp\u0075t": [{"type": "message", "content": [{"type": "output_text", "text": "\ud800"}]}]}'
    assert backend.output_text(pad(data), len(data)) == "\ud800"
    data = b'{"output": 1, "status": "failed", "output": [], "status": "completed"}'
    assert backend.output_text(pad(data), len(data)) is None
    for broken in (b'{"output": [', b"<html>", b""):
        with pytest.raises(ValueError, match=r"Expecting|column"):
            backend.output_text(pad(broken), len(broken))
        with pytest.raises(ValueError, match=r"Expecting|column"):
            backend.response_id(pad(broken), len(broken))


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda m: m.__name__)
def test_id(backend: ModuleType) -> None:
    for body, wanted in (
        ({"output": [{"id": "no"}], "id": "r"}, "r"),
        ({"id": 3}, None),
        ({}, None),
        ([], None),
    ):
        data = json.dumps(body).encode()
        assert backend.response_id(pad(data), len(data)) == wanted


def test_the_native_one_is_used_where_it_is() -> None:
    assert texts.output_text is BACKENDS[-1].output_text


async def test_calls(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    text = await oxide_client.responses.create_text(model="m", input="Say hello.")
    assert text == (await oxide_client.responses.create(model="m", input="Say hello.")).output_text
    first = await oxide_client.responses.create_stored_id(model="m", input="Remember me.")
    assert (await oxide_client.responses.retrieve(first)).id == first
    assert await oxide_client.responses.create_text_followup(first, model="m", input="And now?")
    bodies = [json.loads(r.body) for r in oxide_server.journal if r.body]
    assert bodies[0] == bodies[1] == {"model": "m", "input": "Say hello."}
    assert bodies[2]["store"] is True
    assert bodies[3]["previous_response_id"] == first


async def test_a_response_that_is_no_result_raises(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    partial = response(message(part("half a")), status="incomplete", created_at=1, model="m")
    for reason, error in (
        ("max_output_tokens", LengthFinishReasonError),
        ("content_filter", ContentFilterFinishReasonError),
    ):
        oxide_server.script("/responses", Answer.json({**partial, "incomplete_details": {"reason": reason}}))
        with pytest.raises(error) as caught:
            await oxide_client.responses.create_text(model="m", input="")
        assert caught.value.completion.output_text == "half a"  # type: ignore[attr-defined]
    fault = {"code": "rate_limit_exceeded", "message": "too much"}
    oxide_server.script("/responses", Answer.json(response(status="failed", error=fault)))
    with pytest.raises(oxide.RateLimitError, match="too much"):
        await oxide_client.responses.create_text(model="m", input="")
    oxide_server.script("/responses", Answer.json(response(status="cancelled")))
    with pytest.raises(oxide.APIError, match="The response is cancelled"):
        await oxide_client.responses.create_text(model="m", input="")
    oxide_server.script("/responses", Answer.html())
    with pytest.raises(oxide.APIResponseNotJSONError):
        await oxide_client.responses.create_text(model="m", input="")
    oxide_server.script("/responses", Answer.error(400, "no"))
    with pytest.raises(APIStatusError, match="no"):
        await oxide_client.responses.create_stored_id(model="m", input="")


@pytest.mark.parametrize("validation", ["lazy", "off"])
async def test_a_response_without_a_text_says_what_it_has(oxide_server: Server, validation: Any) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    thought = {"type": "reasoning", "id": "rs", "summary": []}
    reply = {"created_at": 1, "model": "m", "status": "completed"}
    async with oxide.AsyncOpenAI(
        base_url=oxide_server.base_url, api_key="k", validation=validation
    ) as client:
        for output, words in (
            (
                [message({"type": "refusal", "refusal": "I won't"}, status="completed")],
                'a refusal: "I won\'t"',
            ),
            ([thought, call], "calls of look: use `create`"),
            ([thought], "only reasoning"),
            ([], "an empty output"),
        ):
            oxide_server.script("/responses", Answer.json(response(*output, **reply)))
            with pytest.raises(oxide.NoTextError, match=re.escape(words)) as caught:
                await client.responses.create_text(model="m", input="")
            assert [item.type for item in caught.value.response.output] == [o["type"] for o in output]
        for body, name, call_name in (
            ({"id": "r", **reply, "output": None}, "output", "create_text"),
            ({"id": "r", **reply}, "output", "create_text"),
            ({"output": [], **reply}, "id", "create_stored_id"),
        ):
            oxide_server.script("/responses", Answer.json(body))
            with pytest.raises(oxide.APIResponseValidationError, match=name):
                await getattr(client.responses, call_name)(model="m", input="")


async def test_arguments_that_make_no_sense(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    responses: Any = oxide_client.responses
    for name in ("stream", "background"):
        with pytest.raises(TypeError, match=f"leave {name} out"):
            await responses.create_text(model="m", input="", **{name: True})
    with pytest.raises(TypeError, match="leave stream out"):
        await responses.create_stored_id(model="m", input="", stream=True)
    with pytest.raises(TypeError, match="store=False"):
        await responses.create_stored_id(model="m", input="", store=False)
    with pytest.raises(ValueError, match="non-empty value for `previous_response_id`"):
        await responses.create_text_followup("", model="m", input="")
    for name in ("create_text", "create_stored_id"):
        with pytest.raises(TypeError, match=f"{name}.. got an unexpected keyword argument 'modle'"):
            await getattr(responses, name)(modle="m", input="")
    assert len(oxide_server.journal) == 0
    await responses.create_text(model="m", input="", instructions=oxide.omit)
    assert json.loads(oxide_server.journal[0].body) == {"model": "m", "input": ""}
