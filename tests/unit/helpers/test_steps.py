"""The steps of a stream helper by themselves, both of them: raw events come from what the test says."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from oxide._backend import NATIVE
from oxide.errors import APIStreamTruncatedError
from oxide.helpers import steps_py
from oxide.transport.facts import RequestFacts

REQUEST = RequestFacts("POST", "http://x/v1/responses")
BAD = APIStreamTruncatedError(message="bad", request=REQUEST)
BACKENDS: list[ModuleType] = [steps_py]
if NATIVE:
    from oxide.helpers import steps_c

    BACKENDS.append(steps_c)  # type: ignore[arg-type]


class Raw:
    """Raw events: a list is what one stands for, an exception is raised, a float is waited for."""

    def __init__(self, script: list[Any]) -> None:
        self.script = script
        self.closed = 0

    async def __anext__(self) -> Any:
        while self.script:
            found = self.script.pop(0)
            if isinstance(found, float):
                await asyncio.sleep(found)
                continue
            return found
        raise StopAsyncIteration

    def close(self) -> None:
        self.closed += 1


class Awaited:
    """An awaitable that is no coroutine."""

    def __init__(self, event: Any) -> None:
        self.event = event

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return [self.event]


class Plain(Raw):
    def __anext__(self) -> Any:
        return Awaited(self.script.pop(0)) if self.script else super().__anext__()


def handled(state: list[Any], raw: Any) -> list[Any]:
    state.append(raw)
    if isinstance(raw, BaseException):
        raise raw
    return list(raw)


@pytest.fixture(params=BACKENDS, ids=lambda module: module.__name__.rsplit(".", 1)[1])
def steps(request: pytest.FixtureRequest) -> Any:
    class Steps(request.param.HelperSteps):  # type: ignore[misc, name-defined]
        def _truncated(self, message: str) -> APIStreamTruncatedError:
            return APIStreamTruncatedError(message=message, request=REQUEST)

    return lambda raw: Steps(raw, handled, [])


async def test_order(steps: Any) -> None:
    raw = Raw([[1], [], 0.0, [2, 3, 4], [], [5, 6], 0.001])
    stream = steps(raw)
    assert [event async for event in stream] == [1, 2, 3, 4, 5, 6]
    assert (stream._ended, stream._failure, raw.closed) == (True, None, 0)
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()


async def test_any_awaitable(steps: Any) -> None:
    assert [event async for event in steps(Plain(["a", "b"]))] == ["a", "b"]


async def test_steps_are_tasks_like_any(steps: Any) -> None:
    stream = steps(Raw([[1], 0.0, [2, 3]]))
    assert await asyncio.create_task(stream.__anext__()) == 1
    assert await asyncio.wait_for(stream.__anext__(), 5) == 2
    assert await asyncio.ensure_future(stream.__anext__()) == 3


async def test_a_step_that_does_not_wait_can_be_driven_by_hand(steps: Any) -> None:
    stream = steps(Raw([[1, 2]]))
    for expected in (1, 2):
        with pytest.raises(StopIteration) as stopped:
            stream.__anext__().send(None)
        assert stopped.value.value == expected


async def test_held_steps_are_steps_of_their_own(steps: Any) -> None:
    stream = steps(Raw([[1], [2], [3]]))
    first, second = stream.__anext__(), stream.__anext__()
    assert (await second, await first, await stream.__anext__()) == (1, 2, 3)
    with pytest.raises(RuntimeError, match="cannot reuse already awaited"):
        await first


@pytest.mark.parametrize("error", [BAD, ValueError("bad")])
async def test_errors(steps: Any, error: Exception) -> None:
    raw = Raw([[1], error])
    stream = steps(raw)
    assert await stream.__anext__() == 1
    with pytest.raises(type(error), match="bad") as raised:
        await stream.__anext__()
    assert raised.value is error
    assert stream._failure is error
    assert raw.closed == 1


async def test_stop_iteration_is_no_end(steps: Any) -> None:
    def stops(state: Any, raw: Any) -> Any:
        raise StopIteration

    raw = Raw([[1]])
    kind = type(steps(raw))
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        await kind(raw, stops, None).__anext__()


@pytest.mark.parametrize("how", ["cancel", "throw", "close"])
async def test_left_while_it_waits(steps: Any, how: str) -> None:
    raw = Raw([60.0, [1]])
    stream = steps(raw)
    if how == "cancel":
        task = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        step = stream.__anext__()
        step.send(None)
        if how == "close":
            step.close()
        else:
            with pytest.raises(KeyboardInterrupt):
                step.throw(KeyboardInterrupt())
    assert isinstance(stream._failure, APIStreamTruncatedError)
    assert raw.closed == 1


async def test_left_before_it_began(steps: Any) -> None:
    raw = Raw([[1]])
    stream = steps(raw)
    stream.__anext__().close()
    with pytest.raises(ValueError, match="mine"):
        stream.__anext__().throw(ValueError("mine"))
    assert (stream._failure, raw.closed) == (None, 0)
    assert await stream.__anext__() == 1


async def test_an_event_thrown_into_may_go_on(steps: Any) -> None:
    """A raw stream that answers a cancellation with an event."""

    class Stubborn(Raw):
        async def __anext__(self) -> Any:
            try:
                await asyncio.sleep(60)
            except ValueError:
                await asyncio.sleep(0)
            return [7]

    step = steps(Stubborn([])).__anext__()
    step.send(None)
    step.throw(ValueError())
    with pytest.raises(StopIteration) as stopped:
        step.send(None)
    assert stopped.value.value == 7
