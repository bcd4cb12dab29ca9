"""The runner of tools for Responses: its parts, and what it says. Whole runs are in tests/parity."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
from contextlib import aclosing
from typing import Any

import pytest

from oxide import AsyncOpenAI, OpenAIError
from oxide.helpers.runner.approvals import approval_policy, approved_requests, is_listed_tool, use_approval
from oxide.helpers.runner.budget import Budget, is_decision, measure, without
from oxide.helpers.runner.data import plain
from oxide.helpers.runner.functions import function_result
from oxide.helpers.runner.items import computer_call_faults, same_output
from oxide.helpers.runner.ledger import recorded_tools, state_url
from oxide.helpers.runner.selection import Selection, never_ends
from oxide.lib.responses_tool_runner import (
    AsyncRegisteredFunction,
    AsyncResponsesToolLedger,
    AsyncResponsesToolRunner,
    ResponsesToolCheckpoint,
    ToolRunnerCancelledError,
    ToolRunnerError,
)
from oxide.options import omit
from oxide.testing import Answer, Server

Item = dict[str, Any]


def call(number: int, name: str = "look") -> Item:
    return {
        "id": f"fc_{number}", "type": "function_call", "call_id": f"c{number}", "name": name,
        "arguments": "{}", "status": "completed",
    }  # fmt: skip


MESSAGE: Item = {
    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
    "content": [{"type": "output_text", "text": "done", "annotations": []}],
}  # fmt: skip


def response(*output: Item, status: str = "completed") -> Item:
    return {"id": "resp_1", "object": "response", "status": status, "model": "m", "output": list(output)}


def function(execute: Any, name: str = "look", **options: Any) -> AsyncRegisteredFunction:
    tool: Any = {"type": "function", "name": name, "parameters": {"type": "object"}, "strict": False}
    return AsyncRegisteredFunction(tool, execute, **options)


async def look(arguments: dict[str, object]) -> str:
    return "seen"


PARAMS: Any = {"model": "m", "input": "hi"}


async def test_a_run(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    oxide_server.script("/responses", Answer.json(response(call(1))), Answer.json(response(MESSAGE)))
    runner = AsyncResponsesToolRunner(functions=[function(look)])
    assert (await runner.run(oxide_client, PARAMS)).output_text == "done"
    assert oxide_server.journal.last.json()["input"][-1] == {
        "type": "function_call_output",
        "call_id": "c1",
        "output": "seen",
    }


WORDS: list[tuple[list[Item], Item, str]] = [
    ([response(status="incomplete")], {}, "the response is 'incomplete', not completed"),
    ([response()], {}, "neither an answer nor a call"),
    ([response(call(1, "other"))], {}, "'other' was called, which is no function of this run"),
    ([response(call(1) | {"namespace": "n"})], {}, "look was called in the namespace 'n'"),
    ([response(call(1), call(1) | {"id": "fc_2"})], {}, "whose id 'c1' is missing or was used before"),
    ([response(call(1), call(2) | {"id": "fc_1"})], {}, "an item fc_1, an id that was used before"),
    ([response(call(1))], {"max_steps": 1}, "after 1 requests the model still calls tools: raise max_steps"),
    ([response({"type": "shell_call", "id": "s"})], {}, "'shell_call', which a run cannot deal with"),
    (
        [response(MESSAGE | {"content": [{"type": "output_text"}]})],
        {},
        "cannot be replayed: message.content[0].text: text is needed, got nothing",
    ),
    ([response(call(1))], {"cancelled": lambda: True}, "the run was cancelled"),
    ([response({"type": "computer_call", "id": "c"})], {}, "there is no computer"),
]


@pytest.mark.parametrize(("answers", "options", "words"), WORDS, ids=[words for *_, words in WORDS])
async def test_why_it_stopped(
    oxide_server: Server, oxide_client: AsyncOpenAI, answers: list[Item], options: Item, words: str
) -> None:
    oxide_server.script("/responses", *map(Answer.json, answers))
    runner = AsyncResponsesToolRunner(functions=[function(look)])
    with pytest.raises(ToolRunnerError) as caught:
        await runner.run(oxide_client, PARAMS, **options)
    assert words in str(caught.value)
    assert caught.value.attempted_call_ids == caught.value.completed_call_ids == ()


async def test_what_a_function_raises_stays_private(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    async def fails(arguments: dict[str, object]) -> str:
        raise ValueError("the password is x")

    oxide_server.script("/responses", Answer.json(response(call(1), call(2, "fails"))))
    runner = AsyncResponsesToolRunner(functions=[function(look), function(fails, "fails")])
    with pytest.raises(ToolRunnerError) as caught:
        await runner.run(oxide_client, PARAMS)
    assert str(caught.value) == "the run stopped before it was complete: ValueError was raised"
    assert caught.value.attempted_call_ids == ("c1", "c2")
    assert caught.value.completed_call_ids == ("c1",)


async def test_a_cancelled_run_waits_for_what_it_began(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def slow(arguments: dict[str, object]) -> str:
        begun.set()
        await asyncio.sleep(0.05)
        ended.append("slow")
        return "seen"

    oxide_server.script("/responses", Answer.sse([*streamed(call(1))], gap=0.02))
    runner = AsyncResponsesToolRunner(functions=[function(slow, independent=True)])
    task = asyncio.create_task(runner.run(oxide_client, PARAMS, stream=True, eager=True))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert ended == ["slow"]
    # The runner is free again.
    assert runner.close() == {"status": "closed"}


def streamed(*output: Item) -> list[Item]:
    events: list[Item] = [{"type": "response.created", "response": response(status="in_progress")}]
    for index, item in enumerate(output):
        events += [
            {"type": f"response.output_item.{what}", "output_index": index, "item": item}
            for what in ("added", "done")
        ]
    events.append({"type": "response.completed", "response": response(*output)})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


async def test_the_error_of_a_cancelled_run_says_which_calls_were_begun(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    async def cancelled(arguments: dict[str, object]) -> str:
        raise asyncio.CancelledError

    oxide_server.script("/responses", Answer.json(response(call(1))))
    runner = AsyncResponsesToolRunner(functions=[function(cancelled)])
    with pytest.raises(ToolRunnerCancelledError) as caught:
        await runner.run(oxide_client, PARAMS)
    assert caught.value.attempted_call_ids == ("c1",)
    assert caught.value.completed_call_ids == ()


async def test_independent_functions_run_side_by_side_within_the_limit(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    running, most = 0, 0

    async def busy(arguments: dict[str, object]) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return "seen"

    for limit in (1, 3):
        most = 0
        oxide_server.script(
            "/responses", Answer.sse(streamed(*map(call, range(1, 7)))), Answer.sse(streamed(MESSAGE))
        )
        runner = AsyncResponsesToolRunner(functions=[function(busy, independent=True)])
        await runner.run(oxide_client, PARAMS, stream=True, eager=True, max_concurrent_calls=limit)
        assert most == limit


async def test_a_run_that_stops_closes_its_stream(oxide_server: Server, oxide_client: AsyncOpenAI) -> None:
    async def stop(event: Any) -> None:
        raise ValueError

    oxide_server.script("/responses", Answer.sse(streamed(call(1)), gap=0.2))
    runner = AsyncResponsesToolRunner(functions=[function(look)])
    with pytest.raises(ToolRunnerError):
        await runner.run(oxide_client, PARAMS, stream=True, on_event=stop)
    (record,) = await oxide_server.journal.settle(1)
    assert record.aborted


async def test_outputs_supplied_to_a_turn_that_is_over_are_refused(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    oxide_server.script("/responses", Answer.json(response(call(1))), Answer.json(response(MESSAGE)))
    runner = AsyncResponsesToolRunner(functions=[function(look, allow_output_override=True)])
    output: Any = {"type": "function_call_output", "call_id": "c1", "output": "mine"}
    async with aclosing(runner.iterate(oxide_client, PARAMS)) as turns:
        turn = await turns.__anext__()
        turn.supply_outputs([output])
        last = await turns.__anext__()
        assert oxide_server.journal.last.json()["input"][-1]["output"] == "mine"
        for over in (turn, last):
            with pytest.raises(ValueError, match=r"takes no outputs|no call of this turn"):
                over.supply_outputs([output])
            with pytest.raises(ValueError, match="under way and not the last"):
                over.append_user_text("go on")


async def test_a_ledger_is_told_before_and_after_each_call(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    saved: list[ResponsesToolCheckpoint] = []

    async def save(checkpoint: ResponsesToolCheckpoint) -> None:
        saved.append(json.loads(json.dumps(checkpoint)))

    oxide_server.script("/responses", Answer.json(response(call(1))), Answer.json(response(MESSAGE)))
    runner = AsyncResponsesToolRunner(functions=[function(look)])
    await runner.run(oxide_client, PARAMS, ledger=AsyncResponsesToolLedger("r", save))
    assert [(c["phase"], c["attempted_call_ids"], c["returned_call_ids"]) for c in saved] == [
        ("boundary", [], []),
        ("pending", [], []),
        ("pending", ["c1"], []),
        ("pending", ["c1"], ["c1"]),
        ("boundary", ["c1"], ["c1"]),
        ("boundary", ["c1"], ["c1"]),
        ("final", ["c1"], ["c1"]),
    ]
    assert [c["revision"] for c in saved] == list(range(1, 8))


# -- parts -----------------------------------------------------------------------------------------


def test_plain_data_only() -> None:
    value: Any = {"a": [1, 1.5, None, True, "x", {"b": {}}]}
    copied = plain(value)
    assert copied == value
    assert copied["a"] is not value["a"]
    assert plain({"a": omit, "b": {"c": omit, "d": 1}}, omitted=True) == {"b": {"d": 1}}
    wrong: list[Any] = [
        (),
        {1: 2},
        float("inf"),
        object(),
        {"a": omit},
        [omit],
        b"",
        type("D", (dict,), {})(),
    ]
    for each in wrong:
        with pytest.raises(ValueError, match="plain JSON"):
            plain(each)
    for each in ([omit], {"metadata": {"a": omit}}):
        with pytest.raises(ValueError, match="Omit is not plain JSON"):
            plain(each, omitted=True)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (..., "always"),
        (None, "always"),
        ("always", "always"),
        ("never", "never"),
        ("other", None),
        ({"always": {"tool_names": ["look"]}}, "always"),
        ({"always": {"tool_names": ["other"]}}, "never"),
        ({"never": {"tool_names": ["look"]}}, "never"),
        ({"never": {"tool_names": ["other"]}}, "always"),
        ({"never": {}}, "never"),
        ({"never": {"read_only": True}}, None),
        ({"never": {"tool_names": ["look"]}, "always": {"tool_names": ["look"]}}, None),
        ({"never": {"tool_names": ["a"]}, "always": {"tool_names": ["b"]}}, None),
        ({}, None),
    ],
)
def test_policies(policy: Any, found: str | None) -> None:
    declaration: Item = {"type": "mcp", "server_label": "s"}
    assert (
        approval_policy(declaration | ({} if policy is ... else {"require_approval": policy}), "look")
        == found
    )


@pytest.mark.parametrize(
    ("allowed", "listed"),
    [(None, True), (["look"], True), ([], False), ({}, True), ({"tool_names": []}, False), ("look", False)],
)
def test_allowed_tools(allowed: Any, listed: bool) -> None:
    assert is_listed_tool({"allowed_tools": allowed}, "look") is listed


def test_an_approval_is_used_once() -> None:
    asked: Item = {
        "type": "mcp_approval_request", "id": "r", "server_label": "s", "name": "n", "arguments": "{}"
    }  # fmt: skip
    yes: Item = {"type": "mcp_approval_response", "approval_request_id": "r", "approve": True}
    made = {**asked, "type": "mcp_call", "id": "m", "approval_request_id": "r"}
    assert approved_requests([asked, yes]) == {"r": asked}
    assert approved_requests([asked, {**yes, "approve": False}]) == {}
    assert approved_requests([yes, asked]) == {}
    assert approved_requests([asked, yes, made]) == {}
    for history in ([asked, yes, made, made], [asked, yes, {**made, "arguments": "[]"}], [made]):
        with pytest.raises(ValueError, match="not the one approved"):
            approved_requests(history)
    use_approval({**made, "approval_request_id": None}, {})


def test_selection() -> None:
    functions = frozenset(("a", "b"))
    one = Selection({"type": "function", "name": "a"}, functions, computer=True)
    assert one.admits({"type": "function_call", "name": "a"})
    assert not one.admits({"type": "function_call", "name": "b"})
    assert not one.admits({"type": "computer_call"})
    assert not one.admits({"type": "web_search_call"})
    assert one.admits({"type": "mcp_list_tools"})
    assert Selection(None, functions, computer=False).admits({"type": "function_call", "name": "b"})
    local: list[Any] = [{"type": "function", "name": "a"}]
    assert never_ends("required", local)
    assert not never_ends("required", [*local, {"type": "web_search"}])
    assert never_ends({"type": "function", "name": "a"}, local)
    assert not never_ends({"type": "allowed_tools", "mode": "auto", "tools": local}, local)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "output: text or a list of blocks is needed, got nothing"),
        (("a",), "got tuple"),
        (["a"], "output[0]: an object is needed, got str"),
        ([{"type": "output_text"}], "one of input_text, input_image, input_file"),
        ([{"type": "input_text"}], "output[0].text: text is needed, got nothing"),
        ([{"type": "input_text", "text": "a", "more": 1}], "output[0].more: input_text has no such field"),
        ([{"type": "input_image", "image_url": " "}], "one of image_url, file_id is needed"),
        ([{"type": "input_image", "image_url": 1}], "output[0].image_url: text is needed, got int"),
        (
            [{"type": "input_file", "file_id": "f", "detail": None}],
            "output[0].detail: one of auto, low, high is needed",
        ),
        ([{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {}}], "{'mode': 'explicit'}"),
    ],
)
def test_results_that_are_none(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        function_result(value)


def test_results_are_copied() -> None:
    blocks: list[Any] = [
        {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_image", "file_id": "f", "image_url": None, "detail": "low"},
    ]
    assert function_result(blocks) == blocks
    assert function_result(blocks)[0] is not blocks[0]
    assert function_result("text") == "text"


def test_secrets_are_not_recorded() -> None:
    assert state_url("https://u:p@h.test/a?token=s&b=1#f") == "https://h.test/a?token=***&b=1"
    assert state_url("https://h.test/a?b=%2B") == "https://h.test/a?b=%2B"
    tools: list[Any] = [
        {"type": "mcp", "server_label": "s", "server_url": "https://h.test", "headers": {"A": "x"}},
        {"type": "function", "name": "f"},
    ]
    recorded = recorded_tools(tools)
    assert recorded[0].keys() == {"type", "server_label", "server_url"}
    assert recorded[0]["server_url"].startswith("sha256:")
    assert recorded[1] is tools[1]


def test_sizes() -> None:
    history: list[Any] = [
        {"role": "user", "content": [{"type": "input_image", "image_url": "é"}]},
        {"type": "computer_call_output", "call_id": "c", "output": {}},
    ]
    size = measure(history)
    assert size.bytes == len(json.dumps(history, ensure_ascii=False, separators=(",", ":")).encode())
    assert size.images == 2


def test_what_is_left_out_of_an_input() -> None:
    history: list[Any] = [
        {"role": "user", "content": "hi"},
        call(1), {"type": "function_call_output", "call_id": "c1", "output": "a"},
        call(2), {"type": "function_call_output", "call_id": "c2", "output": "b"},
        call(3, "browser_click"), {"type": "function_call_output", "call_id": "c3", "output": "c"},
    ]  # fmt: skip
    budget = Budget({"max_input_bytes": 9, "max_input_images": 0}, frozenset(("browser_click",)))
    eligible = budget.snapshot(history, measure(history))["eligible_call_ids"]
    # The last call of the browser shows where it is.
    assert eligible == ["c1", "c2"]
    assert is_decision({"drop_call_ids": ["c1"], "summary": "s"}, eligible)
    assert not is_decision({"drop_call_ids": ["c3"]}, eligible)
    left = without(history, {"drop_call_ids": ["c1"], "summary": "a was seen"})
    assert left[2:] == [history[0], *history[3:]]
    assert "a was seen" in left[0]["content"]
    assert '[{"call_id":"c1","kind":"function_call","name":"look"}]' in left[1]["content"]


def test_what_may_change_until_a_stream_ends() -> None:
    bare = {name: value for name, value in call(1).items() if name != "id"}
    thought: Item = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "a"}
    assert same_output([bare, thought], [call(1), thought | {"encrypted_content": "b"}])
    assert not same_output([call(1)], [call(1) | {"arguments": "[]"}])
    assert not same_output([call(1)], [call(1), thought])
    assert not same_output([thought], [thought | {"encrypted_content": None}])


def test_computer_calls() -> None:
    modern: Item = {"id": "i", "call_id": "c", "actions": [{"type": "wait"}]}
    assert not any(computer_call_faults(modern))
    assert any(computer_call_faults(modern | {"actions": []}))
    assert any(computer_call_faults(modern | {"action": {"type": "wait"}}))
    assert any(computer_call_faults(modern | {"pending_safety_checks": None}))
    legacy: Item = {"id": "i", "call_id": "c", "action": {"type": "wait"}}
    assert any(computer_call_faults(legacy))
    assert not any(computer_call_faults(legacy | {"pending_safety_checks": [{"id": "s"}]}))


def test_a_stopped_run_is_an_error_of_oxide_that_keeps_its_calls() -> None:
    error = ToolRunnerError("stopped", ["c1", "c2"], ["c1"])
    assert isinstance(error, OpenAIError)
    assert isinstance(error, RuntimeError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.attempted_call_ids, again.completed_call_ids) == (
        "stopped",
        ("c1", "c2"),
        ("c1",),
    )
