"""What is tried again, what is not, and what every attempt carries."""

from __future__ import annotations

import asyncio
import ssl
import time
from email.utils import formatdate
from typing import Any

import pytest

from oxide import errors
from oxide.errors import APIError, AuthenticationError, RateLimitError
from oxide.testing import Answer, Server

OK = {"ok": True}


def counts(server: Server) -> list[str]:
    return [e.headers["x-stainless-retry-count"] for e in server.journal]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 599])
async def test_these_statuses_are_tried_again(wire: Any, oxide_server: Server, status: int) -> None:
    oxide_server.script(
        "/r", Answer.error(status, retry_after=0.01), Answer.error(status, retry_after=0.01), OK
    )
    answer = await wire.send(oxide_server.base_url + "/r", "POST", b"{}", max_retries=2)
    assert (answer.retries_taken, counts(oxide_server)) == (2, ["0", "1", "2"])
    assert oxide_server.journal.connections == 1
    assert {e.body for e in oxide_server.journal} == {b"{}"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (418, "APIStatusError"),
        (422, "UnprocessableEntityError"),
    ],
)
async def test_these_statuses_are_final(wire: Any, oxide_server: Server, status: int, kind: str) -> None:
    oxide_server.script("/r", Answer.error(status), times=None)
    for stream in (False, True):
        with pytest.raises(getattr(errors, kind)) as info:
            await wire.send(oxide_server.base_url + "/r", max_retries=5, stream=stream)
        assert type(info.value).__name__ == kind
        assert info.value.status_code == status
        assert str(info.value).startswith(f"Error code: {status}")
        assert info.value.request_id == oxide_server.journal[-1].request_id
        assert isinstance(info.value.body, dict)
    assert len(oxide_server.journal) == 2
    assert oxide_server.journal.connections == 1, "the body was read, the connection serves on"


async def test_max_retries_bounds_it(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/r", Answer.error(429, retry_after=0.01), times=None)
    for bound in (0, 1, 3):
        before = len(oxide_server.journal)
        with pytest.raises(RateLimitError):
            await wire.send(oxide_server.base_url + "/r", max_retries=bound)
        assert len(oxide_server.journal) - before == bound + 1


@pytest.mark.parametrize(("order", "status", "sent"), [("true", 400, 2), ("false", 500, 1), ("what", 500, 2)])
async def test_the_server_overrules(
    wire: Any, oxide_server: Server, order: str, status: int, sent: int
) -> None:
    headers = {"x-should-retry": order, "retry-after-ms": "5"}
    oxide_server.script("/r", Answer.error(status, headers=headers), times=None)
    with pytest.raises(errors.APIStatusError):
        await wire.send(oxide_server.base_url + "/r", max_retries=1)
    assert len(oxide_server.journal) == sent


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after-ms": "150"}, 0.15, 0.4),
        ({"retry-after": "0.15"}, 0.15, 0.4),
        ({"retry-after-ms": "150", "retry-after": "30"}, 0.15, 0.4),
        ({"retry-after": "-5"}, 0.37, 0.9),
        ({"retry-after": "soon"}, 0.37, 0.9),
        ({}, 0.37, 0.9),
    ],
    ids=str,
)
async def test_the_wait(
    wire: Any, oxide_server: Server, headers: dict[str, str], low: float, high: float
) -> None:
    oxide_server.script("/r", Answer.error(503, headers=headers), OK)
    await wire.send(oxide_server.base_url + "/r", max_retries=1)
    first, second = oxide_server.journal
    assert low <= second.received - first.received < high


async def test_a_date_to_wait_for(wire: Any, oxide_server: Server) -> None:
    when = formatdate(time.time() + 1.5, usegmt=True)
    oxide_server.script("/r", Answer.error(503, headers={"retry-after": when}), OK)
    await wire.send(oxide_server.base_url + "/r", max_retries=1)
    first, second = oxide_server.journal
    assert 0.4 < second.received - first.received < 2.2


