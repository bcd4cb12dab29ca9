"""Answers that are bytes: audio, files, pictures, recordings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import Self, deprecated

from ._atomic import FilePath, collect_into, write_into
from ._response import AsyncAPIResponse, StreamAlreadyConsumed

if TYPE_CHECKING:
    from .transport.facts import ResponseFacts
    from .transport.request import RawAnswer

__all__ = ["AsyncBinaryAPIResponse", "AsyncStreamedBinaryAPIResponse", "HttpxBinaryResponseContent"]

_NOT_STREAMED = (
    "The body was in memory before this began: `.with_streaming_response` gives an answer whose "
    "`stream_to_file` writes it as it arrives"
)


class HttpxBinaryResponseContent:
    """A body of bytes, read whole; what methods such as `files.content` return.

    Under `with_streaming_response` the same methods give an :class:`AsyncStreamedBinaryAPIResponse`, which
    takes the bytes as they arrive.

    Args:
      response: the answer: status, headers, body.

    Source: same name and members as in the official SDK.
    """

    response: ResponseFacts

    def __init__(self, response: ResponseFacts) -> None:
        self.response = response

    @classmethod
    def _from_answer(cls, answer: RawAnswer) -> Self:
        return cls(answer.facts())

    @property
    def content(self) -> bytes:
        """The body's bytes, decoded from the content encoding."""
        return self.response.content

    @property
    def text(self) -> str:
        """The body as text; bytes that do not decode are replaced."""
        return self.response.text

    @property
    def encoding(self) -> str | None:
        """The charset that `text` is decoded from."""
        return self.response.encoding

    @property
    def charset_encoding(self) -> str | None:
        """The charset that Content-Type names, if it does."""
        return self.response.charset_encoding

    def json(self, **kwargs: Any) -> Any:
        """The body decoded from JSON.

        Args:
          kwargs: handed on to `json.loads`.

        Raises:
          ValueError: the body is not JSON.
        """
        import json

        return json.loads(self.content, **kwargs)

    def read(self) -> bytes:
        """The body's bytes."""
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body in pieces.

        Args:
          chunk_size: bytes of each piece but the last; None makes one piece of all.
        """
        data = self.content
        step = max(len(data) if chunk_size is None else chunk_size, 1)
        for start in range(0, len(data), step):
            yield data[start : start + step]

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The body as text, in pieces.

        Args:
          chunk_size: characters of each piece but the last; None makes one piece of all.
        """
        text = self.text
        step = max(len(text) if chunk_size is None else chunk_size, 1)
        for start in range(0, len(text), step):
            yield text[start : start + step]

    def iter_lines(self) -> Iterator[str]:
        """The body as text, line by line, without the line ends."""
        yield from self.text.splitlines()

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body in pieces as it was sent, before its content encoding is undone.

        Args:
          chunk_size: as for `iter_bytes`.

        Raises:
          StreamAlreadyConsumed: it had a content encoding; only the decoded bytes were kept.
        """
        if self.response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise StreamAlreadyConsumed
        return self.iter_bytes(chunk_size)

    def write_to_file(self, file: FilePath) -> None:
        """Write the body to a file, which appears under its name once it is complete.

        Args:
          file: path.

        Raises:
          OSError: the file cannot be written.
        """
        write_into(file, (self.content,))

    @deprecated(_NOT_STREAMED)
    def stream_to_file(self, file: FilePath, *, chunk_size: int | None = None) -> None:
        """Write the body to a file; it has been read whole before.

        Args:
          file: path.
          chunk_size: bytes written at a time.

        Raises:
          OSError: the file cannot be written.
        """
        write_into(file, self.iter_bytes(chunk_size))

    def close(self) -> None:
        """Nothing is left to close once the body is read."""
        self.response.close()

    async def aread(self) -> bytes:
        """The body's bytes."""
        return self.content

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """An asynchronous iterator over the body's pieces: `async for piece in await r.aiter_bytes()`.

        Args:
          chunk_size: as for `iter_bytes`.
        """
        return _asynchronous(self.iter_bytes(chunk_size))

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """An asynchronous iterator over pieces of text.

        Args:
          chunk_size: as for `iter_text`.
        """
        return _asynchronous(self.iter_text(chunk_size))

    async def aiter_lines(self) -> AsyncIterator[str]:
        """An asynchronous iterator over the lines of the text."""
        return _asynchronous(self.iter_lines())

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """An asynchronous iterator over the pieces of the body as it was sent.

        Args:
          chunk_size: as for `iter_bytes`.

        Raises:
          StreamAlreadyConsumed: as for `iter_raw`.
        """
        return _asynchronous(self.iter_raw(chunk_size))

    @deprecated(_NOT_STREAMED)
    async def astream_to_file(self, file: FilePath, *, chunk_size: int | None = None) -> None:
        """Write the body to a file without holding the event loop up; it has been read whole before.

        Args:
          file: path.
          chunk_size: bytes taken at a time.

        Raises:
          OSError: the file cannot be written.
        """
        await collect_into(file, _asynchronous(self.iter_bytes(chunk_size)))

    async def aclose(self) -> None:
        """Nothing is left to close once the body is read."""
        await self.response.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.content)} bytes [{self.response.status_code}]>"


class _asynchronous:
    """An iterator for `async for`; not a generator, which the loop would have to finalise when dropped."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        for item in self._items:
            return item
        raise StopAsyncIteration


class AsyncBinaryAPIResponse(AsyncAPIResponse[bytes]):
    """An answer whose body is bytes, with its status and headers.

    Source: same name and members as in the official SDK.
    """

    async def parse(self, *, to: Any = None) -> Any:
        """Read the body.

        Args:
          to: another type to make of it.

        Returns:
          Its bytes.

        Raises:
          APIConnectionError: the connection broke, or a limit ran out.
        """
        return await super().parse(to=cast("Any", bytes if to is None else to))

    async def write_to_file(self, file: FilePath) -> None:
        """Write the body to a file, which appears under its name once it is complete.

        Args:
          file: path.

        Raises:
          APIConnectionError: the connection broke, or a limit ran out; no file is left behind.
          OSError: the file cannot be written.
        """
        await self.stream_to_file(file)


class AsyncStreamedBinaryAPIResponse(AsyncBinaryAPIResponse):
    """An answer whose bytes have not been read: they come in pieces, or go to a file as they arrive.

    `iter_bytes` and `stream_to_file` hold no more than a fraction of a megabyte, however large the body.

    Source: same name and members as in the official SDK.
    """
