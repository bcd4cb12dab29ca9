"""What the runner of tools refuses: the place, what is wrong there, and never what was said in it."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

from oxide import AsyncOpenAI
from oxide.helpers.runner.functions import arguments_of
from oxide.helpers.runner.history import check_history
from oxide.helpers.runner.ledger import recorded_tools
from oxide.helpers.runner.turn import supplied_outputs
from oxide.lib.decisions_tool_runner import DecisionsToolRunnerCancelledError
from oxide.lib.responses_tool_runner import (
    AsyncRegisteredFunction,
    AsyncResponsesToolLedger,
    AsyncResponsesToolRunner,
    ToolRunnerCancelledError,
    ToolRunnerError,
)
from oxide.testing import Answer, Server

Item = dict[str, Any]

SECRET = "a secret"
ASKED: Item = {"role": "user", "content": "hi"}
CALL: Item = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
OUTPUT: Item = {"type": "function_call_output", "call_id": "c1", "output": "seen"}
WAIT: Item = {"type": "computer_call", "id": "i", "call_id": "c2", "status": "completed",
              "actions": [{"type": "wait"}]}  # fmt: skip
SHOT: Item = {"type": "computer_call_output", "call_id": "c2",
              "output": {"type": "computer_screenshot", "file_id": "f"}}  # fmt: skip
SPOKEN: Item = {"type": "message", "role": "assistant", "id": "m", "status": "completed",
                "content": [{"type": "output_text", "text": "a", "annotations": []}]}  # fmt: skip
REQUEST: Item = {"type": "mcp_approval_request", "id": "r", "server_label": "s", "name": "n",
                 "arguments": "{}"}  # fmt: skip
APPROVED: Item = {"type": "mcp_approval_response", "approval_request_id": "r", "approve": True}
TOOL: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
TOOLS: list[Any] = [
    TOOL,
    {"type": "computer"},
    {"type": "mcp", "server_label": "s"},
    {"type": "file_search"},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "image_generation"},
]


def asking(*parts: Any) -> Item:
    return {"role": "user", "content": list(parts)}


HISTORIES: list[tuple[list[Item], str]] = [
    ([ASKED, CALL, OUTPUT | {"output": 5}],
     "input[2].output (function_call_output): text or a list of blocks is needed, got int"),
    ([CALL, OUTPUT | {"output": [{"type": "input_text", "text": 5}]}],
     "input[1].output[0].text (function_call_output): text is needed, got int"),
    ([CALL, {"type": "function_call_output", "call_id": "c1"}],
     "input[1].output (function_call_output): text or a list of blocks is needed, got nothing"),
    ([CALL, OUTPUT | {"status": SECRET}],
     "input[1].status (function_call_output): one of in_progress, completed, incomplete is needed"),
    ([CALL, OUTPUT | {"caller": {"type": "program"}}],
     "input[1].caller.caller_id (function_call_output): text is needed, got nothing"),
    ([CALL, OUTPUT | {"caller": SECRET}],
     "input[1].caller (function_call_output): an object is needed, got str"),
    ([CALL, OUTPUT | {"caller": {"type": "user"}}],
     "input[1].caller.type (function_call_output): one of direct, program is needed"),
    ([CALL | {"name": "gone"}, OUTPUT],
     "input[0].name (function_call): 'gone' is no function of this run; register it or leave its calls out"),
    ([CALL | {"name": [SECRET]}, OUTPUT], "input[0].name (function_call): text is needed, got list"),
    ([CALL | {"arguments": {"a": SECRET}}, OUTPUT],
     "input[0].arguments (function_call): text is needed, got dict"),
    ([CALL | {"arguments": "{"}, OUTPUT], "input[0].arguments (function_call): it is not JSON"),
    ([CALL | {"arguments": "[]"}, OUTPUT],
     "input[0].arguments (function_call): a JSON object is needed, got list"),
    ([CALL | {"id": None}, OUTPUT], "input[0].id (function_call): text is needed, got nothing"),
    ([CALL | {"async": 1}, OUTPUT], "input[0].async (function_call): true or false is needed, got int"),
    ([CALL | {"status": "incomplete"}, OUTPUT], "input[0].status (function_call): it is not completed"),
    ([CALL | {"call_id": 5}, OUTPUT], "input[0].call_id (function_call): text is needed, got int"),
    ([CALL, OUTPUT, CALL], "input[2].call_id (function_call): 'c1' was used before"),
    ([OUTPUT], "input[0].call_id (function_call_output): no call before it that has no output yet is 'c1'"),
    ([ASKED, CALL], "input[1] (function_call): its output is missing, call_id='c1'"),
    ([WAIT | {"actions": [{"type": "wait"}, {"type": "move", "x": 1, "y": "2"}]}, SHOT],
     "input[0].actions[1].y (computer_call): an integer is needed, got str"),
    ([WAIT | {"actions": [{"type": "click", "x": 1, "y": 2, "button": SECRET}]}, SHOT],
     "input[0].actions[0].button (computer_call): one of left, right, wheel, back, forward is needed"),
    ([WAIT | {"actions": [{"type": "drag", "path": [{"x": 1}]}]}, SHOT],
     "input[0].actions[0].path[0].y (computer_call): an integer is needed, got nothing"),
    ([WAIT | {"actions": [{"type": "keypress"}]}, SHOT],
     "input[0].actions[0].keys (computer_call): a list is needed, got nothing"),
    ([WAIT | {"actions": [{"type": "wait", "keys": ["a", 1]}]}, SHOT],
     "input[0].actions[0].keys[1] (computer_call): text is needed, got int"),
    ([WAIT | {"actions": [SECRET]}, SHOT],
     "input[0].actions[0] (computer_call): an object is needed, got str"),
    ([WAIT | {"actions": []}, SHOT], "input[0].actions (computer_call): one action at least is needed"),
    ([WAIT | {"action": {"type": "wait"}}, SHOT],
     "input[0] (computer_call): either actions or action is needed"),
    ([WAIT, SHOT | {"output": {"type": "computer_screenshot", "file_id": " "}}],
     "input[1].output (computer_call_output): an image_url or a file_id is needed"),
    ([WAIT, SHOT | {"acknowledged_safety_checks": [{"id": "s", "code": 1}]}],
     "input[1].acknowledged_safety_checks[0].code (computer_call_output): text is needed, got int"),
    ([asking({"type": "input_text", "text": "a"}, {"type": "input_text"})],
     "input[0].content[1].text (message): text is needed, got nothing"),
    ([asking({"type": "input_image", "detail": SECRET})],
     "input[0].content[0].detail (message): one of auto, low, high, original is needed"),
    ([{"role": SECRET, "content": "x"}],
     "input[0].role (message): one of user, assistant, system, developer is needed"),
    ([{"role": "user", "content": 5}],
     "input[0].content (message): text or a list of parts is needed, got int"),
    ([SPOKEN | {"content": [{"type": "output_text", "text": "a"}]}],
     "input[0].content[0].annotations (message): a list is needed, got nothing"),
    ([{"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": 1}]}],
     "input[0].summary[0].text (reasoning): text is needed, got int"),
    ([{"type": "compaction"}], "input[0].encrypted_content (compaction): text is needed, got nothing"),
    ([{"type": "shell_call"}], "input[0].type: a run cannot replay items of type 'shell_call'"),
    ([{"type": [SECRET]}], "input[0].type: text is needed, got list"),
    ([ASKED | {"id": "x"}, CALL | {"id": "x"}, OUTPUT], "input[0] and input[1] have the same id 'x'"),
    ([REQUEST, APPROVED | {"approve": 1}],
     "input[1].approve (mcp_approval_response): true or false is needed, got int"),
    ([REQUEST, APPROVED, APPROVED],
     "input[2].approval_request_id (mcp_approval_response): no request before it that has no answer yet"),
    ([REQUEST | {"arguments": None}],
     "input[0].arguments (mcp_approval_request): text is needed, got nothing"),
    ([REQUEST | {"server_label": "other"}],
     "input[0].server_label (mcp_approval_request): no MCP server with this label is declared"),
    ([REQUEST | {"type": "mcp_call", "approval_request_id": "q"}],
     "input[0].approval_request_id (mcp_call): an MCP call was made that is not the one approved"),
    ([{"type": "web_search_call"}], "input[0] (web_search_call): no tool of this run makes such items"),
    ([{"type": "file_search_call", "id": "f", "status": "completed", "queries": ["a", 1]}],
     "input[0].queries[1] (file_search_call): text is needed, got int"),
    ([{"type": "code_interpreter_call", "id": "f", "status": "completed", "container_id": "c", "code": None,
       "outputs": [{"type": "logs", "logs": None}]}],
     "input[0].outputs[0].logs (code_interpreter_call): text is needed, got nothing"),
    ([{"type": "image_generation_call", "id": "f", "status": "completed", "result": None, "quality": SECRET}],
     "input[0].quality (image_generation_call): one of low, medium, high, xhigh, max, auto is needed"),
    ([{"type": "image_generation_call", "id": "f", "status": "completed", "error": SECRET}],
     "input[0] (image_generation_call): it did not complete"),
    # Computers' items are checked here only: the positions of the schema's faults are those of the input.
    ([WAIT, SHOT, {"type": "configuration_update", "text": {"format": SECRET}}],
     "input[2].text.format (configuration_update): "),
]  # fmt: skip


@pytest.mark.parametrize(("history", "words"), HISTORIES, ids=[words for _, words in HISTORIES])
def test_inputs_that_cannot_be_replayed(history: list[Item], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        check_history(history, TOOLS)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ((), "outputs: a list of function_call_output items is needed, got tuple"),
        ([5], "outputs[0]: a dict with exactly type, call_id and output is needed, got int"),
        (
            [{"type": "x", "id": 1}],
            "outputs[0]: type, call_id and output are its keys; missing: call_id, output, too many: id",
        ),
        ([OUTPUT, OUTPUT | {"type": "x"}], "outputs[1].type: one of function_call_output is needed"),
        ([OUTPUT | {"call_id": 5}], "outputs[0].call_id: text is needed, got int"),
        ([OUTPUT, OUTPUT], "outputs[1].call_id: 'c1' has an output already"),
        (
            [OUTPUT | {"call_id": "c9"}],
            "outputs[0].call_id: no call of this turn that takes an output is 'c9'",
        ),
        ([OUTPUT | {"output": [{}]}], "outputs[0].output[0].type: one of input_text"),
    ],
)
def test_supplied_outputs(outputs: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        supplied_outputs(outputs, frozenset(("c1",)))


async def look(arguments: dict[str, object]) -> str:
    return "seen"


def runner(*functions: Any, **options: Any) -> AsyncResponsesToolRunner:
    return AsyncResponsesToolRunner(functions=list(functions), **options)


def made(tool: Any = TOOL, **options: Any) -> AsyncRegisteredFunction:
    return AsyncRegisteredFunction(tool, look, **options)


REGISTRATIONS: list[tuple[Callable[[], object], str]] = [
    (lambda: runner(made(), SECRET), "functions[1]: an AsyncRegisteredFunction is needed, got str"),
    (lambda: runner(AsyncRegisteredFunction(TOOL, None)),  # type: ignore[arg-type]
     "functions['look'].execute: an async function is needed, got nothing"),
    (lambda: runner(made(independent=1)), "functions['look'].independent: True or False is needed, got int"),
    (lambda: runner(made(TOOL | {"type": "custom"})),
     "functions['look'].tool['type']: 'function' is needed, got 'custom'"),
    (lambda: runner(made(TOOL | {"name": ""})), "functions[0].tool['name']: a name is needed"),
    (lambda: runner(made(), made()), "functions['look']: another tool has this name"),
    (lambda: runner(early_execution=[]), "early_execution: a dict is needed, got list"),
    (lambda: runner(early_execution={"function": []}), "early_execution: it has no 'function'"),
    (lambda: runner(made(), early_execution={"functions": "look"}),
     "early_execution['functions']: a list of names is needed, got str"),
    (lambda: runner(made(), early_execution={"functions": ["look", "gone"]}),
     "early_execution['functions'][1]: 'gone' is not registered; registered are ['look']"),
    (lambda: runner(made(), early_execution={"functions": ["look", "look"]}),
     "early_execution['functions'][1]: 'look' is there twice"),
    (lambda: runner(early_execution={"computer": 1}),
     "early_execution['computer']: True or False is needed, got int"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "words"), REGISTRATIONS, ids=[words for _, words in REGISTRATIONS])
def test_registrations(build: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        build()
    assert SECRET not in str(caught.value)


async def save(checkpoint: Any) -> None:
    return


def ledger(**changes: Any) -> AsyncResponsesToolLedger:
    saved: Any = {
        "version": 1, "run_id": "r", "revision": 1, "phase": "boundary", "max_steps": 3,
        "consumed_requests": 1, "tools": recorded_tools([TOOL]), "output_override_names": [],
        "history": [ASKED, CALL, OUTPUT], "attempted_call_ids": ["c1"], "returned_call_ids": ["c1"],
        "pending_items": [], "returned_outputs": [], "final_response": None, **changes,
    }  # fmt: skip
    return AsyncResponsesToolLedger("r", save, saved)


OPTIONS: list[tuple[Item, str]] = [
    ({"max_steps": 0}, "max_steps=0: "),
    ({"max_concurrent_calls": 0}, "max_concurrent_calls=0: "),
    ({"eager": True}, "eager=True: "),
    ({"ledger": SECRET}, "ledger: an AsyncResponsesToolLedger is needed, got str"),
    ({"ledger": AsyncResponsesToolLedger("", save)}, "ledger.run_id: "),
    ({"ledger": AsyncResponsesToolLedger("r", None)},  # type: ignore[arg-type]
     "ledger.save: an async function is needed, got nothing"),
    ({"ledger": AsyncResponsesToolLedger("r", save, [])},  # type: ignore[arg-type]
     "ledger.resume_from: a whole checkpoint is needed, got list"),
    ({"ledger": AsyncResponsesToolLedger("r", save, {"version": 1, "max_steps": 3})},  # type: ignore[arg-type]
     "ledger.resume_from: a whole checkpoint is needed, without run_id, revision, "),
    ({"ledger": ledger(more=1)}, "resume_from: 'more' is no part of a checkpoint"),
    ({"ledger": ledger(phase="pending")},
     "resume_from['phase']: a run goes on from a 'boundary' only; of what is pending only its maker knows"),
    ({"ledger": ledger(run_id="other")}, "resume_from['run_id']: it is not the ledger's run_id"),
    ({"ledger": ledger(), "max_steps": 4}, "resume_from['max_steps']: it is 3, and the run's is 4"),
    ({"ledger": ledger(tools=[])}, "resume_from['tools']: they are not the tools of this run"),
    ({"ledger": ledger(output_override_names=["look"])}, "resume_from['output_override_names']: "),
    ({"ledger": ledger(revision=0)}, "resume_from['revision']: a positive integer is needed"),
    ({"ledger": ledger(consumed_requests=4)}, "resume_from['consumed_requests']: an integer from 0 to 3"),
    ({"ledger": ledger(attempted_call_ids=["c1", "c2"])},
     "calls were begun that have no output in the input: 'c2'"),
    ({"ledger": ledger(attempted_call_ids=["c1"] * 2, returned_call_ids=["c1"] * 2)},
     "calls were begun twice: 'c1'"),
    ({"ledger": ledger(history=[ASKED, CALL, OUTPUT | {"output": 1}])},
     "resume_from['history'][2].output (function_call_output): "),
    ({"context_budget": {"max_input_bytes": 9, "max_input_images": 0}, "truncation": "auto"},
     "context_budget: not together with params['truncation']='auto'"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), OPTIONS, ids=[words for _, words in OPTIONS])
async def test_options(oxide_client: AsyncOpenAI, options: Item, words: str) -> None:
    params: Any = {"model": "m", "input": "hi"}
    options = dict(options)
    if "truncation" in options:
        params["truncation"] = options.pop("truncation")
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        await runner(made()).run(oxide_client, params, **options)
    assert SECRET not in str(caught.value)


async def test_what_is_said_after_a_resumed_past_has_positions_of_its_own(oxide_client: AsyncOpenAI) -> None:
    params: Any = {"model": "m", "input": [ASKED, {"role": "user", "content": 5}]}
    with pytest.raises(ValueError, match=re.escape("input[1].content (message): ")):
        await runner(made()).run(oxide_client, params, ledger=ledger())


async def test_an_error_of_a_run_with_a_budget_says_where(oxide_client: AsyncOpenAI) -> None:
    params: Any = {"model": "m", "input": [CALL, OUTPUT | {"output": 5}]}
    with pytest.raises(ToolRunnerError, match=re.escape("input[1].output (function_call_output): ")):
        await runner(made()).run(
            oxide_client, params, context_budget={"max_input_bytes": 9999, "max_input_images": 0}
        )


async def test_what_a_function_returned_is_refused_by_its_name(
    oxide_server: Server, oxide_client: AsyncOpenAI
) -> None:
    async def wrong(arguments: dict[str, object]) -> Any:
        return [{"type": "input_text", "text": "a"}, {"type": "input_image", "detail": SECRET}]

    call = {**CALL, "id": "fc_1", "status": "completed"}
    whole = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [call]}
    oxide_server.script("/responses", Answer.json(whole))
    with pytest.raises(ToolRunnerError) as caught:
        await runner(AsyncRegisteredFunction(TOOL, wrong)).run(oxide_client, {"model": "m", "input": "hi"})
    assert str(caught.value) == (
        "functions['look'] returned what cannot be sent: output[1].detail: "
        "one of auto, low, high, original is needed"
    )
    assert (caught.value.attempted_call_ids, caught.value.completed_call_ids) == (("c1",), ())


def test_arguments_that_are_none() -> None:
    for text, words in (("{", "it is not JSON"), ('{"a": NaN}', "it is not JSON"), ("[]", "got list")):
        with pytest.raises(ValueError, match=words):
            arguments_of({"name": "look", "arguments": text})


def pickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("again", [copy.copy, pickled])
def test_a_cancelled_run_can_be_copied_and_pickled(again: Callable[[Any], Any]) -> None:
    responses = again(ToolRunnerCancelledError(["c1", "c2"], ["c1"]))
    assert type(responses) is ToolRunnerCancelledError
    assert isinstance(responses, asyncio.CancelledError)
    assert str(responses) == "the task of this run was cancelled"
    assert (responses.attempted_call_ids, responses.completed_call_ids) == (("c1", "c2"), ("c1",))
    decisions = again(DecisionsToolRunnerCancelledError(["a"], []))
    assert type(decisions) is DecisionsToolRunnerCancelledError
    assert str(decisions) == "the decisions run was cancelled"
    assert (decisions.reason, decisions.attempted_candidate_ids, decisions.completed_candidate_ids) == (
        "cancelled",
        ("a",),
        (),
    )
