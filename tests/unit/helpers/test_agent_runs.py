"""An agent's tools as they run: beside one another, over their time and failing."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

import oxide
from oxide import openai_tool
from oxide.errors import ToolArgumentsError
from oxide.testing import Answer, Server
from oxide.testing._response_events import response_events
from tests.unit.helpers.agent_scripts import response, script, sent, weather


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


async def test_a_tool_that_has_ended_is_told_while_the_response_pauses(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    @openai_tool
    async def now() -> str:
        return "x"

    @openai_tool
    async def later() -> str:
        await asyncio.sleep(0.02)
        return "y"

    answer = Answer.sse(response_events(response(1, ("now", "{}"), ("later", "{}"), text="word " * 20)))
    pieces: Any = answer.pieces
    text = next(i for i, piece in enumerate(pieces) if b"content_part.added" in piece)
    oxide_server.script("/responses", answer.but(stall_after=sum(map(len, pieces[:text]))))
    kinds: list[str] = []
    async with oxide_client.agent("m", input="go", tools=[now, later]) as run:
        async for event in run:
            kinds.append(event.type)
            if kinds.count("agent.tool.finished") == 2:
                break
    assert "response.output_item.done" in kinds
    assert "response.content_part.added" not in kinds


async def test_no_event_is_lost_while_tools_run(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    @openai_tool
    async def work(number: int) -> None:
        await asyncio.sleep(number / 1000)

    calls = [("work", f'{{"number": {number}}}') for number in range(8)]
    events = response_events(response(1, *calls, text="word " * 100))
    oxide_server.script("/responses", Answer.sse(events))
    script(oxide_server, response(2, text="done"))
    seen: list[Any] = []
    async with oxide_client.agent("m", input="go", tools=[work]) as run:
        async for event in run:
            if run.turns == 1 and not event.type.startswith("agent."):
                seen.append((event.type, event.sequence_number))
    assert seen == [(event["type"], event["sequence_number"]) for event in events]


async def test_a_tool_that_is_slow_to_end_has_no_more_time_for_it(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    ended = asyncio.Event()

    @openai_tool
    async def slow() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.3)
            ended.set()
        return "late"

    script(oxide_server, response(1, ("slow", "{}")), response(2, text="done"))
    told: list[bool] = []
    async with oxide_client.agent("m", input="go", tools=[slow], tool_timeout=0.05) as run:
        async for event in run:
            if event.type == "agent.tool.finished":
                told.append(ended.is_set())
    (output,) = sent(oxide_server)[1]["input"]
    assert output["output"] == "Error: TimeoutError: it took longer than 0.05 s"
    assert told == [False]
    # It was let alone, and nothing of a run is left when it is over.
    assert ended.is_set()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("tool ")] == []


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
