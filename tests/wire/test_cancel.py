"""Cancellation at any await, and closing under way: nothing stays open, and each waiter is told why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from oxide.errors import APIConnectionError, OpenAIError
from oxide.testing import Answer, Server
from oxide.transport.mapping import explain
from oxide.transport.request import LaneError

# The leak checks of the test base look for tasks and sockets after each of these tests.


async def cancel_after(steps: int, job: Any) -> bool:
    """Cancel a job after so many turns of the loop. True when it had finished before."""
    task = asyncio.ensure_future(job)
    for _ in range(steps):
        if task.done():
            break
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return False
    return True


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_cancelled_after_every_step(wire: Any, oxide_server: Server, stream: bool) -> None:
    oxide_server.script("/c", Answer.json({"a": "x" * 200_000}, framing="chunked"), times=None)
    url = oxide_server.base_url + "/c"

    async def job() -> None:
        answer = await wire.send(url, "POST", b"y" * 200_000, stream=stream)
        if stream:
            await answer.read_all()
        assert answer.length > 200_000

    finished = 0
    for steps in range(400):
        wire.transport()  # a pool of its own: every run connects
        finished += await cancel_after(steps, job())
        await wire.transports.pop().close()
        if finished == 3:
            break
    assert finished == 3
    wire.transport()
    await job()


async def test_cancelled_calls_do_not_poison_the_pool(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.json({"a": 1}, framing="chunked"), times=None)
    url = oxide_server.base_url + "/c"
    wire.transport(limit=2)
    finished = 0
    for steps in range(300):
        finished += await cancel_after(steps, wire.send(url, "POST", b"{}"))
        answer = await wire.send(url, "POST", b"{}")
        assert answer.content() == b'{"a":1}'
        if finished == 3:
            break
    assert finished == 3
    results = await asyncio.wait_for(asyncio.gather(*(wire.send(url) for _ in range(8))), 5)
    assert len(results) == 8, "no slot of the pool was lost"


async def test_cancelled_while_waiting_for_a_slot(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.json({}, delay=0.1), times=None)
    url = oxide_server.base_url + "/c"
    wire.transport(limit=1)
    first = asyncio.ensure_future(wire.send(url))
    await asyncio.sleep(0.02)
    waiting = [asyncio.ensure_future(wire.send(url)) for _ in range(3)]
    await asyncio.sleep(0.02)
    waiting[0].cancel()
    waiting[2].cancel()
    results = await asyncio.gather(first, *waiting, return_exceptions=True)
    kinds = [type(r) is asyncio.CancelledError for r in results]
    assert kinds == [False, True, False, True]


async def test_cancelled_during_back_off(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.error(500, retry_after=30), times=None)
    task = asyncio.ensure_future(wire.send(oxide_server.base_url + "/c", max_retries=2))
    while not oxide_server.journal:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_server_sees_a_cancelled_call_go(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.hang(), times=None)
    task = asyncio.ensure_future(wire.send(oxide_server.base_url + "/c"))
    while not oxide_server.journal:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await oxide_server.journal.settle(1)
    assert oxide_server.journal[0].aborted


async def test_a_stream_read_that_is_cancelled(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/s", Answer.sse([{"n": 1}, {"n": 2}], gap=20), times=None)
    answer = await wire.send(oxide_server.base_url + "/s", stream=True)

    async def read() -> None:
        async for _ in answer.aiter_bytes():
            pass

    task = asyncio.ensure_future(read())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer.abort()
    await oxide_server.journal.settle(1)
    assert oxide_server.journal[0].aborted


async def test_closing_ends_what_runs(wire: Any, oxide_server: Server, sink: Any) -> None:
    oxide_server.script("/hang", Answer.hang(), times=None)
    oxide_server.script("/s", Answer.sse([{"n": 1}, {"n": 2}], gap=20), times=None)
    transport = wire.transport()
    bound = await wire.send(oxide_server.base_url + "/s", stream=True)
    bound.bind(sink)
    read = await wire.send(oxide_server.base_url + "/s", stream=True)

    async def drain() -> None:
        async for _ in read.aiter_bytes():
            pass

    reader = asyncio.ensure_future(drain())
    call = asyncio.ensure_future(wire.send(oxide_server.base_url + "/hang", max_retries=3))
    await asyncio.sleep(0.1)
    await transport.close()
    with pytest.raises(APIConnectionError, match="the client was closed"):
        await call
    with pytest.raises(LaneError) as info:
        await reader
    assert info.value.kind == "closed"
    assert "client was closed" in str(explain(info.value, read))
    await asyncio.wait_for(sink.ended.wait(), 1)
    assert isinstance(sink.error, LaneError)
    assert sink.error.kind == "closed"
    await oxide_server.journal.settle(3)
    assert len(oxide_server.journal) == 3, "no retry"
    assert transport.is_closed
    with pytest.raises(OpenAIError, match="this client is closed"):
        await wire.send(oxide_server.base_url + "/s")
    await transport.close()


async def test_closing_ends_those_who_wait_for_a_slot(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/hang", Answer.hang(), times=None)
    transport = wire.transport(limit=1)
    calls = [asyncio.ensure_future(wire.send(oxide_server.base_url + "/hang")) for _ in range(3)]
    await asyncio.sleep(0.1)
    await transport.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(r) for r in results] == [APIConnectionError] * 3
    assert all("closed" in str(r) for r in results)


async def test_closing_while_connecting_and_backing_off(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.error(500, retry_after=0.3), times=None)
    transport = wire.transport()
    call = asyncio.ensure_future(wire.send(oxide_server.base_url + "/c", max_retries=2))
    while not oxide_server.journal:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    await transport.close()
    with pytest.raises(OpenAIError, match="closed"):
        await asyncio.wait_for(call, 2)


async def test_a_deadline_and_a_cancellation_at_once(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/hang", Answer.hang(), times=None)
    task = asyncio.ensure_future(wire.send(oxide_server.base_url + "/hang", deadline=0.1))
    loop = asyncio.get_running_loop()
    loop.call_later(0.1, task.cancel)
    results = await asyncio.gather(task, return_exceptions=True)
    assert type(results[0]).__name__ in ("CancelledError", "APITimeoutError")
    if isinstance(results[0], APIConnectionError):
        assert not task.cancelled()
