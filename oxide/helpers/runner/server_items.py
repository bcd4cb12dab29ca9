"""Items of tools that run on the server: whether they were declared, have ended, and can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from oxide.errors import mapping_of
from oxide.helpers.replay import finite

from .data import Item, is_list_of, is_text, optional_text, plain

__all__ = ["SERVER_ITEMS", "SERVER_TOOLS", "check_server_item", "has_failed"]

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


def check_server_item(item: Item, tools: list[Any]) -> None:
    """Check an item of a server's tool.

    Args:
      item: the item, its `type` one of `SERVER_ITEMS`.
      tools: the tools of the run.

    Raises:
      ValueError: no tool was declared that makes such items, it did not complete, or its fields are not those
        the API gives it.
    """
    kind = str(item.get("type"))
    declared = [tool for tool in tools if tool["type"] in SERVER_ITEMS.get(kind, ())]
    if not declared:
        raise ValueError(f"{kind}: no tool of this run makes such items")
    if kind.startswith("mcp_"):
        label = item.get("server_label")
        if not label or all(tool["server_label"] != label for tool in declared):
            raise ValueError(f"{kind}: its server_label {label!r} is of no declared MCP server")
    if has_failed(item):
        raise ValueError(f"{kind}: it did not complete, and nothing that follows from it may run")
    if not is_text(item.get("id")):
        raise ValueError(f"{kind}: its id is missing")
    if not _FIELDS[kind](item, declared):
        raise ValueError(f"{kind}: its fields are not those the API gives it")


def _web_search(item: Item, tools: list[Any]) -> bool:
    action = mapping_of(item.get("action"))
    kind = action.get("type")
    if item.get("status") != "completed":
        return False
    if kind == "search":
        return (
            is_text(action.get("query", ""))
            and is_list_of(action.get("queries", []), is_text)
            and is_list_of(action.get("sources", []), _is_source)
        )
    if kind == "open_page":
        return optional_text(action.get("url"))
    return kind == "find_in_page" and is_text(action.get("pattern")) and is_text(action.get("url"))


def _is_source(given: object) -> bool:
    source = mapping_of(given)
    return source.get("type") == "url" and is_text(source.get("url"))


def _file_search(item: Item, tools: list[Any]) -> bool:
    results = item.get("results")
    return (
        item.get("status") == "completed"
        and is_list_of(item.get("queries"), is_text)
        and (results is None or is_list_of(results, _is_found))
    )


def _is_found(given: object) -> bool:
    if not isinstance(given, dict):
        return False
    entry = cast("Item", given)
    attributes = entry.get("attributes")
    return (
        all(is_text(entry.get(name, "")) for name in ("file_id", "filename", "text"))
        and finite(entry.get("score", 0))
        and (
            attributes is None
            or (
                isinstance(attributes, dict)
                and all(
                    isinstance(value, (str, bool)) or finite(value)
                    for value in cast("Item", attributes).values()
                )
            )
        )
    )


def _code_interpreter(item: Item, tools: list[Any]) -> bool:
    container, outputs = item.get("container_id"), item.get("outputs")
    return (
        item.get("status") == "completed"
        and is_text(container)
        and any(
            tool["container"] == container or mapping_of(tool["container"]).get("type") == "auto"
            for tool in tools
        )
        and "code" in item
        and optional_text(item["code"])
        and "outputs" in item
        and (outputs is None or is_list_of(outputs, _is_code_output))
    )


def _is_code_output(given: object) -> bool:
    output = mapping_of(given)
    kind = output.get("type")
    return (kind == "logs" and is_text(output.get("logs"))) or (
        kind == "image" and is_text(output.get("url"))
    )


_IMAGE_CHOICES: dict[str, tuple[str | None, ...]] = {
    "action": (None, "generate", "edit", "auto"),
    "background": (None, "transparent", "opaque", "auto"),
    "output_format": (None, "png", "webp", "jpeg", "gif", "svg"),
    "quality": (None, "low", "medium", "high", "xhigh", "max", "auto"),
}


def _image_generation(item: Item, tools: list[Any]) -> bool:
    return (
        item.get("status") == "completed"
        and "result" in item
        and all(optional_text(item.get(name)) for name in ("result", "revised_prompt", "size"))
        and all(item.get(name) in choices for name, choices in _IMAGE_CHOICES.items())
    )


def _mcp_listing(item: Item, tools: list[Any]) -> bool:
    return is_list_of(item.get("tools"), _is_listed)


def _is_listed(given: object) -> bool:
    entry = mapping_of(given)
    if not (
        is_text(entry.get("name")) and "input_schema" in entry and optional_text(entry.get("description"))
    ):
        return False
    plain(given)
    return True


def _mcp_call(item: Item, tools: list[Any]) -> bool:
    return is_text(item.get("name")) and is_text(item.get("arguments")) and optional_text(item.get("output"))


def _mcp_approval(item: Item, tools: list[Any]) -> bool:
    return is_text(item.get("name")) and is_text(item.get("arguments")) and bool(item["id"])


_FIELDS: Mapping[str, Callable[[Item, list[Any]], bool]] = {
    "web_search_call": _web_search,
    "file_search_call": _file_search,
    "code_interpreter_call": _code_interpreter,
    "image_generation_call": _image_generation,
    "mcp_list_tools": _mcp_listing,
    "mcp_call": _mcp_call,
    "mcp_approval_request": _mcp_approval,
}
