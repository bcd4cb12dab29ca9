"""How large the input of a run's requests may get, and what is left out of them when it gets larger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from typing_extensions import Required, TypedDict

from .data import LARGEST, Item, is_natural, is_text, plain

if TYPE_CHECKING:
    from oxide.types.responses.response_input_param import ResponseInputParam

__all__ = [
    "AsyncContextBudget",
    "Budget",
    "ContextBudgetDecision",
    "ContextBudgetSnapshot",
    "Size",
    "check_budget",
    "measure",
]


class ContextBudgetSnapshot(TypedDict):
    """An input that is too large, copied: what `compact` decides upon.

    `history` are its items, `eligible_call_ids` the calls that may be left out of this request, `input_bytes`
    is its size as UTF-8 JSON, `input_images` the number of images in it.

    Source: same name and keys as in the official SDK.
    """

    history: ResponseInputParam
    eligible_call_ids: list[str]
    input_bytes: int
    input_images: int


class ContextBudgetDecision(TypedDict, total=False):
    """What to leave out of a request: `drop_call_ids`, calls that go with their outputs, and `summary`, a
    text for the model in their place.

    Source: same name and keys as in the official SDK.
    """

    drop_call_ids: Required[list[str]]
    summary: str


_Decide: TypeAlias = Callable[
    [ContextBudgetSnapshot], "ContextBudgetDecision | Awaitable[ContextBudgetDecision]"
]


class AsyncContextBudget(TypedDict, total=False):
    """Limits of the input of each request: bytes of UTF-8 JSON, and images.

    `compact` is asked, and may be awaited, when it is larger; without it the run stops. The last
    `keep_recent_screenshots` (1 where left out) and the last call of the browser and of the computer stay.

    Source: same name and keys as in the official SDK.
    """

    max_input_bytes: Required[int]
    max_input_images: Required[int]
    keep_recent_screenshots: int
    compact: _Decide


class Size(NamedTuple):
    """The size of an input: bytes of UTF-8 JSON, and images."""

    bytes: int
    images: int


_LEAST = {"max_input_bytes": 1, "max_input_images": 0, "keep_recent_screenshots": 1}


def check_budget(budget: Any) -> None:
    """Refuse a budget that is none.

    Args:
      budget: as given to the run.

    Raises:
      ValueError: it has unknown keys, a limit is no number within its range, or `compact` cannot be called.
    """
    if type(budget) is not dict or budget.keys() - AsyncContextBudget.__annotations__.keys():
        raise ValueError(f"context_budget: a dict with {', '.join(AsyncContextBudget.__annotations__)} only")
    given = {"keep_recent_screenshots": 1, **cast("Item", budget)}
    for name, least in _LEAST.items():
        if not is_natural(given.get(name), least):
            raise ValueError(
                f"context_budget: {name}={given.get(name)!r} is not between {least} and {LARGEST}"
            )
    if "compact" in given and not callable(given["compact"]):
        raise ValueError("context_budget: compact has to be a function")


def measure(history: list[Item]) -> Size:
    """The size of an input as it is sent.

    Args:
      history: its items.
    """
    from oxide._body import encode_body

    return Size(len(encode_body(history)), sum(map(_images, history)))


def _images(item: Item) -> int:
    kind = item.get("type", "message")
    if kind == "computer_call_output":
        return 1
    blocks = item.get({"message": "content", "function_call_output": "output"}.get(kind, ""))
    if not isinstance(blocks, list):
        return 0
    return sum(
        isinstance(b, dict) and cast("Item", b).get("type") == "input_image" for b in cast("Any", blocks)
    )


class Budget:
    """The budget of a run.

    Args:
      limits: as given to the run, checked.
      browser_names: functions of the browser.
    """

    def __init__(self, limits: AsyncContextBudget, browser_names: frozenset[str]) -> None:
        self._limits = limits.copy()
        self._browser_names = browser_names

    @property
    def compact(self) -> _Decide | None:
        """What is asked where an input is too large."""
        return self._limits.get("compact")

    def fits(self, size: Size) -> bool:
        """Whether an input may be sent."""
        return (
            size.bytes <= self._limits["max_input_bytes"] and size.images <= self._limits["max_input_images"]
        )

    def snapshot(self, history: list[Item], size: Size) -> ContextBudgetSnapshot:
        """What `compact` is asked about.

        Args:
          history: the input.
          size: its size.
        """
        return {
            "history": plain(history),
            "eligible_call_ids": self._eligible(history),
            "input_bytes": size.bytes,
            "input_images": size.images,
        }

    def _eligible(self, history: list[Item]) -> list[str]:
        calls: dict[str, Item] = {}
        kept: set[str] = set()
        screenshots: list[str] = []
        latest: dict[str, str] = {}
        for item in history:
            kind = item.get("type")
            if kind == "computer_call":
                calls[item["call_id"]] = item
                latest["computer"] = item["call_id"]
                # What the user was asked about stays in sight.
                if item.get("pending_safety_checks"):
                    kept.add(item["call_id"])
            elif kind == "function_call":
                calls[item["call_id"]] = item
                if item["name"] in self._browser_names:
                    latest["browser"] = item["call_id"]
            elif kind == "computer_call_output":
                screenshots.append(item["call_id"])
                if item.get("acknowledged_safety_checks"):
                    kept.add(item["call_id"])
            elif kind == "function_call_output" and self._shows(calls[item["call_id"]], item):
                screenshots.append(item["call_id"])
        kept.update(screenshots[-self._limits.get("keep_recent_screenshots", 1) :], latest.values())
        return [call_id for call_id in calls if call_id not in kept]

    def _shows(self, call: Item, output: Item) -> bool:
        """Whether an output is a screenshot of the browser."""
        name = call["name"]
        return (
            name in ("browser_screenshot", "browser_zoom")
            and name in self._browser_names
            and isinstance(output.get("output"), list)
            and _images(output) > 0
        )


def is_decision(given: Any, eligible: list[str]) -> bool:
    """Whether something is a decision on what to leave out.

    Args:
      given: what `compact` returned.
      eligible: the calls that may be left out.
    """
    if type(given) is not dict or given.keys() - {"drop_call_ids", "summary"}:
        return False
    decision = cast("Item", given)
    dropped: Any = decision.get("drop_call_ids")
    return (
        type(dropped) is list
        and all(isinstance(call_id, str) and call_id in eligible for call_id in cast("list[object]", dropped))
        and len(set(cast("list[object]", dropped))) == len(cast("list[object]", dropped))
        and is_text(decision.get("summary", ""))
    )


def without(history: list[Item], decision: ContextBudgetDecision) -> list[Item]:
    """An input without what was decided to be left out of it, and with a note of it at the beginning.

    Args:
      history: the input.
      decision: what to leave out.
    """
    import json

    dropped = frozenset(decision["drop_call_ids"])
    kept: list[Item] = []
    receipts: list[Item] = []
    for item in history:
        kind = item.get("type")
        if kind not in _CALLS or item.get("call_id") not in dropped:
            kept.append(item)
        elif kind in ("function_call", "computer_call"):
            name = {"name": item["name"]} if kind == "function_call" else {}
            receipts.append({"call_id": item["call_id"], "kind": kind, **name})
    notes: list[Item] = []
    if "summary" in decision:
        text = f"In place of tool results that were left out, a summary by the caller: {decision['summary']}"
        notes.append({"role": "user", "content": text})
    if receipts:
        listed = json.dumps(receipts, ensure_ascii=False, separators=(",", ":"))
        text = (
            f"These tool calls have ended and were left out: {listed}. Their outputs are kept elsewhere; "
            "whether they had their effect was not checked."
        )
        notes.append({"role": "user", "content": text})
    return [*notes, *kept]


_CALLS = ("function_call", "computer_call", "function_call_output", "computer_call_output")
