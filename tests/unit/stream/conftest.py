"""What the tests of the event iterator share."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from oxide.models.events import EventFactory
from tests.unit.stream.feeds import Answer, Event, Make


@pytest.fixture
def make(twin: Callable[[str], ModuleType]) -> Make:
    """`make(**answer options)` gives an answer and the iterator over it."""
    module = twin("oxide.stream.iterator")

    def make(type_: Any = Event, **options: Any) -> tuple[Answer, Any]:
        stream = {
            k: options.pop(k) for k in ("choices", "high_water", "max_event", "max_line") if k in options
        }
        answer = Answer(**options)
        return answer, module.EventStream(answer, EventFactory(type_), answer.loop, **stream)

    return make
