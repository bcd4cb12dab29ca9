"""Functions in threads of their own: what they get, what comes back, and what they cannot hold up."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

from oxide._threads import in_thread

asked_by: contextvars.ContextVar[str] = contextvars.ContextVar("asked_by")


async def test_arguments_context_and_result() -> None:
    def work(*args: int, **kwargs: int) -> tuple[Any, ...]:
        asked_by.set(f"{asked_by.get()} and the thread")
        return args, kwargs, asked_by.get(), threading.get_ident()

    asked_by.set("the task")
    args, kwargs, asked, thread = await in_thread(work, 1, 2, more=3)
    assert (args, kwargs, asked) == ((1, 2), {"more": 3}, "the task and the thread")
    assert thread != threading.get_ident()
    assert asked_by.get() == "the task"


async def test_what_the_function_raises_comes_out_and_nothing_keeps_it() -> None:
    class Broken(Exception): ...

    def work() -> None:
        raise Broken("in the thread")

    with pytest.raises(Broken, match="in the thread") as caught:
        await in_thread(work)
    kept = weakref.ref(caught.value)
    del caught
    assert kept() is None


async def test_stop_iteration_is_what_it_is_of_an_async_function() -> None:
    nothing: list[int] = []
    # asyncio.to_thread would wait for ever.
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(in_thread(lambda: next(iter(nothing))), 10)


async def test_they_run_side_by_side_without_the_executor_of_the_loop() -> None:
    many = 50
    everybody = threading.Barrier(many + 1)
    calls = [asyncio.create_task(in_thread(everybody.wait, 10)) for _ in range(many)]
    await asyncio.to_thread(everybody.wait, 10)
    assert len(set(await asyncio.gather(*calls))) == many


async def test_a_cancelled_call_leaves_the_function_alone() -> None:
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(10)
        done.set()

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(in_thread(work), 0.02)
    assert not done.is_set()
    go_on.set()
    assert await asyncio.to_thread(done.wait, 10)
    await asyncio.sleep(0.01)


def test_a_function_that_outlives_its_loop() -> None:
    go_on = threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        go_on.wait(10)

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(in_thread(work), 0.05)

    asyncio.run(main())
    go_on.set()
    # An exception in the thread would be a warning, and so a failure.
    threads[0].join(10)
    assert not threads[0].is_alive()


def test_a_function_that_hangs_does_not_keep_the_interpreter() -> None:
    program = """
import asyncio, time
from oxide import openai_tool

@openai_tool
def hangs() -> None:
    time.sleep(600)

async def main():
    try:
        await asyncio.wait_for(hangs.call("{}"), 0.05)
    except asyncio.TimeoutError:
        print("left")

asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr, run.returncode) == ("left\n", "", 0)
