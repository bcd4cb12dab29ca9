"""Arguments for every method, answers for every operation: out of annotations and the API's description."""

from __future__ import annotations

import datetime
import inspect
import typing
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any

import typing_extensions

from oxide._codegen.intermediate import Facts
from oxide._codegen.spec import Description

EXTRAS = ("extra_headers", "extra_query", "extra_body", "timeout")
DEEP = 4

HOW = ("minimal", "maximal", "unknown", "nulls", "all null")
UNKNOWN = {"brand_new": {"deep": [1, None, "é"], "type": "brand_new"}}


def sample(annotation: Any, last: bool, depth: int = 0) -> Any:
    """A value of a type.

    Args:
        annotation: as `typing.get_type_hints` gives it.
        last: take the last alternative of a union, not the first; and the optional keys of objects.
        depth: how many objects it is inside of.
    """
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired):
        return sample(args[0], last, depth)
    if origin is typing.Literal:
        return args[-1 if last else 0]
    if origin is typing.Union or isinstance(annotation, UnionType):
        kinds = [a for a in args if getattr(a, "__name__", "") not in ("Omit", "NotGiven", "NoneType")]
        if bytes in kinds:
            # The official client refuses the references that its own types allow beside files.
            kinds = [a for a in kinds if not typing_extensions.is_typeddict(a)]
        return sample(kinds[-1 if last else 0], last, depth) if kinds else None
    if origin in (list, Iterable, Sequence) or (origin and origin.__name__ in ("SequenceNotStr", "Iterable")):
        return [sample(args[0], last, depth + 1)]
    if origin in (dict, Mapping):
        return {"a key é": sample(args[1], last, depth + 1)}
    if typing_extensions.is_typeddict(annotation):
        hints = typing_extensions.get_type_hints(annotation, include_extras=True)
        keys = annotation.__required_keys__ if depth > DEEP else hints
        return {key: sample(hints[key], last, depth + 1) for key in hints if key in keys}
    if isinstance(annotation, typing.TypeVar):
        return "t"
    if typing.IO in (origin, annotation) or annotation is bytes:
        return b"\0a file\r\n"
    if origin is tuple:
        return ('a "file".png', b"its content", "image/png", {"X-Own": "1"})[: len(args)]
    if annotation is datetime.datetime:
        return datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    samples: dict[Any, Any] = {str: "a/é b", int: 3, float: 0.5, bool: True}
    return samples.get(annotation, {"free": [1, None]})


def arguments(function: Any, facts: dict[str, Any], how: str) -> dict[str, Any]:
    """Keyword arguments of a method: what it requires, or everything with first or with last alternatives.

    Args:
        function: the official method.
        facts: what the generator knows about it.
        how: ``required``, ``first`` or ``last``.
    """
    inner = inspect.unwrap(function)
    hints = typing.get_type_hints(inner, include_extras=True)
    given: dict[str, Any] = {}
    headers = {which for _, kind, which in facts["headers"] if kind == "parameter"}
    needed = facts["required"][0] if facts["required"] else ()
    for name, parameter in inspect.signature(inner).parameters.items():
        if name in ("self", "stream", *EXTRAS):
            continue
        if how != "required" or parameter.default is parameter.empty or name in needed:
            value = sample(hints[name], how == "last")
            given[name] = "key-1" if name in headers and isinstance(value, str) else value
    return given


