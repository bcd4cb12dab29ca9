"""The conversation of a computer run: what is asked, what an answer has to be, and how it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import mapping_of
from oxide.models import BaseModel
from oxide.models.convert import brief

from ..replay import (
    as_received,
    native_message_faults,
    native_reasoning_faults,
    replay_items,
    snapshot_request,
)
from ..shapes import texts
from ..tool_lifecycle import rotated_idempotency_headers
from .computer_calls import ComputerUseError, actions_of

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI
    from oxide.types.responses.response import Response
    from oxide.types.responses.response_computer_tool_call import ResponseComputerToolCall
    from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming
    from oxide.types.responses.response_input_param import ComputerCallOutput

__all__ = ["ComputerConversation"]

# What the run sets itself; in extra_body it would get past the checks.
_OWN = (
    "stream",
    "background",
    "conversation",
    "previous_response_id",
    "tools",
    "input",
    "include",
    "tool_choice",
)
_TOOLS = ("computer", "computer_use_preview")
_CHOICES = (*_TOOLS, "computer_use")


class ComputerConversation:
    """Requests of one run, each with everything said before it, so that nothing has to be stored.

    Args:
      params: the first request, as `responses.create` takes it.
      max_steps: requests there may be.

    Raises:
      ValueError: the number or a parameter is not one that a run can have.
    """

    def __init__(self, params: ResponseCreateParamsNonStreaming, max_steps: int) -> None:
        if isinstance(max_steps, bool) or not isinstance(cast("object", max_steps), int) or max_steps < 1:
            raise ValueError(
                f"max_steps={max_steps!r}: a run makes at least one request, so an integer from 1 on"
            )
        self._request = request = snapshot_request(params)
        _check_request(request)
        request["tools"] = _computer_tools(request)
        request["stream"] = False
        given = request.get("input", [])
        self._history: list[Any] = [{"role": "user", "content": given}] if isinstance(given, str) else given
        request["input"] = self._history
        request["include"] = [
            *dict.fromkeys([*(request.get("include") or ()), "reasoning.encrypted_content"])
        ]
        items = [mapping_of(item) for item in self._history]
        self._item_ids = {i["id"] for i in items if isinstance(i.get("id"), str) and i["id"]}
        self._call_ids = {i["call_id"] for i in items if isinstance(i.get("call_id"), str)}

    async def ask(self, client: AsyncOpenAI) -> Response:
        """Send the next request.

        Args:
          client: whom to ask.

        Returns:
          The answer, as it was received.

        Raises:
          OpenAIError: the request failed.
        """
        create: Any = client.responses.create
        answer: Response = await create(**self._request)
        return as_received(answer)

    def calls(self, response: Response, *, last: bool) -> list[ResponseComputerToolCall]:
        """What an answer wants done; nothing where it is the final one.

        Args:
          response: the answer.
          last: whether there may be no request after it.

        Returns:
          Its computer calls, in order and checked.

        Raises:
          ComputerUseError: it is not complete, holds what cannot be carried out or sent back, or wants more
            than `max_steps` allow.
        """
        try:
            return self._calls(response, last)
        except ComputerUseError as error:
            error.response = response
            raise

    def _calls(self, response: Response, last: bool) -> list[ResponseComputerToolCall]:
        if response.status != "completed":
            raise ComputerUseError(
                f"the response is {response.status!r}, not 'completed'; see error.response"
            )
        calls: list[ResponseComputerToolCall] = []
        items: set[str] = set()
        final = False
        for position, item in enumerate(_output_of(response)):
            if item.type == "computer_call":
                self._check_call(item, calls)
                calls.append(item)
            else:
                _check_item(f"output[{position}]", item)
                final |= item.type == "message" and item.status == "completed" and item.phase != "commentary"
            if item.id in items or (item.id and item.id in self._item_ids):
                raise ComputerUseError(
                    f"output[{position}].id is {item.id!r}, which an earlier item has already"
                )
            items.add(item.id)
        self._item_ids |= items - {""}
        self._call_ids |= {call.call_id for call in calls}
        if calls and last:
            raise ComputerUseError(
                "the model wants to go on after the last of max_steps requests; allow it more"
            )
        if not calls and not final:
            raise ComputerUseError("the response has neither a computer call nor a final message")
        return calls

    def _check_call(self, call: ResponseComputerToolCall, earlier: list[ResponseComputerToolCall]) -> None:
        if call.status != "completed":
            raise ComputerUseError(f"the computer call {call.call_id!r} is {call.status!r}, not 'completed'")
        actions_of(call)
        if call.call_id in self._call_ids or any(call.call_id == other.call_id for other in earlier):
            raise ComputerUseError(f"the computer call {call.call_id!r} has the call_id of an earlier one")

    def keep(self, response: Response) -> None:
        """Make an answer part of what is said; a tool that had to be called has been, and no longer has to.

        Args:
          response: the answer.
        """
        self._history.extend(replay_items(response.output))
        choice = self._request.get("tool_choice")
        chosen = mapping_of(choice)
        if choice == "required" or chosen.get("type") in _CHOICES:
            self._request["tool_choice"] = "auto"
        elif chosen.get("type") == "allowed_tools" and chosen.get("mode") == "required":
            self._request["tool_choice"] = {"type": "allowed_tools", "tools": chosen["tools"], "mode": "auto"}

    def answer(self, outputs: list[ComputerCallOutput]) -> None:
        """Add what came of an answer's calls.

        Args:
          outputs: one for each call, in order.
        """
        self._history.extend(outputs)

    def renew_key(self, client: AsyncOpenAI) -> None:
        """Give the next request an idempotency key of its own, where the run has one.

        Args:
          client: the client, whose default headers may hold the key.
        """
        headers = rotated_idempotency_headers(client, self._request.get("extra_headers"))
        if headers is not None:
            self._request["extra_headers"] = headers


def _check_request(request: Mapping[str, Any]) -> None:
    extra = [name for name in _OWN if name in mapping_of(request.get("extra_body"))]
    if extra:
        raise ValueError(
            f"extra_body has {', '.join(extra)}, which the run sets itself; pass it as a parameter"
        )
    for name in ("stream", "background"):
        if request.get(name):
            raise ValueError(
                f"{name}={request[name]!r}: a computer run waits for whole answers; leave it out"
            )
    for name in ("previous_response_id", "conversation"):
        if request.get(name):
            raise ValueError(
                f"{name}={request[name]!r}: a computer run sends the whole history; pass it as input"
            )


def _computer_tools(request: Mapping[str, Any]) -> list[Any]:
    tools = _listed(request.get("tools", [{"type": "computer"}]))
    if tools is None or [mapping_of(tool).get("type") in _TOOLS for tool in tools] != [True]:
        raise ValueError(f"tools={tools!r}: a computer run has one tool, of type {' or '.join(_TOOLS)}")
    return tools


def _listed(value: object) -> list[Any] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def _output_of(response: Response) -> list[Any]:
    output = _listed(response.output)
    if output is None:
        raise ComputerUseError(f"output of the response is {brief(response.output)}; see error.response")
    for position, item in enumerate(output):
        if not isinstance(item, BaseModel):
            raise ComputerUseError(f"output[{position}] is {brief(item)}; see error.response")
    return output


def _check_item(where: str, item: Any) -> None:
    # What does not fit its annotation is what is looked for here, not to be warned about.
    data = item.to_dict(warnings=False)
    if item.type == "message":
        faults = native_message_faults(data)
    elif item.type == "reasoning":
        faults = native_reasoning_faults(data)
    elif item.type == "compaction":
        faults = texts(data, "id", "encrypted_content")
    else:
        raise ComputerUseError(f"{where} is of type {item.type!r}, which a computer run has no answer to")
    for place, fault in faults:
        raise ComputerUseError(
            f"{where}{place}: the {item.type} cannot be sent back: {fault}; see error.response"
        )
