"""The fixtures as plain asynchronous generators, which anyio's pytest plugin runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from oxide import AsyncOpenAI
    from oxide.testing import Server

__all__ = ["client_for", "oxide_client", "oxide_server", "server_for"]


async def server_for(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """A server for one test, made with the arguments of its `oxide_server` marker."""
    from .server import Server

    marker: pytest.Mark | None = request.node.get_closest_marker("oxide_server")
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    async with Server(**options) as server:
        yield server


async def client_for(server: Server) -> AsyncIterator[AsyncOpenAI]:
    """A client of `server` for one test, closed at its end."""
    from oxide import AsyncOpenAI

    key = server.api.api_key or "oxide-test-key"
    async with AsyncOpenAI(api_key=key, base_url=server.base_url) as client:
        yield client


@pytest.fixture
async def oxide_server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """An embedded OpenAI-compatible server for one test; its arguments: `@pytest.mark.oxide_server(...)`."""
    async for server in server_for(request):
        yield server


@pytest.fixture
async def oxide_client(oxide_server: Server) -> AsyncIterator[AsyncOpenAI]:
    """An `oxide.AsyncOpenAI` pointed at `oxide_server`."""
    async for client in client_for(oxide_server):
        yield client
