"""Which credentials a request carries: the official client and oxide's, made and copied in every way."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import openai.auth
import openai.providers
import pytest

import oxide
import oxide.auth
import oxide.providers
from oxide.testing import Server

Call = Callable[[Any, Any], Awaitable[Any]]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)


async def key() -> str:
    return "asked for"


CLIENTS: dict[str, dict[str, Any]] = {
    "key": {"api_key": "key"},
    "function": {"api_key": key},
    "admin": {"admin_api_key": "admin"},
    "both": {"api_key": "key", "admin_api_key": "admin"},
    "function and admin": {"api_key": key, "admin_api_key": "admin"},
    "none": {"_enforce_credentials": False},
    "own header": {
        "api_key": "key",
        "admin_api_key": "admin",
        "default_headers": {"authorization": "Basic x"},
    },
    "organization": {"api_key": "key", "organization": "org", "project": "proj"},
}

COPIES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "other key": {"api_key": "other"},
    "other admin key": {"admin_api_key": "other admin"},
    "function": {"api_key": key},
    "header": {"default_headers": {"Authorization": "Basic y"}},
    "headers": {"set_default_headers": {"X-A": "1"}},
    "organization": {"organization": "other org"},
}

CALLS: dict[str, Call] = {
    "ordinary": lambda c, m: c.models.retrieve("m"),
    "administration": lambda c, m: c.admin.organization.projects.retrieve("proj_1"),
    "administration, raw": lambda c, m: c.with_raw_response.admin.organization.projects.retrieve("proj_1"),
    "administration, list": lambda c, m: c.admin.organization.admin_api_keys.list(),
    "any path": lambda c, m: c.post("/x", body={}, cast_to=object),
    "any path, admin": lambda c, m: c.get(
        "/x", cast_to=object, options={"security": {"admin_api_key_auth": True}}
    ),
    "any path, bearer": lambda c, m: c.get("/x", cast_to=object, options={"security": {"bearer_auth": True}}),
    "any path, either": lambda c, m: c.get(
        "/x", cast_to=object, options={"security": {"bearer_auth": True, "admin_api_key_auth": True}}
    ),
    "header of the call": lambda c, m: c.models.retrieve("m", extra_headers={"AUTHORIZATION": "Basic z"}),
    "no header": lambda c, m: c.models.retrieve("m", extra_headers={"Authorization": m.omit}),
}

NAMES = ("authorization", "openai-organization", "openai-project", "x-a", "x-env")


async def outcome(module: Any, server: Server, call: Call, client: Any) -> Any:
    server.journal.clear()
    async with client:
        try:
            await call(client, module)
        except TypeError as error:
            return str(error)
    (request,) = server.journal
    headers = {n.lower(): v for n, v in request.headers.items()}
    return request.target, {n: headers.get(n) for n in NAMES}


@pytest.mark.parametrize("name", list(CALLS))
@pytest.mark.parametrize("options", list(CLIENTS))
async def test_the_same_credentials_go_out(oxide_server: Server, name: str, options: str) -> None:
    oxide_server.script("*", {"id": "x", "data": []}, times=None)
    found = []
    for module in (openai, oxide):
        client = module.AsyncOpenAI(base_url=oxide_server.base_url, **CLIENTS[options])
        found.append(await outcome(module, oxide_server, CALLS[name], client))
    assert found[1] == found[0]


@pytest.mark.parametrize("change", list(COPIES))
@pytest.mark.parametrize("options", [n for n in CLIENTS if n != "none"])
async def test_copies_send_the_same(oxide_server: Server, options: str, change: str) -> None:
    oxide_server.script("*", {"id": "x", "data": []}, times=None)
    for name in ("ordinary", "administration"):
        found = []
        for module in (openai, oxide):
            client = module.AsyncOpenAI(base_url=oxide_server.base_url, **CLIENTS[options])
            found.append(
                await outcome(module, oxide_server, CALLS[name], client.with_options(**COPIES[change]))
            )
        assert found[1] == found[0]


@pytest.mark.parametrize("given", [{}, {"default_headers": {"X-Env": "mine", "authorization": "Basic mine"}}])
async def test_headers_of_the_environment(
    oxide_server: Server, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Env: a:b \nAuthorization: Basic env\n nothing\nX-A:1")
    oxide_server.script("*", {"id": "x", "data": []}, times=None)
    for name in ("ordinary", "administration", "header of the call"):
        found = []
        for module in (openai, oxide):
            client = module.AsyncOpenAI(
                base_url=oxide_server.base_url, api_key="key", admin_api_key="admin", **given
            )
            found.append(await outcome(module, oxide_server, CALLS[name], client))
        assert found[1] == found[0]


FAULTS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda m: m.AsyncOpenAI(),
    "key and identity": lambda m: m.AsyncOpenAI(api_key="k", workload_identity=identity(m)),
    "identity of no kind": lambda m: m.AsyncOpenAI(workload_identity={"service_account_id": "x"}),
    "provider and key": lambda m: m.AsyncOpenAI(provider=provider(m), api_key="k").base_url,
    "no provider": lambda m: m.AsyncOpenAI(provider=object()),
    "region and address": lambda m: m.AsyncOpenAI(api_key="k", data_residency="eu", base_url="https://x"),
    "region and no address": lambda m: m.AsyncOpenAI(api_key="k", data_residency="eu", base_url=None),
    "region and socket address": lambda m: m.AsyncOpenAI(
        api_key="k", data_residency="eu", websocket_base_url="wss://x"
    ),
    "region and provider": lambda m: m.AsyncOpenAI(provider=provider(m), data_residency="eu"),
    "no region": lambda m: m.AsyncOpenAI(api_key="k", data_residency="mars"),
    "copy, region and address": lambda m: m.AsyncOpenAI(api_key="k").copy(
        data_residency="eu", base_url="https://x"
    ),
    "copy, provider and key": lambda m: m.AsyncOpenAI(api_key="k").copy(provider=provider(m), api_key="x"),
    "copy of a provider's, key": lambda m: m.AsyncOpenAI(provider=provider(m)).copy(api_key="x"),
    "copy of a provider's, address": lambda m: m.AsyncOpenAI(provider=provider(m)).copy(base_url="https://x"),
    "copy, key and identity": lambda m: m.AsyncOpenAI(api_key="k").copy(
        api_key="x", workload_identity=identity(m)
    ),
}


def identity(module: Any) -> Any:
    return {
        "identity_provider_id": "idp",
        "service_account_id": "sa",
        "provider": {"token_type": "jwt", "get_token": lambda: "t"},
    }


def provider(module: Any) -> Any:
    return module.providers.bedrock(region="us-east-1", api_key="aws")


@pytest.mark.parametrize("name", list(FAULTS))
def test_faults_are_the_official_ones(name: str) -> None:
    found = []
    for module in (openai, oxide):
        with pytest.raises(Exception) as info:  # noqa: PT011 (compared below)
            FAULTS[name](module)
        found.append(info.value)
    official, mine = found
    assert type(mine).__name__ == type(official).__name__
    words = str(official).split(". ")[0].split(";")[0].split(":")[0]
    if "no region" not in name and "nothing" not in name:
        assert str(mine).startswith(words)


@pytest.mark.parametrize("region", ["global", "us", "eu", "ae", "au", "in", "jp"])
def test_regions(region: Any) -> None:
    from oxide.auth import x509_workload_identity

    x509 = x509_workload_identity(identity_provider_id="i", service_account_id="s")
    for options in ({"api_key": "k"}, {"workload_identity": x509}):
        found = []
        for module in (openai, oxide):
            try:
                client = module.AsyncOpenAI(data_residency=region, **options)
                copied = module.AsyncOpenAI(api_key="k", websocket_base_url="wss://x").copy(
                    data_residency=region
                )
                found.append(
                    (
                        str(client.base_url),
                        str(copied.base_url),
                        copied.websocket_base_url,
                        client._data_residency,
                    )
                )
            except Exception as error:
                found.append((type(error).__name__, str(error)))
        assert found[1] == found[0]


def test_copies_change_between_ways_of_authentication() -> None:
    """Address, key and region of a chain of copies, step by step."""
    x509 = {"type": "x509", "identity_provider_id": "i", "service_account_id": "s"}

    def chain(module: Any) -> list[Any]:
        client = module.AsyncOpenAI(api_key="k", organization="org", admin_api_key="adm")
        steps: list[dict[str, Any]] = [
            {"workload_identity": identity(module)},
            {"workload_identity": x509},
            {"timeout": 3},
            {"api_key": "k2"},
            {"data_residency": "eu"},
            {"workload_identity": x509},
            {"api_key": "k3"},
            {"provider": provider(module)},
            {"max_retries": 1},
            {"provider": None, "api_key": "k4"},
            {"base_url": "https://example.com/v1"},
            {"workload_identity": x509},
            {"api_key": "k5", "organization": "org2"},
        ]
        found = []
        for step in steps:
            client = client.copy(**step)
            found.append(
                (
                    step.keys(),
                    str(client.base_url).rstrip("/"),
                    client.api_key,
                    client.admin_api_key,
                    client.organization,
                    client._data_residency,
                    client.workload_identity is None,
                    client._provider is None,
                )
            )
        return found

    for mine, official in zip(chain(oxide), chain(openai), strict=True):
        assert mine == official


def test_public_names_and_signatures_of_auth_and_providers() -> None:
    for official, mine in ((openai.auth, oxide.auth), (openai.providers, oxide.providers)):
        assert sorted(mine.__all__) == sorted(official.__all__)
        for name in official.__all__:
            theirs, ours = getattr(official, name), getattr(mine, name)
            if inspect.isclass(theirs) and hasattr(theirs, "__required_keys__"):
                assert ours.__required_keys__ == theirs.__required_keys__
                assert ours.__optional_keys__ == theirs.__optional_keys__
                continue
            expected = inspect.signature(theirs).parameters
            given = inspect.signature(ours).parameters
            public = [n for n in expected if not n.startswith("_")]
            assert [n for n in given if not n.startswith("_")] == public
            for parameter in public:
                assert given[parameter].kind == expected[parameter].kind
                # NOT_GIVEN is a singleton of each.
                assert repr(given[parameter].default) == repr(expected[parameter].default)
    for module, names in (
        ("bedrock", ("AwsCredentialsProvider", "BedrockEndpoint", "BedrockTokenProvider", "bedrock")),
        ("vertex", ("VertexTokenProvider", "vertex")),
    ):
        place = importlib.import_module(f"oxide.providers.{module}")
        assert sorted(place.__all__) == sorted(names)
        assert callable(getattr(oxide.providers, module)), "a function, not the module of its name"
