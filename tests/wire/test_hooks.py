"""Hooks, over each lane: what is told and when, and that a hook that fails breaks nothing."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide.hooks import ErrorInfo, RequestInfo, ResponseInfo, RetryInfo, StreamEventInfo
from oxide.testing import Answer, Server

MESSAGES: Any = [{"role": "user", "content": "hi"}]
EMPTY = {"object": "list", "data": []}


class Recorder(oxide.Hooks):
    """Keeps what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    async def on_request(self, request: RequestInfo) -> None:
        await asyncio.sleep(0)
        self.told.append(("request", request))

    def on_response(self, response: ResponseInfo) -> None:
        self.told.append(("response", response))

    async def on_retry(self, retry: RetryInfo) -> None:
        self.told.append(("retry", retry))

    def on_error(self, error: ErrorInfo) -> None:
        self.told.append(("error", error))

    async def on_stream_event(self, event: StreamEventInfo) -> None:
        await asyncio.sleep(0)
        self.told.append(("event", event))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def all(self, kind: str) -> list[Any]:
        return [info for name, info in self.told if name == kind]


class Client:
    """A client, its hooks and its server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.recorder = Recorder()
        self.client = oxide.AsyncOpenAI(
            api_key="sk-secret", base_url=server.base_url, hooks=[self.recorder], timeout=5
        )

    def hooked(self, *hooks: object, **options: Any) -> Any:
        return self.client.with_options(hooks=[*hooks, self.recorder], **options)


@pytest_asyncio.fixture
async def at(lane: str, oxide_server: Server) -> AsyncIterator[Client]:
    made = Client(oxide_server)
    async with made.client:
        yield made


async def test_a_call(at: Client) -> None:
    await at.client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert at.recorder.names == ["request", "response"]
    request: RequestInfo = at.recorder.all("request")[0]
    assert (request.method, request.attempt, request.stream, request.model) == ("POST", 0, False, "gpt-4o")
    assert request.url == at.server.base_url + "/chat/completions"
    assert request.path == "/v1/chat/completions"
    assert request.body is not None
    assert request.body_size == len(request.body) == len(at.server.journal[0].body)
    assert request.headers["authorization"] == "<redacted>"
    assert request.headers["x-stainless-retry-count"] == "0"
    assert (request.max_retries, request.deadline) == (2, None)
    response: ResponseInfo = at.recorder.all("response")[0]
    assert response.request is request
    assert response.status_code == 200
    assert response.http_version == "HTTP/1.1"
    assert response.request_id
    assert response.elapsed > 0
    assert response.is_reused is False
    assert response.body is not None
    assert response.body.startswith(b"{")
    assert response.body_size == len(response.body)
    assert response.rate_limits.requests.limit == 10000
    assert "secret" not in repr(at.recorder.told) + repr(dict(request.headers))


async def test_retries(at: Client) -> None:
    at.server.script(
        "/chat/completions",
        # On a kept-alive connection the drop would be no attempt.
        Answer.error(429, retry_after=0.01, close=True),
        Answer.drop(),
        Answer.json({"id": "c", "choices": [], "created": 1, "model": "m", "object": "chat.completion"}),
    )
    await at.client.chat.completions.create(model="m", messages=MESSAGES)
    assert at.recorder.names == ["request", "response", "retry", "request", "retry", "request", "response"]
    first, second = at.recorder.all("retry")
    assert (first.attempt, first.reason, first.wait) == (0, "status 429", 0.01)
    assert isinstance(first.error, oxide.RateLimitError)
    assert (second.attempt, second.reason) == (1, "connection")
    assert 0.75 <= second.wait <= 1.0
    assert [r.attempt for r in at.recorder.all("request")] == [0, 1, 2]
    contexts = {id(info.context) for _, info in at.recorder.told}
    assert len(contexts) == 1


async def test_the_final_error(at: Client) -> None:
    # Two drops: aiohttp itself asks again once.
    at.server.script("/models", Answer.error(500), Answer.error(401, close=True), *[Answer.drop()] * 2)
    with pytest.raises(oxide.AuthenticationError) as caught:
        await at.client.with_options(max_retries=1).models.list()
    assert at.recorder.names == ["request", "response", "retry", "request", "response", "error"]
    error: ErrorInfo = at.recorder.all("error")[0]
    assert error.error is caught.value
    assert (error.attempt, error.status_code, error.reason) == (1, 401, "status 401")
    assert error.elapsed > 0
    assert not error.is_cancelled
    at.recorder.told.clear()
    with pytest.raises(oxide.APIConnectionError):
        await at.client.with_options(max_retries=0).models.list()
    assert at.recorder.names == ["request", "error"]
    assert at.recorder.all("error")[0].status_code is None


async def test_an_answer_that_does_not_fit(at: Client) -> None:
    at.server.script("/models/x", Answer.html("<html>"), Answer.json([1]))
    for _ in range(2):
        with pytest.raises(oxide.APIResponseValidationError):
            await at.client.with_options(validation="eager").models.retrieve("x")
        assert at.recorder.names == ["request", "response", "error"]
        assert at.recorder.all("error")[0].status_code == 200
        at.recorder.told.clear()


async def test_a_dead_connection_is_no_attempt(at: Client) -> None:
    at.server.script("/models", Answer.json(EMPTY, silent_close=True), Answer.json(EMPTY))
    await at.client.models.list()
    await at.client.models.list()
    assert at.recorder.names == ["request", "response"] * 2


async def test_redirects(at: Client) -> None:
    at.server.script("/models", Answer.redirect("/v1/other"))
    at.server.script("/other", Answer.json(EMPTY))
    await at.client.models.list()
    assert at.recorder.names == ["request", "response"] * 2
    assert [r.path for r in at.recorder.all("request")] == ["/v1/models", "/v1/other"]
    assert [r.status_code for r in at.recorder.all("response")] == [307, 200]


async def test_a_stream(at: Client) -> None:
    got: list[Any] = []
    async for event in await at.client.responses.create(model="m", input="hi", stream=True):
        # Told before the application gets it.
        assert at.recorder.all("event")[-1].event is event
        got.append(event)
    infos = at.recorder.all("event")
    assert at.recorder.names == ["request", "response"] + ["event"] * len(got)
    assert [i.index for i in infos] == list(range(len(got)))
    assert [i.event for i in infos] == got
    assert all(i.context is infos[0].request.context for i in infos)
    assert infos[0].request.model == "m"
    assert infos[0].response.status_code == 200
    assert at.recorder.all("response")[0].body is None
    assert infos[-1].elapsed >= infos[0].elapsed > 0


async def test_raw_and_unread_streams(at: Client) -> None:
    raw = await at.client.responses.with_raw_response.create(model="m", input="hi", stream=True)
    got = [event async for event in raw.parse()]
    assert [i.event for i in at.recorder.all("event")] == got
    at.recorder.told.clear()
    async with at.client.responses.with_streaming_response.create(
        model="m", input="hi", stream=True
    ) as unread:
        got = [event async for event in await unread.parse()]
    assert [i.event for i in at.recorder.all("event")] == got


async def test_a_stream_that_breaks(at: Client) -> None:
    at.server.script("/responses", Answer.sse([{"type": "response.created"}], truncate=40))
    stream = await at.client.responses.create(model="m", input="hi", stream=True)
    with pytest.raises(oxide.APIStreamTruncatedError) as caught:
        async for _ in stream:
            pass
    error: ErrorInfo = at.recorder.all("error")[0]
    assert error.error is caught.value
    assert (error.reason, error.status_code) == ("truncated", 200)
    assert at.recorder.names.count("error") == 1


async def test_a_body_that_breaks_while_it_is_read(at: Client) -> None:
    at.server.script("/models", *[Answer.json({"data": "x" * 9000}, disconnect_after=100)] * 2)
    models = at.client.models.with_streaming_response
    async with models.list() as response:
        with pytest.raises(oxide.APIConnectionError):
            await response.read()
    async with models.list() as response:
        with pytest.raises(oxide.APIConnectionError):
            async for _ in response.iter_bytes():
                pass
    assert at.recorder.names == ["request", "response", "error"] * 2


async def test_cancelled(at: Client) -> None:
    at.server.script("/models", Answer.hang())
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(at.client.models.list(), 0.05)
    assert at.recorder.names == ["request", "error"]
    assert at.recorder.all("error")[0].is_cancelled
    assert at.recorder.all("error")[0].reason == "cancelled"
    at.recorder.told.clear()
    at.server.script("/responses", Answer.sse([{"type": "response.created"}], stall_after=30))
    stream = await at.client.responses.create(model="m", input="hi", stream=True)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(stream.__anext__(), 0.05)
    assert at.recorder.names == ["request", "response", "error"]
    assert at.recorder.all("error")[0].is_cancelled


async def test_a_deadline(at: Client) -> None:
    at.server.script("/models", Answer.hang())
    with pytest.raises(oxide.APITimeoutError):
        await at.client.with_options(deadline=0.05).models.list()
    assert at.recorder.names == ["request", "error"]
    assert at.recorder.all("error")[0].reason == "timeout deadline"
    at.recorder.told.clear()

    class Slow:
        async def on_request(self, request: RequestInfo) -> None:
            await asyncio.sleep(30)

    with pytest.raises(oxide.APITimeoutError):
        await at.hooked(Slow(), deadline=0.05).models.list()
    assert at.recorder.names == ["error"]


class Failing:
    """Raises in one place."""

    def __init__(self, where: str) -> None:
        async def fail(info: Any) -> None:
            raise KeyError(where)

        setattr(self, where, fail)


@pytest.mark.parametrize("where", ["on_request", "on_response", "on_retry", "on_stream_event"])
async def test_a_hook_that_fails_ends_the_call_and_nothing_else(at: Client, where: str) -> None:
    at.server.script("/responses", Answer.error(500)) if where == "on_retry" else None
    client = at.hooked(Failing(where))
    with pytest.raises(KeyError, match=where):
        async for _ in await client.responses.create(model="m", input="hi", stream=True):
            pass
    assert at.recorder.names[-1] == "error"
    assert at.recorder.names.count("error") == 1
    assert isinstance(at.recorder.all("error")[0].error, KeyError)
    assert len(at.server.journal) == (0 if where == "on_request" else 1)
    # The client works on.
    assert [e async for e in await at.client.responses.create(model="m", input="hi", stream=True)]
    await at.client.models.list()


async def test_a_hook_that_fails_keeps_the_connection(at: Client) -> None:
    with pytest.raises(KeyError):
        await at.hooked(Failing("on_response")).models.list()
    await at.client.models.list()
    assert at.recorder.all("response")[-1].is_reused


async def test_a_hook_that_fails_in_on_error(at: Client) -> None:
    at.server.script("/models", Answer.error(404))
    with pytest.raises(KeyError, match="on_error") as caught:
        await at.hooked(Failing("on_error")).models.list()
    assert isinstance(caught.value.__context__, oxide.NotFoundError)
    # All are told, whatever the one before them raised.
    assert at.recorder.names[-1] == "error"


async def test_a_header_of_a_hook(at: Client) -> None:
    infos: list[RequestInfo] = []

    class Trace:
        def on_request(self, request: RequestInfo) -> None:
            infos.append(request)
            request.add_header("traceparent", "first")
            request.add_header("TraceParent", f"00-{request.attempt}")
            for name, value in (("authorization", "x"), ("ok", "a\r\nb"), ("a b", "x")):
                with pytest.raises(ValueError, match="header"):
                    request.add_header(name, value)

    at.server.script("/models", Answer.error(500, retry_after=0.01), Answer.redirect("/v1/other"))
    at.server.script("/other", Answer.json(EMPTY))
    await at.hooked(Trace()).models.list()
    sent = [r.headers["traceparent"] for r in at.server.journal]
    assert sent == ["00-0", "00-1", "00-1"]
    assert infos[0].headers["traceparent"] == "00-0"
    with pytest.raises(RuntimeError, match="on_request"):
        infos[0].add_header("late", "x")


async def test_an_error_before_anything_was_sent(at: Client) -> None:
    async def no_key() -> str:
        raise LookupError("no key today")

    with pytest.raises(LookupError):
        await at.hooked(api_key=no_key).models.list()
    assert at.recorder.names == ["error"]
    with pytest.raises(RuntimeError):
        at.recorder.all("error")[0].request.add_header("late", "x")


class Metrics:
    """What a service measures: latency and tokens by model, the time to the first event, calls in flight."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str | None, str]] = Counter()
        self.tokens: Counter[str | None] = Counter()
        self.latencies: defaultdict[str | None, list[float]] = defaultdict(list)
        self.first_event: list[float] = []
        self.retries: Counter[str] = Counter()

    def on_request(self, request: RequestInfo) -> None:
        request.context.setdefault("began", perf_counter())

    def on_response(self, response: ResponseInfo) -> None:
        if response.status_code == 200:
            self.calls[response.request.model, "ok"] += 1
            self.latencies[response.request.model].append(perf_counter() - response.context["began"])

    def on_retry(self, retry: RetryInfo) -> None:
        self.retries[retry.reason] += 1

    def on_error(self, error: ErrorInfo) -> None:
        self.calls[error.request.model, error.reason] += 1

    def on_stream_event(self, event: StreamEventInfo) -> None:
        if event.index == 0:
            self.first_event.append(event.elapsed)
        if event.event.type == "response.completed":
            self.tokens[event.request.model] += event.event.response.usage.total_tokens


