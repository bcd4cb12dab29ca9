"""The pytest plugin in sessions of its own, with and without something that runs asynchronous fixtures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.oxide_server(reply="from the marker")
async def test_server_and_client(oxide_server, oxide_client):
    answer = await oxide_client.responses.create(model="m", input="x")
    assert answer.output_text == "from the marker"
    assert len(oxide_server.journal) == 1
"""
SERVER_ONLY = """
import pytest
import urllib.request

{mark}
async def test_server(oxide_server):
    assert oxide_server.base_url.startswith("http://127.0.0.1:")
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *options]
    # The editable build of a checkout brings a module that pytest warns about.
    command += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    if "no:asyncio" not in options:
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_with_pytest_asyncio(tmp_path: Path, mode: str) -> None:
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    (tmp_path / "test_it.py").write_text(SERVER_ONLY.format(mark=mark))
    done = run(tmp_path, "--asyncio-mode", mode)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_client_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = run(tmp_path, "--asyncio-mode", "auto")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_with_anyio_only(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SERVER_ONLY.format(mark="@pytest.mark.anyio"))
    (tmp_path / "conftest.py").write_text(
        "import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    )
    done = run(tmp_path, "-p", "no:asyncio")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_a(oxide_server): pass\ndef test_b(oxide_client): pass\ndef test_c(): pass\n"
    )
    done = run(tmp_path, "-p", "no:asyncio", "-p", "no:anyio")
    assert "1 passed, 2 errors" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("pip install pytest-asyncio") >= 2


def test_nothing_is_imported_at_the_start() -> None:
    code = (
        "import sys, oxide.testing.plugin\n"
        "heavy = ('aiohttp', 'pydantic', 'orjson', 'pytest_asyncio', 'asyncio', 'oxide.testing.server')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_describes_its_fixtures_and_marker(tmp_path: Path) -> None:
    done = run(tmp_path, "--markers")
    assert "@pytest.mark.oxide_server(**options)" in done.stdout
    done = run(tmp_path, "--fixtures")
    assert "oxide_server" in done.stdout
    assert "An embedded OpenAI-compatible server" in done.stdout
