"""The answer of the pure wire lane: twin of the class in wire_c."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from . import wire_common as common
from .request import LaneError, PreparedRequest, RawAnswer

if TYPE_CHECKING:
    from .request import Attempt, ByteSinkLike
    from .wire_conn import Conn
    from .wire_py import WireLane

__all__ = ["PADDING", "Answer", "bad_coding", "too_large"]

PADDING = bytes(64)


def bad_coding(exc: Exception) -> LaneError:
    """What a body that does not decode fails with."""
    if isinstance(exc, LaneError):
        return exc
    return LaneError("decode", f"the body does not decode: {exc}", bytes_received=True, cause=exc)


def too_large(limit: int) -> LaneError:
    """What a body above its limit, in bytes, fails with."""
    return LaneError(
        "too_large", f"the answer's body is above the limit of {limit} bytes", bytes_received=True
    )


class Answer(RawAnswer):
    """An answer; the attributes and methods are RawAnswer's."""

    __slots__ = ("complete", "conn", "decoder", "error", "held", "lane", "pending", "sink")

    def __init__(
        self, lane: WireLane, conn: Conn, prepared: PreparedRequest, attempt: Attempt, reused: bool
    ) -> None:
        self.status = 0
        self.raw_headers = []
        self.http_version = ""
        self.body = b""
        self.length = 0
        self.is_reused = reused
        self.elapsed = 0.0
        self.request = prepared
        self.attempt = attempt
        self.history = ()
        self._headers = None
        self.lane = lane
        self.conn: Conn | None = conn
        self.decoder: Any = None
        self.sink: ByteSinkLike | None = None
        self.pending: list[bytes] | None = None
        self.held = 0
        self.error: BaseException | None = None
        self.complete = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop the connection lives in."""
        return self.lane.loop

    def give(self, data: bytes) -> bool:
        """Hand body bytes on; True when the socket should not be read for now."""
        if self.decoder is not None:
            try:
                data = self.decoder.decompress(data)
            except Exception as exc:
                assert self.conn is not None
                self.conn.failure = bad_coding(exc)
                return False
            if not data:
                return False
        if self.sink is not None:
            return bool(self.sink.feed_data(data))
        assert self.pending is not None
        self.pending.append(data)
        self.held += len(data)
        return self.held > self.lane.limits.high_water

    def end(self, error: BaseException | None) -> None:
        """The body is complete, or broke off."""
        if self.complete:
            return
        if error is None and self.decoder is not None:
            try:
                rest = self.decoder.flush()
            except Exception as exc:
                error = bad_coding(exc)
            else:
                self.decoder = None
                if rest:
                    self.give(rest)
        self.complete = True
        self.error = error
        self.conn = None
        self._tell()

    def _tell(self) -> None:
        sink, self.sink = self.sink, None
        if sink is None:
            return
        if self.error is not None:
            sink.set_exception(self.error)
        else:
            sink.feed_eof()

    def bind(self, sink: ByteSinkLike) -> None:
        """Deliver the decoded body to a sink from now on, the part that has come already first."""
        pending = self.pending
        if self.sink is not None or pending is None:
            raise RuntimeError("the body is being read already")
        self.sink = sink
        self.pending = None
        full = False
        for piece in pending:
            if sink.feed_data(piece):
                full = True
        if self.complete:
            self._tell()
        elif self.conn is not None:
            if full:
                self.conn.pause()
            else:
                self.conn.resume()

    async def read_all(self) -> None:
        """Read the rest of a stream into ``body`` and ``length``."""
        if self.pending is None and self.sink is None and self.complete:
            return
        pieces: list[bytes] = []
        size = 0
        async for piece in self.aiter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > self.lane.limits.max_body:
                raise too_large(self.lane.limits.max_body)
        self.body = b"".join(pieces) + PADDING
        self.length = size

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The decoded body in the pieces it arrives in."""
        chunks = common.Chunks(self.lane.loop, self, self.lane.limits.high_water)
        self.bind(chunks)
        return chunks.iterate()

    def pause_reading(self) -> None:
        """Stop taking bytes from the socket."""
        if self.conn is not None:
            self.conn.pause()

    def resume_reading(self) -> None:
        """Take bytes from the socket again."""
        if self.conn is not None:
            self.conn.resume()

    def expect_end(self, seconds: float) -> None:
        """The reader needs nothing more: the connection is kept if the body ends in time, else closed."""
        if self.conn is not None:
            self.conn.read_limit = seconds
            self.conn.resume()
            self.conn.arm(seconds)

    def release(self) -> None:
        """Give the connection back: to the pool when the body was read to its end, else it is closed."""
        self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        self.sink = None
        if self.conn is not None:
            self.conn.fail(LaneError("closed", "the answer was closed", bytes_received=True))
