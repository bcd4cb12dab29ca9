"""Bodies that are read while they are sent: whole, bounded in memory, sent again, refused, given up."""

from __future__ import annotations

import asyncio
import io
import os
import re
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide import AsyncOpenAI
from oxide.testing import Answer, Server
from oxide.transport import bodies

MB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TOO_LARGE = b'{"error": {"message": "no more than 1 MB", "code": "too_large"}}'
REFUSAL = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(TOO_LARGE), TOO_LARGE)
)


@pytest.fixture
async def make(lane: str) -> AsyncIterator[Callable[..., AsyncOpenAI]]:
    """``make(url, **options)``: a client over this run's lane, without retries."""
    made: list[AsyncOpenAI] = []

    def start(url: str, **options: Any) -> AsyncOpenAI:
        options = {"api_key": "k", "max_retries": 0, "base_url": url.removesuffix("/v1") + "/v1", **options}
        made.append(AsyncOpenAI(**options))
        return made[-1]

    yield start
    for client in made:
        await client.close()


class Generator:
    """Pieces of zeros; knows how many were asked for, and whether it was closed."""

    def __init__(self, pieces: int, size: int = 64 * 1024) -> None:
        self.pieces = pieces
        self.size = size
        self.made = 0
        self.closed = False

    async def once(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(self.pieces):
                self.made += 1
                yield bytes(self.size)
                await asyncio.sleep(0)
        finally:
            self.closed = True


class Again:
    """An iterable that can be iterated any number of times."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


async def body_size(reader: asyncio.StreamReader, head: bytes) -> int:
    """Reads a request's body, of either framing, and keeps nothing of it."""
    size = 0
    found = re.search(rb"(?i)content-length: (\d+)", head)
    if found is not None:
        while size < int(found[1]):
            size += len(await reader.read(min(1 << 16, int(found[1]) - size)))
        return size
    assert b"transfer-encoding: chunked" in head.lower()
    while chunk := int(await reader.readline(), 16):
        size += chunk
        while chunk:
            chunk -= len(await reader.read(min(1 << 16, chunk)))
        assert await reader.readline() == b"\r\n"
    assert await reader.readline() == b"\r\n"
    return size


class Counting:
    """Answers every request with 200 and notes the size of its body."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.sizes: list[int] = []
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(self.pause)
            self.heads.append(head)
            self.sizes.append(await body_size(reader, head))
            writer.write(OK)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        await asyncio.sleep(0.01)


# -- what arrives ------------------------------------------------------------------------------------------


async def test_length_where_known_else_chunks(make: Any, raw_server: Any, tmp_path: Path) -> None:
    counting = Counting()
    server = await raw_server(counting)
    client = make(server.url)
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(300_001))
    with path.open("rb") as file:
        file.seek(1)
        await client.post("/x", content=file, cast_to=object)
    await client.post("/x", content=Generator(7).once(), cast_to=object)
    await client.post("/x", content=Again(b"", b"ab", bytearray(600_000)), cast_to=object)
    await client.post("/x", files={"file": path}, cast_to=object)
    assert counting.sizes[:3] == [300_000, 7 * 64 * 1024, 600_002]
    assert b"Content-Length: 300000\r\n" in counting.heads[0]
    assert b"Transfer-Encoding: chunked\r\n" in counting.heads[1]
    assert b"Content-Length" not in counting.heads[1]
    assert b"Content-Length: %d\r\n" % counting.sizes[3] in counting.heads[3]
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


async def test_the_connection_is_kept(make: Any, raw_server: Any, tmp_path: Path) -> None:
    server = await raw_server(Counting())
    client = make(server.url)
    (tmp_path / "a").write_bytes(bytes(3 * MB))
    for _ in range(4):
        await client.post("/x", files={"file": tmp_path / "a"}, cast_to=object)
    assert server.connections == 1


# -- memory and back-pressure ------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", [0.0, 0.2])
async def test_a_large_file_in_constant_memory(
    make: Any, raw_server: Any, tmp_path: Path, pause: float
) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(256 * MB)
    counting = Counting(pause)
    server = await raw_server(counting)
    client = make(server.url)
    await client.post("/x", files={"warm": b"up"}, cast_to=object)
    tracemalloc.start(1)
    try:
        await client.post("/x", files={"file": path}, cast_to=object)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counting.sizes[1] > 256 * MB
    assert peak < 4 * MB


async def test_a_server_that_reads_slowly_slows_the_reading(make: Any, raw_server: Any) -> None:
    go = asyncio.Event()
    sizes: list[int] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await go.wait()
        sizes.append(await body_size(reader, head))
        writer.write(OK)

    server = await raw_server(handler, limit=1024)
    source = Generator(1000)
    task = asyncio.create_task(make(server.url).post("/x", content=source.once(), cast_to=object))
    stopped = -1
    while source.made != stopped or not stopped:
        stopped = source.made
        await asyncio.sleep(0.2)
    # What the kernel holds for a loopback connection, and not the 64 MB there are.
    assert 0 < stopped < 500
    go.set()
    await task
    assert sizes == [1000 * 64 * 1024]
    assert source.closed


async def test_the_loop_is_free_while_a_disk_is_slow(make: Any, raw_server: Any) -> None:
    class SlowFile:
        name = "slow"

        def __init__(self) -> None:
            self.left = 4

        def read(self, size: int) -> bytes:
            time.sleep(0.1)
            self.left -= 1
            return bytes(10) if self.left >= 0 else b""

    server = await raw_server(Counting())
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


async def test_what_cannot_be_read_again_is_not_sent_again(make: Any, oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.error(503, message="busy"), times=None)
    client = make(oxide_server.base_url, max_retries=2)
    with pytest.raises(oxide.InternalServerError) as caught:
        await client.post("/x", content=Generator(3).once(), cast_to=object)
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
async def test_redirects_read_it_again(make: Any, oxide_server: Server, tmp_path: Path, status: int) -> None:
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
        await client.post("/x", content=Generator(2).once(), cast_to=object)
    assert len(oxide_server.journal) == 3


async def test_303_sends_no_body_on(make: Any, oxide_server: Server) -> None:
    oxide_server.script("/x", Answer([], status=303, headers={"Location": "/v1/y"}))
    oxide_server.script("/y", Answer.json({}))
    await make(oxide_server.base_url).post("/x", content=Generator(2).once(), cast_to=object)
    assert (oxide_server.journal[1].method, oxide_server.journal[1].body) == ("GET", b"")


# -- refused, broken, given up -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "chunks", "memory"])
@pytest.mark.parametrize("closes", [True, False])
async def test_an_early_refusal_is_read(
    make: Any, raw_server: Any, tmp_path: Path, kind: str, closes: bool
) -> None:
    stay = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REFUSAL)
        await writer.drain()
        if not closes:
            await stay.wait()

    server = await raw_server(handler, limit=1024)
    client = make(server.url)
    (tmp_path / "a").write_bytes(bytes(24 * MB))
    for _ in range(3):
        source = Generator(400)
        sent: dict[str, Any] = {
            "file": {"files": {"f": tmp_path / "a"}},
            "chunks": {"content": source.once()},
            "memory": {"content": bytes(24 * MB)},
        }[kind]
        with pytest.raises(oxide.APIStatusError, match="no more than 1 MB") as caught:
            await client.post("/x", cast_to=object, **sent)
        assert caught.value.status_code == 413
        assert source.made < 400
        assert kind != "chunks" or source.closed
    assert server.connections == 3
    stay.set()


@pytest.mark.parametrize(
    "lane", [n for n in ("wire_c", "wire_py") if find_spec(f"oxide.transport.{n}")], indirect=True
)
async def test_a_failed_write_hides_no_answer(
    make: Any, raw_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer and the reset arrive while the loop is busy; the write finds the reset first."""
    answered = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(REFUSAL)
        await writer.drain()
        writer.transport.abort()
        answered.set()

    async def busy() -> None:
        # The answer is in the kernel, and so is the reset; nothing is read before the next two writes.
        await answered.wait()
        time.sleep(0.05)  # noqa: ASYNC251 (it is the loop that is busy)

    async def source() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(64 * 1024)

    monkeypatch.setattr(bodies, "settle", busy)
    server = await raw_server(handler, limit=1024)
    with pytest.raises(oxide.APIStatusError, match="no more than 1 MB"):
        await make(server.url).post("/x", content=source(), cast_to=object)


async def test_the_write_limit(make: Any, raw_server: Any) -> None:
    stay = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stay.wait()

    server = await raw_server(handler, limit=1024)
    source = Generator(1000)
    limits = oxide.Timeout(connect=5, read=5, write=0.2, pool=5)
    with pytest.raises(oxide.APITimeoutError) as caught:
        await make(server.url, timeout=limits).post("/x", content=source.once(), cast_to=object)
    assert (caught.value.limit, caught.value.seconds) == ("write", 0.2)
    assert source.closed
    stay.set()


async def test_no_limit_runs_while_the_application_makes_the_body(make: Any, raw_server: Any) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.15)
            yield b"piece"

    counting = Counting()
    server = await raw_server(counting)
    limits = oxide.Timeout(connect=5, read=0.1, write=0.1, pool=5)
    await make(server.url, timeout=limits).post("/x", content=slow(), cast_to=object)
    assert counting.sizes == [15]


