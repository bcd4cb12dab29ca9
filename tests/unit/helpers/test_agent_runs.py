"""An agent's tools as they run: beside one another, over their time, failing, left and cancelled."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import oxide
from oxide import openai_tool
from oxide.errors import APIStatusError, ToolArgumentsError
from oxide.helpers.agent import over_http
from oxide.testing import Answer, Server
from oxide.testing._response_events import response_events
from tests.unit.helpers.agent_scripts import read, response, script, sent, weather


async def test_a_tool_runs_while_its_response_goes_on(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    @openai_tool
    async def now() -> str:
        return "x"

    answer = response(1, ("now", "{}"), text="word " * 20)
    oxide_server.script("/responses", Answer.sse(response_events(answer), gap=0.005))
    script(oxide_server, response(2, text="done"))
    kinds: list[str] = []
    async with oxide_client.agent("m", input="go", tools=[now]) as run:
        async for event in run:
            kinds.append(event.type)
    assert kinds.index("response.function_call_arguments.done") + 1 == kinds.index("agent.tool.started")
    assert kinds.index("agent.tool.finished") < kinds.index("response.completed")


async def test_failures_are_told_to_the_model(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    @openai_tool
    async def breaks() -> None:
        raise LookupError("nobody there")

    @openai_tool
    async def hangs() -> None:
        await asyncio.sleep(30)

    @openai_tool
    async def cancels() -> None:
        raise asyncio.CancelledError

    calls = [
        ("breaks", "{}"),
        ("hangs", "{}"),
        ("cancels", "{}"),
        ("weather", '{"unit": "K"}'),
        ("weather", "{"),
        ("elsewhere", "{}"),
    ]
    script(oxide_server, response(1, *calls), response(2, text="sorry"))
    errors: dict[str, Exception | None] = {}
    tools = [breaks, hangs, cancels, weather]
    async with oxide_client.agent("m", input="go", tools=tools, tool_timeout=0.05) as run:
        async for event in run:
            if event.type == "agent.tool.finished":
                errors[event.call.call_id] = event.error
    told = {o["call_id"][-1]: o["output"] for o in sent(oxide_server)[1]["input"]}
    assert told["0"] == "Error: LookupError: nobody there"
    assert told["1"] == "Error: TimeoutError: it took longer than 0.05 s"
    assert told["2"] == "Error: RuntimeError: the tool was cancelled"
    assert told["3"].startswith(
        "The arguments of weather do not fit: city: Field required; unit: Input should be"
    )
    assert told["4"].startswith("The arguments of weather do not fit: Invalid JSON")
    assert told["5"] == (
        "Error: LookupError: there is no tool 'elsewhere', only breaks, hangs, cancels, weather"
    )
    assert isinstance(errors["call_1_3"], ToolArgumentsError)
    assert run.output_text == "sorry"


async def test_odd_failures_of_tools_are_told_too(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    @openai_tool
    async def gives_up() -> None:
        raise TimeoutError

    @openai_tool
    async def waits_for_something() -> None:
        await asyncio.wait_for(asyncio.Event().wait(), 0.001)

    @openai_tool
    async def speechless() -> None:
        raise Unspeakable

    @openai_tool
    def runs_out() -> str:
        return next(iter(()))

    tools = [gives_up, waits_for_something, speechless, runs_out]
    calls = [(tool.name, "{}") for tool in tools]
    script(oxide_server, response(1, *calls), response(2, text="sorry"))
    errors: list[Exception | None] = []
    async with oxide_client.agent("m", input="go", tools=tools, tool_timeout=30) as run:
        async for event in run:
            if event.type == "agent.tool.finished":
                errors.append(event.error)
    # None of them is the limit of 30 s.
    assert [o["output"] for o in sent(oxide_server)[1]["input"]] == [
        "Error: TimeoutError",
        "Error: TimeoutError",
        "Error: Unspeakable: it cannot be shown",
        "Error: RuntimeError: coroutine raised StopIteration",
    ]
    assert {type(error).__name__ for error in errors} == {"TimeoutError", "Unspeakable", "RuntimeError"}
    assert run.output_text == "sorry"


async def test_a_tool_that_ends_the_program_ends_the_run(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    class Abort(BaseException): ...

    @openai_tool
    async def aborts() -> None:
        raise Abort

    script(oxide_server, response(1, ("aborts", "{}"), text="word " * 20))
    async with oxide_client.agent("m", input="go", tools=[aborts]) as run:
        with pytest.raises(Abort):
            await run.get_final_response()
    assert len(sent(oxide_server)) == 1


async def test_a_call_of_no_tool_where_there_is_none(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    script(oxide_server, response(1, ("elsewhere", "{}")), response(2, text="sorry"))
    async with oxide_client.agent("m", input="go", tools=[{"type": "web_search"}]) as run:
        await run.get_final_response()
    (output,) = sent(oxide_server)[1]["input"]
    assert output["output"] == "Error: LookupError: there is no tool 'elsewhere'"


@pytest.mark.parametrize(("parallel", "limit", "most"), [(True, 8, 4), (True, 2, 2), (False, 8, 1)])
async def test_how_many_tools_run_at_a_time(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, parallel: bool, limit: int, most: int
) -> None:
    running: list[int] = [0, 0]
    all_there = asyncio.Event()

    @openai_tool
    async def work() -> None:
        running[0] += 1
        running[1] = max(running)
        if running[0] == most:
            all_there.set()
        await asyncio.wait_for(all_there.wait(), 10)
        await asyncio.sleep(0)
        running[0] -= 1

    script(oxide_server, response(1, *[("work", "{}")] * 4), response(2, text="done"))
    run = oxide_client.agent("m", input="go", tools=[work], parallel_tools=parallel, max_parallel_tools=limit)
    async with run:
        await run.get_final_response()
    assert running == [0, most]
    assert [body["parallel_tool_calls"] for body in sent(oxide_server)] == [parallel] * 2


async def test_sync_tools_run_side_by_side_and_their_time_is_their_own(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    many = 40
    everybody = threading.Barrier(many)

    @openai_tool
    def together() -> str:
        everybody.wait(20)
        return "all here"

    script(oxide_server, response(1, *[("together", "{}")] * many), response(2, text="done"))
    run = oxide_client.agent("m", input="go", tools=[together], max_parallel_tools=many, tool_timeout=10)
    async with run:
        await run.get_final_response()
    assert [o["output"] for o in sent(oxide_server)[1]["input"]] == ["all here"] * many


async def test_a_tool_that_waits_for_its_turn_uses_none_of_its_time(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    @openai_tool
    def work() -> str:
        time.sleep(0.1)
        return "done"

    script(oxide_server, response(1, *[("work", "{}")] * 12), response(2, text="done"))
    run = oxide_client.agent("m", input="go", tools=[work], max_parallel_tools=2, tool_timeout=0.45)
    async with run:
        await run.get_final_response()
    assert [o["output"] for o in sent(oxide_server)[1]["input"]] == ["done"] * 12


async def test_tools_that_hang_hold_up_nothing_else(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    go_on = threading.Event()

    @openai_tool
    def hangs() -> None:
        go_on.wait(30)

    script(oxide_server, response(1, *[("hangs", "{}")] * 40), response(2, text="done"))
    try:
        async with oxide_client.agent("m", input="go", tools=[hangs], tool_timeout=0.05) as run:
            await run.get_final_response()
        assert {o["output"] for o in sent(oxide_server)[1]["input"]} == {
            "Error: TimeoutError: it took longer than 0.05 s"
        }
        # A name has to be looked up, by the executor of the loop.
        named = oxide_client.with_options(base_url=oxide_server.base_url.replace("127.0.0.1", "localhost"))
        await asyncio.wait_for(named.models.list(), 10)
    finally:
        go_on.set()


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
