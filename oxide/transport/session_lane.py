"""The lane over an ``aiohttp.ClientSession``: the user's own (middlewares, cookies), or one we make."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from multidict import CIMultiDict

from .decode import Decoder, decoder_for
from .interrupt import Interrupt
from .request import Attempt, ByteSinkLike, LaneError, PreparedRequest, RawAnswer
from .session_body import SLICE, MemoryBody, SourceBody
from .session_errors import lane_error

if TYPE_CHECKING:
    from yarl import URL

    from ..errors import LimitName
    from ..timeouts import Timeout
    from .settings import HTTPOptions, Proxy

__all__ = ["SessionAnswer", "SessionLane"]

_PADDING = bytes(64)
_SKIP = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class _Probe:
    """Watches a request from the session's trace hooks: its limits, and whether its connection was used."""

    __slots__ = ("interrupt", "loop", "reused", "timeout", "timer", "upload")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: Timeout) -> None:
        self.loop = loop
        self.timeout = timeout
        self.interrupt = Interrupt()
        self.reused = False
        self.upload: SourceBody | None = None
        self.timer: asyncio.TimerHandle | None = None

    def arm(self, limit: LimitName, seconds: float | None) -> None:
        self.disarm()
        if seconds is not None:
            error = LaneError("timeout", limit=limit, seconds=seconds, reused=self.reused)
            self.timer = self.loop.call_later(seconds, self.interrupt.fire, error)

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def finish(self) -> None:
        self.disarm()
        self.interrupt.finish()


# A context variable and not trace_request_ctx: that one belongs to the user's own traces.
_current: contextvars.ContextVar[_Probe | None] = contextvars.ContextVar("oxide_probe", default=None)


async def _queued(*_: Any) -> None:
    if (probe := _current.get()) is not None:
        probe.arm("pool", probe.timeout.pool)


async def _connecting(*_: Any) -> None:
    if (probe := _current.get()) is not None:
        probe.arm("connect", probe.timeout.connect)


async def _connected(*_: Any) -> None:
    if (probe := _current.get()) is not None:
        probe.disarm()


async def _reused(*_: Any) -> None:
    if (probe := _current.get()) is not None:
        probe.reused = True
        probe.disarm()


def _hooks() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()
    config.on_connection_queued_start.append(_queued)
    config.on_connection_queued_end.append(_connected)
    config.on_connection_create_start.append(_connecting)
    config.on_connection_create_end.append(_connected)
    config.on_connection_reuseconn.append(_reused)
    config.freeze()
    return config


_HOOKS = _hooks()


