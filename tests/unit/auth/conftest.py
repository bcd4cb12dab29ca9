"""A token endpoint on the loopback interface, beside the API."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine is configured for must not decide a test."""
    for name in tuple(os.environ):
        if name.startswith(("OPENAI_", "AZURE_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)


class Exchange:
    """Answers `/oauth/token` of a server, and counts."""

    def __init__(self, server: Server, life: float = 3600) -> None:
        self.server = server
        self.life = life
        self.numbers = count(1)
        self.url = server.base_url + "/oauth/token"

    def serve(self, *answers: Any, delay: float = 0.0) -> None:
        """These answers first, then tokens `access-1`, `access-2`, … without end."""
        if answers:
            self.server.script("/oauth/token", *answers)

        def give(request: Any) -> Answer:
            body = {"access_token": f"access-{next(self.numbers)}", "expires_in": self.life}
            return Answer.json({**body, "token_type": "Bearer"}, delay=delay)

        self.server.script("/oauth/token", give, times=None)

    @property
    def seen(self) -> list[Any]:
        return list(self.server.journal.of("/oauth/token"))

    @property
    def used(self) -> list[str]:
        """The tokens that came with requests to the API."""
        calls = [r for r in self.server.journal if not r.path.endswith("/oauth/token")]
        return [r.headers["authorization"].removeprefix("Bearer ") for r in calls]


@pytest.fixture
def exchange(oxide_server: Server) -> Exchange:
    """The token endpoint of the test's server; `serve()` opens it."""
    return Exchange(oxide_server)


@pytest.fixture
def identity() -> dict[str, Any]:
    """A workload identity whose subject tokens are `subject-1`, `subject-2` …"""
    numbers = count(1)
    return {
        "identity_provider_id": "idp_1",
        "service_account_id": "sa_1",
        "provider": {"token_type": "jwt", "get_token": lambda: f"subject-{next(numbers)}"},
    }


@pytest.fixture
def client_of(
    oxide_server: Server, exchange: Exchange, identity: dict[str, Any]
) -> Callable[..., oxide.AsyncOpenAI]:
    """Makes clients of the test's server that exchange tokens there."""

    def make(**options: Any) -> oxide.AsyncOpenAI:
        client = oxide.AsyncOpenAI(
            **{"workload_identity": identity, "base_url": oxide_server.base_url, **options}
        )
        auth = client._workload_identity_auth
        assert auth is not None
        auth.token_exchange_url = exchange.url
        return client

    return make
