"""The wire lane in pure Python: twin of wire_c, which says why things are as they are."""

from __future__ import annotations

import asyncio
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from . import wire_common as common
from .acquire import UNLIMITED, acquire
from .bodies import uploading
from .request import LaneError
from .wire_conn import Conn

if TYPE_CHECKING:
    import aiohttp

    from .request import Attempt, PreparedRequest, RawAnswer

__all__ = ["WireLane"]


class WireLane:
    """The connections of one transport in one event loop; the arguments are wire_c's."""

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        *,
        loop: asyncio.AbstractEventLoop,
        ssl: SSLContext | bool = True,
        proxy_for: common.ProxyFor | None = None,
        limits: common.WireLimits | None = None,
    ) -> None:
        self.connector = connector
        self.loop = loop
        self.limits = common.WireLimits() if limits is None else limits
        self.origins = common.OriginTable(loop, ssl, proxy_for)
        self.active: set[Conn] = set()
        self.scratch = memoryview(bytearray(common.SCRATCH_SIZE))
        self.closed = False

    async def send(self, prepared: PreparedRequest, attempt: Attempt) -> RawAnswer:
        """Make one attempt. Status and redirects are not judged here.

        Args:
            prepared: the request.
            attempt: what this attempt adds.

        Returns:
            The answer; a stream with a status below 400 at the end of its head, else read to its end.

        Raises:
            LaneError: no answer, or not all of one.
        """
        if (
            prepared.body is not None
            and not isinstance(prepared.body, bytes)
            and getattr(attempt, "upload", None) is None
        ):
            return await uploading(self, prepared, attempt)
        origin = self.origins.find(prepared.url)
        timeout = prepared.timeout
        while True:
            if self.closed:
                raise LaneError("closed", "the client is closed")
            try:
                if origin.idle > 0:
                    origin.idle -= 1
                    connection = await self.connector.connect(origin.request, [], UNLIMITED)
                else:
                    connection = await acquire(self.connector, origin.request, timeout, self.loop)
            except asyncio.CancelledError:
                if self.closed and not common.being_cancelled():
                    raise LaneError("closed", "the client was closed while this request waited") from None
                raise
            except LaneError:
                raise
            except Exception as exc:
                if self.closed:
                    raise LaneError("closed", "the client was closed while this request waited") from exc
                raise common.connect_error(exc) from exc
            transport: Any = connection.transport
            if transport is None:
                connection.close()
                raise LaneError("connect", "the connection was lost as soon as it was made")
            protocol = transport.get_protocol()
            reused = isinstance(protocol, Conn)
            if not reused:
                conn = Conn(self, connection.protocol, transport)
                transport.set_protocol(conn)
                break
            if not attempt.fresh:
                conn = protocol
                break
            connection.close()
        answer = conn.start(connection, prepared, attempt, origin, reused)
        waiter = conn.waiter
        if waiter is not None:
            try:
                await waiter
            except BaseException:
                conn.fail(LaneError("closed", "the request was cancelled"))
                raise
        if answer.error is not None and answer.pending is None:
            raise answer.error
        return answer

    def close(self, exc: BaseException | None = None) -> None:
        """End every running request and stream. The connector is the caller's to close.

        Args:
            exc: what they end with; LaneError ``closed`` where nothing is given.
        """
        self.closed = True
        for conn in list(self.active):
            conn.fail(exc or LaneError("closed", "the client was closed while this request ran"))
