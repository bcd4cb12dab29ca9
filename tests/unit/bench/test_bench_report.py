"""Statistics, targets and the table."""

from __future__ import annotations

from typing import Any

import pytest

from bench import report
from bench.__main__ import chosen
from bench.stats import operations, ratios, spread
from bench.targets import TARGETS, missed
from bench.workloads import WORKLOADS


def results(cpu: float = 0.0001, size: float = 20_000.0) -> dict[str, Any]:
    peers: dict[str, Any] = {
        "oxide": {"cpu": spread([cpu]), "bytes": spread([size]), "n": 1, "samples": [cpu]},
        "aiohttp": {"cpu": spread([0.0005]), "n": 1, "samples": [0.0005]},
        "official": {"cpu": spread([0.01]), "n": 1, "samples": [0.01]},
    }
    against = {name: ratios([cpu], peers[name]["samples"]) for name in ("aiohttp", "official")}
    meta = {
        "rounds": 1,
        "peers": list(peers),
        "versions": {"oxide": {"oxide": "0"}},
        "skipped": {"rust": "needs CPython 3.9"},
        "failed": {},
        "machine": "m",
        "system": "s",
        "python": "3",
        "date": "d",
    }
    return {
        "meta": meta,
        "workloads": {name: {"peers": peers, "ratios": against} for name in ("tiny", "idle-1000")},
    }


def test_ratios_are_paired_by_round() -> None:
    assert ratios([1.0, 20.0, 3.0], [2.0, 40.0, 6.0]) == {
        "median": 0.5,
        "q1": 0.5,
        "q3": 0.5,
        "min": 0.5,
        "max": 0.5,
    }
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [1.0, 2.0])


def test_spread_of_one_and_of_none() -> None:
    assert spread([2.0]) == {"median": 2.0, "q1": 2.0, "q3": 2.0, "min": 2.0, "max": 2.0}
    with pytest.raises(ValueError, match="no samples"):
        spread([])


def test_operations_fill_the_budget_but_not_the_clock() -> None:
    assert operations(0.001, 0.001, 0.2) == 200
    assert operations(0.001, 0.1, 0.2) == 6
    assert operations(1.0, 1.0, 0.2) == 1
    assert operations(1e-9, 1e-9, 1.0) == 5_000


def test_met_and_missed_targets() -> None:
    assert missed(results()) == []
    assert missed(results(cpu=0.0003)) == ["tiny: ≤ 0.45 × aiohttp missed with 0.600"]
    assert missed(results(size=26_000.0)) == ["idle-1000: ≤ 25 KB missed with 26.0 KB"]


def test_a_target_that_could_not_be_measured_is_not_met() -> None:
    made = results()
    del made["workloads"]["tiny"]["ratios"]["official"]
    assert missed(made) == ["tiny: ≤ 0.05 × official not measured"]


def test_table_shows_target_and_verdict() -> None:
    text = " ".join(report.table(results(cpu=0.0003)).split())
    assert "≤ 0.45 × aiohttp" in text
    assert "0.600 (0.600 – 0.600) MISSED" in text
    assert "0.030 (0.030 – 0.030) met" in text
    assert "20.0 KB" in text
    assert report.table(results(), markdown=True).startswith(
        "| workload | oxide | aiohttp | official | target |"
    )
    assert "skipped rust: needs CPython 3.9" in report.legend(results())


def test_comparison_of_two_runs() -> None:
    text = report.comparison(results(cpu=0.0001), results(cpu=0.0002))
    assert "+100.0%" in text


def test_every_target_names_a_workload() -> None:
    assert {target.workload for target in TARGETS} <= set(WORKLOADS)


def test_choice_by_pattern() -> None:
    assert chosen(("tiny", "tiny-responses", "heavy"), "tiny*", "workload") == ["tiny", "tiny-responses"]
    with pytest.raises(SystemExit, match="no workload matches"):
        chosen(("tiny",), "huge", "workload")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (0.25, "250 ms"), (0.00005, "50 µs"), (1e-7, "0.1 µs")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert report.duration(seconds) == shown


def test_readme_table_holds_the_ratios() -> None:
    head, rule, tiny, idle = report.readme_table(results()).splitlines()
    assert head == "| workload | oxide | ÷ aiohttp + orjson, untyped | ÷ official SDK |"
    assert rule == "|---|---|---|---|"
    about = WORKLOADS["tiny"].about
    assert tiny == f"| `tiny`: {about} | 100 µs | 0.200 (0.200 – 0.200) | 0.010 (0.010 – 0.010) |"
    assert idle.startswith("| `idle-1000`: ")


def test_readme_table_says_what_validation_alone_costs() -> None:
    kept = results()
    ratio = {"median": 1.1, "min": 1.0, "max": 1.2}
    kept["workloads"] = {"parse-300k": kept["workloads"]["tiny"]}
    kept["workloads"]["parse-300k"]["ratios"]["pydantic"] = ratio
    row = report.readme_table(kept).splitlines()[-1]
    assert "; 1.100 (1.000 – 1.200) × the validation alone | " in row
    assert report.readme_table(kept).splitlines()[0].endswith("official SDK |")
