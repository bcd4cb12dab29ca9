"""mypy and pyright over programs written for the official SDK: right ones pass, mistakes are seen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
WRONG = PROGRAMS / "wrong_program.py"
RIGHT = sorted(set(PROGRAMS.glob("*_program.py")) - {WRONG})


def mypy(*files: Path) -> set[tuple[str, int, str]]:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--output=json"]
    run = subprocess.run(
        [*command, *map(str, files)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {(Path(f["file"]).name, f["line"], f["message"]) for f in found if f["severity"] == "error"}


def pyright(*files: Path) -> set[tuple[str, int, str]]:
    run = subprocess.run(
        # Left alone, pyright looks into whatever `python` is on the path.
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", *map(str, files)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found = json.loads(run.stdout)["generalDiagnostics"]
    return {
        (Path(f["file"]).name, f["range"]["start"]["line"] + 1, f["message"])
        for f in found
        if f["severity"] == "error"
    }


@pytest.fixture(params=[mypy, pyright], ids=["mypy", "pyright"])
def checker(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.mark.slow
def test_right_programs_pass(checker: object) -> None:
    assert callable(checker)
    assert checker(*RIGHT) == set()


@pytest.mark.slow
def test_mistakes_are_seen(checker: object) -> None:
    assert callable(checker)
    lines = WRONG.read_text("utf-8").splitlines()
    wanted = {number for number, line in enumerate(lines, 1) if "# ERROR" in line}
    assert {line for _, line, _ in checker(WRONG)} == wanted


def test_programs_differ_from_the_official_ones_by_their_imports_only() -> None:
    for program in RIGHT:
        imports = re.findall(r"^(?:from|import) (\w+)", program.read_text("utf-8"), re.MULTILINE)
        assert set(imports) <= {"__future__", "asyncio", "pathlib", "typing_extensions", "oxide"}
