"""A server that answers from prebuilt bytes, so that it never is the bottleneck; prints its port."""

from __future__ import annotations

import asyncio
import re
import resource
import sys

from bench.workloads import WORKLOADS, Workload, wire_answer

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Answers:
    """The prebuilt answers by workload name, and the connections that wait for their release."""

    def __init__(self) -> None:
        self._built: dict[str, tuple[Workload, list[bytes]]] = {}
        self.held: list[tuple[asyncio.Transport, list[bytes]]] = []

    def get(self, name: str) -> tuple[Workload, list[bytes]]:
        """The workload and its answer, built at the first use (the warm-up)."""
        found = self._built.get(name)
        if found is None:
            workload = WORKLOADS[name]
            found = self._built[name] = (workload, wire_answer(workload))
        return found

    def release(self) -> None:
        """Send the rest of every held stream."""
        waiting, self.held = self.held, []
        for transport, rest in waiting:
            if not transport.is_closing():
                transport.writelines(rest)


class Connection(asyncio.Protocol):
    """Counts request bodies without looking at them; the path's first segment names the answer."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._head = b""
        self._missing = 0
        self._name = ""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            data = self._head + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._head = data
                return
            self._head = b""
            length = _LENGTH.search(data, 0, end)
            self._missing = (int(length[1]) if length else 0) - (len(data) - end - 4)
            self._name = data.split(b"/", 2)[1].split(b" ", 1)[0].decode()
        if self._missing <= 0:
            self._missing = 0
            self._answer()

    def _answer(self) -> None:
        if self._name == "release":
            self._answers.release()
            self._transport.write(_EMPTY)
            return
        workload, pieces = self._answers.get(self._name)
        self._transport.write(pieces[0])
        if workload.sent == "held":
            self._answers.held.append((self._transport, pieces[1:]))
        elif workload.sent == "paced":
            self._loop.call_later(0.001, self._paced, pieces, 1)
        elif len(pieces) > 1:
            self._loop.call_soon(self._turn, pieces, 1)

    def _turn(self, pieces: list[bytes], at: int) -> None:
        if at < len(pieces) and not self._transport.is_closing():
            self._transport.write(pieces[at])
            self._loop.call_soon(self._turn, pieces, at + 1)

    def _paced(self, pieces: list[bytes], at: int) -> None:
        if at < len(pieces) and not self._transport.is_closing():
            self._transport.write(pieces[at])
            self._loop.call_later(0.001, self._paced, pieces, at + 1)


def raise_descriptor_limit() -> None:
    """Allow as many open sockets as the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Listen on ``host``; port 0 takes a free one."""
    answers = Answers()
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(answers), host, port, backlog=2048
    )


async def _main() -> None:
    raise_descriptor_limit()
    server = await serve()
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent holds our stdin: its end, for whatever reason, is ours.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
