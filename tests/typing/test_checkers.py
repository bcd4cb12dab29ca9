"""mypy and pyright over programs written for the official SDK: right with either import, mistakes seen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
WRONG = PROGRAMS / "wrong_program.py"
REVEALED = PROGRAMS / "revealed_program.py"
OWN = PROGRAMS / "own_program.py"
RIGHT = sorted(set(PROGRAMS.glob("*_program.py")) - {WRONG, OWN})


# Files share one run, and the official package one cache: checking it takes longer than the programs do.
Found = dict[str, set[tuple[str, int, str]]]


def mypy(cache: Path, *files: Path) -> Found:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--output=json"]
    run = subprocess.run(
        [*command, f"--cache-dir={cache}", *map(str, files)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: Found = {"error": set(), "revealed": set()}
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            said = json.loads(line)
            place = (Path(said["file"]).name, said["line"], said["message"])
            if said["severity"] == "error":
                found["error"].add(place)
            elif said["message"].startswith("Revealed type is"):
                found["revealed"].add(place)
    return found


def pyright(_: Path, *files: Path) -> Found:
    run = subprocess.run(
        # Left alone, pyright looks into whatever `python` is on the path.
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", *map(str, files)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    found: Found = {"error": set(), "revealed": set()}
    for said in json.loads(run.stdout)["generalDiagnostics"]:
        place = (Path(said["file"]).name, said["range"]["start"]["line"] + 1, said["message"])
        if said["severity"] in ("error", "information"):
            found["error" if said["severity"] == "error" else "revealed"].add(place)
    return found


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """What a checker says about the programs, about the same ones with `openai`, and about the mistakes."""
    folder = tmp_path_factory.mktemp("official")
    copies: list[Path] = []
    for program in RIGHT:
        copies.append(folder / program.name)
        copies[-1].write_text(re.sub(r"\boxide\b", "openai", program.read_text("utf-8")), "utf-8")
    cache = tmp_path_factory.mktemp("cache")
    return {
        "oxide": request.param(cache, *RIGHT, OWN),
        "openai": request.param(cache, *copies),
        "mistakes": request.param(cache, WRONG),
    }


def plain(message: str) -> str:
    """A type as it is said, without the modules its names are in and without what only oxide's has: events
    beside the official ones, which are none unless asked for."""
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", message).replace(", Never]", "]")


@pytest.mark.slow
def test_programs_pass_with_either_import(checked: dict[str, Found]) -> None:
    assert checked["oxide"]["error"] == set()
    assert checked["openai"]["error"] == set()


@pytest.mark.slow
def test_types_are_inferred_alike(checked: dict[str, Found]) -> None:
    mine, official = (
        {(line, plain(said)) for file, line, said in checked[name]["revealed"] if file == REVEALED.name}
        for name in ("oxide", "openai")
    )
    assert len(mine) == REVEALED.read_text("utf-8").count("    reveal_type(")
    assert mine == official


@pytest.mark.slow
def test_mistakes_are_seen(checked: dict[str, Found]) -> None:
    lines = WRONG.read_text("utf-8").splitlines()
    wanted = {number for number, line in enumerate(lines, 1) if "# ERROR" in line}
    assert {line for _, line, _ in checked["mistakes"]["error"]} == wanted


def test_programs_differ_from_the_official_ones_by_their_imports_only() -> None:
    for program in RIGHT:
        imports = re.findall(r"^(?:from|import) (\w+)", program.read_text("utf-8"), re.MULTILINE)
        assert set(imports) <= {
            "__future__",
            "asyncio",
            "contextlib",
            "pathlib",
            "pydantic",
            "typing",
            "typing_extensions",
            "oxide",
        }
