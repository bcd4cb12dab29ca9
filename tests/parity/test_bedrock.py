"""Bedrock: the official client and oxide's make the same requests; signatures are checked by botocore."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import openai
import openai.lib.bedrock
import openai.providers
import pytest

import oxide
import oxide.lib.bedrock
import oxide.providers
from oxide import OpenAIError
from oxide.testing import Answer, Server

OWN_HEADERS = {
    "user-agent",  # each names itself
    "x-stainless-package-version",
    "x-stainless-raw-response",
    "accept-encoding",  # what each can decode
    "connection",  # httpx names what HTTP/1.1 has by default
    "cache-control",  # streams ask not to be cached
    "accept",  # streams ask for events
    "content-length",  # the bodies are compared, not their spelling
    "authorization",  # compared apart
    "x-amz-date",
    "x-amz-content-sha256",
}

KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret/key", "session_token": "session=token"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in tuple(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile other]\nregion = eu-west-3\n[default]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text(
        "[other]\naws_access_key_id = OTHER\naws_secret_access_key = other secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def answer(request: Any) -> Answer:
    if b'"stream":true' in request.body.replace(b" ", b""):
        return Answer.sse([{"type": "response.completed", "response": {}, "sequence_number": 0}])
    return Answer.json({"id": "x", "object": "list", "data": [], "output": []})


def signed_by(request: Any, secrets: dict[str, str]) -> dict[str, str]:
    """Key id, region and service of a signature that botocore finds right."""
    header = request.headers["authorization"]
    assert header.startswith("AWS4-HMAC-SHA256 ")
    parts = dict(part.split("=", 1) for part in header.removeprefix("AWS4-HMAC-SHA256 ").split(", "))
    key, _, region, service, _ = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names)
    headers = {name: request.headers[name] for name in names}
    url = f"http://{request.headers['host']}{request.target}"
    copy = botocore.awsrequest.AWSRequest(request.method, url, headers, request.body)
    copy.context["timestamp"] = request.headers["x-amz-date"]
    credentials = botocore.credentials.Credentials(key, secrets[key])
    signer = botocore.auth.SigV4Auth(credentials, service, region)
    text = signer.string_to_sign(copy, signer.canonical_request(copy))
    assert signer.signature(text, copy) == parts["Signature"]
    return {"key": key, "region": region, "service": service}


SECRETS = {"AKIDEXAMPLE": "secret/key", "OTHER": "other secret", "ENV": "env secret"}


def seen(request: Any) -> dict[str, Any]:
    headers = {n.lower(): v for n, v in request.headers.items() if n.lower() not in OWN_HEADERS}
    authorization = request.headers.get("authorization", "")
    who: Any = authorization
    if authorization.startswith("AWS4"):
        who = signed_by(request, SECRETS)
    body = json.loads(request.body) if request.body else None
    return {
        "method": request.method,
        "target": request.target,
        "headers": headers,
        "body": body,
        "who": who,
    }


async def _token() -> str:
    return "async token"


def aws_credentials() -> Any:
    return botocore.credentials.Credentials("OTHER", "other secret", "temporary")


PROVIDERS: dict[str, dict[str, Any]] = {
    "bearer": {"region": "us-east-1", "api_key": "bearer"},
    "function": {"region": "us-east-1", "token_provider": lambda: "a token"},
    "async function": {"token_provider": _token},
    "static": {"region": "us-west-2", **KEYS},
    "static, runtime": {"region": "us-west-2", "endpoint": "runtime", **KEYS, "session_token": None},
    "static, region of the default profile": dict(KEYS),
    "profile": {"profile": "other"},
    "profile, region": {"profile": "other", "region": "ap-southeast-2"},
    "credentials": {"region": "eu-central-1", "credential_provider": aws_credentials},
}

Call = Callable[[Any], Awaitable[Any]]


async def _stream(client: Any) -> None:
    async with await client.responses.create(model="m", input="hi", stream=True) as stream:
        async for _ in stream:
            pass


CALLS: dict[str, Call] = {
    "responses": lambda c: c.responses.create(model="m", input="hé", temperature=0.5),
    "stream": _stream,
    "raw": lambda c: c.with_raw_response.responses.create(model="m", input="hi"),
    "path and query": lambda c: c.responses.retrieve(
        "resp 1/ü+*", include=["reasoning.encrypted_content"], extra_query={"z": "", "a": "b c/+=&~*"}
    ),
    "list": lambda c: c.models.list(),
    "delete": lambda c: c.models.delete("m"),
    "admin": lambda c: c.admin.organization.projects.retrieve("p"),
    "own headers": lambda c: c.responses.create(
        model="m", input="hi", extra_headers={"X-Amz-Own": "a  b", "Content-Type": "application/json; x=1"}
    ),
    "copy": lambda c: c.with_options(timeout=5, default_query={"q": "1"}).responses.create(
        model="m", input="x"
    ),
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (n, o)
        for n in CALLS
        for o in PROVIDERS
        if o in ("bearer", "static") or n in ("responses", "stream", "copy")
    ],
)
async def test_bedrock_sees_the_same(oxide_server: Server, name: str, options: str) -> None:
    oxide_server.script("*", answer, times=None)
    for module in (openai, oxide):
        provider = module.providers.bedrock(base_url=oxide_server.base_url, **PROVIDERS[options])
        async with module.AsyncOpenAI(provider=provider, organization="org") as client:
            await CALLS[name](client)
    official, mine = (seen(r) for r in oxide_server.journal)
    assert mine == official


async def test_each_attempt_is_signed(oxide_server: Server) -> None:
    oxide_server.script("*", Answer.error(500, retry_after=0.01), {"id": "x", "output": []})
    provider = oxide.providers.bedrock(base_url=oxide_server.base_url, region="us-east-1", **KEYS)
    async with oxide.AsyncOpenAI(provider=provider) as client:
        await client.responses.create(model="m", input="hi")
    for request in oxide_server.journal:
        assert signed_by(request, SECRETS)["service"] == "bedrock-mantle"
    assert [r.headers["x-stainless-retry-count"] for r in oxide_server.journal] == ["0", "1"]


async def test_what_a_provider_refuses(oxide_server: Server) -> None:
    for options in ({"api_key": "k"}, KEYS):
        provider = oxide.providers.bedrock(base_url=oxide_server.base_url, region="us-east-1", **options)
        async with oxide.AsyncOpenAI(provider=provider) as client:
            with pytest.raises(OpenAIError, match="No `Authorization` header goes to Bedrock"):
                await client.models.list(extra_headers={"authorization": "Basic x"})
            with pytest.raises(OpenAIError, match=r"and not for http://127\.0\.0\.1:1: "):
                await client.get("http://127.0.0.1:1/x", cast_to=object)
            for secret in ("'k'", "secret/key", "session=token"):
                assert secret not in repr((client, client._credentials, vars(client)))
    with pytest.raises(OpenAIError, match="redirects"):
        await client.get("/x", cast_to=object, options={"follow_redirects": True})
    assert len(oxide_server.journal) == 0


async def test_credentials_that_cannot_be_had(oxide_server: Server) -> None:
    def boom() -> Any:
        raise ZeroDivisionError

    cases: list[tuple[dict[str, Any], str]] = [
        ({"token_provider": boom}, "token provider raised ZeroDivisionError"),
        ({"token_provider": lambda: " "}, "token provider returned str, not a non-empty string"),
        ({"credential_provider": boom}, "AWS credentials of Bedrock raised ZeroDivisionError"),
        ({"credential_provider": lambda: None}, "Nothing to authenticate with at Bedrock"),
        ({"profile": "default"}, "Nothing to authenticate with|AWS credentials of Bedrock raised"),
        ({"profile": "absent"}, "AWS credentials of Bedrock raised ProfileNotFound"),
    ]
    for options, words in cases:
        for module in (openai, oxide):
            provider = module.providers.bedrock(base_url=oxide_server.base_url, region="us-east-1", **options)
            async with module.AsyncOpenAI(provider=provider) as client:
                with pytest.raises(module.OpenAIError, match=words if module is oxide else None):
                    await client.models.list()
    assert len(oxide_server.journal) == 0


async def test_without_botocore(oxide_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys need it not; profiles say what to install."""
    import sys

    oxide_server.script("*", answer, times=None)
    for name in [n for n in sys.modules if n.partition(".")[0] == "botocore"]:
        monkeypatch.setitem(sys.modules, name, None)
    provider = oxide.providers.bedrock(base_url=oxide_server.base_url, region="us-east-1", **KEYS)
    async with oxide.AsyncOpenAI(provider=provider) as client:
        await client.models.list()
    provider = oxide.providers.bedrock(base_url=oxide_server.base_url, region="us-east-1", profile="other")
    async with oxide.AsyncOpenAI(provider=provider) as client:
        with pytest.raises(OpenAIError, match=r"pip install oxide\[bedrock\]"):
            await client.models.list()


