"""Files that appear under their name only once they are complete."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import suppress
from typing import IO

__all__ = ["FilePath", "collect_into", "write_into"]

FilePath = str | os.PathLike[str]
"""Path of a file to write."""

# Bytes handed to the file at once: each hand-over to a thread costs about as much as copying this many.
_BLOCK = 512 * 1024


class _Target:
    """A file being written under another name in the same folder.

    What is no regular file (a pipe, a device) is written to directly, and so is a file in a folder that
    takes no new ones.

    Args:
      path: where the file is to appear; links are followed.
    """

    def __init__(self, path: FilePath) -> None:
        self._path: str = os.path.realpath(os.fspath(path))
        self._temporary: str | None = None
        self.file = self._open()

    def _open(self) -> IO[bytes]:
        try:
            mode: int | None = os.stat(self._path).st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and not stat.S_ISREG(mode):
            return open(self._path, "wb")
        folder = os.path.dirname(self._path)
        temporary = os.path.join(folder, f".oxide-{os.urandom(8).hex()}.part")
        try:
            handle = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
            )
        except PermissionError:
            if mode is None:
                raise
            return open(self._path, "wb")
        self._temporary = temporary
        if mode is not None:
            # Windows knows no modes beyond read-only; elsewhere the file is ours.
            os.chmod(temporary, stat.S_IMODE(mode))
        return os.fdopen(handle, "wb")

    def finish(self) -> None:
        """Give the complete file its name."""
        self.file.close()
        if self._temporary is not None:
            os.replace(self._temporary, self._path)
            self._temporary = None

    def abandon(self) -> None:
        """Leave nothing behind; what stood under the name before still does."""
        with suppress(OSError):
            # A full disk makes the last write fail again.
            self.file.close()
        if self._temporary is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._temporary)


def write_into(path: FilePath, pieces: Iterable[bytes]) -> None:
    """Write a file; until all of it is written, whatever stood under its name stays.

    Args:
      path: path of the file.
      pieces: its bytes.

    Raises:
      OSError: the file cannot be written.
    """
    target = _Target(path)
    try:
        for piece in pieces:
            target.file.write(piece)
        target.finish()
    except BaseException:
        target.abandon()
        raise


async def collect_into(path: FilePath, pieces: AsyncIterator[bytes]) -> None:
    """Write a file as its bytes arrive; until all of it has, whatever stood under its name stays.

    Disk access happens in threads, and no more than half a megabyte waits for it.

    Args:
      path: path of the file.
      pieces: its bytes; what they raise is raised here.

    Raises:
      OSError: the file cannot be written.
    """
    from asyncio import to_thread

    try:
        target = await _opened(path)
    except BaseException:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
        raise
    try:
        block = bytearray()
        async for piece in pieces:
            block += piece
            if len(block) >= _BLOCK:
                await to_thread(target.file.write, block)
                block = bytearray()
        if block:
            await to_thread(target.file.write, block)
        await to_thread(target.finish)
    except BaseException:
        # Not in a thread: a cancelled call must not wait again. Closing waits for a write under way.
        target.abandon()
        if isinstance(pieces, AsyncGenerator):
            # It holds the connection.
            await pieces.aclose()
        raise


async def _opened(path: FilePath) -> _Target:
    from asyncio import CancelledError, Task, ensure_future, shield, to_thread, wait

    def abandon(opening: Task[_Target]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            opening.result().abandon()

    opening: Task[_Target] = ensure_future(to_thread(_Target, path))
    try:
        return await shield(opening)
    except CancelledError:
        # The thread goes on, and would leave its file behind.
        opening.add_done_callback(abandon)
        await wait((opening,))
        raise
