"""The runner of tools for Responses beside the official one: the same requests, turns, errors, documents."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from oxide.testing import Server

from .runner_play import Item, Played, Scenario, answer, both, response

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")


def call(number: int, name: str = "ok", arguments: Any = None, **fields: Any) -> Item:
    text = json.dumps({"n": number}) if arguments is None else arguments
    return {
        "id": f"fc_{number}", "type": "function_call", "call_id": f"c{number}", "name": name,
        "arguments": text, "status": "completed", **fields,
    }  # fmt: skip


def message(number: int, text: str = "done", **fields: Any) -> Item:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "status": "completed",
        "content": [part], **fields,
    }  # fmt: skip


def reasoning(number: int, **fields: Any) -> Item:
    summary = [{"type": "summary_text", "text": "so"}]
    return {"id": f"rs_{number}", "type": "reasoning", "summary": summary, "encrypted_content": "e", **fields}


FUNCTIONS: dict[str, tuple[str, Item]] = {
    "ok": ("ok", {}),
    "blocks": ("blocks", {}),
    "asks": ("asks", {}),
    "typed": ("typed", {}),
    "open": ("ok", {"allow_output_override": True}),
    "free": ("slow", {"independent": True}),
    "fails": ("fails", {}),
    "free_fails": ("fails", {"independent": True}),
}


def same(official: Played, mine: Played, *, ordered: bool = True) -> None:
    assert mine.error == official.error
    assert mine.requests == official.requests
    assert mine.turns == official.turns
    assert mine.checkpoints == official.checkpoints
    assert mine.closed == official.closed
    if ordered:
        assert mine.log == official.log
        assert mine.diagnostics == official.diagnostics
    else:
        for one, other in ((mine.log, official.log), (mine.diagnostics, official.diagnostics)):
            assert sorted(map(repr, one)) == sorted(map(repr, other))


async def check(server: Server, scenario: Scenario, *, ordered: bool = True) -> Played:
    official, mine = await both(server, scenario)
    same(official, mine, ordered=ordered)
    return mine


MODES: list[Item] = [{}, {"stream": True}, {"stream": True, "eager": True}]


@pytest.mark.parametrize("ledger", [False, True])
@pytest.mark.parametrize("options", MODES)
async def test_calls_and_an_answer(oxide_server: Server, options: Item, ledger: bool) -> None:
    stream = bool(options)
    outputs = [
        [reasoning(1), call(1), message(1, phase="commentary"), call(2, "blocks"), call(3, "asks")],
        [call(4, "typed", '{"name": "Oslo", "size": "small"}'), call(5, "free"), call(6, "free")],
        [message(2)],
    ]
    scenario = Scenario(
        [answer(response(output), stream) for output in outputs],
        options=options,
        functions=FUNCTIONS,
        ledger=ledger,
        watch=stream,
    )
    played = await check(oxide_server, scenario, ordered=False)
    assert played.error is None
    assert len(played.requests) == 3
    assert played.turns[-1]["final"]
    assert (len(played.checkpoints) > 5) == ledger


# -- generated runs --------------------------------------------------------------------------------

# Several runs a test: what a test itself costs is more than a run.
BATCHES = [range(start, start + 20) for start in range(0, 80, 20)]
NAMES = ["ok", "blocks", "asks", "open", "free", "typed"]


class MadeUp:
    """A run out of a seed; every second one has something wrong in it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.wild = self.rng.random() < 0.5
        self.number = 0
        options: Item = dict(self.rng.choice(MODES))
        self.stream = bool(options)
        self.scenario = Scenario(functions=FUNCTIONS, options=options)

    def often(self, share: float) -> bool:
        return self.rng.random() < share

    def wrong(self, share: float) -> bool:
        return self.wild and self.often(share)

    def call(self) -> Item:
        rng, number = self.rng, self.number
        name = rng.choice(["fails", "free_fails"]) if self.wrong(0.08) else rng.choice(NAMES)
        if self.wrong(0.05):
            return call(number, name, rng.choice(["{", "[1]", '{"n": NaN}', '"text"', ""]))
        sizes = ["small", "large", "huge"] if self.wild else ["small", "large"]
        arguments = json.dumps({"name": "é", "size": rng.choice(sizes)}) if name == "typed" else None
        made = call(number, name, arguments)
        changes: list[Item] = [
            {"namespace": name},
            {"caller": {"type": "direct"}},
            {"caller": {"type": "program", "caller_id": "p"}},
            {"created_by": "someone"},
            {"more": [1, {"x": None}]},
        ]
        if self.often(0.1):
            made.update(rng.choice(changes))
        faults: list[Item] = [
            {"status": "incomplete"},
            {"namespace": "other"},
            {"namespace": None},
            {"name": "unknown"},
            {"call_id": "c1"},
            {"id": "fc_1"},
            {"caller": {"type": "program"}},
        ]
        if self.wrong(0.08):
            made.update(rng.choice(faults))
        return made

    def message(self, phase: str | None) -> Item:
        item = message(self.number, self.rng.choice(["a", "語", ""]))
        if phase is not None:
            item["phase"] = phase
        if self.often(0.15):
            item["content"].append({"type": "refusal", "refusal": "no"})
        if self.often(0.15):
            cited = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
            item["content"][0]["annotations"].append(cited)
        if self.wrong(0.06):
            faults: list[Item] = [{"status": "incomplete"}, {"phase": "other"}]
            item.update(self.rng.choice(faults))
        return item

    def item(self) -> Item:
        kind = self.rng.random()
        if kind < 0.15:
            return reasoning(self.number)
        if kind < 0.3:
            return self.message("commentary")
        if kind < 0.32:
            return {"id": f"cmp_{self.number}", "type": "compaction", "encrypted_content": "e"}
        return self.call()

    def answers(self) -> None:
        for _ in range(self.rng.randint(0, 3)):
            output: list[Item] = []
            for _ in range(self.rng.randint(0, 3)):
                self.number += 1
                output.append(self.item())
            self.number += 1
            output.insert(self.rng.randint(0, len(output)), self.call())
            whole = response(output)
            if self.wrong(0.04):
                whole = response(output, "incomplete", incomplete_details={"reason": "max_output_tokens"})
            self.scenario.answers.append(answer(whole, self.stream))
        self.number += 1
        self.scenario.answers.append(answer(response([self.message(None)]), self.stream))

    def options(self) -> None:
        rng, scenario = self.rng, self.scenario
        if self.often(0.2):
            scenario.options["max_steps"] = rng.randint(1, 5)
        if self.often(0.3):
            scenario.options["max_concurrent_calls"] = rng.randint(1, 3)
        scenario.ledger = self.often(0.4)
        scenario.watch = self.stream and self.often(0.4)
        if scenario.ledger and self.wrong(0.2):
            scenario.save_fails = rng.randint(1, 8)
        if self.wrong(0.2):
            scenario.stop_at = rng.randint(0, 25)
        if self.stream and self.often(0.4):
            scenario.early = {"functions": rng.sample(NAMES, rng.randint(0, 4))}
        if self.stream and self.often(0.3):
            choices = ["execute", "execute", "defer", *(["later", None] if self.wild else [])]
            scenario.before_early = {f"c{n}": rng.choice(choices) for n in range(1, self.number)}
        if self.often(0.3):
            scenario.at_turn = answers_itself
        if self.often(0.2):
            names = [{"type": "function", "name": n} for n in (rng.sample(NAMES, 3) if self.wild else NAMES)]
            scenario.params = {
                "model": "m",
                "instructions": "be kind",
                "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
                "include": ["message.output_text.logprobs"],
                "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": names},
            }


def made_up(seed: int) -> Scenario:
    """A run of a few responses."""
    made = MadeUp(seed)
    made.answers()
    made.options()
    return made.scenario


def answers_itself(turn: Any, log: list[Any]) -> None:
    """Answers each call of `open`, and says something."""
    ids = [
        item.call_id for item in turn.response.output if item.type == "function_call" and item.name == "open"
    ]
    for outputs in (
        [{"type": "function_call_output", "call_id": call_id, "output": "mine"} for call_id in ids],
        [{"type": "function_call_output", "call_id": "other", "output": "mine"}],
        "wrong",
    ):
        try:
            turn.supply_outputs(outputs)
            log.append("supplied")
        except ValueError:
            log.append("refused")
    try:
        turn.append_user_text("go on")
        log.append("said")
    except ValueError:
        log.append("not said")


# The official models warn about values that they do not know.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("seeds", BATCHES, ids=str)
async def test_made_up_runs(oxide_server: Server, seeds: range) -> None:
    for seed in seeds:
        await check(oxide_server, made_up(seed), ordered=False)
