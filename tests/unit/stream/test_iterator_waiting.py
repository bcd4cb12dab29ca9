"""The event iterator while it waits: limits, back pressure, cancellation, a stream that is dropped."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from types import ModuleType

import pytest

from oxide.errors import APITimeoutError
from oxide.models.events import EventFactory
from tests.unit.stream.feeds import DELTA, DONE, Answer, Event, Make, drain


async def test_idle_limit_counts_events_not_bytes(make: Make) -> None:
    answer, stream = make(idle=0.08)
    answer.feed(DELTA)
    await stream.__anext__()

    async def ping() -> None:
        for _ in range(20):
            await asyncio.sleep(0.01)
            answer.sink.feed_data(b": ping\n\n")

    pings = asyncio.ensure_future(ping())
    started = answer.loop.time()
    with pytest.raises(APITimeoutError, match="stream_idle") as caught:
        await stream.__anext__()
    assert 0.07 < answer.loop.time() - started < 0.15
    assert (caught.value.limit, caught.value.seconds, caught.value.partial.count) == ("stream_idle", 0.08, 1)
    assert answer.told == ["abort"]
    await pings


async def test_a_slow_consumer_is_not_charged(make: Make) -> None:
    answer, stream = make(idle=0.05)
    answer.feed(DELTA)
    await stream.__anext__()
    await asyncio.sleep(0.1)
    answer.loop.call_later(0.02, answer.feed, DELTA)
    assert (await stream.__anext__()).delta == "é"
    stream.close()


async def test_first_event_limit(make: Make) -> None:
    _, stream = make(first=0.03, idle=5.0)
    with pytest.raises(APITimeoutError) as caught:
        await stream.__anext__()
    assert (caught.value.limit, caught.value.seconds) == ("first_event", 0.03)


async def test_deadline_over_the_stream(make: Make, twin: Callable[[str], ModuleType]) -> None:
    answer = Answer(idle=5.0)
    answer.attempt.deadline_at = answer.loop.time() + 0.03
    answer.request.deadline = 1.5
    stream = twin("oxide.stream.iterator").EventStream(answer, EventFactory(Event), answer.loop)
    with pytest.raises(APITimeoutError) as caught:
        await stream.__anext__()
    assert (caught.value.limit, caught.value.seconds) == ("deadline", 1.5)


async def test_back_pressure(make: Make) -> None:
    answer, stream = make(high_water=1000)
    full = [answer.feed(DELTA) for _ in range(40)]
    assert full[0] is False
    assert full[-1] is True
    for _ in range(40):
        await stream.__anext__()
    assert answer.told == []
    task = asyncio.ensure_future(stream.__anext__())
    await asyncio.sleep(0)
    assert answer.told == ["resume"]
    answer.feed(DONE, end=True)
    with pytest.raises(StopAsyncIteration):
        await task


async def test_cancellation_ends_the_stream(make: Make) -> None:
    answer, stream = make()
    task = asyncio.ensure_future(drain(stream))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert answer.told == ["abort"]
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()


async def test_wait_for_around_one_step(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA)
    assert (await asyncio.wait_for(stream.__anext__(), 1)).delta == "é"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(stream.__anext__(), 0.01)
    assert answer.told == ["abort"]


async def test_two_consumers_at_once(make: Make) -> None:
    answer, stream = make()
    first = asyncio.ensure_future(stream.__anext__())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another task"):
        await stream.__anext__()
    answer.feed(DELTA)
    assert (await first).delta == "é"
    stream.close()


async def test_steps_can_be_kept(make: Make) -> None:
    answer, stream = make()
    answer.feed({"delta": "a"}, {"delta": "b"}, {"delta": "c"})
    steps = [stream.__anext__() for _ in range(3)]
    assert [(await step).delta for step in steps] == ["a", "b", "c"]
    with pytest.raises(RuntimeError):
        await steps[0]
    stream.close()


async def test_a_dropped_stream_closes_its_connection(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA)
    async for _ in stream:
        break
    del stream
    gc.collect()
    await asyncio.sleep(0)
    assert answer.told == ["abort"]
