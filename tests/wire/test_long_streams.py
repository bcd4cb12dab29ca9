"""A stream's length costs no memory, and a reader that does not read stops the sender."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from oxide import AsyncOpenAI

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = (
    b"event: response.output_text.delta\n"
    b'data: {"type":"response.output_text.delta","content_index":0,"delta":" word","item_id":"msg_1",'
    b'"logprobs":[],"output_index":0,"sequence_number":7}\n\n'
)
END = b'event: response.completed\ndata: {"type":"response.completed","sequence_number":8,"response":{}}\n\n'


class Sender:
    """A server that writes blocks of events as fast as they are taken, in a thread of its own."""

    def __init__(self, events: int) -> None:
        self.sent = 0
        self._events = events
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        per_block = 500
        block = EVENT * per_block
        framed = b"%x\r\n%b\r\n" % (len(block), block)
        peer, _ = self._listener.accept()
        with peer:
            peer.settimeout(60)
            peer.recv(65536)
            try:
                peer.sendall(HEAD)
                for _ in range(self._events // per_block):
                    peer.sendall(framed)
                    self.sent += len(framed)
                peer.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(END), END))
            except OSError:
                return  # the reader has left, as the test of back-pressure does

    @contextmanager
    def running(self) -> Iterator[Sender]:
        """Serve one connection."""
        self._thread.start()
        try:
            yield self
        finally:
            self._thread.join(60)
            self._listener.close()
            assert not self._thread.is_alive()


@pytest.mark.slow
@pytest.mark.loop_debug_off
async def test_a_million_events_need_no_more_memory_than_the_first_ones(lane: str) -> None:
    # All lanes are read through one iterator; a tenth is enough to see growth on the slower ones.
    events = 1_000_000 if lane == "wire_c" else 100_000
    process = psutil.Process()
    settled = 0
    count = 0
    with Sender(events).running() as sender:
        async with AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{sender.port}") as client:
            async for event in await client.responses.create(model="m", input="i", stream=True):
                if event.type == "response.output_text.delta":
                    assert event.delta == " word"
                    count += 1
                    if count == events // 10:
                        gc.collect()
                        settled = process.memory_info().rss
            gc.collect()
            grown = process.memory_info().rss - settled
    assert count == events
    assert grown < 2_000_000, f"{grown} bytes more after {events} events than after a tenth of them"


@pytest.mark.loop_debug_off
async def test_a_reader_that_stops_stops_the_sender(lane: str) -> None:
    events = 150_000
    with Sender(events).running() as sender:
        async with AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{sender.port}") as client:
            stream = await client.responses.create(model="m", input="i", stream=True)
            async for _ in stream:
                break
            before = -1
            for _ in range(100):  # until the buffers of both sockets and ours are full
                await asyncio.sleep(0.1)
                if sender.sent == before:
                    break
                before = sender.sent
            else:
                pytest.fail(f"still sending after 10 s: {sender.sent} bytes")
            # 28 MB wait at the sender; what is under way is the sockets' buffers and one high-water mark.
            assert 0 < sender.sent < 16_000_000
            rest = [event.type async for event in stream]
    assert len(rest) == events
    assert rest[-1] == "response.completed"
