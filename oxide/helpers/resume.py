"""Streams of stored responses that go on after a break, where they stopped."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APIStreamTruncatedError,
    APITimeoutError,
)
from oxide.stream.endings import not_resumed, of_the_whole
from oxide.transport.mapping import out_of_time
from oxide.transport.retry import DEFAULT_RETRY_POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from oxide._base_client import AsyncAPIClient
    from oxide._observe import Observation
    from oxide.options import Headers, Query
    from oxide.resources._base import Endpoint
    from oxide.stream import AsyncStream
    from oxide.stream.endings import Partial
    from oxide.transport.request import PreparedRequest, RawAnswer
    from oxide.transport.transport import Transport

__all__ = ["ResumingEvents", "resumption"]


class ResumingEvents:
    """The events of a response, read on from the API when the connection breaks.

    No event comes twice and none is left out: the API is asked for those that follow the last one received.
    Attempts count from the last event on, up to the client's `max_retries`, and wait as its retries do. An
    error speaks of the whole stream, on however many connections it came.

    Args:
        events: the events of the first request.
        answer: the answer they are from.
        client: the client that sends the others.
        extras: headers, query and timeout of the first request.
        response_id: the response, where it is known already.
        after: sequence number of the last event before these.
        query: the parameters, but for these, that events are asked for with.
        visible: hand out a `StreamResumedEvent` for every break.
        cast_to: type of the events.
        beta: ask the beta API.
    """

    def __init__(
        self,
        events: Any,
        answer: RawAnswer,
        client: AsyncAPIClient,
        extras: tuple[Headers | None, Query | None, Any],
        *,
        response_id: str | None = None,
        after: int | None = None,
        query: Mapping[str, object] | None = None,
        visible: bool = False,
        cast_to: Any = None,
        beta: bool = False,
    ) -> None:
        self._events: Any = events
        self._client = client
        self._extras = extras
        self._response_id = response_id
        self._after = after
        self._floor: int | None = None
        self._dense = True
        # The stream that goes on after a break, until its first event.
        self._resumed_in: AsyncStream[Any] | None = None
        self._partial: Partial | None = None
        self._repeated = 0
        self._query = query or {}
        self._cast_to = cast_to
        self._beta = beta
        # Where hooks or the log hear of it.
        self._watch = answer.request.watch
        self._request = None if self._watch is None else answer.request
        self._answer = None if self._watch is None else answer
        self.hold(APIConnectionError)
        self.visible = visible
        self._attempts = 0
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False
        self._over = False
        self._started_at = answer.attempt.started_at
        self._deadline, self._deadline_at = answer.request.deadline, answer.attempt.deadline_at
        self.count = 0

    def __aiter__(self) -> Self:
        return self

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended, well or badly, or was closed."""
        return self._over or self._closed

    def hold(self, *errors: type[Exception]) -> None:
        """Keep from hooks and the log what may yet be made good.

        Args:
            errors: the errors.
        """
        if self._watch is not None:
            self._watch.held = errors

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._events.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def __anext__(self) -> Any:
        """Wait for the next event; after a break, for the connection that brings it.

        Raises:
            StopAsyncIteration: the stream is complete, or was closed.
            APIError: it broke and could not be picked up again; the error is that of the break, and its
                `__cause__` that of the last attempt.
        """
        while not self._closed:
            try:
                event = await self._events.__anext__()
                number = _field(event, "sequence_number")
                if isinstance(number, int):
                    # Only what follows a break may come twice; a server that does not count loses nothing.
                    if self._floor is not None and number <= self._floor:
                        self._repeated += 1
                        continue
                    self._check_gap(number)
                    self._after = number
            except StopAsyncIteration:
                break
            except APIError as error:
                of_the_whole(error, self._partial, self._repeated)
                self._partial, self._repeated = error.partial, 0
                try:
                    await self._resume(error)
                except BaseException as final:
                    self._over = True
                    self.hold()
                    if self._watch is not None and self._request is not None:
                        await self._watch.failed(final, self._request, self._answer)
                    raise
                if self.visible and not self._closed:
                    return self._resumed(error)
                continue
            if self._response_id is None:
                self._response_id = _field(_field(event, "response"), "id")
            self._attempts = 0
            self.count += 1
            return event
        self._over = True
        raise StopAsyncIteration

    def _check_gap(self, number: int) -> None:
        """Refuse events after a break that leave some out, unless the server's numbers always did."""
        before, resumed = self._after, self._resumed_in
        self._resumed_in = None
        if before is None or number == before + 1:
            return
        if resumed is not None and self._dense:
            self._over = True
            self._events.close()
            raise APIStreamTruncatedError(
                message=f"The stream broke off after event {before} and went on with event {number}: what "
                "lies between is lost.",
                request=resumed.response.request,
            )
        self._dense = False

    async def _resume(self, broken: APIError) -> None:
        """Ask for the events that are missing, as often as the client retries."""
        if self._over or not isinstance(broken, APIConnectionError):
            raise broken
        client = self._client
        policy = client.retry_policy or DEFAULT_RETRY_POLICY
        failed: APIError = broken
        while True:
            if isinstance(failed, APITimeoutError) and failed.limit == "deadline":
                raise self._late(broken, failed) from (None if failed is broken else broken)
            if not self._may_resume() or not policy.should_retry(
                failed, attempt=self._attempts, max_retries=client.max_retries
            ):
                raise not_resumed(broken, failed, self._attempts)
            wait = 0.0
            if self._attempts or failed is not broken:
                wait = policy.delay(failed, attempt=max(0, self._attempts - 1))
                if self._deadline_at is not None and _now() + wait >= self._deadline_at:
                    raise self._late(broken, failed, wait) from failed
            if self._watch is not None and self._request is not None:
                await self._watch.resuming(failed, wait, self._request, self._answer)
            if wait:
                await self._pause(wait)
                if self._closed:
                    return
            self._attempts += 1
            try:
                stream = await self._open()
            except APIError as error:
                failed = error
                continue
            self._events = cast("Any", stream.__aiter__())
            self._floor, self._resumed_in = self._after, stream
            if self._closed:
                self._events.close()
            return

    async def _pause(self, seconds: float) -> None:
        """Wait; closing the stream ends it."""
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait((self._waiting,), timeout=seconds)
        finally:
            self._waiting = None

    def _late(self, broken: APIError, failed: APIError, wait: float | None = None) -> APITimeoutError:
        """The error of a deadline that leaves no time for another attempt, or ran out in one."""
        assert self._deadline is not None
        elapsed = _now() - self._started_at
        if wait is None:
            error = APITimeoutError(failed.request, limit="deadline", seconds=self._deadline, elapsed=elapsed)
        else:
            error = out_of_time(failed.request, self._deadline, elapsed, wait)
        error.partial = broken.partial
        return error

    def _may_resume(self) -> bool:
        if self._closed or self._response_id is None or self._client.is_closed():
            return False
        # Events without numbers would come twice.
        return not self.count or self._after is not None

    async def _open(self) -> AsyncStream[Any]:
        from oxide._calls import endpoint_for
        from oxide.resources._base import segment

        more = "?beta=true" if self._beta else ""
        endpoint = endpoint_for("GET", "/responses/{response_id}" + more, None, self._cast_to)
        client = self._client
        headers, query, timeout = self._extras
        wanted: dict[str, object] = {**self._query, "stream": True}
        if self._after is not None:
            wanted["starting_after"] = self._after
        options: Any = {"max_retries": 0}
        if self._deadline_at is not None:
            options["deadline"] = max(0.001, self._deadline_at - _now())
        assert self._response_id is not None
        path = f"/responses/{segment('response_id', self._response_id)}{more}"
        prepared = client._prepare(  # pyright: ignore[reportPrivateUsage]
            endpoint, path, None, wanted, True, headers, query, None, timeout, options
        )
        transport = client._connections.open()  # pyright: ignore[reportPrivateUsage]
        if self._watch is None:
            answer = await transport.request(prepared)
        else:
            answer = await self._told(transport, prepared, self._watch)
        return cast("AsyncStream[Any]", client._stream(endpoint, answer))  # pyright: ignore[reportPrivateUsage]

    async def _told(self, transport: Transport, prepared: PreparedRequest, watch: Observation) -> RawAnswer:
        """Send a request as a part of the same call, which began with the first."""
        prepared.watch, started = watch, watch.started
        self._request, self._answer = prepared, None
        self.hold(APIConnectionError, APIStatusError)
        try:
            self._answer = answer = await transport.request(prepared)
        finally:
            watch.started = started
            self.hold(APIConnectionError)
        self._request = answer.request
        return answer

    def _resumed(self, broken: APIError) -> Any:
        from .response_events import StreamResumedEvent

        return StreamResumedEvent(
            type="oxide.stream.resumed",
            response_id=self._response_id or "",
            sequence_number=-1 if self._after is None else self._after,
            attempts=self._attempts,
            error=broken.message,
        )


