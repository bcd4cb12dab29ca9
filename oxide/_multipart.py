"""Forms: `multipart/form-data` (RFC 7578), written as browsers and the official client write it."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, cast

from ._files import Content, content_of, extract_files, is_file
from .options import NotGiven, Omit
from .transport.bodies import BodyReader, Piece, too_short

__all__ = ["Form", "Multipart", "boundary_of", "form_body"]

# WHATWG, multipart/form-data encoding: these would end a quoted name; ESC stays, ISO-2022 needs it.
_QUOTED = {chr(c): f"%{c:02X}" for c in range(0x20) if c != 0x1B} | {'"': "%22", "\\": "\\\\"}
_TO_QUOTE = re.compile("|".join(map(re.escape, _QUOTED)))
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")

_IN_ONE = 1024 * 1024
"""Forms up to here, with nothing but memory in them, are one bytes object."""


class Form:
    """Parameters and files of a call through `client.post` and its like.

    Args:
      body: the parameters, or None.
      files: name to file, or pairs of them.
    """

    __slots__ = ("body", "files")

    def __init__(self, body: object, files: object) -> None:
        self.body = body
        self.files = files


def boundary_of(content_type: str) -> str | None:
    """The boundary that a Content-Type names.

    Args:
      content_type: the header's value.
    """
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"') or None
    return None


def form_body(
    body: object, files: object, paths: Iterable[Sequence[str]], content_type: str, always: bool
) -> tuple[str, bytes | Multipart] | None:
    """A request's parameters and files as a form.

    Args:
      body: the parameters, a mapping or None.
      files: files given apart: name to file, or pairs of them; None for none.
      paths: where files sit in the parameters.
      content_type: the request's Content-Type so far; its boundary is kept.
      always: make a form even where there is no file.

    Returns:
      Content-Type and body; None where there is no file and a form is not wanted.

    Raises:
      TypeError: the parameters are no mapping, or a file is of no kind that can be read.
      RuntimeError: something else is where a file should be.
      ValueError: a header of a part cannot be sent.
    """
    found: list[tuple[str, Any]] = []
    where = [tuple(path) for path in paths if path]
    if body is not None and where and isinstance(body, Mapping):
        body, found = extract_files(cast("Mapping[str, object]", body), where)
    found += _pairs_of(files)
    if not found and not always:
        return None
    if body is not None and not isinstance(body, Mapping):
        raise TypeError(f"Expected the parameters of a form to be a mapping, not {type(body).__name__}")
    boundary = boundary_of(content_type) if content_type.startswith("multipart/form-data") else None
    form = Multipart(cast("Mapping[str, object]", body or {}), found, boundary)
    if boundary is None:
        content_type = f"multipart/form-data; boundary={form.boundary}"
    return content_type, form.small() or form


def _pairs_of(files: object) -> list[tuple[str, Any]]:
    if files is None:
        return []
    if isinstance(files, Mapping):
        return list(cast("Mapping[str, Any]", files).items())
    if isinstance(files, (list, tuple)):
        return [(name, file) for name, file in cast("list[tuple[str, Any]]", files)]
    raise TypeError(
        f"files: expected a mapping of names to files, or a list of (name, file), not {type(files).__name__}"
    )


def _fields(name: str, value: object) -> Iterator[tuple[str, str]]:
    if value is None or isinstance(value, (Omit, NotGiven)):
        return
    if hasattr(value, "model_dump") and not isinstance(value, type):
        value = cast("Any", value).model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _fields(f"{name}[{key}]", item)
    elif isinstance(value, (bytes, bytearray)) or is_file(value):
        raise TypeError(f"`{name}`: {type(value).__name__} is a file, and this parameter takes none")
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for item in cast("Iterable[object]", value):
            yield from _fields(f"{name}[]", item)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        written: object = getattr(value, "isoformat", None)
        yield name, str(written() if callable(written) else value)


def _parameter(name: str, value: str) -> str:
    return f'{name}="{_TO_QUOTE.sub(lambda found: _QUOTED[found[0]], value)}"'


def _file_part(name: str, file: Any) -> tuple[str, Content]:
    """The head of a file's part, and what is read for it."""
    media: str | None = None
    headers: dict[str, str] = {}
    filename: str | None
    if isinstance(file, tuple):
        given: tuple[Any, ...] = tuple(cast("Iterable[Any]", file))
        if not 2 <= len(given) <= 4:
            raise TypeError(
                f"`{name}`: a file is (name, content[, media type[, headers]]), not a tuple of {len(given)}"
            )
        filename, content = given[:2]
        if len(given) > 2:
            media = given[2]
        if len(given) > 3:
            headers.update(given[3])
        if isinstance(content, str):
            content = content.encode()
    elif is_file(file):
        content = file
        named: Any = getattr(file, "name", "upload")
        filename = Path(str(named)).name
    else:
        raise TypeError(
            f"`{name}`: expected bytes, a path, a file opened in binary mode or a tuple "
            f"(name, content[, media type[, headers]]), not {type(file).__name__}"
        )
    if media is None and filename:
        media = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    if media is not None and not any("content-type" in key.lower() for key in headers):
        headers["Content-Type"] = media
    head = f"Content-Disposition: form-data; {_parameter('name', name)}"
    if filename:
        head += f"; {_parameter('filename', filename)}"
    for key, value in headers.items():
        if not _HEADER.match(key):
            raise ValueError(f"`{name}`: invalid header name {key!r} in the headers of a file")
        if _CONTROL.search(value):
            raise ValueError(f"`{name}`: the header {key} of a file holds a control character")
        head += f"\r\n{key}: {value}"
    return head + "\r\n\r\n", _checked(name, content)


