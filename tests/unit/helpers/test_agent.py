"""The agent loop against the embedded server: turns, what each is sent, and what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

import oxide
from oxide import openai_tool
from oxide.errors import APIStatusError, MaxTurnsExceededError, SchemaError
from oxide.helpers.agent import AgentRun, over_http
from oxide.testing import Answer, Server
from tests.unit.helpers.agent_scripts import read, response, script, sent, short, shout, weather


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


WAITING: list[dict[str, Any]] = [
    {"type": "mcp_approval_request", "id": "mcpr_1", "name": "n", "arguments": "{}", "server_label": "l"},
    {
        "type": "shell_call",
        "id": "sh_1",
        "call_id": "call_sh",
        "status": "completed",
        "action": {"commands": ["ls"]},
        "environment": {"type": "local"},
    },
    {
        "type": "shell_call",
        "id": "sh_1",
        "call_id": "call_sh",
        "status": "completed",
        "action": {"commands": ["ls"]},
        "environment": None,
    },
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_ct", "name": "n", "input": "i"},
    {
        "type": "tool_search_call",
        "id": "ts_1",
        "call_id": "call_ts",
        "arguments": {},
        "execution": "client",
        "status": "completed",
    },
]


DONE: list[list[dict[str, Any]]] = [
    [
        {**WAITING[2], "environment": environment},
        {
            "type": "shell_call_output",
            "id": "sho_1",
            "call_id": "call_sh",
            "output": [],
            "status": "completed",
        },
    ]
    for environment in (None, {"type": "container_reference", "container_id": "c"})
]

DONE += [
    [{**WAITING[1], "environment": {"type": "container_reference", "container_id": "c"}}],
    [{**WAITING[4], "execution": "server"}],
]


@pytest.mark.parametrize("item", WAITING, ids=lambda item: item["type"])
async def test_a_response_that_waits_for_somebody_is_no_answer(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, item: dict[str, Any]
) -> None:
    turn = response(1, ("shout", '{"text": "a"}'))
    turn["output"].append(item)
    oxide_server.script("/responses", short(turn))
    kinds: list[str] = []
    message = f"resp_1 waits for .* to {item['type']} {item['id']}: send it"
    async with oxide_client.agent("m", input="go", tools=[shout, {"type": "web_search"}]) as run:
        with pytest.raises(oxide.InputRequiredError, match=message) as caught:
            await read(run, kinds)
        with pytest.raises(oxide.InputRequiredError):
            await run.get_final_response()
    assert kinds[-2:] == ["agent.tool.finished", "agent.turn.finished"]
    assert [waiting.id for waiting in caught.value.items] == [item["id"]]
    assert caught.value.outputs == [
        {"type": "function_call_output", "call_id": "call_1_0", "output": "A"},
    ]
    assert caught.value.response is run.response
    assert len(oxide_server.journal) == 1


@pytest.mark.parametrize("items", DONE)
async def test_what_the_server_has_run_waits_for_nobody(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, items: list[dict[str, Any]]
) -> None:
    turn = response(1, text="done")
    turn["output"] += items
    oxide_server.script("/responses", short(turn))
    async with oxide_client.agent("m", input="go") as run:
        await run.get_final_response()
    assert run.output_text == "done"


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


async def test_one_call_at_a_time_is_asked_for_without_tools_too(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    script(oxide_server, response(1, text="done"), response(2, text="done"))
    for parallel in (False, True):
        # A stored prompt may bring tools of its own.
        async with oxide_client.agent("m", input="go", prompt={"id": "p"}, parallel_tools=parallel) as run:
            await run.get_final_response()
    assert [body.get("parallel_tool_calls") for body in sent(oxide_server)] == [False, None]


async def test_each_turn_is_a_request_of_its_own(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI
) -> None:
    calls = [("shout", '{"text": "a"}')]
    script(oxide_server, response(1, *calls), response(2, *calls), response(3, text="done"))
    headers = {"Idempotency-Key": "mine", "X-Run": "1"}
    async with oxide_client.agent("m", input="go", tools=[shout], extra_headers=headers) as run:
        await run.get_final_response()
    first, second, third = (request.headers for request in oxide_server.journal)
    assert first["idempotency-key"] == "mine"
    # Under one key the server would give the first answer again.
    assert len({h["idempotency-key"] for h in (first, second, third)}) == 3
    assert {h["x-run"] for h in (first, second, third)} == {"1"}


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
    shell = {"type": "shell", "environment": {"type": "local"}}
    search = {"type": "tool_search", "execution": "client"}
    for given in (shell, search):
        with pytest.raises(ValueError, match=f"'{given['type']}' runs on this side"):
            agent("m", input="", tools=[given])
    nested = {"type": "function", "name": "f", "parameters": {}}
    with pytest.raises(
        ValueError, match="namespace 'crm' have nothing to call: give the functions themselves"
    ):
        agent(
            "m", input="", tools=[{"type": "namespace", "name": "crm", "description": "", "tools": [nested]}]
        )
    with pytest.raises(SchemaError, match="anything"):
        agent("m", input="", tools=[free])
    assert len(oxide_server.journal) == 0
