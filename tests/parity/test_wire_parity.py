"""The same calls through the official SDK and through oxide: what a server sees, what a program gets."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

# Where the two differ on purpose.
OWN_HEADERS = {
    "user-agent": "each names itself",
    "x-stainless-package-version": "each names its own version",
    "accept-encoding": "what each can decode",
    "connection": "httpx names what HTTP/1.1 has by default",
    "cache-control": "streams ask not to be cached",
    "accept": "streams ask for events",
}

MESSAGES: list[Any] = [
    {"role": "system", "content": "é"},
    {"role": "user", "content": [{"type": "text", "text": "hi"}]},
]
TOOL: Any = {
    "type": "function",
    "name": "f",
    "parameters": {"type": "object", "properties": {"b": {}, "a": {}}},
}
EXTRAS: Any = {
    "extra_headers": {"X-Own": "1", "X-Stainless-Lang": "mine"},
    "extra_query": {"a": ["x", "y z"], "b": {"c": True, "d": None}},
    "timeout": 7.5,
}

Call = Callable[[Any], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "responses": lambda c: c.responses.create(model="m", input="hi"),
    "responses, more": lambda c: c.responses.create(
        input=[{"role": "user", "content": "hi"}], model="m", tools=[TOOL], temperature=0.3, store=False,
        metadata={"k": "v"}, reasoning={"effort": "low"}, extra_body={"own": [1]}, **EXTRAS,
    ),
    "responses, iterables": lambda c: c.responses.create(model="m", input="hi", tools=(t for t in [TOOL])),
    "responses.retrieve": lambda c: c.responses.retrieve(
        "resp_1/x", include=["message.output_text.logprobs", "reasoning.encrypted_content"]
    ),
    "responses.cancel": lambda c: c.responses.cancel("resp_1"),
    "responses.delete": lambda c: c.responses.delete("resp_1"),
    "responses.compact": lambda c: c.responses.compact(model="m", input="hi"),
    "responses.input_tokens": lambda c: c.responses.input_tokens.count(model="m", input="hi"),
    "responses.input_items": lambda c: c.responses.input_items.list("resp_1", limit=3, order="asc", **EXTRAS),
    "chat": lambda c: c.chat.completions.create(model="m", messages=MESSAGES),
    "chat, more": lambda c: c.chat.completions.create(
        messages=MESSAGES, model="m", stop=["a", "b"], n=2, logit_bias={"1": -100}, user="u", top_p=None,
        response_format={"type": "json_object"}, seed=7, **EXTRAS,
    ),
    "chat.retrieve": lambda c: c.chat.completions.retrieve("chatcmpl_1"),
    "chat.update": lambda c: c.chat.completions.update("chatcmpl_1", metadata={"a": "b"}),
    "chat.list": lambda c: c.chat.completions.list(limit=2, metadata={"a": "b"}),
    "chat.delete": lambda c: c.chat.completions.delete("chatcmpl_1"),
    "chat.messages": lambda c: c.chat.completions.messages.list("chatcmpl_1", order="desc"),
    "models": lambda c: c.models.list(),
    "models.retrieve": lambda c: c.models.retrieve("ft:gpt-4o:o::1"),
    "models.delete": lambda c: c.models.delete("m 1"),
    "any path": lambda c: c.post("/own/path", body={"a": 1}, cast_to=object),
}  # fmt: skip

ITEM = {"id": "x_1", "object": "thing", "model": "m", "created": 1, "own": {"deep": [1, None]}, "data": []}
ANSWERS: dict[str, Any] = {
    "minimal": {"id": "x_1"},
    "unknown fields": {**ITEM, "output": [], "choices": []},
    "nulls": {**ITEM, "metadata": None, "error": None, "service_tier": None},
    "unknown tags": {
        **ITEM,
        "output": [{"type": "brand_new", "x": 1}],
        "tools": [{"type": "other"}],
        "status": "new_status",
    },
    "a list": {"object": "list", "data": [ITEM, {**ITEM, "type": "brand_new"}], "has_more": False, "own": 1},
}


async def both(server: Server, call: Call, answer: Any) -> list[Any]:
    results: list[Any] = []
    for module in (openai, oxide):
        server.script("*", Answer.json(answer))
        options: dict[str, Any] = {"organization": "o", "project": "p", "default_headers": {"X-Default": "d"}}
        async with module.AsyncOpenAI(api_key="k", base_url=server.base_url, **options) as client:
            results.append(await call(client))
    return results


@pytest.mark.parametrize("name", list(CALLS))
async def test_a_server_sees_the_same(oxide_server: Server, name: str) -> None:
    await both(oxide_server, CALLS[name], {"object": "list", "data": []})
    official, mine = oxide_server.journal
    assert (mine.method, mine.target) == (official.method, official.target)
    assert (json.loads(mine.body) if mine.body else None) == (
        json.loads(official.body) if official.body else None
    )
    if mine.body:
        assert list(json.loads(mine.body)) == list(json.loads(official.body)), "order of the members"
    own = set(OWN_HEADERS)
    theirs = {n.lower(): v for n, v in official.headers.items() if n.lower() not in own}
    ours = {n.lower(): v for n, v in mine.headers.items() if n.lower() not in own}
    for headers in (theirs, ours):
        # Lengths are those of the bodies, whose spelling may differ.
        headers.pop("content-length", None)
    assert ours == theirs


@pytest.mark.parametrize("answer", list(ANSWERS))
@pytest.mark.parametrize("name", [n for n in CALLS if n not in ("responses.delete", "any path")])
async def test_a_program_gets_the_same(oxide_server: Server, name: str, answer: str) -> None:
    official, mine = await both(oxide_server, CALLS[name], ANSWERS[answer])
    # Both warn where a tag is unknown.
    quiet: Any = {"mode": "json", "warnings": False}
    assert mine.to_dict(**quiet) == official.to_dict(**quiet)
    dump: Any = {**quiet, "exclude_unset": True, "by_alias": True}
    assert mine.model_dump(**dump) == official.model_dump(**dump)
    assert type(mine).__name__ == type(official).__name__
    assert (mine._request_id is None) == (official._request_id is None)
