"""What oxide dispatches to on this machine."""

from __future__ import annotations

import platform
from typing import TypedDict

from oxide._backend import BACKEND, FORCED, NATIVE

__all__ = ["CpuFeatures", "cpu_features"]


class CpuFeatures(TypedDict):
    """The answer of `cpu_features`."""

    machine: str
    """Processor family, such as ``x86_64`` or ``aarch64``."""
    isa: str | None
    """The instruction-set row in use: ``avx2``, ``neon`` or ``scalar``; None with the pure backend."""
    rows: list[str]
    """The rows usable on this machine, best first; empty with the pure backend."""
    isa_forced: bool
    """Whether ``OXIDE_ISA`` chose the row."""
    backend: str
    """``native`` or ``python``."""
    backend_forced: bool
    """Whether ``OXIDE_BACKEND`` chose the backend."""
    json: str
    """What reads JSON: simdjson with version and implementation, or the standard library."""


def cpu_features() -> CpuFeatures:
    """Says which of its implementations oxide uses on this machine, and why.

    Returns:
        A dict, as `CpuFeatures` describes it. Source: CPUID and XGETBV on x86-64, the base architecture on
        aarch64.
    """
    from oxide.json import implementation

    features = CpuFeatures(
        machine=platform.machine(),
        isa=None,
        rows=[],
        isa_forced=False,
        backend=BACKEND,
        backend_forced=FORCED,
        json=implementation(),
    )
    if NATIVE:
        from oxide import cpu_c

        features["machine"] = cpu_c.machine()
        features["isa"] = cpu_c.active_row()
        features["rows"] = cpu_c.usable_rows()
        features["isa_forced"] = cpu_c.forced_row() is not None
    return features
