"""Workload identity with a client certificate: real TLS to the official names, led home by a proxy here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

import oxide
from oxide import HTTPOptions, OAuthError, OpenAIError
from oxide.auth import x509_workload_identity
from oxide.testing import Answer, Server

IDENTITY = x509_workload_identity(identity_provider_id="idp_1", service_account_id="sa_1")


class Tunnel:
    """An HTTP proxy: CONNECT to any name arrives at the server given for it."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.names: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        ends = [writer]
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split()[1].decode().partition(":")[0]
            self.names.append(name)
            there, back = await asyncio.open_connection("127.0.0.1", self.ports[name])
            ends.append(back)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(self.pipe(reader, back), self.pipe(there, writer))
        except (asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            pass  # either side may go at any time
        finally:
            for end in ends:
                end.close()
            self.tasks.discard(task)

    @staticmethod
    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof() if writer.can_write_eof() else writer.close()


class Place:
    """The token endpoint and the API, both asking for a certificate."""

    def __init__(self, auth: Server, api: Server, tunnel: Tunnel, tls: Any) -> None:
        self.auth = auth
        self.api = api
        self.tunnel = tunnel
        self.tls = tls

    def client(self, certificate: bool = True, **options: Any) -> oxide.AsyncOpenAI:
        context = self.tls.client_context(with_certificate=certificate)
        context.check_hostname = False  # the authority of the tests signs for localhost only
        return oxide.AsyncOpenAI(
            workload_identity=options.pop("workload_identity", IDENTITY),
            http_client=HTTPOptions(verify=context, proxy=self.tunnel.url),
            **options,
        )

    def grant(self, **changes: Any) -> None:
        answer = {"access_token": "x509-token", "expires_in": 3600, "token_type": "Bearer", **changes}
        body = {k: v for k, v in answer.items() if v is not ...}
        self.auth.script("/oauth/token", Answer.json(json.dumps(body).encode()), times=None)


@pytest_asyncio.fixture
async def place(tls_files: Any) -> AsyncIterator[Place]:
    context = tls_files.server_context(demand_client=True)
    tunnel = Tunnel()
    async with Server(ssl=context) as auth, Server(ssl=context) as api:
        for name in ("mtls.api", "mtls-eu.api"):
            tunnel.ports[f"{name}.openai.com"] = api.port
        tunnel.ports["mtls.auth.openai.com"] = auth.port
        server = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
        tunnel.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield Place(auth, api, tunnel, tls_files)
        server.close()
        for task in list(tunnel.tasks):
            task.cancel()
        await asyncio.gather(*tunnel.tasks, return_exceptions=True)


async def call(client: oxide.AsyncOpenAI, **options: Any) -> Any:
    return await client.responses.create(model="m", input="hi", **options)


async def test_the_certificate_is_exchanged(place: Place) -> None:
    place.grant()
    async with place.client() as client:
        assert str(client.base_url) == "https://mtls.api.openai.com/v1/"
        for _ in range(2):
            await call(client)
        async with await call(client, stream=True) as stream:
            assert [e async for e in stream]
        await call(client.copy(data_residency="eu"))
    (request,) = place.auth.journal
    assert request.json() == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:openai:params:oauth:token-type:x509",
        "identity_provider_id": "idp_1",
        "service_account_id": "sa_1",
    }
    assert {r.headers["authorization"] for r in place.api.journal} == {"Bearer x509-token"}
    assert place.tunnel.names == ["mtls.auth.openai.com", "mtls.api.openai.com", "mtls-eu.api.openai.com"]


async def test_without_a_certificate_there_is_no_token(place: Place) -> None:
    place.grant()
    async with place.client(certificate=False, max_retries=0) as client:
        with pytest.raises(oxide.APIConnectionError):
            await call(client)
    assert len(place.auth.journal) == len(place.api.journal) == 0


async def test_an_own_session(place: Place) -> None:
    place.grant()
    context = place.tls.client_context(with_certificate=True)
    context.check_hostname = False
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(
        connector=connector, proxy=place.tunnel.url, headers={"X-Api-Key": "k"}
    ) as session:
        client = oxide.AsyncOpenAI(workload_identity=IDENTITY, http_client=session)
        with pytest.raises(OpenAIError, match="`http_client` has headers x-api-key"):
            await call(client)
    assert len(place.auth.journal) == 0


async def test_a_refused_token_is_exchanged_once_more(place: Place) -> None:
    place.grant()
    place.api.script("/responses", Answer.error(401))
    async with place.client() as client:
        await call(client)
        place.api.script("/responses", Answer.error(401), Answer.error(401))
        with pytest.raises(oxide.AuthenticationError):
            await call(client)
    assert len(place.auth.journal) == 3


