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
    # Taken out for the caller: an exception refers to both frames, which are not to refer back to it.
    outcome: list[Future[R]] = [Future()]

    def work() -> None:
        try:
            outcome[0].set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            outcome[0].set_exception(error)
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
    Thread(target=work, name=f"oxide {getattr(function, '__name__', 'function')}", daemon=True).start()
    await waiter
    return outcome.pop().result()
