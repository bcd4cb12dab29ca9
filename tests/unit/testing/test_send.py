"""Every fault, seen from a raw socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest

from oxide.testing import Answer, Server

Exchange: TypeAlias = Any

EVENTS = ["one", "two", "three"]
BODY = b"data: one\n\ndata: two\n\ndata: three\n\n"
CHUNKED = b"b\r\ndata: one\n\n\r\nb\r\ndata: two\n\n\r\nd\r\ndata: three\n\n\r\n0\r\n\r\n"
CLOSE = "Connection: close\r\n"


async def test_one_write(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, writes="one"))
    got = await exchange(headers=CLOSE)
    assert len(got.reads) == 1
    assert got.body == CHUNKED
    assert oxide_server.journal.last.bytes_sent == len(got.data)


async def test_each_event_arrives_by_itself(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS))
    got = await exchange(headers=CLOSE)
    assert [r.count(b"data:") for r in got.reads] == [0, 1, 1, 1, 0]
    assert got.body == CHUNKED


@pytest.mark.parametrize("cut", range(1, len(BODY)))
async def test_split_at_every_byte(oxide_server: Server, exchange: Exchange, cut: int) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, framing="close", splits=[cut]))
    got = await exchange()
    assert got.reads[1:] == [BODY[:cut], BODY[cut:]]


async def test_wire_splits_cut_the_head_too(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.json({"a": 1}, wire_splits=[3, 20]))
    got = await exchange(headers=CLOSE)
    assert [len(r) for r in got.reads[:2]] == [3, 17]
    assert got.body == b'{"a":1}'


async def test_back_to_back_writes(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse([str(i) for i in range(500)], gap=0))
    got = await exchange(headers=CLOSE)
    assert got.body.count(b"data:") == 500
    assert len(got.reads) < 500


async def test_gap_delay_and_first_byte(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, gap=0.02, delay=0.05, first_byte=0.06))
    got = await exchange(headers=CLOSE)
    assert got.times[0] >= 0.05
    assert got.times[1] - got.times[0] >= 0.055
    assert got.times[3] - got.times[1] >= 0.035
    assert b"data" not in got.reads[0]


async def test_first_byte_of_a_body_in_one_write(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.json({}, first_byte=0.05))
    got = await exchange(headers=CLOSE)
    assert got.reads[1] == b"{}"
    assert got.times[1] - got.times[0] >= 0.045


@pytest.mark.parametrize(
    ("after", "body"),
    [(0, b""), (4, b"b\r\ndata"), (11, CHUNKED[:16]), (12, CHUNKED[:20]), (35, CHUNKED[:50]), (99, CHUNKED)],
)
async def test_disconnect_within_chunks(
    oxide_server: Server, exchange: Exchange, after: int, body: bytes
) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, disconnect_after=after))
    got = await exchange()
    assert got.body == body
    assert got.error is None
    assert not oxide_server.journal.last.aborted


async def test_disconnect_within_a_length(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.text("hello", disconnect_after=2))
    got = await exchange()
    assert b"Content-Length: 5" in got.head
    assert got.body == b"he"


async def test_reset(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.text("hello", disconnect_after=2, reset=True, first_byte=0.02))
    got = await exchange()
    assert isinstance(got.error, ConnectionResetError)


async def test_drop(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.drop())
    assert (await exchange()).data == b""
    assert oxide_server.journal.last.status is None


async def test_stall_then_go_on(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, writes="one", stall_after=13, stall=0.05))
    got = await exchange(headers=CLOSE)
    assert got.body == CHUNKED
    assert got.reads[0].endswith(b"b\r\nda")
    assert got.times[1] >= 0.05


async def test_stall_then_disconnect_in_the_same_piece(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, stall_after=13, stall=0.01, disconnect_after=15))
    assert (await exchange()).body == CHUNKED[:16] + b"b\r\ndata"


async def test_stall_for_ever_ends_when_the_client_leaves(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.sse(EVENTS, stall_after=11))
    got = await exchange(patience=0.05)
    assert got.timed_out
    assert got.body == CHUNKED[:16]
    (record,) = await oxide_server.journal.settle(1)
    assert record.aborted


async def test_hang_ends_with_the_server(oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.hang())
    _, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    writer.write(b"GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n")
    await oxide_server.journal.arrived(1)
    await oxide_server.stop()
    assert not oxide_server.journal.last.aborted, "the server left, not the client"
    assert oxide_server.open_connections == 0
    writer.close()


async def test_raw(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.raw(b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 1000000\r\n\r\nx"))
    assert (await exchange()).data == b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx"


async def test_connection_is_kept_and_then_closed_unannounced(oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.json({}), Answer.json({}, silent_close=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    for _ in range(2):
        writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"close" not in head
        assert await reader.readexactly(2) == b"{}"
    assert await reader.read() == b""
    writer.close()
    assert oxide_server.journal.connections == 1


async def test_head_request_gets_no_body(oxide_server: Server, exchange: Exchange) -> None:
    got = await exchange("/v1/models", "HEAD", headers=CLOSE)
    assert b"Content-Length" in got.head
    assert got.body == b""


async def test_early_answer_does_not_wait_for_the_body(oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.error(413, early=True, close=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbegin")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()
    await writer.wait_closed()


async def test_expect_continue(oxide_server: Server, exchange: Exchange) -> None:
    oxide_server.script("/x", Answer.json({}))
    got = await exchange("/x", "POST", b"body", headers=CLOSE + "Expect: 100-continue\r\n")
    assert got.data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert oxide_server.journal.last.body == b"body"


async def test_generated_stream_is_not_held_in_memory(oxide_server: Server, exchange: Exchange) -> None:
    made = 0

    def events() -> Iterator[bytes]:
        nonlocal made
        for _ in range(100_000):
            made += 1
            yield b"data: %b\n\n" % (b"x" * 1000)

    oxide_server.script("/x", Answer.sse(events, gap=0))
    reader, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port, limit=1024)
    writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.read(1024)
    await asyncio.sleep(0.05)
    assert 0 < made < 20_000, "nobody reads, so nothing more is made"
    writer.transport.abort()
    (record,) = await oxide_server.journal.settle(1)
    assert record.aborted
