"""The OpenAPI description reduced to what generation and the coverage test need: no prose, no examples.

A schema keeps its shape (types, members, alternatives, limits, defaults) and refers to others by bare name:
``{"$ref": "Response"}``. Operations are keyed by verb and path: ``"POST /responses"``.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any, cast

Facts = dict[str, Any]

SPEC_FILE = Path(__file__).with_name("openapi.json")

_VERBS = ("get", "put", "post", "patch", "delete")
_KEPT = (
    *("type", "enum", "const", "format", "default", "nullable", "deprecated", "required"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern"),
    *("minLength", "maxLength", "minItems", "maxItems", "maxProperties"),
)
_LISTS = ("anyOf", "oneOf", "allOf")


def read(path: Path) -> tuple[Facts, str]:
    """The document in a file, and the SHA-256 of the file's bytes (unpacked).

    Args:
      path: JSON or YAML, gzipped or not.

    Raises:
      RuntimeError: the file is YAML and PyYAML is not installed.
      ValueError: what is in the file is no OpenAPI description.
    """
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    try:
        document = json.loads(raw)
    except ValueError:
        document = _yaml(raw)
    if not isinstance(document, dict) or "paths" not in document:
        raise ValueError(f"{path.name} is no OpenAPI description: it has no paths")
    return cast(Facts, document), hashlib.sha256(raw).hexdigest()


def _yaml(raw: bytes) -> Any:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ModuleNotFoundError as missing:
        raise RuntimeError("reading YAML needs PyYAML; run: pip install pyyaml") from missing
    return yaml.load(raw, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def reduced(document: Facts, sha256: str) -> Facts:
    """The intermediate description of a document.

    Args:
      document: as `read` gives it.
      sha256: of the file it was in.
    """
    operations: Facts = {}
    for path, item in document["paths"].items():
        for verb in _VERBS:
            if verb in item:
                shared = item.get("parameters", [])
                operations[f"{verb.upper()} {path}"] = _operation(document, item[verb], shared)
    webhooks = {name: _body(document, item["post"]) for name, item in document.get("webhooks", {}).items()}
    components = document.get("components", {})
    return {
        "version": str(document["info"]["version"]),
        "sha256": sha256,
        "operations": dict(sorted(operations.items())),
        "webhooks": dict(sorted(webhooks.items())),
        "schemas": {name: schema(s, name) for name, s in sorted(components.get("schemas", {}).items())},
    }


def _operation(document: Facts, item: Facts, shared: list[Facts]) -> Facts:
    facts: Facts = {"id": item.get("operationId", "")}
    if item.get("deprecated"):
        facts["deprecated"] = True
    if any("AdminApiKeyAuth" in way for way in item.get("security", [])):
        facts["admin"] = True
    parameters = [_component(document, p) for p in [*shared, *item.get("parameters", [])]]
    facts["parameters"] = [
        {"name": p["name"], "in": p["in"], "required": bool(p.get("required")), **schema(p.get("schema", {}))}
        for p in parameters
    ]
    if "requestBody" in item:
        facts["body"] = _body(document, item)
    answers: Facts = {}
    for status, answer in item.get("responses", {}).items():
        # What a status of 400 and above carries becomes an exception, not a model.
        if str(status).startswith("2"):
            answers.update(_content(_component(document, answer)))
    facts["answers"] = answers
    return facts


def _body(document: Facts, item: Facts) -> Facts:
    return _content(_component(document, item.get("requestBody", {})))


def _content(holder: Facts) -> Facts:
    return {media: schema(c.get("schema", {})) for media, c in holder.get("content", {}).items()}


def _component(document: Facts, item: Facts) -> Facts:
    """What a reference to a shared parameter, body or answer leads to."""
    while "$ref" in item:
        node: Any = document
        for part in item["$ref"].removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        item = node
    return item


def schema(given: Any, name: str = "") -> Any:
    """A schema without its prose.

    Args:
      given: as the description has it; ``True`` and ``False`` are schemas too.
      name: of the shared schema it is part of; what refers to its own anchor means that one.
    """
    if not isinstance(given, dict):
        return given
    item = cast(Facts, given)
    if "$ref" in item:
        return {"$ref": item["$ref"].rpartition("/")[2]}
    if "$recursiveRef" in item:
        return {"$ref": name}
    facts: Facts = {key: item[key] for key in _KEPT if key in item}
    for key in ("nullable", "deprecated", "required"):
        if not facts.get(key, True):
            del facts[key]
    if "properties" in item:
        facts["properties"] = {member: schema(part, name) for member, part in item["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in item:
            facts[key] = schema(item[key], name)
    for key in _LISTS:
        if key in item:
            facts[key] = [schema(part, name) for part in item[key]]
    if "propertyName" in item.get("discriminator", {}):
        facts["discriminator"] = item["discriminator"]["propertyName"]
    return facts


def dump(facts: Facts) -> str:
    """The description as text: one line an operation or schema, so that a diff names what changed."""
    sections: list[str] = []
    for key, value in facts.items():
        if isinstance(value, dict):
            rows = ",\n".join(
                f"  {_compact(name)}: {_compact(part)}" for name, part in cast(Facts, value).items()
            )
            sections.append(f"{_compact(key)}: {{\n{rows}\n }}")
        else:
            sections.append(f"{_compact(key)}: {_compact(value)}")
    return "{\n " + ",\n ".join(sections) + "\n}\n"


def load() -> Facts:
    """The committed intermediate description.

    Raises:
      FileNotFoundError: there is none yet; run ``python -m oxide._codegen sync --spec openapi.json``.
    """
    facts: Facts = json.loads(SPEC_FILE.read_text("utf-8"))
    return facts


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
