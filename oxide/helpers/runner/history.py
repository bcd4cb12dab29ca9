"""A conversation that is to be replayed: every call answered once, every item one that the API takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NoReturn, cast

from oxide.helpers.replay import native_reasoning_faults
from oxide.helpers.shapes import Faults, got, optional_texts, texts

from .approvals import use_approval
from .data import Item
from .functions import arguments_of, result_faults
from .items import (
    computer_call_faults,
    computer_output_faults,
    function_call_faults,
    function_output_faults,
    message_faults,
)
from .server_items import SERVER_ITEMS, server_item_faults

__all__ = ["check_history", "has_observation", "in_input", "item_ids"]

_COMPUTER_ITEMS = ("computer_call", "computer_call_output")


def in_input(number: int) -> str:
    """The place of an item in the input of a request."""
    return f"input[{number}]"


def item_ids(history: Iterable[Item], place: Callable[[int], str] = in_input) -> set[str]:
    """The ids of a conversation's items, and those it refers to.

    Args:
      history: items.
      place: says where an item is, by its index.

    Raises:
      ValueError: two items have one id.
    """
    found: dict[str, int] = {}
    referred: set[str] = set()
    for number, item in enumerate(history):
        item_id = item.get("id")
        if not isinstance(item_id, str) or not item_id:
            continue
        if _is_reference(item):
            referred.add(item_id)
            continue
        if item_id in found:
            raise ValueError(f"{place(found[item_id])} and {place(number)} have the same id {item_id!r}")
        found[item_id] = number
    return found.keys() | referred


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
    if any(result_faults({"output": content})):
        return False
    return any(
        block["type"] != "input_text" or block["text"].strip() for block in cast("list[Item]", content)
    )


def check_history(
    history: list[Item],
    tools: list[Any],
    *,
    recorded: bool = True,
    place: Callable[[int], str] = in_input,
) -> set[str]:
    """Check a conversation before it is replayed.

    Args:
      history: items in their order.
      tools: the tools of the run.
      recorded: whether it has to be whole, as in a ledger: no references to items elsewhere then.
      place: says where an item is, by its index.

    Returns:
      The ids of its calls and of its requests for approval.

    Raises:
      ValueError: an item is none the API takes, a call has no output, or an output or approval no call.
    """
    item_ids(history, place)
    replay = _Replay(tools)
    for number, item in enumerate(history):
        kind = item.get("type", "message")
        if not recorded:
            if kind == "compaction_trigger":
                if number != len(history) - 1:
                    raise ValueError(f"{place(number)}: a compaction_trigger has to be the last item")
                continue
            if _is_reference(item):
                for path, fault in texts(item, "id"):
                    raise ValueError(f"{place(number)}{path} (item_reference): {fault}")
                continue
        replay.take(place(number), kind, item)
    ids = replay.ids()
    # Last: a union says of everything in it why it is not the one.
    for number, item in enumerate(history):
        if item.get("type") not in _COMPUTER_ITEMS:
            _check_schema(place(number), item)
    return ids


def _check_schema(place: str, item: Item) -> None:
    from pydantic import ValidationError

    try:
        _item_schema().validate_python(item)
    except ValidationError as error:
        members: dict[object, list[Any]] = {}
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            members.setdefault(fault["loc"][0], []).append(fault)
        fitting = [
            faults for name, faults in members.items() if all(f["loc"] != (name, "type") for f in faults)
        ]
        fault = min(fitting or members.values(), key=len)[0]
        path = _path(item, fault["loc"])
        raise ValueError(f"{place}{path} ({item.get('type', 'message')}): {fault['msg']}") from None


def _path(value: object, steps: Iterable[object]) -> str:
    """Where a fault is. Names of a union's members are among the steps: what is no place in the item."""
    path = ""
    for step in steps:
        if isinstance(value, dict) and step in value:
            path, value = f"{path}.{step}", cast("Item", value)[str(step)]
        elif isinstance(value, list) and isinstance(step, int):
            path, value = f"{path}[{step}]", cast("list[object]", value)[step]
    return path


@lru_cache(maxsize=1)
def _item_schema() -> Any:
    from pydantic import TypeAdapter

    from oxide.types.responses.response_input_item import ResponseInputItem

    return TypeAdapter(ResponseInputItem)


