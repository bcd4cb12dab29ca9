"""Which call of a chat a piece belongs to, and where the JSON text of one closes; the native twins are in
`accumulate_c`."""

from __future__ import annotations

import re
from typing import Any

from oxide.errors import APIResponseValidationError

__all__ = ["ArgumentScan", "index_of"]

_MARKS = re.compile(r'[{}\[\]"\\]')


class ArgumentScan:
    """Tells when a JSON text that comes in pieces has closed.

    Attributes:
        closed: whether the object or list it began with has ended.
    """

    __slots__ = ("_depth", "_escaped", "_quoted", "closed")

    def __init__(self) -> None:
        self.closed = False
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, piece: str) -> bool:
        """Look at the next piece; tells whether the text closed inside it."""
        before, at = self.closed, 0
        while at < len(piece):
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            found = _MARKS.search(piece, at)
            if found is None:
                break
            at = found.end()
            mark = found.group()
            if self._quoted:
                if mark == '"':
                    self._quoted = False
                elif mark == "\\":
                    self._escaped = True
            elif mark == '"':
                self._quoted = True
            elif mark in "{[":
                self._depth += 1
            elif mark in "}]":
                self._depth -= 1
                if self._depth == 0:
                    self.closed = True
        return self.closed and not before


def index_of(call: dict[str, Any]) -> int:
    """The place of a call among the calls of a choice.

    Args:
        call: a piece of the call, by JSON key.

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
