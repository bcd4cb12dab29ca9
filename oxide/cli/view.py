"""What `oxide demo` shows: one line per step, live while it runs, plain text where there is no terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .facts import dispatch
from .failure import one_line

__all__ = ["View"]

_REFRESH = 15


class View:
    """Prints the steps of the demonstration.

    Args:
        console: where to print; default: stdout.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def title(self, where: str, *, embedded: bool) -> None:
        """The server that is talked to."""
        kind = "the embedded server, " if embedded else ""
        self._line("server", kind + where)

    def note(self, step: str, text: str) -> None:
        """A step that was left out, and why."""
        self._line(step, text, style="yellow")

    @contextmanager
    def working(self, step: str, text: str) -> Generator[None]:
        """Show that a step runs, until the block ends."""
        with self._console.status(f"{step}: {text}") if self._console.is_terminal else _nothing():
            yield

    def called(
        self, method: str, seconds: float, tokens: int | None, request_id: str | None, text: str
    ) -> None:
        """The result of the plain call."""
        count = f", {tokens} tokens" if tokens else ""
        self._line("call", f"{method}: {seconds * 1000:.0f} ms{count}, request {request_id}")
        self._quote(text)

    @contextmanager
    def streaming(self) -> Generator[Callable[[str, int, float], None]]:
        """Show a stream as it comes; gives the function to call with text, events and seconds so far."""
        if not self._console.is_terminal:
            yield _ignore
            return
        with Live(console=self._console, refresh_per_second=_REFRESH, transient=True) as live:
            shown = 0.0

            def show(text: str, events: int, seconds: float) -> None:
                nonlocal shown
                now = time.perf_counter()
                if now - shown < 1 / _REFRESH:
                    return
                shown = now
                rate = f"{events} events, {events / seconds:.0f} per second" if seconds > 0 else "waiting"
                live.update(Group(Panel(Text(text), title="stream", title_align="left"), Text(rate)))

            yield show

    def streamed(self, first: float, events: int, rate: float, text: str) -> None:
        """The result of the stream."""
        self._line(
            "stream",
            f"first token after {first * 1000:.0f} ms, {events} events, {rate:.0f} events per second",
        )
        self._quote(text)

    @asynccontextmanager
    async def waiting(self, seconds: float, text: str) -> AsyncGenerator[None]:
        """Show a bar that fills in the time a retry has to wait."""
        if not self._console.is_terminal:
            yield
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as bars:
            bar = bars.add_task(text, total=seconds)

            async def fill() -> None:
                start = time.perf_counter()
                while True:
                    bars.update(bar, completed=min(seconds, time.perf_counter() - start))
                    await asyncio.sleep(1 / _REFRESH)

            filling = asyncio.create_task(fill())
            try:
                yield
            finally:
                filling.cancel()
                await asyncio.wait([filling])

    def retried(self, waited: float, asked: float, statuses: list[int | None], connections: int) -> None:
        """The result of the retry."""
        path = " then ".join("dropped" if s is None else str(s) for s in statuses)
        sockets = "the same connection" if connections == 1 else f"{connections} connections"
        self._line("retry", f"{path}: waited {waited:.2f} s (Retry-After: {asked:g}), {sockets}")

    def burst(self, events: int, characters: int, seconds: float, cpu: float) -> None:
        """The result of the stream without pauses."""
        self._line(
            "burst",
            f"{events:,} events, {characters:,} characters in {seconds * 1000:.0f} ms: "
            f"{events / seconds:,.0f} events per second, "
            f"{cpu / events * 1e6:.2f} µs of CPU for each",
        )

    def dispatch(self) -> None:
        """What this machine runs."""
        problems: list[str] = []
        found = dispatch(problems)
        text = str(found["implementation"])
        if found["isa"]:
            text += f", {found['isa']} (of {', '.join(found['isa_rows'])}), {found['simdjson']}"
        self._line("machine", text)

    def _line(self, step: str, text: str, style: str = "") -> None:
        self._console.print(
            Text(f"{step:<9}", style="bold cyan") + Text(text, style=style), soft_wrap=True, no_wrap=True
        )

    def _quote(self, text: str) -> None:
        self._console.print(Text(" " * 9 + one_line(text, limit=90), style="dim"), soft_wrap=True)


@contextmanager
def _nothing() -> Generator[None]:
    yield


def _ignore(text: str, events: int, seconds: float) -> None:
    """There is no terminal to show it on."""
