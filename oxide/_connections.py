"""The transport behind a client and its copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import OpenAIError

if TYPE_CHECKING:
    from .transport.settings import HTTPOptions
    from .transport.transport import Transport


class Connections:
    """The transport that a client and its copies share, opened at the first request.

    Args:
      http_client: the user's own `aiohttp.ClientSession`, or None.
      options: how connections are made, or None for the defaults.
    """

    __slots__ = ("closed", "http_client", "options", "transport")

    def __init__(self, http_client: Any, options: HTTPOptions | None) -> None:
        self.http_client = http_client
        self.options = options
        self.transport: Transport | None = None
        self.closed = False

    def open(self) -> Transport:
        """The transport.

        Raises:
          OpenAIError: the client was closed.
        """
        if self.closed:
            raise OpenAIError("The client is closed; make a new one.")
        if self.transport is None:
            # aiohttp takes 150 ms to import: a client that is only constructed does not pay for it.
            from ._logging import obey_environment

            # Before anything else imports aiohttp: it looks at the state in which that happens.
            from .transport import tls  # noqa: F401  # pyright: ignore[reportUnusedImport]
            from .transport.transport import Transport

            obey_environment()
            self.transport = Transport(http_client=self.http_client, options=self.options)
        return self.transport

    async def close(self) -> None:
        """Close every connection; the next request fails."""
        self.closed = True
        transport, self.transport = self.transport, None
        if transport is not None:
            await transport.close()
