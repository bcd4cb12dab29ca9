"""Server-sent events: the decoder in use, compiled or pure.

``SSEDecoder(max_event=…, max_line=…)`` takes bytes in any pieces through ``feed`` and gives
``ServerSentEvent`` objects; both are described in `oxide.stream.sse_py`, which the compiled ones equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE
from oxide.stream.limits import EventLimitError

if TYPE_CHECKING or not NATIVE:
    from oxide.stream.sse_py import ServerSentEvent, SSEDecoder
else:
    from oxide.stream.sse_c import ServerSentEvent, SSEDecoder

__all__ = ["EventLimitError", "SSEDecoder", "ServerSentEvent"]
