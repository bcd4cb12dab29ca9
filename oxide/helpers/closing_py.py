"""Finds the place where JSON text that comes in pieces closes; the native twin is in `accumulate_c`."""

from __future__ import annotations

import re

__all__ = ["ArgumentScan"]

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
