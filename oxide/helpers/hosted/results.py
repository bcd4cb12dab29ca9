"""What one turn of an agent came to: its final messages, collected out of the events of a session."""

from __future__ import annotations

import dataclasses
from collections.abc import Container
from typing import TYPE_CHECKING, Any, Generic, Literal, cast

from typing_extensions import TypeVar

from oxide.errors import OpenAIError

if TYPE_CHECKING:
    from oxide.types.beta.agent_session import RequiredAction
    from oxide.types.beta.agent_session_message import AgentSessionMessage
    from oxide.types.beta.agents.sessions.turn import Turn

__all__ = [
    "TURN_ENDS",
    "AgentOutputParseError",
    "AgentTurnResult",
    "AgentTurnResultError",
    "Collection",
    "agent_text_format",
    "check_output_type",
]

OutputT = TypeVar("OutputT", default=Any)
ParseT = TypeVar("ParseT")

Reason = Literal["failed", "cancelled", "requires_action", "incomplete", "observation_failed"]

TURN_ENDS = {f"agent.session.turn.{status}": status for status in ("completed", "failed", "cancelled")}
"""Events that end a turn, and its status then."""


def check_output_type(output_type: object) -> None:
    """Refuse what no answer of an agent can be parsed to.

    Args:
      output_type: a pydantic model, or a dataclass.

    Raises:
      TypeError: it is neither.
    """
    import pydantic

    kind: Any = output_type
    if isinstance(kind, type) and (
        issubclass(kind, pydantic.BaseModel) or dataclasses.is_dataclass(cast("Any", kind))
    ):
        return
    raise TypeError(f"output_type takes a pydantic model or a dataclass, not {output_type!r}")


def agent_text_format(output_type: type[Any]) -> dict[str, Any]:
    """The `text.format` of an agent that answers with a type.

    Args:
      output_type: a pydantic model, or a dataclass.

    Returns:
      A `json_schema` format with the type's strict schema.

    Raises:
      TypeError: it is neither.

    Source: same name as in the official SDK; `POST /agents/sessions`, `agent.text.format`.
    """
    from oxide.helpers.parsing import strict_schema

    check_output_type(output_type)
    return {"type": "json_schema", "schema": strict_schema(output_type)}


@dataclasses.dataclass(frozen=True)
class AgentTurnResult(Generic[OutputT]):
    """The final messages of a turn that succeeded.

    Attributes:
      turn: the turn, as its last event described it.
      messages: the completed messages of the agent, in order, commentary left out.
      output_parsed: what `output_type` was made of, else None.

    Source: same name and members as in the official SDK.
    """

    turn: Turn
    messages: list[AgentSessionMessage]
    output_parsed: OutputT | None = None

    @property
    def session_id(self) -> str:
        """Id of the session."""
        return self.turn.session_id

    @property
    def turn_id(self) -> str:
        """Id of the turn."""
        return self.turn.id

    @property
    def output_text(self) -> str:
        """The text of all messages, joined without a separator."""
        return "".join(message.output_text for message in self.messages)

    def parse(self, output_type: type[ParseT]) -> AgentTurnResult[ParseT]:
        """The same result with its text parsed.

        Args:
          output_type: a pydantic model, or a dataclass.

        Returns:
          A result whose `output_parsed` is made of the first text part.

        Raises:
          AgentOutputParseError: there is no text, or it does not fit; its `result` is this one.
        """
        from oxide.helpers.parsing import parse_text

        try:
            check_output_type(output_type)
            parts = [part for message in self.messages for part in message.content or ()]
            texts = [part.text for part in parts if part.type == "output_text"]
            parsed = [parse_text(text, output_type) for text in texts]
            first: ParseT = parsed[0]
        except Exception:
            # The message of a validation error quotes what the model wrote.
            raise AgentOutputParseError(self) from None
        return AgentTurnResult(turn=self.turn, messages=self.messages, output_parsed=first)


class AgentOutputParseError(OpenAIError):
    """The turn succeeded, and its text could not be parsed.

    Args:
      result: the result, unparsed.

    Source: same name and attributes as in the official SDK.
    """

    def __init__(self, result: AgentTurnResult[Any]) -> None:
        super().__init__("The turn is complete, but its text does not fit output_type; `result` has the text")
        self.result = result


