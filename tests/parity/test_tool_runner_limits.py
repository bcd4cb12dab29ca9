"""Budgets and ledgers beside the official runner; each package reads what the other has written."""

from __future__ import annotations

import json
import random
import re
from copy import deepcopy
from typing import Any

import pytest

from oxide.testing import Answer, Server

from .runner_items import CALLS, INPUTS, SERVER_TOOLS
from .runner_play import PACKAGES, Item, Played, Scenario, answer, both, play, response
from .test_tool_runner import FUNCTIONS, call, check, message, reasoning, same

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

# Several runs a test: what a test itself costs is more than a run.
BATCHES = [range(start, start + 10) for start in range(0, 30, 10)]


# -- budgets ---------------------------------------------------------------------------------------


def without_wording(played: Played) -> None:
    """The notes that stand for what was left out are in each package's own words: their data is compared."""
    for request in played.requests:
        for item in request["input"]:
            if item.get("role") == "user" and isinstance(item["content"], str):
                found = re.search(r"(SUMMARY \w+$)|(\[\{.*\}\])", item["content"])
                if found:
                    item["content"] = found.group()


def drops(share: float, wild: bool, seed: int) -> Any:
    def compact(snapshot: Item) -> Any:
        rng = random.Random(seed)
        ids = [i for i in snapshot["eligible_call_ids"] if rng.random() < share]
        decision: Any = {"drop_call_ids": ids}
        if rng.random() < 0.5:
            decision["summary"] = "SUMMARY text"
        if wild and rng.random() < 0.5:
            faults: list[Any] = [
                {"drop_call_ids": ["other"]},
                {"drop_call_ids": [*ids, *ids[:1]] if ids else ["c"]},
                {"drop_call_ids": None},
                {"drop_call_ids": ids, "summary": 1},
                {"drop_call_ids": ids, "more": 1},
                {},
                None,
                [],
            ]
            decision = rng.choice(faults)
        snapshot["history"].clear()
        snapshot["eligible_call_ids"].clear()
        return decision

    return compact


