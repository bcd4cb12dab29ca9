"""What tool runners and toolsets tell an observer: stages, outcomes and times, never content."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from time import monotonic
from typing import Any, Literal, TypeAlias, cast

from typing_extensions import TypedDict

from oxide.errors import mapping_of

__all__ = ["ToolDiagnostic", "ToolDiagnosticObserver", "ToolDiagnosticUsage", "emit_tool_diagnostic"]

Api: TypeAlias = Literal["responses", "decisions", "browser", "computer"]
Stage: TypeAlias = Literal[
    "run", "request", "arguments", "approval", "action", "output", "selection", "verification"
]
Reason: TypeAlias = Literal[
    "started",
    "completed",
    "refused",
    "cancelled",
    "invalid_input",
    "invalid_output",
    "api_failed",
    "driver_failed",
    "policy_failed",
    "step_limit",
    "busy",
    "closed",
]


class ToolDiagnosticUsage(TypedDict):
    """Tokens of one answer, as counts: of its input, of its output, of both.

    Source: same name and keys as in the official SDK.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ToolDiagnostic(TypedDict):
    """One thing that happened in a run: names and numbers only, no arguments and no outputs.

    `api` is the kind of run or toolset, `stage` the part of it, `reason` how that ended. `call_id` and
    `member`, the function or action, are None where it is not about one call. `duration_ms` is how many
    milliseconds it took, `usage` what a request cost, where the answer says so.

    Source: same name and keys as in the official SDK.
    """

    api: Api
    stage: Stage
    reason: Reason
    call_id: str | None
    member: str | None
    duration_ms: float
    usage: ToolDiagnosticUsage | None


ToolDiagnosticObserver: TypeAlias = Callable[[ToolDiagnostic], None]
"""Is told of each diagnostic, at once; it must not block. What it raises or returns is dropped."""


def emit_tool_diagnostic(
    observer: ToolDiagnosticObserver | None,
    api: Api,
    stage: Stage,
    reason: Reason,
    started: float,
    *,
    call_id: str | None = None,
    member: str | None = None,
    usage: object = None,
) -> None:
    """Tell an observer of something; a run never fails for what its observer does.

    Args:
      observer: whom to tell; None for nobody.
      api: which runner or toolset it is.
      stage: what was done.
      reason: how it ended.
      started: when it began, in seconds of `time.monotonic()`.
      call_id: the call it was done for.
      member: the function or action.
      usage: an answer's `usage`, as an object or as it came; told only where all counts are there.

    Source: same name and arguments as in the official SDK.
    """
    if observer is None:
        return
    try:
        told: Any = observer(
            {
                "api": api,
                "stage": stage,
                "reason": reason,
                "call_id": call_id,
                "member": member,
                "duration_ms": max(0.0, (monotonic() - started) * 1000),
                "usage": _counts(usage),
            }
        )
        # An async function where a plain one belongs: neither a warning nor an error may come of it later.
        if inspect.iscoroutine(told):
            told.close()
        elif isinstance(told, asyncio.Future):
            cast("asyncio.Future[object]", told).add_done_callback(_look_at)
    except (Exception, asyncio.CancelledError):
        return


def _counts(usage: object) -> ToolDiagnosticUsage | None:
    given = mapping_of(usage)
    counts: dict[str, object] = {
        name: given.get(name, getattr(usage, name, None)) for name in ToolDiagnosticUsage.__annotations__
    }
    if any(type(count) is not int or count < 0 for count in counts.values()):
        return None
    return cast("ToolDiagnosticUsage", counts)


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
