"""The text of a response over plain JSON: the twin and the oracle of ``texts_c``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        The text; None where the response is not completed, is none, or has no part that is text.

    Raises:
        ValueError: the body is not JSON.
    """
    response = mapping_of(loads(body[:length]))
    done = response.get("status") in ("completed", None)
    if not done or not isinstance(response.get("output"), list):
        return None
    texts: list[str] = []
    for item in map(mapping_of, response["output"]):
        if item.get("type") == "message":
            texts += _texts(map(mapping_of, _list(item.get("content"))))
    return "".join(texts) if texts else None


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _texts(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    found = (part.get("text") for part in parts if part.get("type") == "output_text")
    return [text for text in found if isinstance(text, str)]


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
