"""The agent loop against the embedded server: turns, tools, their failures, limits, cancellation."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import oxide
from oxide import openai_tool
from oxide.errors import APIStatusError, MaxTurnsExceededError, SchemaError, ToolArgumentsError
from oxide.helpers.agent import AgentRun, over_http
from oxide.testing import Answer, Server
from oxide.testing._response_events import response_events

Call = tuple[str, str]


def response(number: int, *calls: Call, text: str = "", **more: Any) -> dict[str, Any]:
    output: list[dict[str, Any]] = [
        {
            "id": f"fc_{number}_{i}",
            "type": "function_call",
            "call_id": f"call_{number}_{i}",
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        for i, (name, arguments) in enumerate(calls)
    ]
    if text:
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed"}
        output.append({**message, "content": [part]})
    details = {"input_tokens_details": {"cached_tokens": 1}, "output_tokens_details": {"reasoning_tokens": 2}}
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **details},
        **more,
    }


def script(server: Server, *turns: dict[str, Any]) -> None:
    for turn in turns:
        server.script("/responses", Answer.sse(response_events(turn)))


def sent(server: Server) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.journal]


@openai_tool
async def weather(city: str, unit: Literal["C", "F"] = "C") -> dict[str, Any]:
    """The weather now."""
    return {"city": city, "warm": 20, "unit": unit}


@openai_tool
def shout(text: str) -> str:
    return text.upper()


async def test_the_embedded_server_and_a_tool(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    kinds: list[str] = []
    async with oxide_client.agent(
        "m", input="How warm is it?", tools=[weather], instructions="Be short."
    ) as run:
        async for event in run:
            kinds.append(event.type)
    assert run.turns == 2
    assert run.output_text
    assert run.response is run.responses[1]
    first, second = sent(oxide_server)
    assert first["tools"] == [weather.schema]
    assert first["instructions"] == second["instructions"] == "Be short."
    assert "previous_response_id" not in first
    assert second["previous_response_id"] == run.responses[0].id
    (output,) = second["input"]
    assert output["type"] == "function_call_output"
    assert json.loads(output["output"])["warm"] == 20
    assert kinds.count("agent.turn.finished") == 2
    assert kinds.index("agent.tool.started") < kinds.index("response.completed")
    assert kinds[-1] == "agent.turn.finished"


async def test_turns_outputs_and_usage(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    script(
        oxide_server,
        response(1, ("shout", '{"text": "a"}'), ("weather", '{"city": "Oslo", "unit": "F"}')),
        response(2, ("shout", '{"text": "b"}')),
        response(3, text="done"),
    )
    async with oxide_client.agent("m", input="go", tools=[weather, shout]) as run:
        last = await run.get_final_response()
    assert last.id == "resp_3"
    assert run.output_text == "done"
    bodies = sent(oxide_server)
    assert [body.get("previous_response_id") for body in bodies] == [None, "resp_1", "resp_2"]
    assert [(o["call_id"], o["output"]) for o in bodies[1]["input"]] == [
        ("call_1_0", "A"),
        ("call_1_1", '{"city":"Oslo","warm":20,"unit":"F"}'),
    ]
    assert bodies[2]["input"] == [{"type": "function_call_output", "call_id": "call_2_0", "output": "B"}]
    assert run.usage.to_dict() == {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 15,
        "output_tokens_details": {"reasoning_tokens": 6},
        "total_tokens": 45,
    }


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


async def test_max_turns(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    ran: list[str] = []

    @openai_tool
    async def note(text: str) -> None:
        ran.append(text)

    script(oxide_server, response(1, ("note", '{"text": "1"}')), response(2, ("note", '{"text": "2"}')))
    async with oxide_client.agent("m", input="go", tools=[note], max_turns=2) as run:
        with pytest.raises(
            MaxTurnsExceededError, match="After 2 turns the model still wants to call note; raise max_turns"
        ) as caught:
            await run.get_final_response()
    assert [call.arguments for call in caught.value.calls] == ['{"text": "2"}']
    # The model would not hear of the second call's result, so it was not made.
    assert ran == ["1"]
    # A run that failed gives no other response as its last one.
    with pytest.raises(MaxTurnsExceededError):
        await run.get_final_response()
    assert len(run.responses) == 2
    assert run.usage.total_tokens == 30


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
    assert [e async for e in run] == []
    with pytest.raises(oxide.OpenAIError, match="The run was left before it was complete"):
        await run.get_final_response()
    await (unbegun := oxide_client.agent("m", input="go")).close()
    for again in (unbegun.get_final_response, unbegun.get_final_response):
        with pytest.raises(oxide.OpenAIError, match="closed before it began"):
            await again()
    with pytest.raises(oxide.OpenAIError, match="closed before it began"):
        async for _ in unbegun:
            pass


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


async def test_a_response_that_fails_ends_the_run(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    ended = asyncio.Event()

    @openai_tool
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    fault = {"code": "server_error", "message": "it broke"}
    script(oxide_server, response(1, ("endless", "{}"), status="failed", error=fault))
    async with oxide_client.agent("m", input="go", tools=[endless]) as run:
        with pytest.raises(APIStatusError, match="it broke"):
            await run.get_final_response()
    assert ended.is_set()
    assert run.responses == []
    assert run.response is None
    assert (run.output_text, run.output_parsed) == ("", None)
    oxide_server.script("/responses", Answer.error(401))
    async with oxide_client.agent("m", input="go") as run:
        for _ in range(2):
            with pytest.raises(oxide.AuthenticationError):
                await run.get_final_response()


async def test_structured_results_parts_and_conversations(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    class Result(BaseModel):
        warm: int

    parts = [{"type": "input_text", "text": "seen"}]

    @openai_tool
    async def look() -> list[dict[str, str]]:
        return parts

    @openai_tool
    async def model() -> Result:
        return Result(warm=3)

    script(oxide_server, response(1, ("look", "{}"), ("model", "{}")), response(2, text='{"warm": 4}'))
    run = oxide_client.agent(
        "m", input="go", tools=[look, model], text_format=Result, conversation="conv_1", store=False
    )
    async with run:
        await run.get_final_response()
    assert run.output_parsed == Result(warm=4)
    second = sent(oxide_server)[1]
    assert [o["output"] for o in second["input"]] == [parts, '{"warm":3}']
    assert second["conversation"] == "conv_1"
    assert "previous_response_id" not in second
    assert second["text"]["format"]["name"] == "Result"


async def test_the_transport_is_a_parameter(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    script(oxide_server, response(1, ("shout", '{"text": "a"}')), response(2, text="done"))
    opened: list[dict[str, Any]] = []
    http = over_http(oxide_client)

    async def transport(params: dict[str, Any]) -> Any:
        opened.append(params)
        return await http(params)

    async with AgentRun(transport, {"model": "m"}, "go", [shout]) as run:
        await run.get_final_response()
    assert [params.get("previous_response_id") for params in opened] == [None, "resp_1"]


class Place(BaseModel):
    city: str


async def test_plain_functions_are_tools(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    def double(number: int) -> int:
        return 2 * number

    async def greet(place: Place) -> str:
        return f"Hello {place.city}"

    calls = [("double", '{"number": 4}'), ("greet", '{"place": {"city": "Oslo"}}')]
    script(oxide_server, response(1, *calls), response(2, text="done"))
    async with oxide_client.agent("m", input="go", tools=[double, greet]) as run:
        await run.get_final_response()
    first, second = sent(oxide_server)
    assert [tool["name"] for tool in first["tools"]] == ["double", "greet"]
    assert [o["output"] for o in second["input"]] == ["8", "Hello Oslo"]


async def test_no_conversation_is_none(oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
    script(oxide_server, response(1, ("shout", '{"text": "a"}')), response(2, text="done"))
    async with oxide_client.agent("m", input="go", tools=[shout], conversation=None) as run:
        await run.get_final_response()
    assert sent(oxide_server)[1]["previous_response_id"] == "resp_1"


async def test_what_cannot_run_is_refused_before_anything_is_sent(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    @openai_tool
    async def free(anything: dict[str, int]) -> None: ...

    agent: Any = oxide_client.agent
    with pytest.raises(ValueError, match="max_turns=0: at least 1"):
        agent("m", input="", max_turns=0)
    with pytest.raises(ValueError, match="max_parallel_tools=0"):
        agent("m", input="", max_parallel_tools=0)
    with pytest.raises(ValueError, match="store=False"):
        agent("m", input="", store=False)
    with pytest.raises(ValueError, match="store=False"):
        agent("m", input="", store=False, conversation=None)
    with pytest.raises(ValueError, match="two tools are called 'shout'"):
        agent("m", input="", tools=[shout, shout])
    with pytest.raises(ValueError, match="'f' has nothing to call"):
        agent("m", input="", tools=[{"type": "function", "name": "f"}])
    for given in (Place, oxide.pydantic_function_tool(Place), oxide.pydantic_responses_function_tool(Place)):
        with pytest.raises(ValueError, match="'Place' has nothing to call: give the function itself"):
            agent("m", input="", tools=[given])
    with pytest.raises(TypeError, match="3 is no tool"):
        agent("m", input="", tools=[3])
    with pytest.raises(ValueError, match="'custom' runs on this side"):
        agent("m", input="", tools=[{"type": "custom", "name": "f"}])
    with pytest.raises(SchemaError, match="anything"):
        agent("m", input="", tools=[free])
    assert len(oxide_server.journal) == 0
