"""How a stream may end, and what is kept for the error when it ends badly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from .limits import EventLimitError

if TYPE_CHECKING:
    from oxide.errors import APIError

__all__ = [
    "END_WAIT",
    "HARD_ENDS",
    "JUNK_LIMIT",
    "LOG_SIZE",
    "SOFT_ENDS",
    "Partial",
    "attach",
    "begins_like_events",
    "broken",
    "error_event",
    "finished_choices",
    "is_json",
    "not_a_stream",
    "not_resumed",
    "of_the_whole",
    "oversized",
    "timed_out",
    "truncated",
]

END_WAIT = 0.25
"""Seconds the HTTP message may go on after the terminator; a connection that takes longer is closed."""

JUNK_LIMIT = 64 * 1024
"""Bytes kept of an answer that turns out to be no event stream."""

LOG_SIZE = 32 * 1024
"""Bytes of the latest events kept for ``error.partial``, at most; a stream of half as many keeps them all."""

HARD_ENDS = ("response.completed", "response.failed", "response.incomplete")
"""Events that end a stream: nothing of meaning follows."""

SOFT_ENDS = (
    "done",
    "image_edit.completed",
    "image_generation.completed",
    "speech.audio.done",
    "thread.run.cancelled",
    "thread.run.completed",
    "thread.run.expired",
    "thread.run.failed",
    "thread.run.requires_action",
    "transcript.text.done",
)
"""Events after which the end of the body is no truncation, though more events may come."""


# Bytes of a text that a message shows.
_SHOWN = 300

_OPENINGS = (b":", b"data:", b"event:", b"id:", b"retry:", b"\xef\xbb\xbf")


def begins_like_events(head: bytes) -> bool:
    """Whether a body may be an event stream although its Content-Type says otherwise.

    Args:
        head: its first bytes behind white space; up to 8 are looked at.
    """
    return any(head.startswith(opening) or opening.startswith(head) for opening in _OPENINGS)


class Partial:
    """What a stream had delivered before it failed.

    The latest 16 to 32 KB of events are kept, as bytes, so a long stream costs no more than a short one. A
    stream of up to 16 KB is here in whole; of a longer one ``events``, ``raw`` and ``text`` lack the
    beginning, and ``complete`` is False. An event above 16 KB may be missing, with all before it. Objects are
    built when somebody looks; after pickling they are dicts.

    Args:
        count: events delivered.
        records: name and data of the latest of them, oldest first.
        make: builds an event from its name and data.
        rest: bytes that had come after the last complete event.

    Attributes:
        count: events delivered.
        rest: bytes that had come after the last complete event.
    """

    __slots__ = ("_events", "_make", "_records", "count", "rest")

    def __init__(
        self,
        count: int,
        records: list[tuple[str | None, bytes]],
        make: Callable[[str | None, bytes], Any],
        rest: bytes = b"",
    ) -> None:
        self.count = count
        self.rest = rest
        self._records = records
        self._make = make
        self._events: list[Any] | None = None

    @property
    def complete(self) -> bool:
        """Whether ``events`` holds every event that was delivered."""
        return len(self._records) == self.count

    @property
    def raw(self) -> list[bytes]:
        """The data of the latest events as received, oldest first."""
        return [data for _, data in self._records]

    @property
    def events(self) -> list[Any]:
        """The latest events as objects, oldest first."""
        if self._events is None:
            self._events = [self._make(name, data) for name, data in self._records]
        return self._events

    @property
    def text(self) -> str:
        """The text in ``events``: text deltas of a response, content deltas of a chat's first choice.

        Unless ``complete``, its beginning is missing.
        """
        return "".join(_texts(self.events))

    def behind(self, earlier: Partial | None, repeated: int = 0) -> Partial:
        """The same with what other connections had delivered of the stream before.

        Args:
            earlier: what they had delivered; None for nothing.
            repeated: events at the beginning of this one that they had delivered too.
        """
        fresh = max(0, self.count - repeated)
        records = self._records[max(0, len(self._records) - fresh) :]
        if earlier is not None and len(records) == fresh:
            records = [*earlier._records, *records]
            size = sum(len(data) for _, data in records)
            while size > LOG_SIZE:
                size -= len(records.pop(0)[1])
        count = fresh + (0 if earlier is None else earlier.count)
        return Partial(count, records, self._make, self.rest)

    def __repr__(self) -> str:
        kept = "" if self.complete else f", the last {len(self._records)} kept"
        return f"<Partial: {self.count} events{kept}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # The factory stays behind; a pickled error carries what can be rebuilt from the bytes alone.
        return (_restore, (self.count, self._records, self.rest))


def _restore(count: int, records: list[tuple[str | None, bytes]], rest: bytes) -> Partial:
    return Partial(count, records, _plain, rest)


def _plain(name: str | None, data: bytes) -> Any:
    import json

    return json.loads(data)


def _member(value: Any, name: str) -> Any:
    # The events of an error that was pickled are dicts.
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(name)
    return getattr(value, name, None)


def _texts(events: Iterable[Any]) -> Iterable[str]:
    for event in events:
        choices = _member(event, "choices")
        if choices is None:
            is_text = _member(event, "type") == "response.output_text.delta"
            piece = _member(event, "delta") if is_text else None
        else:
            first = next((c for c in choices if _member(c, "index") == 0), None)
            piece = _member(_member(first, "delta"), "content")
        if isinstance(piece, str):
            yield piece


def finished_choices(data: bytes) -> list[int]:
    """The indices of the choices a chat chunk finishes.

    Args:
        data: the chunk's JSON.
    """
    import json

    try:
        chunk: Any = json.loads(data)
        return [int(c.get("index", 0)) for c in chunk["choices"] if c.get("finish_reason") is not None]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def is_json(data: bytes) -> bool:
    """Whether the last event of a body that just stops is whole.

    Args:
        data: the event's data.
    """
    import json

    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def attach(error: APIError, answer: Any, partial: Partial | None) -> APIError:
    """Complete an error with what is known about the call.

    Args:
        error: an error made where only the event was at hand.
        answer: the answer whose body this is.
        partial: what had arrived.
    """
    facts = answer.facts()
    held: Any = error
    if held.request is None:
        held.request = facts.request
    response = getattr(held, "response", facts)
    if response is None or not response.headers:
        held.response = facts
    error.partial = partial
    return error


def error_event(data: bytes) -> APIError:
    """The error a Responses ``error`` event stands for.

    Args:
        data: the event's JSON; code, message and param are at its top level or in ``error``.
    """
    import json

    from oxide._faults import not_json, stream_error

    try:
        body: Any = json.loads(data)
    except ValueError as exc:
        return not_json(data, exc)
    if isinstance(body, dict):
        event = cast("dict[str, Any]", body)
        body = event["error"] if isinstance(event.get("error"), dict) else event
    return stream_error(body, data)


def not_a_stream(data: bytes, answer: Any) -> APIError:
    """The error for a body that is no event stream although the status was a good one.

    Args:
        data: the body, or its beginning.
        answer: the answer.
    """
    import json

    from oxide._faults import looks_like_html, not_json, stream_error
    from oxide.errors import APIResponseNotJSONError, APIResponseValidationError

    kind = answer.headers.get("content-type", "no content type")
    try:
        body: Any = json.loads(data)
    except ValueError as exc:
        if looks_like_html(data) or data.lstrip()[:1] in (b"{", b"["):
            return not_json(data, exc)
        text = data[:_SHOWN].decode("utf-8", "replace").strip()
        more = "…" if len(data) > _SHOWN else ""
        message = f"A stream was asked for, and the server sent text ({kind}): {text}{more}"
        return APIResponseNotJSONError(data, response=answer.facts(), message=message)
    if isinstance(body, dict) and "error" in body:
        return stream_error(cast("dict[str, Any]", body)["error"], data)
    return APIResponseValidationError(
        answer.facts(),
        cast("object", body),
        message=f"A stream was asked for, and the server sent one document ({kind}).",
    )


def oversized(size: int, limit: int, what: str, answer: Any) -> APIError:
    """The error for an event or a line above its cap.

    Args:
        size: bytes it had reached.
        limit: the cap in bytes.
        what: ``an event`` or ``a line``.
        answer: the answer.
    """
    from oxide.errors import APIResponseValidationError

    setting = "max_event" if what == "an event" else "max_line"
    error = APIResponseValidationError(
        answer.facts(),
        None,
        message=f"The stream holds {what} of {size:,} bytes or more; the limit is {limit:,}: raise it "
        f"with AsyncOpenAI({setting}=...) or client.with_options({setting}=...).",
    )
    error.__cause__ = EventLimitError(setting, limit, size)
    return error


def _counted(partial: Partial) -> str:
    return {0: "no event", 1: "1 event"}.get(partial.count, f"{partial.count} events")


def truncated(answer: Any, partial: Partial) -> APIError:
    """The error for a body that ends before its terminator.

    Args:
        answer: the answer.
        partial: what had arrived.
    """
    from oxide.errors import APIStreamTruncatedError

    return APIStreamTruncatedError(
        message=f"The stream ended before it was complete, after {_counted(partial)}.",
        request=answer.facts().request,
        partial=partial,
    )


def broken(cause: Any, answer: Any, partial: Partial, elapsed: float) -> BaseException:
    """The error for a body that broke off.

    Args:
        cause: the lane's error.
        answer: the answer.
        partial: what had arrived.
        elapsed: seconds since the call began.
    """
    from oxide.errors import APIConnectionError, APIStreamTruncatedError
    from oxide.transport.mapping import api_error

    kind = getattr(cause, "kind", None)
    if kind is None:
        return cast("BaseException", cause)
    request = answer.facts().request
    error: APIError
    if kind == "read":
        message = f"The stream broke off after {_counted(partial)}: {cause}."
        error = APIStreamTruncatedError(message=message, request=request)
    elif kind == "closed":
        error = APIConnectionError(message=f"The stream ended: {cause}.", request=request)
    else:
        error = api_error(cause, request, elapsed)
    error.partial = partial
    error.__cause__ = cause
    return error


def of_the_whole(error: APIError, earlier: Partial | None, repeated: int) -> None:
    """Let the error of one connection speak of the whole stream.

    Args:
        error: the error; it is changed.
        earlier: what other connections had delivered before.
        repeated: events of this connection that they had delivered too.
    """
    partial = error.partial
    if not isinstance(partial, Partial):
        error.partial = earlier
        return
    error.partial = whole = partial.behind(earlier, repeated)
    _say(error, error.message.replace(f"after {_counted(partial)}", f"after {_counted(whole)}", 1))


def not_resumed(error: APIError, failed: APIError, requests: int) -> APIError:
    """The error of a break, with why the stream was not picked up again.

    Args:
        error: the error; it is changed.
        failed: what came of the last request for the rest; the break itself where that brought nothing.
        requests: how many there were.
    """
    if requests:
        times = "" if requests == 1 else f" {requests} times"
        if failed is error:
            _say(error, f"{error.message} Asking for the rest{times} brought nothing.")
        else:
            last = "" if requests == 1 else ", the last one with"
            _say(error, f"{error.message} Asking for the rest failed{times}{last}: {failed.message}")
            error.__cause__ = failed
    return error


def _say(error: APIError, message: str) -> None:
    error.message = message
    error.args = (message, *error.args[1:])


def timed_out(limit: Any, seconds: float, answer: Any, partial: Partial, elapsed: float) -> APIError:
    """The error for a limit that ran out while the consumer waited.

    Args:
        limit: ``stream_idle``, ``first_event`` or ``deadline``.
        seconds: its value.
        answer: the answer.
        partial: what had arrived.
        elapsed: seconds since the call began.
    """
    from oxide.errors import APITimeoutError

    error = APITimeoutError(answer.facts().request, limit=limit, seconds=seconds, elapsed=elapsed)
    error.partial = partial
    return error
