"""Rate limits as the server last reported them, `client.rate_limits["gpt-4o"]`.

Source: the `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` headers of answers, errors included. The
head of the latest answer that has some is kept as it came, and parsed when somebody asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from time import time
from typing import Final, Union

__all__ = ["ModelRateLimits", "RateLimit", "RateLimits", "note", "parse_duration", "parse_limits"]

MAX_MODELS: Final = 64
"""Models remembered; the one not heard of for longest makes room."""

Head = Union[bytes, "list[tuple[bytes, bytes]]"]
Heads = dict[str, "tuple[Head, float]"]

_PREFIX = b"x-ratelimit-"
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float | None:
    """Seconds of a duration such as `1s`, `6m0s`, `12ms`, `6.5s`, `1m20s` or `1h`; a bare number is seconds.

    Args:
      text: the duration.

    Returns:
      None when it is none, is negative, or is beyond what a date can hold.
    """
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        parts = _PART.findall(text)
        if not parts or "".join(n + unit for n, unit in parts) != text:
            return None
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return seconds if 0 <= seconds < 1e9 else None


def _count(text: str | None) -> int | None:
    try:
        number = int(text or "")
    except ValueError:
        return None
    # Azure sends 0 or -1 where it does not know.
    return number if number > 0 else None


class RateLimit:
    """One kind of limit, requests or tokens, at the time of an answer.

    Args:
      limit: how many the window allows.
      remaining: how many of them are left.
      reset_after: seconds until the window is full again.
      updated_at: when that was reported.

    Attributes:
      limit: how many the window allows; None when unknown.
      remaining: how many of them are left; None when unknown, or reported as 0 or less.
      reset_after: seconds from `updated_at` until the window is full again; None when unknown.
    """

    __slots__ = ("_updated_at", "limit", "remaining", "reset_after")

    def __init__(
        self, limit: int | None, remaining: int | None, reset_after: float | None, updated_at: datetime
    ) -> None:
        self.limit = limit
        self.remaining = remaining
        self.reset_after = reset_after
        self._updated_at = updated_at

    @property
    def reset_at(self) -> datetime | None:
        """When the window is full again, in UTC; None when unknown."""
        return None if self.reset_after is None else self._updated_at + timedelta(seconds=self.reset_after)

    def __repr__(self) -> str:
        return f"RateLimit(limit={self.limit}, remaining={self.remaining}, reset_after={self.reset_after})"


class ModelRateLimits:
    """The limits of one model.

    Args:
      requests: of requests.
      tokens: of tokens.
      updated_at: when they were reported.

    Attributes:
      requests: the limit of requests.
      tokens: the limit of tokens.
      updated_at: when the answer came that reported them, in UTC.
    """

    __slots__ = ("requests", "tokens", "updated_at")

    def __init__(self, requests: RateLimit, tokens: RateLimit, updated_at: datetime) -> None:
        self.requests = requests
        self.tokens = tokens
        self.updated_at = updated_at

    def __repr__(self) -> str:
        return (
            f"ModelRateLimits(requests={self.requests!r}, tokens={self.tokens!r}, "
            f"updated_at={self.updated_at.isoformat()})"
        )


def _pairs(head: Head) -> Iterator[tuple[str, str]]:
    if isinstance(head, bytes):
        lines = [line.partition(b":") for line in head.splitlines()]
        head = [(name, value) for name, _, value in lines]
    for name, value in head:
        lowered = name.lower()
        if lowered.startswith(_PREFIX):
            yield lowered[len(_PREFIX) :].decode("latin-1"), value.strip().decode("latin-1")


def parse_limits(head: Head, at: float | None = None) -> ModelRateLimits:
    """What the head of an answer says about limits; what it does not say is None.

    Args:
      head: its header pairs, or its bytes.
      at: when it came, in seconds since the epoch; None for now.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(head):
        found.setdefault(name, value)
    updated_at = datetime.fromtimestamp(time() if at is None else at, timezone.utc)

    def one(kind: str) -> RateLimit:
        return RateLimit(
            _count(found.get(f"limit-{kind}")),
            _count(found.get(f"remaining-{kind}")),
            parse_duration(found.get(f"reset-{kind}", "")),
            updated_at,
        )

    return ModelRateLimits(one("requests"), one("tokens"), updated_at)


def note(heads: Heads, model: str, head: Head) -> None:
    """Keep the head of an answer that has limits.

    Args:
      heads: where to.
      model: the model the request named.
      head: header pairs, or bytes.
    """
    if len(heads) >= MAX_MODELS and model not in heads:
        # A copy: another thread may be here too.
        latest = {name: at for name, (_, at) in list(heads.items())}
        heads.pop(min(latest, key=latest.__getitem__), None)
    heads[model] = (head, time())


class RateLimits(Mapping[str, ModelRateLimits]):
    """The latest limits of each model that was asked, by the name it was asked for.

    A model is there once an answer to a request for it had one of the headers; behind servers and proxies
    that do not send them it stays empty. A client shares them with its copies of the same account.

    Args:
      heads: what `note` keeps.
    """

    def __init__(self, heads: Heads) -> None:
        self._heads = heads

    def __getitem__(self, model: str) -> ModelRateLimits:
        return parse_limits(*self._heads[model])

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._heads))

    def __len__(self) -> int:
        return len(self._heads)

    def __repr__(self) -> str:
        return f"RateLimits({dict(self)!r})"
