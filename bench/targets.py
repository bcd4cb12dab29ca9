"""What oxide has to reach: ratios of CPU time per operation in one run, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A bound for one workload.

    Attributes:
        workload: Name of the workload.
        against: The peer oxide is divided by; empty for an absolute bound.
        bound: Largest ratio, or largest size in bytes, that meets the target.
        what: ``cpu`` (ratio of CPU time) or ``bytes`` (peak memory, or memory per stream).
    """

    workload: str
    against: str
    bound: float
    what: str = "cpu"

    def label(self) -> str:
        """The bound as the table prints it."""
        if self.what == "bytes":
            kb = self.bound < 1_000_000
            return f"≤ {self.bound / 1000:g} KB" if kb else f"≤ {self.bound / 1e6:g} MB"
        return f"≤ {self.bound:g} × {self.against}"

    def value(self, measured: dict[str, Any]) -> float | None:
        """What was measured of it in one workload's results; None when one of the peers is missing."""
        if self.what == "bytes":
            size = measured["peers"].get("oxide", {}).get("bytes")
            return None if size is None else float(size["median"])
        ratio = measured["ratios"].get(self.against)
        return None if ratio is None else float(ratio["median"])


TARGETS = (
    Target("tiny", "aiohttp", 0.45),
    Target("tiny", "official", 0.05),
    Target("tiny-responses", "aiohttp", 0.45),
    Target("tiny-responses", "official", 0.05),
    Target("heavy", "aiohttp", 0.9),
    Target("response-288k", "aiohttp", 0.6),
    Target("parse-300k", "pydantic", 1.15),
    Target("embeddings", "aiohttp", 0.9),
    Target("embeddings", "official", 0.6),
    Target("chat-114-one", "aiohttp", 0.35),
    Target("chat-114-chunks", "aiohttp", 0.35),
    Target("responses-106", "aiohttp", 0.35),
    Target("responses-10k-chunks", "aiohttp", 0.35),
    Target("responses-10k-chunks", "official", 0.012),
    Target("responses-10k-16k", "aiohttp", 0.5),
    Target("chat-10k-chunks", "aiohttp", 0.35),
    Target("chat-10k-16k", "aiohttp", 0.5),
    Target("chat-helper-10k", "official", 0.015),
    Target("responses-helper-10k", "official", 0.015),
    Target("parallel-50", "aiohttp", 0.5),
    Target("idle-1000", "", 25_000, "bytes"),
    Target("import", "official", 0.15),
    Target("import", "", 30_000_000, "bytes"),
    Target("cold", "official", 0.4),
)


def missed(results: dict[str, Any]) -> list[str]:
    """One line for each target that ``results`` (as kept in JSON) miss or could not measure."""
    out = []
    for target in TARGETS:
        measured = results["workloads"].get(target.workload)
        if measured is None:
            continue
        value = target.value(measured)
        if value is None:
            out.append(f"{target.workload}: {target.label()} not measured")
        elif value > target.bound:
            shown = f"{value / 1000:,.1f} KB" if target.what == "bytes" else f"{value:.3f}"
            out.append(f"{target.workload}: {target.label()} missed with {shown}")
    return out
