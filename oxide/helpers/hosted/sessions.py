"""Agent sessions: created with their events, or given input and watched through one turn."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, cast
from uuid import uuid4

from oxide.helpers.parsed_calls import body_of
from oxide.options import NotGiven, Omit, not_given, omit
from oxide.resources._base import Endpoint, renamed, with_header
from oxide.stream import AsyncStream
from oxide.types.beta.agent_session_event import AgentSessionEvent

from .dispatch import AsyncToolErrorHandler, AsyncToolHandler, Dispatcher, own_headers
from .results import (
    TURN_ENDS,
    AgentOutputParseError,
    AgentTurnResult,
    AgentTurnResultError,
    Collection,
    OutputT,
    agent_text_format,
)

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from oxide.options import Headers
    from oxide.resources.beta.agents.sessions.sessions import AsyncSessions
    from oxide.timeouts import TimeoutTypes
    from oxide.types.beta.agent_session import AgentSession
    from oxide.types.beta.agent_session_input_message_param import AgentSessionInputMessageParam

__all__ = ["AsyncAgentSessionEventStream", "AsyncAgentSessionStream", "create_session", "stream_session"]

_CREATE: Endpoint[Any] = Endpoint(
    "POST",
    "/agents/sessions",
    "oxide.types.beta.agent_session:AgentSession",
    stream="oxide.types.beta.agent_session_event:AgentSessionEvent",
    subscription=True,
)
_RENAMED = ((("compaction", "async_"), "async"),)
# Ids of events remembered, to leave out those that come twice.
_RECENT = 1024


class _Collecting(Generic[OutputT]):
    """What both kinds of stream have in common: a turn's result, collected on request."""

    _collection: Collection[OutputT]
    _dispatcher: Dispatcher | None

    def with_result_collection(self) -> Self:
        """Keep the final messages for `get_final_result`; call it before the first event.

        Returns:
          This stream.

        Raises:
          RuntimeError: events went by already.
        """
        self._collection.enable()
        return self

    async def get_final_result(self) -> AgentTurnResult[OutputT]:
        """Read on to the end of the turn and give its result; the stream is closed then.

        Returns:
          The turn with its final messages; the same object when called again.

        Raises:
          AgentTurnResultError: the turn did not succeed, or that could not be seen.
          AgentOutputParseError: it did, and its text does not fit `output_type`.
          RuntimeError: events went by before the collection was asked for.
        """
        collection = self._collection
        collection.enable()
        handled = self._dispatcher.handlers if self._dispatcher is not None else ()
        stream = cast("AsyncAgentSessionEventStream[OutputT]", self)
        try:
            collection.check(handled)
            if not collection.done:
                async for _ in stream:
                    collection.check(handled)
                    if collection.done:
                        break
            return collection.result()
        except (AgentTurnResultError, AgentOutputParseError):
            raise
        except Exception as error:
            collection.note_error(error)
            raise collection.error("observation_failed") from error
        finally:
            await stream.close()


class AsyncAgentSessionEventStream(_Collecting[OutputT], AsyncStream[AgentSessionEvent], Generic[OutputT]):
    """The events of a session that was just created.

    Errors among them are events, not exceptions, and they end when the server ends them. A handler runs after
    the event of its call was handed out, before the next one is.

    Args:
      answer: the answer, its body unread.
      factory: makes the events.
      collection: collects the result of the first turn.
      dispatcher: runs handlers, or None.
      options: those of `AsyncStream`.

    Source: same name and members as in the official SDK; `POST /agents/sessions` with `stream`.
    """

    def __init__(
        self,
        answer: Any,
        factory: Any,
        *,
        collection: Collection[OutputT] | None = None,
        dispatcher: Dispatcher | None = None,
        **options: Any,
    ) -> None:
        super().__init__(answer, factory, **options)
        self._collection = collection if collection is not None else Collection()
        self._dispatcher = dispatcher
        self._pending: Any = None

    def __aiter__(self) -> AsyncIterator[AgentSessionEvent]:
        return self

    async def __anext__(self) -> AgentSessionEvent:
        """Run the handler of the event before, then wait for the next event.

        Raises:
          StopAsyncIteration: the stream is complete, or was closed.
          APIError: it ended badly, or the result of a handler could not be sent.
        """
        pending, self._pending = self._pending, None
        try:
            if pending is not None and self._dispatcher is not None and not self._events.is_over:
                await self._dispatcher.run(*pending)
            event: AgentSessionEvent = await self._events.__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._collection.note_error(error)
            await self.close()
            raise
        self._collection.accept(event)
        if self._dispatcher is not None:
            self._pending = self._dispatcher.take(event)
        return event


