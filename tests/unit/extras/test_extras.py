"""Extras of other servers: what reaches the wire is what was asked for, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxide import AsyncOpenAI
from oxide.extras import anthropic, cloudflare, openrouter
from oxide.testing import Server
from oxide.types.chat import ChatCompletionSystemMessageParam


async def test_openrouter(oxide_server: Server) -> None:
    provider: openrouter.ProviderPreferences = {
        "order": ["deepinfra", "together"],
        "allow_fallbacks": False,
        "sort": {"by": "throughput", "partition": "none"},
        "max_price": {"prompt": 1, "completion": 2.5},
        "preferred_max_latency": {"p90": 3},
        "quantizations": ["fp8", "bf16"],
        "zdr": True,
    }
    extra = openrouter.extra_body(
        provider=provider,
        models=("a/b", "c/d"),
        session_id="agent-7",
        trace={"trace_name": "night", "team": "red"},
        cache_control=anthropic.cache_control("1h"),
    )
    attribution = openrouter.headers(referer="https://shop.example", title="Shop", categories=["cli", "x"])
    async with AsyncOpenAI(
        api_key="k", base_url=oxide_server.base_url, default_headers=attribution
    ) as client:
        await client.chat.completions.create(
            model="a/b", messages=[{"role": "user", "content": "hi"}], extra_body=extra
        )
    sent = oxide_server.journal[0]
    assert sent.json()["provider"] == provider
    assert sent.json()["models"] == ["a/b", "c/d"]
    assert sent.json()["session_id"] == "agent-7"
    assert sent.json()["trace"] == {"trace_name": "night", "team": "red"}
    assert sent.json()["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert sent.json()["model"] == "a/b"
    assert sent.headers["http-referer"] == "https://shop.example"
    assert sent.headers["x-openrouter-title"] == "Shop"
    assert sent.headers["x-openrouter-categories"] == "cli,x"
    assert openrouter.BASE_URL == "https://openrouter.ai/api/v1"


def test_nothing_that_was_not_given() -> None:
    assert openrouter.extra_body() == openrouter.headers() == cloudflare.gateway_headers() == {}
    assert openrouter.extra_body(session_id="s") == {"session_id": "s"}


def test_the_address_of_a_gateway() -> None:
    root = "https://gateway.ai.cloudflare.com/v1"
    assert cloudflare.gateway_url("acc", "prod") == f"{root}/acc/prod/openai"
    assert cloudflare.gateway_url("acc", "prod", "compat") == f"{root}/acc/prod/compat"
    azure = cloudflare.gateway_url("acc", "a/b", "azure-openai/res/gpt-4o")
    assert azure == f"{root}/acc/a%2Fb/azure-openai/res/gpt-4o"
    client = AsyncOpenAI(api_key="k", base_url=cloudflare.gateway_url("acc", "prod"))
    assert str(client.base_url) == f"{root}/acc/prod/openai/"
    for wrong in (("", "prod"), ("acc", ""), ("acc", ".."), ("acc", "prod", ""), ("acc", "prod", "x//y")):
        with pytest.raises(ValueError, match="Expected"):
            cloudflare.gateway_url(*wrong)


async def test_the_headers_of_a_gateway(oxide_server: Server) -> None:
    headers = cloudflare.gateway_headers(
        token="secret-token",
        cache_ttl=3600,
        cache_key="answer-1",
        skip_cache=False,
        collect_log=True,
        metadata={"user": "Zoë", "paid": True, "n": 3},
        custom_cost={"per_token_in": 0.000001},
        request_timeout=2.5,
        max_attempts=3,
        retry_delay=0.25,
        backoff="exponential",
    )
    async with AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        await client.models.list(extra_headers=headers)
    sent = oxide_server.journal[0].headers
    assert json.loads(sent.get("cf-aig-metadata", "")) == {"user": "Zoë", "paid": True, "n": 3}
    assert json.loads(sent.get("cf-aig-custom-cost", "")) == {"per_token_in": 1e-06}
    assert {name: sent[name] for name in headers if "metadata" not in name and "cost" not in name} == {
        "cf-aig-authorization": "Bearer secret-token",
        "cf-aig-cache-ttl": "3600",
        "cf-aig-cache-key": "answer-1",
        "cf-aig-skip-cache": "false",
        "cf-aig-collect-log": "true",
        "cf-aig-request-timeout": "2500",
        "cf-aig-max-attempts": "3",
        "cf-aig-retry-delay": "250",
        "cf-aig-backoff": "exponential",
    }


def test_cache_control_on_parts_and_messages() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    system: ChatCompletionSystemMessageParam = {"role": "system", "content": "long"}
    assert anthropic.cached_message(system) == {
        "role": "system",
        "content": [{"type": "text", "text": "long", **mark}],
    }
    assert system == {"role": "system", "content": "long"}
    parts: Any = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}]
    found = anthropic.cached_message({"role": "user", "content": parts}, ttl="1h")
    assert found["content"][0] == parts[0]
    assert found["content"][1] == {**parts[1], "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert "cache_control" not in parts[1]
    assert anthropic.cached({"type": "function", "function": {"name": "f"}}) == {
        "type": "function",
        "function": {"name": "f"},
        **mark,
    }
    nothing: list[Any] = [
        {"role": "assistant"},
        {"role": "user", "content": ""},
        {"role": "u", "content": []},
    ]
    for empty in nothing:
        with pytest.raises(ValueError, match="no content"):
            anthropic.cached_message(empty)
    with pytest.raises(ValueError, match="'5m' or '1h'"):
        anthropic.cache_control("2h")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
