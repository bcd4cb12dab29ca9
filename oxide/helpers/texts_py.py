"""The text of a response over plain JSON: the twin and the oracle of ``texts_c``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from oxide.errors import mapping_of
from oxide.json import loads

__all__ = ["output_text", "response_id"]


def output_text(body: bytes, length: int) -> str | None:
    """The text parts of every message in a response's output, joined.

    Args:
        body: the response as JSON, with 64 bytes of padding behind it.
        length: bytes of it that are JSON.

    Returns:
        The text; None where the response is not completed, or is none.

    Raises:
        ValueError: the body is not JSON.
    """
    response = mapping_of(loads(body[:length]))
    if response.get("status", "completed") != "completed" or not isinstance(response.get("output"), list):
        return None
    texts: list[str] = []
    for item in map(mapping_of, response["output"]):
        if item.get("type") == "message":
            texts += [_text(mapping_of(part)) for part in _list(item.get("content"))]
    return "".join(texts)


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _text(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    return text if part.get("type") == "output_text" and isinstance(text, str) else ""


def response_id(body: bytes, length: int) -> str | None:
    """The id of a response.

    Args:
        body: the response as JSON, with 64 bytes of padding behind it.
        length: bytes of it that are JSON.

    Returns:
        The id; None where there is none.

    Raises:
        ValueError: the body is not JSON.
    """
    found = mapping_of(loads(body[:length])).get("id")
    return found if isinstance(found, str) else None
