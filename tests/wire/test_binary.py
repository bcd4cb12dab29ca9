"""Answers that are bytes, over each lane: read whole, in pieces, into files that are whole or not there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide import HttpxBinaryResponseContent
from oxide._binary import AsyncStreamedBinaryAPIResponse
from oxide._response import StreamAlreadyConsumed
from oxide.testing import Answer, Server

MEGABYTE = 1024 * 1024
DATA = bytes(range(256)) * 600


@pytest_asyncio.fixture
async def client(lane: str, oxide_server: Server) -> AsyncIterator[oxide.AsyncOpenAI]:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


def binary(data: bytes = DATA, **fields: Any) -> Answer:
    return Answer((data,), headers={"Content-Type": "application/octet-stream"}, **fields)


def left_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


async def test_a_file_read_whole(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/file-1/content", binary())
    answer = await client.files.content("file-1")
    assert type(answer) is HttpxBinaryResponseContent
    assert oxide_server.journal[0].headers["Accept"] == "application/binary"
    assert answer.content == answer.read() == await answer.aread() == DATA
    assert list(answer.iter_bytes()) == [DATA]
    assert b"".join(answer.iter_bytes(1000)) == b"".join(answer.iter_raw(7000)) == DATA
    assert [len(piece) for piece in answer.iter_bytes(100_000)] == [100_000, len(DATA) - 100_000]
    assert [piece async for piece in await answer.aiter_bytes(100_000)] == list(answer.iter_bytes(100_000))
    assert b"".join([piece async for piece in await answer.aiter_raw()]) == DATA
    assert answer.response.status_code == 200
    assert answer.response.headers["x-request-id"]
    answer.write_to_file(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    answer.close()
    await answer.aclose()


async def test_text_of_a_file(client: Any, oxide_server: Server) -> None:
    lines = "one\ntwo\r\nthr\u00e9e"
    plain = {"Content-Type": "text/plain; charset=latin-1"}
    oxide_server.script("/files/f/content", Answer((lines.encode("latin-1"),), headers=plain))
    answer = await client.files.content("f")
    assert answer.text == lines
    assert (answer.encoding, answer.charset_encoding) == ("latin-1", "latin-1")
    assert list(answer.iter_lines()) == ["one", "two", "thr\u00e9e"]
    assert list(answer.iter_text(4)) == ["one\n", "two\r", "\nthr", "\u00e9e"]
    assert [line async for line in await answer.aiter_lines()] == list(answer.iter_lines())
    assert [text async for text in await answer.aiter_text()] == [lines]


async def test_a_file_that_is_json(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/files/f/content", Answer.json({"a": 1.5}))
    answer = await client.files.content("f")
    assert answer.json() == {"a": 1.5}
    assert answer.json(parse_float=str) == {"a": "1.5"}
    assert answer.charset_encoding is None


async def test_raw_bytes_of_an_encoded_body_are_gone(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/files/f/content", binary(encoding="gzip"))
    answer = await client.files.content("f")
    assert answer.content == DATA
    with pytest.raises(StreamAlreadyConsumed):
        answer.iter_raw()


async def test_the_deprecated_ways_to_a_file(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/f/content", binary())
    answer = await client.files.content("f")
    with pytest.warns(DeprecationWarning, match="with_streaming_response"):
        answer.stream_to_file(tmp_path / "a", chunk_size=1000)
    with pytest.warns(DeprecationWarning, match="with_streaming_response"):
        await answer.astream_to_file(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == DATA
    assert left_in(tmp_path) == ["a", "b"]


async def test_raw_response_of_a_file(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/files/f/content", binary())
    raw = await client.files.with_raw_response.content("f")
    assert raw.content == DATA
    assert type(raw.parse()) is HttpxBinaryResponseContent
    assert raw.parse().content == DATA


async def test_stream_to_file(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/f/content", binary(), times=None)
    for chunk_size in (None, 1000, 10 * MEGABYTE):
        async with client.files.with_streaming_response.content("f") as response:
            assert type(response) is AsyncStreamedBinaryAPIResponse
            await response.stream_to_file(str(tmp_path / "out"), chunk_size=chunk_size)
        assert (tmp_path / "out").read_bytes() == DATA
    async with client.files.with_streaming_response.content("f") as response:
        await response.write_to_file(tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == DATA
    assert oxide_server.journal.connections == 1
    assert left_in(tmp_path) == ["other", "out"]


async def test_iter_bytes_and_parse(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/files/f/content", binary(), times=None)
    async with client.files.with_streaming_response.content("f") as response:
        pieces = [piece async for piece in response.iter_bytes(40_000)]
    assert b"".join(pieces) == DATA
    assert {len(piece) for piece in pieces[:-1]} == {40_000}
    async with client.files.with_streaming_response.content("f") as response:
        assert await response.parse() == DATA
    async with client.files.with_streaming_response.content("f") as response:
        assert await response.parse(to=str) == DATA.decode("utf-8", "replace")


@pytest.mark.parametrize("broken", [{"disconnect_after": 100_000}, {"truncate": 1, "encoding": "gzip"}])
async def test_a_broken_transfer_leaves_no_file(
    client: Any, oxide_server: Server, tmp_path: Path, broken: dict[str, Any]
) -> None:
    oxide_server.script("/files/f/content", binary(**broken), times=None)
    target = tmp_path / "out"
    for before in (None, b"what was there"):
        if before is not None:
            target.write_bytes(before)
        with pytest.raises(oxide.APIConnectionError):
            async with client.files.with_streaming_response.content("f") as response:
                await response.stream_to_file(target)
        assert left_in(tmp_path) == ([] if before is None else ["out"])
        assert before is None or target.read_bytes() == before


async def test_a_cancelled_transfer_leaves_no_file(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/f/content", binary(stall_after=100_000, stall=30))

    async def download() -> None:
        async with client.files.with_streaming_response.content("f") as response:
            await response.stream_to_file(tmp_path / "out")

    task = asyncio.create_task(download())
    while not left_in(tmp_path):  # noqa: ASYNC110 (nothing tells when a file appears)
        await asyncio.sleep(0.01)
    assert left_in(tmp_path)[0].endswith(".part")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_in(tmp_path) == []


async def test_an_error_is_no_file(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/f/content", Answer.error(404, "No such file."), times=None)
    with pytest.raises(oxide.NotFoundError, match="No such file"):
        async with client.files.with_streaming_response.content("f") as response:
            await response.stream_to_file(tmp_path / "out")
    with pytest.raises(oxide.NotFoundError, match="No such file"):
        await client.files.content("f")
    assert left_in(tmp_path) == []


async def test_a_large_file_in_constant_memory(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    block = os.urandom(MEGABYTE)
    size = 96

    def pieces() -> Iterator[bytes]:
        for _ in range(size):
            yield block

    oxide_server.script("/files/f/content", Answer(pieces, gap=0), times=None)
    tracemalloc.start()
    try:
        async with client.files.with_streaming_response.content("f") as response:
            await response.stream_to_file(tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The server of this process holds some of it too.
    assert peak < 12 * MEGABYTE
    digest, expected = hashlib.sha256((tmp_path / "out").read_bytes()), hashlib.sha256(block * size)
    assert digest.digest() == expected.digest()


async def test_links_modes_and_devices(client: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files/f/content", binary(), times=None)
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    answer = await client.files.content("f")
    answer.write_to_file(link)
    assert link.is_symlink()
    assert real.read_bytes() == DATA
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    answer.write_to_file(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    async with client.files.with_streaming_response.content("f") as response:
        with pytest.raises(FileNotFoundError):
            await response.stream_to_file(tmp_path / "absent" / "out")


async def test_a_full_disk(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/files/f/content", binary(bytes(8 * MEGABYTE), stall_after=6 * MEGABYTE, stall=30))
    async with client.files.with_streaming_response.content("f") as response:
        with pytest.raises(OSError, match="No space left"):
            await response.stream_to_file("/dev/full")
    while oxide_server.open_connections:  # noqa: ASYNC110 (nothing tells when the server notices)
        await asyncio.sleep(0.01)


async def test_any_path_gives_bytes(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/odd", binary())
    answer = await client.get("/odd", cast_to=HttpxBinaryResponseContent)
    assert answer.content == DATA
    assert repr(answer) == f"<HttpxBinaryResponseContent of {len(DATA)} bytes [200]>"
