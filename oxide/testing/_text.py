"""Deterministic stand-ins for what a model makes up: text, tokens, and values that fit a JSON schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

from ._json import array, obj

__all__ = ["REPLY", "count_tokens", "fragments", "sample", "stretch", "tokenize"]

REPLY = (
    "Every word of this answer was written in advance: it comes from the server embedded in oxide, "
    "which speaks the same wire format as the real thing and asks no model."
)

_TOKEN = re.compile(r"\s*\S+|\s+$")
_MAX_DEPTH = 12


def tokenize(text: str) -> list[str]:
    """Words with the space before them; joined they give `text` again."""
    return _TOKEN.findall(text)


def stretch(words: list[str], count: int) -> list[str]:
    """Exactly `count` of `words`, repeated as often as it takes."""
    if not words or count <= len(words):
        return words[:count]
    spaced = [words[0] if words[0][:1].isspace() else " " + words[0], *words[1:]]
    return words + list(islice(cycle(spaced), count - len(words)))


def fragments(text: str, size: int = 8) -> list[str]:
    """`text` in pieces of `size` characters, as arguments of a tool call arrive."""
    return [text[i : i + size] for i in range(0, len(text), size)]


def count_tokens(value: Any) -> int:
    """About a token for every four characters of the strings in a JSON value, at least one."""
    return max(1, _characters(value) // 4)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_characters(member) for member in obj(value).values())
    if isinstance(value, list):
        return sum(_characters(member) for member in array(value))
    return 0


def sample(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """A value that fits a JSON schema, the same one each time."""
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    schema = obj(schema)
    if "$ref" in schema:
        return sample(_resolve(str(schema["$ref"]), root), root, depth + 1)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return sample(schema[key][0], root, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next(iter(array(kind)), "string")
    return _sample_of(str(kind), schema, root, depth)


def _sample_of(kind: str, schema: Mapping[str, Any], root: Any, depth: int) -> Any:
    if kind == "object":
        wanted = schema.get("required")
        return {
            name: sample(sub, root, depth + 1)
            for name, sub in schema.get("properties", {}).items()
            if wanted is None or name in wanted
        }
    if kind == "array":
        return [sample(schema.get("items", {}), root, depth + 1) for _ in range(schema.get("minItems", 1))]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        return int(low) if kind == "integer" else float(low)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return _FORMATS.get(str(schema.get("format")), "text".ljust(int(schema.get("minLength", 4)), "."))


def _resolve(ref: str, root: Any) -> Any:
    node = root
    for part in ref.removeprefix("#").strip("/").split("/"):
        if part:
            node = obj(node).get(part)
    return node


_FORMATS = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "time": "12:00:00",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
