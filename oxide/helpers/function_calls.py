"""Function calls handed over while the stream goes on, each the moment its arguments are complete."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from oxide.errors import OpenAIError, ToolArgumentsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from types import TracebackType

    from typing_extensions import Self

    from oxide.types.chat.parsed_chat_completion import ParsedChatCompletion
    from oxide.types.responses.parsed_response import ParsedResponse

    from .accumulate import ChatChoice, ChatTool
    from .chat_stream import AsyncChatCompletionStream
    from .response_events import StreamResumedEvent
    from .response_stream import AsyncResponseStream
    from .stream_base import AsyncHelperStream

__all__ = [
    "AsyncChatFunctionCalls",
    "AsyncFunctionCalls",
    "AsyncResponseFunctionCalls",
    "ClosedCalls",
    "FunctionCall",
]

ResultT = TypeVar("ResultT")

_NOTHING: Any = object()


class FunctionCall:
    """A call of a function that a model wants made.

    Args:
        call_id: id that the call's output is sent back under.
        item_id: id of the item in a response's output; None in a chat.
        name: the function.
        arguments: its arguments as the model wrote them: JSON, if the model kept to it.
        output_index: place in the response's output, or among the calls of a chat's message.
        tools: the tools of the request, for `parsed`.
        namespace: the namespace the call gives, where it gives one.
        choice_index: the choice of a chat that it belongs to; 0 in a response.

    Source: oxide's own.
    """

    __slots__ = (
        "_parsed", "_tools", "arguments", "call_id", "choice_index", "item_id", "name", "namespace",
        "output_index",
    )  # fmt: skip

    def __init__(
        self,
        call_id: str,
        item_id: str | None,
        name: str,
        arguments: str,
        output_index: int,
        *,
        tools: list[Any] | None = None,
        namespace: str | None = None,
        choice_index: int = 0,
    ) -> None:
        self.call_id = call_id
        self.item_id = item_id
        self.name = name
        self.arguments = arguments
        self.output_index = output_index
        self.namespace = namespace
        self.choice_index = choice_index
        self._tools = tools
        self._parsed: Any = _NOTHING

    @property
    def parsed(self) -> Any:
        """The arguments, checked: an instance of the tool's model, the arguments of its function, else what
        the JSON says.

        Raises:
            ToolArgumentsError: they are not JSON, or do not fit the tool; `str(error)` is something to send
                back to the model. The stream goes on.
        """
        if self._parsed is _NOTHING:
            self._parsed = self._parse()
        return self._parsed

    def _parse(self) -> Any:
        from pydantic import ValidationError

        from .given_tools import parse_arguments
        from .tool_arguments import arguments_error, decode_arguments

        text = self.arguments or "{}"
        try:
            found = parse_arguments(self._tools, self.name, text, namespace=self.namespace)
            return decode_arguments(text) if found is None else found
        except ToolArgumentsError as error:
            error.call_id = self.call_id
            raise
        except ValidationError as error:
            raise arguments_error(self.name, self.arguments, error, self.call_id) from error
        except ValueError as error:
            raise ToolArgumentsError(self.name, self.arguments, str(error), call_id=self.call_id) from error

    def __repr__(self) -> str:
        return (
            f"FunctionCall(call_id={self.call_id!r}, item_id={self.item_id!r}, name={self.name!r}, "
            f"arguments={self.arguments!r}, output_index={self.output_index!r})"
        )


class _Loop:
    """One `async for`: leaving it closes the stream, as nothing else holds this object."""

    def __init__(self, calls: AsyncFunctionCalls[Any]) -> None:
        self._calls = calls

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[FunctionCall]:
        return self._calls.__anext__()

    def __del__(self) -> None:
        self._calls.abandon()


class AsyncFunctionCalls(Generic[ResultT]):
    """The function calls of an answer, as they are completed: what `stream_fc()` returns.

    `async for call in calls` sends the request and yields a `FunctionCall` the moment its arguments are
    complete. It ends with the answer; one that fails, is incomplete or breaks off raises after the calls that
    did arrive. Leaving the loop closes the stream. `text` and `reasoning` grow meanwhile.

    Args:
        request: opens the stream of events.
        tools: the tools of the request.

    Source: oxide's own.
    """

    def __init__(self, request: Awaitable[AsyncHelperStream], tools: list[Any] | None) -> None:
        self._request = request
        self._tools = tools
        self._stream: Any = None
        self._ready: deque[FunctionCall] = deque()
        self._told: set[Any] = set()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._over = False
        self._refused: OpenAIError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The reasoning so far, or the summary of it."""
        return "".join(self._reasoning)

    @property
    def response(self) -> Any:
        """Facts about the answer: status, headers, `request_id`; None before it came."""
        return None if self._stream is None else self._stream.response

    def __aiter__(self) -> AsyncIterator[FunctionCall]:
        return _Loop(self)

    async def __anext__(self) -> FunctionCall:
        """Wait for the next call.

        Raises:
            StopAsyncIteration: there are no more.
            APIError: the request failed, or the answer did, or it was left before its end; OpenAIError: it is
                incomplete. So in every later call.
        """
        stream = await self._open()
        ready = self._ready
        while not ready:
            if self._over:
                # Abandoned perhaps by a finalizer whose turn is still to come.
                stream.abandon()
                if stream._failure is not None:
                    raise stream._failure
                self._check_end()
                raise StopAsyncIteration
            try:
                event = await stream.__anext__()
            except StopAsyncIteration:
                self._over = True
                self._look_back()
                if ready:
                    break
                self._check_end()
                raise
            except BaseException:
                self._over = True
                raise
            self._look(event)
        return ready.popleft()

    async def _open(self) -> Any:
        if self._stream is None:
            if self._over:
                raise self._refused or OpenAIError("Closed before the request was sent: there is no answer.")
            self._loop = asyncio.get_running_loop()
            try:
                self._stream = await self._request
            except BaseException as error:
                self._over = True
                self._refused = error if isinstance(error, OpenAIError) else None
                raise
        return self._stream

    @abstractmethod
    def _look(self, event: Any) -> None:
        """Note the calls, text and reasoning of an event."""

    def _look_back(self) -> None:
        """Note the calls that only the end of the stream completes."""

    @abstractmethod
    def _check_end(self) -> None:
        """Raise where the end of the stream is none of the answer."""

    def abandon(self) -> None:
        """The loop was left: close a stream that has not ended."""
        if self._stream is not None and not self._over:
            self._over = True
            # Any thread may run a finalizer; only the loop's own may touch the connection.
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._stream.abandon)

    async def close(self) -> None:
        """End the stream."""
        self._over = True
        if self._stream is not None:
            await self._stream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def _to_the_end(self) -> None:
        await self._open()
        unread: list[FunctionCall] = []
        try:
            while not self._over:
                unread.append(await self.__anext__())
        except StopAsyncIteration:
            pass
        finally:
            self._ready.extend(unread)


