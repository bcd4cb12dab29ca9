"""The runner with a browser and a computer, beside the official one with its own.

What the browser says to the model is in each package's own words, so it is compared as data without them.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from oxide.testing import Server

from . import test_browser as browser
from . import test_computer as computer
from .browser_cases import ARGUMENTS
from .computer_cases import WHOLE
from .runner_play import Item, Played, Scenario, answer, both, response
from .test_tool_runner import FUNCTIONS, MODES, call, message, same

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

BATCHES = [range(start, start + 10) for start in range(0, 30, 10)]
MEMBERS = ["read_page", "click", "screenshot", "type", "list_tabs", "zoom"]


def wordless(value: Any) -> Any:
    """Requests and checkpoints without the browser's words: descriptions of its tools, and its errors."""
    if isinstance(value, list):
        return [wordless(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "function_call_output" and isinstance(value.get("output"), list):
        try:
            return browser.data((value, None))[0]
        except ValueError:
            return value
    kept = {name: wordless(entry) for name, entry in value.items() if name != "description"}
    if str(value.get("type")) == "input_text" or value.get("role") == "user":
        return value
    return kept


def alike(official: Played, mine: Played) -> Played:
    for played in (official, mine):
        played.requests = wordless(played.requests)
        played.checkpoints = wordless(played.checkpoints)
    same(official, mine)
    return mine


def with_browser(**options: Any) -> Any:
    return lambda module, log: browser.toolset(module, log, **options)


def with_computer(**options: Any) -> Any:
    return lambda module, log: module.AsyncComputerToolset(computer.Driver(log, **options))


def browser_call(number: int, member: str, **fields: Any) -> Item:
    return call(number, f"browser_{member}", json.dumps(ARGUMENTS[member]), **fields)


def computer_call(number: int, *actions: Any, **fields: Any) -> Item:
    return {
        "id": f"cu_{number}", "type": "computer_call", "call_id": f"c{number}", "status": "completed",
        "actions": list(actions) or [{"type": "screenshot"}], "pending_safety_checks": [], **fields,
    }  # fmt: skip


class MadeUp:
    """A run out of a seed, with calls of everything."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.wild = self.rng.random() < 0.5

    def output(self, number: int) -> Item:
        kind = self.rng.random()
        if kind < 0.4:
            fields: Item = {"arguments": "{"} if self.wild and self.rng.random() < 0.15 else {}
            return {**browser_call(number, self.rng.choice(MEMBERS)), **fields}
        if kind < 0.8:
            actions = self.rng.sample(WHOLE, self.rng.randint(1, 3))
            if self.wild and self.rng.random() < 0.15:
                actions = [{"type": "click", "x": 1}]
            checks = [{"id": "s", "code": "c", "message": "m"}] if self.rng.random() < 0.3 else []
            return computer_call(number, *actions, pending_safety_checks=checks)
        return call(number, self.rng.choice(["ok", "free"]))

    def scenario(self) -> Scenario:
        rng = self.rng
        options: Item = dict(rng.choice(MODES))
        made = Scenario(
            functions=FUNCTIONS, options=options, ledger=rng.random() < 0.3, checks=True, actions={}
        )
        fails = {"given": {"click": ValueError("driver: no")}} if self.wild and rng.random() < 0.4 else {}
        made.browser = with_browser(**fails)
        broken = {"fails": (rng.randint(0, 6), OSError("gone"))} if self.wild and rng.random() < 0.3 else {}
        made.computer = with_computer(**broken)
        if self.wild:
            made.checks = rng.choice([True, False, "yes"])
            made.actions = {rng.choice(["click", "type", "scroll"]): rng.choice([False, None])}
        number = 0
        for _ in range(rng.randint(1, 3)):
            output: list[Item] = []
            for _ in range(rng.randint(1, 3)):
                number += 1
                output.append(self.output(number))
            made.answers.append(answer(response(output), bool(options)))
        made.answers.append(answer(response([message(99)]), bool(options)))
        if options.get("eager") and rng.random() < 0.5:
            made.early = {"functions": ["ok"], "computer": rng.random() < 0.5}
        if rng.random() < 0.3:
            screen = {"display_width": 1, "display_height": 1, "environment": "linux"}
            chosen = rng.choice([{"type": "computer"}, {"type": "computer_use_preview", **screen}])
            made.params["tools"] = [chosen]
        if rng.random() < 0.3:
            made.budget = {
                "max_input_bytes": rng.choice([2000, 4000, 900_000]),
                "max_input_images": rng.choice([0, 1, 2]),
                "keep_recent_screenshots": rng.randint(1, 2),
                "compact": drop_all,
            }
        return made


def drop_all(snapshot: Item) -> Item:
    return {"drop_call_ids": snapshot["eligible_call_ids"], "summary": "what was left out"}


def without_notes(played: Played) -> None:
    for request in played.requests:
        request["input"] = [item for item in request["input"] if "what was" not in str(item.get("content"))]
        for item in request["input"]:
            if item.get("role") == "user" and '[{"call_id"' in str(item["content"]):
                item["content"] = item["content"][item["content"].index("[") : item["content"].index("]") + 1]


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_made_up_runs(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        official, mine = await both(oxide_server, MadeUp(seed).scenario())
        for played in (official, mine):
            without_notes(played)
        alike(official, mine)


async def test_a_browser_that_failed_makes_no_more_calls(oxide_server: Server) -> None:
    output = [browser_call(1, "click"), browser_call(2, "read_page"), call(3)]
    for ledger in (False, True):
        scenario = Scenario(
            [answer(response(output), False), answer(response([message(4)]), False)],
            functions=FUNCTIONS,
            ledger=ledger,
            browser=with_browser(given={"click": ValueError("driver: no")}),
        )
        played = alike(*await both(oxide_server, scenario))
        assert ("called", "ok", {"n": 3}) in played.log or ledger
        assert "read_page" not in [entry[0] for entry in played.log]
        # What became of a click cannot be told from a ledger: the program has to look.
        assert (played.error is None) != ledger


async def test_a_computer_needs_its_driver(oxide_server: Server) -> None:
    scenario = Scenario([answer(response([computer_call(1)]), False)], functions=FUNCTIONS)
    played = alike(*await both(oxide_server, scenario))
    assert played.error[0] == "ToolRunnerError"
