"""Which of a run's tools its `tool_choice` lets the model use."""

from __future__ import annotations

from typing import Any

from oxide.errors import mapping_of

from .data import Item, is_text, optional_text
from .server_items import SERVER_ITEMS, SERVER_TOOLS

__all__ = ["COMPUTERS", "Selection", "never_ends"]

COMPUTERS = ("computer", "computer_use", "computer_use_preview")
"""What a choice calls the computer."""

_LOCAL = frozenset(("function", *COMPUTERS))


def never_ends(choice: Any, tools: list[Any]) -> bool:
    """Whether a choice makes the model call a tool of this side every time, so that no answer is the last.

    Args:
      choice: the `tool_choice` of the run.
      tools: its tools.
    """
    if choice == "required":
        return bool(tools) and all(tool["type"] in _LOCAL for tool in tools)
    chosen = mapping_of(choice)
    if chosen.get("type") == "allowed_tools":
        named = chosen["tools"]
        return (
            chosen["mode"] == "required" and bool(named) and all(tool.get("type") in _LOCAL for tool in named)
        )
    return chosen.get("type") in _LOCAL


class Selection:
    """What a `tool_choice` lets through.

    Args:
      choice: the `tool_choice` of the run; None where it was left out.
      functions: names of the run's functions.
      computer: whether the run has a computer.
    """

    def __init__(self, choice: Any, functions: frozenset[str], computer: bool) -> None:
        self._all = choice in (None, "auto", "required")
        self._functions = functions
        self._computer = computer
        self._servers: list[tuple[str, str | None]] = []
        self._kinds: set[str] = set()
        if self._all:
            return
        chosen = mapping_of(choice)
        named = chosen["tools"] if chosen.get("type") == "allowed_tools" else [chosen]
        found = list(map(mapping_of, named))
        self._functions = frozenset(tool["name"] for tool in found if tool.get("type") == "function")
        self._computer = any(tool.get("type") in COMPUTERS for tool in found)
        for tool in found:
            kind, name = tool.get("type"), tool.get("name")
            if kind == "mcp" and is_text(tool.get("server_label")) and optional_text(name):
                self._servers.append((tool["server_label"], name))
            elif kind in SERVER_TOOLS:
                self._kinds.add(str(kind))

    def admits(self, item: Item) -> bool:
        """Whether an item may be in an answer.

        Args:
          item: a call, or an item of a server's tool.
        """
        kind = item["type"]
        if kind == "function_call":
            return item["name"] in self._functions
        if kind == "computer_call":
            return self._computer
        if self._all or kind == "mcp_list_tools":
            return True
        if kind in ("mcp_call", "mcp_approval_request"):
            return any(
                label == item["server_label"] and name in (None, item["name"])
                for label, name in self._servers
            )
        return not SERVER_ITEMS[kind].isdisjoint(self._kinds)
