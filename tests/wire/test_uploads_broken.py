"""Uploads that are refused, broken off or given up."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide.transport import bodies

MB = 1024 * 1024
TOO_LARGE = b'{"error": {"message": "no more than 1 MB", "code": "too_large"}}'
REFUSAL = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(TOO_LARGE), TOO_LARGE)
)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", ["file", "chunks", "memory"])
@pytest.mark.parametrize("closes", [True, False])
async def test_an_early_refusal_is_read(
    make: Any, zeros: Any, raw_server: Any, tmp_path: Path, kind: str, closes: bool
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
        source = zeros(400)
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


async def test_the_write_limit(make: Any, zeros: Any, raw_server: Any) -> None:
    stay = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stay.wait()

    server = await raw_server(handler, limit=1024)
    source = zeros(1000)
    limits = oxide.Timeout(connect=5, read=5, write=0.2, pool=5)
    with pytest.raises(oxide.APITimeoutError) as caught:
        await make(server.url, timeout=limits).post("/x", content=source.once(), cast_to=object)
    assert (caught.value.limit, caught.value.seconds) == ("write", 0.2)
    assert source.closed
    stay.set()


async def test_no_limit_runs_while_the_application_makes_the_body(
    make: Any, counting: Any, raw_server: Any
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.15)
            yield b"piece"

    seen = counting()
    server = await raw_server(seen)
    limits = oxide.Timeout(connect=5, read=0.1, write=0.1, pool=5)
    await make(server.url, timeout=limits).post("/x", content=slow(), cast_to=object)
    assert seen.sizes == [15]


async def test_cancelling_closes_file_and_connection(
    make: Any, zeros: Any, raw_server: Any, tmp_path: Path
) -> None:
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
    source = zeros(1000)
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


async def test_closing_the_client_ends_an_upload(make: Any, zeros: Any, raw_server: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await raw_server(handler, limit=1024)
    client = make(server.url)
    source = zeros(100_000)
    task = asyncio.create_task(client.post("/x", content=source.once(), cast_to=object))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises(oxide.APIConnectionError, match="closed"):
        await task
    assert source.closed


async def test_an_error_of_the_source_is_the_applications(make: Any, counting: Any, raw_server: Any) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ZeroDivisionError("of the application")

    seen = counting()
    server = await raw_server(seen)
    client = make(server.url, max_retries=2)
    with pytest.raises(ZeroDivisionError, match="of the application"):
        await client.post("/x", content=broken(), cast_to=object)
    with pytest.raises(FileNotFoundError):
        await client.post("/x", files={"f": Path("/nowhere/at/all")}, cast_to=object)
    assert seen.sizes == []
    assert server.connections == 1


async def test_a_file_that_changes_is_never_sent_cut(
    make: Any, counting: Any, raw_server: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(4 * MB))

    class Shrinks(counting):
        async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            os.truncate(path, 10)
            while await reader.read(1 << 16):
                pass

    server = await raw_server(Shrinks(), limit=1024)
    with pytest.raises(oxide.OpenAIError, match=r"ended after \d+ of 4194304 bytes"):
        await make(server.url).post("/x", files={"f": path}, cast_to=object)

    # One that grows is sent as it was.
    seen = counting()
    server = await raw_server(seen)
    path.write_bytes(bytes(1000))
    with path.open("ab") as more:
        sent = asyncio.create_task(make(server.url).post("/x", files={"f": path}, cast_to=object))
        await until(lambda: bool(seen.heads))
        more.write(bytes(5000))
        more.flush()
        await sent
    assert b"Content-Length: %d\r\n" % seen.sizes[0] in seen.heads[0]