class ClosedCalls:
    """Finds the calls in a response's events, each as soon as its arguments are complete.

    Args:
        tools: the tools of the request, for `FunctionCall.parsed`.
    """

    def __init__(self, tools: list[Any] | None) -> None:
        self._tools = tools
        self._told: set[str] = set()

    def closed(self, event: Any, stream: AsyncResponseStream[Any]) -> list[FunctionCall]:
        """The calls that an event completes.

        Args:
            event: of `responses.stream`.
            stream: the stream it came in.
        """
        kind = event.type
        if kind == "response.function_call_arguments.done":
            item = stream.output_items.get(event.output_index)
            if item is not None and item.type == "function_call":
                return self._told_once(item, event.output_index, event.arguments)
        elif kind == "response.output_item.done":
            if event.item.type == "function_call":
                return self._told_once(event.item, event.output_index, event.item.arguments)
        elif kind == "response.completed":
            output = enumerate(event.response.output or ())
            calls = [(index, item) for index, item in output if item.type == "function_call"]
            return [call for index, item in calls for call in self._told_once(item, index, item.arguments)]
        return []

    def _told_once(self, item: Any, index: int, arguments: str) -> list[FunctionCall]:
        if item.call_id in self._told:
            return []
        self._told.add(item.call_id)
        tools, namespace = self._tools, item.namespace
        return [
            FunctionCall(item.call_id, item.id, item.name, arguments, index, tools=tools, namespace=namespace)
        ]


