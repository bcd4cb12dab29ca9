"""The embedded server: its life, its sockets and the way of a request through it."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from ssl import SSLContext
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy

from ._send import Sent, send
from .answers import Answer, Scripted, coerce
from .api import Api
from .journal import Journal, RecordedRequest

if TYPE_CHECKING:
    from typing_extensions import Self

    from .remote import ServerProcess, ServerThread

__all__ = ["Server"]


@dataclass(slots=True)
class _Script:
    path: str
    method: str | None
    answers: deque[Scripted]
    times: int | None
    used: int = field(default=0)

    def matches(self, request: RecordedRequest) -> bool:
        if self.method is not None and self.method != request.method:
            return False
        return self.path == "*" or request.path in (self.path, "/v1" + self.path)

    def take(self) -> Scripted:
        """The next answer; after the last turn of the last answer the script is empty."""
        answer = self.answers[0]
        self.used += 1
        if self.times is not None and self.used >= self.times:
            self.answers.popleft()
            self.used = 0
        elif self.times is None and len(self.answers) > 1:
            self.answers.popleft()
        return answer


class _Sockets(web.Server):
    """aiohttp's low-level server, which also numbers the connections it accepts."""

    def __init__(self, handler: Callable[[web.BaseRequest], Any], **options: Any) -> None:
        super().__init__(handler, **options)
        self.accepted = 0
        self.numbers: dict[RequestHandler, int] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        self.accepted += 1
        self.numbers[handler] = self.accepted
        super().connection_made(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self.numbers.pop(handler, None)
        super().connection_lost(handler, exc)


class Server:
    """An OpenAI-compatible server in this process, on the loopback interface.

    Without a script it behaves like a small, deterministic model: see `oxide.testing.api`. With `script` it
    says what it is told to, faults included. Everything it sees is in `journal`.

    Args:
        host: interface to listen on; only an explicit value leaves the loopback interface.
        port: TCP port, 0 for a free one.
        unix: path of a Unix socket to listen on in place of TCP.
        ssl: serve TLS with this context.
        api_key: demand `Authorization: Bearer <api_key>`; None: take any key, or none.
        models: ids of the models there are; others are answered with 404. None: any name is served.
        reply: text of every answer, or a function of the request that makes it.
        echo: answer with the text of the last user message.
        tokens: repeat or cut the reply to this many tokens (words).
        tokens_per_second: pace of streams; None: as fast as they are read.
        first_token: seconds before the first byte of each answer.
        keep_alive: seconds for which idle connections are kept open.
        cut: close the connection of every stream after this many of its events; None: never.
        keep: how many records and stored responses are kept, the newest ones; None: all.

    Use it as an asynchronous context manager, or call `start` and `stop`; both belong to the running event
    loop.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: str | None = None,
        ssl: SSLContext | None = None,
        api_key: str | None = None,
        models: Sequence[str] | None = None,
        reply: str | Callable[[RecordedRequest], str] | None = None,
        echo: bool = False,
        tokens: int | None = None,
        tokens_per_second: float | None = None,
        first_token: float = 0.0,
        keep_alive: float = 75.0,
        cut: int | None = None,
        keep: int | None = None,
    ) -> None:
        self._host, self._port, self._unix, self._ssl = host, port, unix, ssl
        self._keep_alive = keep_alive
        self.journal = Journal(keep)
        self.api = Api(
            api_key=api_key,
            models=models,
            reply=reply,
            echo=echo,
            tokens=tokens,
            tokens_per_second=tokens_per_second,
            first_token=first_token,
            cut=cut,
            keep=keep,
        )
        self.on_finished: Callable[[RecordedRequest], None] | None = None
        """Called with each record when its exchange is over."""
        self._scripts: list[_Script] = []
        self._numbers = count(1)
        self._running: set[asyncio.Task[Any]] = set()
        self._sockets: _Sockets | None = None
        self._runner: web.ServerRunner | None = None
        self._address: tuple[str, int] = ("", 0)
        self._stopping = False

    @staticmethod
    def thread(**options: Any) -> ServerThread:
        """A server in a thread of its own, for synchronous code: `with Server.thread() as server:`.

        Args:
            options: as for `Server`.
        """
        from .remote import ServerThread

        return ServerThread(**options)

    @staticmethod
    def process(**options: Any) -> ServerProcess:
        """A server in a process of its own, for measurements: `with Server.process() as server:`.

        Args:
            options: as for `ServerProcess`.
        """
        from .remote import ServerProcess

        return ServerProcess(**options)

    async def start(self) -> Self:
        """Open the socket and serve; returns the server itself."""
        if self._runner is not None:
            raise RuntimeError("this server runs already")
        self._stopping = False
        # handler_cancellation: a handler that streams to a client which left is cancelled at once.
        sockets = _Sockets(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=self._keep_alive,
            max_line_size=65536,
            max_field_size=65536,
            auto_decompress=False,
        )
        runner = web.ServerRunner(sockets, shutdown_timeout=1.0)
        await runner.setup()
        site: web.BaseSite
        try:
            if self._unix is not None:
                site = web.UnixSite(runner, self._unix, ssl_context=self._ssl)
            else:
                site = web.TCPSite(runner, self._host, self._port, ssl_context=self._ssl, backlog=2048)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner, self._sockets = runner, sockets
        if self._unix is None:
            address = runner.addresses[0]
            self._address = (str(address[0]), int(address[1]))
        return self

    async def stop(self) -> None:
        """Cut every exchange short, close every connection and the listening socket."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._stopping = True
        for task in tuple(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=5)
        await runner.cleanup()
        # Transports tell their protocols of the end in the turns after close().
        for _ in range(50):
            if self._sockets is None or not self._sockets.numbers:
                break
            await asyncio.sleep(0.001)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """TCP port in use."""
        return self._address[1]

    @property
    def origin(self) -> str:
        """Scheme, host and port: `http://127.0.0.1:40000`."""
        scheme = "http" if self._ssl is None else "https"
        if self._unix is not None:
            return f"{scheme}://localhost"
        host, port = self._address
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def base_url(self) -> str:
        """What to give a client as `base_url`: `http://127.0.0.1:40000/v1`."""
        return self.origin + "/v1"

    @property
    def accepted(self) -> int:
        """Connections accepted since the start, with or without a request on them."""
        return 0 if self._sockets is None else self._sockets.accepted

    @property
    def open_connections(self) -> int:
        """Connections open now."""
        return 0 if self._sockets is None else len(self._sockets.numbers)

    def close_connections(self) -> int:
        """Close all connections, idle ones too, as a server does that restarts; returns their number."""
        found = () if self._sockets is None else tuple(self._sockets.numbers)
        for handler in found:
            handler.force_close()
        return len(found)

    def script(self, path: str, *answers: Scripted, method: str | None = None, times: int | None = 1) -> None:
        """Queue answers for a path, before the built-in behaviour and after what was queued earlier.

        Args:
            path: `/chat/completions`, with or without `/v1`; any other absolute path; `*` for every request.
            answers: an `Answer`; a mapping (sent as JSON); a list of events (sent as SSE); a function of the
                `RecordedRequest`, plain or async, that returns one of these.
            method: only for this HTTP method.
            times: how often each answer is given before the next one's turn; None: once, and the last one
                for ever.
        """
        if not answers:
            raise ValueError("script() needs at least one answer")
        if times is not None and times < 1:
            raise ValueError(f"times must be positive or None, not {times}")
        ready: deque[Scripted] = deque(a if callable(a) else coerce(a) for a in answers)
        self._scripts.append(_Script(path, method and method.upper(), ready, times))

    @property
    def unused(self) -> int:
        """Scripted answers that are still to be given; those that repeat for ever do not count."""
        return sum(len(s.answers) for s in self._scripts if s.times is not None)

    def reset(self) -> None:
        """Forget scripts, records and stored responses; connections stay open."""
        self._scripts.clear()
        self.journal.clear()
        self.api.clear()

    def _scripted(self, record: RecordedRequest) -> Scripted | None:
        for script in self._scripts:
            if script.matches(record):
                answer = script.take()
                if not script.answers:
                    self._scripts.remove(script)
                return answer
        return None

    async def _handle(self, request: web.BaseRequest) -> Sent:
        task = asyncio.current_task()
        assert task is not None
        assert self._sockets is not None
        self._running.add(task)
        record = RecordedRequest(
            index=0,
            method=request.method,
            target=request.raw_path,
            path=request.path,
            query=MultiDictProxy(MultiDict(request.query)),
            headers=CIMultiDictProxy(CIMultiDict(request.headers)),
            connection=self._sockets.numbers.get(request.protocol, 0),
            received=monotonic(),
        )
        self.journal.add(record)
        try:
            return await self._answer(request, record)
        except asyncio.CancelledError:
            record.aborted = not self._stopping
            raise
        except (ConnectionError, web.RequestPayloadError):
            record.aborted = True
            raise
        finally:
            record.finished = monotonic()
            self._running.discard(task)
            if self.on_finished is not None:
                self.on_finished(record)

    async def _answer(self, request: web.BaseRequest, record: RecordedRequest) -> Sent:
        scripted = self._scripted(record)
        record.scripted = scripted is not None
        if not (isinstance(scripted, Answer) and scripted.early):
            await self._read(request, record)
        if scripted is None:
            answer = self.api.answer(record)
        elif callable(scripted):
            made = scripted(record)
            answer = coerce(await made if inspect.isawaitable(made) else made)
        else:
            answer = coerce(scripted)
        record.request_id = f"req_{next(self._numbers):024x}"
        return await send(request, answer, record, self.api.headers(record))

    async def _read(self, request: web.BaseRequest, record: RecordedRequest) -> None:
        if not request.can_read_body:
            return
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        record.body = await request.content.read()