@pytest.mark.parametrize("seconds", ["121", "1e400", "inf", formatdate(time.time() + 9999, usegmt=True)])
async def test_above_two_minutes_is_final(wire: Any, oxide_server: Server, seconds: str) -> None:
    oxide_server.script("/r", Answer.error(429, headers={"retry-after": seconds}), times=None)
    with pytest.raises(RateLimitError):
        await wire.send(oxide_server.base_url + "/r", max_retries=2)
    assert len(oxide_server.journal) == 1


async def test_broken_connections_are_tried_again(wire: Any, raw_server: Any, read_request: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if server.connections == 1:
            return
        if server.connections == 2:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    server = await raw_server(handler)
    wire.transport(retry_policy=Quick())
    answer = await wire.send(server.url, "POST", b"{}", max_retries=2)
    assert (answer.content(), answer.retries_taken, server.connections) == (b"ok", 2, 3)


class Quick:
    """Retries everything, without waiting."""

    def __init__(self, retry: bool = True) -> None:
        self.retry = retry
        self.seen: list[tuple[str, int, int]] = []

    def should_retry(self, error: APIError, *, attempt: int, max_retries: int) -> bool:
        self.seen.append((type(error).__name__, attempt, max_retries))
        return self.retry

    def delay(self, error: APIError, *, attempt: int) -> float:
        return 0.0


async def test_a_policy_of_ones_own(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/r", Answer.error(404), Answer.error(500), Answer.error(400), Answer.error(404))
    policy = Quick()
    with pytest.raises(errors.BadRequestError):
        await wire.send(oxide_server.base_url + "/r", max_retries=2, retry_policy=policy)
    assert policy.seen == [("NotFoundError", 0, 2), ("InternalServerError", 1, 2)]
    stubborn = Quick(retry=False)
    with pytest.raises(errors.NotFoundError):
        await wire.send(oxide_server.base_url + "/r", max_retries=2, retry_policy=stubborn)
    assert stubborn.seen == [("NotFoundError", 0, 2)]


async def test_what_a_policy_raises_passes_through(wire: Any, oxide_server: Server) -> None:
    class Broken(Quick):
        def delay(self, error: APIError, *, attempt: int) -> float:
            raise ZeroDivisionError("mine")

    oxide_server.script("/r", Answer.error(500))
    with pytest.raises(ZeroDivisionError, match="mine"):
        await wire.send(oxide_server.base_url + "/r", max_retries=2, retry_policy=Broken())


async def test_credentials_are_asked_for_each_attempt(wire: Any, oxide_server: Server) -> None:
    tokens = iter(["Bearer a", "Bearer b", "Bearer c"])

    async def auth() -> str:
        await asyncio.sleep(0)
        return next(tokens)

    oxide_server.script("/r", Answer.error(500), Answer.error(429), OK)
    wire.transport(retry_policy=Quick())
    await wire.send(
        oxide_server.base_url + "/r", "POST", b"{}", max_retries=2, auth=auth, idempotency_key="key-1"
    )
    assert [e.headers["authorization"] for e in oxide_server.journal] == ["Bearer a", "Bearer b", "Bearer c"]
    assert [e.headers["idempotency-key"] for e in oxide_server.journal] == ["key-1"] * 3


@pytest.mark.parametrize(
    "error", [OSError("vault"), asyncio.TimeoutError(), ssl.SSLError("x"), KeyError("k")]
)
async def test_what_the_application_raises_is_its_own(
    wire: Any, oxide_server: Server, error: Exception
) -> None:
    calls = 0

    async def auth() -> str:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)) as info:
        await wire.send(oxide_server.base_url + "/r", max_retries=3, auth=auth)
    assert (info.value is error, calls, len(oxide_server.journal)) == (True, 1, 0)


