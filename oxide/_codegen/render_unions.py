"""The table of long tagged unions, so that a member is imported when an object with its tag comes."""

from __future__ import annotations

import re
from typing import Any

from .extract import Facts
from .render_types import MARK, deferred, defining, target_module

# Of shorter unions the members cost less than knowing their tags.
_LONG = 8
_UNION = re.compile(r"Annotated\[Union\[([\w, ]+)\], PropertyInfo\(discriminator=['\"](\w+)['\"]\)\]")
_LITERAL = re.compile(r"(?:typing_extensions\.)?Literal\[((?:['\"][^'\"]+['\"](?:, )?)+)\]")


def module(types: Facts, resources: list[Facts]) -> dict[str, str]:
    """Oxide module → source text, not yet formatted, of the table.

    Args:
      types: facts of every type module.
      resources: facts of every resource: their streams are of unions too.
    """
    rows: list[str] = []
    methods = [method for entry in resources for method in entry["methods"]]
    streamed = {str(method.get("stream_cls")).partition("[")[2][:-1] for method in methods}
    wanted = set[tuple[str, str]]().union(*(deferred(types, facts) for facts in types.values()))
    defined = {(module, item[1]) for module, facts in types.items() for item in facts["body"]}
    for name, alias in sorted((m, n) for m, n in defined if (m, n) in wanted or n in streamed):
        item = next(item for item in types[name]["body"] if item[1] == alias)
        found = _tagged(types, name, item[3]) if item[0] == "alias" else None
        if found is not None:
            tag, members = found
            pairs = "".join(f"            {value!r}: {place!r},\n" for value, place in members.items())
            rows.append(f"    '{target_module(name)}:{alias}': ({tag!r}, {{\n{pairs}        }}),\n")
    text = (
        f'{MARK}\n"""Long unions whose members a tag tells apart: the tag, the members by its value."""\n\n'
        f"UNIONS: dict[str, tuple[str, dict[str, str]]] = {{\n{''.join(rows)}}}\n"
    )
    return {"oxide.types._unions": text}


def _tagged(types: Facts, module: str, value: str) -> tuple[str, dict[str, str]] | None:
    """The tag of a union and its members by their tags; None unless each is a model with a tag of its own."""
    union = _UNION.fullmatch(value)
    if union is None:
        return None
    names, tag = union[1].split(", "), union[2]
    if len(names) < _LONG:
        return None
    members: dict[str, str] = {}
    for name in names:
        place, item = _found(types, module, name)
        literal = None if item is None else _LITERAL.fullmatch(_annotation(types, place, item, tag))
        values: list[str] = re.findall(r"['\"]([^'\"]+)['\"]", literal[1]) if literal is not None else []
        if not values or not members.keys().isdisjoint(values):
            return None
        members.update(dict.fromkeys(values, f"{target_module(place)}:{name}"))
    return tag, members


def _found(types: Facts, module: str, name: str) -> tuple[str, list[Any] | None]:
    """Where a name that a module uses is defined, and what is known of it; None unless it is a class."""
    for source, original, alias in types[module]["imports"]:
        if (alias or original) == name:
            module, name = defining(types, source, original)
            break
    items: list[list[Any]] = types[module]["body"] if module in types else []
    return module, next((item for item in items if item[:2] == ["class", name]), None)


def _annotation(types: Facts, module: str, item: list[Any], field: str) -> str:
    """The annotation of a plain field, which a base may have; empty where there is none."""
    _, _, bases, _, fields, *_ = item
    for name, annotation, default in fields:
        if name == field:
            return "" if "alias=" in (default or "") else str(annotation)
    for base in bases:
        place, facts = _found(types, module, base)
        inherited = "" if facts is None else _annotation(types, place, facts, field)
        if inherited:
            return inherited
    return ""
