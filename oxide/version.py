"""`VERSION`, under the name the official SDK has it."""

from __future__ import annotations

from ._version import __version__

__all__ = ["VERSION"]

VERSION: str = __version__
"""Version of this package."""
