"""Which function a request gets called, and with which arguments; shared by both APIs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from ._text import sample

__all__ = ["Call", "choose", "functions", "last_user_text", "text_of"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call: its name and its arguments as JSON text."""

    name: str
    arguments: str


def functions(tools: Any) -> Iterator[tuple[str, Any]]:
    """Name and parameter schema of the function tools, in the nested form of Chat Completions or the flat one."""
    for tool in cast("Sequence[Any]", tools) if isinstance(tools, list) else ():
        if isinstance(tool, Mapping) and cast("Mapping[str, Any]", tool).get("type") == "function":
            body = cast("Mapping[str, Any]", tool).get("function", tool)
            yield str(body.get("name", "")), body.get("parameters") or {}


def choose(tools: Any, choice: Any) -> list[Call]:
    """The calls a request gets: the chosen function, else the first one; none for `tool_choice="none"`."""
    known = dict(functions(tools))
    if not known or choice == "none":
        return []
    name = next(iter(known))
    if isinstance(choice, Mapping):
        choice = cast("Mapping[str, Any]", choice)
        wanted = choice.get("function", choice).get("name", name)
        name = str(wanted) if wanted in known else name
    return [Call(name, orjson.dumps(sample({"type": "object", **known[name]})).decode())]


def text_of(content: Any) -> str:
    """The text in a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = cast("list[Any]", content)
        return "".join(str(p.get("text", "")) for p in parts if isinstance(p, dict))
    return ""


def last_user_text(messages: Sequence[Any]) -> str:
    """Text of the last user message, or an empty string."""
    for message in reversed(messages):
        if isinstance(message, Mapping) and cast("Mapping[str, Any]", message).get("role") == "user":
            return text_of(cast("Mapping[str, Any]", message).get("content"))
    return ""
