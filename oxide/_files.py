"""File inputs: what may be uploaded, where files sit in a request's parameters, how each kind is read."""

from __future__ import annotations

import asyncio
import inspect
import io
import os
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from .options import NotGiven, Omit
from .transport.bodies import PIECE, BodyReader, Piece

__all__ = ["Content", "FileSlice", "content_of", "extract_files", "file_from_path", "is_file"]

T = TypeVar("T")

_ADVICE = "pass bytes, a path or a seekable file to make it repeatable"


def file_from_path(path: str | os.PathLike[str]) -> tuple[str, bytes]:
    """A file to upload, read into memory now.

    A `pathlib.Path` given as it is uploads in constant memory instead.

    Args:
      path: where it lies.

    Returns:
      Its name without the directories, and its content.

    Raises:
      OSError: it cannot be read.
    """
    return os.path.basename(path), Path(path).read_bytes()


def is_file(value: object) -> bool:
    """Whether a value can be uploaded: bytes, a path, something to read or an asynchronous iterable of bytes.

    Args:
      value: anything.
    """
    return (
        isinstance(value, (bytes, bytearray, memoryview, os.PathLike, io.IOBase, Content))
        or hasattr(value, "read")
        or hasattr(value, "aread")
        or hasattr(value, "__aiter__")
    )


def extract_files(
    body: Mapping[str, object], paths: Sequence[Sequence[str]]
) -> tuple[dict[str, object], list[tuple[str, Any]]]:
    """Take the files out of a request's parameters.

    Args:
      body: the parameters; left as they are, what changes is copied.
      paths: where files may sit: names, and ``<array>`` for each item of a list.

    Returns:
      The parameters without the files, and the files under their form names (``a[b]``, ``a[]``).

    Raises:
      RuntimeError: something else is where a file should be.
    """
    rest = dict(body)
    files: list[tuple[str, Any]] = []
    for path in paths:
        _extract(rest, path, 0, "", files)
    return rest, files


def _extract(
    place: dict[str, Any] | list[Any], path: Sequence[str], at: int, name: str, files: list[tuple[str, Any]]
) -> None:
    key = path[at]
    if isinstance(place, dict):
        if key not in place:
            return
        value: Any = place[key]
        inner = f"{name}[{key}]" if name else key
        last = at + 1 == len(path)
        if last and _is_reference(value):
            return
        if not last:
            value = place[key] = _copied(value)
        if last or (all(step == "<array>" for step in path[at + 1 :]) and isinstance(value, list)):
            del place[key]
        if last:
            _take(inner, cast("object", value), files)
        elif isinstance(value, (list, dict)):
            _extract(cast("Any", value), path, at + 1, inner, files)
    elif key == "<array>":
        for i, value in enumerate(place):
            if at + 1 == len(path):
                _take(f"{name}[]", value, files)
            elif isinstance(value, (list, Mapping)):
                place[i] = _copied(value)
                _extract(place[i], path, at + 1, f"{name}[]", files)