class Answers:
    """Makes answers out of schemas.

    Args:
        description: the API's.
        how: ``minimal`` has what is required and nothing more; ``maximal`` every member, in lists one item
            of every kind; ``unknown`` has members nobody knows as well, in every object; ``nulls`` has null
            wherever the schema allows it, ``all null`` also for everything that is not required.
    """

    def __init__(self, description: Description, how: str) -> None:
        self.description = description
        self.how = how

    def value(self, given: Any, inside: tuple[Any, ...] = (), needed: bool = True) -> Any:
        """A value a schema allows.

        Args:
            given: the schema.
            inside: names of the schemas it is part of.
            needed: whether the object it is a member of requires it.
        """
        schema = self.description.resolve(given)
        if self.how == "all null" and not needed:
            return None
        name = given["$ref"] if isinstance(given, dict) and "$ref" in given else None
        inside = (*inside, name) if name else inside
        every = self.kinds(schema)
        kinds = [k for k in every if k.get("type") != "null"]
        nullable = len(kinds) < len(every) or any(k.get("nullable") or "null" in listed(k) for k in kinds)
        if not kinds or (nullable and "null" in self.how):
            return None
        return self.plain(kinds[0], inside)

    def kinds(self, given: Any) -> list[Facts]:
        """The alternatives of a schema, each without alternatives of its own."""
        schema = self.description.resolve(given)
        parts: list[Facts] = [{k: v for k, v in schema.items() if k not in ("allOf", "anyOf", "oneOf")}]
        for part in schema.get("allOf", []):
            parts = [merged(a, b) for a in parts for b in self.kinds(part)]
        several = [
            k for part in (*schema.get("anyOf", []), *schema.get("oneOf", [])) for k in self.kinds(part)
        ]
        return [merged(a, b) for a in parts for b in several] if several else parts

    def plain(self, schema: Facts, inside: tuple[Any, ...]) -> Any:
        """A value of one alternative."""
        for key in ("const", "enum"):
            if key in schema:
                return schema[key] if key == "const" else schema[key][0]
        kind = schema.get(
            "type", "object" if "properties" in schema else "array" if "items" in schema else None
        )
        if isinstance(kind, list):
            kind = next(k for k in kind if k != "null")
        if kind == "array":
            return self.items(schema.get("items", {}), inside)
        if kind == "object":
            return self.object(schema, inside)
        if kind == "string":
            form = {"date-time": "2030-01-02T03:04:05Z", "date": "2030-01-02", "uri": "https://e.test/x"}
            return form.get(schema.get("format", ""), "a é\n")
        return {"integer": 3, "number": 0.5, "boolean": True}.get(kind)

    def items(self, schema: Any, inside: tuple[Any, ...]) -> list[Any]:
        if self.how in ("minimal", "all null") or len(inside) > DEEP:
            return []
        kinds = self.kinds(schema)
        shared = schema.get("$ref") if isinstance(schema, dict) else None
        if shared in inside:
            return []
        inside = (*inside, shared or "items")
        # One of every kind, but only where there are not many lists around it.
        return [self.plain(kind, inside) for kind in (kinds if len(inside) < DEEP else kinds[:1])]

    def object(self, schema: Facts, inside: tuple[Any, ...]) -> dict[str, Any]:
        required = schema.get("required", [])
        members = schema.get("properties", {})
        if self.how == "minimal" or len(inside) > 2 * DEEP:
            members = {name: part for name, part in members.items() if name in required}
        found = {
            name: self.value(part, inside, name in required)
            for name, part in members.items()
            if name in required or not (isinstance(part, dict) and part.get("$ref") in inside)
        }
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and self.how in ("maximal", "unknown"):
            found["own key"] = self.value(extra, inside)
        # Where a schema has no members of its own, it is a dictionary, whose values are all of one kind.
        return {**found, **UNKNOWN} if self.how == "unknown" and schema.get("properties") else found


def listed(schema: Facts) -> list[str]:
    """The types of a schema that lists several."""
    kind = schema.get("type")
    return kind if isinstance(kind, list) else []


def merged(one: Facts, other: Facts) -> Facts:
    """A schema that asks for what both ask for."""
    both = {**one, **other}
    if "properties" in one or "properties" in other:
        both["properties"] = {**one.get("properties", {}), **other.get("properties", {})}
        both["required"] = [*one.get("required", []), *other.get("required", [])]
    return both


def schema_of(annotation: Any, depth: int = 0) -> Facts:
    """A schema for an annotation of the official SDK, for what the API's description does not have."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return schema_of(args[0], depth)
    if origin is typing.Literal:
        return {"enum": list(args)}
    if origin is typing.Union or isinstance(annotation, UnionType):
        return {"anyOf": [schema_of(arg, depth) for arg in args]}
    if origin is list:
        return {"type": "array", "items": schema_of(args[0], depth)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(args[1], depth)}
    if hasattr(annotation, "model_fields"):
        if depth > DEEP:
            return {"type": "object"}
        fields = {f.alias or name: f for name, f in annotation.model_fields.items()}
        return {
            "type": "object",
            "properties": {name: schema_of(f.annotation, depth + 1) for name, f in fields.items()},
            "required": [name for name, f in fields.items() if f.is_required()],
        }
    if annotation is datetime.datetime:
        return {"type": "string", "format": "date-time"}
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    return {"type": names[annotation]} if annotation in names else {"type": "object"}