async def test_cancelling_closes_file_and_connection(make: Any, raw_server: Any, tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        try:
            while await reader.read(1 << 16):
                pass
        finally:
            gone.set()

    server = await raw_server(handler, limit=1024)
    client = make(server.url)
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(64 * MB)
    source = Generator(1000)
    for sent in ({"files": {"f": path}}, {"content": source.once()}):
        gone.clear()
        task = asyncio.create_task(client.post("/x", cast_to=object, **sent))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not _is_open(path))
        await asyncio.wait_for(gone.wait(), 5)
    assert source.closed
    assert source.made < 1000


def _is_open(path: Path) -> bool:
    fds = Path("/proc/self/fd")
    return fds.exists() and any(os.path.realpath(fd) == str(path) for fd in fds.iterdir())


async def test_closing_the_client_ends_an_upload(make: Any, raw_server: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await raw_server(handler, limit=1024)
    client = make(server.url)
    source = Generator(100_000)
    task = asyncio.create_task(client.post("/x", content=source.once(), cast_to=object))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises(oxide.APIConnectionError, match="closed"):
        await task
    assert source.closed


async def test_an_error_of_the_source_is_the_applications(make: Any, raw_server: Any) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ZeroDivisionError("of the application")

    counting = Counting()
    server = await raw_server(counting)
    client = make(server.url, max_retries=2)
    with pytest.raises(ZeroDivisionError, match="of the application"):
        await client.post("/x", content=broken(), cast_to=object)
    with pytest.raises(FileNotFoundError):
        await client.post("/x", files={"f": Path("/nowhere/at/all")}, cast_to=object)
    assert counting.sizes == []
    assert server.connections == 1


async def test_a_file_that_changes_is_never_sent_cut(make: Any, raw_server: Any, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(4 * MB))

    class Shrinks(Counting):
        async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            os.truncate(path, 10)
            while await reader.read(1 << 16):
                pass

    server = await raw_server(Shrinks(), limit=1024)
    with pytest.raises(oxide.OpenAIError, match=r"ended after \d+ of 4194304 bytes"):
        await make(server.url).post("/x", files={"f": path}, cast_to=object)

    # One that grows is sent as it was.
    counting = Counting()
    server = await raw_server(counting)
    path.write_bytes(bytes(1000))
    with path.open("ab") as more:
        sent = asyncio.create_task(make(server.url).post("/x", files={"f": path}, cast_to=object))
        await until(lambda: bool(counting.heads))
        more.write(bytes(5000))
        more.flush()
        await sent
    assert b"Content-Length: %d\r\n" % counting.sizes[0] in counting.heads[0]
