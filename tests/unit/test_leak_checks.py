"""The test base itself: what leaks is named, what does not leak passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
PREAMBLE = """
import asyncio, socket, sys, types
import pytest
from oxide.testing import Server
kept = []
module = types.ModuleType("oxide.fake_native")
module.live = 0
module._live_objects = lambda: {"thing": module.live}
sys.modules["oxide.fake_native"] = module

async def forever():
    await asyncio.sleep(3600)
"""
LEAKS = {
    "task": ("async def test_it(): kept.append(asyncio.ensure_future(forever()))", "task <Task pending"),
    "socket": ("async def test_it(): kept.append(socket.socket())", "socket:["),
    "socket in a plain test": ("def test_it(): kept.append(socket.socket())", "socket:["),
    "native object": ("def test_it(): module.live = 2", "2 native objects oxide.fake_native.thing"),
    "native object in a loop": (
        "async def test_it(): module.live = 1",
        "1 native objects oxide.fake_native.thing",
    ),
    "server": ("async def test_it(): kept.append(await Server().start())", "socket:["),
}
CLEAN = """
async def test_server(oxide_server):
    reader, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    writer.close()

async def test_cancelled():
    asyncio.ensure_future(forever()).cancel()

@pytest.mark.leaks_allowed("to see that the marker works")
async def test_marked():
    kept.append(socket.socket())

async def test_debug():
    assert asyncio.get_running_loop().get_debug()

@pytest.mark.loop_debug_off
async def test_no_debug():
    assert not asyncio.get_running_loop().get_debug()
"""


def run(folder: Path, code: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text(PREAMBLE + code)
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", LEAKS)
def test_leak_is_named(tmp_path: Path, kind: str) -> None:
    code, message = LEAKS[kind]
    shown = run(tmp_path, code)
    assert "1 passed, 1 error" in shown, shown
    assert message in shown
    assert "left behind by the test" in shown


def test_what_does_not_leak_passes(tmp_path: Path) -> None:
    shown = run(tmp_path, CLEAN)
    assert "5 passed" in shown, shown
    assert "error" not in shown
