"""Selects the backend that steps through the events of a stream helper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from .steps_py import HelperSteps
else:
    from .steps_c import HelperSteps

__all__ = ["HelperSteps"]
