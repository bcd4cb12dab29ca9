"""The server sends the bytes it says, and the runner gets figures from live peers."""

from __future__ import annotations

import asyncio

import pytest

from bench import shapes
from bench.runner import LivePeer, PeerFailed, Run, rust_python, server
from bench.server import serve
from bench.workloads import WORKLOADS, wire_answer


async def _exchange(port: int, request: bytes, length: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    half = len(request) // 2
    writer.write(request[:half])
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(request[half:])
    answer = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("name", ["tiny", "chat-114-chunks", "chat-114-paced", "responses-10k-16k"])
async def test_answers_arrive_as_built(name: str) -> None:
    listening = await serve()
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        expected = b"".join(wire_answer(WORKLOADS[name]))
        body = shapes.dumps(shapes.tiny_request())
        request = b"POST /%b/v1/x HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH: %d\r\n\r\n%b" % (
            name.encode(),
            len(body),
            body,
        )
        assert await _exchange(port, request, len(expected)) == expected


async def test_held_streams_end_on_release() -> None:
    listening = await serve()
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        first, rest = wire_answer(WORKLOADS["idle-1000"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /idle-1000/v1/responses HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert await reader.readexactly(len(first)) == first
        await _exchange(port, b"POST /release HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 10)
        assert await reader.readexactly(len(rest)) == rest
        writer.close()
        await writer.wait_closed()


def test_one_http_chunk_per_event() -> None:
    whole = b"".join(wire_answer(WORKLOADS["chat-114-chunks"]))
    _, body = whole.split(b"\r\n\r\n", 1)
    sizes = []
    while body:
        size, body = body.split(b"\r\n", 1)
        sizes.append(int(size, 16))
        body = body[sizes[-1] + 2 :]
    assert sizes == [*map(len, shapes.chat_chunks(114)), 0]


def test_peers_take_turns_and_read_the_same() -> None:
    said: list[str] = []
    run = Run(["aiohttp", "floor"], ["tiny", "responses-106"], rounds=2, budget=0.005, say=said.append)
    results = run.results()
    assert set(results["workloads"]) == {"tiny", "responses-106"}
    for measured in results["workloads"].values():
        assert measured["peers"]["aiohttp"]["cpu"]["median"] > measured["peers"]["floor"]["cpu"]["median"]
        assert len(measured["peers"]["aiohttp"]["samples"]) == 2
    assert results["meta"]["failed"] == {}
    assert said[0].startswith("tiny: aiohttp ")


def test_a_failing_peer_says_why() -> None:
    import sys

    with server() as base:
        peer = LivePeer("aiohttp", sys.executable)
        try:
            with pytest.raises(PeerFailed, match="KeyError: 'nonsense'"):
                peer.tell(do="open", workload="nonsense", base=base)
        finally:
            peer.close()


def test_rust_peer_needs_python_39(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(PeerFailed, match=r"needs CPython 3\.9"):
        rust_python(None, tmp_path)
