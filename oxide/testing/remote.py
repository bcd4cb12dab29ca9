"""The embedded server outside the caller's event loop: in a thread, or in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from .answers import Scripted
    from .journal import Journal
    from .server import Server

__all__ = ["ServerProcess", "ServerThread"]


class ServerThread:
    """A `Server` with an event loop and a thread of its own, for synchronous code.

    Args:
        options: as for `Server`.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self.server: Server
        """The server; call its methods through this object, not directly."""

    def start(self) -> Self:
        """Start the thread and wait until the server listens."""
        if self._thread is not None:
            raise RuntimeError("this server runs already")
        ready: Future[Server] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="oxide-server", daemon=True)
        self._thread.start()
        try:
            self.server = ready.result(timeout=30)
        except BaseException:
            self._thread.join(timeout=5)
            self._thread = None
            raise
        return self

    def stop(self) -> None:
        """Stop the server and join the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        thread.join(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """What to give a client as `base_url`."""
        return self.server.base_url

    @property
    def journal(self) -> Journal:
        """What the server saw."""
        return self.server.journal

    def script(self, path: str, *answers: Scripted, method: str | None = None, times: int | None = 1) -> None:
        """Queue answers, see `Server.script`."""
        self.call(lambda server: server.script(path, *answers, method=method, times=times))

    def call(self, function: Callable[[Server], Any]) -> Any:
        """Run `function(server)` in the thread of the server and return what it returns."""
        if self._loop is None or self._thread is None:
            raise RuntimeError("this server does not run")
        result: Future[Any] = Future()

        def run() -> None:
            try:
                result.set_result(function(self.server))
            except BaseException as error:
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result(timeout=30)

    def _run(self, ready: Future[Server]) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Future[Server]) -> None:
        from .server import Server

        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await Server(**self._options).start()
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(server)
        await self._leave.wait()
        await server.stop()


class ServerProcess:
    """`python -m oxide.testing` as a child, so that its work is not counted as the client's.

    Args:
        setup: `module:function` that is called with the `Server` before it listens, to queue its scripts.
        options: options of `python -m oxide.testing`, `tokens_per_second=50` for `--tokens-per-second 50`.
        uvloop: run the server on uvloop.
    """

    def __init__(self, *, setup: str | None = None, **options: str | float | bool | None) -> None:
        command = [sys.executable, "-m", "oxide.testing"]
        for name, value in {"setup": setup, **options}.items():
            flag = "--" + name.replace("_", "-")
            if value is True:
                command.append(flag)
            elif value is not None and value is not False:
                command += [flag, str(value)]
        self._command = command
        self._child: subprocess.Popen[str] | None = None
        self.base_url = ""
        """What to give a client as `base_url`."""

    @property
    def pid(self) -> int:
        """Process id of the running child."""
        if self._child is None:
            raise RuntimeError("this server does not run")
        return self._child.pid

    def start(self) -> Self:
        """Start the child and wait until it listens.

        Raises:
            RuntimeError: it ended before it listened; what it wrote to stderr is shown there.
        """
        if self._child is not None:
            raise RuntimeError("this server runs already")
        self._child = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        line = self._child.stdout.readline().strip()
        if not line.startswith("http"):
            status = self._child.wait(timeout=10)
            self._child.stdout.close()
            self._child = None
            raise RuntimeError(f"the server ended with status {status} before it listened")
        self.base_url = line
        return self

    def stop(self) -> None:
        """End the child and wait for it."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
