"""What the runner refuses, and how its runs end, beside the official one."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import oxide.lib.responses_tool_runner as mine_module
import oxide.lib.tool_diagnostics as mine_diagnostics
from oxide.testing import Answer, Server

from .runner_play import Item, Scenario, answer, both, events, response
from .test_tool_runner import FUNCTIONS, MODES, call, check, message, reasoning, same

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

# -- refusals --------------------------------------------------------------------------------------

PARAMS: list[Item] = [
    {"stream": True},
    {"stream": False},
    {"background": True},
    {"conversation": "c"},
    {"previous_response_id": "r"},
    {"tools": [{"type": "computer"}]},
    {"tools": [{"type": "function", "name": "f", "parameters": {}, "strict": True}]},
    {"tools": [{"type": "mcp", "server_label": ""}]},
    {"tools": [{"type": "mcp", "server_label": "a"}, {"type": "mcp", "server_label": "a"}]},
    {"tools": [{"type": "image_generation"}], "store": False},
    {"tools": None},
    {"tool_choice": "required"},
    {"tool_choice": "required", "tools": [{"type": "web_search"}]},
    {"tool_choice": {"type": "function", "name": "ok"}},
    {"tool_choice": {
        "type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "ok"}]}},
    {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": []}},
    {"extra_body": {"store": True}},
    {"extra_body": {"metadata": {"a": "b"}}},
    {"extra_headers": {"X-A": "b"}},
    {"extra_query": {"a": "b"}},
    {"timeout": 9},
    {"truncation": "auto"},
    {"truncation": None},
    {"context_management": [{"type": "compaction", "compact_threshold": 1000}]},
    {"include": None},
    {"input": []},
    {"input": ({"role": "user", "content": "a"},)},
    {"metadata": {"a": 1.5}},
    {"unknown": 1},
    {"temperature": float("nan")},
]  # fmt: skip


@pytest.mark.parametrize("params", PARAMS, ids=str)
async def test_parameters(oxide_server: Server, params: Item) -> None:
    for how in ("plain", "ledger", "budget"):
        scenario = Scenario(
            [answer(response([message(1)]), False)],
            {"model": "m", "input": "hi", **params},
            functions={"ok": FUNCTIONS["ok"]},
            ledger=how == "ledger",
            budget={"max_input_bytes": 9999, "max_input_images": 1} if how == "budget" else None,
        )
        official, mine = await both(oxide_server, scenario)
        if "temperature" in params and how == "plain":
            # Both refuse to send it, this one before the run begins.
            assert official.error[0] == "ToolRunnerError"
            assert mine.error[0] == "ValueError"
        else:
            same(official, mine)


OPTIONS: list[Item] = [
    {"max_steps": 0}, {"max_steps": True}, {"max_steps": 1.0}, {"max_steps": "1"}, {"eager": True},
    {"max_concurrent_calls": 0}, {"max_concurrent_calls": True}, {"ledger": object()}, {"stream": 0},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
async def test_options(oxide_server: Server, options: Item) -> None:
    await check(oxide_server, Scenario([answer(response([message(1)]), False)], options=options))


def build(module: Any, package: Any) -> list[Any]:
    """What the constructors make of arguments that are none."""
    tool: Any = {"type": "function", "name": "f", "parameters": {}, "strict": True}

    async def execute(arguments: Any) -> str:
        return ""

    register = module.AsyncRegisteredFunction
    runner = module.AsyncResponsesToolRunner
    cases: list[Any] = [
        lambda: runner(functions=[object()]),
        lambda: runner(functions=[register(tool, None)]),
        lambda: runner(functions=[register(tool, execute, 1)]),
        lambda: runner(functions=[register(tool, execute, independent="yes")]),
        lambda: runner(functions=[register({**tool, "type": "custom"}, execute)]),
        lambda: runner(functions=[register({**tool, "name": ""}, execute)]),
        lambda: runner(functions=[register(tool, execute), register(tool, execute)]),
        lambda: register.from_tool(tool, execute=execute),
        lambda: runner(early_execution=[]),
        *(
            lambda early=early: runner(functions=[register(tool, execute)], early_execution=early)
            for early in (
                {"functions": ["g"]}, {"functions": ["f", "f"]}, {"functions": ("f",)}, {"more": 1},
                {"computer": True}, {"computer": 1}, {"functions": [1]}, {"functions": ["f"]}, {}, None,
            )
        ),
        lambda: module.ResponsesRunnerTurn(None, 1, True, False, (), (), None, None),
        lambda: module.ToolRunnerError("m", ["a"], ["b"]),
        lambda: module.ToolRunnerCancelledError(["a"], ["b"]),
        lambda: module.AsyncResponsesToolLedger("r", execute),
    ]  # fmt: skip
    found: list[Any] = []
    for case in cases:
        try:
            found.append(type(case()).__name__)
        except Exception as error:
            found.append(repr(type(error)))
    return found


def test_constructors() -> None:
    import openai.lib.responses_tool_runner as official

    import oxide

    assert build(mine_module, oxide) == build(official, openai)


def test_names_and_signatures() -> None:
    import openai.lib.responses_tool_runner as official
    import openai.lib.tool_diagnostics as official_diagnostics

    left_out = {"RegisteredFunction", "ResponsesToolRunner", "ContextBudget", "ResponsesToolLedger"}
    assert set(official.__all__) - set(mine_module.__all__) == left_out
    assert set(mine_module.__all__) <= set(official.__all__)
    assert mine_diagnostics.__all__
    assert set(mine_diagnostics.__all__) == set(official_diagnostics.__all__)

    def shape(function: Any) -> Any:
        return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]

    for name in mine_module.__all__:
        left, right = getattr(mine_module, name), getattr(official, name)
        if hasattr(right, "__required_keys__"):
            assert left.__required_keys__ == right.__required_keys__
            assert left.__optional_keys__ == right.__optional_keys__
            continue
        assert shape(left) == shape(right), name
        for method in (m for m in vars(right) if not m.startswith("_") and callable(getattr(right, m))):
            assert shape(getattr(left, method)) == shape(getattr(right, method)), f"{name}.{method}"
    for name in ("ToolDiagnostic", "ToolDiagnosticUsage"):
        left, right = getattr(mine_diagnostics, name), getattr(official_diagnostics, name)
        assert left.__required_keys__ == right.__required_keys__


# -- ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize("name", ["ok", "free"])
async def test_a_task_that_is_cancelled(oxide_server: Server, options: Item, name: str) -> None:
    outputs = [[call(1), call(2, "free"), call(3, "free"), call(4)], [message(5)]]
    scenario = Scenario(
        [answer(response(o), bool(options)) for o in outputs],
        options=options,
        functions=FUNCTIONS,
        cancel_at=name,
    )
    played = await check(oxide_server, scenario, ordered=False)
    assert played.error[0] == "ToolRunnerCancelledError"
    assert "CancelledError" in played.error[1]


@pytest.mark.parametrize("what", ["cancels", "stops", "fails", "wrong", "wrong block"])
@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize("independent", [False, True])
async def test_functions_that_fail(oxide_server: Server, options: Item, what: str, independent: bool) -> None:
    functions = {"ok": (what, {"independent": independent}), "free": FUNCTIONS["free"]}
    outputs = [[call(1, "free"), call(2), call(3, "free")], [message(5)]]
    scenario = Scenario(
        [answer(response(o), bool(options)) for o in outputs], options=options, functions=functions
    )
    await check(oxide_server, scenario, ordered=False)


@pytest.mark.parametrize("step", [1, 2])
async def test_a_loop_that_is_left(oxide_server: Server, step: int) -> None:
    outputs = [[call(1)], [call(2)], [message(5)]]
    scenario = Scenario([answer(response(o), False) for o in outputs], functions=FUNCTIONS, leave_at=step)
    played = await check(oxide_server, scenario)
    assert played.closed == {"status": "draining"}


@pytest.mark.parametrize("status", [400, 429, 500])
@pytest.mark.parametrize("ledger", [False, True])
async def test_requests_that_fail(oxide_server: Server, status: int, ledger: bool) -> None:
    failing = Answer.error(status, headers={"retry-after-ms": "1"})
    scenario = Scenario(
        [answer(response([call(1)]), False), failing, answer(response([message(2)]), False)],
        functions=FUNCTIONS,
        ledger=ledger,
        retries=2,
    )
    played = await check(oxide_server, scenario)
    # What is recorded is sent once.
    assert len(played.requests) == (3 if status != 400 and not ledger else 2)


@pytest.mark.parametrize("where", ["headers", "extra", "neither"])
async def test_each_request_has_a_key_of_its_own(oxide_server: Server, where: str) -> None:
    outputs = [[call(1)], [call(2)], [message(5)]]
    scenario = Scenario([answer(response(o), False) for o in outputs], functions=FUNCTIONS)
    if where == "headers":
        scenario.headers = {"Idempotency-Key": "mine"}
    elif where == "extra":
        scenario.params["extra_headers"] = {"idempotency-key": "mine", "X-A": "b"}
    for played in await both(oxide_server, scenario):
        assert played.error is None
        if where == "neither":
            assert played.keys == [None, None, None]
        else:
            assert played.keys[0] == "mine"
            assert len(set(played.keys)) == 3


TAMPERED: dict[str, Any] = {
    "another order": {"order": [1, 0, 2]},
    "a gap": {"order": [0, 2, 1]},
    "other arguments": {"streamed": [call(1), call(2, arguments='{"n": 7}'), reasoning(3)]},
    "one less": {"streamed": [call(1), call(2)]},
    "an id that comes late": {
        "streamed": [{k: v for k, v in call(1).items() if k != "id"}, call(2), reasoning(3)]
    },
    "another ciphertext": {"streamed": [call(1), call(2), reasoning(3, encrypted_content="f")]},
    "another call": {"streamed": [call(1), call(2, "blocks"), reasoning(3)]},
}


@pytest.mark.parametrize("early", [None, {"functions": ["ok"]}, {"functions": []}], ids=str)
@pytest.mark.parametrize("how", TAMPERED)
async def test_streams_that_end_otherwise(oxide_server: Server, how: str, early: Any) -> None:
    whole = response([call(1), call(2), reasoning(3)])
    scenario = Scenario(
        [Answer.sse(events(whole, **TAMPERED[how])), answer(response([message(4)]), True)],
        options={"stream": True, "eager": True},
        functions=FUNCTIONS,
        early=early,
    )
    await check(oxide_server, scenario)


@pytest.mark.parametrize("at", [1, 3, 5, 7])
async def test_streams_that_break_off(oxide_server: Server, at: int) -> None:
    sent = events(response([call(1), call(2, "free"), message(3)]))
    scenario = Scenario(
        [Answer.sse(sent[:at])], options={"stream": True, "eager": True}, functions=FUNCTIONS, ledger=at == 5
    )
    played = await check(oxide_server, scenario, ordered=False)
    assert played.error[0] == "ToolRunnerError"


async def test_one_run_at_a_time(oxide_server: Server) -> None:
    import openai.lib.responses_tool_runner as official

    import oxide

    for module, package in ((official, openai), (mine_module, oxide)):
        oxide_server.script("/responses", answer(response([message(1)]), False))
        runner: Any = module.AsyncResponsesToolRunner()
        async with package.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k", max_retries=0) as client:
            turns = runner.iterate(client, {"model": "m", "input": "hi"})
            assert (await turns.__anext__()).final
            with pytest.raises(RuntimeError):
                await runner.run(client, {"model": "m", "input": "hi"})
            await turns.aclose()
            assert runner.close() == {"status": "closed"}
            with pytest.raises(RuntimeError):
                await runner.run(client, {"model": "m", "input": "hi"})
