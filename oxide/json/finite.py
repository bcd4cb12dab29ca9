"""Whether a value holds a number that JSON has not, over the compiled walk or its pure twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE
from oxide.json.finite_py import number_at

if TYPE_CHECKING or not NATIVE:
    from oxide.json.finite_py import all_finite
else:
    from oxide.json.finite_c import all_finite

__all__ = ["all_finite", "number_at"]
