"""Headers of requests: checked, serialised once, sent many times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .facts import Headers

__all__ = ["HeaderBlock", "check_header"]

# RFC 9110 token for names; values without control characters, so that none can start a header of its own.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_BAD_VALUE = re.compile("[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\x7f]")


def check_header(name: str, value: str) -> None:
    """Refuse a header that could not be sent, or that would smuggle another in.

    Args:
        name: header name.
        value: header value.

    Raises:
        ValueError: the name is not a token, or the value holds CR, LF, another control character or one
            outside ASCII. The value is not repeated in the message: it may be a credential.
    """
    if not _NAME.match(name):
        raise ValueError(f"invalid header name {name!r}: letters, digits and !#$%&'*+-.^_`|~ only")
    found = _BAD_VALUE.search(value)
    if found is not None:
        what = {"\r": "a carriage return", "\n": "a line feed"}.get(found[0], f"the character {found[0]!r}")
        raise ValueError(f"invalid value for header {name!r}: it contains {what} at index {found.start()}")


class HeaderBlock:
    """Headers checked and serialised once, sent many times.

    Args:
        pairs: names and values in the order to send them; a later pair replaces an earlier one of its name.

    Attributes:
        pairs: the pairs that remain.
        wire: the same as bytes, each line ended by CRLF.

    Raises:
        ValueError: a header holds CR, LF or another character that cannot be sent.
    """

    __slots__ = ("names", "pairs", "wire")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        merged: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            check_header(name, value)
            merged[name.lower()] = (name, value)
        self.pairs: tuple[tuple[str, str], ...] = tuple(merged.values())
        self.names = frozenset(merged)
        self.wire = "".join(f"{n}: {v}\r\n" for n, v in self.pairs).encode("latin-1")

    def merged(self, changes: Mapping[str, str | None]) -> HeaderBlock:
        """A block with some headers set, and those given as None left out.

        Args:
            changes: header name to its value, or to None.
        """
        if not changes:
            return self
        lowered = {name.lower() for name in changes}
        kept = [pair for pair in self.pairs if pair[0].lower() not in lowered]
        return HeaderBlock([*kept, *((n, v) for n, v in changes.items() if v is not None)])

    def without(self, names: Iterable[str]) -> HeaderBlock:
        """A block that lacks some headers.

        Args:
            names: header names, any case.
        """
        return self.merged(dict.fromkeys(names))

    def get(self, name: str) -> str | None:
        """The value of a header, or None.

        Args:
            name: header name, any case.
        """
        lowered = name.lower()
        if lowered not in self.names:
            return None
        return next(v for n, v in self.pairs if n.lower() == lowered)

    def __repr__(self) -> str:
        return f"HeaderBlock({Headers(self.pairs)!r})"
