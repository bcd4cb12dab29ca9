"""JSON schemas as the API wants them: strict ones, and plain ones for servers that refuse keywords.

Pure functions: what is given is never changed, and the order of keys is kept, because the order of a schema's
properties is the order in which a model answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from ._strict import check_strict, kinds_of, place
from .errors import SchemaError

__all__ = ["check_strict", "ensure_strict", "normalize_tool_schema"]

Schema = dict[str, Any]

# Where schemas sit inside a schema: in a map of them, in a list of them, or alone. Everything else is a
# value: a property, a definition or an enum value may be called like a keyword.
_MAPS = frozenset(("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"))
_LISTS = frozenset(("anyOf", "allOf", "oneOf", "prefixItems"))
_SINGLE = frozenset(
    (
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)

UNKNOWN_TO_MANY = frozenset(
    (
        "$id",
        "$schema",
        "additionalProperties",
        "const",
        "contains",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "default",
        "dependentRequired",
        "dependentSchemas",
        "discriminator",
        "else",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "maxContains",
        "minContains",
        "multipleOf",
        "not",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "readOnly",
        "then",
        "title",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
        "writeOnly",
    )
)
"""Keywords that servers with an OpenAPI 3.0 subset of JSON Schema refuse in tools."""


def ensure_strict(schema: Mapping[str, Any]) -> Schema:
    """The schema with what strict mode demands filled in.

    Objects are closed (`additionalProperties: false`) and require all their properties, a `$ref` that has
    other keywords beside it is replaced by what it names, an `allOf` of one schema and a None `default` go,
    and `oneOf` with its `discriminator` becomes `anyOf`. Whether the API takes it, :func:`check_strict` says.

    Args:
      schema: a JSON schema, for instance `Model.model_json_schema()`.

    Returns:
      A new schema.

    Raises:
      SchemaError: a `$ref` leads nowhere or out of the schema, or is inlined into itself.
      TypeError: something is not a mapping where a schema belongs.

    Source: https://json-schema.org, and the official SDK's schemas, which these equal but for `oneOf`.
    """
    return _Strict(schema).schema(schema, ())


class _Strict:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def schema(self, given: object, path: tuple[str, ...], inside: tuple[str, ...] = ()) -> Schema:
        """`inside` are the references being written out where this schema stands."""
        if not isinstance(given, Mapping):
            raise TypeError(f"a JSON schema is a mapping; {place(path)} is {given!r}")
        out = dict(cast("Mapping[str, Any]", given))
        if "default" in out and out["default"] is None:
            del out["default"]
        if len(out) > 1 and "$ref" in out:
            return self.inline(out, path, inside)
        for name in ("$defs", "definitions"):
            if isinstance(out.get(name), Mapping):
                out[name] = {k: self.schema(v, (*path, name, k)) for k, v in out[name].items()}
        if "object" in kinds_of(out) and "additionalProperties" not in out:
            out["additionalProperties"] = False
        properties = out.get("properties")
        if isinstance(properties, Mapping):
            members = cast("Mapping[str, Any]", properties)
            out["required"] = list(members)
            out["properties"] = {
                k: self.schema(v, (*path, "properties", k), inside) for k, v in members.items()
            }
        if isinstance(out.get("items"), Mapping):
            out["items"] = self.schema(out["items"], (*path, "items"), inside)
        if isinstance(out.get("oneOf"), list) and "anyOf" not in out:
            out = {("anyOf" if k == "oneOf" else k): v for k, v in out.items() if k != "discriminator"}
        if isinstance(out.get("anyOf"), list):
            out["anyOf"] = [
                self.schema(v, (*path, "anyOf", str(i)), inside) for i, v in enumerate(out["anyOf"])
            ]
        if isinstance(out.get("allOf"), list):
            every = [self.schema(v, (*path, "allOf", str(i)), inside) for i, v in enumerate(out["allOf"])]
            if len(every) == 1:
                del out["allOf"]
                out.update(every[0])
            else:
                out["allOf"] = every
        return out

    def inline(self, out: Schema, path: tuple[str, ...], inside: tuple[str, ...]) -> Schema:
        reference = out.pop("$ref")
        if reference in inside:
            raise SchemaError(
                f"{place(path)}: {reference} holds itself beside other keywords and cannot be written out; "
                "take the description or default off that field",
                path=place(path),
                rule="$ref",
            )
        # What stands beside the reference wins over what it names.
        named = {k: v for k, v in self.find(reference, path).items() if k not in out}
        return self.schema({**out, **named}, path, (*inside, reference))

    def find(self, reference: object, path: tuple[str, ...]) -> Mapping[str, Any]:
        found: Any = self.root
        if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
            for part in reference[2:].split("/") if reference != "#" else ():
                name = part.replace("~1", "/").replace("~0", "~")
                found = cast("Any", found.get(name)) if isinstance(found, Mapping) else None
            if isinstance(found, Mapping):
                return cast("Mapping[str, Any]", found)
        raise SchemaError(
            f"{place(path)}: $ref {reference!r} names no schema in this one; "
            "write it as '#/$defs/Name' and define it there",
            path=place(path),
            rule="$ref",
        )


def normalize_tool_schema(
    schema: Mapping[str, Any], *, drop: Iterable[str] = UNKNOWN_TO_MANY, inline_refs: bool = True
) -> Schema:
    """The schema without the keywords some servers refuse.

    Only keywords go: a parameter called `format` or `title` stays. A dropped `const` becomes an `enum` of one
    value, a dropped `oneOf` an `anyOf`, dropped `prefixItems` become `items` of any of them; `allOf` of one
    schema is merged.

    Args:
      schema: the parameters of a tool.
      drop: the keywords to take out; by default those that an OpenAPI 3.0 subset of JSON Schema lacks.
      inline_refs: write out what each `$ref` names, and take `$defs` away.

    Returns:
      A new schema.

    Raises:
      SchemaError: a `$ref` leads nowhere, or a schema holds itself and so cannot be written out.
      TypeError: `drop` is one string.
    """
    if isinstance(drop, str):
        raise TypeError(f"drop takes keywords, for instance ({drop!r},)")
    dropped = frozenset(drop)
    find = _Strict(schema).find
    open_references: list[str] = []

    def walk(given: Any, path: tuple[str, ...]) -> Any:
        if not isinstance(given, Mapping):
            return given
        known = dict(cast("Mapping[str, Any]", given))
        if inline_refs and "$ref" in known:
            reference = known.pop("$ref")
            if reference in open_references:
                raise SchemaError(
                    f"{place(path)}: {reference} holds itself and cannot be written out; "
                    "pass inline_refs=False, or give the tool a schema that ends",
                    path=place(path),
                    rule="$ref",
                )
            open_references.append(reference)
            try:
                return walk({**find(reference, path), **known}, path)
            finally:
                open_references.pop()
        if isinstance(known.get("allOf"), list) and len(known["allOf"]) == 1:
            known = {**known["allOf"][0], **{k: v for k, v in known.items() if k != "allOf"}}
            return walk(known, path)
        if "const" in known and "const" in dropped:
            known.setdefault("enum", [known["const"]])
        if "oneOf" in known and "oneOf" in dropped:
            known.setdefault("anyOf", known["oneOf"])
            known.pop("discriminator", None)
        if "prefixItems" in known and "prefixItems" in dropped:
            places = [
                place for n, place in enumerate(known["prefixItems"]) if place not in known["prefixItems"][:n]
            ]
            known["items"] = places[0] if len(places) == 1 else {"anyOf": places}
        # A discriminator names definitions, too.
        inlined = frozenset(("$defs", "definitions", "discriminator")) if inline_refs else frozenset[str]()
        gone = dropped | inlined
        return {k: _inside(k, v, path, walk) for k, v in known.items() if k not in gone}

    return cast("Schema", walk(schema, ()))


def _inside(
    keyword: str, value: object, path: tuple[str, ...], walk: Callable[[Any, tuple[str, ...]], Any]
) -> Any:
    if keyword in _MAPS and isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {k: walk(v, (*path, keyword, k)) for k, v in members.items()}
    # The `items` of older drafts: one schema for each place of a tuple.
    if (keyword in _LISTS or keyword == "items") and isinstance(value, list):
        return [walk(v, (*path, keyword, str(i))) for i, v in enumerate(cast("list[object]", value))]
    if keyword in _SINGLE:
        return walk(value, (*path, keyword))
    return value
