"""From a lane's failure to the error the application sees."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ..errors import APIConnectionError, APIError, APIResponseValidationError, APITimeoutError

if TYPE_CHECKING:
    from .facts import RequestFacts
    from .request import LaneError, LaneErrorKind, RawAnswer

__all__ = ["FINAL_KINDS", "api_error", "explain", "out_of_time"]

FINAL_KINDS: Final[frozenset[LaneErrorKind]] = frozenset({"closed", "too_large", "redirect"})
"""Failures that sending the same request again cannot mend."""

_WHAT: dict[LaneErrorKind, str] = {
    "connect": "could not connect",
    "tls": "no TLS connection",
    "proxy": "the proxy failed",
    "write": "the request could not be sent",
    "read": "the connection broke before the answer was complete",
    "timeout": "a limit ran out",
    "protocol": "the answer is not valid HTTP/1.1",
    "too_large": "the answer is too large",
    "decode": "the answer's content coding is broken",
    "closed": "the client was closed",
    "redirect": "the redirect was not followed",
}


def api_error(error: LaneError, request: RequestFacts, elapsed: float | None = None) -> APIError:
    """The error for a transport failure, with the failure's own cause as ``__cause__``.

    Args:
        error: what the lane raised.
        request: facts about the request.
        elapsed: seconds since the call began.

    Returns:
        APITimeoutError for a limit, APIResponseValidationError for a body above the client's limit, else
        APIConnectionError.
    """
    found: APIError
    if error.kind == "timeout":
        found = APITimeoutError(request, limit=error.limit, seconds=error.seconds, elapsed=elapsed)
    else:
        message = f"Connection error: {_WHAT[error.kind]}."
        if error.message:
            message = f"{message[:-1]}: {error.message}"
        if error.kind == "too_large":
            found = APIResponseValidationError(None, None, message=message)
            found.request = request
        else:
            found = APIConnectionError(message=message, request=request)
    found.__cause__ = error.__cause__ if error.__cause__ is not None else error
    return found


def explain(error: LaneError, answer: RawAnswer) -> APIError:
    """The error for a body that broke off after the transport had handed its answer over.

    Args:
        error: what reading the body raised.
        answer: whose body it was.

    Returns:
        As ``api_error`` does.
    """
    elapsed = asyncio.get_running_loop().time() - answer.attempt.started_at
    return api_error(error, answer.request.facts(answer.attempt.headers), elapsed)


def out_of_time(request: RequestFacts, deadline: float, elapsed: float, delay: float) -> APITimeoutError:
    """The error for a call whose next attempt would come too late.

    Args:
        request: facts about the attempt that failed.
        deadline: seconds the call has.
        elapsed: seconds since it began.
        delay: seconds until the next attempt.
    """
    return APITimeoutError(
        request,
        limit="deadline",
        seconds=deadline,
        elapsed=elapsed,
        message=f"Request timed out: the next attempt, {delay:.3g} s from now, would begin after the call's "
        f"deadline of {deadline:g} s (deadline), {elapsed:.3g} s after the call began.",
    )
