"""One lane for each event loop: made at the first request, closed with the loop, forgotten after a fork."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import aiohttp

from ..errors import OpenAIError
from .session_lane import SessionLane
from .settings import HTTPOptions, ProxyMap
from .tls import context_for
from .wire import WireLane, WireLimits

if TYPE_CHECKING:
    from .request import Lane

__all__ = ["LanePool"]


def _connector(options: HTTPOptions) -> tuple[aiohttp.BaseConnector, Any]:
    try:
        context = context_for(options)
    except OSError as exc:
        raise OpenAIError(f"the TLS settings given (verify, cert) cannot be used: {exc}") from exc
    if options.uds is not None:
        return (
            aiohttp.UnixConnector(options.uds, limit=options.limit, keepalive_timeout=options.keepalive),
            context,
        )
    local = None if options.local_address is None else (options.local_address, 0)
    connector = aiohttp.TCPConnector(
        ssl=context,
        limit=options.limit,
        limit_per_host=options.limit_per_host,
        keepalive_timeout=options.keepalive,
        ttl_dns_cache=options.dns_ttl,
        family=cast("Any", options.family),
        local_addr=local,
    )
    return connector, context


class _Held:
    """A lane and what must be closed with it."""

    __slots__ = ("__weakref__", "connector", "lane", "loop", "session")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lane: Lane,
        connector: aiohttp.BaseConnector | None,
        session: aiohttp.ClientSession | None,
    ) -> None:
        self.loop = loop
        self.lane = lane
        self.connector = connector
        self.session = session

    async def close(self) -> None:
        self.lane.close()
        connector, self.connector = self.connector, None
        if self.session is not None:
            self.session.detach()
        if connector is not None:
            await connector.close()

    def drop(self) -> None:
        """Close without waiting: from the loop's own thread, or after the loop is closed."""
        if self.loop.is_closed():
            forget = getattr(self.lane, "forget", None)
            if forget is not None:
                forget()
            _bury(self.connector)
        else:
            self.lane.close()
        connector, self.connector = self.connector, None
        if self.session is not None:
            self.session.detach()
        if connector is not None:
            # A coroutine or an awaitable, by version; its first step closes everything, the rest only waits.
            step = connector.close().__await__()
            with suppress(StopIteration):
                next(step)
            step.close()


def _bury(connector: aiohttp.BaseConnector | None) -> None:
    """Close the sockets of a loop that was closed before them: their transports can do it no longer."""
    pooled: Any = getattr(connector, "_conns", None) or {}
    for connections in pooled.values():
        for protocol, _ in connections:
            transport: Any = protocol.transport
            inner: Any = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
            if inner is not None:
                transport._closed = True
            lost = getattr(inner if inner is not None else transport, "_call_connection_lost", None)
            if lost is not None:
                with suppress(Exception):
                    lost(None)


