"""Writes an `Answer` to the socket of a request, with the pauses, cuts and faults it asks for."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from time import monotonic

from aiohttp import web

from .answers import Answer
from .journal import RecordedRequest

__all__ = ["Sent", "send"]

_STALL, _CUT = object(), object()
_LAST_CHUNK = b"0\r\n\r\n"


class Sent(web.StreamResponse):
    """Tells aiohttp that the answer is on the wire already and whether the connection lives on."""

    def __init__(self, status: int, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: the head was written."""

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Nothing: the body was written."""


class _Gone(ConnectionError):
    """The client closed the connection."""


class _Writer:
    def __init__(self, request: web.BaseRequest, record: RecordedRequest) -> None:
        self._request = request
        self._record = record

    async def write(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise _Gone
        if not data:
            return
        transport.write(data)
        record = self._record
        if record.answered is None:
            record.answered = monotonic()
        record.bytes_sent += len(data)
        if transport.get_write_buffer_size():
            await self._request.writer.drain()

    def close(self, *, reset: bool = False) -> None:
        transport = self._request.transport
        if transport is None:
            return
        if reset:
            sock: socket.socket | None = transport.get_extra_info("socket")
            if sock is not None:
                # Linger of zero seconds: the kernel answers with RST and throws away what is unsent.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()


async def send(
    request: web.BaseRequest, answer: Answer, record: RecordedRequest, extra: Mapping[str, str]
) -> Sent:
    """Write `answer`; sets `record.aborted` when the client leaves before the end of it.

    Args:
        extra: default headers, see `Answer.head`.
    """
    writer = _Writer(request, record)
    keep_alive = bool(request.keep_alive) and not answer.close
    keep_alive = keep_alive and answer.effective_framing != "close"
    try:
        if answer.delay:
            await _pause(answer.delay)
        head = answer.head(extra, keep_alive=keep_alive)
        if head or (answer.framing == "raw" and answer.pieces):
            record.status = answer.status
        finished = await _write(writer, answer, head, bodiless=request.method == "HEAD")
    except _Gone:
        record.aborted = True
        return Sent(answer.status, False)
    if not finished:
        writer.close(reset=answer.reset)
        return Sent(answer.status, False)
    if answer.silent_close:
        writer.close()
        return Sent(answer.status, False)
    return Sent(answer.status, keep_alive)


async def _write(writer: _Writer, answer: Answer, head: bytes, *, bodiless: bool) -> bool:
    """True when the answer is complete, False when the connection is to be cut here."""
    if bodiless:
        await writer.write(head)
        return True
    together = answer.in_one or bool(answer.wire_splits)
    parts = [head]
    if answer.first_byte or not together:
        await _flush(writer, answer, parts)
    if answer.first_byte:
        await _pause(answer.first_byte)
    started = False
    for item in _items(answer):
        if not isinstance(item, bytes):
            await _flush(writer, answer, parts)
            if item is _CUT:
                return False
            await _pause(answer.stall)
            continue
        parts.append(item)
        if together:
            continue
        if started or head:
            # The pace is that of the pieces: the head and the last chunk add no beat of their own.
            beat = started and item != _LAST_CHUNK
            await _gap(answer.gap if beat or answer.gap == 0 else None)
        started = True
        await _flush(writer, answer, parts)
    await _flush(writer, answer, parts)
    return True


def _items(answer: Answer) -> Iterable[bytes | object]:
    """What is written, with a mark where the answer stalls and where it is cut."""
    if answer.disconnect_after is None and answer.stall_after is None:
        return map(b"".join, answer.frames()) if answer.plain_stream else answer.framed
    return _marked(answer)


def _marked(answer: Answer) -> Iterator[bytes | object]:
    wanted = ((answer.stall_after, _STALL), (answer.disconnect_after, _CUT))
    marks = sorted(((at, what) for at, what in wanted if at is not None), key=lambda mark: mark[0])
    position = 0
    for front, piece, back in answer.frames():
        end = position + len(piece)
        while marks and (marks[0][0] < end or not piece):
            at, what = marks.pop(0)
            size = max(0, at - position)
            if size:
                yield front + piece[:size]
                front, piece, position = b"", piece[size:], position + size
            yield what
        yield front + piece + back
        position = end
    for _, what in marks:
        yield what


async def _flush(writer: _Writer, answer: Answer, parts: list[bytes]) -> None:
    data = b"".join(parts)
    parts.clear()
    marks = [o for o in sorted(set(answer.wire_splits)) if 0 < o < len(data)]
    start = 0
    for mark in (*marks, len(data)):
        if start:
            await _gap(answer.gap)
        await writer.write(data[start:mark])
        start = mark


async def _gap(gap: float | None) -> None:
    if gap is None:
        # Twice: a reader in this loop is only called after the callback that a single turn would resume.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    elif gap:
        await asyncio.sleep(gap)


async def _pause(seconds: float) -> None:
    if seconds == inf:
        await asyncio.get_running_loop().create_future()
    else:
        await asyncio.sleep(seconds)
