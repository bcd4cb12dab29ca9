"""The floor: asyncio protocols that write prebuilt bytes and count what comes back."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable

from bench import shapes
from bench.peers.host import KEY, BasePeer
from bench.workloads import wire_answer


class _Counter(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop, length: int) -> None:
        self._loop = loop
        self._length = length
        self._have = 0
        self._done: asyncio.Future[None] | None = None
        self._first: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._have += len(data)
        if self._first is not None:
            self._first()
            self._first = None
        if self._have >= self._length and self._done is not None:
            self._done.set_result(None)

    def ask(self, request: bytes, first: Callable[[], None] | None = None) -> asyncio.Future[None]:
        self._have = 0
        self._first = first
        self._done = self._loop.create_future()
        self.transport.write(request)
        return self._done


class Peer(BasePeer):
    """Connections kept open, one request each at a time."""

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        return {"python": platform.python_version()}

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle: list[_Counter] = []
        self._length = sum(map(len, wire_answer(self.workload)))
        body = shapes.dumps(self.request)
        head = (
            f"POST /{self.workload.name}/v1/x HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    async def _connection(self) -> _Counter:
        if self._idle:
            return self._idle.pop()
        host, port = self.base.rsplit("/", 1)[1].rsplit(":", 1)
        _, made = await self._loop.create_connection(
            lambda: _Counter(self._loop, self._length), host, int(port)
        )
        return made

    async def call(self) -> int:
        connection = await self._connection()
        await connection.ask(self._request)
        self._idle.append(connection)
        return 0

    stream = call

    async def hold(self, reached: Callable[[], None]) -> int:
        connection = await self._connection()
        await connection.ask(self._request, reached)
        self._idle.append(connection)
        return 0

    async def stop(self) -> None:
        for connection in self._idle:
            connection.transport.close()
