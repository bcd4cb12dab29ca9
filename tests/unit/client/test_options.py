"""Constructor, environment, copies: what a client takes and what it refuses."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import oxide
from oxide import AsyncOpenAI

_VARIABLES = [
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_BASE_URL",
    "OPENAI_WEBHOOK_SECRET",
    "OPENAI_CUSTOM_HEADERS",
]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_missing_credentials_raise_at_construction() -> None:
    with pytest.raises(oxide.OpenAIError, match="OPENAI_API_KEY"):
        AsyncOpenAI()
    assert AsyncOpenAI(_enforce_credentials=False).api_key == ""
    assert AsyncOpenAI(admin_api_key="a").api_key == ""


def test_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.setenv(name, name.lower())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v9/")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-One: 1\nno colon here\nX-Two:2:3")
    client = AsyncOpenAI()
    assert client.api_key == "openai_api_key"
    assert client.admin_api_key == "openai_admin_key"
    assert client.organization == "openai_org_id"
    assert client.project == "openai_project_id"
    assert client.webhook_secret == "openai_webhook_secret"
    assert str(client.base_url) == "http://127.0.0.1:1/v9/"
    assert client.default_headers["X-One"] == "1"
    assert client.default_headers["X-Two"] == "2:3"
    given = AsyncOpenAI(
        api_key="k", organization="o", base_url="http://h/v1", default_headers={"x-one": "mine"}
    )
    assert (given.api_key, given.organization, str(given.base_url)) == ("k", "o", "http://h/v1/")
    assert [v for n, v in given.default_headers.items() if n.lower() == "x-one"] == ["mine"]


def test_defaults() -> None:
    client = AsyncOpenAI(api_key="k")
    assert str(client.base_url) == "https://api.openai.com/v1/"
    assert client.max_retries == 2
    assert client.timeout == oxide.Timeout(600, connect=5)
    assert client.validation == "lazy"
    assert AsyncOpenAI(api_key="k", _strict_response_validation=True).validation == "eager"
    assert AsyncOpenAI(api_key="k", validation="off").validation == "off"


@pytest.mark.parametrize("region", ["us", "eu", "jp"])
def test_data_residency(region: Any) -> None:
    client = AsyncOpenAI(api_key="k", data_residency=region)
    assert str(client.base_url) == f"https://{region}.api.openai.com/v1/"
    assert str(AsyncOpenAI(api_key="k").copy(data_residency=region).base_url) == str(client.base_url)
    with pytest.raises(ValueError, match="mutually exclusive"):
        AsyncOpenAI(api_key="k", data_residency=region, base_url="http://h")
    with pytest.raises(ValueError, match="mutually exclusive"):
        AsyncOpenAI(api_key="k", data_residency=region, websocket_base_url="ws://h")


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        AsyncOpenAI(api_key="k", data_residency="mars")  # type: ignore[arg-type]
    with pytest.raises(oxide.OpenAIError, match=r"a dict that has no `provider`.*x509_workload_identity"):
        AsyncOpenAI(workload_identity={})  # type: ignore[typeddict-item]
    with pytest.raises(oxide.OpenAIError, match="base_url"):
        AsyncOpenAI(provider=object())  # type: ignore[arg-type]
    with pytest.raises(oxide.OpenAIError, match="http://"):
        AsyncOpenAI(api_key="k", base_url="api.example.com")
    with pytest.raises(oxide.OpenAIError, match="default_query"):
        AsyncOpenAI(api_key="k", base_url="https://h/v1?a=b")
    with pytest.raises(ValueError, match="validation"):
        AsyncOpenAI(api_key="k", validation="strict")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="max_retries"):
        AsyncOpenAI(api_key="k", max_retries=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ClientSession"):
        AsyncOpenAI(api_key="k", http_client=object())  # type: ignore[arg-type]
    httpx_client = type("AsyncClient", (), {"__module__": "httpx._client"})()
    with pytest.raises(TypeError, match="httpx"):
        AsyncOpenAI(api_key="k", http_client=httpx_client)


WRONG: list[tuple[str, Any, type[Exception]]] = [
    ("deadline", "5", TypeError),
    ("deadline", True, TypeError),
    ("deadline", -1, ValueError),
    ("deadline", 0, ValueError),
    ("deadline", float("nan"), ValueError),
    ("max_retries", "3", TypeError),
    ("max_retries", -1, ValueError),
    ("max_event", "1", TypeError),
    ("max_event", 1.5, TypeError),
    ("max_event", 0, ValueError),
    ("max_line", -1, ValueError),
    ("max_line", None, TypeError),
]


@pytest.mark.parametrize(("name", "value", "error"), WRONG)
async def test_wrong_options_are_refused_where_they_are_given(
    name: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"^{name} must"):
        AsyncOpenAI(api_key="k", **{name: value})
    client = AsyncOpenAI(api_key="k", base_url="http://127.0.0.1:9")
    with pytest.raises(error, match=f"^{name} must"):
        client.with_options(**{name: value})
    with pytest.raises(error, match=f"^{name} must"):
        setattr(client, name, value)
    if name in ("deadline", "max_retries"):
        options: Any = {name: value}
        with pytest.raises(error, match=f"^{name} must"):
            await client.get("/models", cast_to=object, options=options)


async def test_unknown_options_of_a_call_are_refused() -> None:
    options: Any = {"max_retires": 1, "timeout": 3}
    with pytest.raises(TypeError, match=r"options has no 'max_retires'; it takes .*'max_retries'"):
        await AsyncOpenAI(api_key="k").get("/models", cast_to=object, options=options)


def test_no_deadline_may_be_written_as_infinity() -> None:
    client = AsyncOpenAI(api_key="k", deadline=float("inf"))
    assert client.deadline is None
    assert client.with_options(deadline=4).with_options(deadline=None).deadline is None


def test_secrets_are_not_in_the_repr() -> None:
    client = AsyncOpenAI(
        api_key="sk-secret",
        admin_api_key="adm-secret",
        webhook_secret="whsec_secret",
        base_url="https://user:pass-secret@h/v1",
        default_headers={"X-Api-Key": "hdr-secret"},
    )
    assert "secret" not in repr(client)
    assert "secret" not in repr(client.with_options(timeout=1))


def test_copy_shares_connections_and_keeps_what_is_not_changed() -> None:
    client = AsyncOpenAI(api_key="k", organization="o", default_headers={"A": "1"}, default_query={"q": 1})
    copy = client.with_options(timeout=3, max_retries=0, deadline=9, api_key="other", validation="off")
    assert copy._connections is client._connections
    assert (copy.timeout, copy.max_retries, copy.deadline, copy.api_key) == (3, 0, 9, "other")
    assert (copy.organization, copy.validation) == ("o", "off")
    assert (client.max_retries, client.api_key, client.deadline) == (2, "k", None)
    assert client.copy(default_headers={"B": "2"})._custom_headers == {"A": "1", "B": "2"}
    assert client.copy(set_default_headers={"B": "2"})._custom_headers == {"B": "2"}
    assert client.copy(default_query={"r": 2}).default_query == {"q": 1, "r": 2}
    assert client.copy(set_default_query={}).default_query == {}
    assert copy.responses is not client.responses
    assert copy.responses._client is copy
    for name in ("headers", "query"):
        with pytest.raises(ValueError, match="mutually exclusive"):
            client.copy(**{f"default_{name}": {"a": "b"}, f"set_default_{name}": {"a": "b"}})
    with pytest.raises(TypeError, match="no option"):
        client.copy(_extra_kwargs={"nothing": 1})


def test_a_subclass_is_copied_as_itself() -> None:
    class Mine(AsyncOpenAI):
        def __init__(self, tenant: str) -> None:
            super().__init__(api_key=f"key-of-{tenant}")
            self.tenant = tenant

    copy = Mine("a").with_options(max_retries=7)
    assert type(copy) is Mine
    assert (copy.tenant, copy.max_retries) == ("a", 7)


def test_changed_attributes_reach_the_headers() -> None:
    client = AsyncOpenAI(api_key="k")
    block = client._block("POST", False, None)
    assert block.get("authorization") == "Bearer k"
    assert client._block("POST", False, None) is block
    client.api_key = "new"
    client.organization = "org"
    assert client._block("POST", False, None).get("Authorization") == "Bearer new"
    assert client._block("POST", False, None).get("openai-organization") == "org"
    client.base_url = "http://other/v2"
    assert str(client.base_url) == "http://other/v2/"


def test_headers_cannot_be_smuggled() -> None:
    client = AsyncOpenAI(api_key="k\r\nX-Evil: 1")
    with pytest.raises(ValueError, match=r"[Aa]uthorization") as caught:
        client._block("POST", False, None)
    assert "Evil" not in str(caught.value)


def test_sentinels_are_single_and_falsy() -> None:
    assert oxide.NotGiven() is oxide.not_given is oxide.NOT_GIVEN
    assert oxide.Omit() is oxide.omit
    assert not oxide.omit
    assert not oxide.not_given
    assert pickle.loads(pickle.dumps([oxide.omit, oxide.not_given])) == [oxide.omit, oxide.not_given]
    assert repr(oxide.not_given) == "NOT_GIVEN"
