"""Calls against the embedded server: what is sent for which arguments, what comes back."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

import oxide
from oxide import AsyncOpenAI, HTTPResponse, NotGiven, not_given, omit
from oxide.testing import Answer, Server
from oxide.types.chat import ChatCompletion
from oxide.types.responses import Response

MESSAGES: Any = [{"role": "user", "content": "hi"}]


async def test_headers_of_a_plain_call(oxide_server: Server) -> None:
    async with AsyncOpenAI(
        api_key="k",
        organization="org",
        project="proj",
        base_url=oxide_server.base_url,
        default_headers={"X-Mine": "1", "user-agent": "mine"},
        default_query={"v": "2"},
    ) as client:
        await client.responses.create(model="m", input="hi")
    seen = oxide_server.journal[-1]
    assert (seen.method, seen.target) == ("POST", "/v1/responses?v=2")
    headers = seen.headers
    assert headers["Authorization"] == "Bearer k"
    assert headers["OpenAI-Organization"] == "org"
    assert headers["OpenAI-Project"] == "proj"
    assert headers["Accept"] == "application/json"
    assert headers["Content-Type"] == "application/json"
    assert headers.getall("User-Agent") == ["mine"]
    assert headers["X-Mine"] == "1"
    assert headers["X-Stainless-Lang"] == "python"
    assert headers["X-Stainless-Package-Version"] == oxide.__version__
    assert headers["X-Stainless-Async"] == "async:asyncio"
    assert headers["x-stainless-read-timeout"] == "600"
    assert headers["x-stainless-retry-count"] == "0"
    for name in ("OS", "Arch", "Runtime", "Runtime-Version"):
        assert headers[f"X-Stainless-{name}"]
    assert seen.body == b'{"model":"m","input":"hi"}'


async def test_headers_of_a_stream(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    stream = await oxide_client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert [chunk async for chunk in stream]
    headers = oxide_server.journal[-1].headers
    assert headers["Accept"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache"
    assert json.loads(oxide_server.journal[-1].body)["stream"] is True


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (20, "20"),
        (0.25, "0.25"),
        (1234567.5, "1234567.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (100_000_000, "100000000"),
    ],
)
async def test_the_read_timeout_is_sent_with_all_its_digits(
    oxide_server: Server, oxide_client: AsyncOpenAI, seconds: float, written: str
) -> None:
    await oxide_client.models.list(timeout=seconds)
    assert oxide_server.journal[-1].headers["x-stainless-read-timeout"] == written


async def test_extras_of_one_call(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    await oxide_client.chat.completions.create(
        messages=MESSAGES,
        model="m",
        temperature=None,
        user=omit,
        top_p=NotGiven(),  # type: ignore[arg-type]
        extra_headers={"X-One": "1", "X-Stainless-Lang": omit, "Idempotency-Key": "key"},
        extra_query={"a": [1, 2], "b": {"c": "d"}},
        extra_body={"temperature": 0.5, "own": {"x": 1}},
        timeout=7,
    )
    seen = oxide_server.journal[-1]
    assert seen.target == "/v1/chat/completions?a%5B%5D=1&a%5B%5D=2&b%5Bc%5D=d"
    assert seen.headers["X-One"] == "1"
    assert seen.headers["Idempotency-Key"] == "key"
    assert seen.headers["x-stainless-read-timeout"] == "7"
    assert "X-Stainless-Lang" not in seen.headers
    assert seen.json() == {"model": "m", "messages": MESSAGES, "temperature": 0.5, "own": {"x": 1}}


@pytest.mark.parametrize(
    ("given", "sent"), [({}, ["client"]), ({"idempotency-KEY": "call"}, ["call"]), (None, [])]
)
async def test_a_calls_idempotency_key_takes_the_place_of_the_clients(
    oxide_server: Server, given: dict[str, str] | None, sent: list[str]
) -> None:
    headers = {"Idempotency-Key": "client"}
    async with oxide.AsyncOpenAI(
        base_url=oxide_server.base_url, api_key="k", default_headers=headers
    ) as client:
        more: Any = {"Idempotency-Key": omit} if given is None else given
        await client.responses.create(model="m", input="hi", extra_headers=more)
    assert oxide_server.journal.last.headers.getall("idempotency-key", []) == sent


async def test_extras_that_cannot_hold(oxide_client: AsyncOpenAI) -> None:
    with pytest.raises(TypeError, match="GET"):
        await oxide_client.models.retrieve("m", extra_body={"a": 1})
    with pytest.raises(TypeError, match="mapping"):
        await oxide_client.responses.create(model="m", extra_body=[1])
    with pytest.raises(ValueError, match="Content-Length"):
        await oxide_client.responses.create(model="m", extra_headers={"Content-Length": "3"})
    with pytest.raises(ValueError, match="line feed"):
        await oxide_client.responses.create(model="m", extra_headers={"X-A": "b\nX-C: d"})
    with pytest.raises(ValueError, match="non-empty value for `response_id`"):
        await oxide_client.responses.retrieve("")


async def test_path_parameters_are_escaped(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    with pytest.raises(oxide.NotFoundError):
        await oxide_client.models.retrieve("a/b?c")
    assert oxide_server.journal[-1].target == "/v1/models/a%2Fb%3Fc"


async def test_a_callable_key_is_asked_for_each_attempt(oxide_server: Server) -> None:
    given: list[str] = []

    async def key() -> str:
        given.append(f"k{len(given)}")
        return given[-1]

    oxide_server.script("/responses", Answer.error(429, retry_after=0.01), Answer.error(500))
    async with AsyncOpenAI(api_key=key, base_url=oxide_server.base_url) as client:
        assert client.api_key == ""
        await client.responses.create(model="m", input="hi", extra_headers={"Idempotency-Key": "i"})
        await client.models.list()
        assert client.api_key == "k3"
    sent = [(e.headers["Authorization"], e.headers.get("Idempotency-Key")) for e in oxide_server.journal]
    assert sent == [("Bearer k0", "i"), ("Bearer k1", "i"), ("Bearer k2", "i"), ("Bearer k3", None)]
    assert [e.headers["x-stainless-retry-count"] for e in oxide_server.journal] == ["0", "1", "2", "0"]
    async with AsyncOpenAI(api_key=lambda: "plain", base_url=oxide_server.base_url) as client:
        await client.models.list()
        assert oxide_server.journal[-1].headers["Authorization"] == "Bearer plain"
        await client.models.list(extra_headers={"authorization": omit})
        assert "Authorization" not in oxide_server.journal[-1].headers
        await client.models.list(extra_headers={"authorization": "mine"})
        assert oxide_server.journal[-1].headers.getall("Authorization") == ["mine"]
    async with AsyncOpenAI(api_key=lambda: "", base_url=oxide_server.base_url) as client:
        with pytest.raises(oxide.OpenAIError, match="non-empty"):
            await client.models.list()


async def test_no_credentials(oxide_server: Server) -> None:
    async with AsyncOpenAI(base_url=oxide_server.base_url, _enforce_credentials=False, api_key="") as client:
        with pytest.raises(TypeError, match="authentication"):
            await client.models.list()
        await client.models.list(extra_headers={"Authorization": omit})
        assert "Authorization" not in oxide_server.journal[-1].headers
        await client.models.list(extra_headers={"authorization": "Basic x"})
        assert oxide_server.journal[-1].headers["Authorization"] == "Basic x"


async def test_any_path(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    body = {"model": "m", "input": "hi"}
    typed = await oxide_client.post("/responses", body=body, cast_to=Response)
    assert isinstance(typed, Response)
    assert typed._request_id
    assert typed.output_text
    assert isinstance(await oxide_client.post("responses", body=body, cast_to=dict), dict)
    raw = b'{"input": "hi",  "model": "m"}'
    assert json.loads(await oxide_client.post("/responses", body=raw, cast_to=str))["model"] == "m"
    assert oxide_server.journal[-1].body == raw
    assert (await oxide_client.post("/responses", content=raw, cast_to=bytes))[:1] == b"{"
    facts = await oxide_client.get("/models", cast_to=HTTPResponse, options={"params": {"a": "b"}})
    assert (facts.status_code, facts.json()["object"]) == (200, "list")
    assert oxide_server.journal[-1].target == "/v1/models?a=b"
    for verb in ("put", "patch", "delete"):
        oxide_server.script("/thing", {"verb": verb})
        options: Any = {"headers": {"X-A": "1"}, "idempotency_key": "k", "max_retries": 0, "timeout": 3}
        found = await getattr(oxide_client, verb)("/thing", body={"a": 1}, cast_to=object, options=options)
        seen = oxide_server.journal[-1]
        assert found == {"verb": verb}
        assert (seen.method, seen.headers["X-A"], seen.headers["Idempotency-Key"]) == (verb.upper(), "1", "k")
    oxide_server.script("/thing", Answer.error(500))
    with pytest.raises(oxide.InternalServerError):
        await oxide_client.get("/thing", cast_to=object, options={"max_retries": 0})
    stream = await oxide_client.post(
        "/responses",
        body={**body, "stream": True},
        cast_to=object,
        stream=True,
        stream_cls=oxide.AsyncStream[dict[str, Any]],
    )
    types = [event["type"] async for event in stream]
    assert (types[0], types[-1]) == ("response.created", "response.completed")


async def test_any_path_refuses_what_it_cannot_do(oxide_client: AsyncOpenAI) -> None:
    import pydantic

    class Foreign(pydantic.BaseModel):
        a: int

    with pytest.raises(TypeError, match="leave out `body`"):
        await oxide_client.post("/x", body={}, content=b"", cast_to=object)
    with pytest.raises(TypeError, match="leave out"):
        await oxide_client.post("/x", files={}, content=b"", cast_to=object)
    with pytest.raises(TypeError, match="stream_cls"):
        await oxide_client.get("/models", cast_to=object, stream=True)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="BaseModel"):
        await oxide_client.get("/models", cast_to=Foreign)
    foreign = type("Response", (), {"__module__": "httpx"})
    with pytest.raises(TypeError, match="HTTPResponse"):
        await oxide_client.get("/models", cast_to=foreign)


async def test_pages(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    def item(number: int) -> dict[str, Any]:
        return {"id": f"msg_{number}", "type": "message", "role": "user", "status": "completed",
                "content": [{"type": "input_text", "text": str(number)}]}  # fmt: skip

    def page(*numbers: int, more: bool) -> dict[str, Any]:
        return {"object": "list", "data": [item(n) for n in numbers], "has_more": more}

    path = "/responses/resp_1/input_items"
    oxide_server.script(path, page(1, 2, more=True), page(3, more=True), page(more=False))
    items = oxide_client.responses.input_items.list("resp_1", limit=2, extra_headers={"X-A": "1"})
    assert [entry.id async for entry in items] == ["msg_1", "msg_2", "msg_3"]
    assert [e.target.partition("?")[2] for e in oxide_server.journal] == [
        "limit=2", "limit=2&after=msg_2", "limit=2&after=msg_3",
    ]  # fmt: skip
    assert {e.headers["X-A"] for e in oxide_server.journal} == {"1"}

    oxide_server.script(path, page(1, more=True), page(2, more=False))
    first = await oxide_client.responses.input_items.list("resp_1")
    assert (len(first.data), first.has_next_page(), first._request_id is not None) == (1, True, True)
    info = first.next_page_info()
    assert info is not None
    assert info.params == {"after": "msg_1"}
    second = await first.get_next_page()
    assert [entry.id for entry in second.data] == ["msg_2"]
    assert not second.has_next_page()
    with pytest.raises(RuntimeError, match="has_next_page"):
        await (await oxide_client.models.list()).get_next_page()


async def test_raw_responses(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    oxide_server.script("/responses", Answer.error(503))
    raw = await oxide_client.responses.with_raw_response.create(model="m", input="hi", timeout=5)
    assert raw.status_code == 200
    assert raw.headers["x-request-id"] == raw.request_id == raw.parse()._request_id
    assert raw.retries_taken == 1
    assert raw.http_request.headers["X-Stainless-Retry-Count"] == "1"
    assert (raw.method, raw.http_version) == ("POST", "HTTP/1.1")
    assert raw.url.endswith("/v1/responses")
    assert raw.elapsed.total_seconds() > 0
    assert raw.parse() is raw.parse()
    assert raw.parse().output_text
    assert isinstance(raw.parse(to=dict), dict)
    assert json.loads(raw.content) == json.loads(raw.text) == raw.json()
    assert raw.is_closed
    assert "X-Stainless-Raw-Response" not in oxide_server.journal[-1].headers
    page = (await oxide_client.models.with_raw_response.list()).parse()
    assert [model.id async for model in page]
    streamed = await oxide_client.chat.completions.with_raw_response.create(
        model="m", messages=MESSAGES, stream=True
    )
    assert {chunk.object async for chunk in streamed.parse()} == {"chat.completion.chunk"}
    by_client = await oxide_client.with_raw_response.models.list()
    assert by_client.status_code == 200


async def test_the_official_raw_header_works_too(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    for mode in ("raw", "true"):
        raw: Any = await oxide_client.responses.create(
            model="m", input="hi", extra_headers={"X-Stainless-Raw-Response": mode}
        )
        assert raw.parse().output_text
        assert "X-Stainless-Raw-Response" not in oxide_server.journal[-1].headers


async def test_unread_responses(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    create = oxide_client.responses.with_streaming_response.create
    pending = create(model="m", input="hi")
    assert not oxide_server.journal
    async with pending as response:
        assert response.status_code == 200
        assert not response.is_closed
        assert (await response.parse()).output_text
        assert response.is_closed
    async with create(model="m", input="hi") as response:
        text = "".join([piece async for piece in response.iter_text(7)])
        assert text == "".join([json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)])
        with pytest.raises(oxide.OpenAIError, match="streamed already"):
            await response.read()
    async with create(model="m", input="hi") as response:
        assert await response.json() == json.loads(await response.text())
        assert b"".join([piece async for piece in response.iter_bytes(10)]) == await response.read()
    async with create(model="m", input="hi", stream=True) as response:
        lines = [line async for line in response.iter_lines()]
        assert lines[0] == "event: response.created"
    async with create(model="m", input="hi", stream=True) as response:
        stream = await response.parse()
        assert [event.type async for event in stream][-1] == "response.completed"
    async with oxide_client.models.with_streaming_response.list() as page:
        assert (await page.parse()).data


async def test_leaving_a_response_unread_does_not_harm_the_next(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    oxide_server.script("/responses", Answer.json({"a": "x" * 2_000_000}))
    async with oxide_client.responses.with_streaming_response.create(model="m", input="hi") as response:
        assert response.headers["content-type"].startswith("application/json")
    assert (await oxide_client.models.list()).data


async def test_a_page_with_status_200_is_an_error(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    oxide_server.script("/responses", Answer.html("<html>proxy</html>"))
    with pytest.raises(oxide.APIResponseNotJSONError) as caught:
        await oxide_client.responses.create(model="m", input="hi")
    assert b"proxy" in caught.value.data
    assert caught.value.response is not None
    assert caught.value.response.status_code == 200


async def test_validation_modes(oxide_server: Server) -> None:
    wrong = {"id": 1, "object": "chat.completion", "created": "soon", "model": "m", "choices": []}
    async with AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        oxide_server.script("/chat/completions", wrong, wrong, wrong)
        lazy = await client.chat.completions.create(model="m", messages=MESSAGES)
        assert lazy.choices == []
        with pytest.raises(oxide.APIResponseValidationError, match="created"):
            _ = lazy.created
        with pytest.raises(oxide.APIResponseValidationError) as caught:
            await client.with_options(validation="eager").chat.completions.create(
                model="m", messages=MESSAGES
            )
        assert caught.value.response is not None
        off = await client.with_options(validation="off").chat.completions.create(
            model="m", messages=MESSAGES
        )
        assert off.created == "soon"


async def test_with_options_for_one_call(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    oxide_server.script("/models", Answer.error(500))
    with pytest.raises(oxide.InternalServerError):
        await oxide_client.with_options(max_retries=0).models.list()
    assert len(oxide_server.journal) == 1
    oxide_server.script("/models", Answer.hang(5))
    with pytest.raises(oxide.APITimeoutError, match="deadline"):
        await oxide_client.with_options(deadline=0.05).models.list()


async def test_closing(oxide_server: Server) -> None:
    client = AsyncOpenAI(api_key="k", base_url=oxide_server.base_url)
    copy = client.with_options(timeout=1)
    assert isinstance(await copy.chat.completions.create(model="m", messages=MESSAGES), ChatCompletion)
    assert not client.is_closed()
    await client.close()
    assert client.is_closed()
    assert copy.is_closed()
    with pytest.raises(oxide.OpenAIError, match="closed"):
        await copy.models.list()
    await client.close()


async def test_calls_side_by_side(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    calls = [oxide_client.responses.create(model="m", input=str(n), timeout=not_given) for n in range(20)]
    assert len({r.id for r in await asyncio.gather(*calls)}) == 20


async def test_frames_between_the_user_and_the_transport(oxide_client: AsyncOpenAI) -> None:
    """Each Python coroutine between `await` and the wire costs every call; there are two of them."""
    frames: list[str] = []

    class Spy:
        async def request(self, prepared: Any) -> Any:
            frame = sys._getframe().f_back
            while (
                frame is not None and frame.f_code.co_name != "test_frames_between_the_user_and_the_transport"
            ):
                frames.append(frame.f_code.co_name)
                frame = frame.f_back
            raise ConnectionResetError

        async def close(self) -> None: ...

    await oxide_client.models.list()
    transport, oxide_client._connections.transport = oxide_client._connections.transport, Spy()  # type: ignore[assignment]
    with pytest.raises(ConnectionResetError):
        await oxide_client.responses.create(model="m", input="hi")
    assert frames == ["_call", "create"]
    oxide_client._connections.transport = transport
