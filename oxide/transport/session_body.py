"""Request bodies as aiohttp payloads, for the session lane."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp.payload import Payload

from .bodies import settle, too_long, too_short

if TYPE_CHECKING:
    from .bodies import BodyReader, BodySource

__all__ = ["SLICE", "MemoryBody", "SourceBody"]

SLICE = 64 * 1024
"""Bytes written at once; larger bodies in memory are sent in slices."""


class MemoryBody(Payload):
    """A body in memory, sent in slices with the write limit on each; can be sent again by middlewares.

    Args:
        data: the body.
        probe: has ``arm`` and ``disarm`` for the write limit, and ``timeout``.
    """

    _autoclose = True

    def __init__(self, data: bytes, probe: Any) -> None:
        super().__init__(data, content_type="application/octet-stream")
        self._size = len(data)
        self._probe = probe

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._value.decode(encoding, errors)  # type: ignore[no-any-return]

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """The body."""
        return self._value  # type: ignore[no-any-return]

    async def write(self, writer: Any) -> None:
        """Send it whole."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        """Send at most so many bytes of it."""
        probe, view = self._probe, memoryview(self._value)[:content_length]
        try:
            for i in range(0, len(view), SLICE):
                probe.arm("write", probe.timeout.write)
                await writer.write(view[i : i + SLICE])
        finally:
            probe.disarm()


class SourceBody(Payload):
    """A body read while it is sent; a middleware that sends again has it read again.

    Args:
        source: where it comes from.
        reader: the same, opened for the first time it is sent.
        probe: has ``arm`` and ``disarm`` for the write limit, and ``timeout``.
        fail: told when it cannot be read: the request ends with that error.

    Attributes:
        refused: the answer has come and says no: the rest is not wanted.
    """

    _autoclose = True

    def __init__(
        self, source: BodySource, reader: BodyReader, probe: Any, fail: Callable[[Exception], Any]
    ) -> None:
        super().__init__(source, content_type="application/octet-stream")
        self._size = reader.length
        self._reader: BodyReader | None = reader
        self._source = source
        self._probe = probe
        self.fail = fail
        self.refused = False
        self._sending: asyncio.Future[None] | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refused: it would have to be read whole."""
        raise TypeError("a streamed body has no text")

    async def close_unsent(self) -> None:
        """Close the reader where the body was never asked for."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()

    async def ended(self) -> None:
        """Wait until the reader is closed; aiohttp has cancelled the task that sends, or will at once."""
        await self.close_unsent()
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=1)

    async def write(self, writer: Any) -> None:
        """Send it whole."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        """Send it; its length is what the head said."""
        reader, self._reader = self._reader, None
        self._sending = sending = asyncio.get_running_loop().create_future()
        try:
            if reader is None:
                reader = await self._source.open()
            await self._write(writer, reader)
        except Exception as exc:
            self.fail(exc)
            await self._halt()
        finally:
            if reader is not None:
                await reader.close()
            sending.set_result(None)

    async def _write(self, writer: Any, reader: BodyReader) -> None:
        probe, length, sent = self._probe, reader.length, 0
        while length is None or sent < length:
            piece = await reader.read()
            await settle()
            if self.refused:
                await self._halt()
            size = len(piece)
            if not size:
                break
            sent += size
            if length is not None and sent > length:
                raise too_long(length)
            view = memoryview(piece)
            try:
                for i in range(0, size, SLICE):
                    probe.arm("write", probe.timeout.write)
                    await writer.write(view[i : i + SLICE])
            except OSError:
                # The connection broke. It says so itself, unless an answer came before that.
                probe.disarm()
                await self._halt()
            finally:
                probe.disarm()
        if length is not None and sent < length:
            raise too_short(sent, length)

    async def _halt(self) -> None:
        # Returning would end the message as if it were whole; aiohttp cancels this when the answer is read.
        await asyncio.get_running_loop().create_future()
