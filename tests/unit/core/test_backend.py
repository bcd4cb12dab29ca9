"""Which implementation is in use, and how a choice is forced: each in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from oxide import cpu
from oxide._backend import NATIVE

SHOW = "import json; from oxide.cpu import cpu_features as f; print(json.dumps(f()))"
native_only = pytest.mark.skipif(not NATIVE, reason="this installation has no compiled modules")


def run(code: str = SHOW, /, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("OXIDE_BACKEND", "OXIDE_ISA")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**clean, **environment}, capture_output=True, text=True, timeout=60
    )


def features(**environment: str) -> dict[str, object]:
    done = run(**environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def refusal(code: str = SHOW, /, **environment: str) -> str:
    done = run(code, **environment)
    assert done.returncode == 1, done.stdout
    assert "ImportError" in done.stderr
    return done.stderr.splitlines()[-1]


def test_this_process() -> None:
    found = cpu.cpu_features()
    assert set(found) == set(cpu.CpuFeatures.__annotations__)
    assert found["backend"] == ("native" if NATIVE else "python")
    assert found["json"]


@native_only
def test_the_best_row_is_taken() -> None:
    found = features()
    rows = found["rows"]
    assert isinstance(rows, list)
    assert rows[-1] == "scalar"
    assert (found["backend"], found["isa"], found["isa_forced"], found["backend_forced"]) == (
        "native",
        rows[0],
        False,
        False,
    )
    if platform.machine() == "aarch64":
        assert rows == ["neon", "scalar"]


@native_only
def test_each_usable_row_can_be_forced() -> None:
    rows = features()["rows"]
    assert isinstance(rows, list)
    for row in rows:
        found = features(OXIDE_ISA=row)
        assert (found["isa"], found["isa_forced"]) == (row, True)


@native_only
@pytest.mark.parametrize("row", ["neon" if platform.machine() == "x86_64" else "avx2", "sse9", "AVX2"])
def test_an_unusable_row_raises_with_the_usable_ones(row: str) -> None:
    rows = features()["rows"]
    assert isinstance(rows, list)
    message = refusal(OXIDE_ISA=row)
    assert repr(row) in message
    assert all(usable in message for usable in rows)


def test_the_pure_backend_can_be_forced() -> None:
    found = features(OXIDE_BACKEND="python")
    assert (found["backend"], found["backend_forced"], found["isa"], found["rows"]) == (
        "python",
        True,
        None,
        [],
    )


def test_an_unknown_backend_raises() -> None:
    message = refusal(OXIDE_BACKEND="rust")
    assert "'rust'" in message
    assert "'native'" in message
    assert "'python'" in message


def test_a_row_without_the_compiled_backend_raises() -> None:
    assert "OXIDE_BACKEND=native" in refusal(OXIDE_BACKEND="python", OXIDE_ISA="scalar")


def test_native_without_compiled_modules_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from oxide import _backend

    monkeypatch.setattr(_backend, "_native_available", lambda: False)
    with pytest.raises(ImportError, match=r"gcc and g\+\+"):
        _backend._choose("native", "")
    assert _backend._choose("", "") is False


def test_empty_settings_are_none() -> None:
    assert features(OXIDE_BACKEND="", OXIDE_ISA="") == features()


@pytest.mark.parametrize("variable", ["OXIDE_ISA", "OXIDE_BACKEND"])
def test_an_impossible_choice_is_refused_when_a_client_is_made(variable: str) -> None:
    code = "import oxide; oxide.AsyncOpenAI(api_key='k')"
    assert f"{variable}='bogus'" in refusal(code, **{variable: "bogus"})
    assert run(code).returncode == 0
