"""What both wire lanes share: limits, origins, and the words for what went wrong."""

from __future__ import annotations

import asyncio
import socket
import ssl as ssl_module
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Union

import aiohttp
from aiohttp.client_exceptions import ClientHttpProxyError, ClientProxyConnectionError, ClientSSLError
from multidict import CIMultiDict

from .facts import Headers
from .request import LaneError

if TYPE_CHECKING:
    from yarl import URL

    from .settings import Proxy

__all__ = [
    "DIRECT_MIN",
    "SCRATCH_SIZE",
    "SMALL_BODY",
    "Chunks",
    "Headers",
    "Origin",
    "OriginTable",
    "ProxyFor",
    "WireLimits",
    "being_cancelled",
    "connect_error",
    "decoder_for",
    "spare_socket",
]

SCRATCH_SIZE = 64 * 1024
"""Bytes one read takes at most; one such buffer serves all connections of a lane."""

SMALL_BODY = 64 * 1024
"""Request bodies up to here travel in one buffer with the head; of larger ones only the first part does."""

DIRECT_MIN = 32 * 1024
"""Where more than this is left of a body of known length, the socket writes straight into the body."""

ProxyFor = Callable[["URL"], Union["Proxy", None]]


class WireLimits:
    """Bounds on what a server may send.

    Args:
        max_head: bytes of an answer's head, informational answers included.
        max_headers: number of header lines.
        max_body: bytes of a decoded body that is read whole; streams have no such limit.
        high_water: bytes a stream holds before it stops reading from the socket.
        keep_alive: seconds an unused connection is kept.
    """

    __slots__ = ("high_water", "keep_alive", "max_body", "max_head", "max_headers")

    def __init__(
        self,
        *,
        max_head: int = 64 * 1024,
        max_headers: int = 256,
        max_body: int = 1024 * 1024 * 1024,
        high_water: int = 256 * 1024,
        keep_alive: float = 60.0,
    ) -> None:
        self.keep_alive = keep_alive
        self.max_head = max_head
        self.max_headers = max_headers
        self.max_body = max_body
        self.high_water = high_water


class Origin:
    """One scheme, host, port and way there.

    Attributes:
        request: what aiohttp's connector wants to see; made once, never sent.
        host: the Host line with its CRLF, and the proxy's own headers where the request itself goes to one.
        absolute: scheme and authority to put before the target, for a plain HTTP proxy; else empty.
        idle: connections given back to the pool and not taken again; the pool may have closed some since.
        parked: connections kept at hand, the one used last at the end.
    """

    __slots__ = ("absolute", "host", "idle", "parked", "request")

    def __init__(
        self,
        url: URL,
        loop: asyncio.AbstractEventLoop,
        ssl: ssl_module.SSLContext | bool,
        proxy: Proxy | None,
    ) -> None:
        base = url.origin()
        self.idle = 0
        self.parked: list[Any] = []
        more: dict[str, Any] = {}
        if proxy is not None:
            more = {"proxy": proxy.url, "proxy_headers": CIMultiDict(proxy.headers)}
        self.request = aiohttp.ClientRequest(
            "GET", base, loop=loop, ssl=ssl, skip_auto_headers=("User-Agent",), **more
        )
        named = self.request.proxy_headers
        if isinstance(named, CIMultiDict):
            # The connector adds Host to these, and they are part of the pool's key: were it not here at
            # once, no connection would ever be found again.
            named["Host"] = self.request.headers["Host"]
        lines = f"Host: {self.request.headers['Host']}\r\n"
        self.absolute = ""
        if proxy is not None and base.scheme == "http":
            self.absolute = str(base).rstrip("/")
            lines += "".join(f"{name}: {value}\r\n" for name, value in proxy.headers.items())
        self.host = lines.encode("latin-1")