class _Replay:
    """Pairs calls with their outputs, and requests for approval with their answers, as they come."""

    def __init__(self, tools: list[Any]) -> None:
        self._place = ""
        self._kind = ""
        self._places: dict[str, str] = {}
        self._tools = tools
        self._functions = {tool["name"] for tool in tools if tool["type"] == "function"}
        self._has_computer = any(tool["type"] in ("computer", "computer_use_preview") for tool in tools)
        self._calls: dict[str, str] = {}
        self._returned: set[str] = set()
        self._asked: dict[str, Item] = {}
        self._answered: set[str] = set()
        self._approved: dict[str, Item] = {}

    def take(self, place: str, kind: object, item: Item) -> None:
        if not isinstance(kind, str):
            raise ValueError(f"{place}.type: {got('text', kind)}")
        self._place, self._kind = place, kind
        if kind in SERVER_ITEMS:
            self._server(item)
            return
        handle = _HANDLERS.get(kind)
        if handle is None:
            raise ValueError(f"{place}.type: a run cannot replay items of type {kind!r}")
        handle(self, item)

    def ids(self) -> set[str]:
        open_ids = sorted((self._calls.keys() - self._returned) | (self._asked.keys() - self._answered))
        if open_ids:
            missing = (
                f"{self._places[each]}: its {'answer' if each in self._asked else 'output'} is missing, "
                f"{'id' if each in self._asked else 'call_id'}={each!r}"
                for each in open_ids
            )
            raise ValueError("; ".join(missing))
        return {*self._calls, *self._asked}

    def _refuse(self, path: str, fault: str) -> NoReturn:
        raise ValueError(f"{self._place}{path} ({self._kind}): {fault}")

    def _check(self, faults: Faults) -> None:
        for path, fault in faults:
            self._refuse(path, fault)

    def _open(self, known_by: str, item: Item) -> str:
        self._check(texts(item, known_by))
        found: str = item[known_by]
        if found in self._places:
            self._refuse(f".{known_by}", f"{found!r} was used before")
        self._places[found] = f"{self._place} ({self._kind})"
        return found

    def _begin(self, item: Item) -> None:
        if item.get("status") not in (None, "completed"):
            self._refuse(".status", "it is not completed")
        self._calls[self._open("call_id", item)] = self._kind

    def _end(self, kind: str, item: Item) -> None:
        self._check(texts(item, "call_id"))
        call_id: str = item["call_id"]
        if self._calls.get(call_id) != kind or call_id in self._returned:
            self._refuse(".call_id", f"no call before it that has no output yet is {call_id!r}")
        self._returned.add(call_id)

    def function_call(self, item: Item) -> None:
        self._begin(item)
        self._check(texts(item, "name", "arguments"))
        name: str = item["name"]
        if name not in self._functions:
            self._refuse(".name", f"{name!r} is no function of this run; register it or leave its calls out")
        self._check(function_call_faults(item))
        try:
            arguments_of(item)
        except ValueError as error:
            self._refuse(".arguments", str(error))

    def function_output(self, item: Item) -> None:
        self._end("function_call", item)
        self._check(function_output_faults(item))
        self._check(result_faults(item))

    def computer_call(self, item: Item) -> None:
        self._begin(item)
        if not self._has_computer:
            self._refuse("", "this run has no computer; give the runner one or leave these items out")
        if item.get("status") is None:
            self._refuse(".status", "it is not completed")
        self._check(computer_call_faults(item))

    def computer_output(self, item: Item) -> None:
        self._end("computer_call", item)
        self._check(computer_output_faults(item))

    def approval(self, item: Item) -> None:
        self._check(texts(item, "approval_request_id"))
        request_id: str = item["approval_request_id"]
        if request_id not in self._asked or request_id in self._answered:
            self._refuse(
                ".approval_request_id", f"no request before it that has no answer yet is {request_id!r}"
            )
        if type(item.get("approve")) is not bool:
            self._refuse(".approve", got("true or false", item.get("approve")))
        self._check(optional_texts(item, "id", "reason"))
        self._answered.add(request_id)
        if item["approve"]:
            self._approved[request_id] = self._asked[request_id]

    def _server(self, item: Item) -> None:
        self._check(server_item_faults(item, self._tools))
        if self._kind == "mcp_call":
            try:
                use_approval(item, self._approved)
            except ValueError as error:
                self._refuse(".approval_request_id", str(error))
        elif self._kind == "mcp_approval_request":
            self._asked[self._open("id", item)] = item

    def compaction(self, item: Item) -> None:
        self._check(texts(item, "encrypted_content"))
        self._check(optional_texts(item, "id"))

    def reasoning(self, item: Item) -> None:
        self._check(native_reasoning_faults(item))

    def message(self, item: Item) -> None:
        self._check(message_faults(item))

    def configuration(self, item: Item) -> None:
        # No call belongs to it, and the schema is still to be checked.
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
