"""Bytes to events: the decoder, the iterator and the public stream. Nothing here loads asyncio or aiohttp."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .iterator import AsyncStream as AsyncStream
else:
    from oxide._lazy import lazy_names

    __getattr__, __dir__ = lazy_names(__name__, {"AsyncStream": ".iterator"})

__all__ = ["AsyncStream"]