async def create_session(
    resource: Any, given: Mapping[str, Any]
) -> AgentSession | AsyncAgentSessionEventStream[Any]:
    """`POST /agents/sessions`.

    Args:
      resource: `client.beta.agents.sessions`.
      given: every parameter of the method.

    Returns:
      `AgentSession`; with `stream=True` an :class:`AsyncAgentSessionEventStream`.

    Raises:
      ValueError: handlers without `stream=True`, or both `output_type` and a format of the agent.
      TypeError: `output_type` is neither a pydantic model nor a dataclass.
    """
    handlers, output_type = given["tool_handlers"], given["output_type"]
    stream = given["stream"] is True
    if handlers is not None and not stream:
        raise ValueError("tool_handlers requires stream=True")
    body = body_of(given, "output_type", "tool_handlers")
    if output_type is not None:
        body["agent"] = _with_format(body.get("agent"), output_type)
    if "agent" in body:
        body["agent"] = renamed(body["agent"], _RENAMED)
    endpoint = _CREATE
    if stream:
        dispatcher = None
        if handlers:
            dispatcher = Dispatcher(
                resource, handlers, extra_headers=given["extra_headers"], timeout=given["timeout"]
            )
        collection: Collection[Any] = Collection(output_type=output_type)
        endpoint = _CREATE.streaming(
            partial(AsyncAgentSessionEventStream, collection=collection, dispatcher=dispatcher)
        )
    headers = with_header(given["extra_headers"], "OpenAI-Beta", "agents=v1")
    made: AgentSession | AsyncAgentSessionEventStream[Any] = await resource._call(
        endpoint,
        endpoint.path,
        body,
        None,
        stream,
        headers,
        given["extra_query"],
        given["extra_body"],
        given["timeout"],
    )
    return made


def _with_format(agent: Any, output_type: type[Any]) -> dict[str, Any]:
    config = dict(agent or {})
    text = dict(config.get("text") or {})
    if text.get("format") is not None:
        raise ValueError("output_type or agent['text']['format']: give one of them, not both")
    return {**config, "text": {**text, "format": agent_text_format(output_type)}}


def stream_session(resource: Any, given: Mapping[str, Any]) -> AsyncAgentSessionStream[Any]:
    """Input to an idle session and the events of the turn it starts.

    Args:
      resource: `client.beta.agents.sessions`.
      given: every parameter of the method.

    Returns:
      What `async with` opens.
    """
    return AsyncAgentSessionStream(resource, **given)


