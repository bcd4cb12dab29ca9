"""Errors of structured outputs, tools, agents and polling; `oxide.errors` has them all."""

from __future__ import annotations

from typing import Any

from oxide._error_base import OpenAIError

__all__ = [
    "ContentFilterFinishReasonError",
    "InputRequiredError",
    "LengthFinishReasonError",
    "MaxTurnsExceededError",
    "NoTextError",
    "PollTimeoutError",
    "SchemaError",
    "ToolArgumentsError",
]


class LengthFinishReasonError(OpenAIError):
    """A completion to be parsed that stopped at its length limit.

    Args:
        completion: the completion received.
    """

    completion: Any

    def __init__(self, *, completion: Any) -> None:
        message = "Could not parse response content as the length limit was reached"
        if getattr(completion, "usage", None):
            message += f" - {completion.usage}"
        super().__init__(message)
        self.completion = completion


class NoTextError(OpenAIError):
    """A complete response without text, where only the text was asked for.

    Args:
        response: the response; what there is instead is in its `output`.
    """

    response: Any

    def __init__(self, response: Any) -> None:
        super().__init__(f"The response has no text, but {_instead(response.output)}.")
        self.response = response


def _instead(output: list[Any]) -> str:
    parts = [part for item in output if item.type == "message" for part in item.content or ()]
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    if refusals:
        return f"a refusal: {' '.join(refusals)!r}"
    calls = [item.name for item in output if item.type == "function_call"]
    if calls:
        return f"calls of {', '.join(calls)}: use `create`, or `client.agent`, which makes them"
    return f"only {', '.join(item.type for item in output)}" if output else "an empty output"


class SchemaError(OpenAIError, ValueError):
    """A JSON schema that the API would refuse, found before the request is sent.

    Args:
        message: the field, the rule, and what to do.
        path: the field, as one writes it in Python: ``Model.field[].other``; empty for the root.
        rule: the keyword or limit that is against it.
    """

    path: str
    rule: str

    def __init__(self, message: str, *, path: str, rule: str) -> None:
        super().__init__(message)
        self.path = path
        self.rule = rule


class ToolArgumentsError(OpenAIError, ValueError):
    """Arguments a model wrote for a tool that are not JSON, or do not fit the tool.

    `str(error)` names the tool, the place and the reason: send it back to the model as the call's output.

    Args:
        tool: name of the tool.
        arguments: the text the model wrote.
        reason: what is wrong, with the place.
        path: the first argument at fault, such as ``city`` or ``stops[2].name``; empty where all are.
        call_id: the call that the arguments are of, where known.
    """

    tool: str
    arguments: str
    reason: str
    path: str
    call_id: str | None

    def __init__(
        self, tool: str, arguments: str, reason: str, *, path: str = "", call_id: str | None = None
    ) -> None:
        super().__init__(f"The arguments of {tool} do not fit: {reason}")
        self.tool = tool
        self.arguments = arguments
        self.reason = reason
        self.path = path
        self.call_id = call_id


class MaxTurnsExceededError(OpenAIError):
    """A model that still wants tools called after the last turn an agent was given.

    Args:
        turns: how many there were.
        calls: the calls of the last one, which were not made.
    """

    turns: int
    calls: list[Any]

    def __init__(self, turns: int, calls: list[Any]) -> None:
        names = ", ".join(call.name for call in calls)
        super().__init__(f"After {turns} turns the model still wants to call {names}; raise max_turns")
        self.turns = turns
        self.calls = calls


class InputRequiredError(OpenAIError):
    """A response that waits for what an agent does not give, such as the approval of a call to an MCP server.

    Args:
        response: the response. What is sent next refers to it, by `previous_response_id` or its conversation.
        items: the items of its output that wait.
        outputs: what the functions it called returned, as input items to be sent together with the answers.
    """

    response: Any
    items: list[Any]
    outputs: list[dict[str, Any]]

    def __init__(self, response: Any, items: list[Any], outputs: list[dict[str, Any]]) -> None:
        waiting = ", ".join(f"{item.type} {item.id}" for item in items)
        super().__init__(
            f"The response {response.id} waits for an answer that an agent does not give, to {waiting}: "
            "send it with responses.stream, and error.outputs with it"
        )
        self.response = response
        self.items = items
        self.outputs = outputs


class ContentFilterFinishReasonError(OpenAIError):
    """A completion to be parsed that the content filter stopped.

    Args:
        completion: the completion received.
    """

    completion: Any

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__("Could not parse response content as the request was rejected by the content filter")
        self.completion = completion


class PollTimeoutError(OpenAIError, TimeoutError, RuntimeError):
    """What was waited for is not done within the time given to a polling helper. oxide's addition.

    The official client raises TimeoutError or RuntimeError, by helper; this is both.

    Args:
        message: what was waited for, and how long.
        last: the object as it was received last, or None.
    """

    last: Any

    def __init__(self, message: str, *, last: Any = None) -> None:
        super().__init__(message)
        self.last = last