class AsyncResponseFunctionCalls(AsyncFunctionCalls[Any]):
    """The function calls of a response; see `AsyncFunctionCalls`.

    Args:
        request, tools: as there.
        starting_after: what events up to this sequence number say is known already.

    Attributes:
        resumed: the breaks of the stream that were made good, where `stream_resume="events"` asks for them.
    """

    _stream: AsyncResponseStream[Any] | None

    def __init__(
        self,
        request: Awaitable[AsyncHelperStream],
        tools: list[Any] | None,
        *,
        starting_after: int | None = None,
    ) -> None:
        super().__init__(request, tools)
        self._closed = ClosedCalls(tools)
        self._starting_after = starting_after
        self.resumed: list[StreamResumedEvent] = []

    def _look(self, event: Any) -> None:
        kind = event.type
        if self._starting_after is not None and self._is_known(event, self._starting_after):
            assert self._stream is not None
            self._closed.closed(event, self._stream)
        elif kind == "response.output_text.delta":
            self._text.append(event.delta)
        elif kind in ("response.reasoning_text.delta", "response.reasoning_summary_text.delta"):
            self._reasoning.append(event.delta)
        elif kind == "oxide.stream.resumed":
            self.resumed.append(event)
        else:
            assert self._stream is not None
            self._ready.extend(self._closed.closed(event, self._stream))

    @staticmethod
    def _is_known(event: Any, number: int) -> bool:
        from .response_stream import comes_after

        return not comes_after(event, number)

    def _check_end(self) -> None:
        assert self._stream is not None
        self._stream.check_end()

    async def get_final_response(self) -> ParsedResponse[Any]:
        """Read the stream to its end; calls not yet looked at stay in the loop.

        Returns:
            The response.

        Raises:
            OpenAIError: it failed, is incomplete, or the stream broke or was left.
        """
        await self._to_the_end()
        assert self._stream is not None
        response: ParsedResponse[Any] = await self._stream.get_final_response()
        return response


class AsyncChatFunctionCalls(AsyncFunctionCalls[Any]):
    """The function calls of a chat completion; see `AsyncFunctionCalls`.

    A call is complete when the JSON of its arguments closes: nothing else in a chat says so. With ``n`` above
    1 the calls of every choice come, each with its `choice_index`; `text` and `reasoning` are the first's.

    Args:
        request, tools: as there.
    """

    _stream: AsyncChatCompletionStream[Any] | None

    def __init__(self, request: Awaitable[AsyncHelperStream], tools: list[Any] | None) -> None:
        super().__init__(request, tools)
        self._unnamed: list[tuple[ChatChoice, ChatTool]] = []

    def _look(self, event: Any) -> None:
        assert self._stream is not None
        if event.type == "chunk":
            for choice in event.chunk.choices:
                if choice.index != 0 or choice.delta is None:
                    continue
                if choice.delta.content is not None:
                    self._text.append(choice.delta.content)
                # Names that servers gave it; the API itself has none.
                for name in ("reasoning_content", "reasoning"):
                    piece = getattr(choice.delta, name, None)
                    if isinstance(piece, str):
                        self._reasoning.append(piece)
        unnamed, self._unnamed = self._unnamed, []
        for choice, tool in (*unnamed, *self._stream.closed_calls()):
            self._tell(choice, tool)

    def _look_back(self) -> None:
        # A server that never gives a reason to finish; a call that is half written says so when it is parsed.
        assert self._stream is not None
        for choice, tool in (*self._unnamed, *self._stream.open_calls()):
            self._tell(choice, tool)

    def _tell(self, choice: ChatChoice, tool: ChatTool) -> None:
        if (choice.index, tool.index) in self._told or "function" not in tool.entry:
            return
        call_id = tool.entry.get("id") or ""
        if not (tool.name and call_id) and not self._over and choice.finish_reason is None:
            self._unnamed.append((choice, tool))
            return
        self._told.add((choice.index, tool.index))
        arguments = "" if tool.arguments is None else tool.arguments.text
        self._ready.append(
            FunctionCall(
                call_id,
                None,
                tool.name,
                arguments,
                tool.index,
                tools=self._tools,
                choice_index=choice.index,
            )
        )

    def _check_end(self) -> None:
        assert self._stream is not None
        self._stream.check_end()

    async def get_final_completion(self) -> ParsedChatCompletion[Any]:
        """Read the stream to its end; calls not yet looked at stay in the loop.

        Returns:
            The completion.

        Raises:
            OpenAIError: it is incomplete, or the stream broke or was left.
        """
        await self._to_the_end()
        assert self._stream is not None
        completion: ParsedChatCompletion[Any] = await self._stream.get_final_completion()
        return completion
