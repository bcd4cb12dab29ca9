"""Vectors of floats that travel as base64 of little-endian singles (IEEE 754), as embeddings do."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array

__all__ = ["SINGLE", "floats", "refusal", "singles", "unpack"]

SINGLE = 4
"""Bytes of one float on the wire."""


@cache
def _base64() -> re.Pattern[str]:
    return re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def refusal(length: int, size: int) -> str:
    """Say why a string is no vector.

    Args:
        length: characters of the string.
        size: bytes it decodes to; negative where it is not base64.
    """
    if size < 0:
        return f"a string of {length} characters that is not base64"
    return f"base64 of {size} bytes, which is no multiple of {SINGLE}"


def unpack(text: str) -> bytearray:
    """Decode base64 into the bytes of singles.

    Args:
        text: base64, padded.

    Raises:
        ValueError: it is not, or holds half a float; the message says which, as what was received.
    """
    from binascii import a2b_base64

    if _base64().fullmatch(text) is None:
        raise ValueError(refusal(len(text), -1))
    data = bytearray(a2b_base64(text))
    if len(data) % SINGLE:
        raise ValueError(refusal(len(text), len(data)))
    return data


def singles(data: bytes | bytearray) -> array[float]:
    """The floats in those bytes, four bytes each.

    Args:
        data: singles, low byte first.
    """
    from array import array

    values = array("f", bytes(data))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def floats(text: str) -> list[float]:
    """Decode base64 into floats.

    Args:
        text: base64, padded.

    Raises:
        ValueError: as for :func:`unpack`.
    """
    return singles(unpack(text)).tolist()