FAULTS: dict[str, dict[str, Any]] = {
    "endpoint": {"endpoint": "other"},
    "empty region": {"region": " "},
    "region": {"region": "Frankfurt"},
    "empty address": {"region": "us-east-1", "base_url": " "},
    "plain http": {"base_url": "http://bedrock-mantle.us-east-1.api.aws/v1", "api_key": "k"},
    "another region": {"base_url": "https://bedrock-mantle.us-east-1.api.aws", "region": "us-east-2"},
    "another endpoint": {
        "base_url": "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
        "endpoint": "mantle",
    },
    "empty profile": {"profile": ""},
    "half a key": {"access_key_id": "x"},
    "token alone": {"session_token": "x"},
    "empty key": {"access_key_id": " ", "secret_access_key": "x"},
    "empty token": {**KEYS, "session_token": ""},
    "empty bearer": {"api_key": ""},
    "bearer and function": {"api_key": "k", "token_provider": lambda: "t"},
    "two of AWS": {**KEYS, "profile": "x"},
    "bearer and AWS": {"api_key": "k", "profile": "x"},
    "no region": {"api_key": "k"},
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_faults_are_the_official_ones(name: str) -> None:
    found = []
    for module in (openai, oxide):
        with pytest.raises(module.OpenAIError) as info:
            module.AsyncOpenAI(provider=module.providers.bedrock(**FAULTS[name]))
        found.append(str(info.value))
    assert found[1] == found[0]


ADDRESSES: list[dict[str, Any]] = [
    {"region": "us-east-1"},
    {"region": "us-east-1", "endpoint": "runtime"},
    {"region": "cn-north-1", "endpoint": "runtime"},
    {"region": "us-iso-east-1", "endpoint": "runtime"},
    {"region": "us-isob-east-1", "endpoint": "runtime"},
    {"region": "eusc-de-east-1", "endpoint": "runtime"},
    {"base_url": "https://example.com/v1/responses/"},
    {"base_url": "https://example.com/v1/responses/x"},
    {"base_url": "https://example.com/"},
    {
        "base_url": "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/openai/v1",
        "region": "us-gov-west-1",
    },
]


@pytest.mark.parametrize("options", ADDRESSES)
def test_addresses(options: dict[str, Any]) -> None:
    found = []
    for module in (openai, oxide):
        client = module.AsyncOpenAI(provider=module.providers.bedrock(api_key="k", **options))
        found.append((str(client.base_url).rstrip("/"), client._provider_runtime.region))
    assert found[1] == found[0]


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(module: Any, **options: Any) -> Any:
        client = module.AsyncOpenAI(provider=module.providers.bedrock(**options))
        kind = "Bearer" if "Bearer" in repr(client._provider_runtime) or _is_bearer(client) else "Signed"
        return str(client.base_url).rstrip("/"), client._provider_runtime.region, kind, client.organization

    def _is_bearer(client: Any) -> bool:
        runtime = client._provider_runtime
        return "earer" in repr(getattr(runtime, "prepare_request", "")) or "Bearer" in type(runtime).__name__

    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    monkeypatch.setenv("OPENAI_API_KEY", "not this")
    steps = [
        ("AWS_DEFAULT_REGION", "ap-south-1"),
        ("AWS_REGION", "sa-east-1"),
        ("AWS_BEARER_TOKEN_BEDROCK", "bearer"),
        ("AWS_BEDROCK_BASE_URL", "https://example.com/v1"),
    ]
    for name, value in steps:
        monkeypatch.setenv(name, value)
        for options in ({}, {"api_key": None}, KEYS, {"base_url": None}, {"region": "us-east-2"}):
            assert made(oxide, **options) == made(openai, **options)


# -- the client class ----------------------------------------------------------------------------------

CLIENTS: dict[str, dict[str, Any]] = {
    "bearer": {"api_key": "bearer", "aws_region": "us-east-1"},
    "function": {"bedrock_token_provider": lambda: "a token", "aws_region": "us-east-1"},
    "async function": {"bedrock_token_provider": _token},
    "static": {
        "aws_region": "us-west-2",
        "aws_access_key_id": "AKIDEXAMPLE",
        "aws_secret_access_key": "secret/key",
        "aws_session_token": "session=token",
    },
    "profile": {"aws_profile": "other"},
    "credentials": {"aws_credentials_provider": aws_credentials, "aws_region": "eu-central-1"},
}

COPIES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "bearer": {"api_key": "another"},
    "function": {"bedrock_token_provider": _token},
    "profile": {"aws_profile": "other"},
    "region": {"aws_region": "us-east-2"},
    "headers": {"default_headers": {"X-A": "1"}, "organization": "org"},
    "keys": {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret/key"},
}


@pytest.mark.parametrize("change", list(COPIES))
@pytest.mark.parametrize("options", list(CLIENTS))
async def test_the_client_class(oxide_server: Server, options: str, change: str) -> None:
    oxide_server.script("*", answer, times=None)
    states = []
    for module in (openai, oxide):
        async with module.AsyncBedrockOpenAI(base_url=oxide_server.base_url, **CLIENTS[options]) as client:
            await client.responses.create(model="m", input="hi")
            copied = client.copy(**COPIES[change])
            await copied.responses.create(model="m", input="hi")
            states.append([(str(c.base_url).rstrip("/"), c.aws_region, c.api_key) for c in (client, copied)])
    first, second, third, fourth = (seen(r) for r in oxide_server.journal)
    assert [third, fourth] == [first, second]
    assert states[1] == states[0]


def test_addresses_of_the_client_class(monkeypatch: pytest.MonkeyPatch) -> None:
    def states(module: Any) -> list[Any]:
        found = []
        cls = module.AsyncBedrockOpenAI
        for options in (
            {"api_key": "k", "aws_region": "us-east-1"},
            {"api_key": "k", "aws_region": "us-east-1", "base_url": ""},
            {"api_key": "k", "base_url": "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"},
            {"aws_profile": "other"},
        ):
            client = cls(**options)
            copies = [
                client,
                client.copy(aws_region="eu-north-1") if "runtime" not in str(client.base_url) else client,
                client.copy(base_url="https://example.com/v1"),
                client.copy(base_url="https://example.com/v1").copy(base_url="", aws_region="us-east-2"),
                client.copy(api_key="j"),
            ]
            found += [(str(c.base_url).rstrip("/"), c.aws_region, c.api_key) for c in copies]
        return found

    assert states(oxide) == states(openai)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer")
    monkeypatch.setenv("AWS_REGION", "ca-central-1")
    assert states(oxide) == states(openai)
    for module in (openai, oxide):
        client = module.AsyncBedrockOpenAI()
        assert (client.api_key, client.aws_region) == ("bearer", "ca-central-1")


async def test_key_region_and_address_may_be_changed(oxide_server: Server) -> None:
    oxide_server.script("*", answer, times=None)
    found = []
    for module in (openai, oxide):
        oxide_server.journal.clear()
        client = module.AsyncBedrockOpenAI(
            base_url="https://example.com", api_key="one", aws_region="us-east-1"
        )
        async with client:
            client.base_url = oxide_server.base_url
            await client.models.list()
            client.api_key = "two"
            await client.models.list()
            await client.copy(timeout=3).models.list()
            client.aws_region = "us-east-2"
            await client.models.list()
        signed = module.AsyncBedrockOpenAI(
            base_url=oxide_server.base_url,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret/key",
            aws_region="us-east-1",
        )
        async with signed:
            signed.aws_region = "us-east-2"
            await signed.models.list()
        found.append([seen(r)["who"] for r in oxide_server.journal])
    assert found[1] == found[0]
    assert found[1][:4] == ["Bearer one", "Bearer two", "Bearer two", "Bearer two"]
    assert found[1][4]["region"] == "us-east-2"
    derived = oxide.AsyncBedrockOpenAI(api_key="k", aws_region="us-east-1")
    derived.aws_region = "us-east-2"
    assert str(derived.base_url) == "https://bedrock-mantle.us-east-2.api.aws/openai/v1/"


CLASS_FAULTS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda m: m.AsyncBedrockOpenAI(api_key="k", base_url=""),
    "empty": lambda m: m.AsyncBedrockOpenAI(api_key=""),
    "callable": lambda m: m.AsyncBedrockOpenAI(api_key=lambda: "k"),
    "two": lambda m: m.AsyncBedrockOpenAI(api_key="k", bedrock_token_provider=lambda: "t"),
    "bearer and AWS": lambda m: m.AsyncBedrockOpenAI(api_key="k", aws_profile="p"),
    "copy, region": lambda m: bedrock_client(m).copy(data_residency="eu"),
    "copy, callable": lambda m: bedrock_client(m).copy(api_key=lambda: "k"),
    "copy, provider": lambda m: bedrock_client(m).copy(provider=None),
    "copy, admin": lambda m: bedrock_client(m).copy(admin_api_key="a"),
    "copy, two": lambda m: bedrock_client(m).copy(api_key="a", aws_profile="p"),
    "copy, headers": lambda m: bedrock_client(m).copy(default_headers={}, set_default_headers={}),
}


