"""What an observer is told, and that nothing it does ends a run."""

from __future__ import annotations

import asyncio
import gc
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from oxide.helpers.tool_diagnostics import ToolDiagnostic, emit_tool_diagnostic


def told(**more: Any) -> ToolDiagnostic:
    found: list[ToolDiagnostic] = []
    emit_tool_diagnostic(found.append, "responses", "action", "completed", monotonic() - 0.5, **more)
    (diagnostic,) = found
    return diagnostic


def test_names_and_numbers_only() -> None:
    diagnostic = told(call_id="c", member="look")
    assert 500 <= diagnostic.pop("duration_ms") < 5000  # type: ignore[misc]
    assert diagnostic == {
        "api": "responses",
        "stage": "action",
        "reason": "completed",
        "call_id": "c",
        "member": "look",
        "usage": None,
    }


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (SimpleNamespace(input_tokens=1, output_tokens=2, total_tokens=3, more="x"), True),
        ({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}, True),
        (SimpleNamespace(input_tokens=1, output_tokens=2), False),
        (SimpleNamespace(input_tokens=1, output_tokens=2, total_tokens=-3), False),
        (SimpleNamespace(input_tokens=1, output_tokens=2, total_tokens=True), False),
        (None, False),
    ],
)
def test_usage_is_told_where_all_counts_are_there(usage: object, counts: bool) -> None:
    expected = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3} if counts else None
    assert told(usage=usage)["usage"] == expected


def test_the_clock_never_gives_less_than_nothing() -> None:
    found: list[ToolDiagnostic] = []
    emit_tool_diagnostic(found.append, "browser", "action", "completed", monotonic() + 9)
    assert found[0]["duration_ms"] == 0.0


@pytest.mark.parametrize("error", [ValueError("no"), asyncio.CancelledError()])
def test_what_it_raises_is_dropped(error: BaseException) -> None:
    def observer(diagnostic: ToolDiagnostic) -> None:
        raise error

    emit_tool_diagnostic(observer, "responses", "request", "started", 0.0)


async def test_what_it_returns_is_dropped() -> None:
    async def coroutine(diagnostic: ToolDiagnostic) -> None: ...

    failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    emit_tool_diagnostic(coroutine, "responses", "request", "started", 0.0)  # type: ignore[arg-type]
    emit_tool_diagnostic(Holder(failing).give, "responses", "request", "started", 0.0)
    failing.set_exception(ValueError("nobody asks"))
    await asyncio.sleep(0)
    # Neither "was never awaited" nor "exception was never retrieved": warnings are errors here.
    del failing
    gc.collect()


class Holder:
    def __init__(self, value: Any) -> None:
        self.value = value

    def give(self, diagnostic: ToolDiagnostic) -> Any:
        return self.__dict__.pop("value")


def test_nobody_is_told_nothing() -> None:
    emit_tool_diagnostic(None, "responses", "request", "started", 0.0)
