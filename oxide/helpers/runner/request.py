"""What a run asks for: the parameters of its requests, checked once and kept from any change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from oxide.errors import mapping_of
from oxide.helpers.replay import snapshot_request

from .data import Item, plain
from .selection import Selection, never_ends
from .server_items import SERVER_TOOLS

__all__ = ["RunRequest", "read_params"]

# What a run decides on itself; a raw body must not say otherwise.
_OWNED = frozenset(
    (
        *("background", "conversation", "include", "input", "previous_response_id", "store", "stream"),
        *("tool_choice", "tools"),
    )
)
_BUDGETED = frozenset(("context_management", "truncation"))
_ENCRYPTED = "reasoning.encrypted_content"


def read_params(params: Mapping[str, Any], *, recorded: bool, budgeted: bool) -> Item:
    """The parameters of a run, which nobody else can change.

    Args:
      params: keywords of `responses.create`.
      recorded: whether a ledger writes them down; they have to be plain JSON then, and of the body.
      budgeted: whether their size is measured; they have to be plain JSON then.

    Raises:
      ValueError: they are not, or `extra_body` says something that is the run's to say.
      TypeError: something in them cannot be sent.
    """
    if recorded or budgeted:
        from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming

        if type(cast("object", params)) is not dict:
            raise ValueError("params: a dict is needed where a ledger or a budget looks at it")
        given: Any = params
        unknown: set[str] = {*given} - ResponseCreateParamsNonStreaming.__annotations__.keys()
        if recorded and unknown:
            raise ValueError(f"params: a ledger cannot write down {', '.join(sorted(unknown))}")
        given = plain(given, omitted=True)
    else:
        given = snapshot_request(params)
    owned = _OWNED | _BUDGETED if budgeted else _OWNED
    taken = owned.intersection(mapping_of(given.get("extra_body")))
    if taken:
        raise ValueError(f"extra_body: {', '.join(sorted(taken))} belongs to the run, pass it in params")
    return cast("Item", given)


class RunRequest:
    """The request of a run: all that stays the same from one response to the next.

    Args:
      params: as `read_params` gave them.
      tools: the runner's own tools.

    Attributes:
      body: keywords of `responses.create`.
      tools: the runner's tools and those of the parameters.
      history: the input, which grows.
      selection: what `tool_choice` lets the model use.

    Raises:
      ValueError: a parameter or a tool that such a run cannot have.
    """

    def __init__(self, params: Item, tools: list[Any]) -> None:
        for name in ("stream", "background"):
            if params.get(name):
                raise ValueError(
                    f"params: {name} is none of a run's; streaming is chosen with run(stream=True)"
                )
        for name in ("conversation", "previous_response_id"):
            if params.get(name) is not None:
                raise ValueError(f"params: {name} is none of a run's, which sends the whole input each time")
        self.tools = _with_declared(tools, params.get("tools") or [])
        _check_servers(self.tools, params.get("store"))
        choice = params.get("tool_choice")
        if never_ends(choice, self.tools):
            raise ValueError(
                "params: with this tool_choice the model calls a tool every time and never answers"
            )
        self.body: Item = {**params, "tools": self.tools}
        given = params.get("input", [])
        self.history: list[Item] = (
            [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
        )
        self.body["include"] = list(dict.fromkeys([*(params.get("include") or []), _ENCRYPTED]))
        names = frozenset(tool["name"] for tool in self.tools if tool["type"] == "function")
        self.has_computer = any(tool["type"] in ("computer", "computer_use_preview") for tool in self.tools)
        self.selection = Selection(choice, names, self.has_computer)

    @property
    def has_server_tools(self) -> bool:
        """Whether some tools run on the server."""
        return any(tool["type"] in SERVER_TOOLS for tool in self.tools)

    @property
    def has_mcp(self) -> bool:
        """Whether some of them are MCP servers."""
        return any(tool["type"] == "mcp" for tool in self.tools)

    def function(self, name: str) -> Item | None:
        """The declaration of a function."""
        return self._declared("function", "name", name)

    def mcp_server(self, label: str) -> Item | None:
        """The declaration of an MCP server."""
        return self._declared("mcp", "server_label", label)

    def _declared(self, kind: str, key: str, value: str) -> Item | None:
        return next((tool for tool in self.tools if tool["type"] == kind and tool[key] == value), None)


def _with_declared(own: list[Any], declared: list[Any]) -> list[Any]:
    """The runner's tools and those of the parameters, which may say more about the computer."""
    computers = [tool for tool in declared if tool["type"] in ("computer", "computer_use_preview")]
    has_driver = any(tool["type"] == "computer" for tool in own)
    if computers and not (has_driver and len(computers) == 1):
        raise ValueError("params: a computer tool needs a runner with a computer, and there can be one only")
    for tool in declared:
        if tool not in computers and tool["type"] not in SERVER_TOOLS:
            raise ValueError(
                f"params: a tool of type {tool['type']!r} is none of the server's; functions are registered"
            )
    kept = [tool for tool in own if tool["type"] != "computer"] if computers else own
    return [*deepcopy(kept), *deepcopy(declared)]


def _check_servers(tools: list[Any], store: object) -> None:
    labels = [tool["server_label"] for tool in tools if tool["type"] == "mcp"]
    if not all(isinstance(label, str) and label for label in labels) or len(set(labels)) != len(labels):
        raise ValueError(f"params: each MCP server needs a server_label of its own, got {labels}")
    if store is False and any(tool["type"] == "image_generation" for tool in tools):
        raise ValueError("params: a run goes on after image_generation only where the response is stored")