class SessionAnswer(RawAnswer):
    """An answer held by an ``aiohttp.ClientResponse``."""

    __slots__ = (
        "__weakref__",
        "_closed",
        "_decoder",
        "_ending",
        "_fault",
        "_lane",
        "_paused",
        "_probe",
        "_pump",
        "_response",
        "_sink",
    )

    def __init__(
        self,
        lane: SessionLane,
        response: aiohttp.ClientResponse,
        probe: _Probe,
        prepared: PreparedRequest,
        attempt: Attempt,
        elapsed: float,
    ) -> None:
        version = response.version
        self.status = response.status
        self.raw_headers = list(response.raw_headers)
        self.http_version = f"HTTP/{version.major}.{version.minor}" if version else "HTTP/1.1"
        self.body = b""
        self.length = 0
        self.is_reused = probe.reused
        self.elapsed = elapsed
        self.request = prepared
        self.attempt = attempt
        self.history = ()
        self._headers = None
        self._lane = lane
        self._response = response
        self._probe = probe
        self._decoder: Decoder | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._paused: asyncio.Future[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._sink: ByteSinkLike | None = None
        self._closed = False
        self._fault: LaneError | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop the answer's connection lives in."""
        return self._lane.loop

    def _failed(self, exc: BaseException) -> BaseException:
        if self._fault is not None:
            return self._fault
        found = lane_error(
            exc, self._probe.timeout, reused=self._probe.reused, received=True, closed=self._closed
        )
        return exc if found is None else found

    async def read_some(self) -> bytes:
        """The next decoded piece; empty at the end of the body, when the connection has gone back.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        content = self._response.content
        try:
            if self._decoder is None:
                encoding = self._response.headers.get("Content-Encoding")
                if encoding is not None:
                    self._decoder = decoder_for(
                        encoding, None if self.request.stream else self._lane.max_body
                    )
            decoder = self._decoder
            while data := await content.readany():
                if decoder is None:
                    return data
                data = decoder.decompress(data)
                if data:
                    return data
            if decoder is not None:
                decoder.flush()
        except BaseException as exc:
            self.abort()
            error = self._failed(exc)
            if error is exc:
                raise
            raise error from exc
        self.release()
        return b""

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        return _Pieces(self)

    async def read_all(self) -> None:
        limit, size, parts = self._lane.max_body, 0, list[bytes]()
        while data := await self.read_some():
            size += len(data)
            if size > limit:
                self.abort()
                raise LaneError(
                    "too_large",
                    f"the body grows above the limit of {limit} bytes",
                    bytes_received=True,
                )
            parts.append(data)
        parts.append(_PADDING)
        self.body = b"".join(parts)
        self.length = size

    def bind(self, sink: ByteSinkLike) -> None:
        self._sink = sink
        self._pump = self._lane.loop.create_task(self._run(sink))

    async def _run(self, sink: ByteSinkLike) -> None:
        try:
            while data := await self.read_some():
                if sink.feed_data(data):
                    self.pause_reading()
                if self._paused is not None:
                    await self._paused
            sink.feed_eof()
        except Exception as exc:
            sink.set_exception(exc)
        finally:
            self._sink = self._pump = None

    def pause_reading(self) -> None:
        if self._paused is None:
            self._paused = self._lane.loop.create_future()

    def resume_reading(self) -> None:
        paused, self._paused = self._paused, None
        if paused is not None and not paused.done():
            paused.set_result(None)

    def expect_end(self, seconds: float) -> None:
        """The reader needs nothing more: the connection is kept if the body ends in time, else closed."""
        if self._pump is not None and self._ending is None:
            self.resume_reading()
            self._ending = self._lane.loop.call_later(seconds, self.abort)

    def _end(self) -> None:
        self._lane.streams.discard(self)
        if self._ending is not None:
            self._ending.cancel()
        pump, self._pump = self._pump, None
        if pump is not None and pump is not _task_or_none():
            pump.cancel()
        self.resume_reading()

    def release(self) -> None:
        self._end()
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()

    def abort(self) -> None:
        self._end()
        self._response.close()

    def fail(self, exc: Exception) -> None:
        """End an open answer because the body of its request cannot be read.

        Args:
            exc: why.
        """
        self._fault = LaneError("write", f"the request's body could not be read: {exc}", cause=exc)
        self.close(self._fault)

    def close(self, error: LaneError) -> None:
        """End an open answer because its lane closes.

        Args:
            error: handed to the sink; readers of the body get one like it.
        """
        self._closed = True
        sink = self._sink
        self.abort()
        if sink is not None:
            sink.set_exception(error)

    def __del__(self) -> None:
        response = getattr(self, "_response", None)
        if response is not None and response.connection is not None:
            # Dropped half-read, in whatever thread. RuntimeError: the loop is closed, its connections too.
            with suppress(RuntimeError):
                self._lane.loop.call_soon_threadsafe(response.close)


class _Pieces:
    """An iterator and not a generator: one that is dropped half-way leaves the loop nothing to finalise."""

    __slots__ = ("_answer",)

    def __init__(self, answer: SessionAnswer) -> None:
        self._answer = answer

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        data = await self._answer.read_some()
        if not data:
            raise StopAsyncIteration
        return data


def _task_or_none() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


class SessionLane:
    """Sends requests through an ``aiohttp.ClientSession``.

    Args:
        session: the session; must live in the running loop. It is never closed here.
        options: the client's settings.
        proxy_for: which proxy an address goes through; None leaves it to the session.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        options: HTTPOptions,
        proxy_for: Callable[[URL], Proxy | None] | None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.max_body = options.max_body
        self.streams: weakref.WeakSet[SessionAnswer] = weakref.WeakSet()
        self._session = session
        self._proxy_for = proxy_for
        self._max_head = options.max_head
        self._running: set[Interrupt] = set()
        self._closed = False
        if _HOOKS not in session.trace_configs:
            session.trace_configs.append(_HOOKS)

    async def send(self, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer:
        """Make one attempt; see ``Lane.send``."""
        if self._closed:
            raise LaneError("closed", "the client is closed")
        if self._session.closed:
            raise LaneError("closed", "the ClientSession given as http_client is closed")
        probe = _Probe(self.loop, prepared.timeout)
        token = _current.set(probe)
        self._running.add(probe.interrupt)
        answer: SessionAnswer | None = None
        try:
            answer = await self._open(prepared, attempt, probe)
            if probe.upload is not None and answer.status >= 300:
                probe.upload.refused = True
            if not prepared.stream or answer.status >= 400:
                await answer.read_all()
            else:
                self.streams.add(answer)
                if probe.upload is not None:
                    probe.upload.fail = answer.fail
                    probe.upload = None
            return answer
        except asyncio.CancelledError:
            if answer is not None:
                answer.abort()
            error = probe.interrupt.resolve()
            if error is None:
                raise
            raise error from None
        except Exception as exc:
            if answer is not None:
                answer.abort()
            found = lane_error(
                exc, probe.timeout, reused=probe.reused, received=answer is not None, closed=self._closed
            )
            if found is None or found is exc:
                raise
            raise found from exc
        finally:
            self._running.discard(probe.interrupt)
            probe.finish()
            _current.reset(token)
            if probe.upload is not None:
                await probe.upload.ended()

    async def _open(self, prepared: PreparedRequest, attempt: Attempt, probe: _Probe) -> SessionAnswer:
        headers = CIMultiDict(prepared.headers.pairs)
        headers.extend(attempt.headers)
        url, body = prepared.url, prepared.body
        if url.raw_user is not None:
            url = url.with_user(None)  # aiohttp would refuse it beside an Authorization header
        more: dict[str, Any] = {}
        proxy = self._proxy_for(url) if self._proxy_for is not None else None
        if proxy is not None:
            more["proxy"] = proxy.url
            if url.scheme == "https":
                more["proxy_headers"] = dict(proxy.headers)
            else:
                headers.extend(proxy.headers)
        data: Any = body
        if body is None:
            if prepared.method in ("POST", "PUT", "PATCH"):
                data = b""
        elif not isinstance(body, bytes):
            data = probe.upload = SourceBody(body, await body.open(), probe, probe.interrupt.fire)
        elif len(body) > SLICE:
            data = MemoryBody(body, probe)
        began = self.loop.time()
        response = await self._request(prepared, url, headers, data, more)
        probe.disarm()
        if response.status < 200:
            response.close()
            raise LaneError("protocol", f"status {response.status} was not asked for", bytes_received=True)
        return SessionAnswer(self, response, probe, prepared, attempt, self.loop.time() - began)

    async def _request(
        self,
        prepared: PreparedRequest,
        url: URL,
        headers: CIMultiDict[str],
        data: Any,
        more: dict[str, Any],
    ) -> aiohttp.ClientResponse:
        return await self._session.request(
            prepared.method,
            url,
            headers=headers,
            data=data,
            allow_redirects=False,
            raise_for_status=False,
            auto_decompress=False,
            skip_auto_headers=[name for name in _SKIP if name not in headers],
            timeout=aiohttp.ClientTimeout(total=None, sock_read=prepared.timeout.read),
            max_line_size=self._max_head,
            max_field_size=self._max_head,
            **more,
        )

    def close(self, exc: BaseException | None = None) -> None:
        """End every running request and stream.

        Args:
            exc: what they end with, instead of LaneError ``closed``.
        """
        self._closed = True
        error = exc if isinstance(exc, LaneError) else LaneError("closed", "the client was closed", cause=exc)
        for interrupt in list(self._running):
            interrupt.fire(error)
        for answer in list(self.streams):
            answer.close(error)
