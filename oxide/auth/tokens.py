"""An access token that is fetched when it is needed, once for everyone who waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import APIConnectionError, OpenAIError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ExchangeUnavailableError", "TokenSource"]

DEFAULT_REFRESH_BUFFER = 1200.0
"""Seconds before its end at which a token is replaced."""

_PAUSE = 0.5


class ExchangeUnavailableError(OpenAIError):
    """The token endpoint failed in a way that may pass."""


class _Flight:
    """A refresh under way and how many wait for it."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[str]) -> None:
        self.task = task
        self.waiters = 0


class TokenSource:
    """Keeps an access token and replaces it in time; a subclass says how one is fetched.

    The token is shared by every event loop and thread; a refresh is made once in each loop that waits for it.

    Args:
      buffer: seconds before its end at which a token is replaced, at most half its life.
    """

    def __init__(self, buffer: float = DEFAULT_REFRESH_BUFFER) -> None:
        self._buffer = buffer
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends = 0.0
        self._refresh_at = 0.0
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, _Flight] = WeakKeyDictionary()

    async def _fetch(self) -> tuple[str, float]:
        """A new token, and the seconds it lives."""
        raise NotImplementedError

    def _fresh(self) -> str | None:
        with self._lock:
            return self._token if time.monotonic() < min(self._refresh_at, self._ends) else None

    async def get_token_async(self) -> str:
        """The access token, fetched first where there is none or its end is near.

        However many wait, one fetches; who is cancelled while waiting leaves the others to it.

        Raises:
          OAuthError: the exchange was refused.
          SubjectTokenProviderError: the platform gave no subject token.
          OpenAIError: the exchange failed otherwise, APIConnectionError among it.
        """
        token = self._fresh()
        if token is not None:
            return token
        loop = asyncio.get_running_loop()
        flight = self._flights.get(loop)
        if flight is None or flight.task.done():
            task = loop.create_task(self._refresh(), name="oxide: token refresh")
            task.add_done_callback(self._landed)
            flight = self._flights[loop] = _Flight(task)
        flight.waiters += 1
        try:
            # Not `await task`: a waiter that is cancelled would take it along.
            await asyncio.wait((flight.task,))
            return flight.task.result()
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                self._flights.pop(loop, None)
                flight.task.cancel()

    def _landed(self, task: asyncio.Task[str]) -> None:
        # Where every waiter was cancelled nobody asks for the exception, and asyncio would complain.
        if not task.cancelled():
            task.exception()
        flight = self._flights.get(task.get_loop())
        if flight is not None and flight.task is task:
            # A loop that its own value refers to would stay in the weak dictionary for ever.
            del self._flights[task.get_loop()]

    def get_token(self) -> str:
        """The same for code that is not asynchronous; blocks until the token is there.

        Raises:
          OpenAIError: as for `get_token_async`.
        """
        token = self._fresh()
        if token is not None:
            return token
        with ThreadPoolExecutor(1, thread_name_prefix="oxide-token") as pool:
            return pool.submit(lambda: asyncio.run(self.get_token_async())).result()

    def invalidate_token(self, token: str | None = None) -> None:
        """Forget the access token; the next one who needs it fetches a new one.

        Args:
          token: only if it is this one: another call may have replaced it already.
        """
        with self._lock:
            if token is None or token == self._token:
                self._token = None
                self._ends = self._refresh_at = 0.0

    async def _refresh(self) -> str:
        try:
            token, life = await self._fetch()
        except (APIConnectionError, ExchangeUnavailableError):
            with self._lock:
                now = time.monotonic()
                if self._token is None or now >= self._ends:
                    raise
                # The token still serves, the endpoint is given a rest.
                self._refresh_at = now + _PAUSE
                return self._token
        with self._lock:
            now = time.monotonic()
            self._token = token
            self._ends = now + life
            self._refresh_at = now + max(life - min(self._buffer, life / 2), 0.0)
        return token

    async def authorize(self, prepared: Any, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """See `oxide.transport.request.Authorizer`."""
        return [("Authorization", f"Bearer {await self.get_token_async()}")]

    def refused(self, headers: list[tuple[str, str]]) -> bool:
        """See `oxide.transport.request.Authorizer`."""
        for name, value in headers:
            if name == "Authorization":
                self.invalidate_token(value.removeprefix("Bearer "))
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'holds a token' if self._fresh() else 'without a token'}>"


def buffer_of(identity: Mapping[str, Any]) -> float:
    """Seconds before its end at which a token of an identity is replaced.

    Args:
      identity: the workload identity.
    """
    value = identity.get("refresh_buffer_seconds")
    return DEFAULT_REFRESH_BUFFER if value is None else float(value)
