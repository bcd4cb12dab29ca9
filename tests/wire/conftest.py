"""Every test here runs over each lane: aiohttp's session, the compiled wire lane, its pure twin."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from yarl import URL

from oxide._backend import NATIVE
from oxide.timeouts import Timeout
from oxide.transport import HTTPOptions, Transport, lanes
from oxide.transport.decode import accept_encoding
from oxide.transport.request import HeaderBlock, PreparedRequest

LANES = ["session"]
if NATIVE and importlib.util.find_spec("oxide.transport.wire_c") is not None:
    LANES.append("wire_c")
if importlib.util.find_spec("oxide.transport.wire_py") is not None:
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
        self.ended = asyncio.Event()

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
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client may go at any time
        finally:
            self.tasks.discard(task)
            self.ended.set()
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()


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
