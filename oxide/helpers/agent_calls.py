"""An agent's tools: which of them run here, and what the model is told of a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from oxide.errors import mapping_of

from .tools import FunctionTool

__all__ = ["add_usage", "functions_of", "sendable", "told"]


def functions_of(tools: Iterable[Any]) -> dict[str, FunctionTool[..., Any]]:
    """The functions among an agent's tools, by name.

    Args:
      tools: functions made by `openai_tool`, and tools that run on the server.

    Raises:
      ValueError: two have one name, or one could only run here and is no function.
    """
    found: dict[str, FunctionTool[..., Any]] = {}
    for tool in tools:
        if isinstance(tool, FunctionTool):
            if tool.name in found:
                raise ValueError(f"two tools are called {tool.name!r}: give one another name")
            found[tool.name] = cast("FunctionTool[..., Any]", tool)
        elif tool.get("type") == "function":
            raise ValueError(
                f"the tool {tool.get('name')!r} has nothing to call: make it of a function, with @openai_tool"
            )
        elif tool.get("type") in _LOCAL:
            raise ValueError(
                f"a tool of type {tool['type']!r} runs on this side, and an agent runs functions only: "
                "make it one with @openai_tool, or answer its calls in a loop over responses.stream"
            )
    return found


def told(error: Exception) -> str:
    """What the model is told of a tool that failed.

    Args:
      error: what it raised.
    """
    return f"Error: {type(error).__name__}: {error}"


def sendable(result: object) -> str | list[Any]:
    """What a tool returned, as the output of its call: text, or parts such as images; all else as JSON."""
    if isinstance(result, str):
        return result
    if isinstance(result, list) and result:
        parts = cast("list[object]", result)
        if all(mapping_of(part).get("type") in _PARTS for part in parts):
            return parts
    from pydantic_core import to_json

    return to_json(result).decode()


_LOCAL = frozenset(("apply_patch", "computer", "computer_use_preview", "custom", "local_shell"))
_PARTS = frozenset(("input_text", "input_image", "input_file"))


def add_usage(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add the tokens of one response.

    Args:
      total: counts so far; it is changed.
      more: those of the response, nested alike.
    """
    for name, count in more.items():
        if isinstance(count, Mapping):
            add_usage(total.setdefault(name, {}), cast("Mapping[str, Any]", count))
        elif isinstance(count, int):
            total[name] = total.get(name, 0) + count
