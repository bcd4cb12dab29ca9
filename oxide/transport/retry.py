"""Whether to try again, and after how long: the official client's policy, replaceable."""

from __future__ import annotations

import random
import time
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING, Final, Protocol

from ..errors import APIConnectionError, APIError, APIStatusError

if TYPE_CHECKING:
    from .facts import Headers

__all__ = ["DEFAULT_RETRY_POLICY", "MAX_RETRY_AFTER", "DefaultRetryPolicy", "RetryPolicy", "retry_after"]

MAX_RETRY_AFTER: Final = 120.0
"""Seconds. A server that asks for a longer wait is not asked again."""


class RetryPolicy(Protocol):
    """What ``retry_policy=`` takes. Both methods are called between two attempts and must not block.

    ``max_retries`` stays the upper bound; a policy can only stop earlier or wait differently. Failures of the
    application's own code, and cancellation, never reach it.
    """

    def should_retry(self, error: APIError, *, attempt: int, max_retries: int) -> bool:
        """Whether to send the request again.

        Args:
            error: an APIStatusError with its response, or an APIConnectionError (APITimeoutError included).
            attempt: number of the attempt that failed, 0 for the first.
            max_retries: the bound that holds for this call.
        """
        ...

    def delay(self, error: APIError, *, attempt: int) -> float:
        """Seconds to wait before the next attempt.

        Args:
            error: as above.
            attempt: number of the attempt that failed, 0 for the first.
        """
        ...


def retry_after(headers: Headers) -> float | None:
    """Seconds the server asks to wait, from ``retry-after-ms``, else ``retry-after`` (seconds or HTTP date).

    Args:
        headers: the answer's headers.

    Returns:
        Seconds, possibly negative for a date that has passed; None when absent or unreadable.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) / scale
        except ValueError:
            continue
        if seconds == seconds:  # "nan" is a float too
            return seconds
    parsed = parsedate_tz(headers.get("retry-after", ""))
    if parsed is None:
        return None
    try:
        return mktime_tz(parsed) - time.time()
    except (OverflowError, ValueError):
        return None


class DefaultRetryPolicy:
    """The official policy: 408, 409, 429, 500 and above, timeouts and broken connections.

    ``x-should-retry: true|false`` overrules the status. The wait is what the server asks for when that lies
    between 0 and 120 s; asked for more, no retry; else min(0.5 * 2^n, 8) s less up to a quarter at random.

    Args:
        initial: seconds before the first retry.
        maximum: bound on the doubled wait, seconds.
        jitter: share of the wait taken off at random, 0 to 1.
    """

    __slots__ = ("initial", "jitter", "maximum")

    def __init__(self, *, initial: float = 0.5, maximum: float = 8.0, jitter: float = 0.25) -> None:
        if initial < 0 or maximum < 0 or not 0 <= jitter <= 1:
            raise ValueError("initial and maximum must be 0 or more, jitter between 0 and 1")
        self.initial = initial
        self.maximum = maximum
        self.jitter = jitter

    def should_retry(self, error: APIError, *, attempt: int, max_retries: int) -> bool:
        """Whether to send the request again; see ``RetryPolicy``."""
        if attempt >= max_retries:
            return False
        if not isinstance(error, APIStatusError):
            return isinstance(error, APIConnectionError)
        headers = error.response.headers
        asked = retry_after(headers)
        if asked is not None and asked > MAX_RETRY_AFTER:
            return False
        order = headers.get("x-should-retry")
        if order == "true":
            return True
        if order == "false":
            return False
        status = error.response.status_code
        return status in (408, 409, 429) or status >= 500

    def delay(self, error: APIError, *, attempt: int) -> float:
        """Seconds to wait before the next attempt; see ``RetryPolicy``."""
        if isinstance(error, APIStatusError):
            asked = retry_after(error.response.headers)
            if asked is not None and 0 < asked <= MAX_RETRY_AFTER:
                return asked
        # 2.0**n overflows above n = 1023.
        wait = min(self.initial * 2.0 ** min(attempt, 64), self.maximum)
        return wait * (1.0 - self.jitter * random.random())


DEFAULT_RETRY_POLICY: Final = DefaultRetryPolicy()
"""Used where no ``retry_policy=`` is given."""
