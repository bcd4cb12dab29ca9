"""What the API takes of a strict schema; what it would refuse is refused here, by field and rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast

from .errors import SchemaError

__all__ = ["FORMATS", "REFUSED_IN_STRICT", "check_strict", "kinds_of", "place"]

REFUSED_IN_STRICT = frozenset(
    (
        "allOf",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "maxContains",
        "maxProperties",
        "minContains",
        "minProperties",
        "not",
        "oneOf",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
    )
)
"""Keywords a strict schema may not hold."""

FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
"""What the `format` of a string may be in a strict schema."""

MAX_PROPERTIES = 5_000
MAX_DEPTH = 10
MAX_ENUM_VALUES = 1_000
MAX_NAMES = 120_000
MAX_LONG_ENUM = 15_000
LONG_ENUM = 250

# An escaped character, a set of characters, or the beginning of a look-around; only the last is a group.
_LOOK_AROUND = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|(\(\?<?[=!])", re.DOTALL)


def check_strict(schema: Mapping[str, Any]) -> None:
    """Refuse what the API would refuse of a strict schema.

    Args:
      schema: a schema, usually what :func:`oxide.schema.ensure_strict` returned.

    Raises:
      SchemaError: with the field and the rule: the root is not an object; an object allows other keys, or
        requires others than it has; a field has no type; a keyword, a string's format or a pattern with
        look-around is not supported; a reference has other keywords beside it, or names no definition at the
        root; there are more than 5,000 properties, 10 levels (objects written out within one another: a
        reference begins anew), 1,000 enum values or 120,000 characters in names and values.
      TypeError: it is no mapping.

    Source: the API's guide to structured outputs, supported schemas; and what its errors name besides.
    """
    if not isinstance(cast("object", schema), Mapping):
        raise TypeError(f"a JSON schema is a mapping; this one is {schema!r}")
    if schema.get("type") != "object" or "anyOf" in schema:
        what = "a union" if "anyOf" in schema else f"of type {schema.get('type')!r}"
        raise SchemaError(
            f"the root of a strict schema is an object, this one is {what}; "
            "put it into a field of a model, for instance `class Answer(BaseModel): value: ...`",
            path="",
            rule="root",
        )
    check = _Check(schema)
    check.schema(schema, (), 1)
    check.limits()


class _Check:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.references = {"#"} | {
            f"#/{name}/{key.replace('~', '~0').replace('/', '~1')}"
            for name in ("$defs", "definitions")
            for key in cast("Mapping[str, Any]", root.get(name, {}))
        }
        self.properties = self.enum_values = self.characters = self.depth = 0

    def schema(self, schema: object, path: tuple[str, ...], depth: int) -> None:
        if not isinstance(schema, Mapping):
            self.refuse(path, "schema", f"{schema!r} is not a schema")
        known = cast("Mapping[str, Any]", schema)
        for keyword in known:
            if keyword in REFUSED_IN_STRICT:
                self.refuse(path, keyword, _WHY.get(keyword, f"`{keyword}` is not supported"))
        if "$ref" in known:
            self.reference(known, path)
            return
        kinds = kinds_of(known)
        if not kinds and "anyOf" not in known:
            self.refuse(path, "type", _NO_TYPE[bool(known.keys() & {"enum", "const"})])
        if "object" in kinds:
            self.object(known, path)
        if "array" in kinds and not isinstance(known.get("items"), Mapping):
            self.refuse(path, "items", "a list has to say what is in it, for instance `list[str]`")
        if "string" in kinds:
            self.text(known, path)
        self.values(known, path)
        self.depth = max(self.depth, depth if "object" in kinds else 0)
        for name in ("$defs", "definitions"):
            defined = self.members(known, name, path)
            self.characters += sum(map(len, defined))
            for key, inner in defined.items():
                self.schema(inner, (*path, name, key), 1)
        below = depth + ("object" in kinds)
        for key, inner in self.members(known, "properties", path).items():
            self.schema(inner, (*path, "properties", key), below)
        if "items" in known:
            self.schema(known["items"], (*path, "items"), below)
        for number, inner in enumerate(_listed(known.get("anyOf"))):
            self.schema(inner, (*path, "anyOf", str(number)), depth)

    def members(self, schema: Mapping[str, Any], name: str, path: tuple[str, ...]) -> Mapping[str, Any]:
        found: object = schema.get(name, {})
        if not isinstance(found, Mapping):
            self.refuse(path, name, f"`{name}` maps names to schemas, here it is {found!r}")
        return cast("Mapping[str, Any]", found)

    def reference(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
        beside = [keyword for keyword in schema if keyword != "$ref"]
        if beside:
            self.refuse(
                path,
                "$ref",
                f"beside a reference nothing may stand, and here {', '.join(beside)} does: pass the schema "
                "through `oxide.schema.ensure_strict`, which writes out what it names",
            )
        if schema["$ref"] not in self.references:
            self.refuse(
                path,
                "$ref",
                f"{schema['$ref']!r} names none of the definitions at the root: put it into `$defs`",
            )

    def object(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
        properties = self.members(schema, "properties", path)
        if schema.get("additionalProperties") is not False:
            self.refuse(
                path,
                "additionalProperties",
                "it takes any key, and strict objects take only those they name: use a model, or a list of "
                "key and value",
            )
        required = _listed(schema.get("required"))
        optional = [name for name in properties if name not in required]
        if optional:
            self.refuse(
                path, "required", f"{', '.join(optional)} is not required: make it `... | None` instead"
            )
        unknown = [name for name in required if name not in properties]
        if unknown:
            self.refuse(
                path, "required", f"it requires {', '.join(map(str, unknown))}, and has no such property"
            )
        self.properties += len(properties)
        self.characters += sum(map(len, properties))

    def text(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
        format = schema.get("format", FORMATS[0])
        if format not in FORMATS:
            self.refuse(
                path,
                "format",
                f"the format {format!r} is none of {', '.join(FORMATS)}: use `str` without one",
            )
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and any(found[1] for found in _LOOK_AROUND.finditer(pattern)):
            self.refuse(
                path,
                "pattern",
                f"look-around is not supported, and {pattern!r} has some: write it without",
            )

    def values(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
        values = _listed(schema.get("enum"))
        texts = [v for v in (*values, schema.get("const")) if isinstance(v, str)]
        size = sum(map(len, texts))
        self.enum_values += len(values)
        self.characters += size
        if len(values) > LONG_ENUM and size > MAX_LONG_ENUM:
            self.refuse(
                path,
                "enum",
                f"its {len(values)} values have {size:,} characters; more than {LONG_ENUM} values may have "
                f"{MAX_LONG_ENUM:,}",
            )

    def limits(self) -> None:
        for rule, found, limit in (
            ("properties", self.properties, MAX_PROPERTIES),
            ("levels of nesting", self.depth, MAX_DEPTH),
            ("enum values", self.enum_values, MAX_ENUM_VALUES),
            ("characters in names and values", self.characters, MAX_NAMES),
        ):
            if found > limit:
                self.refuse((), rule, f"{found:,} {rule}, the API takes {limit:,}")

    def refuse(self, path: tuple[str, ...], rule: str, why: str) -> NoReturn:
        raise SchemaError(f"{place(path)} cannot be in a strict schema: {why}", path=place(path), rule=rule)


_NO_TYPE = {
    False: "it has no type: `Any` and `object` cannot be asked for, name what it may be",
    True: "its values have no type: say `type` beside them, and make values of several types, as in "
    "`Literal['a', 1]`, a union with one member for each",
}

_WHY = {
    "prefixItems": "a tuple has places, not names: use a model with a field for each place",
    "oneOf": "`oneOf` is not supported: use `anyOf`, or pass the schema through `oxide.schema.ensure_strict`",
    "patternProperties": "its keys are free: use a model, or a list of key and value",
    "uniqueItems": "`uniqueItems` is not supported, and a set has it: use `list[...]`",
}


def kinds_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types a schema names: of one, of several, or of none.

    Args:
      schema: a JSON schema.
    """
    kind: object = schema.get("type")
    return (kind,) if isinstance(kind, str) else tuple(_listed(kind))


def _listed(value: object) -> list[Any]:
    return [*cast("Iterable[Any]", value)] if isinstance(value, list) else []


def place(path: tuple[str, ...]) -> str:
    """The way to a schema as one writes it in Python: ``Model.field[].other``.

    Args:
      path: the keywords and names that lead to it.
    """
    text = ""
    parts = iter(path)
    for part in parts:
        if part in ("$defs", "definitions"):
            text = next(parts)
        elif part == "properties":
            text += f".{next(parts)}" if text else next(parts)
        elif part == "items":
            text += "[]"
        elif part in ("anyOf", "allOf", "oneOf"):
            next(parts)
    return text or "the schema"
