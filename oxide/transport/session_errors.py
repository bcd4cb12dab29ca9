"""What aiohttp's exceptions mean in the words of a lane."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError

from .request import LaneError

if TYPE_CHECKING:
    from ..timeouts import Timeout

__all__ = ["connect_text", "lane_error"]


def connect_text(exc: BaseException) -> str:
    """What a failure says; where aiohttp would print its TLS context, host, port and reason alone.

    Args:
        exc: any exception.
    """
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return f"{exc.host}:{exc.port} [{exc.certificate_error}]"
    if isinstance(exc, UnixClientConnectorError):
        return f"{exc.path} [{exc.strerror}]"
    if isinstance(exc, aiohttp.ClientConnectorError):
        return f"{exc.host}:{exc.port} [{exc.strerror or exc.os_error}]"
    return str(exc) or type(exc).__name__


def lane_error(
    exc: BaseException, timeout: Timeout, *, reused: bool, received: bool, closed: bool
) -> LaneError | None:
    """Name a failure of aiohttp's.

    Args:
        exc: what came out of the session.
        timeout: the request's limits.
        reused: whether the connection had served an earlier request.
        received: whether any byte of the answer had come.
        closed: whether the lane was closed meanwhile.

    Returns:
        None for an exception that is the application's own: raised by a middleware, say.
    """

    def error(kind: Any, message: str = "", **more: Any) -> LaneError:
        return LaneError(
            kind,
            message or connect_text(exc),
            bytes_received=received,
            reused=reused,
            cause=exc,
            **more,
        )

    if isinstance(exc, LaneError):
        return exc
    if closed and isinstance(exc, (aiohttp.ClientError, OSError, RuntimeError)):
        return error("closed", "the client was closed while this request ran")
    if isinstance(exc, aiohttp.ClientError):
        if isinstance(exc.__cause__, LaneError):
            return exc.__cause__
        if isinstance(exc, aiohttp.ConnectionTimeoutError):
            return error("timeout", limit="connect", seconds=timeout.connect)
        if isinstance(exc, aiohttp.ServerTimeoutError):
            return error("timeout", limit="read", seconds=timeout.read)
        if isinstance(exc, (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError)):
            return error("tls")
        if isinstance(exc, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
            return error("proxy")
        if isinstance(exc, aiohttp.ClientConnectorError):
            return error("connect")
        if isinstance(exc, (aiohttp.ClientResponseError, aiohttp.InvalidURL)):
            return error("protocol")
        if isinstance(exc, aiohttp.ClientPayloadError):
            received = True
            if isinstance(exc.__cause__, aiohttp.ServerTimeoutError):
                return error("timeout", limit="read", seconds=timeout.read)
            return error("read")
        if isinstance(exc, aiohttp.ServerDisconnectedError) and not isinstance(exc.message, str):
            received = True  # it carries the beginning of an answer's head
        return error("read")
    if isinstance(exc, ssl.SSLError):
        return error("tls")
    if isinstance(exc, (ConnectionError, asyncio.IncompleteReadError)):
        return error("read")
    if isinstance(exc, asyncio.TimeoutError):
        return error("timeout", limit="read", seconds=timeout.read)
    return None
