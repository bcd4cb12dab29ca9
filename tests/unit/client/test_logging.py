"""Log lines of requests: when they are written, and what never is in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import oxide
from oxide import AsyncOpenAI
from oxide._logging import known_levels, logger
from oxide.testing import Answer, Server
from oxide.transport.facts import Headers, is_secret, redact_url


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    before = logger.level
    yield
    logger.setLevel(before)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "oxide"]


async def test_off_by_default_and_then_free(
    oxide_client: AsyncOpenAI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport: Any = oxide_client._connections.open()
    monkeypatch.delattr(type(transport), "_watched")
    for _ in range(2):
        await oxide_client.models.list()
        assert known_levels.get(logging.INFO) is False
    assert lines(caplog) == []


@pytest.mark.parametrize("level", ["info", "debug", "DEBUG"])
async def test_openai_log(
    oxide_server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, level: str
) -> None:
    monkeypatch.setenv("OPENAI_LOG", level)
    headers = {"set-cookie": "s=secret-cookie", "x-request-id": "req_7"}
    oxide_server.script(
        "/models", Answer.error(500), Answer.json({"object": "list", "data": []}, headers=headers)
    )
    async with AsyncOpenAI(
        api_key="sk-secret-key",
        base_url=oxide_server.base_url.replace("http://", "http://user:secret-pass@"),
        default_query={"api_key": "secret-query", "sig": "secret-sig", "limit": "5"},
        default_headers={"api-key": "secret-azure", "cf-aig-authorization": "Bearer secret-gateway"},
    ) as client:
        await client.models.list()
    found = lines(caplog)
    info = [r.getMessage() for r in caplog.records if r.name == "oxide" and r.levelno == logging.INFO]
    assert len(info) == 3
    assert '"HTTP/1.1 500"' in info[0]
    assert info[1].startswith("Retrying GET http://")
    assert info[1].endswith("retry 1 of 2: status 500")
    assert '"HTTP/1.1 200" in ' in info[2]
    assert info[2].endswith("(request id req_7)")
    assert "limit=5" in info[2]
    assert "secret" not in caplog.text
    if level == "info":
        assert len(found) == 3
    else:
        assert len(found) == 7
        assert "attempt 1, 0 bytes, stream=False, headers: " in found[0]
        assert "api-key: <redacted>" in found[0]
        assert "set-cookie: <redacted>" in found[-1]


async def test_the_level_may_change_while_a_client_lives(
    oxide_client: AsyncOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    await oxide_client.models.list()
    caplog.set_level(logging.INFO, "oxide")
    await oxide_client.models.list()
    assert len(lines(caplog)) == 1
    caplog.set_level(logging.WARNING, "oxide")
    await oxide_client.models.list()
    assert len(lines(caplog)) == 1


async def test_failures_are_logged(oxide_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "oxide")
    # Two drops: a kept-alive connection that turns out dead is replaced without counting as an attempt.
    told = Answer.error(404, "Incorrect API key: sk-secret")
    oxide_server.script("/models", told, Answer.drop(), Answer.drop())

    async def no_key() -> str:
        raise RuntimeError("sk-secret")

    async with AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        for error in (oxide.NotFoundError, oxide.APIConnectionError):
            with pytest.raises(error):
                await client.models.list()
        with pytest.raises(RuntimeError):
            await client.with_options(api_key=no_key).models.list()
    found = lines(caplog)
    assert '"HTTP/1.1 404"' in found[0]
    assert found[1].endswith("NotFoundError (status 404)")
    assert "APIConnectionError: Connection error" in found[2]
    assert found[3].endswith("RuntimeError (RuntimeError)")
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/v1/x?api_key=a&limit=5", "https://h/v1/x?api_key=<redacted>&limit=5"),
        ("https://h/x?limit=5&sig=a%2Fb#token=c", "https://h/x?limit=5&sig=<redacted>#token=<redacted>"),
        (
            "https://h/x?API-KEY=a&X-Amz-Signature=b",
            "https://h/x?API-KEY=<redacted>&X-Amz-Signature=<redacted>",
        ),
        ("https://h/x?subscription-key=a;key=b", "https://h/x?subscription-key=<redacted>;key=<redacted>"),
        ("https://u:p@h/x?access_token=a", "https://<redacted>@h/x?access_token=<redacted>"),
        ("https://h/x?group_by[]=model&after=key_1", "https://h/x?group_by[]=model&after=key_1"),
        ("https://h/x=1?token=", "https://h/x=1?token="),
    ],
)
def test_addresses_without_their_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_headers_without_their_secrets() -> None:
    secret = (
        "authorization proxy-authorization cf-aig-authorization api-key x-api-key x-goog-api-key cookie "
        "set-cookie ocp-apim-subscription-key x-amz-security-token x-client-secret"
    )
    for name in secret.split():
        assert is_secret(name), name
        assert "hush" not in repr(Headers([(name.title(), "hush")]))
    for name in ("x-ratelimit-remaining-tokens", "openai-organization", "idempotency-key", "content-type"):
        assert not is_secret(name), name
