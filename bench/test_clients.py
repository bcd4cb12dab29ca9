"""The side-by-side workloads under pytest-benchmark: ``pytest bench``. CPU time, not wall time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bench.peers.host import make, operation, repeat
from bench.workloads import WORKLOADS

# The official SDK takes a second for one long stream, and the wheel in Rust lives in another Python: both are
# measured by `python -m bench` only.
PEERS = ("oxide", "aiohttp", "floor")
NAMES = [w.name for w in WORKLOADS.values() if w.kind in ("call", "stream", "sequential", "parallel")]


@pytest.mark.benchmark(timer=time.process_time, disable_gc=False)
@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", NAMES)
def test_client(benchmark: Any, loop: asyncio.AbstractEventLoop, base: str, peer: str, name: str) -> None:
    workload = WORKLOADS[name]
    benchmark.group = name
    driven = make(peer, workload, base)
    loop.run_until_complete(driven.start())
    op = operation(driven)
    each = 20 if workload.kind == "call" else 1
    benchmark.extra_info["operations per round"] = each
    try:
        benchmark.pedantic(lambda: loop.run_until_complete(repeat(op, each)), rounds=10, warmup_rounds=2)
    finally:
        loop.run_until_complete(driven.stop())
