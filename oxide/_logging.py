"""Log lines for requests: `OPENAI_LOG=info|debug`, or the level of the logger `oxide`; free when off."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from .errors import APIStatusError
from .transport.facts import redact_url

if TYPE_CHECKING:
    from .transport.request import PreparedRequest, RawAnswer
    from .transport.transport import Transport

logger = logging.getLogger("oxide")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


def logged(transport: Transport) -> Any:
    """The transport, or one that also logs, as `OPENAI_LOG` and the logger's level say at this moment.

    Args:
      transport: what sends the requests.
    """
    level = _LEVELS.get(os.environ.get("OPENAI_LOG", "").lower())
    if level is not None:
        logging.basicConfig(format="[%(asctime)s - %(name)s - %(levelname)s] %(message)s")
        logger.setLevel(level)
    return LoggedTransport(transport) if logger.isEnabledFor(logging.INFO) else transport


class LoggedTransport:
    """A transport that logs each request: method, address, status, time, retries, request id.

    Headers and bodies are never logged, nor the user information of an address.

    Args:
      transport: what sends the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def request(self, prepared: PreparedRequest) -> RawAnswer:
        """Send a request as the transport does, and log how it went."""
        what = f"{prepared.method} {redact_url(str(prepared.url))}"
        body = b"" if prepared.body is None else prepared.body
        size = f"{len(body)} bytes" if isinstance(body, bytes) else "a body read while it is sent"
        logger.debug("Request: %s, %s, stream=%s", what, size, prepared.stream)
        try:
            answer = await self._transport.request(prepared)
        except APIStatusError as error:
            facts = error.response
            status = f"{facts.http_version} {facts.status_code} {facts.reason_phrase}"
            logger.info('HTTP Request: %s "%s" (request id %s)', what, status, error.request_id)
            raise
        except Exception as error:
            logger.info("HTTP Request: %s failed: %s: %s", what, type(error).__name__, error)
            raise
        request_id = answer.header(b"x-request-id") or b"-"
        logger.info(
            'HTTP Request: %s "%s %d" in %.0f ms, %d retries (request id %s)',
            what,
            answer.http_version,
            answer.status,
            answer.elapsed * 1000,
            answer.retries_taken,
            request_id.decode("latin-1"),
        )
        return answer

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()
