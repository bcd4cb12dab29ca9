"""What the runner takes and refuses, item by item, beside the official one: any field may be spoilt."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest

from oxide.testing import Server

from .runner_items import APPROVAL, CALLS, CONTENT, INPUTS, JUNK, SERVER_TOOLS, TOOL_ITEMS, altered, tampered
from .runner_play import Item, Scenario, answer, response
from .test_tool_runner import FUNCTIONS, MODES, call, check, message

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

BATCHES = [range(start, start + 20) for start in range(0, 60, 20)]
APPROVED_CALL: Item = {
    **TOOL_ITEMS[-1], "id": "mc_9", "server_label": "files", "approval_request_id": "mr_1"
}  # fmt: skip
POLICIES: list[Any] = [
    *("always", "never", None, "other", 1),
    {"always": {"tool_names": ["look"]}},
    {"never": {"tool_names": ["look"]}},
    {"always": {"tool_names": ["other"]}},
    {"never": {"tool_names": ["other"]}, "always": {"tool_names": ["look"]}},
    {"never": {"tool_names": ["look"]}, "always": {"tool_names": ["look"]}},
    {"never": {"read_only": True}},
    {"never": {}},
    {"never": None},
    {"always": {"tool_names": "look"}},
    {},
]
ALLOWED: list[Any] = [
    None,
    ["look"],
    ["other"],
    {"tool_names": ["look"]},
    {"tool_names": ["other"]},
    {},
    {"read_only": True},
]
CHOICES: list[Any] = [
    "required",
    "none",
    {"type": "mcp", "server_label": "files"},
    {"type": "mcp", "server_label": "files", "name": "other"},
    {"type": "web_search"},
    *(
        {"type": "allowed_tools", "mode": mode, "tools": tools}
        for mode in ("auto", "required")
        for tools in (
            [{"type": "mcp", "server_label": "free", "name": "look"}],
            [{"type": "file_search"}, {"type": "function", "name": "ok"}],
        )
    ),
]


def server_tools(rng: random.Random) -> list[Item]:
    tools = deepcopy(SERVER_TOOLS)
    for tool in tools[-2:]:
        if rng.random() < 0.3:
            tool["require_approval"] = rng.choice(POLICIES)
        if rng.random() < 0.2:
            tool["allowed_tools"] = rng.choice(ALLOWED)
    if rng.random() < 0.1:
        del tools[rng.randrange(len(tools))]
    return tools


def of_servers(seed: int) -> Scenario:
    """A run whose responses have items of tools on the server, and calls of MCP servers to be approved."""
    rng = random.Random(seed)
    options: Item = dict(rng.choice(MODES))
    stream = bool(options)
    # A stream here checks what it completes, and fails before the runner sees it.
    share = 0.0 if stream else rng.choice([0.0, 0.15])
    scenario = Scenario(functions=FUNCTIONS, options=options, ledger=rng.random() < 0.4)
    scenario.params = {"model": "m", "input": "hi", "tools": server_tools(rng)}
    if rng.random() < 0.25:
        scenario.params["tool_choice"] = rng.choice(CHOICES)
    if rng.random() < 0.9:
        scenario.approvals = {"look": rng.choice([True, True, False, "yes"] if share else [True, False])}
    output = altered(rng, rng.sample(TOOL_ITEMS, rng.randint(0, 3)), share)
    output += altered(rng, [APPROVAL], share) if rng.random() < 0.7 else []
    output += [call(1)] if rng.random() < 0.5 else []
    rng.shuffle(output)
    scenario.answers.append(answer(response(output), stream))
    more = altered(rng, [APPROVED_CALL], share) if rng.random() < 0.6 else []
    scenario.answers.append(answer(response([*more, call(2)]), stream))
    scenario.answers.append(answer(response([message(3)]), stream))
    if rng.random() < 0.1:
        scenario.options["max_steps"] = 1
    return scenario


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_tools_of_the_server(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        await check(oxide_server, of_servers(seed))


def spoilt_answer(seed: int) -> Scenario:
    """A response with content or a call in which something is not as it should be."""
    rng = random.Random(seed)
    output = [*CONTENT, CALLS[0][0], message(9)]
    place = rng.randrange(len(output))
    # The official models read true as 1 in an answer.
    output[place] = tampered(rng, output[place], JUNK[:-1])
    whole = response(rng.sample(output, rng.randint(1, len(output))))
    if rng.random() < 0.2:
        whole = tampered(rng, whole, JUNK[:-1])
    return Scenario([answer(whole, False), answer(response([message(10)]), False)], functions=FUNCTIONS)


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_content_that_is_not_as_it_should_be(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        await check(oxide_server, spoilt_answer(seed))


def history(rng: random.Random, share: float) -> list[Item]:
    """An input with a past."""
    blocks: list[list[Item]] = [[item] for item in INPUTS[: rng.choice([4, 4, 4, 5])]]
    blocks += [[item] for item in CONTENT] + [[item] for item in TOOL_ITEMS]
    blocks += [list(pair) for pair in CALLS if pair[0]["type"] != "computer_call"]
    chosen = rng.sample(blocks, rng.randint(1, 6))
    if rng.random() < 0.3:
        chosen.append(
            [{**TOOL_ITEMS[-1], "id": "mc_9", "server_label": "files", "approval_request_id": "mr_1"}]
        )
    items = [item for block in chosen for item in block]
    if rng.random() < 0.1:
        items.append({"type": "compaction_trigger"})
    if share and rng.random() < 0.3:
        items.insert(rng.randrange(len(items)), deepcopy(rng.choice(items)))
    return altered(rng, items, share)


def with_history(seed: int) -> Scenario:
    """A run whose input has a past, looked at because of a ledger or a budget."""
    rng = random.Random(seed)
    scenario = Scenario(functions=FUNCTIONS, approvals={"look": rng.random() < 0.5})
    kind = rng.choice(["ledger", "budget", "both", "plain"])
    scenario.ledger = kind in ("ledger", "both")
    if kind in ("budget", "both"):
        scenario.budget = {"max_input_bytes": 100_000, "max_input_images": 9}
    scenario.params = {
        "model": "m",
        "input": history(rng, rng.choice([0.0, 0.1, 0.3])),
        "tools": deepcopy(SERVER_TOOLS),
    }
    scenario.answers = [answer(response([call(1)]), False), answer(response([message(2)]), False)]
    return scenario


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_an_input_with_a_past(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        await check(oxide_server, with_history(seed))
