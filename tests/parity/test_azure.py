"""The official `AsyncAzureOpenAI` and oxide's, the same calls to one server: path, query, headers, body."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import openai.lib.azure
import pytest

import oxide
import oxide.lib.azure
from oxide.testing import Answer, Server

OWN_HEADERS = {
    "user-agent",  # each names itself
    "x-stainless-package-version",
    "accept-encoding",  # what each can decode
    "x-stainless-raw-response",  # says how the answer is handed over, which is no server's business
    "connection",  # httpx names what HTTP/1.1 has by default
    "cache-control",  # streams ask not to be cached
    "accept",  # streams ask for events
    "content-length",  # the bodies are compared, not their spelling
    "transfer-encoding",
}

Call = Callable[[Any], Awaitable[Any]]

MESSAGES: Any = [{"role": "user", "content": "hi"}]


async def _stream(client: Any) -> None:
    async with await client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
        async for _ in stream:
            pass


async def _unread(client: Any) -> None:
    view = client.with_streaming_response
    async with view.chat.completions.create(model="m 1/ü", messages=MESSAGES) as response:
        await response.read()


async def _pages(client: Any) -> None:
    async for _ in client.models.list():
        pass


CALLS: dict[str, Call] = {
    "chat": lambda c: c.chat.completions.create(model="gpt-4o", messages=MESSAGES, temperature=0.5),
    "chat, extra body": lambda c: c.chat.completions.create(
        model="gpt-4o", messages=MESSAGES, extra_body={"model": "other"}, extra_query={"a": [1]}
    ),
    "raw": lambda c: c.with_raw_response.chat.completions.create(model="m:1@x", messages=MESSAGES),
    "unread": _unread,
    "stream": _stream,
    "completions": lambda c: c.completions.create(model="m", prompt="hi"),
    "embeddings": lambda c: c.embeddings.create(model="m", input="hi", encoding_format="float"),
    "speech": lambda c: c.audio.speech.create(model="m", input="hi", voice="alloy"),
    "transcription": lambda c: c.audio.transcriptions.create(model="whisper", file=("a.wav", b"RIFF")),
    "translation": lambda c: c.audio.translations.create(model="whisper", file=("a.wav", b"RIFF")),
    "image": lambda c: c.images.generate(model="dall-e-3", prompt="a cat"),
    "image, no model": lambda c: c.images.generate(prompt="a cat"),
    "image edit": lambda c: c.images.edit(model="gpt-image", prompt="a hat", image=("a.png", b"PNG")),
    "image variation": lambda c: c.images.create_variation(model="m", image=("a.png", b"PNG")),
    "responses": lambda c: c.responses.create(model="gpt-4o", input="hi"),
    "responses.retrieve": lambda c: c.responses.retrieve("resp_1/ü", include=["reasoning.encrypted_content"]),
    "models": _pages,
    "assistants": lambda c: c.beta.assistants.create(model="gpt-4o"),
    "fine tuning": lambda c: c.fine_tuning.jobs.list(limit=2),
    "administration": lambda c: c.admin.organization.projects.retrieve("proj_1"),
    "any path": lambda c: c.post("/own/path", body={"model": "m"}, cast_to=object),
    "any path, query": lambda c: c.get("own?a=b", cast_to=object, options={"params": {"c": "d e"}}),
    "any deployment": lambda c: c.post("/chat/completions", body={"model": "m"}, cast_to=object),
    "call headers": lambda c: c.responses.create(
        model="m", input="hi", extra_headers={"API-Key": "mine", "X-Own": "1"}
    ),
    "call authorization": lambda c: c.responses.create(
        model="m", input="hi", extra_headers={"authorization": "Bearer mine"}
    ),
    "copy": lambda c: c.with_options(api_version="v2", max_retries=1).models.retrieve("gpt-4o"),
    "copy, key": lambda c: c.copy(api_key="other").chat.completions.create(model="m", messages=MESSAGES),
    "copy, token": lambda c: c.copy(azure_ad_token="ad").chat.completions.create(
        model="m", messages=MESSAGES
    ),
    "copy, address": lambda c: c.copy(base_url=f"{c.base_url}sub").models.retrieve("gpt-4o"),
    "copy, query": lambda c: c.copy(set_default_query={"z": "1"}).models.retrieve("m"),
    "copy, headers": lambda c: c.copy(default_headers={"X-More": "1"}).models.retrieve("m"),
}


async def _key() -> str:
    return "asked for"


CLIENTS: dict[str, dict[str, Any]] = {
    "endpoint": {"azure_endpoint": "{}", "api_key": "key"},
    "deployment": {"azure_endpoint": "{}/", "azure_deployment": "dep 1", "api_key": "key"},
    "base": {"base_url": "{}/openai/own", "api_key": "key"},
    "base with deployment": {"base_url": "{}/openai/deployments/dep", "api_key": "key"},
    "token": {"azure_endpoint": "{}", "azure_ad_token": "token"},
    "token function": {"azure_endpoint": "{}", "azure_ad_token_provider": lambda: "from a function"},
    "async token function": {"azure_endpoint": "{}", "azure_ad_token_provider": _key},
    "key function": {"azure_endpoint": "{}", "api_key": _key},
    "own headers": {
        "azure_endpoint": "{}",
        "api_key": "key",
        "default_headers": {"Api-Key": "below", "Authorization": "Bearer below", "X-A": "1"},
        "default_query": {"api-version": "below", "q": ["1", "2"]},
        "organization": "org",
        "project": "proj",
        "admin_api_key": "admin",
    },
    "own headers, token function": {
        "azure_endpoint": "{}",
        "azure_ad_token_provider": lambda: "from a function",
        "default_headers": {"Authorization": "Bearer below"},
    },
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith(("OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)


def answer(request: Any) -> Answer:
    if b'"stream":true' in request.body.replace(b" ", b""):
        return Answer.sse([{"id": "c", "choices": []}], done=True)
    return Answer.json({"id": "x", "object": "list", "data": [], "text": "t", "choices": [], "created": 1})


def seen(request: Any) -> dict[str, Any]:
    headers = {n.lower(): v for n, v in request.headers.items() if n.lower() not in OWN_HEADERS}
    body: Any = request.body
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/"):
        # The boundary is random.
        boundary = kind.partition("boundary=")[2]
        body = re.sub(rb"\r\n?|\n", b"\n", body.replace(boundary.encode(), b"B"))
        headers["content-type"] = kind.replace(boundary, "B")
    elif body:
        body = json.loads(body)
    return {"method": request.method, "target": request.target, "headers": headers, "body": body}


# Every call by the clients whose addresses differ, every client by the calls whose headers do.
ADDRESSES = ("endpoint", "deployment", "token function")
TYPICAL = (
    "chat",
    "stream",
    "transcription",
    "responses",
    "models",
    "call headers",
    "copy, key",
    "copy, token",
)
PAIRS = [(name, options) for name in CALLS for options in CLIENTS if options in ADDRESSES or name in TYPICAL]


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize(("name", "options"), PAIRS)
async def test_azure_sees_the_same(oxide_server: Server, name: str, options: str) -> None:
    oxide_server.script("*", answer, times=None)
    root = oxide_server.base_url.removesuffix("/v1")
    given = {k: v.format(root) if isinstance(v, str) else v for k, v in CLIENTS[options].items()}
    for module in (openai, oxide):
        async with module.AsyncAzureOpenAI(api_version="2024-10-21", **given) as client:
            await CALLS[name](client)
    official, mine = (seen(r) for r in oxide_server.journal)
    assert mine == official


@pytest.mark.parametrize("azure_deployment", [None, "dep"])
async def test_credentials_are_asked_for_each_attempt(
    oxide_server: Server, azure_deployment: str | None
) -> None:
    for module in (openai, oxide):
        tokens = iter("abc")
        oxide_server.script(
            "*", Answer.error(500, retry_after=0.01), Answer.error(429, retry_after=0.01), {"id": "x"}
        )
        async with module.AsyncAzureOpenAI(
            azure_endpoint=oxide_server.base_url.removesuffix("/v1"),
            azure_deployment=azure_deployment,
            api_version="v",
            azure_ad_token_provider=lambda tokens=tokens: next(tokens),
        ) as client:
            await client.chat.completions.create(model="m", messages=MESSAGES)
    found = [(r.headers["authorization"], r.path) for r in oxide_server.journal]
    assert found[:3] == found[3:]
    assert [token for token, _ in found[:3]] == ["Bearer a", "Bearer b", "Bearer c"]
    assert {path for _, path in found} == {f"/openai/deployments/{azure_deployment or 'm'}/chat/completions"}


FAULTS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda cls: cls(),
    "no version": lambda cls: cls(api_key="k", azure_endpoint="https://x"),
    "no address": lambda cls: cls(api_key="k", api_version="v"),
    "both addresses": lambda cls: cls(api_key="k", api_version="v", base_url="https://x", azure_endpoint="y"),
    "key and token": lambda cls: cls(api_key="k", azure_ad_token="t"),
    "token and function": lambda cls: cls(azure_ad_token="t", azure_ad_token_provider=lambda: "t"),
    "copy, two": lambda cls: cls(api_key="k", api_version="v", base_url="https://x").copy(
        api_key="k", azure_ad_token="t"
    ),
    "copy, region": lambda cls: cls(api_key="k", api_version="v", base_url="https://x").copy(
        data_residency="eu"
    ),
    "copy, provider": lambda cls: cls(api_key="k", api_version="v", base_url="https://x").with_options(
        provider=None
    ),
    "copy, headers": lambda cls: cls(api_key="k", api_version="v", base_url="https://x").copy(
        default_headers={"a": "b"}, set_default_headers={}
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_faults_are_the_official_ones(name: str) -> None:
    found = []
    for module in (openai, oxide):
        with pytest.raises(Exception) as info:  # noqa: PT011 (compared below)
            FAULTS[name](module.AsyncAzureOpenAI)
        found.append((type(info.value).__name__, str(info.value)))
    assert found[1] == found[0]


async def test_tokens_that_are_none(oxide_server: Server) -> None:
    for bad in ("", None, 5):
        for module in (openai, oxide):
            client = module.AsyncAzureOpenAI(
                base_url=oxide_server.base_url, api_version="v", azure_ad_token_provider=lambda bad=bad: bad
            )
            async with client:
                with pytest.raises(ValueError, match="non-empty string"):
                    await client.models.list()
    assert len(oxide_server.journal) == 0


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.example")
    monkeypatch.setenv("OPENAI_API_VERSION", "v9")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://not.this")
    monkeypatch.setenv("OPENAI_API_KEY", "not this")
    for token in (None, "token"):
        if token:
            monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", token)
        official, mine = openai.AsyncAzureOpenAI(), oxide.AsyncAzureOpenAI()
        for client in (official, mine):
            assert str(client.base_url) == "https://res.example/openai/"
            assert client._api_version == "v9"
            assert client._azure_ad_token == token
        assert mine.auth_headers == official.auth_headers
        assert mine.api_key == official.api_key
        explicit = oxide.AsyncAzureOpenAI(api_key="mine")
        assert explicit.auth_headers == {"api-key": "mine"}


async def test_a_redirect_takes_no_key_along(oxide_server: Server) -> None:
    async with Server() as other:
        other.script("*", {"id": "x"}, times=None)
        oxide_server.script("*", Answer.redirect(f"{other.base_url}/m", 307), times=None)
        for options in ({"api_key": "k"}, {"api_key": _key}, {"azure_ad_token_provider": lambda: "t"}):
            async with oxide.AsyncAzureOpenAI(
                base_url=oxide_server.base_url, api_version="v", **options
            ) as client:
                await client.models.retrieve("m")
        for request in other.journal:
            assert not {"api-key", "authorization"} & {name.lower() for name in request.headers}


async def test_changed_credentials_hold(oxide_server: Server) -> None:
    oxide_server.script("*", {"id": "x"}, times=None)
    async with oxide.AsyncAzureOpenAI(
        base_url=oxide_server.base_url, api_version="v", api_key="one"
    ) as client:
        await client.models.retrieve("m")
        client.api_key = "two"
        await client.models.retrieve("m")
        await client.copy(azure_ad_token="three").models.retrieve("m")
        await client.copy(azure_ad_token_provider=lambda: "four").copy(api_key="five").models.retrieve("m")
    keys = [r.headers.get("api-key") or r.headers["authorization"] for r in oxide_server.journal]
    assert keys == ["one", "two", "Bearer three", "five"]


async def test_without_credentials_a_call_says_what_to_give(oxide_server: Server) -> None:
    oxide_server.script("*", {"id": "m"}, times=None)
    client = oxide.AsyncAzureOpenAI(
        base_url=oxide_server.base_url, api_version="v", _enforce_credentials=False
    )
    async with client:
        with pytest.raises(TypeError, match="AsyncAzureOpenAI has no credentials to send: give it `api_key`"):
            await client.models.retrieve("m")
        for given in ({"api-key": "k"}, {"Authorization": "Bearer t"}, {"api-key": oxide.omit}):
            await client.models.retrieve("m", extra_headers=given)  # type: ignore[arg-type]
    assert [r.headers.get("api-key") for r in oxide_server.journal] == ["k", None, None]


def test_what_azure_has_not() -> None:
    from oxide.auth import x509_workload_identity

    identity = x509_workload_identity(identity_provider_id="i", service_account_id="s")
    with pytest.raises(oxide.OpenAIError, match="azure_ad_token_provider"):
        oxide.AsyncAzureOpenAI(api_key="k", api_version="v", base_url="https://x", workload_identity=identity)
    client = oxide.AsyncAzureOpenAI(api_key="k", api_version="v", base_url="https://x")
    with pytest.raises(oxide.OpenAIError, match="azure_ad_token_provider"):
        client.copy(workload_identity=identity)
    assert "k" not in repr(client).replace("key", "")


def test_names_and_signatures() -> None:
    for name in oxide.lib.azure.__all__:
        assert hasattr(openai.lib.azure, name)
    own = {"validation", "deadline", "retry_policy", "max_event", "max_line", "hooks"}
    for method in ("__init__", "copy", "with_options"):
        theirs = inspect.signature(getattr(openai.AsyncAzureOpenAI, method)).parameters
        mine = inspect.signature(getattr(oxide.AsyncAzureOpenAI, method)).parameters
        assert [n for n in mine if n not in own] == list(theirs)
        for parameter in theirs:
            assert mine[parameter].kind == theirs[parameter].kind
    assert oxide.lib.azure.API_KEY_SENTINEL == openai.lib.azure.API_KEY_SENTINEL
    assert issubclass(oxide.lib.azure.MutuallyExclusiveAuthError, oxide.OpenAIError)
