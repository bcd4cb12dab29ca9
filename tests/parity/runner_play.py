"""Plays one scenario with a package's tool runner for Responses, and notes all that can be seen of it."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

import pydantic

from oxide.errors import APIResponseValidationError
from oxide.models.lazy import raw_json
from oxide.testing import Answer, Server

__all__ = ["City", "Played", "Scenario", "answer", "both", "events", "play", "response"]

Item = dict[str, Any]

PACKAGES = ("openai", "oxide")
USAGE = {
    "input_tokens": 1,
    "output_tokens": 2,
    "total_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
PARAMETERS: Item = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


class City(pydantic.BaseModel):
    """Arguments of the typed function."""

    name: str
    size: Literal["small", "large"]


# -- answers ---------------------------------------------------------------------------------------


def response(output: list[Item], status: str = "completed", **fields: Any) -> Item:
    """A response as the API sends it."""
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m",
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "output": output,
        "temperature": 1.0, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": USAGE, **fields,
    }  # fmt: skip


def events(whole: Item, order: list[int] | None = None, streamed: list[Item] | None = None) -> list[Item]:
    """The events of a response, one item after the other.

    Args:
      whole: the response.
      order: in which its items are done.
      streamed: the items as they are streamed, where that differs from the end.
    """
    output = whole["output"] if streamed is None else streamed
    made: list[Item] = []

    def say(kind: str, **fields: Any) -> None:
        made.append(deepcopy({"type": kind, **fields, "sequence_number": len(made)}))

    say("response.created", response={**whole, "status": "in_progress", "output": [], "usage": None})
    for index in order or range(len(output)):
        item = output[index]
        begun = {**item, "status": "in_progress"} if "status" in item else item
        if item["type"] == "function_call":
            begun = {**begun, "arguments": ""}
        say("response.output_item.added", output_index=index, item=begun)
        if item["type"] == "function_call":
            place = {"item_id": item.get("id", "fc"), "output_index": index}
            say("response.function_call_arguments.delta", delta=item["arguments"], **place)
            say("response.function_call_arguments.done", arguments=item["arguments"], **place)
        say("response.output_item.done", output_index=index, item=item)
    say(f"response.{whole['status']}", response=whole)
    return made


def answer(whole: Item, stream: bool, **how: Any) -> Answer:
    """What the server sends for it."""
    return Answer.sse(events(whole, **how)) if stream else Answer.json(whole)


# -- scenarios -------------------------------------------------------------------------------------


@dataclass
class Scenario:
    """One run: what the server says, which functions there are, and what the program does.

    Attributes:
      answers: one per request.
      params: keywords of the requests.
      options: keywords of the run, without what is made per package.
      functions: name → (what `execute` does, options of its registration).
      at_turn: what the program does at a turn, by its step.
      early: `early_execution` of the runner.
      budget: `context_budget`; `compact` may be a function of the snapshot.
      ledger: whether the run is written down.
      resume: a checkpoint it goes on from.
      save_fails: the number of the checkpoint whose save fails.
      stop_at: the poll of `cancelled` from which on it says yes.
      cancel_at: the call during which the task is cancelled.
      approvals: what `approve_mcp` says, by the request's name; None where there is no callback.
      before_early: what `before_early_call` says, by the call's id; None where there is no callback.
      watch: whether `on_event` is there.
      browser: makes the browser's toolset out of the package's module and the log.
      computer: makes the computer's.
      checks: what `approve_safety_checks` says; None where there is no callback.
      actions: what `before_action` says, by the action's type; None where there is no callback.
      retries: `max_retries` of the client.
      headers: its `default_headers`.
      leave_at: the step at which the loop is left.
    """

    answers: list[Answer] = field(default_factory=list)
    params: Item = field(default_factory=lambda: {"model": "m", "input": "hi"})
    options: Item = field(default_factory=dict)
    functions: dict[str, tuple[str, Item]] = field(default_factory=dict)
    at_turn: Callable[[Any, list[Any]], None] | None = None
    early: Any = None
    budget: Any = None
    ledger: bool = False
    resume: Any = None
    save_fails: int | None = None
    stop_at: int | None = None
    cancel_at: str | None = None
    approvals: dict[str, Any] | None = None
    before_early: dict[str, Any] | None = None
    watch: bool = False
    browser: Callable[[Any, list[Any]], Any] | None = None
    computer: Callable[[Any, list[Any]], Any] | None = None
    checks: Any = None
    actions: Any = None
    retries: int = 0
    headers: dict[str, str] | None = None
    leave_at: int | None = None


@dataclass
class Played:
    """What could be seen of a run."""

    requests: list[Any] = field(default_factory=list)
    turns: list[Any] = field(default_factory=list)
    log: list[Any] = field(default_factory=list)
    diagnostics: list[Any] = field(default_factory=list)
    checkpoints: list[Any] = field(default_factory=list)
    error: Any = None
    closed: Any = None
    keys: list[str | None] = field(default_factory=list)


def plain(value: Any) -> Any:
    raw = raw_json(value)
    if raw is not None:
        return json.loads(raw)
    if isinstance(value, pydantic.BaseModel):
        return value.to_dict(warnings=False)  # type: ignore[attr-defined]
    return deepcopy(value)


def spoil(value: Any) -> None:
    """Change what the program was given: nothing may come of that."""
    for name in ("arguments", "name", "call_id", "status"):
        if hasattr(value, name):
            setattr(value, name, "spoilt")


class Program:
    """The program's side: functions and callbacks that note what happens."""

    def __init__(self, module: ModuleType, package: ModuleType, scenario: Scenario, played: Played) -> None:
        self.module = module
        self.package = package
        self.scenario = scenario
        self.played = played
        self.task: asyncio.Task[Any] | None = None
        self.polls = 0

    def registered(self) -> list[Any]:
        return [self._register(name, *how) for name, how in self.scenario.functions.items()]

    def toolsets(self) -> Item:
        """The browser's and the computer's, where the scenario has them."""
        made: Item = {}
        for name in ("browser", "computer"):
            make = getattr(self.scenario, name)
            if make is not None:
                module = importlib.import_module(f"{self.package.__name__}.lib.{name}")
                made[name] = make(module, self.played.log)
        return made

    def _register(self, name: str, what: str, options: Item) -> Any:
        cls = self.module.AsyncRegisteredFunction
        options = dict(options)
        tool = {"type": "function", "name": name, "parameters": PARAMETERS, "strict": True}
        tool.update(options.pop("tool", {}))
        if what == "typed":
            make = importlib.import_module(f"{self.package.__name__}.lib").pydantic_responses_function_tool
            return cls.from_tool(make(City, name=name), execute=self._execute(name, what), **options)
        return cls(tool, self._execute(name, what), **options)

    def _execute(self, name: str, what: str) -> Any:
        log = self.played.log

        async def execute(arguments: Any) -> Any:
            shown = arguments.model_dump() if isinstance(arguments, pydantic.BaseModel) else dict(arguments)
            log.append(("called", name, shown))
            if self.scenario.cancel_at == name:
                assert self.task is not None
                self.task.cancel()
            await asyncio.sleep(0.02 if what == "slow" else 0)
            log.append(("ended", name))
            if isinstance(arguments, dict):
                arguments.clear()
            if what == "fails":
                raise ValueError("a secret")
            if what == "cancels":
                raise asyncio.CancelledError
            if what == "stops":
                raise self.module.ToolRunnerError("a secret", ["x"], ["y"])
            if what == "blocks":
                return [{"type": "input_text", "text": "t"}, {"type": "input_image", "image_url": "data:x"}]
            if what == "wrong":
                return {"not": "an output"}
            if what == "wrong block":
                return [{"type": "input_image", "detail": "auto"}]
            return f"{name}: {json.dumps(shown)}"

        if what != "asks":
            return execute

        async def asking(arguments: Any, cancelled: Any = "nothing") -> Any:
            log.append(("cancelled", None if cancelled is None else cancelled()))
            return await execute(arguments)

        return asking

    def options(self) -> Item:
        scenario, played = self.scenario, self.played
        options = dict(scenario.options)

        def diagnostic(told: Item) -> None:
            assert told.pop("duration_ms") >= 0
            played.diagnostics.append(told)

        options["on_diagnostic"] = diagnostic
        if scenario.stop_at is not None:
            options["cancelled"] = self._poll
        if scenario.watch:
            options["on_event"] = self._event
        if scenario.approvals is not None:
            options["approve_mcp"] = self._approve
        if scenario.checks is not None:
            options["approve_safety_checks"] = self._checks
        if scenario.actions is not None:
            options["before_action"] = self._action
        if scenario.before_early is not None:
            options["before_early_call"] = self._early
        if scenario.budget is not None:
            options["context_budget"] = self._budget()
        if scenario.ledger:
            options["ledger"] = self.module.AsyncResponsesToolLedger("run", self._save, scenario.resume)
        return options

    def _poll(self) -> bool:
        assert self.scenario.stop_at is not None
        self.polls += 1
        return self.polls > self.scenario.stop_at

    async def _event(self, event: Any) -> None:
        self.played.log.append(("event", event.type, plain(getattr(event, "item", None))))
        spoil(getattr(event, "item", None))
        if event.type == "response.completed":
            event.response.output.clear()

    async def _approve(self, request: Any) -> Any:
        assert self.scenario.approvals is not None
        self.played.log.append(("approve", plain(request)))
        said = self.scenario.approvals.get(request.name, True)
        spoil(request)
        return said

    async def _checks(self, asked: Any) -> Any:
        self.played.log.append(("checks", plain(asked)))
        return self.scenario.checks

    async def _action(self, action: Any) -> Any:
        self.played.log.append(("before", plain(action)))
        return self.scenario.actions.get(action.type, True)

    async def _early(self, call: Any) -> Any:
        assert self.scenario.before_early is not None
        self.played.log.append(("early", plain(call)))
        said = self.scenario.before_early.get(call.call_id, "execute")
        spoil(call)
        return said

    def _budget(self) -> Item:
        budget: Item = dict(self.scenario.budget)
        compact = budget.get("compact")
        if compact is None:
            return budget

        def noted(snapshot: Item) -> Any:
            self.played.log.append(("compact", deepcopy(snapshot)))
            return compact(snapshot)

        async def awaited(snapshot: Item) -> Any:
            return noted(snapshot)

        budget["compact"] = awaited if budget.pop("awaited", False) else noted
        return budget

    async def _save(self, checkpoint: Item) -> None:
        self.played.checkpoints.append(deepcopy(checkpoint))
        if self.scenario.save_fails == len(self.played.checkpoints):
            raise OSError("no space left")
        checkpoint.clear()


