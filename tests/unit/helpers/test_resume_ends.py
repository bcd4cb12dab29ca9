"""Streams of responses that break and are not picked up again: what their errors say, and when they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server
from tests.unit.helpers.breaks import Told, broken_at, client_of, gather, numbers


async def end_of(client: oxide.AsyncOpenAI) -> tuple[list[int], oxide.APIError]:
    """The numbers of a stream that fails, and its error."""
    seen: list[int] = []
    stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
    with pytest.raises(oxide.APIError) as caught:
        await gather(stream, seen, "sequence_number")
    return seen, caught.value


@pytest.mark.parametrize(("brought", "count"), [(2, 5), (0, 3)], ids=["some", "none"])
async def test_an_error_speaks_of_the_whole_stream(oxide_server: Server, brought: int, count: int) -> None:
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", lambda record: broken_at(oxide_server, record, brought) if brought else NOTHING)
    oxide_server.script("*", Answer.error(404, message="no such response"))
    async with client_of(oxide_server) as client:
        seen, error = await end_of(client)
    assert seen == list(range(count))
    assert f"after {count} events" in error.message
    assert "no such response" in str(error) == error.message
    assert isinstance(error.__cause__, oxide.NotFoundError)
    assert error.partial.count == count
    assert error.partial.complete
    assert [event.sequence_number for event in error.partial.events] == seen


NOTHING = Answer.sse([])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer.error(503, message="overloaded"),
            "failed 2 times, the last one with: Error code: 503",
        ),
        (NOTHING, "Asking for the rest 2 times brought nothing."),
    ],
    ids=["refused", "empty"],
)
async def test_an_error_says_what_was_tried(oxide_server: Server, answer: Answer, said: str) -> None:
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", answer, times=9)
    async with client_of(oxide_server, max_retries=2) as client:
        seen, error = await end_of(client)
    assert seen == [0, 1, 2]
    assert said in error.message
    assert len(oxide_server.journal) == 3


async def test_what_came_twice_is_told_once(oxide_server: Server) -> None:
    """A server that begins anew: neither the events nor the error's count have them twice."""
    sent: list[Answer] = []

    def first(record: Any) -> Answer:
        sent.append(oxide_server.api.answer(record))
        return sent[0].but(disconnect_after=sum(map(len, sent[0].body[:3])))

    oxide_server.script("/responses", first)
    oxide_server.script("*", lambda _: sent[0].but(disconnect_after=sum(map(len, sent[0].body[:5]))))
    oxide_server.script("*", Answer.error(404))
    async with client_of(oxide_server) as client:
        seen, error = await end_of(client)
    assert seen == [0, 1, 2, 3, 4]
    assert "after 5 events" in error.message
    assert [event.sequence_number for event in error.partial.events] == seen


async def test_an_error_in_the_stream_speaks_of_the_whole_stream_too(oxide_server: Server) -> None:
    failed = {"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "sequence_number": 3}
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", Answer.sse([failed]))
    async with client_of(oxide_server) as client:
        seen, error = await end_of(client)
    assert isinstance(error, oxide.RateLimitError)
    assert error.message == "slow down"
    assert seen == [0, 1, 2]
    assert error.partial.count == 3


async def test_a_gap_after_a_break_is_an_error(oxide_server: Server) -> None:
    def later(record: Any) -> Answer:
        rest = oxide_server.api.answer(record)
        return rest.but(pieces=rest.pieces[3:])

    told = Told()
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", later)
    async with client_of(oxide_server, hooks=[told]) as client:
        seen, error = await end_of(client)
    assert seen == [0, 1, 2]
    assert isinstance(error, oxide.APIStreamTruncatedError)
    assert "broke off after event 2 and went on with event 6" in error.message
    assert error.partial.count == 3
    assert told.heard[-1] == "error: truncated"
    assert len(oxide_server.journal) == 2


async def test_numbers_with_gaps_of_their_own_are_left_alone(oxide_server: Server) -> None:
    events = [
        {"type": "response.created", "sequence_number": 10, "response": {"id": "resp_1"}},
        {"type": "response.queued", "sequence_number": 20, "response": {"id": "resp_1"}},
    ]
    last = {"type": "response.completed", "sequence_number": 40, "response": {"id": "resp_1"}}
    oxide_server.script("/responses", Answer.sse(events))
    oxide_server.script("*", Answer.sse([last]))
    async with client_of(oxide_server) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        assert await numbers(stream) == [10, 20, 40]


async def test_closing_ends_the_wait_for_another_attempt(oxide_server: Server) -> None:
    refused = asyncio.Event()

    def busy(_: Any) -> Answer:
        refused.set()
        return Answer.error(503, retry_after=60.0)

    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", busy, times=9)
    async with client_of(oxide_server) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        reading = asyncio.create_task(numbers(stream))
        await refused.wait()
        await asyncio.sleep(0.05)
        await stream.close()
        assert await asyncio.wait_for(reading, 2) == [0, 1, 2]
        assert len(oxide_server.journal) == 2


async def times_out(client: oxide.AsyncOpenAI) -> tuple[list[int], oxide.APITimeoutError, float]:
    """The numbers of a stream whose deadline runs out, its error, and the seconds it took."""
    began = asyncio.get_running_loop().time()
    seen, error = await end_of(client)
    assert isinstance(error, oxide.APITimeoutError)
    assert error.limit == "deadline"
    assert error.partial.count == len(seen)
    return seen, error, asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("rest", ["no answer", "no event"])
async def test_a_deadline_counts_from_the_beginning_of_the_call(oxide_server: Server, rest: str) -> None:
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3).but(delay=0.3))
    oxide_server.script("*", Answer.hang() if rest == "no answer" else Answer.sse([STAY], stall_after=0))
    async with client_of(oxide_server, deadline=0.5) as client:
        seen, error, seconds = await times_out(client)
    assert seen == [0, 1, 2]
    assert 0.45 < seconds < 0.75
    assert error.seconds == 0.5
    assert error.elapsed is not None
    assert 0.45 < error.elapsed < 0.75
    assert len(oxide_server.journal) == 2


STAY = {"type": "response.queued", "sequence_number": 3}


async def test_a_deadline_that_leaves_no_time_for_another_attempt(oxide_server: Server) -> None:
    told = Told()
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 3))
    oxide_server.script("*", Answer.error(503, retry_after=5.0), times=9)
    async with client_of(oxide_server, deadline=2.0, hooks=[told]) as client:
        _, error, seconds = await times_out(client)
    assert seconds < 1
    assert "the next attempt, 5 s from now, would begin after the call's deadline of 2 s" in error.message
    assert isinstance(error.__cause__, oxide.InternalServerError)
    assert told.heard[-1] == "error: timeout deadline"
    assert len(oxide_server.journal) == 2
