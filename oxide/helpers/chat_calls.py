"""Which call of a chat a piece belongs to, where servers are not clear about it."""

from __future__ import annotations

from typing import Any

from oxide.errors import APIResponseValidationError
from oxide.models.lazy import given

__all__ = ["index_of", "told_apart"]


def index_of(call: dict[str, Any]) -> int:
    """The place of a call among the calls of a choice.

    Args:
        call: a piece of the call, by JSON key.

    Returns:
        Its `index`.

    Raises:
        APIResponseValidationError: the piece does not say.
    """
    index = call.get("index")
    if not isinstance(index, int):
        found = "is missing" if index is None else f"is {index!r}, not a whole number"
        raise APIResponseValidationError(
            message=f"delta.tool_calls: `index` of a call {found}: nothing else says which call a piece is of"
        )
    return index


def told_apart(choice: Any, calls: list[Any]) -> list[Any]:
    """The pieces of calls in a chunk, each under the index of its own call.

    Some servers number every call 0. A piece that brings another id, where the call of that index has closed
    or began in the same chunk, is the beginning of another call; it gets the next index that is free, and so
    do the pieces that follow it under the old one.

    Args:
        choice: the `ChatChoice` they are of, as it was before them.
        calls: the pieces.

    Returns:
        The pieces in the same order; one that is under another index than the server said is a dict.

    Raises:
        APIResponseValidationError: a piece does not say which call it is of.
    """
    ids: dict[int, Any] = {}
    return [_placed(choice, ids, call) for call in calls]


def _placed(choice: Any, ids: dict[int, Any], call: Any) -> Any:
    """The piece, with the index of its call; `ids` are those of the calls in the chunk so far."""
    piece: dict[str, Any] = given(call) if hasattr(call, "model_fields_set") else call
    said = index_of(piece)
    index = choice.places.get(said, said)
    tool = choice.tools.get(index)
    before = ids.get(index)
    if before is None and tool is not None and tool.scan.closed:
        before = tool.entry.get("id")
    new = piece.get("id")
    if new and before and new != before:
        index = choice.places[said] = max([*choice.tools, *ids]) + 1
    if index not in ids or new:
        ids[index] = new
    return call if index == said else {**piece, "index": index}
