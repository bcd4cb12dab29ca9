"""Whole computer runs of the official SDK and oxide's against one server: requests, driver calls, ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

import oxide
from oxide.lib import computer as own
from oxide.testing import Answer, Server

from .computer_cases import WHOLE, call
from .drivers import Log, Polls, observer, outcome
from .test_computer import PACKAGES, Driver

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

MESSAGE: dict[str, Any] = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "done", "annotations": [], "logprobs": []}],
}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e", "created_by": "x"}
"""What a model thinks; a member the API sends but does not take."""


def answer(*output: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "completed",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        **fields,
    }


def item(number: int, *actions: Any, **fields: Any) -> dict[str, Any]:
    return call(id=f"cu_{number}", call_id=f"call_{number}", actions=list(actions) or [WHOLE[0]], **fields)


async def ran(
    server: Server, answers: list[Any], params: Any = None, headers: Any = None, **options: Any
) -> Any:
    """What both make of a run against a server that gives these answers; requests have to be the same too."""
    found: list[Any] = []
    clients = (openai.AsyncOpenAI, oxide.AsyncOpenAI)
    for (package, _), client_class in zip(PACKAGES, clients, strict=True):
        server.reset()
        server.script("/responses", *[a if isinstance(a, Answer) else Answer.json(a) for a in answers])
        log: Log = []
        given = {name: value(log) if callable(value) else value for name, value in options.items()}
        toolset = package.AsyncComputerToolset(Driver(log, fails=given.pop("fails", None)))
        body: Any = {"model": "m", "input": "go"} if params is None else params
        before = json.dumps(body, default=str)
        async with client_class(
            base_url=server.base_url, api_key="k", max_retries=0, default_headers=headers
        ) as client:
            result = await outcome(toolset.run(client, body, on_diagnostic=observer(log), **given))
        assert json.dumps(body, default=str) == before, "the caller's parameters were changed"
        requests = [request.json() for request in server.journal]
        keys = [request.headers.get("idempotency-key") for request in server.journal]
        assert len(set(keys)) == len(keys) or set(keys) == {None}, package
        found.append((result, log, requests, [key is not None for key in keys]))
    assert found[1][2:] == found[0][2:]
    assert found[1][:2] == found[0][:2]
    return found[1]


async def test_runs_to_the_final_message(oxide_server: Server) -> None:
    for count in range(4):
        answers = [answer(REASONING | {"id": f"rs_{n}"}, item(n, *WHOLE[n : n + 3])) for n in range(count)]
        result, log, requests, _ = await ran(oxide_server, [*answers, answer(MESSAGE)])
        assert result[1]["output"][0]["content"][0]["text"] == "done"
        assert len(requests) == count + 1
        assert log.count(("screenshot",)) == count


async def test_several_calls_in_one_answer(oxide_server: Server) -> None:
    result, log, requests, _ = await ran(
        oxide_server, [answer(item(1), item(2, WHOLE[9]), MESSAGE), answer(MESSAGE | {"id": "msg_2"})]
    )
    assert result[0] == "gave"
    assert [i["type"] for i in requests[1]["input"][-2:]] == ["computer_call_output"] * 2
    assert [entry[0] for entry in log if entry[0] != "diagnostic"] == [
        "click",
        "screenshot",
        "move",
        "screenshot",
    ]


OUTPUTS: list[Any] = [
    [],
    [MESSAGE | {"status": "incomplete"}],
    [MESSAGE | {"phase": "commentary"}],
    [MESSAGE | {"phase": "final_answer"}],
    [MESSAGE | {"phase": "other"}],
    [MESSAGE | {"id": None}],
    [MESSAGE | {"id": ""}, MESSAGE | {"id": ""}],
    [MESSAGE, MESSAGE],
    [MESSAGE | {"role": "user"}],
    [MESSAGE | {"content": "done"}],
    [MESSAGE | {"content": [{"type": "output_text", "text": 5, "annotations": []}]}],
    [MESSAGE | {"content": [{"type": "output_text", "text": "a", "annotations": None}]}],
    [MESSAGE | {"content": [{"type": "refusal", "refusal": "no"}]}],
    [MESSAGE | {"content": [{"type": "refusal", "refusal": None}]}],
    [MESSAGE | {"content": [{"type": "sound"}]}],
    [REASONING],
    [REASONING, MESSAGE],
    [REASONING | {"summary": [{"type": "summary_text", "text": 1}]}, MESSAGE],
    [REASONING | {"content": None}, MESSAGE],
    [REASONING | {"status": "odd"}, MESSAGE],
    [REASONING | {"encrypted_content": 5}, MESSAGE],
    [{"type": "compaction", "id": "cmp_1", "encrypted_content": "e"}, MESSAGE],
    [{"type": "compaction", "id": "cmp_1"}, MESSAGE],
    [{"type": "compaction", "encrypted_content": "e"}, MESSAGE],
    [{"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}"}],
    [{"type": "later", "id": "x"}, MESSAGE],
    [item(1), item(1)],
    [item(1), item(2) | {"id": "cu_1"}],
    [item(1), item(2) | {"call_id": "call_1"}],
    [item(1) | {"id": ""}, item(2) | {"id": ""}],
    [item(1) | {"id": "old"}],
    [item(1) | {"call_id": "old"}],
    [item(1), item(2, {"type": "dance"})],
    [item(1), item(2, status="in_progress")],
    [item(1, pending_safety_checks=[{"id": "s"}])],
    [item(1, WHOLE[8]), MESSAGE],
]


@pytest.mark.parametrize("output", OUTPUTS)
async def test_what_an_answer_may_hold(oxide_server: Server, output: list[Any]) -> None:
    history = [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "id": "old", "call_id": "old", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "old", "output": "x"},
    ]
    params = {"model": "m", "input": history}
    second = answer(MESSAGE | {"id": "msg_9"}, id="resp_2")
    await ran(oxide_server, [answer(*output), second], params)


async def test_an_item_of_an_earlier_answer(oxide_server: Server) -> None:
    for again in (
        item(1),
        item(2) | {"id": "cu_1"},
        item(2) | {"call_id": "call_1"},
        MESSAGE | {"id": "cu_1"},
    ):
        result = (await ran(oxide_server, [answer(item(1)), answer(again), answer(MESSAGE)]))[0]
        assert result[1] == "ComputerUseError"


@pytest.mark.parametrize(
    "status", ["incomplete", "failed", "in_progress", "cancelled", "queued", None, "odd"]
)
async def test_an_answer_that_is_not_complete(oxide_server: Server, status: Any) -> None:
    result = (await ran(oxide_server, [answer(MESSAGE, status=status)]))[0]
    assert result[1] == "ComputerUseError"
    assert result[3]["response"]["status"] == status


async def test_the_number_of_requests_is_limited(oxide_server: Server) -> None:
    for limit in (1, 2, 3, 4):
        answers = [*[answer(item(n)) for n in range(3)], answer(MESSAGE)]
        result, log, requests, _ = await ran(oxide_server, answers, max_steps=limit)
        assert result[0] == ("gave" if limit == 4 else "raised")
        assert len(requests) == limit
        assert log.count(("screenshot",)) == limit - 1


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "3", None])
async def test_limits_that_are_none(oxide_server: Server, limit: Any) -> None:
    result, _, requests, _ = await ran(oxide_server, [answer(MESSAGE)], max_steps=limit)
    assert result[1] == "ValueError"
    assert requests == []


async def test_a_run_cancelled_at_every_poll(oxide_server: Server) -> None:
    answers = [answer(item(1, *WHOLE[:2])), answer(MESSAGE)]
    ends: set[str] = set()
    for poll in range(24):
        result = (await ran(oxide_server, answers, cancelled=lambda log, poll=poll: Polls(poll)))[0]
        ends.add(result[0])
    assert ends == {"gave", "raised"}


PARAMS: list[dict[str, Any]] = [
    {},
    {"input": "a"},
    {"input": []},
    {"tools": None},
    {"tools": []},
    {"tools": [{"type": "computer"}, {"type": "computer"}]},
    {"tools": [{"type": "web_search"}]},
    {"tools": ({"type": "computer"},)},
    {
        "tools": [
            {"type": "computer_use_preview", "display_width": 1, "display_height": 2, "environment": "linux"}
        ]
    },
    {"stream": True},
    {"stream": False},
    {"background": True},
    {"background": False},
    {"previous_response_id": "r"},
    {"previous_response_id": None},
    {"conversation": "c"},
    {"include": None},
    {"include": ["reasoning.encrypted_content", "computer_call_output.output.image_url"]},
    {"include": iter(["a", "a"])},
    {"tool_choice": "required"},
    {"tool_choice": "none"},
    {"tool_choice": {"type": "computer"}},
    {"tool_choice": {"type": "computer_use_preview"}},
    {"tool_choice": {"type": "computer_use"}},
    {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "computer"}]}},
    {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "computer"}]}},
    {"extra_body": {"x": 1}},
    {"extra_body": {"tools": []}},
    {"extra_body": {"stream": True, "x": 1}},
    {"extra_headers": {"x-a": "b"}},
    {"extra_headers": {"idempotency-Key": "first"}},
    {"temperature": 0.5, "metadata": {"a": "b"}, "reasoning": {"effort": "low"}},
]


@pytest.mark.parametrize("params", PARAMS)
async def test_parameters(oxide_server: Server, params: dict[str, Any]) -> None:
    if "include" in params and params["include"] is not None:
        params = {**params, "include": list(params["include"])}
    await ran(oxide_server, [answer(item(1)), answer(MESSAGE)], {"model": "m", **params})


async def test_an_iterator_is_read_once(oxide_server: Server) -> None:
    messages: list[Any] = [{"role": "user", "content": "hi"}]
    oxide_server.script("/responses", Answer.json(answer(item(1))), Answer.json(answer(MESSAGE)))
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
        await own.AsyncComputerToolset(Driver([])).run(client, {"model": "m", "input": iter(messages)})  # type: ignore[typeddict-item]
    assert [request.json()["input"][0] for request in oxide_server.journal] == messages * 2


async def test_each_request_has_an_idempotency_key_of_its_own(oxide_server: Server) -> None:
    answers = [answer(item(1)), answer(item(2)), answer(MESSAGE)]
    for headers in (None, {"Idempotency-Key": "mine"}):
        keys = (await ran(oxide_server, answers, headers=headers))[3]
        assert keys == [headers is not None] * 3


async def test_errors_of_the_api_and_of_the_driver_pass(oxide_server: Server) -> None:
    result = (await ran(oxide_server, [answer(item(1)), Answer.error(429)]))[0]
    assert result[1] == "RateLimitError"
    result = (await ran(oxide_server, [answer(item(1))], fails=(0, KeyError("gone"))))[0]
    assert result[1] == "KeyError"


async def test_an_error_holds_the_answer_it_stopped_at(oxide_server: Server) -> None:
    body = answer(item(1, {"type": "click", "x": "a"}), temperature="hot")
    oxide_server.script("/responses", Answer.json(body, headers={"x-request-id": "req_1"}))
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
        with pytest.raises(own.ComputerUseError, match=r"actions\[0\].x: expected an integer") as caught:
            await own.AsyncComputerToolset(Driver([])).run(client, {"model": "m", "input": "x"})
    assert caught.value.response is not None
    assert caught.value.response.id == "resp_1"
    assert caught.value.response._request_id == "req_1"
