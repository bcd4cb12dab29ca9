"""Log lines of requests: when they are written, and what never is in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import oxide
from oxide import AsyncOpenAI
from oxide._logging import LoggedTransport
from oxide.testing import Answer, Server


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    logger = logging.getLogger("oxide")
    before = logger.level
    yield
    logger.setLevel(before)


async def test_off_by_default_and_then_free(
    oxide_client: AsyncOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    await oxide_client.models.list()
    assert not isinstance(oxide_client._connections.transport, LoggedTransport)
    assert [r for r in caplog.records if r.name == "oxide"] == []


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("debug", 2), ("DEBUG", 2)])
async def test_openai_log(
    oxide_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    level: str,
    lines: int,
) -> None:
    monkeypatch.setenv("OPENAI_LOG", level)
    oxide_server.script("/models", Answer.error(500), Answer.json({"object": "list", "data": []}))
    address = oxide_server.base_url.replace("http://", "http://user:secret-pass@")
    async with AsyncOpenAI(api_key="sk-secret", base_url=address) as client:
        await client.models.list()
    found = [r.getMessage() for r in caplog.records if r.name == "oxide"]
    assert len(found) == lines
    assert '/v1/models "HTTP/1.1 200"' in found[-1]
    assert "1 retries" in found[-1]
    assert "secret" not in caplog.text


async def test_failures_are_logged(oxide_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "oxide")
    # Two drops: a kept-alive connection that turns out dead is replaced without counting as an attempt.
    oxide_server.script("/models", Answer.error(404), Answer.drop(), Answer.drop())
    async with AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        for error in (oxide.NotFoundError, oxide.APIConnectionError):
            with pytest.raises(error):
                await client.models.list()
    found = [r.getMessage() for r in caplog.records if r.name == "oxide"]
    assert '"HTTP/1.1 404 Not Found"' in found[0]
    assert "failed: APIConnectionError" in found[1]
