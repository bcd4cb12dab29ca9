"""`parse` of chat and Responses, through the official SDK and through oxide: same requests, same results."""

from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest

import oxide
from oxide.testing import Answer, Server
from tests.unit.helpers.schema_corpus import Described, Discriminated, Optionals, Person, Plain

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

PLAIN = json.dumps({"name": "é\n", "count": 4, "ratio": 0.5, "flag": False})
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "Plain", "arguments": PLAIN}},
    {"id": "call_2", "type": "function", "function": {"name": "strict", "arguments": '{"a": [1, null]}'}},
]
NOTHING = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
STRICT_CHAT = {"type": "function", "function": {"name": "strict", "strict": True, "parameters": NOTHING}}
STRICT = {"type": "function", "name": "strict", "strict": True, "parameters": NOTHING}
LOOSE = {"type": "function", "name": "loose", "strict": False, "parameters": {}}


def chat(content: str | None = PLAIN, finish: str = "stop", **message: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "finish_reason": finish,
        "logprobs": None,
        "message": {"role": "assistant", "content": content, "refusal": None, **message},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice, {**choice, "index": 1}],
        "usage": usage,
        "new_field": {"kept": [1]},
    }


def message(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part, {"type": "refusal", "refusal": "no"}] if more.pop("refused", False) else [part],
        **more,
    }


def call(name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"fc_{name}",
        "type": "function_call",
        "call_id": f"call_{name}",
        "name": name,
        "arguments": arguments,
        "status": "completed",
        **more,
    }


def response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **more,
    }


CHATS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "model": (chat(), {"response_format": Plain}),
    "nothing to parse": (chat(), {}),
    "format in JSON": (chat(), {"response_format": {"type": "json_object"}}),
    "refusal": (chat(None, refusal="I will not"), {"response_format": Plain}),
    "no content": (chat(None), {"response_format": Plain}),
    "descriptions, inlined references": (
        chat('{"point": {"x": 1}, "again": {"x": 2, "y": 3}, "bare": {"x": 4}}'),
        {"response_format": Described},
    ),
    "optionals, enums": (chat('{"color": "red", "point": null}'), {"response_format": Optionals}),
    "dataclass": (chat('{"name": "n", "address": {"street": "s"}}'), {"response_format": Person}),
    "tools": (chat(None, tool_calls=CALLS), {"tools": "chat"}),
    "custom tool call": (
        chat(None, tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "x", "input": "y"}}, *CALLS]),
        {"tools": "chat"},
    ),
    "does not fit": (chat('{"name": 3}'), {"response_format": Plain}),
    "no JSON": (chat("Sorry"), {"response_format": Plain}),
    "length": (chat('{"na', "length"), {"response_format": Plain}),
    "content filter": (chat('{"na', "content_filter"), {"response_format": Plain}),
    "tool that is not strict": (chat(), {"tools": [{"type": "function", "function": {"name": "loose"}}]}),
    "tool that is no function": (chat(), {"tools": [{"type": "custom", "custom": {"name": "c"}}]}),
}

RESPONSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "model": (response(message(PLAIN)), {"text_format": Plain}),
    "nothing to parse": (response(message(PLAIN)), {}),
    "with other text options": (
        response(message(PLAIN)),
        {"text_format": Plain, "text": {"verbosity": "low"}},
    ),
    "refusal beside text": (response(message(PLAIN, refused=True)), {"text_format": Plain}),
    "commentary": (
        response(message("thinking", phase="commentary"), message(PLAIN, phase="final_answer")),
        {"text_format": Plain},
    ),
    "tools": (
        response(call("Plain", PLAIN), call("strict", "[1]"), call("loose", "{}"), call("other", "{}")),
        {"tools": "responses"},
    ),
    "chat's model tool": (response(call("Plain", PLAIN)), {"tools": "chat model"}),
    "namespaces": (
        response(call("Plain", PLAIN, namespace="Plain"), call("strict", "[1]", namespace="elsewhere")),
        {"tools": "responses"},
    ),
    "other items": (
        response(
            {"id": "rs_1", "type": "reasoning", "summary": []},
            message(PLAIN),
        ),
        {"text_format": Plain},
    ),
    "parse_as": (response(message(PLAIN)), {"text_format": Optionals, "parse_as": Plain}),
    "parse_as None": (response(message("plain words")), {"text_format": Plain, "parse_as": None}),
    "updated to plain text": (
        response(message("words")),
        {
            "text_format": Plain,
            "input": [{"type": "configuration_update", "text": {"format": {"type": "text"}}}],
        },
    ),
    "updated to another format": (
        response(message(PLAIN)),
        {
            "text_format": Plain,
            "input": [{"type": "configuration_update", "text": {"format": {"type": "json_object"}}}],
        },
    ),
    "does not fit": (response(message("{}")), {"text_format": Plain}),
    "two formats": (response(), {"text_format": Plain, "text": {"format": {"type": "text"}}}),
}


