"""A program's side of the toolsets, the same for both packages: callbacks that note what happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pydantic

__all__ = ["Log", "Polls", "outcome", "plain"]

Log = list[tuple[Any, ...]]

EVIDENCE = ("response", "reason", "attempted_candidate_ids", "completed_candidate_ids")
"""What errors say besides their message: the answer a run stopped at, and how far it had come."""


def plain(value: Any) -> Any:
    """What a driver or a callback was given, as data."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="python", exclude_unset=True, warnings=False)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


class Polls:
    """A `cancelled` that says yes from one poll on, or at that one alone.

    Args:
      at: the poll, from 0.
      once: whether it takes it back.
    """

    def __init__(self, at: int, once: bool = False) -> None:
        self.at = at
        self.once = once
        self.count = 0

    def __call__(self) -> bool:
        self.count += 1
        return self.count - 1 == self.at if self.once else self.count > self.at


async def outcome(work: Awaitable[Any]) -> Any:
    """What came of a call: its result, or the class of its error and how that is related to others."""
    try:
        return "gave", plain(await work)
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        told = {
            name: plain(value)
            for name, value in vars(error).items()
            if name in EVIDENCE and kinds[0] in ("RuntimeError", "CancelledError")
        }
        return "raised", type(error).__name__, kinds, told


def observer(log: Log) -> Callable[[Any], None]:
    """Notes diagnostics, but for how long things took."""

    def note(diagnostic: Any) -> None:
        assert diagnostic["duration_ms"] >= 0
        log.append(("diagnostic", {k: v for k, v in diagnostic.items() if k != "duration_ms"}))

    return note


def answering(log: Log, name: str, answers: list[Any]) -> Callable[[Any], Awaitable[Any]]:
    """A policy that gives one answer after another, the last one for ever; an exception is raised."""

    async def policy(subject: Any) -> Any:
        log.append((name, plain(subject)))
        spoil(subject)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return policy


def spoil(subject: Any) -> None:
    """Change what a callback was given: nothing may come of that."""
    for name in ("x", "text", "call_id", "actions", "action"):
        if hasattr(subject, name):
            setattr(subject, name, "spoilt")
