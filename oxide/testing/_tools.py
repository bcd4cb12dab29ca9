"""Which function a request gets called, and with which arguments; shared by both APIs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ._json import array, obj
from ._text import sample

__all__ = ["Call", "choose", "functions", "last_user_text", "text_of"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call: its name and its arguments as JSON text."""

    name: str
    arguments: str


def functions(tools: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and parameter schema of each function tool, in Chat Completions' nested form or the flat one."""
    for tool in map(obj, array(tools)):
        if tool.get("type") == "function":
            body = obj(tool.get("function", tool))
            yield str(body.get("name", "")), obj(body.get("parameters"))


def choose(tools: Any, choice: Any) -> list[Call]:
    """The calls a request gets: the chosen function, else the first one; none for `tool_choice="none"`."""
    known = dict(functions(tools))
    if not known or choice == "none":
        return []
    name = next(iter(known))
    wanted = obj(obj(choice).get("function", choice)).get("name")
    if wanted in known:
        name = str(wanted)
    return [Call(name, orjson.dumps(sample({"type": "object", **known[name]})).decode())]


def text_of(content: Any) -> str:
    """The text in a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    return "".join(str(obj(part).get("text", "")) for part in array(content))


def last_user_text(messages: Sequence[Any]) -> str:
    """Text of the last user message, or an empty string."""
    for message in map(obj, reversed(messages)):
        if message.get("role") == "user":
            return text_of(message.get("content"))
    return ""
