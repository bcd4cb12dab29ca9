"""`oxide demo`: a call, a stream, a retry and the dispatch, against the embedded server or any other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .failure import Failure, one_line
from .view import View

if TYPE_CHECKING:
    from oxide import AsyncOpenAI
    from oxide.testing import Answer, RecordedRequest, Server, ServerProcess

__all__ = ["Settings", "main"]

PROMPT = "In one short paragraph: what happens between a socket and a typed object?"
WAIT = 1.2
"""Seconds the embedded server asks for when it answers 429."""
BURST = 20_000
"""Events of the stream that is sent without pauses."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `oxide demo` was asked to do.

    Fields:
        base_url: the server; None: an embedded one.
        api_key: its key.
        model: the model; None: the first the server lists.
        api: `responses` or `chat`.
        timeout: seconds for each step.
    """

    base_url: str | None
    api_key: str | None
    model: str | None
    api: str
    timeout: float


@dataclass(slots=True)
class _Streamed:
    """What a stream brought, measured as it came."""

    started: float
    first: float | None = None
    events: int = 0
    ended: float = 0.0
    text: str = ""

    @property
    def first_token(self) -> float:
        """Seconds from the call to the first piece of text."""
        return (self.first or self.ended) - self.started

    @property
    def rate(self) -> float:
        """Events per second from the first piece of text to the end."""
        seconds = self.ended - (self.first or self.started)
        return self.events / seconds if seconds > 0 else 0.0


def main(settings: Settings) -> None:
    """Run the demonstration.

    Raises:
        Failure: a step failed; says which one and why, never the key.
        SystemExit: with 130, when interrupted.
    """
    if settings.base_url is not None and not settings.api_key:
        raise Failure("demo: no key for this server: give --api-key or set OPENAI_API_KEY", 2)
    view = View()
    try:
        asyncio.run(_Demo(settings, view).run())
    except KeyboardInterrupt:
        raise SystemExit(130) from None


class _Demo:
    def __init__(self, settings: Settings, view: View) -> None:
        self._settings = settings
        self._view = view
        self._step = "connect"

    async def run(self) -> None:
        from oxide.errors import OpenAIError

        view, where = self._view, self._settings.base_url
        try:
            async with contextlib.AsyncExitStack() as stack:
                server: Server | None = None
                burst: ServerProcess | None = None
                if where is None:
                    server = await stack.enter_async_context(_embedded())
                    where = server.base_url
                    burst = await stack.enter_async_context(_burst_server())
                view.title(where, embedded=server is not None)
                client = await stack.enter_async_context(self._client(where))
                model = await self._model(client)
                if server is not None:
                    await self._warm_up(client, server, model)
                await self._call(client, model)
                await self._stream(client, model)
                if server is not None and burst is not None:
                    await self._retry(client, server)
                    await self._burst(burst)
                else:
                    view.note("retry", "left out: a 429 is only forced on the embedded server")
        except OpenAIError as error:
            raise Failure(f"demo: {self._step}: {self._explain(error, where)}") from error
        view.dispatch()

    def _client(self, base_url: str) -> AsyncOpenAI:
        from oxide import AsyncOpenAI

        key = self._settings.api_key if self._settings.base_url else "embedded"
        return AsyncOpenAI(api_key=key, base_url=base_url, timeout=self._settings.timeout)

    async def _model(self, client: AsyncOpenAI) -> str:
        self._step = "model"
        if self._settings.model:
            return self._settings.model
        names = [model.id async for model in client.models.list()]
        if not names:
            raise Failure("demo: this server lists no models: give one with --model")
        return "gpt-4o-mini" if "gpt-4o-mini" in names else names[0]

    async def _warm_up(self, client: AsyncOpenAI, server: Server, model: str) -> None:
        """Load what the first call and the first stream of a process load: the figures are those of the next.

        On a server that charges for its answers this is left out.
        """
        self._step = "warm-up"
        pace, server.api.first_token, server.api.gap = (server.api.first_token, server.api.gap), 0.0, 0.0
        with self._view.working("warm-up", "loading aiohttp, pydantic and the models"):
            await self._create(client, model, stream=False)
            async for _ in await self._create(client, model, stream=True):
                pass
        server.api.first_token, server.api.gap = pace

    async def _call(self, client: AsyncOpenAI, model: str) -> None:
        self._step = "call"
        started = time.perf_counter()
        with self._view.working("call", f"{self._method} with {model}"):
            answer: Any = await self._create(client, model, stream=False)
        seconds = time.perf_counter() - started
        if self._settings.api == "chat":
            text, tokens = answer.choices[0].message.content, answer.usage and answer.usage.completion_tokens
        else:
            text, tokens = answer.output_text, answer.usage and answer.usage.output_tokens
        self._view.called(self._method, seconds, tokens, answer._request_id, text or "")

    async def _stream(self, client: AsyncOpenAI, model: str) -> None:
        self._step = "stream"
        seen = _Streamed(time.perf_counter())
        with self._view.streaming() as show:
            async for piece in self._pieces(client, model, seen):
                seen.text += piece
                show(seen.text, seen.events, time.perf_counter() - (seen.first or seen.started))
        seen.ended = time.perf_counter()
        self._view.streamed(seen.first_token, seen.events, seen.rate, seen.text)

    async def _pieces(self, client: AsyncOpenAI, model: str, seen: _Streamed) -> AsyncIterator[str]:
        stream: Any = await self._create(client, model, stream=True)
        async for event in stream:
            seen.events += 1
            if self._settings.api == "chat":
                piece = event.choices[0].delta.content if event.choices else None
            else:
                piece = event.delta if event.type == "response.output_text.delta" else None
            if piece and seen.first is None:
                seen.first = time.perf_counter()
            yield piece or ""

    async def _retry(self, client: AsyncOpenAI, server: Server) -> None:
        from oxide.testing import Answer

        self._step = "retry"
        server.script(self._path, Answer.error(429, retry_after=WAIT))
        server.journal.clear()
        async with self._view.waiting(
            WAIT, f"429 Too Many Requests, Retry-After {WAIT:g} s: the client waits"
        ):
            await self._create(client, "oxide-mock", stream=False)
        first, second = server.journal[0], server.journal[-1]
        waited = second.received - (first.finished or first.received)
        self._view.retried(waited, WAIT, [r.status for r in server.journal], server.journal.connections)

    async def _burst(self, server: ServerProcess) -> None:
        self._step = "burst"
        chat = self._settings.api == "chat"
        events = characters = 0
        started = cpu = 0.0
        with self._view.working("burst", f"{BURST:,} events from another process, without pauses"):
            async with self._client(server.base_url) as client:
                stream: Any = await self._create(client, "oxide-mock", stream=True)
                async for event in stream:
                    if not events:
                        started, cpu = time.perf_counter(), time.process_time()
                    events += 1
                    if chat:
                        characters += len(event.choices[0].delta.content or "")
                    elif event.type == "response.output_text.delta":
                        characters += len(event.delta)
                seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        self._view.burst(events, characters, seconds, cpu)

    @property
    def _method(self) -> str:
        return "chat.completions.create" if self._settings.api == "chat" else "responses.create"

    @property
    def _path(self) -> str:
        return "/chat/completions" if self._settings.api == "chat" else "/responses"

    def _create(self, client: AsyncOpenAI, model: str, *, stream: bool) -> Any:
        if self._settings.api == "chat":
            messages: Any = [{"role": "user", "content": PROMPT}]
            return client.chat.completions.create(model=model, messages=messages, stream=stream)
        return client.responses.create(model=model, input=PROMPT, stream=stream)

    def _explain(self, error: Exception, where: str | None) -> str:
        from oxide.errors import APIStatusError, NotFoundError

        text = f"{type(error).__name__} from {where}: {one_line(error, self._settings.api_key, 300)}"
        if isinstance(error, NotFoundError) and self._settings.api == "responses":
            text += " (if it has no Responses API: --api chat; if it does not know the model: --model)"
        elif isinstance(error, APIStatusError) and error.status_code == 401:
            text += " (is the key right?)"
        return text


@contextlib.asynccontextmanager
async def _embedded() -> AsyncGenerator[Server]:
    from oxide.testing import Server

    async with Server(tokens=160, tokens_per_second=90, first_token=0.15) as server:
        yield server


@contextlib.asynccontextmanager
async def _burst_server() -> AsyncGenerator[ServerProcess]:
    """A server in another process, so that its work is not counted as the client's."""
    from oxide.testing import Server

    server = Server.process(setup="oxide.cli.demo:configure_burst")
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def configure_burst(server: Server) -> None:
    """Set up the server of the burst: one long stream without pauses, rendered once."""
    server.api.tokens, server.api.gap = BURST, 0
    kept: dict[str, Answer] = {}

    def answer(record: RecordedRequest) -> Answer:
        if record.path not in kept:
            whole = server.api.answer(record)
            # In writes of 16 KB: sent one by one, the events would measure the server.
            cuts = range(16_384, sum(map(len, whole.body)), 16_384)
            kept[record.path] = whole.but(splits=cuts)
        return kept[record.path]

    server.script("*", answer, times=None)
