"""Streams of the Assistants API: handlers, snapshots, and what the `*_stream` methods call."""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from oxide.errors import APIStreamTruncatedError, APITimeoutError
from oxide.models import construct
from oxide.models.convert import ABSENT
from oxide.models.lazy import assemble
from oxide.options import is_given

from .accumulate import Indexed, Text, TextAt, freeze, merge, plain
from .assistant_parts import Frozen, TextDeltas, growing
from .stream_base import Request

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from oxide.stream import AsyncStream
    from oxide.types.beta import AssistantStreamEvent
    from oxide.types.beta.threads import ImageFile, Message, MessageDelta, Run, TextDelta
    from oxide.types.beta.threads import Text as TextContent
    from oxide.types.beta.threads.runs import RunStep, RunStepDelta, ToolCall, ToolCallDelta

__all__ = ["AsyncAssistantEventHandler", "AsyncAssistantEventHandlerT", "AsyncAssistantStreamManager"]

_RUN_OVER = frozenset({"cancelled", "completed", "expired", "failed", "incomplete", "requires_action"})
_RUN_GOES_ON = frozenset({"created", "queued", "in_progress", "cancelling"})
_STEP_OVER = frozenset({"cancelled", "completed", "expired", "failed"})


class AsyncAssistantEventHandler:
    """Handles the events of a run, as they come. Iterate over it, or override the `on_*` methods and await
    `until_done()`. One handler serves one stream.

    Attributes:
        text_deltas: the pieces of text alone, to iterate over in place of the events.

    Source: same name, methods and order of calls as in the official SDK.
    """

    text_deltas: AsyncIterator[str]

    def __init__(self) -> None:
        self._current_event: AssistantStreamEvent | None = None
        self._current_message_content_index: int | None = None
        self._current_tool_call_index: int | None = None
        self._stream: AsyncStream[AssistantStreamEvent] | None = None
        self._over = False
        self._failure: BaseException | None = None
        self._run: Run | None = None
        self._step_id: str | None = None
        self._steps: dict[str, Any] = {}
        self._messages: dict[str, Any] = {}
        self._message_id: str | None = None
        self.text_deltas = TextDeltas(self)

    def _init(self, stream: AsyncStream[AssistantStreamEvent]) -> None:
        if self._stream is not None:
            raise RuntimeError("An event handler serves one stream: construct another one for this")
        self._stream = stream

    # -- iteration ---------------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AssistantStreamEvent:
        """Wait for the next event, and call the methods it is for.

        Raises:
            StopAsyncIteration: the stream is complete, or was closed.
            APIError: it ended badly.
            RuntimeError: there is no stream yet.
        """
        if self._stream is None:
            raise RuntimeError("The stream has not been started")
        if self._over:
            raise StopAsyncIteration
        try:
            event = await self._stream.__anext__()
            await self._emit(event)
        except StopAsyncIteration:
            self._over = True
            await self.on_end()
            raise
        except Exception as error:
            self._over = True
            self._failure = error
            try:
                if isinstance(error, APITimeoutError):
                    await self.on_timeout()
                await self.on_exception(error)
            finally:
                await self.on_end()
            raise
        except BaseException as error:
            self._leave("cancelled")
            await self._stream.close()
            if isinstance(error, CancelledError):
                await self.on_end()
            raise
        return event

    def _leave(self, how: str) -> None:
        """Nothing more is read: what came is not all."""
        if self._stream is not None and not self._over:
            self._over = True
            message = f"The stream was {how} before it was complete."
            self._failure = APIStreamTruncatedError(message=message, request=self._stream.response.request)

    async def close(self) -> None:
        """End the stream; the manager does so when its block is left."""
        self._leave("closed")
        if self._stream is not None:
            await self._stream.close()

    async def until_done(self) -> None:
        """Read the stream to its end.

        Raises:
            APIError: it ends badly, or did before, or was left before its end; so in every later call.
        """
        async for _ in self:
            pass
        if self._failure is not None:
            raise self._failure

    # -- what there is -----------------------------------------------------------------------------

    @property
    def current_event(self) -> AssistantStreamEvent | None:
        """The event being handled, inside an `on_*` method."""
        return self._current_event

    @property
    def current_run(self) -> Run | None:
        """The run as it was last told."""
        return self._run

    @property
    def current_run_step_snapshot(self) -> RunStep | None:
        """The step that is running, as far as it has come."""
        return None if self._step_id is None else self._step(self._step_id)

    @property
    def current_message_snapshot(self) -> Message | None:
        """The message that is being written, or was last, as far as it has come."""
        return None if self._message_id is None else self._message(self._message_id)

    async def get_final_run(self) -> Run:
        """Read the stream to its end and return the run.

        Raises:
            APIError: as `until_done`.
            RuntimeError: the stream told of none.
        """
        await self.until_done()
        if self._run is None:
            raise RuntimeError("No final run object found")
        return self._run

    async def get_final_run_steps(self) -> list[RunStep]:
        """Read the stream to its end and return the steps.

        Raises:
            APIError: as `until_done`.
            RuntimeError: the stream told of none.
        """
        await self.until_done()
        if not self._steps:
            raise RuntimeError("No run steps found")
        return [self._step(step_id) for step_id in self._steps]

    async def get_final_messages(self) -> list[Message]:
        """Read the stream to its end and return the messages.

        Raises:
            APIError: as `until_done`.
            RuntimeError: the stream told of none.
        """
        await self.until_done()
        if not self._messages:
            raise RuntimeError("No messages found")
        return [self._message(message_id) for message_id in self._messages]

    def _message(self, message_id: str) -> Any:
        found = self._messages[message_id]
        if not isinstance(found, dict):
            return found
        from oxide.types.beta.threads import Message

        return construct(Message, freeze(found))

    def _step(self, step_id: str) -> Any:
        found = self._steps[step_id]
        if not isinstance(found, dict):
            return found
        from oxide.types.beta.threads.runs import RunStep

        return construct(RunStep, freeze(found))

    # -- to be overridden --------------------------------------------------------------------------

    async def on_end(self) -> None:
        """The stream is over: it was read to its end, or an exception ended it."""

    async def on_event(self, event: AssistantStreamEvent) -> None:
        """Any event, before the methods below."""

    async def on_run_step_created(self, run_step: RunStep) -> None:
        """A step begins."""

    async def on_run_step_delta(self, delta: RunStepDelta, snapshot: RunStep) -> None:
        """A step goes on: what came, and all of it so far."""

    async def on_run_step_done(self, run_step: RunStep) -> None:
        """A step is over."""

    async def on_tool_call_created(self, tool_call: ToolCall) -> None:
        """A tool call begins."""

    async def on_tool_call_delta(self, delta: ToolCallDelta, snapshot: ToolCall) -> None:
        """A tool call goes on: what came, and all of it so far."""

    async def on_tool_call_done(self, tool_call: ToolCall) -> None:
        """A tool call is complete."""

    async def on_exception(self, exception: Exception) -> None:
        """The stream, or a method here, raised."""

    async def on_timeout(self) -> None:
        """A limit ran out; `on_exception` follows."""

    async def on_message_created(self, message: Message) -> None:
        """A message begins."""

    async def on_message_delta(self, delta: MessageDelta, snapshot: Message) -> None:
        """A message goes on: what came, and all of it so far."""

    async def on_message_done(self, message: Message) -> None:
        """A message is complete."""

    async def on_text_created(self, text: TextContent) -> None:
        """A text begins."""

    async def on_text_delta(self, delta: TextDelta, snapshot: TextContent) -> None:
        """A text goes on: what came, and all of it so far."""

    async def on_text_done(self, text: TextContent) -> None:
        """A text is complete."""

    async def on_image_file_done(self, image_file: ImageFile) -> None:
        """An image file is complete."""

    # -- one event ---------------------------------------------------------------------------------

    def _wanted(self, method: str) -> bool:
        """Whether somebody overrode a method: snapshots for others are not made."""
        return getattr(type(self), method) is not getattr(AsyncAssistantEventHandler, method)

    async def _emit(self, event: Any) -> None:
        self._current_event = event
        await self.on_event(event)
        kind: str = event.event
        if kind.startswith("thread.message."):
            await self._message_event(kind.removeprefix("thread.message."), event.data)
        elif kind.startswith("thread.run.step."):
            await self._step_event(kind.removeprefix("thread.run.step."), event.data)
        elif kind.startswith("thread.run."):
            state = kind.removeprefix("thread.run.")
            if state in _RUN_OVER or state in _RUN_GOES_ON:
                self._run = event.data
            if state in _RUN_OVER:
                await self._tool_call_done()
        self._current_event = None

    async def _message_event(self, what: str, data: Any) -> None:
        if what == "created":
            self._message_id = data.id
            self._messages[data.id] = data
            await self.on_message_created(data)
        elif what == "delta":
            await self._message_delta(data.delta)
        elif what in ("completed", "incomplete"):
            self._message_id = data.id
            self._messages[data.id] = data
            index = self._current_message_content_index
            if index is not None:
                await self._content_done(data.content[index])
            await self.on_message_done(data)

    async def _message_delta(self, delta: Any) -> None:
        message_id = self._message_id
        if message_id is None:
            raise RuntimeError("A message goes on that never began")
        acc = self._messages[message_id]
        if not isinstance(acc, dict):
            acc = self._messages[message_id] = growing(acc)
        blocks: Any = cast("dict[str, Any]", acc).get("content")
        if not isinstance(blocks, Indexed):
            blocks = acc["content"] = Indexed({i: growing(block) for i, block in enumerate(blocks or ())})
        created: list[Any] = []
        for piece in delta.content or ():
            if piece.index not in blocks:
                created.append(piece)
                blocks[piece.index] = {}
            merge(blocks[piece.index], plain(piece))
        for piece in created:
            if blocks[piece.index].get("type") == "text":
                await self.on_text_created(self._text(blocks[piece.index]))
        for piece in delta.content or ():
            if piece.type == "text" and piece.text:
                await self.on_text_delta(piece.text, self._text(blocks[piece.index]))
            if piece.index != self._current_message_content_index:
                before = self._current_message_content_index
                if before is not None:
                    await self._content_done(self._message(message_id).content[before])
                self._current_message_content_index = piece.index
        if self._wanted("on_message_delta"):
            await self.on_message_delta(delta, self._message(message_id))

    def _text(self, block: dict[str, Any]) -> Any:
        """The text of a block up to here, joined when it is read."""
        from oxide.types.beta.threads import Text as TextContent

        text: dict[str, Any] = block.get("text") or {}
        value: Any = text.get("value")
        return assemble(
            TextContent,
            tuple(
                (TextAt(value, value.length) if isinstance(value, Text) else value or "")
                if name == "value"
                else Frozen(text.get("annotations") or [])
                if name == "annotations"
                else ABSENT
                for name in TextContent.__pydantic_fields__
            ),
        )

    async def _content_done(self, block: Any) -> None:
        if block.type == "text":
            await self.on_text_done(block.text)
        elif block.type == "image_file":
            await self.on_image_file_done(block.image_file)

    async def _step_event(self, what: str, data: Any) -> None:
        if what == "created":
            self._step_id = data.id
            self._steps[data.id] = data
            await self.on_run_step_created(data)
        elif what == "in_progress":
            self._step_id = data.id
        elif what == "delta":
            await self._step_delta(data)
        elif what in _STEP_OVER:
            await self._tool_call_done()
            await self.on_run_step_done(data)
            self._step_id = None

    async def _step_delta(self, data: Any) -> None:
        acc = self._steps[data.id]
        if not isinstance(acc, dict):
            acc = self._steps[data.id] = growing(acc)
        step = cast("dict[str, Any]", acc)
        begun: dict[str, Any] = step.get("step_details") or {}
        if begun.get("tool_calls") == []:
            begun["tool_calls"] = Indexed()
        merge(step, plain(data.delta))
        details = data.delta.step_details
        if details is not None and details.type == "tool_calls":
            for piece in details.tool_calls or ():
                if piece.index == self._current_tool_call_index:
                    self._tool_call_step = data.id
                    if self._wanted("on_tool_call_delta"):
                        await self.on_tool_call_delta(piece, self._tool_call(data.id, piece.index))
                    continue
                await self._tool_call_done()
                self._current_tool_call_index = piece.index
                self._tool_call_step = data.id
                await self.on_tool_call_created(self._tool_call(data.id, piece.index))
        if self._wanted("on_run_step_delta"):
            await self.on_run_step_delta(data.delta, self._step(data.id))

    _tool_call_step: str = ""

    def _tool_call(self, step_id: str, index: int) -> Any:
        return self._step(step_id).step_details.tool_calls[index]

    async def _tool_call_done(self) -> None:
        index = self._current_tool_call_index
        if index is not None:
            await self.on_tool_call_done(self._tool_call(self._tool_call_step, index))


