"""Functions that are not async, run beside the event loop in threads of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import ParamSpec, TypeVar

__all__ = ["in_thread"]

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a thread made for it, with the caller's context variables.

    Unlike `asyncio.to_thread` it waits for no worker and keeps none from others, such as the loop's name
    lookups, however long the function takes. Where the waiting task is cancelled the function goes on,
    unheard, and ends with the interpreter, which does not wait for it.

    Args:
      function: what to call.
      args: its positional arguments.
      kwargs: its named arguments.

    Returns:
      What the function returns.

    Raises:
      BaseException: whatever the function raises; StopIteration as the RuntimeError that an async function
        makes of it.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    context = copy_context()
    outcome: Future[R] = Future()

    def work(outcome: Future[R]) -> None:
        try:
            outcome.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            outcome.set_exception(error)
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:
            # Nobody waits where the loop is closed.
            if not loop.is_closed():
                raise

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    # A daemon: threads of an executor are joined at exit, and one that hangs would hold it up for ever.
    name = f"oxide {getattr(function, '__name__', 'function')}"
    Thread(target=work, args=(outcome,), name=name, daemon=True).start()
    await waiter
    try:
        return outcome.result()
    finally:
        # An exception refers to this frame, which is not to refer back to it.
        del outcome
