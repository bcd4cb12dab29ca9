"""Errors as the user sees them: one line, no traceback, no key."""

from __future__ import annotations

__all__ = ["Failure", "one_line"]


class Failure(Exception):
    """Ends a command: the message goes to stderr as one line.

    Args:
        message: what went wrong and what to do next.
        status: exit status.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def one_line(text: object, secret: str | None = None, limit: int = 500) -> str:
    """`text` on one line, at most `limit` characters, with `secret` masked wherever it appears."""
    line = " ".join(str(text).split())
    if secret:
        line = line.replace(secret, "***")
    return line if len(line) <= limit else line[: limit - 1] + "…"