def bedrock_client(module: Any) -> Any:
    return module.AsyncBedrockOpenAI(api_key="k", aws_region="us-east-1")


@pytest.mark.parametrize("name", list(CLASS_FAULTS))
def test_faults_of_the_client_class(name: str) -> None:
    found = []
    for module in (openai, oxide):
        with pytest.raises(Exception) as info:  # noqa: PT011 (compared below)
            CLASS_FAULTS[name](module)
        found.append((type(info.value).__name__, str(info.value)))
    assert found[1] == found[0]


def test_names_and_signatures() -> None:
    for name in oxide.lib.bedrock.__all__:
        assert hasattr(openai.lib.bedrock, name)
    own = {"validation", "deadline", "retry_policy", "max_event", "max_line", "hooks"}
    for method in ("__init__", "copy", "with_options"):
        theirs = inspect.signature(getattr(openai.AsyncBedrockOpenAI, method)).parameters
        mine = inspect.signature(getattr(oxide.AsyncBedrockOpenAI, method)).parameters
        private = {"_provider", "_state", "_region_was_explicit"}  # how its copies are made
        assert [n for n in mine if n not in own] == [n for n in theirs if n not in private]


def test_secrets_are_not_shown() -> None:
    client = oxide.AsyncBedrockOpenAI(
        aws_region="us-east-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="hidden",
        aws_session_token="hid",
    )
    assert "hid" not in repr((client, client._settings, client._provider, client._provider_runtime))
    source = client._provider_runtime._source  # type: ignore[union-attr]
    assert "hid" not in repr(source.static)
