"""Vertex: the official client and oxide's make the same requests; Google's own library where it is asked."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import openai
import openai.providers
import pytest
import pytest_asyncio

import oxide
import oxide.providers
from oxide import OpenAIError
from oxide.testing import Answer, Server


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)


async def _token() -> str:
    await asyncio.sleep(0)
    return "async-token"


@pytest.mark.parametrize("ask", [lambda: "a-token", _token])
async def test_token_providers(oxide_server: Server, ask: Callable[[], Any]) -> None:
    oxide_server.script("*", {"id": "x", "output": []}, times=None)
    for module in (openai, oxide):
        provider = module.providers.vertex(base_url=oxide_server.base_url + "/", token_provider=ask)
        async with module.AsyncOpenAI(provider=provider) as client:
            await client.responses.create(model="google/gemini", input="hi")
            await client.copy(timeout=3).with_raw_response.responses.retrieve("r")
    official, mine = oxide_server.journal[:2], oxide_server.journal[2:]
    for theirs, ours in zip(official, mine, strict=True):
        assert (ours.method, ours.target) == (theirs.method, theirs.target)
        assert ours.headers["authorization"] == theirs.headers["authorization"]
        assert ours.headers["authorization"].endswith("-token")


async def test_each_attempt_asks(oxide_server: Server) -> None:
    tokens = iter("ab")
    oxide_server.script("*", Answer.error(500, retry_after=0.01), {"id": "x", "output": []})
    provider = oxide.providers.vertex(base_url=oxide_server.base_url, token_provider=lambda: next(tokens))
    async with oxide.AsyncOpenAI(provider=provider) as client:
        await client.responses.create(model="m", input="hi")
    assert [r.headers["authorization"] for r in oxide_server.journal] == ["Bearer a", "Bearer b"]


@pytest_asyncio.fixture
async def key_file(oxide_server: Server, tmp_path: Path) -> AsyncIterator[Path]:
    """A service account whose token endpoint is the test's server."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "account.json"
    facts = {
        "type": "service_account",
        "client_email": "me@project.iam.example",
        "private_key": key.decode(),
        "private_key_id": "k",
        "project_id": "project",
        "token_uri": oxide_server.base_url + "/google/token",
    }
    file.write_text(json.dumps(facts))
    yield file


def point_at(key_file: Path, url: str) -> None:
    key_file.write_text(json.dumps({**json.loads(key_file.read_text()), "token_uri": url}))


