"""Limits and defaults of request properties, out of the intermediate description."""

from __future__ import annotations

from typing import Any, cast

from .intermediate import Facts

_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "default")
_SCALARS = (str, int, float, bool)


class Description:
    """What the OpenAPI description says about the API.

    Args:
      facts: the intermediate description.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.schemas: Facts = facts["schemas"]

    def resolve(self, schema: Any) -> Facts:
        """The schema a reference leads to; ``{}`` for one that allows everything."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.schemas[str(cast(Facts, schema)["$ref"])]
        return cast(Facts, schema) if isinstance(schema, dict) else {}

    def limits(self, verb: str, path: str) -> dict[str, Facts]:
        """Limits and defaults by parameter name, of the body and the query of one operation."""
        operations = self.facts["operations"]
        operation = operations.get(f"{verb} {path}") or operations.get(f"{verb} {path.partition('?')[0]}")
        if operation is None:
            return {}
        found: dict[str, Facts] = {}
        for parameter in operation["parameters"]:
            self._note(found, parameter["name"], parameter)
        for schema in operation.get("body", {}).values():
            self._properties(found, schema)
        return found

    def _properties(self, found: dict[str, Facts], schema: Any) -> None:
        schema = self.resolve(schema)
        for part in schema.get("allOf", []):
            self._properties(found, part)
        for name, prop in schema.get("properties", {}).items():
            self._note(found, name, prop)

    def _note(self, found: dict[str, Facts], name: str, schema: Any) -> None:
        facts: Facts = {}
        self._collect(schema, facts, 0)
        if facts:
            found[name] = {**found.get(name, {}), **facts}

    def _collect(self, schema: Any, facts: Facts, depth: int) -> None:
        schema = self.resolve(schema)
        for key in _LIMITS:
            if isinstance(schema.get(key), _SCALARS):
                facts.setdefault(key, schema[key])
        branches = [b for b in schema.get("anyOf", schema.get("oneOf", [])) if b.get("type") != "null"]
        # Limits of one branch among several say nothing about the parameter.
        if len(branches) == 1 and depth < 4:
            self._collect(branches[0], facts, depth + 1)
        for part in schema.get("allOf", []):
            self._collect(part, facts, depth + 1)