class AgentTurnResultError(OpenAIError):
    """No successful, complete result of a turn.

    Args:
      reason: `failed`, `cancelled`, `requires_action` (a function call nobody handles), `incomplete` (the
        events ended early), `observation_failed` (they could not be read; the turn itself may go on).
      turn: what is known of the turn.
      session_id: id of the session, where it is known.
      messages: the messages that were complete.
      required_actions: what the session waits for.

    Source: same name and attributes as in the official SDK.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        turn: Turn | None,
        session_id: str | None,
        messages: list[AgentSessionMessage],
        required_actions: list[RequiredAction],
    ) -> None:
        super().__init__(f"Could not collect the agent turn result: {reason}")
        self.reason = reason
        self.turn = turn
        self.session_id = session_id
        self.turn_id = turn.id if turn is not None else None
        self.messages = messages
        self.required_actions = required_actions


class Collection(Generic[OutputT]):
    """Collects the first root turn out of events, once that is asked for.

    Args:
      session_id: id of the session, where it is known.
      output_type: what the result is parsed to, or None.
    """

    def __init__(self, session_id: str | None = None, output_type: type[OutputT] | None = None) -> None:
        if output_type is not None:
            check_output_type(output_type)
        self.output_type = output_type
        self.session_id = session_id
        self.turn: Turn | None = None
        self.done = False
        self._on = False
        self._began = False
        self._session_failed = False
        self._cause: Exception | None = None
        self._actions: list[RequiredAction] = []
        self._messages: dict[str, tuple[int, AgentSessionMessage]] = {}
        self._error: AgentTurnResultError | None = None
        self._result: AgentTurnResult[Any] | None = None

    def enable(self) -> None:
        """Collect from now on.

        Raises:
          RuntimeError: events went by already.
        """
        if not self._on and self._began:
            raise RuntimeError(
                "Call with_result_collection() before the first event, or get_final_result() instead"
            )
        self._on = True

    def note_error(self, error: Exception) -> None:
        """Note why the events cannot be read to their end."""
        if not self.done:
            self._cause = error

    def accept(self, event: Any) -> None:
        """Take note of an event."""
        self._began = True
        kind = getattr(event, "type", None)
        if not self._on or self.done or not isinstance(kind, str):
            return
        if kind in TURN_ENDS:
            if self.turn is not None and event.turn_id == self.turn.id:
                self.turn = event.turn
                self._actions = []
        elif kind == "agent.session.turn.created":
            if self.turn is None and event.turn.subagent_id is None:
                self.turn = event.turn
                self.session_id = event.session_id
        elif kind == "agent.session.turn.item.done":
            self._item(event)
        else:
            self._session_event(kind, event)

    def _item(self, event: Any) -> None:
        item = event.item
        if item.type != "message" or self.turn is None or item.turn_id != self.turn.id:
            return
        if item.phase != "commentary" and item.status == "completed":
            from oxide.models import construct
            from oxide.types.beta.agent_session_message import AgentSessionMessage

            message = construct(AgentSessionMessage, item.to_dict(warnings=False))
            self._messages[item.id] = (event.output_index, message)

    def _session_event(self, kind: str, event: Any) -> None:
        over = self.turn is not None and self.turn.status in TURN_ENDS.values()
        if kind == "agent.session.created":
            self.session_id = event.session.id
        elif kind == "agent.session.in_progress":
            self._actions = []
        elif kind == "agent.session.requires_action":
            self.session_id = event.session.id
            self._actions = list(event.session.required_actions or ())
        elif kind == "agent.session.failed":
            self.session_id = event.session.id
            self._session_failed = self.done = True
        elif kind == "agent.session.budget_reached" and self.turn is None:
            if self.session_id in (None, event.session.id):
                self.session_id = event.session.id
                self.done = True
        elif over and (kind == "agent.session.idle" or self._own_budget(kind, event)):
            self._actions = []
            self.done = True

    def _own_budget(self, kind: str, event: Any) -> bool:
        return kind == "agent.session.budget_reached" and event.session.id == self.session_id

    def check(self, handled: Container[str] = ()) -> None:
        """Raise what is known to be no success.

        Args:
          handled: names of the functions that handlers run.

        Raises:
          AgentTurnResultError: it failed, was cancelled, waits for somebody, or could not be watched.
        """
        if self._error is not None:
            raise self._error
        status = self.turn.status if self.turn is not None else None
        if self._session_failed or status == "failed":
            raise self.error("failed")
        if status == "cancelled":
            raise self.error("cancelled")
        if any(action.type != "function_call" or action.name not in handled for action in self._actions):
            raise self.error("requires_action")
        if self._cause is not None:
            raise self.error("observation_failed") from self._cause

    def error(self, reason: Reason) -> AgentTurnResultError:
        """The error for a reason; the first one stays."""
        found = self._error or AgentTurnResultError(
            reason,
            messages=self._sorted(),
            required_actions=self._actions,
            turn=self.turn,
            session_id=self.session_id,
        )
        self._error, self.done = found, True
        return found

    def result(self) -> AgentTurnResult[OutputT]:
        """The result, made once.

        Raises:
          AgentTurnResultError: there is none.
          AgentOutputParseError: its text does not fit `output_type`.
        """
        if self._result is None:
            self.check()
            if not self.done or self.turn is None or self.turn.status != "completed":
                raise self.error("incomplete")
            result: AgentTurnResult[Any] = AgentTurnResult(turn=self.turn, messages=self._sorted())
            self._result = result if self.output_type is None else result.parse(self.output_type)
        return cast("AgentTurnResult[OutputT]", self._result)

    def _sorted(self) -> list[AgentSessionMessage]:
        return [message for _, message in sorted(self._messages.values(), key=lambda pair: pair[0])]