async def test_metrics_of_a_service(at: Client) -> None:
    metrics = Metrics()
    client = at.client.with_options(hooks=[metrics])
    assert client.hooks == (metrics,)
    at.server.script("/completions", Answer.error(400))
    at.server.script("/chat/completions", Answer.error(503, retry_after=0.01))
    await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    for _ in range(2):
        async for _ in await client.responses.create(model="gpt-5", input="hi", stream=True):
            pass
    with pytest.raises(oxide.BadRequestError):
        await client.completions.create(model="old", prompt="x")
    assert metrics.calls == {("gpt-4o", "ok"): 1, ("gpt-5", "ok"): 2, ("old", "status 400"): 1}
    assert metrics.retries == {"status 503": 1}
    assert metrics.tokens["gpt-5"] > 0
    assert len(metrics.first_event) == 2
    assert all(0 < seconds < 5 for found in metrics.latencies.values() for seconds in found)
    assert at.recorder.told == []


async def test_rate_limits_of_answers_errors_and_streams(at: Client) -> None:
    headers = {"X-RateLimit-Limit-Requests": "3", "x-ratelimit-reset-requests": "1m20s"}
    at.server.script("/embeddings", Answer.error(429, headers=headers))
    with pytest.raises(oxide.RateLimitError):
        await at.client.with_options(max_retries=0).embeddings.create(model="e", input="x")
    async for _ in await at.client.responses.create(model="gpt-5", input="hi", stream=True):
        pass
    found = at.client.rate_limits
    assert (found["e"].requests.limit, found["e"].requests.reset_after) == (3, 80.0)
    assert found["gpt-5"].tokens.limit == 2_000_000
    # An answer without the headers leaves what is known as it is.
    at.server.script("/embeddings", Answer.raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"))
    with pytest.raises(oxide.BadRequestError):
        await at.client.embeddings.create(model="e", input="x")
    assert at.client.rate_limits["e"].requests.limit == 3
