"""Chat completions as they are streamed: events, snapshots and the completion at the end."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from oxide.errors import ContentFilterFinishReasonError, LengthFinishReasonError
from oxide.models import construct
from oxide.models.lazy import Later, assemble
from oxide.options import is_given, omit
from oxide.types.chat.chat_completion_message import ChatCompletionMessage
from oxide.types.chat.parsed_chat_completion import ParsedChatCompletion

from . import chat_events as ev
from .accumulate import (
    ChatChoice,
    ChatFields,
    ChatTool,
    Indexed,
    chat_events,
    freeze,
    plain,
    plan_of,
    streamed_chat_events,
)
from .stream_base import AsyncHelperStream

if TYPE_CHECKING:
    from types import TracebackType

    from oxide.stream import AsyncStream
    from oxide.types.chat import ChatCompletionChunk

__all__ = [
    "AsyncChatCompletionStream",
    "AsyncChatCompletionStreamManager",
    "ChatCompletionStreamState",
]

ResponseFormatT = TypeVar("ResponseFormatT")

_MESSAGE = tuple(ChatCompletionMessage.__pydantic_fields__)
_CUT = frozenset({"length", "content_filter"})


class _Snapshot(Later):
    """The completion so far, made when an event's `snapshot` is read."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def resolve(self) -> Any:
        """The snapshot."""
        return self._state.snapshot()


