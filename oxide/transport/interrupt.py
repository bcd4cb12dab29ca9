"""Ending a task's wait with an error of our own, never mistaken for a cancellation by the application."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

__all__ = ["Interrupt"]


class Interrupt:
    """``fire`` it from a timer, ``resolve`` it in the task where CancelledError is caught.

    Args:
        task: the task it may interrupt; the running one where None.

    Attributes:
        error: what it was fired with, or None.
    """

    __slots__ = ("_before", "_done", "_task", "error")

    def __init__(self, task: asyncio.Task[Any] | None = None) -> None:
        interrupted: Any = task or asyncio.current_task()
        assert interrupted is not None, "requests are made in tasks"
        self._task = interrupted
        self._before = interrupted.cancelling() if sys.version_info >= (3, 11) else 0
        self._done = False
        self.error: Exception | None = None

    def fire(self, error: Exception) -> None:
        """Interrupt the task; the first call counts, and none after ``finish``.

        Args:
            error: what ``resolve`` gives.
        """
        if self.error is None and not self._done:
            self.error = error
            self._task.cancel()

    def finish(self) -> None:
        """The wait is over: fire does nothing from now on."""
        self._done = True

    def resolve(self) -> Exception | None:
        """Tell, on CancelledError, whose it was.

        Returns:
            The error to raise in its place; None when the application cancelled: CancelledError goes on.
        """
        self._done = True
        if self.error is None:
            return None
        if sys.version_info >= (3, 11) and self._task.uncancel() > self._before:
            return None
        return self.error
