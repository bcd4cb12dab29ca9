"""Items of tools that run on the server: whether they were declared, have ended, and can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oxide.errors import mapping_of
from oxide.helpers.replay import finite
from oxide.helpers.shapes import (
    Faults,
    choices,
    got,
    items_of,
    listed,
    object_in,
    optional_texts,
    text_faults,
    texts,
    texts_given,
)

from .data import Item

__all__ = ["SERVER_ITEMS", "SERVER_TOOLS", "has_failed", "server_item_faults"]

_MCP = frozenset(("mcp",))
SERVER_ITEMS: dict[str, frozenset[str]] = {
    "web_search_call": frozenset(
        ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
    ),
    "file_search_call": frozenset(("file_search",)),
    "code_interpreter_call": frozenset(("code_interpreter",)),
    "image_generation_call": frozenset(("image_generation",)),
    "mcp_call": _MCP,
    "mcp_list_tools": _MCP,
    "mcp_approval_request": _MCP,
}
"""Types of items, and of the tools that may make them."""

SERVER_TOOLS = frozenset(kind for kinds in SERVER_ITEMS.values() for kind in kinds)
"""Types of the tools."""


def has_failed(item: Item) -> bool:
    """Whether an item of a server's tool says that it did not end well."""
    return item.get("status") not in (None, "completed") or item.get("error") is not None


def server_item_faults(item: Item, tools: list[Any]) -> Faults:
    """What keeps an item of a server's tool from being taken or replayed.

    Args:
      item: the item, its `type` one of `SERVER_ITEMS`.
      tools: the tools of the run.

    Yields:
      Places and what is wrong there: no tool was declared that makes such items, it did not complete, or its
      fields are not those the API gives it.
    """
    kind = str(item.get("type"))
    declared = [tool for tool in tools if tool["type"] in SERVER_ITEMS.get(kind, ())]
    if not declared:
        yield "", "no tool of this run makes such items"
    if kind.startswith("mcp_"):
        label = item.get("server_label")
        if not label or all(tool["server_label"] != label for tool in declared):
            yield ".server_label", "no MCP server with this label is declared"
    if has_failed(item):
        yield "", "it did not complete, and nothing that follows from it may run"
    yield from texts(item, "id")
    yield from _FIELDS[kind](item, declared)


def _web_search(item: Item, tools: list[Any]) -> Faults:
    yield from choices(item, "status", ("completed",))
    yield from object_in(item, "action", _search_action)


def _search_action(action: Mapping[str, Any]) -> Faults:
    kind = action.get("type")
    yield from choices(action, "type", ("search", "open_page", "find_in_page"))
    if kind == "search":
        yield from texts_given(action, "query")
        if "queries" in action:
            yield from listed(action, "queries", text_faults)
        if "sources" in action:
            yield from items_of(action, "sources", _source)
    elif kind == "open_page":
        yield from optional_texts(action, "url")
    else:
        yield from texts(action, "pattern", "url")


def _source(source: Mapping[str, Any]) -> Faults:
    yield from choices(source, "type", ("url",))
    yield from texts(source, "url")


def _file_search(item: Item, tools: list[Any]) -> Faults:
    yield from choices(item, "status", ("completed",))
    yield from listed(item, "queries", text_faults)
    if item.get("results") is not None:
        yield from items_of(item, "results", _found)


def _found(entry: Mapping[str, Any]) -> Faults:
    yield from texts_given(entry, "file_id", "filename", "text")
    if not finite(entry.get("score", 0)):
        yield ".score", got("a finite number", entry["score"])
    if entry.get("attributes") is not None:
        yield from object_in(entry, "attributes", _attributes)


def _attributes(attributes: Mapping[str, Any]) -> Faults:
    for name, value in attributes.items():
        if not (isinstance(value, (str, bool)) or finite(value)):
            yield f"[{name!r}]", got("text, a finite number or a truth value", value)


def _code_interpreter(item: Item, tools: list[Any]) -> Faults:
    yield from choices(item, "status", ("completed",))
    yield from texts(item, "container_id")
    container = item.get("container_id")
    if all(
        tool["container"] != container and mapping_of(tool["container"]).get("type") != "auto"
        for tool in tools
    ):
        yield ".container_id", "no code_interpreter of this run has this container"
    yield from _there(item, "code", "outputs")
    yield from optional_texts(item, "code")
    if item.get("outputs") is not None:
        yield from items_of(item, "outputs", _code_output)


def _there(item: Item, *names: str) -> Faults:
    for name in names:
        if name not in item:
            yield f".{name}", "it is missing; it may be null"


def _code_output(output: Mapping[str, Any]) -> Faults:
    yield from choices(output, "type", ("logs", "image"))
    yield from texts(output, "logs" if output.get("type") == "logs" else "url")


_IMAGE_CHOICES: dict[str, tuple[str | None, ...]] = {
    "action": (None, "generate", "edit", "auto"),
    "background": (None, "transparent", "opaque", "auto"),
    "output_format": (None, "png", "webp", "jpeg", "gif", "svg"),
    "quality": (None, "low", "medium", "high", "xhigh", "max", "auto"),
}


def _image_generation(item: Item, tools: list[Any]) -> Faults:
    yield from choices(item, "status", ("completed",))
    yield from _there(item, "result")
    yield from optional_texts(item, "result", "revised_prompt", "size")
    for name, among in _IMAGE_CHOICES.items():
        yield from choices(item, name, among)


def _mcp_listing(item: Item, tools: list[Any]) -> Faults:
    yield from items_of(item, "tools", _listed_tool)


def _listed_tool(entry: Mapping[str, Any]) -> Faults:
    yield from texts(entry, "name")
    if "input_schema" not in entry:
        yield ".input_schema", "it is missing"
    yield from optional_texts(entry, "description")


def _mcp_call(item: Item, tools: list[Any]) -> Faults:
    yield from texts(item, "name", "arguments")
    yield from optional_texts(item, "output")


def _mcp_approval(item: Item, tools: list[Any]) -> Faults:
    yield from texts(item, "name", "arguments")
    if not item.get("id"):
        yield ".id", "it is empty"


_FIELDS: Mapping[str, Callable[[Item, list[Any]], Faults]] = {
    "web_search_call": _web_search,
    "file_search_call": _file_search,
    "code_interpreter_call": _code_interpreter,
    "image_generation_call": _image_generation,
    "mcp_list_tools": _mcp_listing,
    "mcp_call": _mcp_call,
    "mcp_approval_request": _mcp_approval,
}
