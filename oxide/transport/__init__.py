"""Sockets to bytes: lanes, retry, limits, redirects. This file loads no aiohttp; its modules do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .settings import HTTPOptions
    from .transport import Transport

__all__ = ["HTTPOptions", "Transport"]


def __getattr__(name: str) -> Any:
    if name == "Transport":
        from .transport import Transport

        return Transport
    if name == "HTTPOptions":
        from .settings import HTTPOptions

        return HTTPOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
