"""The whole client over each lane: what a user meets when the transport has something to say."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

import oxide
from oxide.testing import Answer, Server
from oxide.types.chat import ChatCompletionChunk

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


@pytest.mark.parametrize("way", ["close", "aclose", "async with"])
async def test_closing_a_stream(client: Any, oxide_server: Server, way: str) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, stall_after=200, stall=30), times=None)
    stream = await client.chat.completions.create(**ASK, stream=True)
    assert (await anext(stream)).choices[0].delta.content == "Hel"
    assert not stream.response.is_closed
    if way == "async with":
        async with stream:
            pass
    else:
        await getattr(stream, way)()
    assert stream.response.is_closed
    assert [event async for event in stream] == []
    await stream.close()
    await stream.aclose()
    while oxide_server.open_connections:  # noqa: ASYNC110 (nothing tells when the server notices)
        await asyncio.sleep(0.01)


async def test_text_where_a_stream_was_asked_for(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.text("upstream is down, try later"))
    stream = await client.chat.completions.create(**ASK, stream=True)
    with pytest.raises(oxide.APIResponseNotJSONError, match="upstream is down, try later") as info:
        await read(stream)
    assert info.value.response is not None
    assert info.value.response.status_code == 200
    oxide_server.script(
        "/chat/completions", Answer.sse(WHOLE, done=True, headers={"Content-Type": "text/plain"})
    )
    assert await read(await client.chat.completions.create(**ASK, stream=True)) == "Hello"


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


@pytest.mark.parametrize(
    ("setting", "data"),
    [
        ("max_event", b"data: " + b"x" * 4096),
        ("max_event", b"".join(b"data: " + b"x" * 64 + b"\n" for _ in range(64))),
        ("max_line", b": " + b"x" * 4096),
    ],
)
@pytest.mark.parametrize("own_session", [False, True])
async def test_caps_are_settings_of_the_client(
    lane: str, raw_server: Any, setting: str, data: bytes, own_session: bool
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    first = b"data: " + json.dumps(chunk("Hel")).encode() + b"\n\n"
    server = await raw_server(head + first + data + b"\n\ndata: [DONE]\n\n")
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession()) if own_session else None
        client = await stack.enter_async_context(
            oxide.AsyncOpenAI(api_key="k", base_url=server.url, http_client=session, **{setting: 2048})
        )
        for capped in (client, client.with_options(timeout=5)):
            with pytest.raises(oxide.APIResponseValidationError, match=f"limit is 2,048.*{setting}=") as info:
                await read(await capped.chat.completions.create(**ASK, stream=True))
            assert info.value.partial.text == "Hel"
        raw = await client.chat.completions.with_raw_response.create(**ASK, stream=True)
        with pytest.raises(oxide.APIResponseValidationError, match=setting):
            await read(raw.parse())
        with pytest.raises(oxide.APIResponseValidationError, match=setting):
            await read(
                await client.post(
                    "/chat/completions",
                    body=ASK,
                    cast_to=object,
                    stream=True,
                    stream_cls=oxide.AsyncStream[ChatCompletionChunk],
                )
            )


async def test_the_first_event_has_a_limit(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, first_byte=30), times=None)
    limits = oxide.Timeout(first_event=0.2)
    with pytest.raises(oxide.APITimeoutError) as info:
        await read(await client.chat.completions.create(**ASK, stream=True, timeout=limits))
    assert info.value.limit == "first_event"


async def test_what_arrived_can_be_read_after_pickling(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE[:2], done=False), times=None)
    with pytest.raises(oxide.APIStreamTruncatedError, match="after 2 events") as info:
        await read(await client.chat.completions.create(**ASK, stream=True))
    copy = pickle.loads(pickle.dumps(info.value)).partial
    assert (copy.text, copy.count) == (info.value.partial.text, 2) == ("Hello", 2)


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


async def test_a_stream_ended_through_its_response(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, stall_after=300, stall=30), times=None)
    create = client.chat.completions.create
    for number, way in enumerate(("close", "aclose", "aclose while it waits"), 1):
        stream = await create(**ASK, stream=True)
        response = stream.response
        assert response.raise_for_status() is response
        assert not response.is_closed
        if way == "aclose while it waits":
            reader = asyncio.ensure_future(read(stream))
            await asyncio.sleep(0.1)
            await response.aclose()
            assert await asyncio.wait_for(reader, 2) == "Hello"
        else:
            async for _ in stream:
                break
            await response.aclose() if way == "aclose" else response.close()
            assert [event async for event in stream] == []
        assert response.is_closed
        await oxide_server.journal.settle(number)
        assert oxide_server.journal[-1].aborted
        await response.aclose()
    for kind in ("with_raw_response", "with_streaming_response"):
        for parsed in (False, True):
            pending = getattr(client.chat.completions, kind).create(**ASK, stream=True)
            answer = await (pending if kind == "with_raw_response" else pending.__aenter__())
            stream = answer.parse() if parsed else None
            if asyncio.iscoroutine(stream):
                stream = await stream
            response = answer.http_response
            assert (response.is_closed, answer.is_closed) == (False, False)
            await response.aclose()
            assert (response.is_closed, answer.is_closed) == (True, True)
            if stream is not None:
                assert [event async for event in stream] == []
            number += 1
            await oxide_server.journal.settle(number)
            assert oxide_server.journal[-1].aborted


async def test_the_response_of_a_stream_that_was_read(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.sse(WHOLE, done=True), times=None)
    for _ in range(2):
        stream = await client.chat.completions.create(**ASK, stream=True)
        response = stream.response
        assert await read(stream) == "Hello"
        assert response.is_closed
        await response.aclose()
        assert pickle.loads(pickle.dumps(response)).is_closed
    assert oxide_server.journal.connections == 1, "closing what was read keeps the connection"


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


async def test_a_stream_without_a_body_is_truncated(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/chat/completions", Answer.raw(b"HTTP/1.1 204 No Content\r\n\r\n"))
    with pytest.raises(oxide.APIStreamTruncatedError, match="no event"):
        await read(await client.chat.completions.create(**ASK, stream=True))


async def test_raw_and_unread_answers_of_a_method_that_returns_nothing(
    client: Any, oxide_server: Server
) -> None:
    oxide_server.script("/responses/resp_1", {"deleted": True}, times=None)
    assert await client.responses.delete("resp_1") is None
    raw = await client.responses.with_raw_response.delete("resp_1")
    assert raw.status_code == 200
    assert raw.parse() is None
    async with client.responses.with_streaming_response.delete("resp_1") as unread:
        assert unread.status_code == 200
        assert await unread.json() == {"deleted": True}


async def test_a_mismatch_names_the_request(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/responses", {"id": 5, "object": "response"})
    eager = client.with_options(validation="eager")
    with pytest.raises(oxide.APIResponseValidationError) as caught:
        await eager.responses.create(model="m", input="i")
    assert caught.value.request.url == caught.value.response.request.url
    assert caught.value.path == "id"
