"""The embedded server with the official client: people use it as a mock for anything."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest_asyncio

from oxide.testing import Answer, Server


@pytest_asyncio.fixture
async def official(oxide_server: Server) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        yield client


async def test_plain_chat(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    answer = await official.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer._request_id == oxide_server.journal.last.request_id


async def test_retry_after_a_429(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    oxide_server.script("/responses", Answer.error(429, retry_after=0.01), Answer.drop())
    answer = await official.responses.create(model="m", input="hi")
    assert answer.output_text
    assert [r.status for r in oxide_server.journal] == [429, None, 200]
    assert oxide_server.journal.connections == 2
