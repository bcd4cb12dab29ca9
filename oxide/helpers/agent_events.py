"""What an agent tells of, beside the events of its responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from oxide.types.responses.parsed_response import ParsedResponse

    from .function_calls import FunctionCall

__all__ = ["ToolFinishedEvent", "ToolStartedEvent", "TurnFinishedEvent"]


@dataclass(frozen=True, slots=True)
class ToolStartedEvent:
    """A tool was started, while the response that called it may still be going on.

    Attributes:
      call: the call it answers.
      turn: which turn called it, from 1.

    Source: oxide's own.
    """

    call: FunctionCall
    turn: int
    type: Literal["agent.tool.started"] = "agent.tool.started"


@dataclass(frozen=True, slots=True)
class ToolFinishedEvent:
    """A tool is done.

    Attributes:
      call: the call it answers.
      turn: which turn called it, from 1.
      output: what the model is told, whether it went well or not.
      error: what it raised; a TimeoutError where it took longer than `tool_timeout`.

    Source: oxide's own.
    """

    call: FunctionCall
    turn: int
    output: str | list[Any]
    error: Exception | None = None
    type: Literal["agent.tool.finished"] = "agent.tool.finished"


@dataclass(frozen=True, slots=True)
class TurnFinishedEvent:
    """A response is complete and so are the tools it called.

    Attributes:
      response: the response.
      turn: which turn it was, from 1.

    Source: oxide's own.
    """

    response: ParsedResponse[Any]
    turn: int
    type: Literal["agent.turn.finished"] = "agent.turn.finished"
