"""The connections of the pure wire lane: twin of the class in wire_c, which says why things are so."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import httptools

from . import wire_common as common
from .request import LaneError
from .wire_answer import PADDING, Answer, bad_coding, too_large

if TYPE_CHECKING:
    from oxide.errors import LimitName

    from .bodies import Upload
    from .request import Attempt, PreparedRequest
    from .wire_py import WireLane

__all__ = ["Conn"]

IDLE, HEAD, BODY, STREAM = range(4)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


class Conn(asyncio.BufferedProtocol):
    """The protocol of one connection; while no request runs, what happens is passed to aiohttp's handler."""

    def __init__(self, lane: WireLane, handler: Any, transport: Any) -> None:
        self.lane = lane
        self.handler = handler
        self.transport: Any = transport
        self.state = IDLE
        self.parser: Any = None
        self.timer: asyncio.TimerHandle | None = None
        self.timer_at = 0.0
        self.version: str | None = None
        self.writing = self.paused = False
        self.waiter: asyncio.Future[None] | None = None
        self.connection: Any = None
        self.origin: common.Origin | None = None
        self.upload: Upload | None = None

    def start(
        self,
        connection: Any,
        prepared: PreparedRequest,
        attempt: Attempt,
        origin: common.Origin,
        reused: bool,
    ) -> Answer:
        """Send a request."""
        self.answer = answer = Answer(self.lane, self, prepared, attempt, reused)
        self.connection = connection
        self.origin = origin
        self.timeout = prepared.timeout
        self.read_limit = inf if self.timeout.read is None else self.timeout.read
        self.reused = reused
        self.received = self.direct = self.keep = self.until_close = False
        self.done = self.dirty = self.informed = self.spent = self.refused = False
        self.failure: BaseException | None = None
        self.coding: str | None = None
        self.body: bytearray | None = None
        self.body_len = self.head_size = self.head_read = 0
        self.content_length = -1
        self.head_only = prepared.method == "HEAD"
        self.want_stream = prepared.stream
        self.waiter = self.lane.loop.create_future()
        self.state = HEAD
        self.lane.active.add(self)
        if self.parser is None:
            self.parser = httptools.HttpResponseParser(self)
        self.sent_at = monotonic()
        body = prepared.body
        try:
            self.transport.write(compose(prepared, attempt, origin))
            if body is None:
                pass
            elif not isinstance(body, bytes):
                assert attempt.upload is not None
                self.upload = attempt.upload
                self.upload.start(self, self.lane.loop)
            elif len(body) > common.SMALL_BODY:
                self.transport.write(memoryview(body)[common.SMALL_BODY :])
        except BaseException:
            self.fail(LaneError("write", "the request could not be written"))
            raise
        if self.state != IDLE:
            self.arm_sent()
        return answer

    def arm_sent(self) -> None:
        """Set the limit that runs after something was written."""
        write = self.timeout.write
        if self.writing:
            self.arm(inf if write is None else write)
        else:
            # Nobody but the application can be late while its own body is read.
            self.arm(inf if self.upload is not None else self.read_limit)

    def push(self, data: Any) -> None:
        """Upload: write a piece of the body. A transport that has failed says so by itself."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def pushed(self) -> None:
        """Upload: the body is whole."""
        self.upload = None
        self.arm_sent()

    def broken(self, error: BaseException) -> None:
        """Upload: the body cannot be read."""
        self.fail(error)

    def cut(self) -> None:
        """The answer says no before the body is sent: the rest stays here, and the connection goes."""
        upload, self.upload = self.upload, None
        self.refused = True
        if upload is not None:
            self.writing = False
            upload.stop()

    def wake(self) -> None:
        """Let the caller go on."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def finish(self) -> None:
        """The answer is complete: the connection goes back to the pool, or is closed."""
        answer = self.answer
        streamed = self.state == STREAM
        cut = self.refused or self.writing or self.upload is not None
        keep = self.keep and not self.dirty and not cut and not self.until_close
        error = None if streamed else self.settle(answer)
        if self.spent:
            self.parser = None
        if cut:
            # Closing it kindly would wait for a peer that reads no more.
            self.transport.abort()
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
        self.leave(keep)
        if streamed:
            answer.end(None)
        else:
            answer.error = error
            answer.conn = None
            answer.complete = True
        self.wake()

    def settle(self, answer: Answer) -> BaseException | None:
        """Hand the collected body to the answer, decoded and padded; what went wrong, or None."""
        plain = b"" if self.body is None else bytes(memoryview(self.body)[: self.body_len])
        if self.coding is not None and self.body is not None:
            try:
                decoder = common.decoder_for(self.coding, self.lane.limits.max_body)
                plain = decoder.decompress(plain) + decoder.flush()
            except Exception as exc:
                return bad_coding(exc)
            if len(plain) > self.lane.limits.max_body:
                return too_large(self.lane.limits.max_body)
        answer.body = plain + PADDING
        answer.length = len(plain)
        return None

    def fail(self, error: BaseException) -> None:
        """The request ends here, and the connection with it."""
        if self.state == IDLE:
            return
        answer = self.answer
        streamed = self.state == STREAM
        if self.transport is not None:
            self.transport.abort()
        self.leave(False)
        if streamed:
            answer.end(error)
        else:
            answer.error = error
            answer.conn = None
        self.wake()

    def leave(self, keep: bool) -> None:
        """Take the connection out of use."""
        connection, self.connection = self.connection, None
        self.state = IDLE
        self.direct = False
        del self.answer, self.timeout
        self.failure = self.body = None
        self.deadline = inf
        if self.upload is not None:
            self.upload.stop()
            self.upload = None
        self.lane.active.discard(self)
        origin, self.origin = self.origin, None
        if keep and origin is not None:
            origin.idle += 1
            connection.release()
        else:
            self.parser = None
            connection.close()

    def arm(self, seconds: float) -> None:
        """Set the limit that runs now. One timer serves many requests: it is moved only to fire earlier."""
        self.deadline = monotonic() + seconds
        if seconds == inf:
            return
        if self.timer is not None:
            if self.timer_at <= self.deadline:
                return
            self.timer.cancel()
        self.timer_at = self.deadline
        self.timer = self.lane.loop.call_later(seconds, self.on_timer)

    def on_timer(self) -> None:
        """The timer fired; the limit may have moved since it was set."""
        self.timer = None
        if self.state == IDLE or self.deadline == inf:
            return
        left = self.deadline - monotonic()
        if left > 0:
            self.timer_at = self.deadline
            self.timer = self.lane.loop.call_later(left, self.on_timer)
            return
        limit: LimitName = "write" if self.writing else "read"
        what = "the request could not be sent" if self.writing else "no byte of the answer came"
        self.fail(
            LaneError(
                "timeout",
                f"{what} within the {limit} limit",
                bytes_received=self.received,
                reused=self.reused,
                limit=limit,
                seconds=getattr(self.timeout, limit),
            )
        )

    def pause(self) -> None:
        """Stop reading: the limit on silence does not run while we are the silent ones."""
        if not self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = True
            self.deadline = inf
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
            self.arm(self.read_limit)

    def connection_made(self, transport: Any) -> None:
        """Never called: aiohttp's handler made the connection."""
        self.transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put the next bytes."""
        if self.direct and self.body is not None:
            return memoryview(self.body)[self.body_len :]
        return self.lane.scratch

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        if self.state == IDLE:
            self.handler.close()
            return
        self.received = True
        if self.direct:
            self.body_len += nbytes
            if self.body_len == self.content_length:
                self.spent = self.done = True
        else:
            try:
                self.parser.feed_data(self.lane.scratch[:nbytes])
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
                self.dirty = True
                if not self.done and self.failure is None:
                    self.failure = self._malformed(f"the answer is not HTTP/1.1: {exc}", exc)
            if self.state == HEAD and not self.done:
                self.head_read += nbytes
            if max(self.head_size, self.head_read + 1) > self.lane.limits.max_head:
                self.failure = self._malformed(
                    f"the answer's head is above {self.lane.limits.max_head} bytes"
                )
        if self.failure is not None:
            self.fail(self.failure)
        elif self.done:
            self.finish()
        else:
            if self.informed:
                self.informed = False
                self.wake()
            elif (
                self.state == BODY
                and self.content_length - self.body_len >= common.DIRECT_MIN
                and self.coding is None
            ):
                self.direct = True
            if not self.paused and not self.writing and self.upload is None:
                self.deadline = monotonic() + self.read_limit

    def _malformed(self, message: str, cause: BaseException | None = None) -> LaneError:
        return LaneError("protocol", message, bytes_received=True, reused=self.reused, cause=cause)

    def eof_received(self) -> None:
        """The peer will send no more; the transport closes itself."""

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        self.handler.connection_lost(exc)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.paused = False
        if self.state != IDLE and exc is not None:
            self.take_rest()
        if self.state != IDLE:
            if self.until_close and (exc is None or self.refused):
                self.finish()
            else:
                what = "broke" if exc is None else f"broke: {exc}"
                self.fail(
                    LaneError(
                        "read",
                        f"the connection {what} before the answer was complete",
                        bytes_received=self.received,
                        reused=self.reused,
                        cause=exc,
                    )
                )
        self.parser = self.transport = None

    def take_rest(self) -> None:
        """A write that failed closes the connection before all of the answer was read: read it now."""
        self.dirty = True
        spare = common.spare_socket(self.transport)
        if spare is None:
            return
        with spare, suppress(OSError):
            while self.state != IDLE and (n := spare.recv_into(self.get_buffer(-1))):
                self.buffer_updated(n)

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self.writing = True
        if self.upload is not None and self.state != IDLE:
            self.arm_sent()

    def resume_writing(self) -> None:
        """The socket takes bytes again."""
        self.writing = False
        if self.state != IDLE:
            self.arm_sent()
            if self.upload is not None:
                self.upload.resume()

    def on_message_begin(self) -> None:
        """The first byte of a message."""
        if self.done:
            self.dirty = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line, or a trailer."""
        if self.state != HEAD or self.done:
            return
        self.answer.raw_headers.append((name, value))
        self.head_size += len(name) + len(value)
        lower = name.lower()
        if lower == b"content-length":
            self.content_length = int(value)
        elif lower == b"transfer-encoding":
            self.content_length = -2
        elif lower == b"content-encoding":
            coding = value.strip().lower().decode("latin-1")
            self.coding = None if coding in ("", "identity") else coding

    def on_headers_complete(self) -> None:
        """The end of the head."""
        if self.done:
            return
        answer = self.answer
        answer.status = self.parser.get_status_code()
        if answer.status < 200:
            return
        if len(answer.raw_headers) > self.lane.limits.max_headers:
            self.failure = self._malformed(f"the answer has more than {self.lane.limits.max_headers} headers")
            return
        if self.version is None:
            self.version = f"HTTP/{self.parser.get_http_version()}"
        answer.http_version = self.version
        answer.elapsed = monotonic() - self.sent_at
        self.keep = self.parser.should_keep_alive()
        if answer.status >= 300 and (self.upload is not None or self.writing):
            self.cut()
        if self.head_only or answer.status in (204, 304):
            self.spent = self.head_only
            self.coding = None
            self.done = True
            if self.want_stream and answer.status < 400:
                answer.pending = []  # an empty body to bind a sink to
            return
        self.until_close = self.content_length == -1
        if self.want_stream and answer.status < 400:
            self.state = STREAM
            self.informed = True
            answer.pending = []
            if self.coding is not None:
                try:
                    answer.decoder = common.decoder_for(self.coding)
                except Exception as exc:
                    self.failure = bad_coding(exc)
        else:
            self.state = BODY
            if self.content_length > self.lane.limits.max_body:
                self.failure = too_large(self.lane.limits.max_body)
            elif self.content_length >= 0:
                self.body = bytearray(self.content_length)

    def on_body(self, data: bytes) -> None:
        """Body bytes, chunk framing taken off."""
        if self.done or self.failure is not None:
            return
        if self.state == STREAM:
            if self.answer.give(data):
                self.pause()
            return
        end = self.body_len + len(data)
        if end > self.lane.limits.max_body:
            self.failure = too_large(self.lane.limits.max_body)
            return
        if self.body is None:
            self.body = bytearray()
        self.body[self.body_len : end] = data
        self.body_len = end

    def on_message_complete(self) -> None:
        """The end of the message."""
        if self.done:
            self.dirty = self.dirty or self.state != HEAD
        elif self.answer.status < 200:
            self.answer.raw_headers = []
            self.content_length = -1
            self.coding = None
        else:
            self.done = True


def compose(prepared: PreparedRequest, attempt: Attempt, origin: common.Origin) -> bytes:
    """The request's head, and its body when that is small, in one buffer."""
    target = prepared.target or prepared.url.raw_path_qs
    for char in target:
        if not "!" <= char <= "~":
            raise ValueError(f"invalid character {char!r} in the request target: percent-encode it")
    body = prepared.body
    if body is not None and not isinstance(body, bytes):
        assert attempt.upload is not None
        size = attempt.upload.length
        length = b"Content-Length: %d\r\n\r\n" % size if size is not None else CHUNKED
        body = None
    elif body is not None:
        length = b"Content-Length: %d\r\n\r\n" % len(body)
    elif prepared.method in ("POST", "PUT", "PATCH"):
        length = b"Content-Length: 0\r\n\r\n"
    else:
        length = b"\r\n"
    line = f"{prepared.method} {origin.absolute}{target} HTTP/1.1\r\n".encode("latin-1")
    extra = "".join([f"{name}: {value}\r\n" for name, value in attempt.headers]).encode("latin-1")
    first = body[: common.SMALL_BODY] if body is not None else b""
    return b"".join((line, origin.host, prepared.headers.wire, extra, length, first))
