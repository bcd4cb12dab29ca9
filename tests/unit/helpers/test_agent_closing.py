"""An agent's run that ends early: left, closed from anywhere, cancelled, forgotten."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

import oxide
from oxide import openai_tool
from oxide.errors import APIStatusError
from oxide.helpers.agent import over_http
from oxide.testing import Answer, Server
from oxide.testing._response_events import response_events
from tests.unit.helpers.agent_scripts import read, response, script


async def test_leaving_cancels_what_runs(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    ended: list[str] = []

    @openai_tool
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    script(oxide_server, response(1, ("endless", "{}")))
    async with oxide_client.agent("m", input="go", tools=[endless]) as run:
        async for event in run:
            if event.type == "agent.tool.started":
                await asyncio.sleep(0)
            if event.type == "response.completed":
                break
    assert ended == ["cancelled"]
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("tool ")] == []
    for again in (run.get_final_response(), read(run, [])):
        with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
            await again
    await (unbegun := oxide_client.agent("m", input="go")).close()
    for again in (unbegun.get_final_response(), read(unbegun, [])):
        with pytest.raises(oxide.OpenAIError, match="closed before it began"):
            await again


@pytest.mark.parametrize(
    ("changes", "last"),
    [({"delay": 30}, ""), ({"gap": 1}, "response.created"), ({}, "response.completed")],
    ids=["a request", "an event", "a tool"],
)
async def test_closing_while_another_task_waits_for(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, changes: dict[str, Any], last: str
) -> None:
    started, ended, seen = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @openai_tool
    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    answer = Answer.sse(response_events(response(1, ("endless", "{}"), text="word " * 50)))
    oxide_server.script("/responses", answer.but(**changes))
    run = oxide_client.agent("m", input="go", tools=[endless])

    async def watch() -> None:
        async for event in run:
            if event.type == last:
                seen.set()

    async def reader() -> int:
        async with run:
            with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
                await watch()
            with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
                await run.get_final_response()
        cancelling: Callable[[], int] = getattr(asyncio.current_task(), "cancelling", lambda: 0)
        return cancelling()

    task = asyncio.create_task(reader())
    await oxide_server.journal.arrived(1)
    if last:
        await asyncio.wait_for(seen.wait(), 10)
    await asyncio.wait_for(asyncio.gather(run.close(), run.close()), 10)
    assert ended.is_set() == started.is_set() == (last == "response.completed")
    # The closing does not look like a cancellation of the reader.
    assert await asyncio.wait_for(task, 10) == 0
    await run.close()


async def test_closing_while_the_reader_is_busy_with_an_event(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    script(oxide_server, response(1, text="word " * 50))
    busy, go_on = asyncio.Event(), asyncio.Event()
    run = oxide_client.agent("m", input="go")

    async def reader() -> None:
        async for _ in run:
            busy.set()
            await go_on.wait()

    task = asyncio.create_task(reader())
    await asyncio.wait_for(busy.wait(), 10)
    await asyncio.wait_for(run.close(), 10)
    go_on.set()
    with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
        await asyncio.wait_for(task, 10)


async def test_closing_while_the_reader_is_cancelled_too(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    oxide_server.script("/responses", Answer.sse([]).but(delay=30))
    run = oxide_client.agent("m", input="go")
    task = asyncio.create_task(run.get_final_response())
    await oxide_server.journal.arrived(1)
    closing = asyncio.create_task(run.close())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError if sys.version_info >= (3, 11) else oxide.OpenAIError):
        await task
    await asyncio.wait_for(closing, 10)


async def test_closing_where_the_transport_does_not_listen(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    script(oxide_server, response(1, text="word"))
    http, waits, heard = over_http(oxide_client), asyncio.Event(), False

    async def transport(params: dict[str, Any]) -> Any:
        nonlocal heard
        waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard = True
        return await http(params)

    run = oxide_client.agent("m", input="go", transport=transport)
    task = asyncio.create_task(run.get_final_response())
    await asyncio.wait_for(waits.wait(), 10)
    await asyncio.wait_for(run.close(), 10)
    assert heard
    with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
        await task


async def test_a_tool_closes_its_run(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    @openai_tool
    async def enough() -> None:
        await run.close()

    script(oxide_server, response(1, ("enough", "{}")), response(2, text="never"))
    run = oxide_client.agent("m", input="go", tools=[enough])
    with pytest.raises(oxide.OpenAIError, match="The run was closed before it was complete"):
        await asyncio.wait_for(run.get_final_response(), 10)
    assert len(oxide_server.journal) == 1


async def test_closing_what_was_asked_for_an_event_and_never_waited(oxide_client: oxide.AsyncOpenAI) -> None:
    run = oxide_client.agent("m", input="go")
    first = asyncio.ensure_future(run.__anext__())
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(run.close(), 10)


async def test_a_cancelled_run_cancels_its_tools(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @openai_tool
    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    script(oxide_server, response(1, ("endless", "{}")))

    async def work() -> None:
        async with oxide_client.agent("m", input="go", tools=[endless]) as run:
            await run.get_final_response()

    task = asyncio.create_task(work())
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("how", ["cancelled", "failed", "left"])
async def test_tools_end_with_a_run_that_nobody_closes(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, how: str
) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @openai_tool
    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    more = {"status": "failed", "error": {"code": "server_error", "message": "it broke"}}
    turn = response(1, ("endless", "{}"), text="word " * 50, **(more if how == "failed" else {}))
    oxide_server.script("/responses", Answer.sse(response_events(turn), gap=0.002))
    run = oxide_client.agent("m", input="go", tools=[endless])
    if how == "cancelled":
        task = asyncio.create_task(run.get_final_response())
        await asyncio.wait_for(started.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    elif how == "failed":
        with pytest.raises(APIStatusError, match="it broke"):
            await run.get_final_response()
    else:
        async for _ in run:
            if started.is_set():
                break
        del run
        gc.collect()
    await asyncio.wait_for(ended.wait(), 10)