class _State(ChatFields):
    """A chat as `chat_events` fills it; see there."""

    def __init__(self, response_format: Any, input_tools: Any) -> None:
        self.chunk_event = plan_of(ev.ChunkEvent)
        self.content_delta_event = plan_of(ev.ContentDeltaEvent)
        self.refusal_delta_event = plan_of(ev.RefusalDeltaEvent)
        self.tool_delta_event = plan_of(ev.FunctionToolCallArgumentsDeltaEvent)
        self.content_logprobs_event = plan_of(ev.LogprobsContentDeltaEvent)
        self.refusal_logprobs_event = plan_of(ev.LogprobsRefusalDeltaEvent)
        self.choices: dict[int, ChatChoice] = {}
        self.first: dict[str, Any] | None = None
        self.latest: ChatCompletionChunk | None = None
        self.moderation: Any = None
        self.closed: list[tuple[ChatChoice, ChatTool]] = []
        typed = is_given(response_format) and not isinstance(response_format, dict)
        self.format: Any = response_format if typed else None
        self.rich = self.format is not None
        self.tools: list[Any] = list(input_tools) if is_given(input_tools) and input_tools else []
        functions = [tool for tool in self.tools if tool.get("type") == "function"]
        self.parseable = self.rich or any(tool["function"].get("strict") for tool in functions)
        self.snapshot_later = _Snapshot(self)
        self._made: Any = None
        self._made_of: Any = None

    def begin(self, chunk: ChatCompletionChunk) -> None:
        """Take over what the first chunk says of the completion."""
        value: dict[str, Any] = plain(chunk)
        value.pop("choices", None)
        value.pop("obfuscation", None)
        value.pop("moderation", None)
        self.first = {"system_fingerprint": None, **value, "object": "chat.completion"}

    def tool_is_strict(self, name: str) -> bool:
        """Whether what is complete of a call's arguments is parsed on the way."""
        if not self.tools:
            return False
        from .given_tools import find_tool

        definition = find_tool(self.tools, name)
        return definition is not None and bool(definition.get("strict"))

    # -- ends --------------------------------------------------------------------------------------

    def finish(self, choice: ChatChoice) -> None:
        """A choice has ended: refuse what cannot be parsed."""
        if not self.parseable:
            return
        if choice.finish_reason == "length":
            raise LengthFinishReasonError(completion=self.snapshot())
        if choice.finish_reason == "content_filter":
            raise ContentFilterFinishReasonError(completion=self.snapshot())

    def moved_on(self, choice: ChatChoice, events: list[Any]) -> None:
        """Another tool call begins: the text is over, and the call before, if its arguments have closed."""
        self._content_done(choice, events)
        tool = choice.current
        if tool is not None and tool.scan.closed:
            self._tool_done(tool, events)

    def ended(self, choice: ChatChoice, events: list[Any]) -> None:
        """A choice has ended: so has everything in it."""
        self._content_done(choice, events)
        for index in sorted(choice.tools):
            tool = choice.tools[index]
            if not tool.done and not tool.scan.closed and choice.finish_reason not in _CUT:
                # Without arguments, or with some that never close: whoever wants the call sees why.
                self.closed.append((choice, tool))
            self._tool_done(tool, events)

    def _content_done(self, choice: ChatChoice, events: list[Any]) -> None:
        content, refusal = choice.content, choice.refusal
        if content is not None and content.length and not choice.content_done:
            choice.content_done = True
            if self.rich and not (refusal is not None and refusal.length):
                choice.parsed = self._parse(content.text)
            events.append(assemble(ev.ContentDoneEvent, ("content.done", content.text, choice.parsed)))
        if refusal is not None and not choice.refusal_done:
            choice.refusal_done = True
            events.append(assemble(ev.RefusalDoneEvent, ("refusal.done", refusal.text)))
        items = choice.content_logprobs
        if items is not None and not choice.content_logprobs_done:
            choice.content_logprobs_done = True
            events.append(assemble(ev.LogprobsContentDoneEvent, ("logprobs.content.done", items)))
        items = choice.refusal_logprobs
        if items is not None and not choice.refusal_logprobs_done:
            choice.refusal_logprobs_done = True
            events.append(assemble(ev.LogprobsRefusalDoneEvent, ("logprobs.refusal.done", items)))

    def _tool_done(self, tool: ChatTool, events: list[Any]) -> None:
        if tool.done or tool.function is None or tool.entry.get("type") not in ("function", None):
            return
        tool.done = True
        arguments = "" if tool.arguments is None else tool.arguments.text
        tool.parsed = self._parse_arguments(tool.name, arguments)
        values = ("tool_calls.function.arguments.done", tool.name, tool.index, arguments, tool.parsed)
        events.append(assemble(ev.FunctionToolCallArgumentsDoneEvent, values))

    def _parse(self, text: str) -> Any:
        from .parsing import parse_text

        return parse_text(text, self.format)

    def _parse_arguments(self, name: str, arguments: str) -> Any:
        if not self.tools:
            return None
        from .given_tools import parse_arguments

        return parse_arguments(self.tools, name, arguments)

    # -- the whole ---------------------------------------------------------------------------------

    def snapshot(self) -> Any:
        """The completion so far."""
        if self._made is None or self._made_of is not self.latest:
            choices = [self._choice_value(self.choices[i], partial=True) for i in sorted(self.choices)]
            self._made = construct(ParsedChatCompletion, self._value(choices))
            self._made_of = self.latest
        return self._made

    def final(self) -> Any:
        """The completion, once it is complete."""
        from .parsed_calls import finish_chat_completion

        choices = [self._choice_value(self.choices[i], partial=False) for i in sorted(self.choices)]
        made = construct(ParsedChatCompletion, self._value(choices))
        finish_chat_completion(made, self.format, self.tools)
        return made

    def check_reasons(self) -> None:
        """Raise for a choice that did not come to its end."""
        for index in sorted(self.choices):
            reason = self.choices[index].finish_reason
            if reason == "length":
                raise LengthFinishReasonError(completion=self.snapshot())
            if reason == "content_filter":
                raise ContentFilterFinishReasonError(completion=self.snapshot())

    def _value(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        assert self.first is not None
        assert self.latest is not None
        value = {**self.first, "choices": choices}
        value["usage"] = plain(self.latest.usage)
        value["system_fingerprint"] = self.latest.system_fingerprint
        if self.moderation is not None:
            value["moderation"] = plain(self.moderation)
        return value

    def _choice_value(self, choice: ChatChoice, *, partial: bool) -> dict[str, Any]:
        message: dict[str, Any] = freeze(choice.message)
        if choice.chunks > 1:
            # What the API leaves out is None from the second chunk on, as with the official SDK.
            message = {**dict.fromkeys(_MESSAGE), **message}
        value = {**choice.base, "message": message, "finish_reason": choice.finish_reason}
        if choice.logprobs is not None:
            value["logprobs"] = {
                **plain(choice.logprobs),
                "content": plain(choice.content_logprobs),
                "refusal": plain(choice.refusal_logprobs),
            }
        if partial:
            self._add_partial(choice, message)
        return value

    def _add_partial(self, choice: ChatChoice, message: dict[str, Any]) -> None:
        content = message.get("content")
        if choice.content_done:
            message["parsed"] = choice.parsed
        elif self.rich and content and not message.get("refusal") and content.strip():
            message["parsed"] = _partial(content)
        calls = choice.message.get("tool_calls")
        if not isinstance(calls, Indexed):
            return
        for call, index in zip(message["tool_calls"], sorted(calls), strict=True):
            tool = choice.tools.get(index)
            if tool is None or tool.function is None or "function" not in call:
                continue
            arguments = call["function"].get("arguments")
            if tool.strict and not tool.done and arguments:
                call["function"]["parsed_arguments"] = _partial(arguments)
            elif tool.done or tool.since < choice.chunks:
                call["function"]["parsed_arguments"] = tool.parsed


def _partial(text: str) -> Any:
    from .parsing import partial_json

    return partial_json(text)


class ChatCompletionStreamState(Generic[ResponseFormatT]):
    """Makes a completion out of chunks that come from elsewhere, such as `create(..., stream=True)`.

    Args:
        input_tools: the `tools` of the call, for parsed arguments.
        response_format: the `response_format` of the call, for parsed content.

    Source: same name, arguments and methods as in the official SDK.
    """

    def __init__(self, *, input_tools: Any = omit, response_format: Any = omit) -> None:
        self._state = _State(response_format, input_tools)

    def handle_chunk(self, chunk: ChatCompletionChunk) -> list[ev.ChatCompletionStreamEvent[ResponseFormatT]]:
        """Add a chunk.

        Args:
            chunk: the next chunk of one completion.

        Returns:
            The events it stands for, the first a `ChunkEvent`.

        Raises:
            LengthFinishReasonError: something is to be parsed, and the model ran out of tokens.
            ContentFilterFinishReasonError: something is to be parsed, and the content filter stopped it.
            pydantic.ValidationError: what the model wrote does not fit the type given.
        """
        return cast("list[ev.ChatCompletionStreamEvent[ResponseFormatT]]", chat_events(self._state, chunk))

    @property
    def current_completion_snapshot(self) -> ev.ParsedChatCompletionSnapshot:
        """The completion so far: of this moment, so read it again after the next chunk.

        Raises:
            RuntimeError: no chunk was added.
        """
        if self._state.latest is None:
            raise RuntimeError("There is no snapshot before the first chunk")
        return cast("ev.ParsedChatCompletionSnapshot", self._state.snapshot())

    def get_final_completion(self) -> ParsedChatCompletion[ResponseFormatT]:
        """The completion made of the chunks; whether they were all, only the caller knows.

        Raises:
            LengthFinishReasonError: the model ran out of tokens.
            ContentFilterFinishReasonError: the content filter stopped it.
            RuntimeError: no chunk was added.
        """
        if self._state.latest is None:
            raise RuntimeError("There is no completion before the first chunk")
        return cast("ParsedChatCompletion[ResponseFormatT]", self._state.final())


class AsyncChatCompletionStream(AsyncHelperStream, Generic[ResponseFormatT]):
    """The events of a chat completion: `chunk`, `content.delta`, `content.done` and so on.

    `async for event in stream` ends with the completion; it raises as the stream below it does when that ends
    badly. `snapshot`, `parsed` and `arguments` of events are made when they are read.

    Args:
        raw_stream: the chunks.
        response_format: the `response_format` of the call.
        input_tools: the `tools` of the call.

    Source: same name and methods as in the official SDK.
    """

    def __init__(self, *, raw_stream: Any, response_format: Any = omit, input_tools: Any = omit) -> None:
        self._state = _State(response_format, input_tools)
        super().__init__(raw_stream, streamed_chat_events, self._state)

    if TYPE_CHECKING:
        # Said, not done: the steps are made in the base.
        async def __anext__(self) -> ev.ChatCompletionStreamEvent[ResponseFormatT]: ...

    @property
    def current_completion_snapshot(self) -> ev.ParsedChatCompletionSnapshot:
        """The completion so far: of this moment, so read it again after the next event.

        Raises:
            RuntimeError: nothing has come yet.
        """
        if self._state.latest is None:
            raise RuntimeError("There is no snapshot before the first chunk")
        return cast("ev.ParsedChatCompletionSnapshot", self._state.snapshot())

    def closed_calls(self) -> list[tuple[ChatChoice, ChatTool]]:
        """The calls, with their choice, whose arguments have closed since the last look."""
        closed, self._state.closed = self._state.closed, []
        return closed

    def open_calls(self) -> list[tuple[ChatChoice, ChatTool]]:
        """The calls, with their choice, whose arguments have not closed, in choices that have not ended."""
        going_on = [choice for choice in self._state.choices.values() if choice.finish_reason is None]
        return [(choice, t) for choice in going_on for t in choice.tools.values() if not t.scan.closed]

    def check_end(self) -> None:
        """Raise where the completion is complete and no result.

        Raises:
            LengthFinishReasonError: the model ran out of tokens.
            ContentFilterFinishReasonError: the content filter stopped it.
        """
        self._state.check_reasons()

    async def get_final_completion(self) -> ParsedChatCompletion[ResponseFormatT]:
        """Read the stream to its end and return the completion.

        Raises:
            LengthFinishReasonError: the model ran out of tokens.
            ContentFilterFinishReasonError: the content filter stopped it.
            APIError: the stream ended badly, or was closed before its end.
        """
        await self._complete()
        if self._state.latest is None:
            raise self._truncated("The stream ended without a chunk.")
        return cast("ParsedChatCompletion[ResponseFormatT]", self._state.final())


class AsyncChatCompletionStreamManager(Generic[ResponseFormatT]):
    """What `client.chat.completions.stream()` returns: `async with` sends the request and closes the stream.

    Args:
        api_request: the request, not yet sent.
        response_format: the `response_format` of the call.
        input_tools: the `tools` of the call.

    Source: same name as in the official SDK.
    """

    def __init__(
        self,
        api_request: Awaitable[AsyncStream[ChatCompletionChunk]],
        *,
        response_format: Any = omit,
        input_tools: Any = omit,
    ) -> None:
        self._api_request = api_request
        self._response_format = response_format
        self._input_tools = input_tools
        self._stream: AsyncChatCompletionStream[ResponseFormatT] | None = None

    async def __aenter__(self) -> AsyncChatCompletionStream[ResponseFormatT]:
        self._stream = AsyncChatCompletionStream(
            raw_stream=await self._api_request,
            response_format=self._response_format,
            input_tools=self._input_tools,
        )
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()