class OriginTable:
    """The origins a lane has seen.

    Args:
        loop: the lane's loop.
        ssl: context or flag for https.
        proxy_for: gives the proxy for a URL, or None.
    """

    __slots__ = ("_loop", "_proxy_for", "_ssl", "_table")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, ssl: ssl_module.SSLContext | bool, proxy_for: ProxyFor | None
    ) -> None:
        self._loop = loop
        self._ssl = ssl
        self._proxy_for = proxy_for
        self._table: dict[tuple[str, str | None, int | None], Origin] = {}

    def find(self, url: URL) -> Origin:
        """The origin of a URL.

        Args:
            url: an absolute http or https URL.
        """
        key = (url.scheme, url.raw_host, url.port)
        found = self._table.get(key)
        if found is None:
            if len(self._table) >= 1024:
                self._table.clear()
            proxy = self._proxy_for(url) if self._proxy_for is not None else None
            found = self._table[key] = Origin(url, self._loop, self._ssl, proxy)
        return found


def being_cancelled() -> bool:
    """Whether someone cancelled the running task, not a future it waits for. Before 3.11: unknown, no."""
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)
    return cancelling is not None and cancelling() > 0


def decoder_for(coding: str, limit: int | None = None) -> Any:
    """The decoder of a content coding; loaded when the first coded answer comes.

    Args:
        coding: the Content-Encoding header's value.
        limit: bytes the decoded body may have.
    """
    from .decode import decoder_for as find

    return find(coding, limit)


def spare_socket(transport: Any) -> socket.socket | None:
    """A second handle on a transport's socket, to read what the transport will not; None where there is none.

    Args:
        transport: one that is being closed. What TLS left in its socket nobody can read.
    """
    if transport is None or transport.get_extra_info("ssl_object") is not None:
        return None
    sock = transport.get_extra_info("socket")
    try:
        spare: socket.socket = sock.dup()
    except (OSError, AttributeError, TypeError):
        return None
    spare.setblocking(False)
    return spare


def connect_error(exc: Exception) -> LaneError:
    """Say which part of getting a connection failed.

    Args:
        exc: what aiohttp's connector raised.
    """
    from .session_errors import connect_text

    if isinstance(exc, (ClientProxyConnectionError, ClientHttpProxyError)):
        return LaneError("proxy", connect_text(exc), cause=exc)
    if isinstance(exc, (ssl_module.SSLError, ClientSSLError, aiohttp.ServerFingerprintMismatch)):
        return LaneError("tls", connect_text(exc), cause=exc)
    return LaneError("connect", connect_text(exc), cause=exc)


class Chunks:
    """A sink that hands the body on in the pieces it arrived in.

    Args:
        loop: the lane's loop.
        control: told to go on reading once everything held was taken.
        high_water: bytes held before the sender is asked to stop.
    """

    __slots__ = ("_control", "_ended", "_error", "_held", "_high", "_loop", "_pieces", "_waiter")

    def __init__(self, loop: asyncio.AbstractEventLoop, control: Any, high_water: int) -> None:
        self._loop = loop
        self._control = control
        self._high = high_water
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def feed_data(self, data: bytes) -> bool:
        """Take a piece; True asks the sender to stop."""
        self._pieces.append(data)
        self._held += len(data)
        self._wake()
        return self._held > self._high

    def feed_eof(self) -> None:
        """The body is complete."""
        self._ended = True
        self._wake()

    def set_exception(self, exc: BaseException) -> None:
        """The body broke off."""
        self._error = exc
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def iterate(self) -> AsyncIterator[bytes]:
        """The pieces; raises what broke the body off, after the last piece that came."""
        try:
            while True:
                while self._pieces:
                    piece = self._pieces.popleft()
                    self._held -= len(piece)
                    if not self._pieces:
                        self._control.resume_reading()
                    yield piece
                if self._ended:
                    break
                self._waiter = self._loop.create_future()
                await self._waiter
            if self._error is not None:
                raise self._error
        finally:
            self._control.release()