class AsyncAgentSessionStream(_Collecting[OutputT]):
    """One turn of an idle session: `async with` sends the input, `async for` gives the events.

    It ends with the event that ends the turn for the session. Only one writer may send input meanwhile: the
    API names no turn for an input. Closing it does not cancel the turn.

    Args:
      sessions: `client.beta.agents.sessions`.
      session_id: the session.
      input: text, or messages.
      output_type: what the result is parsed to.
      tool_handlers: functions by the name the agent knows them under.
      on_tool_error: told of what goes wrong in them.
      idempotency_key: of the input; one is made up where none is given.
      extra_headers: headers of every request.
      timeout: limits of every request.

    Raises:
      ValueError: the input is empty, or the session is not idle.

    Source: same name and members as in the official SDK; `GET /agents/sessions/{session_id}/events` and
    `POST` to it.
    """

    def __init__(
        self,
        sessions: AsyncSessions,
        session_id: str,
        *,
        input: str | Iterable[AgentSessionInputMessageParam],
        output_type: type[OutputT] | None = None,
        tool_handlers: Mapping[str, AsyncToolHandler] | None = None,
        on_tool_error: AsyncToolErrorHandler | None = None,
        idempotency_key: str | Omit = omit,
        extra_headers: Headers | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
    ) -> None:
        messages: list[Any] = (
            [{"role": "user", "content": [{"type": "input_text", "text": input}]}]
            if isinstance(input, str)
            else list(input)
        )
        if not input or not messages:
            raise ValueError("input must not be empty")
        self._sessions = sessions
        self._session_id = session_id
        self._input = {"type": "agent.session.input.message", "input": messages}
        given = [value for name, value in (extra_headers or {}).items() if name.lower() == "idempotency-key"]
        self._key: Any = [idempotency_key, *given][-1]
        if isinstance(self._key, (Omit, NotGiven)):
            self._key = str(uuid4())
        self._options: dict[str, Any] = {"extra_headers": own_headers(extra_headers), "timeout": timeout}
        self._dispatcher = self._tools = Dispatcher(
            sessions,
            tool_handlers,
            on_tool_error=on_tool_error,
            extra_headers=extra_headers,
            timeout=timeout,
        )
        self._collection = Collection(session_id, output_type)
        self._stream: AsyncStream[AgentSessionEvent] | None = None
        self._pending: Any = None
        self._entered = self._over = False
        self._turn_id: str | None = None
        self._turn_ended = False
        self._seen: set[str] = set()
        self._recent: deque[str] = deque()

    async def __aenter__(self) -> Self:
        if self._entered or self._over:
            raise RuntimeError("a session stream is entered once")
        self._entered = True
        session = await self._sessions.retrieve(self._session_id, **self._options)
        if session.status != "idle":
            raise ValueError(
                f"sessions.stream needs an idle session, this one is {session.status!r}; "
                "sessions.events.stream follows one that is at work"
            )
        self._stream = await self._sessions.events.stream(self._session_id, **self._options)
        try:
            await self._sessions.events.create(
                self._session_id,
                events=cast("Any", [self._input]),
                idempotency_key=self._key,
                **self._options,
            )
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AgentSessionEvent:
        """Run the handler of the event before, then wait for the next event.

        Raises:
          StopAsyncIteration: the turn is over, or the stream was closed.
          RuntimeError: it was not entered, or its events ended before the turn did.
          APIError: the events broke off, or the result of a handler could not be sent.
        """
        if self._stream is None and not self._over:
            raise RuntimeError("use sessions.stream with `async with`")
        pending, self._pending = self._pending, None
        if self._over or self._stream is None:
            raise StopAsyncIteration
        try:
            if pending is not None:
                await self._tools.run(*pending)
            async for event in self._stream:
                if self._is_new(event):
                    return await self._hand_out(event)
            raise RuntimeError("the events of the session ended before its turn did")
        except Exception as error:
            self._collection.note_error(error)
            await self.close()
            raise

    def _is_new(self, event: Any) -> bool:
        if event.event_id in self._seen:
            return False
        if len(self._recent) == _RECENT:
            self._seen.remove(self._recent.popleft())
        self._recent.append(event.event_id)
        self._seen.add(event.event_id)
        return True

    async def _hand_out(self, event: Any) -> AgentSessionEvent:
        kind = event.type
        if kind == "agent.session.turn.created":
            if self._turn_id is None and event.turn.subagent_id is None:
                self._turn_id = event.turn_id
        elif kind in TURN_ENDS and self._turn_id is not None and event.turn_id == self._turn_id:
            self._turn_ended = True
        self._collection.accept(event)
        if self._ends(kind, event):
            await self.close()
        else:
            self._pending = self._tools.take(event)
        return cast("AgentSessionEvent", event)

    def _ends(self, kind: str, event: Any) -> bool:
        if kind == "agent.session.budget_reached" and event.session.id == self._session_id:
            return self._turn_id is None or self._turn_ended
        return kind == "agent.session.failed" or (kind == "agent.session.idle" and self._turn_ended)

    async def until_done(self) -> None:
        """Read on to the end of the turn, running handlers on the way."""
        async for _ in self:
            pass

    async def close(self) -> None:
        """End the events; the turn goes on."""
        self._over = True
        if self._stream is not None:
            await self._stream.close()
