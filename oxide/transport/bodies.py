"""Request bodies that are read while they are sent: what lanes ask of them, how the wire lanes send them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import OpenAIError

if TYPE_CHECKING:
    from typing import TypeAlias

    from .request import Attempt, PreparedRequest, RawAnswer

__all__ = [
    "PIECE",
    "BodyReader",
    "BodySource",
    "Piece",
    "Upload",
    "settle",
    "spent_reason",
    "too_long",
    "too_short",
    "uploading",
]

PIECE = 256 * 1024
"""Bytes handed to the connection at once, at most."""

Piece: TypeAlias = "bytes | bytearray | memoryview"


class BodyReader(Protocol):
    """A body being read for one attempt."""

    @property
    def length(self) -> int | None:
        """Its bytes; None where nobody knows, and it goes out in chunks."""
        ...

    async def read(self) -> Piece:
        """The next bytes, at most `PIECE` of them; empty at the end.

        Raises:
            Exception: the application's own, and final: nothing is sent again.
        """
        ...

    async def close(self) -> None:
        """Give back what reading needed; a second call does nothing."""
        ...


class BodySource(Protocol):
    """A body that each attempt reads anew."""

    @property
    def once(self) -> bool:
        """It can be read a single time."""
        ...

    @property
    def spent(self) -> str:
        """Why it cannot be read again; empty while it can."""
        ...

    async def open(self) -> BodyReader:
        """Begin to read it from its start.

        Raises:
            OSError: the file cannot be opened.
            OpenAIError: it was read already and cannot be read again.
        """
        ...


def spent_reason(prepared: PreparedRequest) -> str:
    """Why a request cannot be sent again, or nothing.

    Args:
        prepared: the request.
    """
    body = prepared.body
    return "" if body is None or isinstance(body, bytes) else body.spent


async def settle() -> None:
    """Let what has come by now be handled: a server that answers early also resets the connection soon."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def too_long(length: int) -> OpenAIError:
    """What a body with more bytes than announced fails with."""
    return OpenAIError(f"the request's body has more than the {length} bytes it was said to have")


def too_short(sent: int, length: int) -> OpenAIError:
    """What a body with fewer bytes than announced fails with."""
    return OpenAIError(
        f"the request's body ended after {sent} of {length} bytes: what it is read from has changed"
    )


class Upload:
    """The body of one attempt on its way into a wire lane's connection.

    Args:
        reader: where it comes from.

    Attributes:
        length: its bytes, or None.
    """

    __slots__ = ("_conn", "_reader", "_room", "_task", "length")

    def __init__(self, reader: BodyReader) -> None:
        self._reader = reader
        self.length = reader.length
        self._conn: Any = None
        self._room: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, conn: Any, loop: asyncio.AbstractEventLoop) -> None:
        """The head is written: send the body after it.

        Args:
            conn: the connection; has ``writing``, ``push``, ``pushed`` and ``broken``.
            loop: the lane's loop.
        """
        self._conn = conn
        self._task = loop.create_task(self._run(conn))

    def resume(self) -> None:
        """The connection takes bytes again."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def stop(self) -> None:
        """The rest is not wanted any more."""
        self._conn = None
        if self._task is not None:
            self._task.cancel()

    async def ended(self) -> None:
        """Wait until the source is closed, where the body was sent or stopped; else it goes on."""
        if self._conn is None:
            if self._task is not None:
                await asyncio.wait({self._task})
            # A task cancelled before its first step has closed nothing.
            await self._reader.close()

    async def _run(self, conn: Any) -> None:
        try:
            await self._send(conn)
        except Exception as exc:
            if self._conn is not None:
                conn.broken(exc)
        finally:
            await self._reader.close()

    async def _send(self, conn: Any) -> None:
        length, sent = self.length, 0
        while length is None or sent < length:
            piece = await self._reader.read()
            await settle()
            if self._conn is None:
                return
            size = len(piece)
            if not size:
                break
            if length is None:
                conn.push(b"%x\r\n" % size)
                conn.push(piece)
                conn.push(b"\r\n")
            elif sent + size > length:
                raise too_long(length)
            else:
                conn.push(piece)
            sent += size
            del piece
            if conn.writing and (length is None or sent < length):
                self._room = asyncio.get_running_loop().create_future()
                await self._room
        if length is None:
            conn.push(b"0\r\n\r\n")
        elif sent < length:
            raise too_short(sent, length)
        # At once, before the answer can come: the connection is kept only when the body is known to be whole.
        self._conn = None
        conn.pushed()


async def uploading(lane: Any, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer:
    """Make one attempt through a wire lane with a body that is read meanwhile.

    Args:
        lane: the lane.
        prepared: the request.
        attempt: what this attempt adds.

    Raises:
        LaneError: as the lane's ``send``.
        Exception: what reading the body raised.
    """
    source: Any = prepared.body
    # Nothing may be lost to a connection that the server closed while it was idle.
    attempt.fresh = attempt.fresh or source.once
    upload = Upload(await source.open())
    attempt.upload = upload
    try:
        answer: RawAnswer = await lane.send(prepared, attempt)
    except BaseException:
        upload.stop()
        raise
    finally:
        attempt.upload = None
        await upload.ended()
    return answer