def tools(package: Any, kind: object) -> Any:
    if kind == "chat":
        return [package.pydantic_function_tool(Plain), STRICT_CHAT]
    if kind == "chat model":
        return [package.pydantic_function_tool(Plain)]
    if kind == "responses":
        return [package.pydantic_responses_function_tool(Plain), STRICT, LOOSE]
    return kind


async def both(server: Server, method: str, given: dict[str, Any]) -> list[Any]:
    results: list[Any] = []
    for package in (openai, oxide):
        client = package.AsyncOpenAI(api_key="k", base_url=server.base_url, max_retries=0)
        resource: Any = client
        for part in method.split("."):
            resource = getattr(resource, part)
        arguments = {**given, **({"tools": tools(package, given["tools"])} if "tools" in given else {})}
        try:
            results.append(await resource(**arguments))
        except Exception as error:
            results.append(error)
        await client.close()
    return results


def compare(server: Server, official: Any, mine: Any) -> None:
    bodies = [json.dumps(json.loads(r.body), sort_keys=True) for r in server.journal]
    assert len(bodies) in (0, 2)
    assert bodies[:1] == bodies[1:]
    if bodies:
        helper = "x-stainless-helper-method"
        first, second = ({n.lower(): v for n, v in r.headers.items()} for r in server.journal)
        assert first.get(helper) == second.get(helper)
    # Without `[~ResponseFormatT]`: the official one is parametrised with a type variable.
    assert type(mine).__name__ == type(official).__name__.split("[")[0], mine
    if isinstance(official, Exception):
        if isinstance(official, pydantic.ValidationError):
            assert str(mine) == str(official)
        return
    assert mine.to_dict() == official.to_dict()
    assert mine.model_dump() == official.model_dump()


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_chat(oxide_server: Server, name: str) -> None:
    answer, given = CHATS[name]
    oxide_server.script("*", Answer.json(answer), times=None)
    official, mine = await both(
        oxide_server, "chat.completions.parse", {"model": "m", "messages": [], **given}
    )
    compare(oxide_server, official, mine)
    if isinstance(official, Exception):
        return
    for left, right in zip(mine.choices, official.choices, strict=True):
        assert left.message.parsed == right.message.parsed
        assert type(left.message.parsed) is type(right.message.parsed)
        for one, other in zip(left.message.tool_calls or (), right.message.tool_calls or (), strict=True):
            assert one.function.parsed_arguments == other.function.parsed_arguments
            assert type(one).__name__ == type(other).__name__.split("[")[0]


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_responses(oxide_server: Server, name: str) -> None:
    answer, given = RESPONSES[name]
    oxide_server.script("*", Answer.json(answer), times=None)
    official, mine = await both(oxide_server, "responses.parse", {"model": "m", "input": "i", **given})
    compare(oxide_server, official, mine)
    if isinstance(official, Exception):
        return
    assert mine.output_parsed == official.output_parsed
    assert mine.output_text == official.output_text
    for left, right in zip(mine.output, official.output, strict=True):
        assert getattr(left, "parsed_arguments", None) == getattr(right, "parsed_arguments", None)


@pytest.mark.parametrize("chats", [True, False])
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_raw_responses_parse_too(oxide_server: Server, chats: bool) -> None:
    method = "chat.completions.with_raw_response.parse" if chats else "responses.with_raw_response.parse"
    answer = chat() if chats else response(message(PLAIN))
    oxide_server.script("*", Answer.json(answer), times=None)
    given: dict[str, Any] = {"messages": [], "response_format": Plain}
    if not chats:
        given = {"input": "", "text_format": Plain}
    official, mine = await both(oxide_server, method, {"model": "m", **given})
    assert mine.parse().to_dict() == official.parse().to_dict()


async def test_a_discriminated_union_is_asked_for_in_a_form_the_api_takes(oxide_server: Server) -> None:
    text = '{"pet": {"kind": "dog"}, "others": []}'
    oxide_server.script("*", Answer.json(chat(text)), times=None)
    given = {"model": "m", "messages": [], "response_format": Discriminated}
    official, mine = await both(oxide_server, "chat.completions.parse", given)
    assert mine.choices[0].message.parsed == official.choices[0].message.parsed
    sent = json.loads(oxide_server.journal[1].body)["response_format"]["json_schema"]["schema"]
    assert "anyOf" in sent["properties"]["pet"]


@pytest.mark.parametrize("given", [Plain, Person, {"type": "json_object"}, "omit"])
def test_response_formats(given: Any) -> None:
    import openai.lib as theirs

    import oxide.lib as mine

    if given == "omit":
        assert theirs.type_to_response_format_param(openai.omit) is openai.omit
        assert mine.type_to_response_format_param(oxide.omit) is oxide.omit
        return
    assert mine.type_to_response_format_param(given) == theirs.type_to_response_format_param(given)
