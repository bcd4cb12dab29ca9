"""A conversation that is to be replayed: every call answered once, every item one that the API takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from oxide.errors import mapping_of
from oxide.helpers.replay import valid_native_reasoning

from .approvals import use_approval
from .data import Item, is_text, optional_text
from .functions import arguments_of, function_result
from .items import (
    valid_computer_call,
    valid_computer_output,
    valid_function_call,
    valid_function_output,
    valid_input_message,
)
from .server_items import SERVER_ITEMS, check_server_item

__all__ = ["check_history", "has_observation", "item_ids"]

_COMPUTER_ITEMS = ("computer_call", "computer_call_output")


def item_ids(history: Iterable[Item]) -> set[str]:
    """The ids of a conversation's items, and those it refers to.

    Args:
      history: items.

    Raises:
      ValueError: two items have one id.
    """
    found: set[str] = set()
    referred: set[str] = set()
    for item in history:
        item_id = item.get("id")
        if not isinstance(item_id, str) or not item_id:
            continue
        if _is_reference(item):
            referred.add(item_id)
            continue
        if item_id in found:
            raise ValueError(f"two items of the input have the id {item_id}")
        found.add(item_id)
    return found | referred


def _is_reference(item: Item) -> bool:
    kind = item.get("type")
    return kind == "item_reference" or (
        kind is None and "id" in item and "role" not in item and "content" not in item
    )


def has_observation(items: Iterable[Item]) -> bool:
    """Whether the user says or shows something in an input.

    Args:
      items: the input.
    """
    return any(
        _observes(item.get("content"))
        for item in items
        if item.get("type", "message") == "message" and item.get("role") == "user"
    )


def _observes(content: object) -> bool:
    if isinstance(content, str):
        return bool(content.strip())
    try:
        blocks = function_result(content)
    except ValueError:
        return False
    return any(block["type"] != "input_text" or block["text"].strip() for block in blocks)


def check_history(history: list[Item], tools: list[Any], *, recorded: bool = True) -> set[str]:
    """Check a conversation before it is replayed.

    Args:
      history: items in their order.
      tools: the tools of the run.
      recorded: whether it has to be whole, as in a ledger: no references to items elsewhere then.

    Returns:
      The ids of its calls and of its requests for approval.

    Raises:
      ValueError: an item is none the API takes, a call has no output, or an output or approval no call.
    """
    _check_schema([item for item in history if item.get("type") not in _COMPUTER_ITEMS])
    item_ids(history)
    replay = _Replay(tools)
    for number, item in enumerate(history):
        kind = item.get("type", "message")
        if not recorded:
            if kind == "compaction_trigger":
                if number != len(history) - 1:
                    raise ValueError("compaction_trigger has to be the last item of the input")
                continue
            if _is_reference(item):
                if not is_text(item.get("id")):
                    raise ValueError("an item reference has no id")
                continue
        replay.take(kind, item)
    return replay.ids()


def _check_schema(items: list[Item]) -> None:
    from pydantic import ValidationError

    try:
        _input_schema().validate_python(items)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = f"input[{'.'.join(map(str, fault['loc'][:1]))}]"
        raise ValueError(f"{place} is no item the API takes: {fault['msg']}") from None


@lru_cache(maxsize=1)
def _input_schema() -> Any:
    from pydantic import TypeAdapter

    from oxide.types.responses.response_input import ResponseInput

    return TypeAdapter(ResponseInput)


class _Replay:
    """Pairs calls with their outputs, and requests for approval with their answers, as they come."""

    def __init__(self, tools: list[Any]) -> None:
        self._tools = tools
        self._functions = {tool["name"] for tool in tools if tool["type"] == "function"}
        self._has_computer = any(tool["type"] in ("computer", "computer_use_preview") for tool in tools)
        self._calls: dict[str, str] = {}
        self._returned: set[str] = set()
        self._asked: dict[str, Item] = {}
        self._answered: set[str] = set()
        self._approved: dict[str, Item] = {}

    def take(self, kind: str, item: Item) -> None:
        if kind in SERVER_ITEMS:
            self._server(kind, item)
            return
        handle = _HANDLERS.get(kind)
        if handle is None:
            raise ValueError(f"a run cannot replay items of type {kind!r}")
        handle(self, item)

    def ids(self) -> set[str]:
        open_calls = sorted((self._calls.keys() - self._returned) | (self._asked.keys() - self._answered))
        if open_calls:
            raise ValueError(f"the input has calls without an answer: {', '.join(open_calls)}")
        return {*self._calls, *self._asked}

    def _begin(self, kind: str, item: Item) -> None:
        call_id = item.get("call_id")
        if not isinstance(call_id, str) or call_id in self._calls or call_id in self._asked:
            raise ValueError(f"{kind}: call_id={call_id!r} is missing or was used before")
        if item.get("status") not in (None, "completed"):
            raise ValueError(f"{kind} {call_id}: it is not complete")
        self._calls[call_id] = kind

    def _end(self, kind: str, item: Item) -> None:
        call_id = item.get("call_id")
        known = self._calls.get(call_id) if isinstance(call_id, str) else None
        if known != kind or call_id in self._returned:
            raise ValueError(f"{kind}_output: call_id={call_id!r} is of no call that still needs one")
        self._returned.add(str(call_id))

    def function_call(self, item: Item) -> None:
        self._begin("function_call", item)
        name = item.get("name")
        if name not in self._functions or not is_text(item.get("arguments")) or not valid_function_call(item):
            raise ValueError(f"function_call: {name!r} is no function of this run, or lacks its fields")
        arguments_of(item)

    def function_output(self, item: Item) -> None:
        self._end("function_call", item)
        if not valid_function_output(item):
            raise ValueError("function_call_output: its fields are not those the API takes")
        function_result(item.get("output"))

    def computer_call(self, item: Item) -> None:
        self._begin("computer_call", item)
        if not self._has_computer:
            raise ValueError("computer_call: this run has no computer")
        if item.get("status") != "completed" or not valid_computer_call(item):
            raise ValueError("computer_call: its fields are not those the API gives it")

    def computer_output(self, item: Item) -> None:
        self._end("computer_call", item)
        if not valid_computer_output(item):
            raise ValueError("computer_call_output: its fields are not those the API takes")

    def approval(self, item: Item) -> None:
        request_id = item.get("approval_request_id")
        if (
            not isinstance(request_id, str)
            or request_id not in self._asked
            or request_id in self._answered
            or type(item.get("approve")) is not bool
            or not all(optional_text(item.get(name)) for name in ("id", "reason"))
        ):
            raise ValueError(f"mcp_approval_response: {request_id!r} is no request that still needs one")
        self._answered.add(request_id)
        if item["approve"]:
            self._approved[request_id] = self._asked[request_id]

    def _server(self, kind: str, item: Item) -> None:
        check_server_item(item, self._tools)
        if kind == "mcp_call":
            use_approval(item, self._approved)
        elif kind == "mcp_approval_request":
            if item["id"] in self._asked or item["id"] in self._calls:
                raise ValueError(f"mcp_approval_request: the id {item['id']} was used before")
            self._asked[item["id"]] = item

    def compaction(self, item: Item) -> None:
        if not is_text(item.get("encrypted_content")) or not optional_text(item.get("id")):
            raise ValueError("compaction: its encrypted_content is missing")

    def reasoning(self, item: Item) -> None:
        if not valid_native_reasoning(item):
            raise ValueError("reasoning: its fields are not those the API gives it")

    def message(self, item: Item) -> None:
        if not valid_input_message(item):
            raise ValueError(
                f"message: {mapping_of(item).get('role')!r} or its content is none the API takes"
            )

    def configuration(self, item: Item) -> None:
        # No call belongs to it, and the schema has been checked.
        return


_HANDLERS: dict[str, Callable[[_Replay, Item], None]] = {
    "compaction": _Replay.compaction,
    "computer_call": _Replay.computer_call,
    "computer_call_output": _Replay.computer_output,
    "configuration_update": _Replay.configuration,
    "function_call": _Replay.function_call,
    "function_call_output": _Replay.function_output,
    "mcp_approval_response": _Replay.approval,
    "message": _Replay.message,
    "reasoning": _Replay.reasoning,
}
