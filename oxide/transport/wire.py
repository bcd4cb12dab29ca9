"""The wire lane: the compiled one, or its pure-Python twin."""

from __future__ import annotations

from oxide._backend import NATIVE

from .wire_common import WireLimits

if NATIVE:
    from .wire_c import WireLane
else:
    from .wire_py import WireLane

__all__ = ["WireLane", "WireLimits"]
