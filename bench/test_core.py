"""The bodies that callgrind counts, under pytest-benchmark: decoder, fields, objects, one call."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bench.count_cases import CASES, clean


@pytest.mark.benchmark(timer=time.process_time, disable_gc=False, group="core")
@pytest.mark.parametrize("name", list(CASES))
def test_core(benchmark: Any, base: str, name: str) -> None:
    found = CASES[name]
    body = found.make(base)
    benchmark.extra_info["operations per round"] = found.m * found.per
    try:
        benchmark.pedantic(body, args=(found.m,), rounds=5, warmup_rounds=1)
    finally:
        clean()
