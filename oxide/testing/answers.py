"""Scripted answers: what the embedded server says, and how it misbehaves while saying it."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from importlib import import_module
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import orjson

if TYPE_CHECKING:
    from .journal import RecordedRequest

__all__ = ["Answer", "AnswerLike", "Event", "Scripted", "coerce", "sse_bytes"]

Event: TypeAlias = "Mapping[str, Any] | str | bytes | tuple[str, Any]"
AnswerLike: TypeAlias = "Answer | Mapping[str, Any] | Sequence[Event]"
Scripted: TypeAlias = "AnswerLike | Callable[[RecordedRequest], AnswerLike | Awaitable[AnswerLike]]"
Framing: TypeAlias = Literal["length", "chunked", "close", "raw"]
Encoding: TypeAlias = Literal["gzip", "deflate", "br", "zstd"]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, down to the byte at which it is cut.

    Make one with `json`, `sse`, `text`, `html`, `error`, `redirect`, `raw`, `drop` or `hang`; all take the
    fields below as keywords. Offsets count body bytes as sent (after `encoding`, before chunk framing).

    Fields:
        pieces: the body, in the pieces it is written in; a callable is asked for them at each request (for
            bodies too large to hold) and then excludes `splits` and `encoding`.
        status, reason: status line; `reason` defaults to the standard phrase.
        headers: added to the default ones; a header named here replaces the default of the same name, so a
            wrong `Content-Length` can be sent.
        framing: `length`, `chunked`, `close` (body ends with the connection) or `raw` (`pieces` are the
            whole answer, status line included). None: `length` for one piece, else `chunked`.
        encoding: compress the body, flushed after each piece.
        writes: `each` piece in a write of its own, or the whole answer in `one`. None: `one` for one piece.
        gap: seconds between two writes. None: just long enough for the other side to read; 0: back to back.
        delay: seconds before the first byte of the head.
        first_byte: seconds between the head and the first byte of the body.
        splits: offsets at which the body is cut into pieces, in place of the cuts of `pieces`.
        wire_splits: offsets in the whole answer, head included, at which writes are cut.
        truncate: end the body cleanly after this many bytes.
        disconnect_after: close the connection after this many bytes of the body.
        reset: close with RST instead of FIN where `disconnect_after` does.
        stall_after: send nothing more after this many bytes, for `stall` seconds, then go on.
        close: say `Connection: close` and close afterwards.
        silent_close: close the kept-alive connection after the answer without having said so.
        interim: informational answers before this one, as (status, headers).
        http: version on the status line.
        early: answer without reading the request body.
    """

    pieces: Sequence[bytes] | Callable[[], Iterable[bytes]] = ()
    status: int = 200
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    reason: str | None = None
    framing: Framing | None = None
    encoding: Encoding | None = None
    writes: Literal["each", "one"] | None = None
    gap: float | None = None
    delay: float = 0.0
    first_byte: float = 0.0
    splits: Sequence[int] = ()
    wire_splits: Sequence[int] = ()
    truncate: int | None = None
    disconnect_after: int | None = None
    reset: bool = False
    stall_after: int | None = None
    stall: float = inf
    close: bool = False
    silent_close: bool = False
    interim: Sequence[tuple[int, Mapping[str, str]]] = ()
    http: str = "1.1"
    early: bool = False

    def but(self, **changes: Any) -> Answer:
        """The same answer with other fields."""
        return replace(self, **changes)

    @classmethod
    def json(cls, value: Any, status: int = 200, **fields: Any) -> Answer:
        """A JSON body; `bytes` are taken as JSON already."""
        body = value if isinstance(value, bytes) else orjson.dumps(value)
        return cls((body,), status, **_typed(fields, "application/json"))

    @classmethod
    def sse(
        cls,
        events: Iterable[Event] | Callable[[], Iterable[bytes]],
        *,
        done: bool = False,
        named: bool | None = None,
        **fields: Any,
    ) -> Answer:
        """A stream of server-sent events, one piece each.

        Args:
            events: a mapping is sent as JSON, a str as data, a `(name, data)` tuple under that event name,
                bytes as they are (for malformed streams). A callable must yield finished bytes.
            done: end with `data: [DONE]`.
            named: whether mappings get an `event:` line with their `type`; None: where they have a `type`
                and no `object`, which is how the Responses and Chat Completions formats differ.
        """
        pieces: Any = events
        if not callable(events):
            pieces = tuple(sse_bytes(e, named) for e in events) + ((b"data: [DONE]\n\n",) if done else ())
        fields.setdefault("framing", "chunked")
        fields.setdefault("writes", "each")
        return cls(pieces, **_typed(fields, "text/event-stream; charset=utf-8"))

    @classmethod
    def text(cls, body: str | bytes, status: int = 200, **fields: Any) -> Answer:
        """A plain text body."""
        return cls((_bytes(body),), status, **_typed(fields, "text/plain; charset=utf-8"))

    @classmethod
    def html(
        cls, body: str | bytes = "<html><body>gateway</body></html>", status: int = 200, **fields: Any
    ) -> Answer:
        """A web page, as proxies and captive portals send with status 200."""
        return cls((_bytes(body),), status, **_typed(fields, "text/html; charset=utf-8"))

    @classmethod
    def error(
        cls,
        status: int,
        message: str | None = None,
        *,
        type: str | None = None,
        code: str | int | None = None,
        param: str | None = None,
        retry_after: float | str | None = None,
        **fields: Any,
    ) -> Answer:
        """An error in OpenAI's shape, with the usual `type` of the status.

        Args:
            retry_after: seconds (sent as `retry-after-ms` and `Retry-After` where they are below one) or an
                HTTP date.
        """
        kind, phrase = _ERRORS.get(
            status, ("server_error" if status >= 500 else "invalid_request_error", "Failed.")
        )
        if code is None and status == 429:
            code = "rate_limit_exceeded"
        error = {"message": message or phrase, "type": type or kind, "param": param, "code": code}
        headers = list(_pairs(fields.pop("headers", ())))
        if isinstance(retry_after, str):
            headers.append(("Retry-After", retry_after))
        elif retry_after is not None:
            headers.append(("Retry-After", f"{retry_after:g}"))
            if retry_after < 1:
                headers.append(("retry-after-ms", f"{retry_after * 1000:g}"))
        return cls.json({"error": error}, status, headers=headers, **fields)

    @classmethod
    def redirect(cls, location: str, status: int = 307, **fields: Any) -> Answer:
        """A redirect to `location`."""
        headers = [("Location", location), *_pairs(fields.pop("headers", ()))]
        return cls((b"",), status, headers=headers, **fields)

    @classmethod
    def raw(cls, *pieces: bytes, **fields: Any) -> Answer:
        """Bytes written as they are, status line and all; then closes, unless `close=False`."""
        fields.setdefault("close", True)
        return cls(pieces, framing="raw", **fields)

    @classmethod
    def drop(cls, **fields: Any) -> Answer:
        """Close the connection without a byte of an answer."""
        return cls((), framing="raw", disconnect_after=0, **fields)

    @classmethod
    def hang(cls, seconds: float = inf, **fields: Any) -> Answer:
        """Read the request and say nothing for `seconds`."""
        return cls((b"",), delay=seconds, **fields)

    @property
    def effective_framing(self) -> Framing:
        """`framing`, or what it defaults to for this body."""
        if self.framing is not None:
            return self.framing
        return "length" if not callable(self.pieces) and len(self.pieces) <= 1 else "chunked"

    @property
    def in_one(self) -> bool:
        """Whether head and body go out in one write."""
        return self.writes == "one" or (
            self.writes is None and not callable(self.pieces) and len(self.pieces) <= 1 and not self.splits
        )

    @cached_property
    def body(self) -> tuple[bytes, ...]:
        """The body as it goes out: encoded, cut, truncated, without framing."""
        pieces = tuple(self.pieces()) if callable(self.pieces) else tuple(self.pieces)
        if self.encoding is not None:
            pieces = tuple(_encoded(pieces, self.encoding))
        if self.splits:
            pieces = _cut(b"".join(pieces), self.splits)
        if self.truncate is not None:
            pieces = _first(pieces, self.truncate)
        return pieces

    @property
    def plain_stream(self) -> bool:
        """The body can be asked for piece by piece: it comes from a callable and no field needs it whole."""
        return callable(self.pieces) and not (
            self.encoding or self.splits or self.truncate or self.wire_splits
        )

    def head(self, extra: Mapping[str, str], *, keep_alive: bool) -> bytes:
        """Status line and header block, after any interim answers.

        Args:
            extra: headers of the server, replaced by those of the same name in `headers`.
            keep_alive: whether the connection stays open, as far as the request is concerned.
        """
        framing = self.effective_framing
        if framing == "raw":
            return b""
        own = _pairs(self.headers)
        taken = {k.lower() for k, _ in own}
        lines = [_status_line(self.http, self.status, self.reason)]
        lines += [f"{k}: {v}" for k, v in extra.items() if k.lower() not in taken]
        if self.encoding and "content-encoding" not in taken:
            lines.append(f"Content-Encoding: {self.encoding}")
        bodiless = self.status in (204, 304)
        if framing == "length" and not bodiless and "content-length" not in taken:
            lines.append(f"Content-Length: {sum(map(len, self.body))}")
        if framing == "chunked" and not bodiless and "transfer-encoding" not in taken:
            lines.append("Transfer-Encoding: chunked")
        if "connection" not in taken:
            if self.close or framing == "close" or not keep_alive:
                lines.append("Connection: close")
            elif self.http == "1.0":
                lines.append("Connection: keep-alive")
        lines += [f"{k}: {v}" for k, v in own]
        interim = "".join(
            "\r\n".join([_status_line(self.http, code, None), *(f"{k}: {v}" for k, v in more.items())])
            + "\r\n\r\n"
            for code, more in self.interim
        )
        return (interim + "\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")

    def frames(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        """The body in pieces, each as (framing before it, body bytes, framing after it)."""
        if self.status in (204, 304):
            return
        source = cast("Callable[[], Iterable[bytes]]", self.pieces)() if self.plain_stream else self.body
        if self.effective_framing != "chunked":
            for piece in source:
                yield b"", piece, b""
            return
        for piece in source:
            if piece:
                yield b"%x\r\n" % len(piece), piece, b"\r\n"
        yield b"0\r\n\r\n", b"", b""

    @cached_property
    def framed(self) -> tuple[bytes, ...]:
        """The body as it is written, kept: an answer given many times is rendered once."""
        return tuple(map(b"".join, self.frames()))


def coerce(value: AnswerLike) -> Answer:
    """An `Answer` from what `Server.script` accepts: an answer, a mapping (JSON), a list of events (SSE)."""
    if isinstance(value, Answer):
        return value
    if isinstance(value, Mapping):
        return Answer.json(value)
    if isinstance(value, list | tuple):
        return Answer.sse(value)
    raise TypeError(f"an answer is an Answer, a mapping or a list of events, not {type(value).__name__}")


def sse_bytes(event: Event, named: bool | None = None) -> bytes:
    """One server-sent event on the wire; see `Answer.sse`."""
    if isinstance(event, bytes):
        return event
    name: str | None = None
    if isinstance(event, tuple):
        name, data = event
    else:
        data = event
        if (
            isinstance(data, Mapping)
            and "type" in data
            and (named or (named is None and "object" not in data))
        ):
            name = str(data["type"])
    text = data.encode() if isinstance(data, str) else orjson.dumps(data)
    head = b"" if name is None else b"event: %b\n" % name.encode()
    return head + b"".join(b"data: %b\n" % line for line in text.split(b"\n")) + b"\n"


def _status_line(http: str, status: int, reason: str | None) -> str:
    if reason is None:
        try:
            reason = HTTPStatus(status).phrase
        except ValueError:
            reason = ""
    return f"HTTP/{http} {status} {reason}"


def _pairs(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _typed(fields: dict[str, Any], content_type: str) -> dict[str, Any]:
    headers = _pairs(fields.pop("headers", ()))
    if not any(k.lower() == "content-type" for k, _ in headers):
        headers.insert(0, ("Content-Type", content_type))
    return {**fields, "headers": headers}


def _cut(data: bytes, offsets: Sequence[int]) -> tuple[bytes, ...]:
    marks = [0, *sorted({o for o in offsets if 0 < o < len(data)}), len(data)]
    return tuple(data[a:b] for a, b in pairwise(marks))


def _first(pieces: Iterable[bytes], size: int) -> tuple[bytes, ...]:
    out: list[bytes] = []
    for piece in pieces:
        out.append(piece[:size])
        size -= len(piece)
        if size <= 0:
            break
    return tuple(out)


def _encoded(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    if encoding in ("gzip", "deflate"):
        packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        for piece in pieces:
            yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        yield packer.flush()
    elif encoding == "br":
        brotli: Any = _optional("brotli", "brotli")
        squeezer = brotli.Compressor()
        for piece in pieces:
            yield squeezer.process(piece) + squeezer.flush()
        yield squeezer.finish()
    else:
        zstandard: Any = _optional("zstandard", "zstd")
        writer = zstandard.ZstdCompressor().compressobj()
        for piece in pieces:
            yield writer.compress(piece) + writer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        yield writer.flush()


def _optional(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"this encoding needs {module}: pip install 'oxide[{extra}]'") from error


_ERRORS = {
    400: ("invalid_request_error", "The request could not be understood."),
    401: ("invalid_request_error", "Incorrect API key provided."),
    403: ("invalid_request_error", "This key may not do that."),
    404: ("invalid_request_error", "Not found."),
    409: ("invalid_request_error", "The resource was changed by someone else."),
    422: ("invalid_request_error", "The request could not be processed."),
    429: ("requests", "Rate limit reached."),
    500: ("server_error", "The server had an error while processing your request."),
    503: ("server_error", "The server is overloaded."),
}