async def play(name: str, server: Server, scenario: Scenario) -> Played:
    """Play a scenario.

    Args:
      name: the package.
      server: what answers.
      scenario: what happens.
    """
    package = importlib.import_module(name)
    module = importlib.import_module(f"{name}.lib.responses_tool_runner")
    played = Played()
    program = Program(module, package, scenario, played)
    before = len(server.journal.of("/responses"))
    for one in scenario.answers:
        server.script("/responses", one)
    async with package.AsyncOpenAI(
        base_url=server.base_url, api_key="k", max_retries=scenario.retries, default_headers=scenario.headers
    ) as client:
        program.task = asyncio.create_task(_iterate(program, client))
        try:
            await program.task
        except BaseException as error:
            played.error = told(error)
    requests = server.journal.of("/responses")[before:]
    played.requests = [request.json() for request in requests]
    played.keys = [request.headers.get("idempotency-key") for request in requests]
    server.reset()
    return played


async def _iterate(program: Program, client: Any) -> None:
    played, scenario = program.played, program.scenario
    try:
        runner = program.module.AsyncResponsesToolRunner(
            functions=program.registered(), early_execution=scenario.early, **program.toolsets()
        )
        turns = runner.iterate(client, deepcopy(scenario.params), **program.options())
    except BaseException as error:
        played.error = told(error)
        return
    try:
        async for turn in turns:
            shown = {
                name: getattr(turn, name)
                for name in ("step", "final", "tools_executed", "attempted_call_ids", "completed_call_ids")
            }
            played.turns.append({**shown, "response": plain(turn.response)})
            if scenario.at_turn is not None:
                scenario.at_turn(turn, played.log)
            # What does not fit its class is refused when it is read.
            with suppress(APIResponseValidationError):
                for item in turn.response.output:
                    spoil(item)
            if scenario.leave_at == turn.step:
                played.closed = runner.close()
                break
    finally:
        await turns.aclose()
    if scenario.leave_at is None:
        played.closed = runner.close()


def told(error: BaseException) -> Any:
    """What a program can do something with: the class, and the calls begun and completed."""
    ids = [getattr(error, name, None) for name in ("attempted_call_ids", "completed_call_ids")]
    kinds = [
        kind.__name__ for kind in type(error).__mro__ if kind.__module__ in ("builtins", "asyncio.exceptions")
    ]
    assert "secret" not in str(error)
    assert error.__cause__ is None
    return type(error).__name__, kinds, ids


async def both(server: Server, scenario: Scenario) -> tuple[Played, Played]:
    """Play it with the official package and with oxide."""
    official, mine = [await play(name, server, scenario) for name in PACKAGES]
    return official, mine
