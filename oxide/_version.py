"""The version, read from the installed distribution once asked for."""

from __future__ import annotations

__title__ = "oxide"
__version__ = "0.1.0"