async def test_a_refusal_says_nothing_but_its_code(place: Place) -> None:
    body = {"error": "invalid_client", "error_description": "certificate CN=secret", "token": "secret"}
    place.auth.script("/oauth/token", Answer.json(body, status=401), times=None)
    async with place.client() as client:
        with pytest.raises(OAuthError) as info:
            await call(client)
    assert (info.value.error, info.value.body) == ("invalid_client", {"error": "invalid_client"})
    assert "secret" not in str(info.value)
    assert len(place.auth.journal) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"token_type": "mac"}, "`token_type` is not 'Bearer'"),
        ({"token_type": None}, "`token_type` is not 'Bearer'"),
        ({"token_type": ["Bearer"]}, "`token_type` is not 'Bearer'"),
        ({"access_token": "a b"}, "`access_token` has characters"),
        ({"access_token": "a\nX: y"}, "`access_token` has characters"),
        ({"expires_in": 0}, "`expires_in` is not"),
        ({"expires_in": True}, "`expires_in` is not"),
        ({"expires_in": 10**400}, "`expires_in` is not"),
        ({"expires_in": ...}, "`expires_in` is not"),
    ],
)
async def test_tokens_that_are_not_taken(place: Place, changes: dict[str, Any], words: str) -> None:
    place.grant(**changes)
    async with place.client() as client:
        with pytest.raises(OpenAIError, match=words):
            await call(client)
    assert len(place.api.journal) == 0


async def test_transient_failures(place: Place) -> None:
    place.auth.script(
        "/oauth/token", Answer.error(503, retry_after=0.01), Answer.error(429, retry_after=0.01)
    )
    place.grant()
    async with place.client(max_retries=5) as client:
        await call(client)
    assert len(place.auth.journal) == 3


async def test_redirects_are_not_followed(place: Place) -> None:
    place.grant()
    place.api.script("/responses", Answer.redirect("https://mtls.api.openai.com/v1/elsewhere", 307))
    async with place.client() as client:
        with pytest.raises(oxide.APIStatusError) as info:
            await call(client)
        assert info.value.status_code == 307
        with pytest.raises(OpenAIError, match="redirects"):
            await client.post("/responses", cast_to=object, body={}, options={"follow_redirects": True})
    assert len(place.api.journal) == 1


async def test_only_the_configured_origin_sees_a_token(place: Place) -> None:
    place.grant()
    async with place.client() as client:
        for url, words in (
            ("https://mtls-eu.api.openai.com/v1/x", "not for https://mtls-eu.api.openai.com:"),
            ("https://mtls.api.openai.com:444/v1/x", "not for https://mtls.api.openai.com:444:"),
            ("http://mtls.api.openai.com/v1/x", "not to 'http://mtls.api.openai.com/v1/x'"),
            ("https://u:p@mtls.api.openai.com/v1/x", "not shown to 'https://<redacted>@mtls"),
        ):
            with pytest.raises(OpenAIError, match=words):
                await client.get(url, cast_to=object)
        for name in ("Api-Key", "X_API_KEY", "Proxy-Authorization"):
            with pytest.raises(OpenAIError, match=f"no {name.lower().replace('_', '-')} header is sent"):
                await call(client, extra_headers={name: "k"})
        with pytest.raises(OpenAIError, match="no host header is sent"):
            await call(client.with_options(default_headers={"Host": "other"}))
        client.workload_identity = {**IDENTITY, "service_account_id": "other"}  # type: ignore[typeddict-item]
        with pytest.raises(OpenAIError, match=r"`workload_identity` was set .*`client\.copy"):
            await call(client)
    assert len(place.auth.journal) == len(place.api.journal) == 0


def test_addresses_and_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    for url, words in (
        ("http://x", "not to 'http://x/?'"),
        ("https://u:p@x", "not shown to 'https://<redacted>@x/?'"),
    ):
        with pytest.raises(OpenAIError, match=words):
            oxide.AsyncOpenAI(workload_identity=IDENTITY, base_url=url)
        client = oxide.AsyncOpenAI(workload_identity=IDENTITY)
        with pytest.raises(OpenAIError, match=words):
            client.base_url = url
        with pytest.raises(OpenAIError, match=words):
            oxide.AsyncOpenAI(api_key="k", base_url=url).copy(workload_identity=IDENTITY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer env\nX-Env: 1")
    client = oxide.AsyncOpenAI(workload_identity=IDENTITY)
    assert client._custom_headers == {"X-Env": "1"}
    keyed = oxide.AsyncOpenAI(api_key="k")
    assert "authorization" in keyed._custom_headers
    assert keyed.copy(workload_identity=IDENTITY)._custom_headers == {"X-Env": "1"}
    for bad, words in (
        ({"provider": {}}, "has no 'provider'"),
        ({"client_id": "x", "certificate": "x"}, "has no 'certificate', 'client_id'"),
        ({"service_account_id": ""}, "`service_account_id` .* non-empty string"),
        ({"refresh_buffer_seconds": -1}, "`refresh_buffer_seconds` .* is -1"),
        ({"refresh_buffer_seconds": float("nan")}, "`refresh_buffer_seconds` .* is nan"),
        ({"refresh_buffer_seconds": True}, "`refresh_buffer_seconds` .* is True"),
    ):
        with pytest.raises(OpenAIError, match=words):
            oxide.AsyncOpenAI(workload_identity={**IDENTITY, **bad})  # type: ignore[arg-type]
    with_buffer = x509_workload_identity(
        identity_provider_id="i", service_account_id="s", refresh_buffer_seconds=5
    )
    assert with_buffer == {
        **IDENTITY,
        "identity_provider_id": "i",
        "service_account_id": "s",
        "refresh_buffer_seconds": 5,
    }