def _is_reference(value: object) -> bool:
    """What some parameters take instead of a file: ``{"id": "video_1"}``, ``{"image_url": ...}``."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(item, str) for item in cast("Mapping[str, object]", value).values())


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return list(cast("list[object]", value))
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value


def _take(name: str, value: object, files: list[tuple[str, Any]]) -> None:
    if isinstance(value, (Omit, NotGiven)):
        return
    if isinstance(value, list):
        for item in cast("list[object]", value):
            _take(f"{name}[]", item, files)
        return
    if not isinstance(value, tuple) and not is_file(value):
        raise RuntimeError(
            f"Expected entry at `{name}` to be bytes, a path, a file opened in binary mode or a tuple "
            f"(name, content[, media type[, headers]]), but received {type(value)} instead. "
            "For the file at a path pass pathlib.Path(...); for text pass its bytes."
        )
    files.append((name, cast("Any", value)))


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


class Content:
    """What is read while it is sent: one file, or the whole of a request's body.

    Attributes:
      length: its bytes, as `measure` found them; None where nobody knows.
    """

    length: int | None = None
    _once = False
    _spent = ""

    @property
    def once(self) -> bool:
        """Whether it can be read a single time."""
        return self._once

    @property
    def spent(self) -> str:
        """Why it cannot be read again; empty while it can."""
        return self._spent

    def spend(self, file: object) -> None:
        """Note that it is read now, for the only time.

        Args:
          file: what is read, for the message.

        Raises:
          OSError: it was read before.
        """
        if self._spent:
            raise OSError(self._spent)
        self._spent = f"{_name(file)} cannot be read a second time: {_ADVICE}"

    def measure(self) -> None:
        """Find `length`; may wait for a disk, so it runs in a worker thread."""

    async def pieces(self) -> BodyReader:
        """Begin to read it; `measure` has run.

        Raises:
          OSError: it cannot be opened.
        """
        raise NotImplementedError

    async def open(self) -> BodyReader:
        """Begin to read it as the body of a request.

        Raises:
          OSError: it cannot be opened.
        """
        await _in_thread(self.measure)
        return await self.pieces()


class _Reader:
    """A reader of nothing; subclasses read something."""

    length: int | None = 0

    async def read(self) -> Piece:
        return b""

    async def close(self) -> None:
        pass


class _Memory(Content):
    def __init__(self, data: Piece) -> None:
        self.view = memoryview(data).cast("B")
        self.length = len(self.view)

    async def pieces(self) -> BodyReader:
        return _MemoryReader(self.view)


class _MemoryReader(_Reader):
    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0
        self.length = len(view)

    async def read(self) -> Piece:
        at = self._at
        self._at += PIECE
        return self._view[at : at + PIECE]


class _OnDisk(Content):
    def __init__(self, path: os.PathLike[str]) -> None:
        self.path = path

    def measure(self) -> None:
        found = os.stat(self.path)
        self.length = found.st_size if stat.S_ISREG(found.st_mode) else None

    async def pieces(self) -> BodyReader:
        return _DiskReader(self.path, 0, self.length)


class FileSlice(Content):
    """A part of a file on disk.

    Args:
      path: where the file lies.
      start: its first byte.
      length: number of bytes.
    """

    def __init__(self, path: str | os.PathLike[str], start: int, length: int) -> None:
        self.path = path
        self.start = start
        self.length = length

    async def pieces(self) -> BodyReader:
        """Begin to read it."""
        return _DiskReader(self.path, self.start, self.length)


class _DiskReader(_Reader):
    """Opens a file at the first read; every step of it is taken in a worker thread."""

    def __init__(self, path: str | os.PathLike[str], start: int, length: int | None) -> None:
        self._path = path
        self._start = start
        self._file: io.FileIO | None = None
        self._lock = threading.Lock()
        self._busy = self._closed = False
        self.length = length

    async def read(self) -> Piece:
        return await _in_thread(self._read)

    def _read(self) -> bytes:
        with self._lock:
            if self._closed:
                return b""
            self._busy = True
        try:
            if self._file is None:
                self._file = io.FileIO(os.fspath(self._path))
                if self._start:
                    self._file.seek(self._start)
            return self._file.read(PIECE) or b""
        finally:
            with self._lock:
                self._busy = False
                if self._closed and self._file is not None:
                    self._file.close()

    async def close(self) -> None:
        # Not waited for: a read that is under way (of a pipe, say) may never end. It closes the file itself.
        with self._lock:
            self._closed = True
            if not self._busy and self._file is not None:
                self._file.close()


class _Opened(Content):
    """A file object whose `read` is a plain function."""

    def __init__(self, file: Any, start: int | None) -> None:
        self.file = file
        self.start = start
        self.seeks = _can_seek(file)
        self._once = not self.seeks
        if self.seeks and start is None:
            self.start = file.tell()

    def measure(self) -> None:
        if not self.seeks:
            return
        try:
            size = os.fstat(self.file.fileno()).st_size
        except (AttributeError, OSError):
            here = self.file.tell()
            size = self.file.seek(0, os.SEEK_END)
            if size is None:  # some file objects only move
                size = self.file.tell()
            self.file.seek(here)
        self.length = max(0, size - (self.start or 0))

    async def pieces(self) -> BodyReader:
        return _OpenedReader(self)


def _can_seek(file: Any) -> bool:
    try:
        return bool(file.seekable()) if hasattr(file, "seekable") else file.seek(file.tell()) is not False
    except (AttributeError, OSError):
        return False


class _OpenedReader(_Reader):
    def __init__(self, content: _Opened) -> None:
        self._content = content
        self._began = False
        self.length = content.length
        # Memory needs no thread.
        self._direct = isinstance(content.file, io.BytesIO)

    async def read(self) -> Piece:
        data: Any = self._read() if self._direct else await _in_thread(self._read)
        if inspect.isawaitable(data):
            data = await data
        return _checked(data, self._content.file)

    def _read(self) -> Any:
        content = self._content
        if not self._began:
            self._began = True
            if content.seeks:
                content.file.seek(content.start)
            else:
                content.spend(content.file)
        return content.file.read(PIECE)


def _checked(data: Any, file: object) -> Piece:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return cast("Piece", data)
    if isinstance(data, str):
        raise TypeError(f"{_name(file)} gives text: open it in binary mode ('rb')")
    raise TypeError(f"reading {_name(file)} gave {type(data).__name__}, not bytes: a blocking file is needed")


def _name(file: object) -> str:
    name = getattr(file, "name", None)
    return f"the file {name!r}" if isinstance(name, str) else f"the {type(file).__name__} given"


class _AsyncOpened(Content):
    """A file object whose `read` (or `aread`) is a coroutine function."""

    def __init__(self, file: Any, rewind: bool) -> None:
        self.file = file
        self.rewind = rewind
        self.begun = False

    def measure(self) -> None:
        """Find `length` where the file has a descriptor and is sent from its start."""
        if not self.rewind or not hasattr(self.file, "seek"):
            return
        try:
            found = os.fstat(self.file.fileno())
        except (AttributeError, OSError, TypeError):
            return
        self.length = found.st_size if stat.S_ISREG(found.st_mode) else None

    async def pieces(self) -> BodyReader:
        return _AsyncReader(self)


class _AsyncReader(_Reader):
    length = None

    def __init__(self, content: _AsyncOpened) -> None:
        self._content = content
        self._began = False
        file = content.file
        self._read = file.aread if hasattr(file, "aread") else file.read

    async def read(self) -> Piece:
        content = self._content
        if not self._began:
            self._began = True
            if content.rewind or content.begun:
                try:
                    await content.file.seek(0)
                except (AttributeError, OSError):
                    if content.begun:
                        raise
            content.begun = True
        return _checked(await self._read(PIECE), content.file)


class _Iterated(Content):
    """An asynchronous iterable of bytes."""

    def __init__(self, items: Any) -> None:
        self.items = items
        # An iterator gives itself; an iterable makes a new one each time.
        self._once = hasattr(items, "__anext__")

    async def pieces(self) -> BodyReader:
        return _IteratedReader(self)


class _IteratedReader(_Reader):
    length = None

    def __init__(self, content: _Iterated) -> None:
        self._content = content
        self._items: Any = None
        self._rest: memoryview = memoryview(b"")

    async def read(self) -> Piece:
        content = self._content
        if self._items is None:
            if content.once:
                content.spend(content.items)
            self._items = content.items.__aiter__()
        while not self._rest:
            try:
                item = await self._items.__anext__()
            except StopAsyncIteration:
                return b""
            self._rest = memoryview(_checked(item, content.items)).cast("B")
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        return piece

    async def close(self) -> None:
        items, self._items = self._items, None
        if items is not None and hasattr(items, "aclose"):
            await items.aclose()


def content_of(value: Any, *, whole: bool) -> Content:
    """How something is read.

    Args:
      value: bytes, a path, a file object or an asynchronous iterable of bytes.
      whole: read a seekable file from its beginning, wherever it stands; else from where it stands now.

    Raises:
      TypeError: it is none of these, or opened in text mode.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _Memory(cast("Piece", value))
    if isinstance(value, Content):
        return value
    if isinstance(value, os.PathLike):
        return _OnDisk(cast("os.PathLike[str]", value))
    if isinstance(value, io.TextIOBase):
        instead = "pass io.BytesIO" if isinstance(value, io.StringIO) else "open it in binary mode ('rb')"
        raise TypeError(f"{_name(value)} gives text: {instead}")
    if hasattr(value, "aread") or inspect.iscoroutinefunction(getattr(value, "read", None)):
        return _AsyncOpened(value, whole)
    if hasattr(value, "read"):
        return _Opened(value, 0 if whole else None)
    if hasattr(value, "__aiter__"):
        return _Iterated(value)
    raise TypeError(
        f"Expected bytes, a path, a file opened in binary mode or an asynchronous iterable of bytes, "
        f"not {type(value).__name__}"
    )
