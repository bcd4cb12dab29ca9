"""Taking a connection from aiohttp's connector, with separate limits for the wait and for the connecting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from .interrupt import Interrupt
from .request import LaneError

if TYPE_CHECKING:
    from ..errors import LimitName
    from ..timeouts import Timeout

__all__ = ["UNLIMITED", "acquire"]

UNLIMITED = aiohttp.ClientTimeout(total=None)


class _Watch:
    """What the connector takes for a Trace: it is told when the wait ends and the connecting begins."""

    __slots__ = ("interrupt", "loop", "timeout", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: Timeout) -> None:
        self.loop = loop
        self.timeout = timeout
        self.interrupt = Interrupt()
        self.timer: asyncio.TimerHandle | None = None

    def arm(self, limit: LimitName, seconds: float | None) -> None:
        self.disarm()
        if seconds is not None:
            error = LaneError("timeout", f"no connection within {seconds:g} s", limit=limit, seconds=seconds)
            self.timer = self.loop.call_later(seconds, self.interrupt.fire, error)

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    async def send_connection_queued_start(self) -> None:
        self.arm("pool", self.timeout.pool)

    async def send_connection_queued_end(self) -> None:
        self.disarm()

    async def send_connection_create_start(self) -> None:
        self.arm("connect", self.timeout.connect)

    async def send_connection_create_end(self) -> None:
        self.disarm()

    async def _nothing(self, *_: Any) -> None:
        pass

    send_connection_reuseconn = _nothing
    send_dns_resolvehost_start = send_dns_resolvehost_end = _nothing
    send_dns_cache_hit = send_dns_cache_miss = _nothing


async def acquire(
    connector: aiohttp.BaseConnector,
    request: aiohttp.ClientRequest,
    timeout: Timeout,
    loop: asyncio.AbstractEventLoop,
) -> Any:
    """A connection for a request; the time spent waiting for a free one is charged to the pool limit alone.

    Args:
        connector: where to take it from.
        request: names the origin, TLS and proxy.
        timeout: the request's limits.
        loop: the running loop.

    Returns:
        aiohttp's Connection.

    Raises:
        LaneError: ``timeout``: ``pool`` or ``connect`` ran out. Other failures are aiohttp's own.
    """
    watch: Any = _Watch(loop, timeout)
    try:
        return await connector.connect(request, traces=[watch], timeout=UNLIMITED)
    except asyncio.CancelledError:
        error = watch.interrupt.resolve()
        if error is None:
            raise
        raise error from None
    finally:
        watch.disarm()
        watch.interrupt.finish()
