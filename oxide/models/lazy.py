"""Selects the backend that fills models field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from .lazy_py import (
        Carrier,
        Later,
        assemble,
        assign,
        build,
        given,
        is_lazy,
        materialise,
        note,
        packed,
        raw_json,
        unread_text,
    )
else:
    from .lazy_c import (
        Carrier,
        Later,
        assemble,
        assign,
        build,
        given,
        is_lazy,
        materialise,
        note,
        packed,
        raw_json,
        unread_text,
    )

__all__ = [
    "Carrier",
    "Later",
    "assemble",
    "assign",
    "build",
    "given",
    "is_lazy",
    "materialise",
    "note",
    "packed",
    "raw_json",
    "unread_text",
]
