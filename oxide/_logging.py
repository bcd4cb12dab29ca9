"""Log lines for requests: `OPENAI_LOG=info|debug`, or the level of the logger `oxide`; free when off."""

from __future__ import annotations

import logging
import os
from logging import INFO
from typing import TYPE_CHECKING

from .errors import APIStatusError, OpenAIError
from .hooks import Hooks

if TYPE_CHECKING:
    from .hooks import ErrorInfo, RequestInfo, ResponseInfo, RetryInfo
    from .transport.facts import Headers

__all__ = ["INFO", "LogHooks", "known_levels", "logger", "obey_environment"]

logger = logging.getLogger("oxide")

known_levels: dict[int, bool] = getattr(logger, "_cache", {})
"""Which levels are on, as far as the logger knows: `isEnabledFor` without the 1 % it costs a small call.

logging empties it in place whenever some level changes; what is not in it has to be asked for.
"""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


def obey_environment() -> None:
    """Set the logger's level as `OPENAI_LOG` says; without a handler anywhere, lines go to stderr.

    Done when a client opens its connections. `info` writes a line for each answer, retry and failure; `debug`
    also one for each request, and the headers of both.
    """
    level = _LEVELS.get(os.environ.get("OPENAI_LOG", "").lower())
    if level is not None:
        logging.basicConfig(
            format="[%(asctime)s - %(name)s:%(lineno)d - %(levelname)s] %(message)s",
            datefmt="%Y-%m-%d %H:%M:%S",
        )
        logger.setLevel(level)


def _shown(headers: Headers) -> str:
    return ", ".join(f"{name}: {value}" for name, value in headers.multi_items())


class LogHooks(Hooks):
    """Writes requests, answers, retries and failures to the logger `oxide`.

    Bodies are never logged; credentials in headers, addresses and their queries are replaced by `<redacted>`.
    Of an exception that is not oxide's only the class is named: its text may hold anything.
    """

    def on_request(self, request: RequestInfo) -> None:
        """DEBUG: verb, address, attempt, size of the body, headers."""
        if logger.isEnabledFor(logging.DEBUG):
            size = request.body_size
            logger.debug(
                "Sending HTTP Request: %s %s, attempt %d, %s bytes, stream=%s, headers: %s",
                request.method,
                request.url,
                request.attempt + 1,
                "an unknown number of" if size is None else size,
                request.stream,
                _shown(request.headers),
            )

    def on_response(self, response: ResponseInfo) -> None:
        """INFO: verb, address, status, time, request id; DEBUG: headers."""
        request = response.request
        facts = f"{response.http_version} {response.status_code}"
        logger.info(
            'HTTP Request: %s %s "%s" in %.0f ms (request id %s)',
            request.method,
            request.url,
            facts,
            response.elapsed * 1000,
            response.request_id or "-",
        )
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                'HTTP Response: %s %s "%s", headers: %s',
                request.method,
                request.url,
                facts,
                _shown(response.headers),
            )

    def on_retry(self, retry: RetryInfo) -> None:
        """INFO: verb, address, reason, wait, number of the retry."""
        request = retry.request
        logger.info(
            "Retrying %s %s in %.3g s, retry %d of %d: %s",
            request.method,
            request.url,
            retry.wait,
            retry.attempt + 1,
            request.max_retries,
            retry.reason,
        )

    def on_error(self, error: ErrorInfo) -> None:
        """INFO: verb, address, what the call failed with."""
        request, found = error.request, error.error
        # A status has its line, and what a server says may repeat the key it was given.
        said = isinstance(found, OpenAIError) and not isinstance(found, APIStatusError)
        logger.info(
            "HTTP Request: %s %s failed after %.3g s: %s%s",
            request.method,
            request.url,
            error.elapsed,
            type(found).__name__,
            f": {found}" if said else f" ({error.reason})",
        )
