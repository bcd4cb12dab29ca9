"""Fixtures of the pytest-benchmark suites: one server process for all, one loop for each benchmark."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Behind everything installed: the source tree must not shadow the oxide with compiled modules.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.runner import server


def pytest_configure() -> None:
    """Refuse to measure the source tree, which lacks the compiled modules, instead of the package."""
    from oxide._backend import FORCED, NATIVE

    if not NATIVE and not FORCED:
        raise pytest.UsageError(
            "the oxide found has no compiled modules: `pip install .`, then `pytest bench` "
            "(`python -m pytest` puts the source tree first); OXIDE_BACKEND=python measures the twins"
        )


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """Address of the bench's server."""
    with server() as address:
        yield address


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the benchmark's own, closed after it."""
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    yield made
    made.run_until_complete(made.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    made.close()
