"""Streams of responses that break, and go on where they stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server
from tests.unit.helpers.breaks import Told, broken_at, client_of, gather, numbers


async def test_cut_after_every_event() -> None:
    """One event a connection: every one comes, once, in order."""
    async with (
        Server(cut=1) as server,
        client_of(server) as client,
        client.responses.stream(model="m", input="hi", background=True) as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
    count = len(events)
    assert [event.sequence_number for event in events] == list(range(count))
    assert events[-1].type == "response.completed"
    assert final.output_text == server.api.reply
    gets = [r for r in server.journal if r.method == "GET"]
    assert [r.query["starting_after"] for r in gets] == [str(i) for i in range(count - 1)]
    assert all(r.query["stream"] == "true" for r in gets)


@pytest.mark.parametrize("how", ["cut", "short", "reset"])
async def test_cut_once_after_each_event(oxide_server: Server, how: str) -> None:
    async with client_of(oxide_server) as client:
        whole = await numbers(
            await client.responses.create(model="m", input="hi", stream=True, background=True)
        )
        for at in range(1, len(whole)):

            def broken(record: Any, at: int = at) -> Answer:
                answer = oxide_server.api.answer(record)
                size = sum(map(len, answer.body[:at]))
                if how == "short":
                    return answer.but(truncate=size)
                return answer.but(disconnect_after=size, reset=how == "reset")

            oxide_server.script("/responses", broken)
            stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
            assert await numbers(stream) == whole


async def test_breaks_are_visible_to_those_who_ask() -> None:
    async with (
        Server(cut=20) as server,
        client_of(server) as client,
        client.responses.stream(model="m", input="hi", background=True, stream_resume="events") as stream,
    ):
        told = [event async for event in stream]
    breaks: list[Any] = [event for event in told if event.type == "oxide.stream.resumed"]
    assert [(b.sequence_number, b.attempts) for b in breaks] == [(19, 1)]
    assert breaks[0].response_id.startswith("resp_")
    assert "broke off" in breaks[0].error


async def test_only_where_the_api_allows_it(oxide_server: Server) -> None:
    def broken(record: Any) -> Answer:
        answer = oxide_server.api.answer(record)
        return answer.but(disconnect_after=sum(map(len, answer.body[:5])))

    oxide_server.script("/responses", broken, times=3)
    async with client_of(oxide_server) as client:
        with pytest.raises(oxide.APIStreamTruncatedError):
            await numbers(await client.responses.create(model="m", input="hi", stream=True))
        with pytest.raises(oxide.APIStreamTruncatedError):
            async with client.responses.stream(
                model="m", input="hi", background=True, stream_resume=False
            ) as stream:
                await stream.until_done()
        async with client.responses.stream(model="m", input="hi", stream_resume=True) as stream:
            assert (await stream.get_final_response()).status == "completed"


def ask(client: Any, view: str, beta: bool) -> Any:
    """`create` and `retrieve` of a resource, or of one of its views, giving streams either way."""
    resource = client.beta.responses if beta else client.responses
    if view == "plain":
        return resource.create, resource.retrieve

    def parsed(call: Any) -> Any:
        async def parse(*args: Any, **params: Any) -> Any:
            return (await call(*args, **params)).parse()

        return parse

    raw = resource.with_raw_response
    return parsed(raw.create), parsed(raw.retrieve)


@pytest.mark.parametrize("view", ["plain", "raw"])
@pytest.mark.parametrize("beta", [False, True], ids=["responses", "beta"])
async def test_create_and_retrieve_say_it_themselves(view: str, beta: bool) -> None:
    async with Server(cut=3) as server, client_of(server) as client:
        create, retrieve = ask(client, view, beta)
        params: dict[str, Any] = {"model": "m", "input": "hi", "stream": True}
        with pytest.raises(oxide.APIStreamTruncatedError):
            await numbers(await create(**params))
        with pytest.raises(oxide.APIStreamTruncatedError):
            await numbers(await create(**params, background=True, stream_resume=False))
        for value in (None, oxide.omit, oxide.not_given):
            with pytest.raises(oxide.APIStreamTruncatedError):
                await numbers(await create(**params, stream_resume=value))
        whole = await numbers(await create(**params, stream_resume=True))
        assert whole == list(range(len(whole)))
        assert len(whole) > 9
        told = [event async for event in await create(**params, stream_resume="events")]
        breaks = [event for event in told if event.type == "oxide.stream.resumed"]
        assert {type(event) for event in breaks} == {oxide.StreamResumedEvent}
        assert [event.sequence_number for event in breaks][:2] == [2, 5]
        assert [event.sequence_number for event in told if event not in breaks] == whole

        response_id = told[0].response.id
        assert await numbers(await retrieve(response_id, stream=True)) == whole
        with pytest.raises(oxide.APIStreamTruncatedError):
            await numbers(await retrieve(response_id, stream=True, stream_resume=False))
        again = [event async for event in await retrieve(response_id, stream=True, stream_resume="events")]
        assert [event.type for event in again] == [event.type for event in told]
    assert not any("stream_resume" in request.body.decode() for request in server.journal)
    assert not any("stream_resume" in request.query for request in server.journal)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"stream_resume": True}, "give stream=True too"),
        ({"stream_resume": "events", "stream": False}, "give stream=True too"),
        ({"stream_resume": False, "background": True}, "give stream=True too"),
        ({"stream_resume": True, "stream": True, "store": False}, "leave out store=False"),
        ({"stream_resume": "yes", "stream": True}, "not 'yes'"),
        ({"stream_resume": 1, "stream": True}, "not 1"),
    ],
)
async def test_what_cannot_be_is_refused(
    oxide_server: Server, oxide_client: Any, params: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        await oxide_client.responses.create(model="m", input="hi", **params)
    if params.get("stream"):
        with pytest.raises(ValueError, match=said):
            async with oxide_client.responses.stream(
                model="m", input="hi", **{k: v for k, v in params.items() if k != "stream"}
            ):
                pass
    assert not len(oxide_server.journal)


async def test_early_calls_keep_the_breaks_for_those_who_ask() -> None:
    tool = {"type": "function", "name": "tool_0", "parameters": {"type": "object", "properties": {}}}
    async with Server(cut=4) as server, client_of(server) as client:
        for wanted, expected in (("events", True), (True, False)):
            calls = client.responses.stream_fc(model="m", input="hi", tools=[tool], stream_resume=wanted)
            assert [call.name async for call in calls] == ["tool_0"]
            assert bool(calls.resumed) is expected
            assert all(isinstance(event, oxide.StreamResumedEvent) for event in calls.resumed)


async def test_an_agent_hands_them_on() -> None:
    async with (
        Server(cut=5) as server,
        client_of(server) as client,
        client.agent("m", input="hi", stream_resume="events") as run,
    ):
        told = [event.type async for event in run]
        assert told.count("oxide.stream.resumed") > 1
        assert run.output_text == server.api.reply


async def test_within_the_retry_budget(oxide_server: Server) -> None:
    def broken(record: Any) -> Answer:
        answer = oxide_server.api.answer(record)
        return answer.but(disconnect_after=sum(map(len, answer.body[:5])))

    oxide_server.script("/responses", broken)
    oxide_server.script("*", Answer.error(500), times=50)
    async with client_of(oxide_server, max_retries=3) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        seen: list[int] = []
        with pytest.raises(oxide.APIStreamTruncatedError):
            await gather(stream, seen, "sequence_number")
        assert seen == [0, 1, 2, 3, 4]
        assert [request.status for request in oxide_server.journal] == [200, 500, 500, 500]


async def test_an_existing_response(oxide_server: Server) -> None:
    async with client_of(oxide_server) as client:
        made = await client.responses.create(model="m", input="hi", background=True)
        oxide_server.script("/responses/" + made.id, lambda record: broken_at(oxide_server, record, 9))
        stream = await client.responses.retrieve(made.id, stream=True, starting_after=3)
        seen = await numbers(stream)
        assert seen == list(range(4, seen[-1] + 1))
        async with client.responses.stream(response_id=made.id, starting_after=10) as helper:
            after = [event.sequence_number async for event in helper]
            assert after == list(range(11, seen[-1] + 1))
            assert (await helper.get_final_response()).output_text == oxide_server.api.reply


async def test_a_stream_that_was_closed_stays_closed(oxide_server: Server) -> None:
    async with client_of(oxide_server) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        async for _ in stream:
            break
        await stream.close()
        assert [event async for event in stream] == []
        assert len(oxide_server.journal) == 1


async def plainly(client: Any, **params: Any) -> list[int]:
    return await numbers(await client.responses.create(**params))


async def read_as_raw(client: Any, **params: Any) -> list[int]:
    response = await client.responses.with_raw_response.create(**params)
    seen = await numbers(response.parse())
    assert response.is_closed
    return seen


async def read_streaming(client: Any, **params: Any) -> list[int]:
    async with client.responses.with_streaming_response.create(**params) as response:
        return await numbers(await response.parse())


async def of_the_beta(client: Any, **params: Any) -> list[int]:
    made = await client.beta.responses.create(**params, betas=["responses_multi_agent=v1"])
    events = [event async for event in made]
    assert {type(event).__name__[:4] for event in events} == {"Beta"}
    return [event.sequence_number for event in events]


@pytest.mark.parametrize("extra", [False, True], ids=["background", "extra_body"])
@pytest.mark.parametrize("read", [plainly, read_as_raw, read_streaming, of_the_beta])
async def test_however_it_is_asked_for(read: Any, extra: bool) -> None:
    params: dict[str, Any] = {
        "model": "m",
        "input": "hi",
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "stream_options": {"include_obfuscation": False},
    }
    params.update({"extra_body": {"background": True}} if extra else {"background": True})
    async with Server(cut=4) as server, client_of(server) as client:
        seen = await read(client, **params)
    assert seen == list(range(len(seen)))
    assert len(seen) > 8
    gets = [request for request in server.journal if request.method == "GET"]
    assert [request.query["starting_after"] for request in gets][:2] == ["3", "7"]
    assert {request.query["include[]"] for request in gets} == {"reasoning.encrypted_content"}
    assert {request.query["include_obfuscation"] for request in gets} == {"false"}
    beta = read is of_the_beta
    assert {request.query.get("beta") for request in gets} == {"true" if beta else None}
    assert {request.headers.get("openai-beta") for request in gets} == {
        "responses_multi_agent=v1" if beta else None
    }


async def test_an_existing_response_however_it_is_asked_for(oxide_server: Server) -> None:
    async with client_of(oxide_server) as client:
        made = await client.responses.create(model="m", input="hi", background=True)
        whole = await numbers(await client.responses.retrieve(made.id, stream=True))
        for resource in (client.responses, client.beta.responses):
            oxide_server.script("/responses/" + made.id, lambda record: broken_at(oxide_server, record, 9))
            raw = await resource.with_raw_response.retrieve(
                made.id, stream=True, starting_after=2, include_obfuscation=False
            )
            assert await numbers(raw.parse()) == whole[3:]
            last = oxide_server.journal[-1].query
            assert last["starting_after"] == "11"
            assert last["include_obfuscation"] == "false"


async def test_events_without_numbers_do_not_come_twice(oxide_server: Server) -> None:
    sent = [{"type": "response.created", "response": {"id": "resp_1"}}, {"type": "response.queued"}]
    oxide_server.script("/responses", Answer.sse(sent))
    async with client_of(oxide_server) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        seen: list[str] = []
        with pytest.raises(oxide.APIStreamTruncatedError):
            await gather(stream, seen, "type")
    assert seen == ["response.created", "response.queued"]
    assert len(oxide_server.journal) == 1


class OnlyRetries:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_retry(self, retry: Any) -> None:
        self.heard.append(retry.reason)


async def test_hooks_hear_of_a_retry(oxide_server: Server) -> None:
    told, only = Told(), OnlyRetries()
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 2))
    oxide_server.script("*", Answer.error(500))
    async with client_of(oxide_server, hooks=[told, only]) as client:
        seen = await numbers(
            await client.responses.create(model="m", input="hi", stream=True, background=True)
        )
    assert told.heard == ["POST", "200", "retry: truncated", "GET", "500", "retry: status 500", "GET", "200"]
    assert only.heard == ["truncated", "status 500"]
    assert told.indexes == seen == list(range(len(seen)))
    assert len(told.contexts) == 1


async def test_hooks_hear_once_of_a_stream_that_is_given_up(
    oxide_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="oxide")
    told = Told()
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 2))
    oxide_server.script("*", Answer.error(500), times=9)
    async with client_of(oxide_server, hooks=[told], max_retries=1) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        with pytest.raises(oxide.APIStreamTruncatedError):
            await numbers(stream)
    assert told.heard == ["POST", "200", "retry: truncated", "GET", "500", "error: truncated"]
    assert caplog.text.count("failed after") == 1


@pytest.mark.parametrize("where", ["first", "resumed"])
async def test_hooks_hear_of_a_cancellation(oxide_server: Server, where: str) -> None:
    told = Told()

    def stalled(record: Any) -> Answer:
        answer = oxide_server.api.answer(record)
        return answer.but(stall_after=sum(map(len, answer.body[:3])))

    if where == "resumed":
        oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 2))
    oxide_server.script("*", stalled if where == "first" else Answer.hang())
    async with client_of(oxide_server, hooks=[told]) as client:
        stream = await client.responses.create(model="m", input="hi", stream=True, background=True)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(numbers(stream), 0.3)
    resumed = ["retry: truncated", "GET"] if where == "resumed" else []
    assert told.heard == ["POST", "200", *resumed, "error: cancelled"]


async def test_hooks_hear_of_a_break_that_is_not_mended(oxide_server: Server) -> None:
    told = Told()
    oxide_server.script("/responses", lambda record: broken_at(oxide_server, record, 2))
    async with (
        client_of(oxide_server, hooks=[told]) as client,
        client.responses.stream(model="m", input="hi", background=True, stream_resume=False) as stream,
    ):
        with pytest.raises(oxide.APIStreamTruncatedError):
            await stream.until_done()
    assert told.heard == ["POST", "200", "error: truncated"]


@pytest.mark.parametrize("how", [{"background": True}, {"stream_resume": True}], ids=["default", "asked"])
async def test_the_rest_is_asked_for_as_the_beginning_was(how: dict[str, bool]) -> None:
    async with (
        Server(cut=4) as server,
        client_of(server) as client,
        client.responses.stream(
            model="m",
            input="hi",
            include=["reasoning.encrypted_content"],
            stream_options={"include_obfuscation": False},
            extra_headers={"x-mine": "1"},
            **how,
        ) as stream,
    ):
        await stream.until_done()
    gets = [request for request in server.journal if request.method == "GET"]
    assert len(gets) > 1
    for request in gets:
        assert request.query["include[]"] == "reasoning.encrypted_content"
        assert request.query["include_obfuscation"] == "false"
        assert request.headers["x-mine"] == "1"