@pytest.mark.parametrize("value", ["Bearer a\r\nX: 1", "a\nb", "\x00"])
async def test_a_credential_that_breaks_out_is_refused(wire: Any, oxide_server: Server, value: str) -> None:
    async def auth() -> str:
        return value

    with pytest.raises(ValueError, match="invalid value for header 'Authorization'") as info:
        await wire.send(oxide_server.base_url + "/r", auth=auth)
    assert "Bearer" not in str(info.value)
    with pytest.raises(ValueError, match="Idempotency-Key"):
        await wire.send(oxide_server.base_url + "/r", idempotency_key="a\r\nb")
    assert len(oxide_server.journal) == 0


async def test_refused_credentials_are_renewed_once_an_attempt(
    wire: Any, oxide_server: Server, tokens: Any
) -> None:
    given = iter("abcdef")

    async def ask() -> str:
        return next(given)

    auth = tokens(ask, renewals=True)
    refusal = Answer.error(401)
    oxide_server.script("/r", refusal, Answer.error(500), refusal, OK)
    wire.transport(retry_policy=Quick())
    await wire.send(oxide_server.base_url + "/r", "POST", b"{}", max_retries=1, auth=auth)
    seen = [(e.headers["authorization"], e.headers["x-stainless-retry-count"]) for e in oxide_server.journal]
    assert seen == [("a", "0"), ("b", "0"), ("c", "1"), ("d", "1")]
    assert auth.refusals == ["a", "c"]

    wire.transport()
    oxide_server.script("/r", refusal, refusal)
    with pytest.raises(AuthenticationError):
        await wire.send(oxide_server.base_url + "/r", max_retries=5, auth=auth)
    assert auth.refusals == ["a", "c", "e", "f"]
    assert len(oxide_server.journal) == 6


async def test_refused_credentials_that_are_not_renewed(wire: Any, oxide_server: Server, tokens: Any) -> None:
    async def ask() -> str:
        return "a"

    oxide_server.script("/r", Answer.error(401))
    with pytest.raises(AuthenticationError):
        await wire.send(oxide_server.base_url + "/r", max_retries=5, auth=tokens(ask))
    assert len(oxide_server.journal) == 1


async def test_the_count_can_be_left_out(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/r", OK)
    await wire.send(oxide_server.base_url + "/r", retry_count_header=False)
    assert "x-stainless-retry-count" not in oxide_server.journal[0].headers


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("reset", [False, True])
async def test_a_dead_kept_alive_connection_does_not_count(
    wire: Any, raw_server: Any, read_request: Any, method: str, reset: bool
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        if server.connections == 1:
            # Dies while the second request is on its way: the client cannot know beforehand.
            await read_request(reader)
            if reset:
                writer.transport.abort()

    server = await raw_server(handler)
    body = b"{}" if method == "POST" else None
    await wire.send(server.url, method, body)
    answer = await wire.send(server.url, method, body, max_retries=0)
    assert (answer.content(), answer.retries_taken, server.connections) == (b"ok", 0, 2)


async def test_a_new_connection_that_dies_counts(wire: Any, raw_server: Any, read_request: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    server = await raw_server(handler)
    with pytest.raises(errors.APIConnectionError, match="broke before the answer was complete"):
        await wire.send(server.url, "POST", b"{}", max_retries=0)
    assert server.connections == 1


async def test_a_restarted_server_costs_no_attempt(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/r", OK, times=None)
    await asyncio.gather(*(wire.send(oxide_server.base_url + "/r") for _ in range(5)))
    oxide_server.close_connections()
    answers = await asyncio.gather(*(wire.send(oxide_server.base_url + "/r") for _ in range(5)))
    assert {a.retries_taken for a in answers} == {0}


async def test_a_partial_answer_on_a_kept_connection_counts(
    wire: Any, raw_server: Any, read_request: Any
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-")

    server = await raw_server(handler)
    await wire.send(server.url, "POST", b"{}")
    with pytest.raises(errors.APIConnectionError):
        await wire.send(server.url, "POST", b"{}", max_retries=0)
    assert server.connections == 1
