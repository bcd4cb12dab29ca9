"""Events of `client.responses.stream` that are not the API's own: names and fields as the official SDK's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias

from typing_extensions import TypeVar

from oxide.models import BaseModel
from oxide.types.responses.parsed_response import ParsedResponse
from oxide.types.responses.response_completed_event import (
    ResponseCompletedEvent as RawResponseCompletedEvent,
)
from oxide.types.responses.response_function_call_arguments_delta_event import (
    ResponseFunctionCallArgumentsDeltaEvent as RawResponseFunctionCallArgumentsDeltaEvent,
)
from oxide.types.responses.response_text_delta_event import (
    ResponseTextDeltaEvent as RawResponseTextDeltaEvent,
)
from oxide.types.responses.response_text_done_event import ResponseTextDoneEvent as RawResponseTextDoneEvent

if TYPE_CHECKING:
    from oxide.types.responses import ResponseStreamEvent as RawResponseStreamEvent

__all__ = [
    "ResponseCompletedEvent",
    "ResponseFunctionCallArgumentsDeltaEvent",
    "ResponseStreamEvent",
    "ResponseTextDeltaEvent",
    "ResponseTextDoneEvent",
    "StreamResumedEvent",
]

TextFormatT = TypeVar("TextFormatT", default=None)


class ResponseTextDeltaEvent(RawResponseTextDeltaEvent):
    """More text. `snapshot` is the text of this part up to here, made when it is read."""

    snapshot: str


class ResponseTextDoneEvent(RawResponseTextDoneEvent, Generic[TextFormatT]):
    """The whole text of a part, and the object it describes where a class was given as `text_format`."""

    parsed: TextFormatT | None = None


class ResponseFunctionCallArgumentsDeltaEvent(RawResponseFunctionCallArgumentsDeltaEvent):
    """More of a call's arguments. `snapshot` are the arguments up to here, made when they are read."""

    snapshot: str


class ResponseCompletedEvent(RawResponseCompletedEvent, Generic[TextFormatT]):
    """The response is complete; texts and arguments in it are parsed."""

    if TYPE_CHECKING:
        response: ParsedResponse[TextFormatT]  # pyright: ignore[reportIncompatibleVariableOverride]
    else:
        # As the instances are: pydantic warns of a class that differs in its parameters alone.
        response: ParsedResponse


class StreamResumedEvent(BaseModel):
    """A stream that had broken goes on. oxide's addition, for those who ask with `stream_resume="events"`."""

    type: Literal["oxide.stream.resumed"]
    response_id: str
    sequence_number: int
    """Number of the last event before the break; the next one follows it."""
    attempts: int
    """Requests it took since that event."""
    error: str
    """What broke the stream."""


if TYPE_CHECKING:
    ResponseStreamEvent: TypeAlias = (
        ResponseTextDeltaEvent
        | ResponseTextDoneEvent[TextFormatT]
        | ResponseFunctionCallArgumentsDeltaEvent
        | ResponseCompletedEvent[TextFormatT]
        | RawResponseStreamEvent
    )
else:
    # The union of sixty classes is for type checkers; nothing is built from it.
    ResponseStreamEvent = Any
