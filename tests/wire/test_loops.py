"""One client in several event loops, forgotten clients, forked processes."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import warnings
from typing import Any

import pytest
from yarl import URL

from oxide.testing import Answer, Server
from oxide.timeouts import Timeout
from oxide.transport import HTTPOptions, Transport, lanes
from oxide.transport.request import HeaderBlock, PreparedRequest


def request_to(server: Any, path: str = "/models", **more: Any) -> PreparedRequest:
    return PreparedRequest("GET", URL(server.base_url + path), HeaderBlock(), None, Timeout(5), **more)


@pytest.fixture
def server() -> Any:
    with Server.thread() as server:
        yield server


async def twice(transport: Transport, server: Any) -> list[bool]:
    return [(await transport.request(request_to(server))).is_reused for _ in range(2)]


def test_one_loop_after_another(lane: str, server: Any, capfd: pytest.CaptureFixture[str]) -> None:
    transport = Transport()
    for _ in range(3):
        assert asyncio.run(twice(transport, server)) == [False, True]
    wait_for(lambda: server.server.open_connections == 0)
    assert server.server.accepted == 3
    assert len(transport._lanes._held) <= 1
    del transport
    gc.collect()
    assert capfd.readouterr().err == ""
    assert not lanes._keepers


def test_uvloop(lane: str, server: Any, capfd: pytest.CaptureFixture[str]) -> None:
    uvloop = pytest.importorskip("uvloop")
    transport = Transport()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _ in range(2):
            loop = uvloop.new_event_loop()
            assert loop.run_until_complete(twice(transport, server)) == [False, True]
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        wait_for(lambda: server.server.open_connections == 0)
        assert asyncio.run(twice(transport, server)) == [False, True]
        del transport, loop
        gc.collect()
    wait_for(lambda: server.server.open_connections == 0)
    assert "Warning" not in capfd.readouterr().err


def test_a_stream_left_open_when_its_loop_ends(lane: str, server: Any, capfd: Any) -> None:
    server.script("/s", Answer.sse([{"n": 1}, {"n": 2}], gap=20), times=None)
    transport = Transport()

    async def leave(transport: Transport) -> None:
        answer = await transport.request(request_to(server, "/s", stream=True))
        async for _ in answer.aiter_bytes():
            break

    for _ in range(2):
        asyncio.run(leave(transport))
    wait_for(lambda: server.server.open_connections == 0)
    assert asyncio.run(twice(transport, server)) == [False, True]
    del transport
    gc.collect()
    assert capfd.readouterr().err == ""


def test_loops_side_by_side(lane: str, server: Any) -> None:
    transport = Transport()
    results: list[list[bool]] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        async def main() -> None:
            await asyncio.to_thread(barrier.wait)
            results.append(await twice(transport, server))

        asyncio.run(main())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == [[False, True]] * 4
    wait_for(lambda: server.server.open_connections == 0)


def test_a_loop_closed_without_ceremony(lane: str, server: Any, capfd: Any) -> None:
    transport = Transport()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _ in range(3):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(twice(transport, server)) == [False, True]
            loop.close()
            del loop
        asyncio.run(twice(transport, server))
        assert len(transport._lanes._held) <= 1
        del transport
        gc.collect()
    wait_for(lambda: server.server.open_connections == 0)
    assert "ResourceWarning" not in capfd.readouterr().err


def test_closing_from_another_loop(lane: str, server: Any) -> None:
    transport = Transport()
    ready, done = threading.Event(), threading.Event()
    errors: list[BaseException] = []
    server.script("/hang", Answer.hang(), times=None)

    def work() -> None:
        async def main() -> None:
            await twice(transport, server)
            call = asyncio.ensure_future(transport.request(request_to(server, "/hang", max_retries=3)))
            await asyncio.sleep(0.1)
            ready.set()
            try:
                await asyncio.wait_for(call, 5)
            except BaseException as exc:
                errors.append(exc)
            done.set()

        asyncio.run(main())

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(5)

    async def close() -> None:
        await transport.close()

    asyncio.run(close())
    thread.join(10)
    assert done.is_set()
    assert "closed" in str(errors[0])
    wait_for(lambda: server.server.open_connections == 0)


async def test_a_client_nobody_closed(lane: str, oxide_server: Server, capfd: Any) -> None:
    transport = Transport()
    assert await twice(transport, oxide_server) == [False, True]
    before = asyncio.all_tasks()
    assert oxide_server.open_connections == 1
    del transport
    gc.collect()
    assert asyncio.all_tasks() == before, "no task is made from __del__"
    for _ in range(100):
        if not oxide_server.open_connections:
            break
        await asyncio.sleep(0.01)
    assert oxide_server.open_connections == 0
    gc.collect()
    assert capfd.readouterr().err == ""


def test_a_client_dropped_in_another_thread(lane: str, server: Any) -> None:
    holder = [Transport()]

    async def main() -> None:
        await twice(holder[0], server)
        await asyncio.to_thread(holder.clear)
        gc.collect()
        for _ in range(100):
            if not server.server.open_connections:
                return
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert server.server.open_connections == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork(lane: str, secure: bool, tls_files: Any) -> None:
    more = {"ssl": tls_files.server_context()} if secure else {}
    with Server.thread(**more) as server:
        check_fork(Transport(options=HTTPOptions(verify=str(tls_files.ca))), server)


def check_fork(transport: Transport, server: Any) -> None:
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(twice(transport, server)) == [False, True]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio._set_running_loop(None)
            seen = asyncio.run(twice(transport, server))
            gc.collect()
            os.write(writer, repr(seen).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"[False, True]", "the child has a pool of its own"
    assert status == 0
    # The parent's connection is still its own, and alive.
    assert loop.run_until_complete(twice(transport, server)) == [True, True]
    loop.run_until_complete(transport.close())
    # asyncio of 3.10 closes a TLS transport over several turns of the loop, one after the server answered.
    loop.run_until_complete(asyncio.sleep(0.2))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
