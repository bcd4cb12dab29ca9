"""The bodies that callgrind counts, under pytest-benchmark: decoder, fields, objects, one call."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bench.count_cases import CASES


@pytest.mark.benchmark(timer=time.process_time, disable_gc=False, group="core")
@pytest.mark.parametrize("name", list(CASES))
def test_core(benchmark: Any, base: str, name: str) -> None:
    body = CASES[name].make(base)
    times = CASES[name].m
    benchmark.extra_info["operations per round"] = times
    benchmark.pedantic(body, args=(times,), rounds=10, warmup_rounds=1)
