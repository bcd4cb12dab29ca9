"""Bodies that are read while they are sent: whole, bounded in memory, sent again, refused, given up."""

from __future__ import annotations

import asyncio
import io
import os
import time
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide._files import content_of
from oxide.testing import Answer, Server
from oxide.transport.request import LaneError

MB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Again:
    """An iterable that can be iterated any number of times."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


# -- what arrives ------------------------------------------------------------------------------------------


async def test_length_where_known_else_chunks(
    make: Any, zeros: Any, counting: Any, raw_server: Any, tmp_path: Path
) -> None:
    seen = counting()
    server = await raw_server(seen)
    client = make(server.url)
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(300_001))
    with path.open("rb") as file:
        file.seek(1)
        await client.post("/x", content=file, cast_to=object)
    await client.post("/x", content=zeros(7).once(), cast_to=object)
    await client.post("/x", content=Again(b"", b"ab", bytearray(600_000)), cast_to=object)
    await client.post("/x", files={"file": path}, cast_to=object)
    assert seen.sizes[:3] == [300_000, 7 * 64 * 1024, 600_002]
    assert b"Content-Length: 300000\r\n" in seen.heads[0]
    assert b"Transfer-Encoding: chunked\r\n" in seen.heads[1]
    assert b"Content-Length" not in seen.heads[1]
    assert b"Content-Length: %d\r\n" % seen.sizes[3] in seen.heads[3]
    assert server.connections == (1 if os.environ["OXIDE_LANE"] == "session" else 2)


async def test_the_content_is_the_files(make: Any, oxide_server: Server, tmp_path: Path) -> None:
    data = os.urandom(700_000)
    (tmp_path / "ä.png").write_bytes(data)
    oxide_server.script("/x", Answer.json({}), times=None)
    client = make(oxide_server.base_url)
    read, write = os.pipe()
    os.write(write, b"from a pipe")
    os.close(write)
    with os.fdopen(read, "rb") as pipe, (tmp_path / "ä.png").open("rb") as file:
        given = [tmp_path / "ä.png", file, io.BytesIO(data), pipe, Again(data[:5], data[5:])]
        for value in given:
            await client.post("/x", files={"f": value}, cast_to=object)
    for record, value in zip(oxide_server.journal, given, strict=True):
        wanted = b"from a pipe" if value is pipe else data
        assert b"\r\n\r\n" + wanted + b"\r\n--" in record.body
        known = not isinstance(value, Again) and value is not pipe
        assert ("Content-Length" in record.headers) is known


class AsyncFile:
    """As aiofiles and anyio give them."""

    def __init__(self, data: bytes) -> None:
        self.inner = io.BytesIO(data)
        self.name = "/some/where/a.txt"

    async def read(self, size: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self.inner.read(size)

    async def seek(self, where: int) -> int:
        return self.inner.seek(where)


async def test_asynchronous_file_objects(make: Any, oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.error(503), Answer.json({}), times=1)
    client = make(oxide_server.base_url, max_retries=1, retry_policy=None)
    await client.post("/x", files={"f": AsyncFile(b"0123456789" * 50_000)}, cast_to=object)
    assert len(oxide_server.journal) == 2
    for record in oxide_server.journal:
        assert b'filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n0123456789' in record.body
        assert record.body.count(b"0123456789") == 50_000


async def test_the_connection_is_kept(make: Any, counting: Any, raw_server: Any, tmp_path: Path) -> None:
    server = await raw_server(counting())
    client = make(server.url)
    (tmp_path / "a").write_bytes(bytes(3 * MB))
    for _ in range(4):
        await client.post("/x", files={"file": tmp_path / "a"}, cast_to=object)
    assert server.connections == 1


# -- memory and back-pressure ------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", [0.0, 0.2])
async def test_a_large_file_in_constant_memory(
    make: Any, counting: Any, raw_server: Any, tmp_path: Path, pause: float
) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(256 * MB)
    seen = counting(pause)
    server = await raw_server(seen)
    client = make(server.url)
    await client.post("/x", files={"warm": b"up"}, cast_to=object)
    tracemalloc.start(1)
    try:
        await client.post("/x", files={"file": path}, cast_to=object)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen.sizes[1] > 256 * MB
    assert peak < 4 * MB


async def test_a_server_that_reads_slowly_slows_the_reading(
    make: Any, zeros: Any, counting: Any, raw_server: Any
) -> None:
    go = asyncio.Event()
    seen = counting(gate=go)
    server = await raw_server(seen, limit=1024)
    source = zeros(1000)
    task = asyncio.create_task(make(server.url).post("/x", content=source.once(), cast_to=object))
    stopped = -1
    while source.made != stopped or not stopped:
        stopped = source.made
        await asyncio.sleep(0.2)
    # What the kernel holds for a loopback connection, and not the 64 MB there are.
    assert 0 < stopped < 500
    go.set()
    await task
    assert seen.sizes == [1000 * 64 * 1024]
    assert source.closed


async def test_the_loop_is_free_while_a_disk_is_slow(make: Any, counting: Any, raw_server: Any) -> None:
    class SlowFile:
        name = "slow"

        def __init__(self) -> None:
            self.left = 4

        def read(self, size: int) -> bytes:
            time.sleep(0.1)
            self.left -= 1
            return bytes(10) if self.left >= 0 else b""

    server = await raw_server(counting())
    task = asyncio.create_task(make(server.url).post("/x", content=SlowFile(), cast_to=object))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await task
    assert ticks > 20


# -- sent again --------------------------------------------------------------------------------------------


async def test_a_retry_reads_the_file_again(make: Any, oxide_server: Server, tmp_path: Path) -> None:
    data = os.urandom(400_000)
    path = tmp_path / "a.bin"
    path.write_bytes(data)
    client = make(oxide_server.base_url, max_retries=2)
    with path.open("rb") as file:
        file.seek(100)
        for sent, wanted in (
            ({"files": {"file": path}}, data),
            ({"content": file}, data[100:]),
            ({"content": Again(data)}, data),
        ):
            first = len(oxide_server.journal)
            oxide_server.script(
                "/x", Answer.error(503, retry_after=0.01), Answer.error(429, retry_after=0.01)
            )
            oxide_server.script("/x", Answer.json({}))
            await client.post("/x", cast_to=object, **sent)
            tries = oxide_server.journal[first:]
            assert [record.status for record in tries] == [503, 429, 200]
            assert all(wanted in record.body for record in tries)
            assert len({record.body for record in tries}) == 1


async def test_what_cannot_be_read_again_is_not_sent_again(
    make: Any, zeros: Any, oxide_server: Server
) -> None:
    oxide_server.script("/x", Answer.error(503, message="busy"), times=None)
    client = make(oxide_server.base_url, max_retries=2)
    with pytest.raises(oxide.InternalServerError) as caught:
        await client.post("/x", content=zeros(3).once(), cast_to=object)
    assert "busy" in str(caught.value)
    assert "cannot be read a second time: pass bytes, a path or a seekable file" in str(caught.value)
    assert len(oxide_server.journal) == 1

    read, write = os.pipe()
    os.write(write, b"once")
    os.close(write)
    with (
        os.fdopen(read, "rb", buffering=0) as pipe,
        pytest.raises(oxide.InternalServerError, match="not tried again"),
    ):
        await client.post("/x", files={"f": pipe}, cast_to=object)
    assert len(oxide_server.journal) == 2


@pytest.mark.parametrize("status", [307, 308])
async def test_redirects_read_it_again(
    make: Any, zeros: Any, oxide_server: Server, tmp_path: Path, status: int
) -> None:
    (tmp_path / "a").write_bytes(b"content" * 100_000)
    oxide_server.script("/x", Answer([], status=status, headers={"Location": "/v1/y"}), times=None)
    oxide_server.script("/y", Answer.json({}), times=None)
    client = make(oxide_server.base_url)
    await client.post("/x", files={"f": tmp_path / "a"}, cast_to=object)
    old, new = oxide_server.journal
    assert (old.path, new.path, old.body == new.body, len(new.body) > 700_000) == (
        "/v1/x",
        "/v1/y",
        True,
        True,
    )
    with pytest.raises(oxide.APIConnectionError, match="cannot be read a second time"):
        await client.post("/x", content=zeros(2).once(), cast_to=object)
    assert len(oxide_server.journal) == 3


async def test_303_sends_no_body_on(make: Any, zeros: Any, oxide_server: Server) -> None:
    oxide_server.script("/x", Answer([], status=303, headers={"Location": "/v1/y"}))
    oxide_server.script("/y", Answer.json({}))
    await make(oxide_server.base_url).post("/x", content=zeros(2).once(), cast_to=object)
    assert (oxide_server.journal[1].method, oxide_server.journal[1].body) == ("GET", b"")


# -- answers that begin before the body has ended ----------------------------------------------------------


async def test_an_answer_may_stream_while_the_body_does(
    wire: Any, zeros: Any, counting: Any, raw_server: Any
) -> None:
    counted: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = counting()
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nfirst\r\n"
        )
        counted.append(await seen.body_size(reader, head))
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")

    server = await raw_server(handler)
    source = zeros(200)
    answer = await wire.send(server.url, "POST", content_of(source.once(), whole=False), stream=True)
    assert not source.closed
    assert b"".join([piece async for piece in answer.aiter_bytes()]) == b"firstlast"
    assert source.closed
    assert counted == [200 * 64 * 1024]

    source = zeros(100_000)
    answer = await wire.send(server.url, "POST", content_of(source.once(), whole=False), stream=True)
    answer.abort()
    while not source.closed:  # noqa: ASYNC110 (it is closed by a task)
        await asyncio.sleep(0.01)
    assert source.made < 100_000


async def test_a_body_that_breaks_under_a_streamed_answer(wire: Any, raw_server: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await reader.read()

    go = asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        await go.wait()
        raise ZeroDivisionError("of the application")

    server = await raw_server(handler)
    answer = await wire.send(server.url, "POST", content_of(broken(), whole=False), stream=True)
    pieces = answer.aiter_bytes()
    assert await pieces.__anext__() == b"first"
    go.set()
    with pytest.raises((ZeroDivisionError, LaneError)) as caught:
        await pieces.__anext__()
    assert "of the application" in str(caught.value)
