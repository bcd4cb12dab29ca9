"""Responses as they are streamed: events with snapshots, and the parsed response at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, cast

from oxide.errors import APIResponseValidationError
from oxide.models import construct
from oxide.models.lazy import assemble, given
from oxide.options import is_given, omit
from oxide.types.responses.parsed_response import ParsedResponse

from . import response_events as ev
from .accumulate import Text, plain, plan_of, response_events, taken
from .response_end import bad_end
from .response_events import MoreEventsT_co, TextFormatT
from .stream_base import AsyncHelperStream

if TYPE_CHECKING:
    from types import TracebackType

    from oxide.stream import AsyncStream

__all__ = ["AsyncResponseStream", "AsyncResponseStreamManager", "ResponseStreamState", "comes_after"]

_LIFE = frozenset({"response.created", "response.queued", "response.in_progress"})
_ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})
_BY_CALL = frozenset({"function_call", "custom_tool_call", "shell_call", "shell_call_output"})


def _field_names(cls: Any) -> tuple[str, ...]:
    return tuple(cls.__pydantic_fields__)


def comes_after(event: Any, number: int) -> bool:
    """Whether an event is newer than the one with a sequence number.

    Args:
        event: one without a number is taken for a new one.
        number: the `sequence_number`.
    """
    found = taken(event, "sequence_number")
    return not isinstance(found, int) or found > number


def _events_after(number: int) -> Callable[[Any, Any], list[Any]]:
    """`response_events` without those up to a sequence number."""

    def handle(state: Any, raw: Any) -> list[Any]:
        return [event for event in response_events(state, raw) if comes_after(event, number)]

    return handle


def _wrong(message: str) -> NoReturn:
    raise APIResponseValidationError(message=message)


def _output(response: Any) -> Any:
    """The output of a response as it came; None where a server leaves it out."""
    try:
        return getattr(response, "output", None)
    except APIResponseValidationError:
        if "output" in given(response):
            raise
        return None


def _identity(item: Any) -> tuple[Any, Any, Any]:
    """What makes an item of the output itself, however its other fields change."""
    call_id = getattr(item, "call_id", None)
    if item.type in _BY_CALL:
        return item.type, None, call_id
    return item.type, getattr(item, "id", None), call_id


def _same_id(before: Any, after: Any) -> bool:
    known = getattr(before, "id", None)
    if known is None and before.type in ("function_call", "custom_tool_call"):
        return True
    return bool(known == getattr(after, "id", None))


class _State:
    """A response as `response_events` fills it; see there."""

    text_fields = _field_names(ev.ResponseTextDeltaEvent)
    arguments_fields = _field_names(ev.ResponseFunctionCallArgumentsDeltaEvent)

    def __init__(self, text_format: Any, input_tools: Any) -> None:
        self.text_event = plan_of(ev.ResponseTextDeltaEvent)
        self.arguments_event = plan_of(ev.ResponseFunctionCallArgumentsDeltaEvent)
        self.texts: dict[tuple[int, int], Text] = {}
        self.arguments: dict[int, Text] = {}
        self.format: Any = text_format if is_given(text_format) else None
        self.tools: list[Any] = list(input_tools) if is_given(input_tools) and input_tools else []
        self.response_id: str | None = None
        self.completed: Any = None
        self.ended: Any = None
        self.items: dict[int, Any] = {}
        self._done: dict[int, Any] = {}
        self._places: dict[tuple[Any, Any, Any], int] = {}
        self._parts: set[tuple[int, int]] = set()

    # -- texts -------------------------------------------------------------------------------------

    def _item(self, event: Any, kind: str) -> Any:
        if self.response_id is None:
            _wrong(f"Expected `response.created` before `{event.type}`")
        item = self.items.get(event.output_index)
        if item is None:
            _wrong(f"`{event.type}` came for output {event.output_index} before that output was added")
        if item.type != kind:
            _wrong(
                f"`{event.type}` came for output {event.output_index}, which is a {item.type}, not a {kind}"
            )
        return item

    def open_text(self, event: Any) -> Text:
        """The text an event adds to, at the first of its deltas."""
        item = self._item(event, "message")
        key = (event.output_index, event.content_index)
        parts = item.content or ()
        begun = ""
        if key not in self._parts and event.content_index < len(parts):
            begun = getattr(parts[event.content_index], "text", "")
        text = self.texts[key] = Text(begun)
        return text

    def open_arguments(self, event: Any) -> Text:
        """The arguments an event adds to, at the first of their deltas."""
        item = self._item(event, "function_call")
        text = self.arguments[event.output_index] = Text(item.arguments or "")
        return text

    # -- every other event -------------------------------------------------------------------------

    def handle(self, event: Any) -> list[Any]:
        """Add an event that is no delta of a text or of arguments."""
        kind = event.type
        if kind == "oxide.stream.resumed":
            return [event]
        if self.response_id is None:
            if kind != "response.created":
                if kind == "error":
                    return [event]
                _wrong(f"Expected `response.created` before `{kind}`")
            self.response_id = event.response.id
            self.items = dict(enumerate(_output(event.response) or ()))
            return [self._life(event)]
        if kind in _LIFE or kind in _ENDS:
            if getattr(event.response, "id", None) != self.response_id:
                _wrong(f"`{kind}` is about another response than `response.created`")
            if kind == "response.completed":
                return [self._complete(event)]
            if kind in _ENDS:
                self.ended = event
            else:
                self._replace(event.response)
            return [self._life(event)]
        if kind == "response.output_item.added":
            if getattr(event, "item", None) is None:
                return []
            if event.output_index in self.items:
                _wrong(f"Output {event.output_index} was added twice")
            self.items[event.output_index] = event.item
        elif kind == "response.content_part.added":
            self._add_part(event)
        elif kind == "response.output_item.done":
            self._item_done(event)
        elif kind == "response.output_text.done":
            return [self._text_done(event)]
        return [event]

    def _add_part(self, event: Any) -> None:
        item = self.items.get(event.output_index)
        if item is None:
            _wrong(f"`{event.type}` came for output {event.output_index} before that output was added")
        if item.type == "message" and event.part.type == "output_text":
            key = (event.output_index, event.content_index)
            self._parts.add(key)
            self.texts[key] = Text(event.part.text or "")

    def _text_done(self, event: Any) -> Any:
        item = self._item(event, "message")
        parsed = self._parse_text(event.text, getattr(item, "phase", None))
        values = [
            parsed if name == "parsed" else taken(event, name)
            for name in _field_names(ev.ResponseTextDoneEvent)
        ]
        return assemble(ev.ResponseTextDoneEvent, tuple(values))

    def _item_done(self, event: Any) -> None:
        index, item = event.output_index, event.item
        added = self.items.get(index)
        identity = _identity(item)
        if added is not None and (_identity(added) != identity or not _same_id(added, item)):
            _wrong(f"Output {index} ended as another item than it began")
        if self._places.get(identity, index) != index:
            _wrong(f"Output {index} is output {self._places[identity]} a second time")
        before = self._done.get(index)
        if before is not None:
            del self._places[_identity(before)]
        self._done[index] = item
        self._places[identity] = index

    def _replace(self, response: Any) -> None:
        """A later state of the response may hold items that have ended, as they are now."""
        seen: set[tuple[Any, Any, Any]] = set()
        for item in _output(response) or ():
            identity = _identity(item)
            if identity in seen:
                _wrong("A response holds the same item twice")
            seen.add(identity)
            index = self._places.get(identity)
            if index is not None:
                if not _same_id(self._done[index], item):
                    _wrong(f"Output {index} came again under another id")
                self._done[index] = item

    def _life(self, event: Any) -> Any:
        """The event, its response's output filled in where a server leaves it out."""
        if _output(event.response) is not None:
            return event
        copied = event.model_copy(deep=True)
        known = {**self.items, **self._done} if event.type in _ENDS else {}
        copied.response.output = [known[index].model_copy(deep=True) for index in sorted(known)]
        return copied

    # -- the whole ---------------------------------------------------------------------------------

    def _complete(self, event: Any) -> Any:
        output = _output(event.response)
        last = {_identity(item): item for item in output or ()}
        for item in self._done.values():
            found = last.get(_identity(item))
            if found is not None and not _same_id(item, found):
                _wrong("The complete response holds an item under another id")
        for index, item in self.items.items():
            found = last.get(_identity(item))
            if index not in self._done and (found is None or not _same_id(item, found)):
                _wrong(f"The response is complete, and output {index} is not")
        if output is None:
            output = [self._done[index] for index in sorted(self._done)]
        self.completed = self._parsed(event.response, output)
        self.ended = event
        values = [
            self.completed if name == "response" else taken(event, name)
            for name in _field_names(ev.ResponseCompletedEvent)
        ]
        return assemble(ev.ResponseCompletedEvent, tuple(values))

    def _parsed(self, response: Any, output: list[Any]) -> Any:
        from .parsed_calls import finish_response

        made = construct(ParsedResponse, {**plain(response), "output": plain(output)})
        finish_response(made, self.format, self.tools)
        return made

    def _parse_text(self, text: str, phase: str | None) -> Any:
        # Only the final answer keeps to the format; a commentary is text.
        if self.format is None or (phase is not None and phase != "final_answer"):
            return None
        from .parsing import parse_text

        return parse_text(text, self.format)


