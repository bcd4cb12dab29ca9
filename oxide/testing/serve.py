"""The embedded server until a signal ends it: `python -m oxide.testing` and `oxide serve-mock`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .journal import RecordedRequest
from .server import Server

__all__ = ["load_setup", "run"]

KEPT = 1000
"""Records and stored responses of a server that may run for weeks."""


def run(
    options: dict[str, Any],
    *,
    announce: Callable[[Server], None],
    setup: str | None = None,
    faults: tuple[int, ...] = (),
    seen: Callable[[RecordedRequest], None] | None = None,
    uvloop: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: arguments of `Server`; `keep` is 1,000 where it is not among them.
        announce: called once, when the server listens.
        setup: `module:function`, called with the server before it listens.
        faults: HTTP statuses with which the first POST requests are answered, in order.
        seen: called with each request when its exchange is over.
        uvloop: run on uvloop in place of asyncio's loop.
    Raises:
        OSError: the address cannot be used.
        ValueError: an option makes no sense, or `setup` names nothing callable.
        ImportError: `setup` or uvloop cannot be imported.
    """
    from .answers import Answer

    configure = load_setup(setup) if setup else None
    options = {"keep": KEPT, **options}
    server = Server(**options)
    if seen is not None:
        server.on_finished = seen
    if faults:
        answers = [Answer.error(status, retry_after=1 if status in (429, 503) else None) for status in faults]
        server.script("*", *answers, method="POST")
    if configure is not None:
        configure(server)
    loop = _uvloop() if uvloop else asyncio.new_event_loop()
    try:
        loop.run_until_complete(_serve(server, announce))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def load_setup(name: str) -> Callable[[Server], Any]:
    """The function that `module:function` names.

    Raises:
        ValueError: the name has another form, or names nothing callable.
        ImportError: there is no such module.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"setup must be given as module:function, not {name!r}")
    found: Callable[[Server], Any] | None = getattr(import_module(module), attribute, None)
    if not callable(found):
        raise ValueError(f"module {module} has no function {attribute}")
    return found


def _uvloop() -> asyncio.AbstractEventLoop:
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError as error:
        raise ImportError("uvloop is not installed: pip install uvloop") from error
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _set(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


async def _serve(server: Server, announce: Callable[[Server], None]) -> None:
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, leave.set)
        except NotImplementedError:
            # Windows loops know no signal handlers; the interrupt then comes as KeyboardInterrupt.
            signal.signal(number, lambda _number, _frame: _set(loop, leave))
    async with server:
        announce(server)
        await leave.wait()
