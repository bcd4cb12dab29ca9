"""Attempts, retry, deadline and redirects over a lane: all that is between a request and its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import aiohttp

from .._faults import status_error
from .._logging import INFO, known_levels, logger
from ..errors import APIError, APITimeoutError
from .bodies import spent_reason
from .interrupt import Interrupt
from .lanes import LanePool
from .mapping import FINAL_KINDS, api_error, out_of_time
from .redirects import REDIRECTS, redirected
from .request import Attempt, LaneError, PreparedRequest, RawAnswer, check_header
from .retry import DEFAULT_RETRY_POLICY, RetryPolicy
from .settings import HTTPOptions

if TYPE_CHECKING:
    from .facts import ResponseFacts
    from .request import Authorizer, Lane

__all__ = ["Transport"]

_STALE_LIMIT = 16
RETRY_COUNT = "x-stainless-retry-count"


class Transport:
    """Sends requests for one client and those made from it with ``copy()``.

    Works in any number of event loops, in turn and side by side: each has its own lane and pool, closed
    with the loop. A forked child starts with empty pools; the parent's connections stay the parent's.

    Args:
        http_client: the user's own session, used as it is and never closed here; the lane goes through it.
        options: settings of the connections; with ``http_client`` only its limits and retry policy hold.
    """

    def __init__(
        self, http_client: aiohttp.ClientSession | None = None, options: HTTPOptions | None = None
    ) -> None:
        self.options = options if options is not None else HTTPOptions()
        self._policy: RetryPolicy = self.options.retry_policy or DEFAULT_RETRY_POLICY
        self._lanes = LanePool(http_client, self.options)

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._lanes.closed

    def request(self, prepared: PreparedRequest) -> Coroutine[Any, Any, RawAnswer]:
        """Send a request until it is answered, or retries, deadline or patience run out.

        Args:
            prepared: the request.

        Returns:
            An answer with a 2xx status; its body read, or for a stream ready to be bound.

        Raises:
            APIStatusError: the last answer's status was 300 or above.
            APITimeoutError: a limit or the deadline ran out.
            APIConnectionError: no complete answer.
            OpenAIError: the client is closed.
        """
        lane = self._lanes.get()
        started = lane.loop.time()
        logged = known_levels.get(INFO)
        if prepared.watch is not None or (logger.isEnabledFor(INFO) if logged is None else logged):
            return self._watched(lane, prepared, started)
        if prepared.deadline is None:
            # Handed on, not awaited here: each coroutine around a call costs a small one 1 %.
            return self._attempts(lane, prepared, started, None)
        return self._within(prepared.deadline, lane, prepared, started)

    async def _watched(self, lane: Lane, prepared: PreparedRequest, started: float) -> RawAnswer:
        """The same, told to hooks and the log."""
        from .._observe import Observation, WatchedLane

        watch = prepared.watch = prepared.watch or Observation()
        watch.started = started
        lane = WatchedLane(lane, watch)
        try:
            if prepared.deadline is None:
                return await self._attempts(lane, prepared, started, None)
            return await self._within(prepared.deadline, lane, prepared, started)
        except BaseException as error:
            await watch.failed(error, prepared)
            raise
        finally:
            watch.over()

    async def _within(
        self, deadline: float, lane: Lane, prepared: PreparedRequest, started: float
    ) -> RawAnswer:
        loop, interrupt, ends = lane.loop, Interrupt(), started + deadline
        error = APITimeoutError(prepared.facts(), limit="deadline", seconds=deadline, elapsed=deadline)
        timer = loop.call_at(ends, interrupt.fire, error)
        try:
            return await self._attempts(lane, prepared, started, ends)
        except asyncio.CancelledError:
            found = interrupt.resolve()
            if found is None:
                raise
            raise found from None
        finally:
            timer.cancel()
            interrupt.finish()

    async def _attempts(
        self, lane: Lane, prepared: PreparedRequest, started: float, ends: float | None
    ) -> RawAnswer:
        number = stale = 0
        renewed = False
        error: APIError
        while True:
            attempt = Attempt(number, _extra_headers(prepared, number), started, ends)
            if prepared.auth is not None:
                await _authorize(prepared.auth, prepared, attempt)
            while True:
                try:
                    answer = await lane.send(prepared, attempt)
                    answer.note_limits()
                    if answer.status < 300:
                        return answer
                    answer = await self._settle(lane, prepared, attempt, answer)
                    if answer.status < 300:
                        return answer
                except LaneError as exc:
                    if exc.stale and stale < _STALE_LIMIT and not spent_reason(prepared):
                        # The server had closed a kept-alive connection and never saw this: not an attempt.
                        stale += 1
                        attempt.fresh = True
                        continue
                    error = api_error(exc, prepared.facts(attempt.headers), lane.loop.time() - started)
                    if exc.kind in FINAL_KINDS:
                        raise error from error.__cause__
                else:
                    auth = prepared.auth if answer.status == 401 else None
                    # Every refused credential is reported, even the one there is no third try after.
                    again = auth is not None and auth.refused(attempt.headers) and not renewed
                    if auth is not None and again and not spent_reason(prepared):
                        renewed = True
                        attempt = Attempt(number, _extra_headers(prepared, number), started, ends)
                        await _authorize(auth, prepared, attempt)
                        continue
                    error = status_error(answer.facts())
                break
            policy = prepared.retry_policy or self._policy
            if number >= prepared.max_retries or not policy.should_retry(
                error, attempt=number, max_retries=prepared.max_retries
            ):
                raise error from error.__cause__
            if spent := spent_reason(prepared):
                error.message = f"{error.message} The request was not tried again: {spent}."
                error.args = (error.message,)
                raise error from error.__cause__
            delay = policy.delay(error, attempt=number)
            if ends is not None and lane.loop.time() + delay >= ends:
                assert prepared.deadline is not None
                elapsed = lane.loop.time() - started
                raise out_of_time(prepared.facts(), prepared.deadline, elapsed, delay) from error
            if prepared.watch is not None:
                await prepared.watch.retrying(error, delay)
            number += 1
            renewed = False
            if delay > 0:
                await asyncio.sleep(delay)

    async def _settle(
        self, lane: Lane, prepared: PreparedRequest, attempt: Attempt, answer: RawAnswer
    ) -> RawAnswer:
        """Follows redirects, and reads the body of any other answer that is no success."""
        history: list[ResponseFacts] = []
        seen = {(prepared.method, str(prepared.url))}
        while answer.status in REDIRECTS and prepared.follow_redirects:
            await _finish(answer)
            onward = redirected(prepared, answer)
            if onward is None:
                break
            history.append(answer.facts())
            place = (onward.method, str(onward.url))
            if place in seen:
                raise LaneError("redirect", "the server redirects in a loop")
            if len(history) > self.options.max_redirects:
                raise LaneError("redirect", f"more than {self.options.max_redirects} redirects")
            seen.add(place)
            headers = attempt.headers
            if onward.url.origin() != prepared.url.origin():
                # Whatever an authorizer gave stays behind, and so does the key of the first place.
                headers = [pair for pair in headers if pair[0] == RETRY_COUNT]
            attempt = Attempt(attempt.number, headers, attempt.started_at, attempt.deadline_at)
            prepared = onward
            answer = await lane.send(prepared, attempt)
        answer.history = tuple(history)
        if 300 <= answer.status < 400:
            await _finish(answer)
        return answer

    async def close(self) -> None:
        """Close every connection, in every loop; running requests and streams end with an error. For good.

        A session given as ``http_client`` stays open: it is its maker's to close.
        """
        await self._lanes.close()

    def __del__(self) -> None:
        lanes: LanePool | None = getattr(self, "_lanes", None)
        if lanes is not None:
            lanes.abandon()


async def _finish(answer: RawAnswer) -> None:
    """Reads the body of an answer that is not handed out as a stream, so that its connection can serve on."""
    if answer.request.stream and answer.status < 400:
        await answer.read_all()


async def _authorize(auth: Authorizer, prepared: PreparedRequest, attempt: Attempt) -> None:
    given = await auth.authorize(prepared, attempt.headers)
    for name, value in given:
        check_header(name, value)
        attempt.headers.append((name, value))


def _extra_headers(prepared: PreparedRequest, number: int) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    if prepared.idempotency_key is not None:
        if not number:
            check_header("Idempotency-Key", prepared.idempotency_key)
        headers.append(("Idempotency-Key", prepared.idempotency_key))
    if prepared.retry_count_header:
        headers.append((RETRY_COUNT, str(number)))
    return headers
