"""Connections the compiled lane keeps at hand between requests."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from oxide._backend import NATIVE
from oxide.testing import Server
from oxide.timeouts import DEFAULT_TIMEOUT
from oxide.transport.request import Attempt, HeaderBlock, PreparedRequest
from oxide.transport.wire_common import WireLimits

pytestmark = pytest.mark.skipif(not NATIVE, reason="the pure lane leaves this to aiohttp's pool")


@pytest_asyncio.fixture
async def lanes() -> AsyncIterator[Any]:
    made: list[Any] = []

    def make(limit: int = 10, keep_alive: float = 60.0) -> Any:
        module = importlib.import_module("oxide.transport.wire_c")
        connector = aiohttp.TCPConnector(limit=limit)
        limits = WireLimits(keep_alive=keep_alive)
        made.append(module.WireLane(connector, loop=asyncio.get_running_loop(), limits=limits))
        return made[-1]

    yield make
    for lane in made:
        lane.close()
        await lane.connector.close()


async def ask(lane: Any, server: Server, fresh: bool = False) -> bool:
    url = URL(f"{server.base_url}/models")
    prepared = PreparedRequest("GET", url, HeaderBlock(), None, DEFAULT_TIMEOUT)
    answer = await lane.send(prepared, Attempt(0, [], lane.loop.time(), None, fresh))
    assert answer.status == 200
    return bool(answer.is_reused)


async def test_calls_one_after_another_share_a_connection(oxide_server: Server, lanes: Any) -> None:
    lane = lanes()
    assert [await ask(lane, oxide_server) for _ in range(5)] == [False, True, True, True, True]
    assert oxide_server.accepted == 1
    assert await ask(lane, oxide_server, fresh=True) is False


async def test_a_connection_the_server_closed_is_not_used(oxide_server: Server, lanes: Any) -> None:
    lane = lanes()
    await ask(lane, oxide_server)
    oxide_server.close_connections()
    await asyncio.sleep(0.05)
    assert await ask(lane, oxide_server) is False


async def test_unused_connections_are_closed(oxide_server: Server, lanes: Any) -> None:
    lane = lanes(keep_alive=0.05)
    await ask(lane, oxide_server)
    assert oxide_server.open_connections == 1
    await asyncio.sleep(0.2)
    assert oxide_server.open_connections == 0
    assert await ask(lane, oxide_server) is False


async def test_connections_at_hand_do_not_use_up_the_limit(oxide_server: Server, lanes: Any) -> None:
    lane = lanes(limit=1)
    async with Server() as other:
        for _ in range(3):
            await asyncio.wait_for(ask(lane, oxide_server), 5)
            await asyncio.wait_for(ask(lane, other), 5)
        await asyncio.wait_for(asyncio.gather(*(ask(lane, oxide_server) for _ in range(5))), 5)
