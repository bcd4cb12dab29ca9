"""Selects the backend that makes objects out of the events of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from .events_py import EventFactory
else:
    from .events_c import EventFactory

__all__ = ["EventFactory"]
