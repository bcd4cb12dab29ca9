"""The wire lane: the compiled one, or its pure-Python twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

from .wire_common import WireLimits

if TYPE_CHECKING or not NATIVE:
    from .wire_py import WireLane
else:
    from .wire_c import WireLane

__all__ = ["WireLane", "WireLimits"]
