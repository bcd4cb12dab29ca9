"""What the embedded server saw: one record per request, in the order in which request heads arrived."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, overload

import orjson
from multidict import CIMultiDictProxy, MultiDictProxy

if TYPE_CHECKING:
    from ._form import Form

__all__ = ["Journal", "RecordedRequest"]


@dataclass(slots=True, eq=False)
class RecordedRequest:
    """One request as it arrived, and what became of it.

    Times are `time.monotonic()` seconds. `connection` counts accepted TCP connections from 1, so the number
    of distinct values over a journal is the number of connections its requests came in on.
    """

    index: int
    method: str
    target: str
    """Path and query exactly as on the request line."""
    path: str
    """Percent-decoded path."""
    query: MultiDictProxy[str]
    headers: CIMultiDictProxy[str]
    connection: int
    received: float
    """When the head was read."""
    body: bytes = b""
    answered: float | None = None
    """When the first byte of the answer was written."""
    finished: float | None = None
    """When the last byte was written, or the exchange given up."""
    status: int | None = None
    """Status of the answer; None where nothing was answered."""
    aborted: bool = False
    """The client went away before it had the whole answer."""
    scripted: bool = False
    """The answer came from `Server.script`, not from the built-in behaviour."""
    request_id: str | None = None
    """The `x-request-id` header of the answer."""
    bytes_sent: int = 0
    """Bytes of the answer handed to the socket, framing included."""
    _parsed: list[Any] = field(default_factory=lambda: [], repr=False)

    def json(self) -> Any:
        """The body as JSON, parsed once.

        Raises:
            ValueError: the body is not JSON.
        """
        if not self._parsed:
            self._parsed.append(orjson.loads(self.body))
        return self._parsed[0]

    def form(self) -> Form:
        """The body as a form: `record.form()["file"].data`, `.filename`, `.content_type`.

        Raises:
            ValueError: the body is no form, or is not complete.
        """
        from ._form import parse_form
        from ._refusal import Refusal

        try:
            return parse_form(self)
        except Refusal as refusal:
            raise ValueError(str(refusal)) from None

    @property
    def done(self) -> bool:
        """True once the exchange is over, well or not."""
        return self.finished is not None

    def as_dict(self) -> dict[str, Any]:
        """The record as plain JSON values: credentials masked, a body that is not UTF-8 text left out."""
        headers = [(k, "***" if k.lower() in _SECRET else v) for k, v in self.headers.items()]
        try:
            body: str | None = self.body.decode()
        except UnicodeDecodeError:
            body = None
        return {
            "index": self.index,
            "method": self.method,
            "target": self.target,
            "headers": headers,
            "body": body,
            "connection": self.connection,
            "status": self.status,
            "aborted": self.aborted,
            "scripted": self.scripted,
            "request_id": self.request_id,
            "bytes_sent": self.bytes_sent,
            "seconds": None if self.finished is None else self.finished - self.received,
        }


_SECRET = frozenset({"authorization", "api-key", "proxy-authorization", "cookie"})


class Journal(Sequence[RecordedRequest]):
    """The requests a server has seen, oldest first. May be read from any thread.

    Args:
        keep: how many records are kept, the newest ones; None: all.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._records: deque[RecordedRequest] = deque(maxlen=keep)
        self._counted = 0

    def add(self, record: RecordedRequest) -> None:
        """Append a record and number it (used by the server)."""
        record.index = self._counted
        self._counted += 1
        self._records.append(record)

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> RecordedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedRequest]: ...
    def __getitem__(self, index: int | slice) -> RecordedRequest | list[RecordedRequest]:
        return list(self._records)[index] if isinstance(index, slice) else self._records[index]

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(tuple(self._records))

    def __repr__(self) -> str:
        rows = ", ".join(f"{r.method} {r.target} → {r.status}" for r in self[-5:])
        return f"<Journal of {len(self)}: {'… ' if len(self) > 5 else ''}{rows}>"

    @property
    def last(self) -> RecordedRequest:
        """The newest record.

        Raises:
            IndexError: nothing was recorded yet.
        """
        return self._records[-1]

    @property
    def connections(self) -> int:
        """How many TCP connections the recorded requests came in on."""
        return len({r.connection for r in self})

    def of(self, path: str, method: str | None = None) -> list[RecordedRequest]:
        """Records of one path, given as `/v1/models` or `/models`, and of one method if named."""
        return [
            r
            for r in self
            if r.path in (path, "/v1" + path) and (method is None or r.method == method.upper())
        ]

    def clear(self) -> None:
        """Forget all records."""
        self._records.clear()

    async def settle(self, count: int = 0, timeout: float = 5.0) -> list[RecordedRequest]:
        """Wait until at least `count` requests were recorded and every one of them is over.

        The server learns of an aborted client a moment after the client left; call this before reading
        `aborted`.

        Args:
            count: how many requests there must be at least.
            timeout: seconds to wait.
        Returns:
            The records.
        Raises:
            TimeoutError: still waiting after `timeout`; the message names the unfinished requests.
        """
        return await self._until(lambda: all(r.done for r in self), count, timeout)

    async def arrived(self, count: int, timeout: float = 5.0) -> list[RecordedRequest]:
        """Wait until the heads of at least `count` requests have arrived.

        Args:
            count: how many requests there must be at least.
            timeout: seconds to wait.
        Returns:
            The records.
        Raises:
            TimeoutError: still waiting after `timeout`.
        """
        return await self._until(lambda: True, count, timeout)

    async def _until(self, true: Callable[[], bool], count: int, timeout: float) -> list[RecordedRequest]:
        # Polled, not signalled: the server may live in another thread than the waiter.
        end = monotonic() + timeout
        while len(self) < count or not true():
            if monotonic() > end:
                open_ = [f"{r.method} {r.target}" for r in self if not r.done]
                raise TimeoutError(
                    f"journal has {len(self)} of {count} requests, unfinished after {timeout} s: {open_}"
                )
            await asyncio.sleep(0.002)
        return list(self)
