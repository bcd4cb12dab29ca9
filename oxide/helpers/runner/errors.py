"""How a run of tools ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from oxide._error_base import OpenAIError, reduced

__all__ = ["ToolRunnerCancelledError", "ToolRunnerError"]


class ToolRunnerError(OpenAIError, RuntimeError):
    """A run that stopped. It says which calls were begun, never what was in them.

    Look at the ids before running again: a call that was attempted may have had its effect, in part or as a
    whole.

    Args:
      message: why it stopped.
      attempted_call_ids: calls that were begun.
      completed_call_ids: calls whose output was made.

    Source: same name, arguments and attributes as in the official SDK.
    """

    attempted_call_ids: tuple[str, ...]
    completed_call_ids: tuple[str, ...]

    def __init__(
        self, message: str, attempted_call_ids: Iterable[str], completed_call_ids: Iterable[str]
    ) -> None:
        super().__init__(message)
        self.attempted_call_ids = tuple(attempted_call_ids)
        self.completed_call_ids = tuple(completed_call_ids)


class ToolRunnerCancelledError(asyncio.CancelledError):
    """A run whose task was cancelled; still the task's cancellation, with the calls that were begun.

    Args:
      attempted_call_ids: calls that were begun.
      completed_call_ids: calls whose output was made.

    Source: same name, arguments and attributes as in the official SDK.
    """

    attempted_call_ids: tuple[str, ...]
    completed_call_ids: tuple[str, ...]

    def __init__(self, attempted_call_ids: Iterable[str], completed_call_ids: Iterable[str]) -> None:
        super().__init__("the task of this run was cancelled")
        self.attempted_call_ids = tuple(attempted_call_ids)
        self.completed_call_ids = tuple(completed_call_ids)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)
