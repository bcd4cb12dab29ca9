"""Bytes to events: the decoder, the iterator and the public stream. Nothing here loads asyncio or aiohttp."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .iterator import AsyncStream as AsyncStream
    from .sse import EventLimitError as EventLimitError
    from .sse import ServerSentEvent as ServerSentEvent
    from .sse import SSEDecoder as SSEDecoder
else:
    from oxide._lazy import lazy_names

    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AsyncStream": ".iterator",
            "EventLimitError": ".sse",
            "SSEDecoder": ".sse",
            "ServerSentEvent": ".sse",
        },
    )

__all__ = ["AsyncStream", "EventLimitError", "SSEDecoder", "ServerSentEvent"]
