"""How many Python frames lie between the user's call and the wire: what is generated adds none."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import oxide
from oxide._backend import NATIVE
from oxide.testing import Server

pytestmark = pytest.mark.skipif(
    not NATIVE or os.environ.get("OXIDE_LANE") == "session",
    reason="the limits are those of the compiled lane; the others are slower by design",
)

PACKAGE = str(Path(oxide.__file__).parent)

# Calls of Python functions of the package until the request is written; 12 when these were all resources.
LIMITS = {"responses.create": 12, "chat.completions.create": 12}


class Counted:
    """Awaits a call, and notes the functions that run until it first waits: by then the request is out."""

    def __init__(self, call: Callable[[], Awaitable[Any]]) -> None:
        self.call = call
        self.functions: list[str] = []

    def __await__(self) -> Generator[Any, Any, Any]:
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            waiting = self.call().__await__()
            first = next(waiting)
        finally:
            sys.setprofile(before)
        yield first
        return (yield from waiting)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.functions.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_code.co_name}")


@pytest.mark.parametrize("name", list(LIMITS))
async def test_frames_between_the_user_and_the_wire(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, name: str
) -> None:
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "responses.create": lambda: oxide_client.responses.create(model="m", input="hi", temperature=0.5),
        "chat.completions.create": lambda: oxide_client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        ),
    }
    for _ in range(3):
        await calls[name]()
    seen = len(oxide_server.journal)
    counted = Counted(calls[name])
    await counted
    assert len(oxide_server.journal) == seen + 1
    assert len(counted.functions) <= LIMITS[name], counted.functions
