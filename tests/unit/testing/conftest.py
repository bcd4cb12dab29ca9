"""A client that sees every byte: raw sockets, nothing parsed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import openai
import pytest
import pytest_asyncio

from oxide.testing import Server


@dataclass
class Received:
    """What came back on a socket."""

    reads: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    error: BaseException | None = None
    """How the connection ended, where not by a plain end of file."""
    timed_out: bool = False
    """The connection was still open when the patience ran out."""

    @property
    def data(self) -> bytes:
        return b"".join(self.reads)

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


class _Ear(asyncio.Protocol):
    """Keeps what each read of the socket brought: a StreamReader would join them."""

    def __init__(self) -> None:
        self.received = Received()
        self.start = time.monotonic()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.received.reads.append(data)
        self.received.times.append(time.monotonic() - self.start)

    def connection_lost(self, exc: Exception | None) -> None:
        self.received.error = exc
        if not self.over.done():
            self.over.set_result(None)


@pytest.fixture
def exchange(oxide_server: Server) -> Callable[..., Awaitable[Received]]:
    """Send a request and read until the connection ends, or for `patience` seconds."""

    async def run(
        path: str = "/v1/x",
        method: str = "GET",
        body: bytes = b"",
        *,
        headers: str = "",
        patience: float = 5.0,
    ) -> Received:
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_connection(_Ear, "127.0.0.1", oxide_server.port)
        if body:
            headers += f"Content-Length: {len(body)}\r\n"
        transport.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + body)
        done, _ = await asyncio.wait([ear.over], timeout=patience)
        ear.received.timed_out = not done
        transport.close()
        await ear.over
        return ear.received

    return run


@pytest_asyncio.fixture
async def official(oxide_server: Server) -> AsyncIterator[openai.AsyncOpenAI]:
    """The official client, pointed at the embedded server."""
    async with openai.AsyncOpenAI(
        api_key=oxide_server.api.api_key or "k", base_url=oxide_server.base_url
    ) as client:
        yield client
