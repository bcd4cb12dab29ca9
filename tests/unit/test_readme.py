"""The README keeps its word: its examples run, its figures are those of the results that are kept."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxide.testing import Server

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARKER = "<!-- measured: bench/results.json -->"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an embedded server."""
    with Server.thread() as running:
        yield running.base_url


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(number: int, server: str, tmp_path: Path) -> None:
    code = EXAMPLES[number]
    is_test = "def test_" in code
    script = tmp_path / ("test_example.py" if is_test else "example.py")
    script.write_text(code, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    if is_test:
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        )
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(script)]
    environment = {**os.environ, "OPENAI_BASE_URL": server, "OPENAI_API_KEY": "sk-readme"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_test or done.stdout.strip(), "an example shows something"
    assert done.stderr == ""


def test_files_and_modules_the_readme_names_exist() -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path


def test_figures_are_those_of_the_kept_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is to the letter what the bench prints for the kept results; without them there is none."""
    # Last on the path: the checkout must not shadow the installed package.
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])
    from bench.report import readme_table

    kept = ROOT / "bench" / "results.json"
    _, found, after = README.partition(MARKER + "\n")
    assert found, f"README.md has no line {MARKER}"
    shown = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
    expected = (
        readme_table(json.loads(kept.read_text(encoding="utf-8"))).splitlines() if kept.exists() else []
    )
    assert shown == expected, (
        "put into README.md what `python -m bench --load bench/results.json --readme` prints"
    )
