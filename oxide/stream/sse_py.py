"""Server-sent events in pure Python: the twin of the compiled decoder, and its oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oxide.stream.limits import DEFAULT_MAX, EventLimitError, check_limit

__all__ = ["SSEDecoder", "ServerSentEvent"]

_MAX_RETRY = 2**63 - 1


class ServerSentEvent:
    """One event of a stream (WHATWG HTML, "Server-sent events").

    Attributes:
        event: the ``event:`` field, None when the event is unnamed.
        data: the ``data:`` lines joined by LF, decoded as UTF-8; bytes that are not UTF-8 become U+FFFD.
        id: the last ``id:`` seen on the stream up to here, None before the first.
        retry: milliseconds of a ``retry:`` field seen since the event before, None without one.
    """

    __slots__ = ("data", "event", "id", "retry")

    def __init__(
        self,
        *,
        event: str | None = None,
        data: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> None:
        self.event = event
        self.data = data or ""
        self.id = id
        self.retry = retry

    def json(self) -> Any:
        """Parses the data as JSON.

        Returns:
            The value.

        Raises:
            json.JSONDecodeError: when it is not JSON.
        """
        from oxide.json import loads

        return loads(self.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        return (self.event, self.data, self.id, self.retry) == (
            other.event,
            other.data,
            other.id,
            other.retry,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"ServerSentEvent(event={self.event!r}, data={self.data!r}, id={self.id!r}, retry={self.retry!r})"
        )


class SSEDecoder:
    """Makes events of bytes that arrive in any pieces.

    LF, CR LF and CR end a line; a byte order mark at the very start is dropped; a block without a ``data``
    line is no event. The events do not depend on where the bytes were cut.

    Args:
        max_event: cap on one event in bytes, as received.
        max_line: cap on one line in bytes.

    Raises:
        ValueError: when a cap is below 1.
    """

    def __init__(self, max_event: int = DEFAULT_MAX, max_line: int = DEFAULT_MAX) -> None:
        self._max_event = check_limit("max_event", max_event)
        self._max_line = check_limit("max_line", max_line)
        self._parts: list[bytes] = []  # of a line whose end has not arrived
        self._partial = 0
        self._size = 0  # of the event's lines that have arrived whole
        self._first_line = True
        self._after_cr = False
        self._data: list[bytes] = []
        self._name = b""
        self._id: str | None = None
        self._retry: int | None = None
        self._error: EventLimitError | None = None
        self._closed = False

    def feed(self, data: bytes | bytearray | memoryview) -> list[ServerSentEvent]:
        """Takes bytes in.

        Args:
            data: the next bytes of the stream; any cut is fine, in the middle of a character too.

        Returns:
            The events these bytes complete.

        Raises:
            EventLimitError: at an event or line above its cap, once the events before it were returned; from
                then on at each call.
            ValueError: after ``close()``.
        """
        if self._error:
            raise self._error
        if self._closed:
            raise ValueError("feed() after close(): a new stream needs a new SSEDecoder")
        return self._take(bytes(data))

    def close(self) -> list[ServerSentEvent]:
        """Ends the stream.

        Returns:
            The last event, when its last line end or its blank line had not arrived; else nothing.

        Raises:
            EventLimitError: as `feed`.
        """
        if self._error:
            raise self._error
        if self._closed:
            return []
        self._closed = True
        return self._take(b"\n\n") if self._size or self._partial else []

    def _take(self, chunk: bytes) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        try:
            events.extend(self._lines(chunk))
        except EventLimitError as exc:
            self._error = exc
            self._parts.clear()
            self._data.clear()
            if not events:
                raise
        return events

    def _lines(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        for line in chunk.splitlines(keepends=True):
            content = line.rstrip(b"\r\n")
            if len(content) == len(line):
                self._parts.append(line)
                self._partial += len(line)
                break
            if self._after_cr and line == b"\n" and not self._partial:
                self._after_cr = False
                self._size += self._size > 0
                continue
            self._check(len(content))
            if self._parts:
                content = b"".join([*self._parts, content])
                self._parts.clear()
                self._partial = 0
            self._after_cr = line.endswith(b"\r")
            self._size += len(content) + 1
            event = self._line(content)
            if event is not None:
                yield event
            if line.endswith(b"\r\n"):
                self._size += self._size > 0
        self._check(0)

    def _check(self, more: int) -> None:
        line = self._partial + more
        event_room = self._max_event - self._size
        # Whichever cap is reached first counts, so that the answer does not depend on how the bytes were cut.
        if line > event_room and event_room <= self._max_line:
            raise EventLimitError("max_event", self._max_event, self._size + line)
        if line > self._max_line:
            raise EventLimitError("max_line", self._max_line, line)

    def _line(self, line: bytes) -> ServerSentEvent | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._blank_line()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value
        else:
            if field == b"id" and b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            elif field == b"retry" and value.isdigit():
                # int() refuses very long strings of digits.
                self._retry = min(int(value), _MAX_RETRY) if len(value.lstrip(b"0")) < 20 else _MAX_RETRY
            if not self._data and not self._name:
                self._size = 0
        return None

    def _blank_line(self) -> ServerSentEvent | None:
        self._size = 0
        name, self._name = self._name, b""
        if not self._data:
            return None
        event = ServerSentEvent(
            event=name.decode("utf-8", "replace") or None,
            data=b"\n".join(self._data).decode("utf-8", "replace"),
            id=self._id,
            retry=self._retry,
        )
        self._data.clear()
        self._retry = None
        return event
