"""Runs one peer in its own process: a JSON command per line on stdin, a JSON answer per line on stdout.

``{"do": "open", "workload": …, "base": "http://127.0.0.1:…"}`` prepares, ``{"do": "run", "n": …}`` measures
``n`` operations, ``{"do": "idle"}`` measures open streams; the end of stdin ends it. Runs on Python 3.9 too.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench import shapes
from bench.workloads import WORKLOADS, Workload

KEY = "sk-bench"
ONLY = {"pydantic": "parse"}
"""Peers that take part in the workloads of one API only."""

# Peer name -> the module that drives it. Peers that differ by an argument share one.
MODULES = {
    "oxide": "typed",
    "official": "typed",
    "official-aiohttp": "typed",
    "aiohttp": "untyped",
    "rust": "rust",
    "floor": "floor",
    "pydantic": "validate",
}


class BasePeer:
    """What a peer has to offer; ``call`` and ``stream`` return a number, the same for every peer."""

    def __init__(self, name: str, workload: Workload, base: str, request: dict[str, Any]) -> None:
        self.name = name
        self.workload = workload
        self.base = base
        self.request = request

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        """Versions of what is measured, for the record."""
        raise NotImplementedError

    async def start(self) -> None:
        """Make the client; nothing of this is measured."""

    async def call(self) -> int:
        """One plain call, its answer read as the workload says."""
        raise NotImplementedError

    async def stream(self) -> int:
        """One streamed call, every event's fields read."""
        raise NotImplementedError

    async def helper(self) -> int:
        """One call through the stream helper, every snapshot and the final object read."""
        raise NotImplementedError

    async def hold(self, reached: Callable[[], None]) -> int:
        """One streamed call that says when its first event was read, then reads to the end."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close the client."""


def operation(peer: BasePeer) -> Callable[[], Awaitable[int]]:
    """One operation of the peer's workload."""
    workload = peer.workload
    if workload.kind == "stream":
        return peer.stream
    if workload.kind == "helper":
        return peer.helper
    if workload.kind == "sequential":

        async def one_by_one() -> int:
            total = 0
            for _ in range(workload.times):
                total += await peer.call()
            return total

        return one_by_one
    if workload.kind == "parallel":

        async def at_once() -> int:
            return sum(await asyncio.gather(*[peer.call() for _ in range(workload.times)]))

        return at_once
    return peer.call


async def repeat(op: Callable[[], Awaitable[int]], n: int) -> int:
    """Run ``op`` ``n`` times; the last result."""
    value = 0
    for _ in range(n):
        value = await op()
    return value


def measure(loop: asyncio.AbstractEventLoop, op: Callable[[], Awaitable[int]], n: int) -> dict[str, Any]:
    """CPU seconds (user and system, all threads) and wall seconds of ``n`` operations."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    value = loop.run_until_complete(repeat(op, n))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / n, "wall": wall / n, "n": n, "value": value}


def resident() -> int:
    """Resident memory of this process in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


async def _release(base: str) -> None:
    host, port = base.rsplit("/", 1)[1].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /release HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    await reader.readuntil(b"{}")
    writer.close()
    await writer.wait_closed()


async def idle(peer: BasePeer) -> dict[str, Any]:
    """Open the workload's streams, wait until each has read one event, and tell memory and CPU per stream."""
    times = peer.workload.times
    open_now = target = 0
    everyone = asyncio.Event()

    def reached() -> None:
        nonlocal open_now
        open_now += 1
        if open_now == target:
            everyone.set()

    async def several(n: int) -> tuple[int, float, float, int]:
        nonlocal open_now, target
        open_now, target = 0, n
        everyone.clear()
        before, cpu = resident(), time.process_time()
        tasks = [asyncio.ensure_future(peer.hold(reached)) for _ in range(n)]
        done = asyncio.ensure_future(everyone.wait())
        finished, _ = await asyncio.wait([done, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if done not in finished:
            done.cancel()
            raise RuntimeError(f"a held stream ended early: {[t.exception() for t in finished][:1]!r}")
        opened = time.process_time() - cpu
        grown = resident() - before
        cpu = time.process_time()
        await asyncio.sleep(0.5)
        waiting = time.process_time() - cpu
        await _release(peer.base)
        values = await asyncio.gather(*tasks)
        return grown, opened, waiting, values[0]

    await several(2)
    gc.collect()
    cpu = time.process_time()
    grown, opened, waiting, value = await several(times)
    whole = time.process_time() - cpu - waiting
    return {
        "cpu": whole / times,
        "wall": 0.0,
        "open_cpu": opened / times,
        "idle_cpu": waiting * 2 / times,
        "bytes": grown / times,
        "n": times,
        "value": value,
    }


def make(name: str, workload: Workload, base: str) -> BasePeer:
    """The peer ``name`` for ``workload`` against the server at ``base`` (scheme, host and port)."""
    module = importlib.import_module("bench.peers." + MODULES[name])
    request = shapes.REQUESTS[workload.request]()
    peer: BasePeer = module.Peer(name, workload, base, request)
    return peer


def main(name: str) -> None:
    """Serve commands until stdin ends."""
    from bench.server import raise_descriptor_limit

    raise_descriptor_limit()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever a client prints must not end up between the answers.
    os.dup2(2, 1)
    peer: BasePeer | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["do"] == "open":
                if peer is not None:
                    loop.run_until_complete(peer.stop())
                peer = make(name, WORKLOADS[command["workload"]], command["base"])
                loop.run_until_complete(peer.start())
                answer: dict[str, Any] = {"versions": peer.versions(name)}
            elif peer is None:
                raise RuntimeError("nothing is open")
            elif command["do"] == "idle":
                answer = loop.run_until_complete(idle(peer))
            else:
                answer = measure(loop, operation(peer), command["n"])
        except Exception as error:  # the runner prints it and goes on with the other peers
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()
    if peer is not None:
        loop.run_until_complete(peer.stop())
    loop.close()


if __name__ == "__main__":
    main(sys.argv[1])
