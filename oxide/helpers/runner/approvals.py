"""Approvals of MCP calls: which a server needs, and that each one is used once, for what was approved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

from oxide.errors import mapping_of

from .data import Item

__all__ = ["approval_policy", "approved_requests", "is_listed_tool", "use_approval"]


def approved_requests(history: Iterable[Item]) -> dict[str, Item]:
    """Requests that were approved and whose call has not come yet, by their ids.

    Args:
      history: items in their order.

    Raises:
      ValueError: a call came without an approval of its own.
    """
    asked: dict[str, Item] = {}
    answered: set[str] = set()
    approved: dict[str, Item] = {}
    for item in history:
        kind = item.get("type")
        if kind == "mcp_approval_request":
            if isinstance(item.get("id"), str):
                asked.setdefault(item["id"], item)
        elif kind == "mcp_approval_response" and isinstance(item.get("approve"), bool):
            request_id = item.get("approval_request_id")
            if isinstance(request_id, str) and request_id in asked and request_id not in answered:
                answered.add(request_id)
                if item["approve"]:
                    approved[request_id] = asked[request_id]
        elif kind == "mcp_call":
            use_approval(item, approved)
    return approved


def use_approval(call: Item, approved: dict[str, Item]) -> None:
    """Take out the approval that a call refers to; one that needed none refers to none.

    Args:
      call: an item of type `mcp_call`.
      approved: requests not used yet; it is changed.

    Raises:
      ValueError: there is none for this call, or it was for another one.
    """
    request_id = call.get("approval_request_id")
    if request_id is None:
        return
    request = approved.get(request_id) if isinstance(request_id, str) else None
    if request is None or any(
        request.get(name) != call.get(name) for name in ("server_label", "name", "arguments")
    ):
        raise ValueError("an MCP call was made that is not the one approved")
    del approved[cast("str", request_id)]


def approval_policy(declaration: Item, name: str) -> Literal["always", "never"] | None:
    """Whether a server's tool needs approval.

    Args:
      declaration: the MCP tool of the run.
      name: the server's tool.

    Returns:
      None where `require_approval` leaves it open, contradicts itself, or goes by what only the server knows.
    """
    policy = declaration.get("require_approval")
    if policy is None or policy == "always":
        return "always"
    if policy == "never":
        return "never"
    if not isinstance(policy, dict):
        return None
    rules = cast("dict[str, object]", policy)
    given = [rule for rule in ("always", "never") if rule in rules]
    fitting: list[Literal["always", "never"]] = []
    for rule in given:
        fits = _fits(rules[rule], name)
        if fits is None:
            return None
        if fits:
            fitting.append("always" if rule == "always" else "never")
    if fitting:
        return fitting[0] if len(fitting) == 1 else None
    if len(given) != 1:
        return None
    # The one rule there is is about other tools.
    return "never" if given == ["always"] else "always"


def _fits(rule: object, name: str) -> bool | None:
    if not isinstance(rule, dict):
        return None
    names: object = mapping_of(cast("object", rule)).get("tool_names", ...)
    if "read_only" in rule or not (names is ... or isinstance(names, list)):
        return None
    return names is ... or name in cast("list[object]", names)


def is_listed_tool(declaration: Item, name: str) -> bool:
    """Whether a declaration's `allowed_tools` lets a server's tool be used.

    Args:
      declaration: the MCP tool of the run.
      name: the server's tool.
    """
    allowed = declaration.get("allowed_tools")
    if isinstance(allowed, dict):
        allowed = cast("Item", allowed).get("tool_names", ...)
        if allowed is ...:
            return True
    elif allowed is None:
        return True
    return isinstance(allowed, (list, tuple)) and name in cast("list[Any]", allowed)
