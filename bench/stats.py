"""Medians and spreads of samples and of ratios paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TypedDict


class Spread(TypedDict):
    """A median with its quartiles and extremes."""

    median: float
    q1: float
    q3: float
    min: float
    max: float


def spread(values: Sequence[float]) -> Spread:
    """Summarise ``values``.

    Args:
        values: At least one number.

    Returns:
        Median, first and third quartile (inclusive method), smallest and largest.

    Raises:
        ValueError: ``values`` is empty.
    """
    if not values:
        raise ValueError("no samples")
    ordered = sorted(values)
    if len(ordered) == 1:
        q1 = q3 = ordered[0]
    else:
        q1, _, q3 = statistics.quantiles(ordered, n=4, method="inclusive")
    return {"median": statistics.median(ordered), "q1": q1, "q3": q3, "min": ordered[0], "max": ordered[-1]}


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The spread of ``ours[i] / theirs[i]``: each round is a pair, what slowed both of them cancels out."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def operations(cpu: float, wall: float, budget: float, most: int = 5_000) -> int:
    """Operations that make a sample of ``budget`` CPU seconds, and at most three times that by the clock."""
    return max(1, min(most, int(budget / max(cpu, 1e-9)), int(3 * budget / max(wall, 1e-9))))
