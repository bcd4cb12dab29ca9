"""The fixtures as pytest-asyncio wants them, in its strict mode too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from ._fixtures import client_for, server_for

if TYPE_CHECKING:
    from oxide import AsyncOpenAI
    from oxide.testing import Server

__all__ = ["oxide_client", "oxide_server"]


@pytest_asyncio.fixture
async def oxide_server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """An embedded OpenAI-compatible server for one test; its arguments: `@pytest.mark.oxide_server(...)`."""
    async for server in server_for(request):
        yield server


@pytest_asyncio.fixture
async def oxide_client(oxide_server: Server) -> AsyncIterator[AsyncOpenAI]:
    """An `oxide.AsyncOpenAI` pointed at `oxide_server`."""
    async for client in client_for(oxide_server):
        yield client
