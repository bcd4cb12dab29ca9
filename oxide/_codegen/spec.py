"""Facts from the OpenAPI description: limits and defaults of request properties. No prose is read."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

_LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "default")
_SCALARS = (str, int, float, bool)


class Description:
    """An OpenAPI document.

    Args:
      path: the JSON file, gzipped or not.
    """

    def __init__(self, path: Path) -> None:
        raw = path.read_bytes()
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self.document: dict[str, Any] = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        self.version = str(self.document["info"]["version"])

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema a ``$ref`` leads to."""
        while "$ref" in schema:
            node: Any = self.document
            for part in schema["$ref"].lstrip("#/").split("/"):
                node = node[part]
            schema = node
        return schema

    def limits(self, verb: str, path: str) -> dict[str, dict[str, Any]]:
        """Limits and defaults by parameter name, of the body and the query of one operation."""
        operation = self.document["paths"].get(path.partition("?")[0], {}).get(verb.lower())
        if operation is None:
            return {}
        found: dict[str, dict[str, Any]] = {}
        for parameter in operation.get("parameters", []):
            parameter = self.resolve(parameter)
            self._note(found, parameter["name"], parameter.get("schema", {}))
        for media in operation.get("requestBody", {}).get("content", {}).values():
            self._properties(found, media.get("schema", {}))
        return found

    def _properties(self, found: dict[str, dict[str, Any]], schema: dict[str, Any]) -> None:
        schema = self.resolve(schema)
        for part in schema.get("allOf", []):
            self._properties(found, part)
        for name, prop in schema.get("properties", {}).items():
            self._note(found, name, prop)

    def _note(self, found: dict[str, dict[str, Any]], name: str, schema: dict[str, Any]) -> None:
        facts: dict[str, Any] = {}
        self._collect(schema, facts, 0)
        if facts:
            found[name] = {**found.get(name, {}), **facts}

    def _collect(self, schema: dict[str, Any], facts: dict[str, Any], depth: int) -> None:
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