def _checked(name: str, content: object) -> Content:
    try:
        return content_of(content, whole=True)
    except TypeError as error:
        raise TypeError(f"`{name}`: {error}") from None


class Multipart(Content):
    """A form as the body of a request; each attempt reads its files anew.

    Args:
      data: parameters; lists and mappings become `name[]` and `name[key]`, None and `omit` are left out.
      files: form names and files.
      boundary: what separates the parts; None for a random one.

    Raises:
      TypeError: a file is of no kind that can be read, or a parameter is one.
      ValueError: a header of a part cannot be sent.
    """

    def __init__(
        self, data: Mapping[str, object], files: Iterable[tuple[str, Any]], boundary: str | None = None
    ) -> None:
        self.boundary = boundary or os.urandom(16).hex()
        fields: dict[str, list[str]] = {}
        for key, value in data.items():
            for name, text in _fields(key, value):
                fields.setdefault(name, []).append(text)
        start = f"--{self.boundary}\r\n"
        text = "".join(
            f"{start}Content-Disposition: form-data; {_parameter('name', name)}\r\n\r\n{value}\r\n"
            for name, values in fields.items()
            for value in values
        )
        self._parts: list[bytes | Content] = []
        for name, file in files:
            head, content = _file_part(name, file)
            self._parts += [f"{text}{start}{head}".encode(), content]
            text = "\r\n"
        self._parts.append(f"{text}--{self.boundary}--\r\n".encode())
        self._files = [part for part in self._parts if isinstance(part, Content)]

    @property
    def once(self) -> bool:
        """Whether one of the files can be read a single time."""
        return any(file.once for file in self._files)

    @property
    def spent(self) -> str:
        """Why it cannot be read again; empty while it can."""
        return next((file.spent for file in self._files if file.spent), "")

    def small(self) -> bytes | None:
        """The whole form where it is small and in memory."""
        views = [getattr(file, "view", None) for file in self._files]
        if any(view is None for view in views) or sum(map(len, cast("Any", views))) > _IN_ONE:
            return None
        texts = [part for part in self._parts if isinstance(part, bytes)]
        return b"".join(chain.from_iterable(zip(texts, [*cast("Any", views), b""], strict=True)))

    def measure(self) -> None:
        """Find `length`: that of every file, and what is between them."""
        total: int | None = 0
        for part in self._parts:
            size: int | None
            if isinstance(part, bytes):
                size = len(part)
            else:
                part.measure()
                size = part.length
            total = None if total is None or size is None else total + size
        self.length = total

    async def pieces(self) -> BodyReader:
        """Begin to read it; a file is opened when its turn comes."""
        return _FormReader(self._parts, self.length)


class _FormReader:
    def __init__(self, parts: list[bytes | Content], length: int | None) -> None:
        self._parts = iter(parts)
        self._file: BodyReader | None = None
        self._left: int | None = None
        self._size = 0
        self.length = length

    async def read(self) -> Piece:
        while True:
            if self._file is None:
                part = next(self._parts, b"")
                if isinstance(part, bytes):
                    return part
                self._file = await part.pieces()
                self._left = self._size = part.length or 0
                if part.length is None:
                    self._left = None
            piece = b"" if self._left == 0 else await self._file.read()
            if piece:
                if self._left is None:
                    return piece
                # A file that grows meanwhile is sent as long as it was.
                piece = piece[: self._left]
                self._left -= len(piece)
                return piece
            if self._left:
                raise too_short(self._size - self._left, self._size)
            await self._file.close()
            self._file = None

    async def close(self) -> None:
        file, self._file = self._file, None
        self._parts = iter(())
        if file is not None:
            await file.close()
