"""The whole client over each lane: what a user meets when the transport has something to say."""

from __future__ import annotations

import asyncio
import gc
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide.testing import Answer, Server

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


WHOLE = [chunk("Hel"), chunk("lo"), chunk(None, "stop")]


@pytest_asyncio.fixture
async def client(lane: str, oxide_server: Server) -> AsyncIterator[oxide.AsyncOpenAI]:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        yield client


async def read(stream: Any) -> str:
    text = ""
    async for event in stream:
        text += event.choices[0].delta.content or ""
    return text


async def test_ten_streams_on_one_connection(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, done=True), times=None)
    for _ in range(10):
        assert await read(await client.chat.completions.create(**ASK, stream=True)) == "Hello"
    assert oxide_server.journal.connections == 1


async def test_a_stream_after_retries(client: Any, oxide_server: Server) -> None:
    oxide_server.script(
        "/chat/completions",
        Answer.error(429, retry_after=0.01),
        Answer.error(500, retry_after=0.01),
        Answer.sse(WHOLE, done=True),
    )
    assert await read(await client.chat.completions.create(**ASK, stream=True)) == "Hello"
    assert [e.headers["x-stainless-retry-count"] for e in oxide_server.journal] == ["0", "1", "2"]


async def test_closing_the_client_ends_its_streams(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, stall_after=300, stall=30), times=None)
    stream = await client.chat.completions.create(**ASK, stream=True)
    reader = asyncio.ensure_future(read(stream))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises(oxide.APIConnectionError, match="closed") as info:
        await asyncio.wait_for(reader, 2)
    assert info.value.partial is not None
    pickle.loads(pickle.dumps(info.value))


async def test_a_connection_that_breaks_inside_a_stream(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, disconnect_after=300, reset=True), times=None)
    with pytest.raises(oxide.APIConnectionError) as info:
        await read(await client.chat.completions.create(**ASK, stream=True))
    assert info.value.partial is not None
    assert info.value.request.method == "POST"
    assert len(oxide_server.journal) == 1, "what was handed out is never asked for again"


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"timeout": oxide.Timeout(read=0.2)}, "read"),
        ({"timeout": oxide.Timeout(stream_idle=0.2)}, "stream_idle"),
    ],
)
async def test_limits_inside_a_stream(
    client: Any, oxide_server: Server, limits: dict[str, Any], named: str
) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, stall_after=300, stall=30), times=None)
    with pytest.raises(oxide.APITimeoutError) as info:
        await read(await client.chat.completions.create(**ASK, stream=True, **limits))
    assert info.value.limit == named
    assert info.value.seconds == 0.2
    assert info.value.partial is not None


async def test_the_first_event_has_a_limit(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, first_byte=30), times=None)
    limits = oxide.Timeout(first_event=0.2)
    with pytest.raises(oxide.APITimeoutError) as info:
        await read(await client.chat.completions.create(**ASK, stream=True, timeout=limits))
    assert info.value.limit == "first_event"


async def test_a_deadline_covers_the_stream(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, gap=0.2, done=True), times=None)
    with pytest.raises(oxide.APITimeoutError) as info:
        await read(await client.with_options(deadline=0.3).chat.completions.create(**ASK, stream=True))
    assert info.value.limit == "deadline"


async def test_a_stream_that_is_forgotten(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, stall_after=300, stall=30), times=None)
    stream = await client.chat.completions.create(**ASK, stream=True)
    async for _ in stream:
        break
    tasks = asyncio.all_tasks()
    del stream, _
    gc.collect()
    assert asyncio.all_tasks() <= tasks
    await oxide_server.journal.settle(1)
    assert oxide_server.journal[0].aborted


async def test_streams_cancelled_after_every_step(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, done=True), times=None)

    async def job() -> str:
        async with await client.chat.completions.create(**ASK, stream=True) as stream:
            return await read(stream)

    finished = 0
    for steps in range(300):
        task = asyncio.ensure_future(job())
        for _ in range(steps):
            if task.done():
                break
            await asyncio.sleep(0)
        task.cancel()
        finished += not isinstance((await asyncio.gather(task, return_exceptions=True))[0], BaseException)
        if finished == 3:
            break
    assert finished == 3
    assert await job() == "Hello"


async def test_one_client_in_two_loops(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, done=True), times=None)

    async def job() -> str:
        return await read(await client.chat.completions.create(**ASK, stream=True))

    assert await job() == "Hello"
    assert await asyncio.to_thread(lambda: asyncio.run(job())) == "Hello"
    assert await job() == "Hello"
    assert oxide_server.journal.connections == 2
