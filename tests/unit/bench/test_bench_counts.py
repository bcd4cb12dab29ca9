"""What becomes of callgrind's dumps: counts per operation, limits, verdicts. The cases run without it."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from bench import count_cases, count_cold, counts

LIMITS: dict[str, Any] = {
    "default": "here",
    "tolerance": 0.03,
    "loopback_tolerance": 0.06,
    "ratio_tolerance": 0.3,
    "counts": {"here": {"ref.python": 1_000, "ref.orjson": 500, "json.pluck": 100}},
}


def counted(pluck: float, python: float = 1_000.0, orjson: float = 500.0) -> dict[str, float]:
    return {"ref.python": python, "ref.orjson": orjson, "json.pluck": pluck}


def test_the_difference_of_two_runs_counts() -> None:
    case = count_cases.CASES["json.pluck"]
    assert counts.per_operation([9_999, 50 + 7 * case.n, 50 + 7 * case.m], ["json.pluck"]) == {
        "json.pluck": 7.0
    }
    with pytest.raises(ValueError, match="2 dumps for 1 cases"):
        counts.per_operation([1, 2], ["json.pluck"])


def test_quotients_of_two_cases() -> None:
    bounds = {"a / b": 0.9, "b / a": 2.0, "a / missing": 1.0}
    verdicts = counts.quotients({"a": 95.0, "b": 100.0}, bounds)
    assert [(v.name, v.failed) for v in verdicts] == [("a / b", True), ("b / a", False)]
    assert "0.950" in counts.show(verdicts)


def test_total_of_a_dump() -> None:
    assert counts.total("version: 1\nfn=(1)\n0 91\n\ntotals: 13284956\n") == 13_284_956
    with pytest.raises(ValueError, match="without totals"):
        counts.total("version: 1\n")


@pytest.mark.parametrize(("pluck", "failed"), [(90.0, False), (102.9, False), (103.1, True)])
def test_same_build_is_held_to_stored_counts(pluck: float, failed: bool) -> None:
    how, verdicts = counts.judge(counted(pluck), LIMITS, "here")
    assert "stored counts" in how
    assert [v.failed for v in verdicts] == [False, False, failed]


@pytest.mark.parametrize(("where", "why"), [("here", "another build"), ("elsewhere", "no counts stored")])
@pytest.mark.parametrize(("pluck", "failed"), [(250.0, False), (261.0, True)])
def test_another_build_is_held_to_multiples_of_the_reference(
    where: str, why: str, pluck: float, failed: bool
) -> None:
    how, verdicts = counts.judge(counted(pluck, python=1_200.0, orjson=1_000.0), LIMITS, where)
    assert why in how
    assert [v.failed for v in verdicts] == [False, False, failed]
    assert "EXCEEDED" in counts.show(verdicts) if failed else "EXCEEDED" not in counts.show(verdicts)


def test_loopback_has_more_slack() -> None:
    limits = {**LIMITS, "counts": {"here": {**counted(100.0), "call.chat": 100}}}
    _, verdicts = counts.judge({**counted(100.0), "call.chat": 105.9}, limits, "here")
    assert not any(v.failed for v in verdicts)
    _, verdicts = counts.judge({**counted(100.0), "call.chat": 106.1}, limits, "here")
    assert [v.name for v in verdicts if v.failed] == ["call.chat"]


def test_a_case_without_a_limit_is_shown_and_passes() -> None:
    _, verdicts = counts.judge({**counted(1.0), "new": 5.0}, LIMITS, "here")
    assert verdicts[-1] == counts.Verdict("new", 5.0, None, None)
    assert not verdicts[-1].failed


def test_update_replaces_this_build_only() -> None:
    made = counts.updated(LIMITS, "elsewhere", {"json.pluck": 12.6})
    assert made["counts"]["here"] == LIMITS["counts"]["here"]
    assert made["counts"]["elsewhere"] == {"json.pluck": 13}
    assert counts.updated(LIMITS, "here", {"json.pluck": 99.0})["counts"]["here"]["ref.python"] == 1_000


def test_every_case_runs_and_is_marked() -> None:
    from bench.runner import server

    marks: list[int] = []
    with server() as base:
        count_cases.run(list(count_cases.CASES), base, lambda: marks.append(1))
    assert len(marks) == 3 * len(count_cases.CASES)


def test_a_first_call_is_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.runner import server

    marks: list[int] = []
    monkeypatch.setattr(os, "ctermid", lambda: marks.append(1))
    with server() as base:
        monkeypatch.setattr(sys, "argv", ["count_cold", f"{base}/cold/v1"])
        count_cold.main()
    assert len(marks) == len(count_cold.PARTS)


def test_a_mark_ends_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def dumps(module: list[str], count: int, keep: object) -> list[int]:
        ran.append(module)
        return [10, 20, 3]

    monkeypatch.setattr(counts, "_dumps", dumps)
    assert counts.measure_cold() == {"cold.pydantic": 10, "cold.aiohttp": 20, "cold.call": 3}
    assert ran[0][0] == "bench.count_cold"