def budgeted(seed: int) -> Scenario:
    rng = random.Random(seed)
    wild = rng.random() < 0.4
    scenario = Scenario(functions=FUNCTIONS, ledger=rng.random() < 0.4, options={"max_steps": 9})
    past: list[Item] = [
        *INPUTS[:3],
        call(90),
        {"type": "function_call_output", "call_id": "c90", "output": "o" * 200},
    ]
    past += CALLS[0]
    scenario.params = {"model": "m", "input": past if rng.random() < 0.5 else "hi"}
    if rng.random() < 0.1:
        scenario.params["truncation"] = rng.choice(["auto", "disabled"])
    scenario.budget = {
        "max_input_bytes": rng.choice([300, 700, 1200, 2500]),
        "max_input_images": rng.choice([0, 1, 2, 5]),
        "compact": drops(rng.choice([0.3, 0.7, 1.0]), wild, seed),
        "awaited": rng.random() < 0.5,
    }
    if rng.random() < 0.2:
        del scenario.budget["compact"]
    if rng.random() < 0.3:
        scenario.budget["keep_recent_screenshots"] = rng.randint(1, 3)
    for number in range(1, 5):
        output = [call(2 * number, rng.choice(["ok", "blocks"])), reasoning(2 * number + 1)]
        scenario.answers.append(answer(response(output), False))
    scenario.answers.append(answer(response([message(50)]), False))
    return scenario


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_budgets(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        official, mine = await both(oxide_server, budgeted(seed))
        for played in (official, mine):
            without_wording(played)
        same(official, mine)


async def test_a_compaction_trigger_is_used_once(oxide_server: Server) -> None:
    scenario = Scenario(
        [answer(response([{"id": "cmp_1", "type": "compaction", "encrypted_content": "e"}, call(1)]), False),
         answer(response([message(2)]), False)],
        {"model": "m", "input": [{"role": "user", "content": "hi"}, {"type": "compaction_trigger"}]},
        functions=FUNCTIONS,
        budget={"max_input_bytes": 9000, "max_input_images": 0},
    )  # fmt: skip
    played = await check(oxide_server, scenario)
    assert [sum(i.get("type") == "compaction_trigger" for i in r["input"]) for r in played.requests] == [1, 0]


@pytest.mark.parametrize(
    "budget",
    [
        {},
        [],
        {"max_input_bytes": 0, "max_input_images": 0},
        {"max_input_bytes": 1, "max_input_images": -1},
        {"max_input_bytes": True, "max_input_images": 1},
        {"max_input_bytes": 1.0, "max_input_images": 1},
        {"max_input_bytes": 2**53, "max_input_images": 1},
        {"max_input_bytes": 1, "max_input_images": 1, "more": 1},
        {"max_input_bytes": 1, "max_input_images": 1, "keep_recent_screenshots": 0},
        {"max_input_bytes": 1, "max_input_images": 1, "compact": 1},
    ],
)
async def test_budgets_that_are_none(oxide_server: Server, budget: Any) -> None:
    for name in PACKAGES:
        scenario = Scenario(functions=FUNCTIONS)
        scenario.options = {"context_budget": budget}
        played = await play(name, oxide_server, scenario)
        assert played.error[0] == "ValueError", (name, budget)


# -- ledgers ---------------------------------------------------------------------------------------


async def interrupted(name: str, server: Server, tools: list[Item] | None = None) -> list[Item]:
    """The checkpoints of a run that breaks off at its third request."""
    outputs = [[call(1), reasoning(2)], [call(3, "blocks"), call(4, "open")]]
    scenario = Scenario([answer(response(o), False) for o in outputs], functions=FUNCTIONS, ledger=True)
    if tools:
        scenario.params["tools"] = tools
    scenario.answers.append(Answer.error(500))
    played = await play(name, server, scenario)
    assert played.error[0] == "ToolRunnerError"
    return played.checkpoints


FRESH: Item = {"model": "m", "input": [{"role": "user", "content": "go on"}]}


@pytest.mark.parametrize("writer", PACKAGES)
@pytest.mark.parametrize("servers", [False, True])
async def test_either_goes_on_from_what_the_other_wrote(
    oxide_server: Server, writer: str, servers: bool
) -> None:
    tools = deepcopy(SERVER_TOOLS) if servers else []
    if servers:
        tools[2]["container"]["network_policy"] = {
            "type": "allowlist",
            "allowed_domains": ["a.test"],
            "domain_secrets": [{"domain": "a.test", "name": "n", "value": "hush"}],
        }
        tools[4].update(headers={"Authorization": "hush"}, authorization="hush")
    checkpoints = await interrupted(writer, oxide_server, tools)
    assert "hush" not in json.dumps(checkpoints)
    assert "pw" not in json.dumps(checkpoints)
    went_on = 0
    for checkpoint in checkpoints:
        scenario = Scenario(
            [answer(response([call(8)]), False), answer(response([message(9)]), False)],
            {**FRESH, "tools": tools},
            functions=FUNCTIONS,
            ledger=True,
            resume=checkpoint,
        )
        played = await check(oxide_server, scenario)
        assert (played.error is None) == (checkpoint["phase"] == "boundary")
        if played.error is None:
            went_on += 1
            assert played.checkpoints[0]["revision"] > checkpoint["revision"]
    assert went_on >= 2


def test_what_a_fingerprint_leaves_out() -> None:
    from openai.lib.browser import _legacy_state_url

    from oxide.helpers.runner.ledger import state_url

    addresses = [
        "https://mcp.test", "https://u:p@mcp.test:8/a/b?x=1&y=#frag", "https://mcp.test?api_key=s&b=c%20d",
        "https://mcp.test/?X-Amz-Signature=s&a=%2B&X-Goog-Credential=c", "https://mcp.test/?xtoken=1&Session_ID=2",
        "ftp://host/x?sig=1", "mailto:a@b.test", "https://h/?a=1&a=2&token", "HTTPS://H.test/?Client-Secret=%20",
    ]  # fmt: skip
    for address in addresses:
        assert state_url(address) == _legacy_state_url(address)
    for wrong in ("", "mcp.test", "https://", "https://:8/"):
        for function in (state_url, _legacy_state_url):
            with pytest.raises(RuntimeError):
                function(wrong)


CHANGES: dict[str, list[Any]] = {
    "version": [2, 1.0, True, "1"],
    "run_id": ["other", None],
    "revision": [0, True, 2**53, 2**53 - 1, 2**53 - 2, "1"],
    "phase": ["pending", "final", None],
    "max_steps": [19, 20.0, True, 0, None],
    "consumed_requests": [-1, 20, 21, True, 0, "1"],
    "tools": [[], None, [{"type": "computer"}]],
    "output_override_names": [[], ["ok"], None],
    "history": [[], None, {}, [{"role": "user", "content": 1}]],
    "attempted_call_ids": [[], ["c1", "c1"], ["c9"], None, [1]],
    "returned_call_ids": [[], ["c3"], None],
    "pending_items": [[{}], None],
    "returned_outputs": [[{}], None],
    "final_response": [{}, 1],
    "more": [1],
}


@pytest.mark.parametrize("name", CHANGES)
async def test_checkpoints_that_were_changed(oxide_server: Server, name: str) -> None:
    checkpoints = await interrupted("oxide", oxide_server)
    boundary = next(c for c in checkpoints if c["phase"] == "boundary" and c["history"][1:])
    changed = [{k: v for k, v in boundary.items() if k != name}]
    changed += [{**boundary, name: value} for value in CHANGES[name]]
    for checkpoint in changed:
        scenario = Scenario(
            [answer(response([message(9)]), False)],
            FRESH,
            functions=FUNCTIONS,
            ledger=True,
            resume=checkpoint,
        )
        await check(oxide_server, scenario)


SAID: list[Any] = [
    *("", " ", [], None),
    [{"type": "input_text", "text": " "}],
    [{"type": "input_image", "file_id": "f"}],
]


@pytest.mark.parametrize("content", SAID, ids=str)
async def test_going_on_needs_an_observation(oxide_server: Server, content: Any) -> None:
    (*_, boundary) = (c for c in await interrupted("oxide", oxide_server) if c["phase"] == "boundary")
    params = {"model": "m", "input": [{"role": "user", "content": content}] if content is not None else []}
    scenario = Scenario(
        [answer(response([message(9)]), False)], params, functions=FUNCTIONS, ledger=True, resume=boundary
    )
    await check(oxide_server, scenario)
