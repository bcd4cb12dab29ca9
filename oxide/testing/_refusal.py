"""Requests the API refuses, as exceptions on their way to an answer."""

from __future__ import annotations

from typing import Any

from .answers import Answer

__all__ = ["Refusal", "wrong_type"]


class Refusal(Exception):
    """A request the API refuses; carries the answer."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.answer = Answer.error(status, message, code=code, param=param, **fields)


def wrong_type(param: str, wanted: str, value: object) -> Refusal:
    """The refusal of a parameter of the wrong type."""
    return Refusal(
        400,
        f"Invalid type for '{param}': expected {wanted}, but got {_KINDS.get(type(value), 'null')} instead.",
        code="invalid_type",
        param=param,
    )


_KINDS: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a decimal",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
}
