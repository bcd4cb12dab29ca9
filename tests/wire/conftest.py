"""Every test here runs over each lane: aiohttp's session, the compiled wire lane, its pure twin."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from yarl import URL

from oxide import AsyncOpenAI
from oxide._backend import NATIVE
from oxide.timeouts import Timeout
from oxide.transport import HTTPOptions, Transport, lanes
from oxide.transport.decode import accept_encoding
from oxide.transport.request import HeaderBlock, PreparedRequest

LANES = ["session"]
if NATIVE and importlib.util.find_spec("oxide.transport.wire_c") is not None:
    LANES.append("wire_c")
if os.environ.get("OXIDE_BACKEND") != "native":
    LANES.append("wire_py")

for _name in [n for n in os.environ if n.lower().endswith("_proxy")]:
    del os.environ[_name]


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which lane this run takes: ``session``, ``wire_c`` or ``wire_py``."""
    name = str(request.param)
    monkeypatch.setenv("OXIDE_LANE", name.partition("_")[0])
    if name != "session":
        module = importlib.import_module(f"oxide.transport.{name}")
        monkeypatch.setattr(lanes, "WireLane", module.WireLane)
    return name


class Tokens:
    """Credentials from an async function, which gives the value of the Authorization header."""

    def __init__(self, ask: Callable[[], Awaitable[str]], renewals: bool = False) -> None:
        self.ask = ask
        self.renewals = renewals
        self.refusals: list[str] = []

    async def authorize(
        self, prepared: PreparedRequest, headers: list[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        return [("Authorization", await self.ask())]

    def refused(self, headers: list[tuple[str, str]]) -> bool:
        self.refusals += [value for name, value in headers if name == "Authorization"]
        return self.renewals


class Wire:
    """A transport under test, and short ways to send through it."""

    def __init__(self) -> None:
        self.transports: list[Transport] = []

    def transport(self, **options: Any) -> Transport:
        transport = Transport(options=HTTPOptions(**options))
        self.transports.append(transport)
        return transport

    @staticmethod
    def prepare(
        url: str | URL,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: Any = 10.0,
        max_retries: int = 0,
        **more: Any,
    ) -> PreparedRequest:
        pairs = {"Accept": "application/json", "Accept-Encoding": accept_encoding(), **(headers or {})}
        if body is not None:
            pairs.setdefault("Content-Type", "application/json")
        if callable(more.get("auth")):
            more["auth"] = Tokens(more["auth"])
        return PreparedRequest(
            method,
            URL(url),
            HeaderBlock(pairs.items()),
            body,
            Timeout.of(timeout),
            max_retries=max_retries,
            **more,
        )

    async def send(self, url: str | URL, *args: Any, **more: Any) -> Any:
        if not self.transports:
            self.transport()
        return await self.transports[-1].request(self.prepare(url, *args, **more))


@pytest.fixture
def tokens() -> type[Tokens]:
    """Makes credentials for `auth=` out of an async function."""
    return Tokens


@pytest_asyncio.fixture
async def wire(lane: str) -> AsyncIterator[Wire]:
    """Builds transports over this run's lane and closes them after the test."""
    helper = Wire()
    yield helper
    for transport in helper.transports:
        await transport.close()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """A server of bytes: each connection is given to the handler, then closed."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections = 0
        self.port = 0
        self.server: asyncio.Server | None = None
        self.tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self.handler(reader, writer)
            # Closing sends first what is still buffered, which a drain leaves behind.
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client may go at any time
        finally:
            self.tasks.discard(task)
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one request of known length."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return head, await reader.readexactly(size)


@pytest_asyncio.fixture
async def raw_server() -> AsyncIterator[Callable[..., Awaitable[RawServer]]]:
    """``await raw_server(handler)`` serves on 127.0.0.1; given bytes, it answers with them and closes."""
    made: list[RawServer] = []

    async def start(handler: Handler | bytes, **options: Any) -> RawServer:
        if isinstance(handler, bytes):
            data = handler

            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await read_request(reader)
                writer.write(data)
                await writer.drain()

            handler = answer
        server = RawServer(handler)
        server.server = await asyncio.start_server(server.serve, "127.0.0.1", 0, **options)
        sock: socket.socket = server.server.sockets[0]
        server.port = sock.getsockname()[1]
        made.append(server)
        return server

    yield start
    for server in made:
        assert server.server is not None
        server.server.close()
        for task in list(server.tasks):
            task.cancel()
        while server.tasks:  # noqa: ASYNC110 (they end by themselves)
            await asyncio.sleep(0)


@pytest.fixture(name="read_request")
def _read_request() -> Callable[[asyncio.StreamReader], Awaitable[tuple[bytes, bytes]]]:
    """Reads one request on a raw server's side: ``head, body = await read_request(reader)``."""
    return read_request


class Sink:
    """Collects what a stream delivers."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = asyncio.Event()
        self.error: BaseException | None = None

    def feed_data(self, data: bytes) -> bool:
        self.data += data
        return False

    def feed_eof(self) -> None:
        self.ended.set()

    def set_exception(self, exc: BaseException) -> None:
        self.error = exc
        self.ended.set()


@pytest.fixture
def sink() -> Sink:
    """A sink that collects."""
    return Sink()


@pytest_asyncio.fixture
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


@pytest.fixture
def zeros() -> type[Generator]:
    """A body of zeros: ``zeros(pieces, size).once()``."""
    return Generator


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


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Counting:
    """Answers every request with 200 and notes the size of its body; reads it once the gate opens."""

    def __init__(self, pause: float = 0.0, gate: asyncio.Event | None = None) -> None:
        self.pause = pause
        self.gate = gate
        self.sizes: list[int] = []
        self.heads: list[bytes] = []

    body_size = staticmethod(body_size)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(self.pause)
            if self.gate is not None:
                await self.gate.wait()
            self.heads.append(head)
            self.sizes.append(await self.body_size(reader, head))
            writer.write(OK)


@pytest.fixture
def counting() -> type[Counting]:
    """A handler for ``raw_server`` that counts what is uploaded."""
    return Counting