AsyncAssistantEventHandlerT = TypeVar("AsyncAssistantEventHandlerT", bound=AsyncAssistantEventHandler)


class AsyncAssistantStreamManager(Generic[AsyncAssistantEventHandlerT]):
    """What the `*_stream` methods return: `async with` sends the request and closes the stream.

    Args:
        api_request: the request, not yet sent.
        event_handler: handles the events; the value of `async with`.

    Source: same name as in the official SDK.
    """

    def __init__(
        self,
        api_request: Awaitable[AsyncStream[AssistantStreamEvent]],
        *,
        event_handler: AsyncAssistantEventHandlerT,
    ) -> None:
        self._api_request = api_request
        self._event_handler = event_handler
        self._stream: AsyncStream[AssistantStreamEvent] | None = None

    async def __aenter__(self) -> AsyncAssistantEventHandlerT:
        self._stream = await self._api_request
        try:
            self._event_handler._init(self._stream)  # pyright: ignore[reportPrivateUsage]
        except RuntimeError:
            await self._stream.close()
            raise
        return self._event_handler

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._event_handler._leave("closed")  # pyright: ignore[reportPrivateUsage]
        if self._stream is not None:
            await self._stream.close()


def _managed(
    resource: Any, method: str, helper: str, params: dict[str, Any]
) -> AsyncAssistantStreamManager[Any]:
    given = {name: value for name, value in params.items() if is_given(value)}
    handler = given.pop("event_handler", None)
    given["stream"] = True
    given["extra_headers"] = {
        "OpenAI-Beta": "assistants=v2",
        "X-Stainless-Stream-Helper": helper,
        "X-Stainless-Custom-Event-Handler": "true" if handler else "false",
        **(given.get("extra_headers") or {}),
    }
    # Unwrapped: that the API is deprecated was said when the method was called that led here.
    send: Any = inspect.unwrap(getattr(resource, method).__func__)
    return AsyncAssistantStreamManager(
        Request(lambda: send(resource, **given)), event_handler=handler or AsyncAssistantEventHandler()
    )


def run_stream(resource: Any, params: dict[str, Any]) -> AsyncAssistantStreamManager[Any]:
    """A run on a thread, streamed.

    Args:
        resource: `client.beta.threads.runs`.
        params: the parameters of `create`, and `event_handler`.
    """
    return _managed(resource, "create", "threads.runs.create_and_stream", params)


def submit_tool_outputs_stream(resource: Any, params: dict[str, Any]) -> AsyncAssistantStreamManager[Any]:
    """A run that goes on with the outputs of its tools, streamed.

    Args:
        resource: `client.beta.threads.runs`.
        params: the parameters of `submit_tool_outputs`, and `event_handler`.
    """
    return _managed(resource, "submit_tool_outputs", "threads.runs.submit_tool_outputs_stream", params)


def create_and_run_stream(resource: Any, params: dict[str, Any]) -> AsyncAssistantStreamManager[Any]:
    """A run on a new thread, streamed.

    Args:
        resource: `client.beta.threads`.
        params: the parameters of `create_and_run`, and `event_handler`.
    """
    return _managed(resource, "create_and_run", "threads.create_and_run_stream", params)
