"""Limits on how long the parts of a request may take."""

from __future__ import annotations

import math
from typing import Any, Final, Protocol, Union

__all__ = ["DEFAULT_TIMEOUT", "NO_TIMEOUT", "Timeout", "TimeoutTypes"]


class _Unset:
    __slots__ = ()

    def __repr__(self) -> str:
        return "<unset>"


_UNSET: Final = _Unset()


class TimeoutLike(Protocol):
    """Any object with the four attributes of ``httpx.Timeout``, in seconds or None."""

    @property
    def connect(self) -> float | None: ...
    @property
    def read(self) -> float | None: ...
    @property
    def write(self) -> float | None: ...
    @property
    def pool(self) -> float | None: ...


TimeoutTypes = Union[float, "Timeout", TimeoutLike, "tuple[float | None, ...]", None]
"""What ``timeout=`` takes: seconds, a Timeout, an httpx.Timeout, (connect, read, write, pool), or None."""


def seconds_or_none(name: str, value: Any, kind: str = "") -> float | None:
    """Check a length of time.

    Args:
        name: what it limits, for the message.
        value: seconds, or None for no limit.
        kind: goes before the name.

    Returns:
        The seconds; None for infinity as well.

    Raises:
        ValueError: it is zero, negative or NaN.
        TypeError: it is not a number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{kind}{name} must be seconds (int or float) or None, not {value!r}")
    if math.isnan(value) or value <= 0:
        raise ValueError(f"{kind}{name} must be above 0 seconds, not {value!r}; None: no limit")
    return None if math.isinf(value) else float(value)


class Timeout:
    """The limits of one request; immutable.

    No limit covers the whole request: ``deadline=`` on the call does, over all attempts and back-off.

    Args:
        timeout: seconds for ``connect``, ``read``, ``write`` and ``pool`` alike, or another limits object to
            start from, or None for no limits; left out, the defaults below hold.
        connect: seconds for the connection to be made, TLS and proxy included. Default 5.
        read: seconds without a byte of the answer. Default 600.
        write: seconds for the peer to take the request. Default 600.
        pool: seconds to wait for a free connection; never charged to the other limits. Default 600.
        stream_idle: seconds between two events of a stream; comments and pings are no events. Default None.
        first_event: seconds from the answer's head to the first event of a stream. Default None.

    Raises:
        ValueError: a limit is zero, negative or NaN.
        TypeError: a limit is not a number.
    """

    __slots__ = ("connect", "first_event", "pool", "read", "stream_idle", "write")

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None
    stream_idle: float | None
    first_event: float | None

    def __init__(
        self,
        timeout: TimeoutTypes | _Unset = _UNSET,
        *,
        connect: float | _Unset | None = _UNSET,
        read: float | _Unset | None = _UNSET,
        write: float | _Unset | None = _UNSET,
        pool: float | _Unset | None = _UNSET,
        stream_idle: float | _Unset | None = _UNSET,
        first_event: float | _Unset | None = _UNSET,
    ) -> None:
        base: tuple[Any, ...]
        if isinstance(timeout, _Unset):
            base = (5.0, 600.0, 600.0, 600.0, None, None)
        elif timeout is None:
            base = (None,) * 6
        elif isinstance(timeout, tuple):
            if not 1 <= len(timeout) <= 4:
                raise ValueError(f"a timeout tuple is (connect, read, write, pool), not {timeout!r}")
            base = (*timeout, *(None,) * (6 - len(timeout)))
        elif isinstance(timeout, (int, float)):
            base = (timeout,) * 4 + (None, None)
        else:
            try:
                base = (timeout.connect, timeout.read, timeout.write, timeout.pool)
            except AttributeError:
                raise TypeError(
                    f"timeout must be seconds, None, oxide.Timeout or an object with connect, read, write "
                    f"and pool, not {timeout!r}"
                ) from None
            base += (getattr(timeout, "stream_idle", None), getattr(timeout, "first_event", None))
        given = (connect, read, write, pool, stream_idle, first_event)
        for name, value, default in zip(_FIELDS, given, base, strict=True):
            limit = seconds_or_none(name, default if isinstance(value, _Unset) else value, "timeout ")
            object.__setattr__(self, name, limit)

    @classmethod
    def of(cls, value: TimeoutTypes) -> Timeout:
        """The limits meant by a ``timeout=`` argument.

        Args:
            value: anything in ``TimeoutTypes``.

        Returns:
            A Timeout; ``value`` itself when it is one already.
        """
        if isinstance(value, Timeout):
            return value
        return NO_TIMEOUT if value is None else cls(value)

    def replace(self, **limits: float | None) -> Timeout:
        """A copy with some limits changed.

        Args:
            limits: any of connect, read, write, pool, stream_idle, first_event, in seconds.
        """
        return Timeout(self, **limits)

    def as_dict(self) -> dict[str, float | None]:
        """The limits by name, in seconds."""
        return {name: getattr(self, name) for name in _FIELDS}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Timeout is immutable: use timeout.replace({name}=...)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Timeout is immutable")

    def _key(self) -> tuple[float | None, ...]:
        return tuple(getattr(self, name) for name in _FIELDS)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Timeout) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self._key(),))

    def __repr__(self) -> str:
        shown = [n for n in _FIELDS if n in _FIELDS[:4] or getattr(self, n) is not None]
        return f"Timeout({', '.join(f'{n}={getattr(self, n)}' for n in shown)})"


_FIELDS = ("connect", "read", "write", "pool", "stream_idle", "first_event")


def _restore(key: tuple[float | None, ...]) -> Timeout:
    return Timeout(None, **dict(zip(_FIELDS, key, strict=True)))


DEFAULT_TIMEOUT: Final = Timeout()
"""5 s to connect; 600 s each to read, write and wait for a connection."""

NO_TIMEOUT: Final = Timeout(None)
"""No limits at all."""
