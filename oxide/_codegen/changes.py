"""What differs between two states of the facts, as lines a person reads.

``+`` came, ``-`` went, ``~`` is another one now. Members of what came or went as a whole are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from .config import CLIENT
from .intermediate import Facts

# (kind, name of the whole, name of the part) -> what it is
Entries = dict[tuple[str, str, str], object]

_SHAPE = ("type", "$ref", "format", "const", "default", "nullable", "deprecated")
_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "pattern")


def spec_changes(old: Facts, new: Facts) -> list[str]:
    """Operations, parameters, fields, values and limits in which two intermediate descriptions differ.

    Args:
      old: the description so far.
      new: the one to compare with it.

    Returns:
      Lines, sorted by what they are about; none when the two say the same.
    """
    return _lines(dict(_spec_entries(old)), dict(_spec_entries(new)))


def sdk_changes(old: Facts, new: Facts) -> list[str]:
    """Methods, parameters, types, fields and values in which two states of the SDK's facts differ.

    Args:
      old: the facts so far.
      new: those to compare with them.

    Returns:
      Lines, sorted by what they are about.
    """
    return _lines(dict(_sdk_entries(old)), dict(_sdk_entries(new)))


def _lines(old: Entries, new: Entries) -> list[str]:
    lines: list[tuple[str, str]] = []
    wholes = ({(k, w) for k, w, p in entries if not p} for entries in (old, new))
    before, after = ({w for _, w in found} for found in wholes)
    for key in sorted(old.keys() | new.keys()):
        kind, whole, part = key
        if part and not (whole in before and whole in after):
            continue
        name = f"{kind} {whole}{part}"
        if key not in old:
            lines.append((whole + part, f"+ {name}{_said(new[key])}"))
        elif key not in new:
            lines.append((whole + part, f"- {name}"))
        elif old[key] != new[key]:
            lines.append((whole + part, f"~ {name}: {_said_change(old[key], new[key])}"))
    return [line for _, line in sorted(lines)]


def _said(value: object) -> str:
    return f": {value}" if value not in (None, "", True) else ""


def _said_change(old: object, new: object) -> str:
    """Values that came and went, of annotations that differ in nothing else; else both in full."""
    value = r"'[^']*'"
    left, right = re.findall(value, str(old)), re.findall(value, str(new))
    bare = [re.sub(rf"(\s|,|{value})+", " ", str(text)) for text in (old, new)]
    if bare[0] == bare[1] and left != right:
        came = [f"+{v}" for v in right if v not in left]
        return ", ".join([*came, *(f"-{v}" for v in left if v not in right)]) or "another order"
    return f"{old} → {new}"


def _spec_entries(facts: Facts) -> Iterator[tuple[tuple[str, str, str], object]]:
    for name, operation in facts["operations"].items():
        yield ("operation", name, ""), operation["id"]
        if operation.get("deprecated"):
            yield ("deprecation of", name, " "), True
        for parameter in operation["parameters"]:
            place = f" {parameter['in']} {parameter['name']}"
            yield ("parameter", name, place), _shape(parameter)
            yield from _parts(parameter, name, place)
        for media, schema in operation.get("body", {}).items():
            yield ("body", name, f" {media}"), _shape(schema)
            yield from _parts(schema, name, f" {media} ")
        for media, schema in operation["answers"].items():
            yield ("answer", name, f" {media}"), _shape(schema)
            yield from _parts(schema, name, f" → {media} ")
    for name, content in facts["webhooks"].items():
        yield ("webhook", name, ""), ", ".join(_shape(s) for s in content.values())
    for name, schema in facts["schemas"].items():
        yield ("schema", name, ""), None
        yield from _parts(schema, name, "")


def _parts(given: Any, whole: str, place: str) -> Iterator[tuple[tuple[str, str, str], object]]:
    if not isinstance(given, dict):
        return
    schema = cast(Facts, given)
    for value in schema.get("enum", []):
        yield ("value", whole, f"{place} = {value!r}"), True
    for limit in _LIMITS:
        if limit in schema:
            yield (limit, whole, f"{place} "), schema[limit]
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        inner = f"{place}.{name}"
        needed = isinstance(required, list) and name in required
        yield ("field", whole, inner), _shape(part) + (", required" if needed else "")
        yield from _parts(part, whole, inner)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        yield from _parts(schema.get(key), whole, place + mark)
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, []):
            # Alternatives are known by what they are, not by their number: one more shifts no other.
            yield ("alternative", whole, f"{place}|{_shape(part)}"), True
            yield from _parts(part, whole, place)


def _shape(given: Any) -> str:
    if not isinstance(given, dict):
        return str(given)
    schema = cast(Facts, given)
    words = [f"{schema[k]}" if k in ("type", "$ref") else f"{k} {schema[k]}" for k in _SHAPE if k in schema]
    if "items" in schema:
        words.append(f"of {_shape(schema['items'])}")
    return " ".join(words)


def _sdk_entries(facts: Facts) -> Iterator[tuple[tuple[str, str, str], object]]:
    for resource in facts["resources"]:
        if (resource["module"], resource["name"]) == CLIENT:
            continue
        place = resource["module"].removeprefix("resources.") + "." + resource["name"]
        yield ("resource", place, ""), None
        for child, *_ in resource["children"]:
            yield ("resource", place, f".{child}"), None
        for method in resource["methods"]:
            name = f"{place}.{method['name']}"
            yield ("method", name, ""), f"{method.get('verb', '')} {method.get('path', '')}".strip()
            yield ("overloads of", name, " "), len(method["overloads"])
            yield ("result of", name, " "), method["returns"]
            for parameter, _, annotation, default in method["params"]:
                yield ("parameter", name, f"({parameter})"), f"{annotation} = {default}"
    for module, described in facts["types"].items():
        for item in described["body"]:
            name = f"{module}.{item[1]}"
            if item[0] == "class":
                yield ("type", name, ""), None
                for field, annotation, _ in item[4]:
                    yield ("field", name, f".{field}"), annotation
            else:
                yield ("type", name, ""), item[3]
