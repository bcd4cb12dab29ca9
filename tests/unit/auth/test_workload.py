"""Workload identity with subject tokens: the exchange, one refresh for all, refusals, what is not shown."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import traceback
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import oxide
from oxide import OAuthError, OpenAIError
from oxide.auth import WorkloadIdentityAuth
from oxide.errors import SubjectTokenProviderError
from oxide.testing import Answer, Server

REFUSED = {"error": "invalid_grant", "error_description": "The subject token has expired."}


async def call(client: oxide.AsyncOpenAI, **options: Any) -> Any:
    return await client.responses.create(model="m", input="hi", **options)


async def test_a_call_exchanges_the_subject_token_first(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    async with client_of() as client:
        for _ in range(3):
            await call(client)
    (request,) = exchange.seen
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.json() == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "subject-1",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "identity_provider_id": "idp_1",
        "service_account_id": "sa_1",
    }
    assert "authorization" not in request.headers
    assert exchange.used == ["access-1"] * 3


async def test_the_other_kind_of_token(client_of: Any, exchange: Any, identity: Any) -> None:
    exchange.serve()
    identity["provider"]["token_type"] = "id"
    async with client_of() as client:
        await call(client)
        identity["provider"]["token_type"] = "saml"
        client._workload_identity_auth.invalidate_token()
        with pytest.raises(OpenAIError, match=r"`token_type` .* is 'saml'; it must be 'jwt' or 'id'"):
            await call(client)
    assert exchange.seen[0].json()["subject_token_type"] == "urn:ietf:params:oauth:token-type:id_token"


async def test_raw_streaming_lists_and_any_path(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    async with client_of() as client:
        await client.with_raw_response.responses.create(model="m", input="hi")
        async with client.with_streaming_response.responses.create(model="m", input="hi") as response:
            await response.read()
        async with await call(client, stream=True) as stream:
            assert [event.type async for event in stream]
        assert [m async for m in client.models.list()]
        await client.post("/responses", cast_to=object, body={"model": "m", "input": "hi"})
    assert exchange.used == ["access-1"] * 5
    assert len(exchange.seen) == 1


async def test_one_exchange_for_many_calls(client_of: Any, exchange: Any, identity: Any) -> None:
    exchange.serve()
    async with client_of() as client:
        await asyncio.gather(*(call(client) for _ in range(40)))
        await asyncio.gather(*(call(client.with_options(max_retries=n)) for n in range(5)))
    assert len(exchange.seen) == 1
    assert exchange.used == ["access-1"] * 45


async def test_a_cancelled_waiter_leaves_the_others_to_it(
    client_of: Any, exchange: Any, identity: Any
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def get_token() -> str:
        asked.set()
        await go.wait()
        return "subject"

    exchange.serve()
    identity["provider"]["get_token"] = get_token
    async with client_of() as client:
        calls = [asyncio.create_task(call(client)) for _ in range(5)]
        await asked.wait()
        calls[0].cancel()  # the one that began the exchange
        calls[3].cancel()
        await asyncio.wait(calls[::3])
        go.set()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(d, asyncio.CancelledError) for d in done] == [True, False, False, True, False]
        assert all(d.output_text for d in done[1:3])
    assert len(exchange.seen) == 1


async def test_nobody_waits_and_the_exchange_ends(client_of: Any, exchange: Any, identity: Any) -> None:
    ended = asyncio.Event()

    async def get_token() -> str:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()
        return "subject"

    plain = identity["provider"]["get_token"]
    exchange.serve()
    identity["provider"]["get_token"] = get_token
    async with client_of() as client:
        calls = [asyncio.create_task(call(client)) for _ in range(3)]
        await asyncio.sleep(0.05)
        for task in calls:
            task.cancel()
        await asyncio.wait(calls)
        identity["provider"]["get_token"] = plain
        # At once: the exchange that is being cancelled is not joined.
        await call(client)
        await asyncio.wait_for(ended.wait(), 1)
    assert exchange.used == ["access-1"]


async def test_a_deadline_covers_the_exchange(client_of: Any, exchange: Any, identity: Any) -> None:
    exchange.server.script("/oauth/token", Answer.hang(), times=None)
    async with client_of() as client:
        with pytest.raises(oxide.APITimeoutError) as info:
            await call(client.with_options(deadline=0.2))
        assert info.value.limit == "deadline"


async def test_a_token_is_replaced_before_it_ends(client_of: Any, exchange: Any, identity: Any) -> None:
    exchange.life = 0.6
    exchange.serve()
    async with client_of() as client:
        await call(client)
        await call(client)
        await asyncio.sleep(0.35)  # past half its life, before its end
        await call(client)
        assert exchange.used == ["access-1", "access-1", "access-2"]
        identity["refresh_buffer_seconds"] = 0.0
    async with client_of() as client:
        await call(client)
        await asyncio.sleep(0.35)
        await call(client)
        assert exchange.used[-2:] == ["access-3", "access-3"]


async def test_a_token_in_use_outlives_a_failing_endpoint(client_of: Any, exchange: Any) -> None:
    exchange.life = 0.8
    first = {"access_token": "access-0", "expires_in": 0.8}
    exchange.serve(Answer.json(first), *[Answer.error(503, retry_after=0.01)] * 3)
    async with client_of() as client:
        await call(client)
        await asyncio.sleep(0.5)
        await call(client)
        assert len(exchange.seen) == 4
        await asyncio.sleep(0.4)  # the pause after a failure is longer than what is left of the token
        await call(client)
    assert exchange.used == ["access-0", "access-0", "access-1"]


@pytest.mark.parametrize("view", ["plain", "raw", "stream"])
async def test_a_refused_token_is_replaced_once(client_of: Any, exchange: Any, view: str) -> None:
    exchange.serve()
    server: Server = exchange.server
    async with client_of() as client:
        server.script("/responses", Answer.error(401))
        if view == "raw":
            response = await client.with_raw_response.responses.create(model="m", input="hi")
            assert response.retries_taken == 0
        elif view == "stream":
            async with await call(client, stream=True) as stream:
                assert [e async for e in stream]
        else:
            await call(client)
        assert exchange.used == ["access-1", "access-2"]
        assert [r.headers["x-stainless-retry-count"] for r in server.journal.of("/responses")] == ["0", "0"]

        server.script("/responses", Answer.error(401), Answer.error(401))
        with pytest.raises(oxide.AuthenticationError) as info:
            await call(client)
        assert not isinstance(info.value, OAuthError)
        assert exchange.used == ["access-1", "access-2", "access-2", "access-3"]
        await call(client)
        assert exchange.used[-1] == "access-4"


async def test_many_calls_refused_at_once_share_the_new_token(client_of: Any, exchange: Any) -> None:
    exchange.serve()

    def answer(request: Any) -> Answer:
        if request.headers["authorization"] == "Bearer access-1":
            return Answer.error(401)
        return Answer.json({"id": "r", "output": []})

    exchange.server.script("/responses", answer, times=None)
    async with client_of() as client:
        await asyncio.gather(*(call(client) for _ in range(20)))
    assert len(exchange.seen) == 2


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_exchange(client_of: Any, exchange: Any, status: int) -> None:
    exchange.serve(Answer.json(REFUSED, status=status))
    async with client_of() as client:
        with pytest.raises(OAuthError, match="The subject token has expired") as info:
            await call(client)
        error = info.value
        assert isinstance(error, oxide.AuthenticationError)
        assert (error.status_code, error.error, error.body) == (status, "invalid_grant", REFUSED)
        assert len(exchange.seen) == 1, "not tried again"
        await call(client)
    assert exchange.used == ["access-1"]


async def test_a_refusal_reaches_everyone_who_waits(client_of: Any, exchange: Any) -> None:
    exchange.serve(Answer.json(REFUSED, status=400, delay=0.05))
    async with client_of() as client:
        results = await asyncio.gather(*(call(client) for _ in range(4)), return_exceptions=True)
    assert [type(r) for r in results] == [OAuthError] * 4
    assert len(exchange.seen) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer.json({"expires_in": 1}), "`access_token` is not"),
        (Answer.json({"access_token": "", "expires_in": 1}), "`access_token` is not"),
        (Answer.json({"access_token": 5, "expires_in": 1}), "`access_token` is not"),
        (Answer.json({"access_token": "t"}), "`expires_in` is not"),
        (Answer.json({"access_token": "t", "expires_in": "1"}), "`expires_in` is not"),
        (Answer.json(["t"]), "not a JSON object"),
        (Answer.json(b"<html>"), "not JSON"),
        (Answer.json(b""), "empty"),
        (Answer.json({}, status=404), "status 404"),
        (Answer.redirect("/v1/elsewhere"), "status 30"),
    ],
)
async def test_an_exchange_that_gives_nothing(
    client_of: Any, exchange: Any, answer: Answer, words: str
) -> None:
    exchange.serve(answer)
    async with client_of() as client:
        with pytest.raises(OpenAIError, match=words) as info:
            await call(client)
        assert not isinstance(info.value, oxide.APIError)
        assert str(info.value).startswith(exchange.url)
    assert len(exchange.seen) == 1
    assert exchange.used == []


async def test_transient_failures_are_tried_again(client_of: Any, exchange: Any) -> None:
    exchange.serve(Answer.error(503, retry_after=0.01), Answer.error(429, retry_after=0.01))
    async with client_of() as client:
        await call(client)
        assert len(exchange.seen) == 3
        exchange.serve()
    server = exchange.server
    async with client_of(max_retries=0) as client:
        client._workload_identity_auth.token_exchange_url = server.base_url + "/gone"
        server.script("/gone", Answer.error(500), times=None)
        with pytest.raises(OpenAIError, match="status 500"):
            await call(client)
        assert len(server.journal.of("/gone")) == 1


async def test_no_endpoint_at_all(client_of: Any, exchange: Any) -> None:
    async with client_of(max_retries=0) as client:
        client._workload_identity_auth.token_exchange_url = "http://127.0.0.1:1/oauth/token"
        with pytest.raises(oxide.APIConnectionError) as info:
            await call(client)
        assert info.value.request.url == "http://127.0.0.1:1/oauth/token"
        assert not shown(info.value, "subject-1")


def shown(error: BaseException, secret: str) -> list[str]:
    """Where a secret could be read: messages, attributes, contexts, pickles."""
    found = []
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is None:
            continue
        todo += [current.__cause__, current.__context__]
        texts = [str(current), repr(current), repr(vars(current))]
        if isinstance(current, OpenAIError):
            texts.append(repr(pickle.dumps(current)))
        for what in texts:
            if secret in what:
                found.append(what)
        request = getattr(current, "request", None)
        if request is not None and secret.encode() in request.content:
            found.append("request.content")
    if secret in "".join(traceback.format_exception(error)):
        found.append("traceback")
    return found


async def test_secrets_are_not_shown(
    client_of: Any, exchange: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_LOG", "debug")
    logger = logging.getLogger("oxide")
    level = logger.level
    exchange.serve(Answer.json(REFUSED, status=400))
    try:
        async with client_of() as client:
            with pytest.raises(OAuthError) as info:
                await call(client)
            assert not shown(info.value, "subject-1")
            await call(client)
            for text in (repr(client), repr(client._workload_identity_auth), caplog.text):
                assert "access-1" not in text
                assert "subject-" not in text
            assert "/oauth/token" in caplog.text
            assert client.auth_headers == {}
            assert client.api_key == "workload-identity-auth"
            assert "workload-identity-auth" not in exchange.used
    finally:
        logger.setLevel(level)


async def test_what_the_platform_says(client_of: Any, exchange: Any, identity: Any) -> None:
    def boom() -> str:
        raise SubjectTokenProviderError("no metadata here")

    threads = []

    def where() -> str:
        threads.append(threading.current_thread())
        return "subject"

    exchange.serve()
    async with client_of() as client:
        for bad in (lambda: "", lambda: None):
            identity["provider"]["get_token"] = bad
            with pytest.raises(OpenAIError, match=r"`get_token` .* not a non-empty string"):
                await call(client)
        identity["provider"]["get_token"] = boom
        with pytest.raises(SubjectTokenProviderError, match="no metadata"):
            await call(client)
        identity["provider"]["get_token"] = lambda: {}["mine"]
        with pytest.raises(KeyError, match="mine"):
            await call(client)
        identity["provider"]["get_token"] = lambda: next(iter(()))
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(call(client), 10)
        assert exchange.seen == []
        identity["provider"]["get_token"] = where
        await call(client)
    assert threads[0] is not threading.main_thread(), "it may block"


async def test_credentials_of_a_call_need_no_exchange(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    async with client_of() as client:
        await call(client, extra_headers={"authorization": "Bearer mine"})
        await call(client.with_options(default_headers={"Authorization": "Bearer default"}))
        assert exchange.used == ["mine", "default"]
        await call(client, extra_headers={"Authorization": oxide.omit})
        assert "authorization" not in exchange.server.journal[-1].headers
    assert exchange.seen == []


async def test_administration_takes_the_admin_key(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    exchange.server.script("/organization/projects", {"data": []}, times=None)
    async with client_of(admin_api_key="admin") as client:
        await client.admin.organization.projects.list()
    async with client_of() as client:
        with pytest.raises(TypeError, match="authentication method"):
            await client.admin.organization.projects.list()
    assert exchange.used == ["admin"]
    assert exchange.seen == []


async def test_copies_share_the_token(client_of: Any, exchange: Any, identity: Any) -> None:
    exchange.serve()
    async with client_of() as client:
        await call(client)
        await call(client.copy(timeout=5))
        assert len(exchange.seen) == 1
        other = client.copy(workload_identity={**identity, "identity_provider_id": "idp_2"})
        other._workload_identity_auth.token_exchange_url = exchange.url
        await call(other)
        await call(client)
        assert exchange.seen[-1].json()["identity_provider_id"] == "idp_2"
        keyed = client.copy(api_key="key")
        assert keyed.workload_identity is None
        await call(keyed)
        back = keyed.copy(workload_identity=identity)
        back._workload_identity_auth.token_exchange_url = exchange.url
        await call(back)
    assert exchange.used == ["access-1", "access-1", "access-2", "access-1", "key", "access-3"]


def test_keys_and_identities_exclude_each_other(identity: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OpenAIError, match="mutually exclusive"):
        oxide.AsyncOpenAI(api_key="k", workload_identity=identity)
    with pytest.raises(OpenAIError, match="mutually exclusive"):
        oxide.AsyncOpenAI(api_key="k").copy(api_key="j", workload_identity=identity)
    with pytest.raises(OpenAIError, match="Invalid `workload_identity`"):
        oxide.AsyncOpenAI(workload_identity={"identity_provider_id": "x"})  # type: ignore[typeddict-item]
    monkeypatch.setenv("OPENAI_API_KEY", "of the environment")
    client = oxide.AsyncOpenAI(workload_identity=identity)
    assert client.api_key == "workload-identity-auth"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(OpenAIError, match="`workload_identity`"):
        oxide.AsyncOpenAI()


async def test_alone_it_serves_both_worlds(exchange: Any, identity: Any) -> None:
    exchange.serve()
    auth = WorkloadIdentityAuth(workload_identity=identity, token_exchange_url=exchange.url)
    assert await asyncio.to_thread(auth.get_token) == "access-1"
    assert await auth.get_token_async() == "access-1"
    auth.invalidate_token("another")
    assert auth.get_token() == "access-1"
    auth.invalidate_token()
    assert await auth.get_token_async() == "access-2"
    assert "access" not in repr(auth)


async def test_an_own_session_does_not_see_the_exchange(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    async with aiohttp.ClientSession(headers={"Authorization": "Basic x", "X-Session": "1"}) as session:
        client = client_of(http_client=session)
        await call(client)
        await client.close()
    assert exchange.used == ["access-1"]
    assert exchange.server.journal[-1].headers["x-session"] == "1"
    assert not {"authorization", "x-session"} & {name.lower() for name in exchange.seen[0].headers}


async def test_hooks_are_not_told_of_the_exchange(client_of: Any, exchange: Any) -> None:
    class Told(oxide.Hooks):
        def __init__(self) -> None:
            self.paths: list[str] = []

        def on_request(self, request: Any) -> None:
            self.paths.append(request.path)
            assert "access-" not in repr(dict(request.headers))

    exchange.serve()
    told = Told()
    async with client_of(hooks=[told]) as client:
        await call(client)
    assert told.paths == ["/v1/responses"]


async def test_files_are_read_again(client_of: Any, exchange: Any, tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(b"{}\n" * 100)
    exchange.serve()
    exchange.server.script(
        "/files", Answer.error(401), {"id": "file_1"}, Answer.error(401), Answer.error(401)
    )
    async with client_of() as client:
        assert (await client.files.create(file=file, purpose="batch")).id == "file_1"
        assert all(b"{}\n" * 100 in r.body for r in exchange.server.journal.of("/files"))
        assert exchange.used == ["access-1", "access-2"]

        async def once() -> Any:
            yield b"{}"

        # What can be read a single time is not sent a second time, but the token is replaced.
        with pytest.raises(oxide.AuthenticationError):
            await client.post("/files", content=once(), cast_to=object)
        await call(client)
        assert exchange.used == ["access-1", "access-2", "access-2", "access-3"]


async def test_two_loops_use_one_token(client_of: Any, exchange: Any) -> None:
    exchange.serve()
    client = client_of()
    await call(client)
    # A loop of its own in another thread.
    await asyncio.to_thread(lambda: asyncio.run(call(client)))
    assert len(exchange.seen) == 1
    await client.close()