class _Keeper:
    """Closes the lanes of a loop when it shuts down its asynchronous generators, as asyncio.run does."""

    def __init__(self) -> None:
        self.held: weakref.WeakSet[_Held] = weakref.WeakSet()
        self.generator = self._wait()
        with suppress(StopIteration):
            self.generator.__anext__().send(None)

    async def _wait(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            _keepers.pop(asyncio.get_running_loop(), None)
            for held in list(self.held):
                await held.close()


_keepers: dict[asyncio.AbstractEventLoop, _Keeper] = {}
_pools: weakref.WeakSet[LanePool] = weakref.WeakSet()


class LanePool:
    """The lanes of one transport.

    Args:
        session: the user's own session, or None.
        options: the client's settings.
    """

    def __init__(self, session: aiohttp.ClientSession | None, options: HTTPOptions) -> None:
        self._session = session
        self._options = options
        self._proxies = ProxyMap(options)
        self._held: dict[asyncio.AbstractEventLoop, _Held] = {}
        self._lock = threading.Lock()
        self.closed = False
        _pools.add(self)

    def get(self) -> Lane:
        """The lane of the running loop.

        Raises:
            OpenAIError: the client is closed, the session given belongs to another loop, or a certificate
                file cannot be used.
        """
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if (held is not None and held.connector is not None) or (
            held is not None and self._session is not None
        ):
            return held.lane
        return self._make(loop)

    def _make(self, loop: asyncio.AbstractEventLoop) -> Lane:
        if self.closed:
            raise OpenAIError("this client is closed; make a new one")
        choice = os.environ.get("OXIDE_LANE", "")
        if choice not in ("", "wire", "session"):
            raise OpenAIError(f"OXIDE_LANE must be 'wire' or 'session', not {choice!r}")
        for other in list(_keepers):
            if other.is_closed():
                _keepers.pop(other, None)
        with self._lock:
            for other, dead in list(self._held.items()):
                if other.is_closed():
                    del self._held[other]
                    dead.drop()
            connector: aiohttp.BaseConnector | None = None
            session: aiohttp.ClientSession | None = None
            lane: Lane
            if self._session is not None:
                if getattr(self._session, "_loop", loop) is not loop:
                    raise OpenAIError(
                        "the ClientSession given as http_client belongs to another event loop; "
                        "make one in this loop, or leave http_client out: oxide keeps a pool for each loop"
                    )
                lane = SessionLane(self._session, self._options, None)
            else:
                connector, context = _connector(self._options)
                proxy_for = self._proxies.lookup
                if choice == "session":
                    session = aiohttp.ClientSession(
                        connector=connector, connector_owner=False, cookie_jar=aiohttp.DummyCookieJar()
                    )
                    lane = SessionLane(session, self._options, proxy_for)
                else:
                    keep = self._options.keepalive
                    limits = WireLimits(
                        max_head=self._options.max_head, max_body=self._options.max_body, keep_alive=keep
                    )
                    lane = WireLane(connector, loop=loop, ssl=context, proxy_for=proxy_for, limits=limits)
            held = self._held[loop] = _Held(loop, lane, connector, session)
        keeper = _keepers.get(loop)
        if keeper is None:
            keeper = _keepers[loop] = _Keeper()
        keeper.held.add(held)
        return lane

    async def close(self) -> None:
        """Close the lanes of every loop; requests and streams that run end with an error. For good."""
        self.closed = True
        running = asyncio.get_running_loop()
        for loop, held in list(self._held.items()):
            self._held.pop(loop, None)
            if loop is running:
                await held.close()
            else:
                _elsewhere(held)

    def abandon(self) -> None:
        """Close what can be closed without a running loop: for a client nobody closed. Makes no task."""
        for held in list(self._held.values()):
            _elsewhere(held)
        self._held.clear()


def _elsewhere(held: _Held) -> None:
    if held.loop.is_closed():
        held.drop()
        return
    # RuntimeError: the loop closed in this very moment, its keeper has done the work.
    with suppress(RuntimeError):
        held.loop.call_soon_threadsafe(held.drop)


def _after_fork() -> None:
    # The sockets are the parent's: a TLS shutdown or an epoll_ctl from here would break its connections. So
    # nothing is closed, and nothing may ever be finalised: each object keeps a reference for good.
    import ctypes

    keep = ctypes.pythonapi.Py_IncRef
    for pool in list(_pools):
        for held in pool._held.values():  # pyright: ignore[reportPrivateUsage]
            keep(ctypes.py_object(held))
            keep(ctypes.py_object(held.connector))
            keep(ctypes.py_object(held.loop))
        pool._held = {}  # pyright: ignore[reportPrivateUsage]
        pool._lock = threading.Lock()  # pyright: ignore[reportPrivateUsage]
    for keeper in _keepers.values():
        keep(ctypes.py_object(keeper))
    _keepers.clear()


if hasattr(os, "register_at_fork") and sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
