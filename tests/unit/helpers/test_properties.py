"""Convenience properties of generated models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxide.json import pad
from oxide.models import build
from oxide.types.responses import Response


def response(*output: dict[str, Any]) -> Response:
    body = json.dumps({"id": "resp_1", "object": "response", "output": output}).encode()
    found: Response = build(Response, pad(body), len(body))
    return found


def message(*texts: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": content}


REFUSAL = {**message(), "content": [{"type": "refusal", "refusal": "no"}]}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ([], ""),
        ([message("a", "b"), CALL, message("c")], "abc"),
        ([REFUSAL, message("d")], "d"),
        ([{"type": "brand_new", "content": "x"}, message("é")], "é"),
    ],
)
def test_output_text_joins_the_text_of_messages(output: list[dict[str, Any]], text: str) -> None:
    assert response(*output).output_text == text


def test_output_text_is_no_field() -> None:
    found = response(message("a"))
    assert "output_text" not in found.model_dump()
    assert "output_text" not in Response.model_fields
    assert Response.model_construct().output_text == ""