class ResponseStreamState(Generic[TextFormatT]):
    """Adds snapshots and parsed results to events that come from elsewhere.

    Args:
        input_tools: the `tools` of the call, for parsed arguments.
        text_format: the `text_format` of the call, for parsed texts.

    Source: same name, arguments and methods as in the official SDK.
    """

    def __init__(self, *, input_tools: Any = omit, text_format: Any = omit) -> None:
        self._state = _State(text_format, input_tools)

    def handle_event(self, event: Any) -> list[ev.ResponseStreamEvent[TextFormatT]]:
        """Add an event.

        Args:
            event: the next event of one response.

        Returns:
            What it stands for: nothing, or one event.

        Raises:
            APIResponseValidationError: it does not follow from those before it.
            pydantic.ValidationError: what the model wrote does not fit the type given.
        """
        return cast("list[ev.ResponseStreamEvent[TextFormatT]]", response_events(self._state, event))


class AsyncResponseStream(AsyncHelperStream, Generic[TextFormatT, MoreEventsT_co]):
    """The events of a response, with snapshots, parsed texts and parsed arguments.

    `async for event in stream` ends with the response; it raises as the stream below it does when that ends
    badly. Snapshots are made when they are read.

    Args:
        raw_stream: the events.
        text_format: the `text_format` of the call.
        input_tools: the `tools` of the call.
        starting_after: events up to this sequence number are not handed out.

    Source: same name and methods as in the official SDK.
    """

    def __init__(
        self,
        *,
        raw_stream: Any,
        text_format: Any = omit,
        input_tools: Any = omit,
        starting_after: int | None = None,
    ) -> None:
        self._state = _State(text_format, input_tools)
        handle = response_events if starting_after is None else _events_after(starting_after)
        super().__init__(raw_stream, handle, self._state)

    if TYPE_CHECKING:
        # Said, not done: the steps are made in the base.
        async def __anext__(self) -> ev.ResponseStreamEvent[TextFormatT] | MoreEventsT_co: ...

    @property
    def output_items(self) -> dict[int, Any]:
        """The items of the output as they were added, by their index."""
        return self._state.items

    def check_end(self) -> None:
        """Raise where the stream has ended and the response is no result.

        Raises:
            LengthFinishReasonError: it is incomplete, because the model ran out of tokens.
            ContentFilterFinishReasonError: it is incomplete, because of the content filter.
            APIError: it failed, or there is none.
        """
        if self._state.completed is None:
            if self._state.ended is None:
                raise self._truncated("The stream ended before the response was complete.")
            raise bad_end(self._state.ended.response, self._raw_stream.response)

    async def get_final_response(self) -> ParsedResponse[TextFormatT]:
        """Read the stream to its end and return the response.

        Raises:
            LengthFinishReasonError: it is incomplete, because the model ran out of tokens.
            ContentFilterFinishReasonError: it is incomplete, because of the content filter.
            APIError: it failed, or the stream ended badly or was closed before its end.
        """
        await self._complete()
        self.check_end()
        return cast("ParsedResponse[TextFormatT]", self._state.completed)


class AsyncResponseStreamManager(Generic[TextFormatT, MoreEventsT_co]):
    """What `client.responses.stream()` returns: `async with` sends the request and closes the stream.

    Args:
        api_request: the request, not yet sent.
        text_format: the `text_format` of the call.
        input_tools: the `tools` of the call.
        starting_after: events up to this sequence number are not handed out.

    Source: same name as in the official SDK.
    """

    def __init__(
        self,
        api_request: Awaitable[AsyncStream[Any]],
        *,
        text_format: Any = omit,
        input_tools: Any = omit,
        starting_after: int | None = None,
    ) -> None:
        self._api_request = api_request
        self._text_format = text_format
        self._input_tools = input_tools
        self._starting_after = starting_after
        self._stream: AsyncResponseStream[TextFormatT, MoreEventsT_co] | None = None

    async def __aenter__(self) -> AsyncResponseStream[TextFormatT, MoreEventsT_co]:
        self._stream = AsyncResponseStream(
            raw_stream=await self._api_request,
            text_format=self._text_format,
            input_tools=self._input_tools,
            starting_after=self._starting_after,
        )
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
