"""Every limit runs out on its own, says which it was, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from oxide.errors import APIConnectionError, APIResponseValidationError, APITimeoutError, RateLimitError
from oxide.testing import Answer, Server
from oxide.timeouts import Timeout
from oxide.transport.mapping import explain
from oxide.transport.request import LaneError


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose backlog is full: connecting to it hangs."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    yield listener.getsockname()[1]
    for sock in [*waiting, listener]:
        sock.close()


def check(error: APITimeoutError, limit: str, seconds: float, at_least: float | None = None) -> None:
    assert error.limit == limit
    assert error.seconds == seconds
    assert error.elapsed is not None
    assert (seconds if at_least is None else at_least) - 0.02 <= error.elapsed < seconds + 3
    assert limit in str(error)
    assert f"{seconds:g} s" in str(error)


async def test_connect(wire: Any, deaf_port: int) -> None:
    with pytest.raises(APITimeoutError) as info:
        await wire.send(f"http://127.0.0.1:{deaf_port}/", timeout=Timeout(connect=0.2))
    check(info.value, "connect", 0.2)


async def test_read_before_the_answer(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.hang())
    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", timeout=Timeout(read=0.2))
    check(info.value, "read", 0.2)


async def test_read_inside_the_body(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.text(b"x" * 1000, stall_after=500, stall=30), times=None)
    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", timeout=Timeout(read=0.2))
    check(info.value, "read", 0.2)
    answer = await wire.send(oxide_server.base_url + "/t", timeout=Timeout(read=0.2), stream=True)
    with pytest.raises(LaneError) as broken:
        async for _ in answer.aiter_bytes():
            pass
    assert (broken.value.kind, broken.value.limit) == ("timeout", "read")
    error = explain(broken.value, answer)
    assert isinstance(error, APITimeoutError)
    check(error, "read", 0.2)


async def test_read_is_counted_anew_with_each_byte(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.text(b"x" * 8, splits=range(1, 8), gap=0.1))
    answer = await wire.send(oxide_server.base_url + "/t", timeout=Timeout(read=0.3))
    assert answer.length == 8


async def test_write(wire: Any, raw_server: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(20)

    server = await raw_server(handler)
    with pytest.raises(APITimeoutError) as info:
        await wire.send(server.url, "POST", bytes(20_000_000), timeout=Timeout(write=0.3))
    check(info.value, "write", 0.3)


async def test_a_slow_upload_is_not_charged_to_read(wire: Any, raw_server: Any, read_request: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        left = 12_000_000
        while left:
            left -= len(await reader.read(min(left, 1_500_000)))
            await asyncio.sleep(0.002)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    server = await raw_server(handler, limit=64 * 1024)
    answer = await wire.send(server.url, "POST", bytes(12_000_000), timeout=Timeout(read=0.2))
    assert answer.content() == b"ok"


async def test_pool(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.json({}, delay=0.6), times=None)
    wire.transport(limit=1)
    url = oxide_server.base_url + "/t"
    first = asyncio.ensure_future(wire.send(url))
    await asyncio.sleep(0.05)
    with pytest.raises(APITimeoutError) as info:
        await wire.send(url, timeout=Timeout(pool=0.2))
    check(info.value, "pool", 0.2)
    assert (await first).status == 200


async def test_the_wait_for_a_connection_is_charged_to_nothing_else(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.json({}, delay=0.25), times=None)
    wire.transport(limit=1)
    limits = Timeout(connect=0.2, read=0.4, write=0.2, pool=10)
    answers = await asyncio.gather(
        *(wire.send(oxide_server.base_url + "/t", timeout=limits) for _ in range(4))
    )
    assert [a.status for a in answers] == [200] * 4


async def test_deadline_before_the_answer(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.hang(), times=None)
    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", deadline=0.2, max_retries=5)
    check(info.value, "deadline", 0.2)
    assert len(oxide_server.journal) == 1, "a deadline is not tried again"


async def test_deadline_covers_connecting(wire: Any, deaf_port: int) -> None:
    with pytest.raises(APITimeoutError) as info:
        await wire.send(f"http://127.0.0.1:{deaf_port}/", deadline=0.2)
    check(info.value, "deadline", 0.2)


async def test_deadline_covers_all_attempts(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.error(500, retry_after=0.01, delay=0.15), times=None)
    began = time.monotonic()
    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", deadline=0.5, max_retries=50)
    assert info.value.limit == "deadline"
    assert time.monotonic() - began < 0.9
    assert 2 <= len(oxide_server.journal) <= 4


async def test_no_sleep_past_the_deadline(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.error(429, retry_after=60), times=None)
    began = time.monotonic()
    with pytest.raises(APITimeoutError, match="would begin after the call's deadline of 5 s") as info:
        await wire.send(oxide_server.base_url + "/t", deadline=5, max_retries=2)
    assert time.monotonic() - began < 1
    assert info.value.limit == "deadline"
    assert isinstance(info.value.__cause__, RateLimitError)


async def test_deadline_covers_the_credentials(wire: Any, oxide_server: Server) -> None:
    async def auth() -> str:
        await asyncio.sleep(30)
        return "Bearer late"

    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", deadline=0.2, auth=auth)
    assert info.value.limit == "deadline"


async def test_a_deadline_that_holds_costs_nothing(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", {"a": 1}, times=None)
    for _ in range(3):
        answer = await wire.send(oxide_server.base_url + "/t", deadline=10)
        assert answer.attempt.deadline_at == pytest.approx(asyncio.get_running_loop().time() + 10, abs=1)


async def test_timeouts_are_tried_again(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.hang(), {"a": 1})
    answer = await wire.send(oxide_server.base_url + "/t", timeout=Timeout(read=0.1), max_retries=1)
    assert (answer.retries_taken, answer.content()) == (1, b'{"a":1}')


async def test_the_applications_own_timeout_wins(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.hang(), times=None)
    for deadline in (None, 10):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wire.send(oxide_server.base_url + "/t", deadline=deadline), 0.1)


async def test_no_limits(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/t", Answer.json({"a": 1}, delay=0.1))
    assert (await wire.send(oxide_server.base_url + "/t", timeout=None)).status == 200


async def test_the_official_sdks_timeout_object(wire: Any, oxide_server: Server) -> None:
    openai = pytest.importorskip("openai")
    oxide_server.script("/t", Answer.hang())
    with pytest.raises(APITimeoutError) as info:
        await wire.send(oxide_server.base_url + "/t", timeout=openai.Timeout(30, read=0.2))
    check(info.value, "read", 0.2)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_body_above_the_limit(wire: Any, oxide_server: Server, framing: Any) -> None:
    oxide_server.script("/t", Answer.text(b"x" * 200_000, framing=framing), times=None)
    wire.transport(max_body=100_000)
    with pytest.raises(APIResponseValidationError, match="too large"):
        await wire.send(oxide_server.base_url + "/t", max_retries=3)
    assert len(oxide_server.journal) == 1
    answer = await wire.send(oxide_server.base_url + "/t", stream=True)
    assert sum([len(piece) async for piece in answer.aiter_bytes()]) == 200_000


@pytest.mark.parametrize("shape", ["line", "status"])
async def test_a_head_above_the_limit(wire: Any, raw_server: Any, shape: str) -> None:
    flood = b"x" * 90_000
    head = b"HTTP/1.1 200 OK\r\nX: " + flood if shape == "line" else b"HTTP/1.1 200 " + flood
    server = await raw_server(head + b"\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(APIConnectionError, match="not valid HTTP"):
        await wire.send(server.url)
