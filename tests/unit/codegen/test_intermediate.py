"""The OpenAPI description as it is committed: shapes and limits, no prose; and what changed in it."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from oxide._codegen import __main__ as command
from oxide._codegen import changes, facts, intermediate, sync
from oxide._codegen.spec import Description

PROSE = "A sentence nobody may find again."
THING, TREE = ({"$ref": f"#/components/schemas/{name}"} for name in ("Thing", "Tree"))
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"version": "9.1", "description": PROSE},
    "paths": {
        "/things/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "post": {
                "operationId": "changeThing",
                "summary": PROSE,
                "deprecated": True,
                "security": [{"AdminApiKeyAuth": []}],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "default": 0}}],
                "requestBody": {
                    "description": PROSE,
                    "content": {"application/json": {"schema": THING}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": TREE}}},
                    "400": {"content": {"application/json": {"schema": {"type": "object"}}}},
                },
            },
        }
    },
    "webhooks": {
        "thing_done": {
            "post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
        }
    },
    "components": {
        "parameters": {
            "Id": {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "maxLength": 64},
            }
        },
        "schemas": {
            "Thing": {
                "type": "object",
                "description": PROSE,
                "title": PROSE,
                "required": ["description"],
                "properties": {
                    # A member may have the name of a keyword.
                    "description": {"type": "string", "description": PROSE, "example": PROSE, "minLength": 1},
                    "mode": {"enum": ["a", "b"], "default": "a"},
                    "open": {"type": "object", "additionalProperties": False, "nullable": False},
                    "count": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                },
            },
            "Tree": {"properties": {"children": {"items": {"$recursiveRef": "#"}}}},
        },
    },
}


def described(document: dict[str, Any]) -> dict[str, Any]:
    return intermediate.reduced(document, "0" * 64)


def test_what_is_kept() -> None:
    found = described(DOCUMENT)
    assert PROSE not in intermediate.dump(found)
    assert json.loads(intermediate.dump(found)) == found
    assert (found["version"], found["sha256"]) == ("9.1", "0" * 64)
    assert found["operations"] == {
        "POST /things/{id}": {
            "id": "changeThing",
            "deprecated": True,
            "admin": True,
            "parameters": [
                {"name": "id", "in": "path", "required": True, "type": "string", "maxLength": 64},
                {"name": "limit", "in": "query", "required": False, "type": "integer", "default": 0},
            ],
            "body": {"application/json": {"$ref": "Thing"}},
            "answers": {"application/json": {"$ref": "Tree"}},
        }
    }
    assert found["webhooks"] == {"thing_done": {"application/json": {"type": "object"}}}
    assert found["schemas"]["Thing"]["properties"] == {
        "description": {"type": "string", "minLength": 1},
        "mode": {"enum": ["a", "b"], "default": "a"},
        "open": {"type": "object", "additionalProperties": False},
        "count": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
    }
    assert found["schemas"]["Tree"] == {"properties": {"children": {"items": {"$ref": "Tree"}}}}


def test_limits_of_an_operation() -> None:
    assert Description(described(DOCUMENT)).limits("POST", "/things/{id}") == {
        "id": {"maxLength": 64},
        "limit": {"default": 0},
        "description": {"minLength": 1},
        "mode": {"default": "a"},
        "count": {"minimum": 0},
    }


@pytest.mark.parametrize("name", ["d.json", "d.yaml", "d.json.gz", "d.yaml.gz"])
def test_files_a_description_comes_in(tmp_path: Path, name: str) -> None:
    raw = (json.dumps(DOCUMENT) if "json" in name else yaml.safe_dump(DOCUMENT)).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    assert intermediate.read(path) == (DOCUMENT, hashlib.sha256(raw).hexdigest())


def test_a_file_that_is_no_description(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("[1]")
    with pytest.raises(ValueError, match=r"other\.json is no OpenAPI description"):
        intermediate.read(path)


def test_changes_of_a_description() -> None:
    new = copy.deepcopy(DOCUMENT)
    thing = new["components"]["schemas"]["Thing"]
    thing["properties"]["mode"]["enum"] = ["a", "c"]
    thing["properties"]["count"]["anyOf"][0]["minimum"] = 1
    thing["properties"]["size"] = {"type": "integer"}
    del thing["properties"]["open"]
    thing["required"] = []
    new["components"]["schemas"]["Fresh"] = {"properties": {"x": {"type": "string"}}}
    new["paths"]["/things"] = {"get": {"operationId": "listThings", "responses": {}}}
    new["paths"]["/things/{id}"]["post"]["parameters"] = []
    assert changes.spec_changes(described(DOCUMENT), described(DOCUMENT)) == []
    assert changes.spec_changes(described(DOCUMENT), described(new)) == [
        "+ schema Fresh",
        "+ operation GET /things: listThings",
        "- parameter POST /things/{id} query limit",
        "~ minimum Thing.count : 0 → 1",
        "~ field Thing.description: string, required → string",
        "- value Thing.mode = 'b'",
        "+ value Thing.mode = 'c'",
        "- field Thing.open",
        "+ field Thing.size: integer",
    ]


def test_changes_of_the_sdk() -> None:
    old = facts.load()
    new = copy.deepcopy(old)
    (place,) = [r for r in new["resources"] if r["module"] == "resources.models"]
    place["methods"] = [m for m in place["methods"] if m["name"] != "delete"]
    (retrieve,) = [m for m in place["methods"] if m["name"] == "retrieve"]
    retrieve["params"].insert(1, ["fresh", "keyword", "str | Omit", "omit"])
    (model,) = [item for item in new["types"]["types.batch"]["body"] if item[1] == "Batch"]
    model[4].append(["fresh", "Optional[str]", "None"])
    (status,) = [f for f in model[4] if f[0] == "status"]
    status[1] = status[1].replace("'cancelled'", "'called_off'")
    assert changes.sdk_changes(old, old) == []
    assert changes.sdk_changes(old, new) == [
        "- method models.AsyncModels.delete",
        "+ parameter models.AsyncModels.retrieve(fresh): str | Omit = omit",
        "+ field types.batch.Batch.fresh: Optional[str]",
        "~ field types.batch.Batch.status: +'called_off', -'cancelled'",
    ]


def test_the_committed_description_is_what_is_pinned() -> None:
    found, pinned = intermediate.load(), facts.load()
    assert intermediate.dump(found) == intermediate.SPEC_FILE.read_text("utf-8")
    assert pinned["spec"] == {"version": found["version"], "sha256": found["sha256"]}
    assert intermediate.SPEC_FILE.stat().st_size < 1 << 20


def test_diff_and_check_name_what_drifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = intermediate.load()
    found["schemas"]["Batch"]["properties"]["brand_new"] = {"type": "string"}
    path = tmp_path / "spec.json"
    path.write_text("{}")
    monkeypatch.setattr(intermediate, "read", lambda _: ({}, ""))
    monkeypatch.setattr(intermediate, "reduced", lambda *_: found)
    # Rendering and formatting have tests of their own, and take seconds.
    monkeypatch.setattr(sync, "render", lambda _: {})
    monkeypatch.setattr(sync, "formatted", lambda files: files)
    monkeypatch.setattr(sync, "stale", list)
    assert command.main(["sync", "--diff", "--spec", str(path)]) == 0
    assert capsys.readouterr().out == "spec  + field Batch.brand_new: string\n"
    assert command.main(["sync", "--check", "--spec", str(path)]) == 1
    said = capsys.readouterr().out
    assert "differs: oxide/_codegen/openapi.json" in said
    assert "spec  + field Batch.brand_new: string" in said