def resumption(
    client: AsyncAPIClient,
    endpoint: Endpoint[Any],
    path: str,
    params: object,
    query: Mapping[str, object] | None,
    extras: tuple[Headers | None, Query | None, Any],
    answer: RawAnswer,
) -> Callable[[AsyncStream[Any]], AsyncStream[Any]] | None:
    """What lets a stream go on after a break: where the call says so, else where the API keeps its events,
    which it does for responses in the background.

    Args:
        client: the client that sends the request.
        endpoint: the operation, with what the call says.
        path: path of the request.
        params: the members of its body, those of `extra_body` among them.
        query: its query, without that of `extra_query`.
        extras: headers, query and timeout of the call.
        answer: the answer whose stream it is.

    Returns:
        Changes the stream and returns it; None for streams that end where they break.
    """
    if endpoint.resume is False:
        return None
    visible = endpoint.resume == "events"
    beta = endpoint.path.endswith("?beta=true")
    if endpoint.method == "GET":
        from urllib.parse import unquote

        after = (query or {}).get("starting_after")
        return partial(
            _resuming,
            answer=answer,
            client=client,
            extras=extras,
            response_id=unquote(path.partition("?")[0].rpartition("/")[2]),
            after=after if isinstance(after, int) else None,
            query=query,
            visible=visible,
            beta=beta,
        )
    if not isinstance(params, dict):
        return None
    body = cast("dict[str, Any]", params)
    if endpoint.resume is None and body.get("background") is not True:
        return None
    kept = {"include": body.get("include")}
    shown: object = body.get("stream_options")
    if isinstance(shown, dict):
        kept["include_obfuscation"] = cast("dict[str, Any]", shown).get("include_obfuscation")
    kept = {name: value for name, value in kept.items() if value is not None}
    return partial(
        _resuming, answer=answer, client=client, extras=extras, query=kept, visible=visible, beta=beta
    )


def _resuming(
    stream: AsyncStream[Any],
    answer: RawAnswer,
    client: AsyncAPIClient,
    extras: tuple[Headers | None, Query | None, Any],
    *,
    response_id: str | None = None,
    after: int | None = None,
    query: Mapping[str, object] | None = None,
    visible: bool = False,
    beta: bool = False,
) -> AsyncStream[Any]:
    """Let a stream go on after a break; the arguments are those of its `ResumingEvents`."""
    stream._events = ResumingEvents(  # pyright: ignore[reportPrivateUsage]
        stream._events,  # pyright: ignore[reportPrivateUsage]
        answer,
        client,
        extras,
        response_id=response_id,
        after=after,
        query=query,
        visible=visible,
        cast_to=stream._cast_to,  # pyright: ignore[reportPrivateUsage]
        beta=beta,
    )
    return stream


def _now() -> float:
    return asyncio.get_running_loop().time()


def _field(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except APIResponseValidationError:
        return None