@pytest.mark.parametrize("given", [False, True])
async def test_google_credentials(
    oxide_server: Server, key_file: Path, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    from google.oauth2 import service_account

    answer = {"access_token": "google-token", "expires_in": 3600, "token_type": "Bearer"}
    oxide_server.script("/google/token", Answer.json(answer, delay=0.05), times=None)
    oxide_server.script("/responses", {"id": "x", "output": []}, times=None)
    credentials = None
    if given:
        credentials = service_account.Credentials.from_service_account_file(str(key_file))
    else:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
    for module in (openai, oxide):
        provider = module.providers.vertex(base_url=oxide_server.base_url, credentials=credentials)
        async with module.AsyncOpenAI(provider=provider) as client:
            calls = (client.responses.create(model="m", input="hi") for _ in range(5))
            await asyncio.gather(*calls)
            await client.copy(max_retries=1).responses.create(model="m", input="hi")
    assert {r.headers["authorization"] for r in oxide_server.journal.of("/responses")} == {
        "Bearer google-token"
    }
    paths = [r.path.removeprefix("/v1") for r in oxide_server.journal]
    # Copies of the official client ask for tokens of their own.
    assert paths == [
        "/google/token",
        *["/responses"] * 5,
        "/google/token",
        "/responses",
        "/google/token",
        *["/responses"] * 6,
    ]


async def test_google_credentials_that_fail(
    oxide_server: Server, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oxide_server.script(
        "/google/token",
        Answer.json({"error": "invalid_grant", "error_description": "secret"}, 400),
        times=None,
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
    provider = oxide.providers.vertex(base_url=oxide_server.base_url)
    async with oxide.AsyncOpenAI(provider=provider) as client:
        with pytest.raises(OpenAIError, match=r"Google gave no token for Vertex \(RefreshError\)") as info:
            await client.models.list()
        assert info.value.__cause__ is None
        assert info.value.__context__ is None
        assert "secret" not in str(info.value)
    oxide_server.script("/slow", Answer.hang(), times=None)
    point_at(key_file, oxide_server.base_url + "/slow")
    provider = oxide.providers.vertex(base_url=oxide_server.base_url)
    async with oxide.AsyncOpenAI(provider=provider, timeout=0.2, max_retries=0) as client:
        with pytest.raises(oxide.APITimeoutError):
            await client.models.list()


async def test_without_google_auth(oxide_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [n for n in sys.modules if n == "google.auth" or n.startswith("google.auth.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "google.auth", None)
    provider = oxide.providers.vertex(base_url=oxide_server.base_url)
    async with oxide.AsyncOpenAI(provider=provider) as client:
        with pytest.raises(OpenAIError, match=r"pip install oxide\[vertex\]"):
            await client.models.list()


async def test_what_it_refuses(oxide_server: Server) -> None:
    provider = oxide.providers.vertex(base_url=oxide_server.base_url, token_provider=lambda: "hidden")
    async with oxide.AsyncOpenAI(provider=provider) as client:
        for name in ("Authorization", "Api-Key", "Openai-Organization", "Openai-Project"):
            with pytest.raises(OpenAIError, match=f"No `{name}` header"):
                await client.models.list(extra_headers={name: "x"})
        for options in ({"organization": "o"}, {"project": "p"}):
            with pytest.raises(OpenAIError, match=r"client .*`organization`, `project`"):
                await client.with_options(**options).models.list()
        with pytest.raises(OpenAIError, match=r"and not for http://127\.0\.0\.1:1: "):
            await client.get("http://127.0.0.1:1/x", cast_to=object)
        with pytest.raises(OpenAIError, match="redirects"):
            await client.get("/x", cast_to=object, options={"follow_redirects": True})
        assert len(oxide_server.journal) == 0
        oxide_server.script("*", Answer.redirect("/v1/elsewhere", 307), times=None)
        with pytest.raises(oxide.APIStatusError):
            await client.models.list()
        assert len(oxide_server.journal) == 1
        assert "hidden" not in repr((client, vars(client), client._credentials))


def _boom() -> str:
    raise ZeroDivisionError("secret")


async def _late() -> str:
    await asyncio.sleep(30)
    return "late"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (_boom, "token provider raised ZeroDivisionError"),
        (lambda: "", "returned str, not a non-empty string of visible ASCII"),
        (lambda: "a b", "returned str, not a non-empty string of visible ASCII"),
        (lambda: "a\r\nX: y", "returned str, not a non-empty string of visible ASCII"),
        (lambda: None, "returned NoneType"),
        (_late, "timed out"),
    ],
)
async def test_tokens_that_cannot_be_had(oxide_server: Server, ask: Any, words: str) -> None:
    for module in (openai, oxide):
        provider = module.providers.vertex(base_url=oxide_server.base_url, token_provider=ask)
        async with module.AsyncOpenAI(provider=provider, timeout=0.2) as client:
            with pytest.raises(module.OpenAIError, match=words if module is oxide else None) as info:
                await client.models.list()
            assert "secret" not in repr(info.value)
    assert len(oxide_server.journal) == 0


ADDRESSES: list[dict[str, Any]] = [
    {"project": "p", "location": "us-east1"},
    {"project": "example.com:p", "location": "global"},
    {"base_url": "https://example.com/v1"},
    {"base_url": "http://127.0.0.1:8000/v1/"},
]


@pytest.mark.parametrize("options", ADDRESSES)
def test_addresses(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for module in (openai, oxide):
        client = module.AsyncOpenAI(provider=module.providers.vertex(**options))
        found.append(str(client.base_url).rstrip("/"))
    assert found[1] == found[0]
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "env")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
    client = oxide.AsyncOpenAI(provider=oxide.providers.vertex())
    host = "https://europe-west4-aiplatform.googleapis.com"
    assert str(client.base_url).startswith(
        f"{host}/v1/projects/env/locations/europe-west4/publishers/openai/v1"
    )


FAULTS: list[dict[str, Any]] = [
    {},
    {"project": "p"},
    {"project": "../p", "location": "global"},
    {"project": "p", "location": "Global"},
    {"base_url": "ftp://x"},
    {"base_url": "https://u:p@x"},
    {"base_url": "https://x/?a=b"},
    {"base_url": "https://x/#a"},
    {"base_url": "http://us-east1-aiplatform.googleapis.com/v1"},
    {"base_url": "https://x", "token_provider": lambda: "t", "credentials": object()},
]


@pytest.mark.parametrize("options", FAULTS)
def test_faults_are_the_official_ones(options: dict[str, Any]) -> None:
    found = []
    for module in (openai, oxide):
        with pytest.raises(module.OpenAIError) as info:
            module.providers.vertex(**options)
        found.append(str(info.value))
    assert found[1][:40] == found[0][:40]


def test_its_signature() -> None:
    assert list(inspect.signature(oxide.providers.vertex).parameters) == list(
        inspect.signature(openai.providers.vertex).parameters
    )
