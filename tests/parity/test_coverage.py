"""The API's description against oxide: every operation, every member of requests and answers."""

from __future__ import annotations

from typing import Any

import pytest

from oxide._codegen import additions, coverage
from oxide._codegen.extract import Package
from oxide._codegen.facts import load

pytest.importorskip("openai", reason="the official SDK is a test dependency")


def test_all_of_the_api_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    report = coverage.measure()
    with capsys.disabled():
        print("\ncoverage of the OpenAPI description, by method, parameter and type")
        print("\n".join(f"  {line}" for line in report.lines()))
    assert report.operations.missing == []
    assert report.requests.missing == []
    assert report.responses.missing == []
    # Nothing was compared with nothing.
    assert report.operations.total == 288
    assert report.requests.total > 5000
    assert report.responses.total > 9500
    assert len(report.anything) < 5


def measured(**schemas: Any) -> coverage.Report:
    """Coverage of one operation oxide has, described otherwise than it is."""
    answer = {"application/json": {"$ref": "Answer"}}
    described = {
        "operations": {
            "POST /containers": {
                "id": "createContainer",
                "parameters": [{"name": "fresh", "in": "query", "required": False, "type": "string"}],
                "body": {"application/json": {"$ref": "Body"}},
                "answers": answer,
            },
            "POST /brand/new": {"id": "brandNew", "parameters": [], "answers": answer},
        },
        "webhooks": {},
        "schemas": schemas,
    }
    return coverage.Coverage("oxide", Package("openai"), described).run()


def test_what_is_missing_is_named() -> None:
    report = measured(
        Body={
            "properties": {
                "name": {"type": "string"},
                "skills": {
                    "items": {
                        "oneOf": [
                            {"properties": {"type": {"enum": ["skill_reference"]}, "new_here": {}}},
                            {"properties": {"type": {"enum": ["no such"]}}},
                        ]
                    }
                },
                "new_at_top": {"type": "integer"},
            }
        },
        Answer={
            "allOf": [
                {
                    "properties": {
                        "id": {},
                        "expires_after": {"properties": {"minutes": {}, "new_in_answer": {}}},
                    }
                }
            ]
        },
    )
    assert report.operations.missing == ["POST /brand/new (brandNew)"]
    assert report.requests.missing == [
        "POST /containers: fresh",
        "POST /containers: skills.new_here (SkillReferenceParam)",
        "POST /containers: skills.type (no type has the tag)",
        "POST /containers: new_at_top",
    ]
    assert report.responses.missing == ["POST /containers: result.expires_after.new_in_answer (ExpiresAfter)"]
    assert report.requests.total == 7
    assert report.responses.total == 4
    assert not report.complete
    assert report.operations.percent == 50.0


def test_additions_are_refused_once_the_sdk_has_them() -> None:
    facts = load()
    with pytest.raises(ValueError, match=r"by now; take it out of additions\.py"):
        additions.apply(facts["resources"], facts["types"])
