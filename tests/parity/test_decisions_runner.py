"""The decisions runner of the official SDK and oxide's, against one server: requests, callbacks, ends."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

import oxide
from oxide.lib import decisions_tool_runner as own
from oxide.testing import Answer, Server

from .decision_cases import REFUSAL, answer, spoilt_answers
from .drivers import Log, Polls, observer, outcome, plain
from .shapes import normal, shape

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

from openai.lib import decisions_tool_runner as official  # noqa: E402

PACKAGES = ((official, openai.AsyncOpenAI), (own, oxide.AsyncOpenAI))
TASK: Any = {"model": "m", "input": "Book a table"}
PARTS: list[Any] = [
    {"type": "input_text", "text": "a page"},
    {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
    {"type": "input_image", "image_url": "https://x/y.png", "detail": None, "more": [1]},
]


class Program:
    """The callbacks of a run: each gives one thing after another, the last one for ever, and notes it.

    Args:
      log: where to note.
      observations, verifications: what they give; an exception is raised.
      candidates: what is done to the usual candidates.
      fails: raised by the action `b`.
    """

    def __init__(
        self,
        log: Log,
        *,
        observations: Any = ("how it is",),
        candidates: Callable[[Program], Any] | None = None,
        verifications: Any = None,
        fails: BaseException | None = None,
    ) -> None:
        self.log = log
        self.observations = list(observations)
        self.offer = candidates
        self.verifications = None if verifications is None else list(verifications)
        self.fails = fails

    async def observe(self) -> Any:
        self.log.append(("observe",))
        return self._next(self.observations)

    async def candidates(self, observation: Any) -> Any:
        self.log.append(("candidates", plain(observation)))
        if isinstance(observation, list):
            observation[0]["text"] = "spoilt"
        return [*self.actions(), self.done()] if self.offer is None else self.offer(self)

    async def verify(self, observation: Any) -> Any:
        self.log.append(("verify", plain(observation)))
        assert self.verifications is not None
        return self._next(self.verifications)

    def actions(self) -> list[Any]:
        return [
            {"id": "a", "description": "first", "execute": self._action("a")},
            {"id": "b", "description": "second", "execute": self._action("b"), "done": False},
        ]

    def done(self) -> Any:
        return {"id": "done", "description": "the task is complete", "done": True}

    def _action(self, name: str) -> Any:
        async def act(*, cancelled: Any) -> Any:
            self.log.append((name, cancelled is not None))
            if name == "b" and self.fails is not None:
                raise self.fails
            return "ignored"

        return act

    def _next(self, values: list[Any]) -> Any:
        value = values.pop(0) if len(values) > 1 else values[0]
        if isinstance(value, BaseException):
            raise value
        return deepcopy(value)


async def ran(
    server: Server,
    answers: list[Any],
    params: Any = TASK,
    *,
    headers: Any = None,
    poll: tuple[int, bool] | None = None,
    max_steps: Any = 20,
    **program: Any,
) -> Any:
    """What both make of a run: its end, what the program saw, and the requests; they have to agree."""
    found: list[Any] = []
    for package, client_class in PACKAGES:
        server.reset()
        server.script("/decisions", *[a if isinstance(a, Answer) else Answer.json(a) for a in answers])
        log: Log = []
        made = Program(log, **program)
        runner = package.AsyncDecisionsToolRunner(
            observe=made.observe,
            candidates=made.candidates,
            verify=None if made.verifications is None else made.verify,
        )
        async with client_class(
            base_url=server.base_url, api_key="k", max_retries=0, default_headers=headers
        ) as client:
            result = await outcome(
                runner.run(
                    client,
                    params,
                    max_steps=max_steps,
                    cancelled=None if poll is None else Polls(*poll),
                    on_diagnostic=observer(log),
                )
            )
        requests = [request.json() for request in server.journal]
        for request in requests:
            assert request["questions"][0].pop("instructions")
        keys = [request.headers.get("idempotency-key") for request in server.journal]
        assert len(set(keys)) == len(keys) or set(keys) == {None}
        found.append((result, log, requests, [key is not None for key in keys]))
    assert found[1] == found[0]
    return found[1]


async def test_until_the_model_says_it_is_done(oxide_server: Server) -> None:
    result, log, requests, _ = await ran(
        oxide_server, [answer("a"), answer("b"), answer()], {**TASK, "safety_identifier": "s"}
    )
    assert result[1]["status"] == "unverified"
    assert result[1]["completed_candidate_ids"] == ["a", "b"]
    assert len(result[1]["decisions"]) == len(requests) == 3
    assert [entry for entry in log if entry[0] in "ab"] == [("a", False), ("b", False)]
    assert requests[0]["safety_identifier"] == "s"


@pytest.mark.parametrize(
    "verifications",
    [[True], [False, True], [False], [None], [1], ["yes"], [ValueError("no")], [asyncio.TimeoutError()]],
)
async def test_verification(oxide_server: Server, verifications: list[Any]) -> None:
    answers = [answer("a"), answer(), answer("b"), answer()]
    for max_steps in range(1, 5):
        await ran(oxide_server, answers, verifications=verifications, max_steps=max_steps)


async def test_nothing_to_choose_from_costs_no_request(oxide_server: Server) -> None:
    for verifications in (None, [True], [False], [5]):
        result, _, requests, _ = await ran(
            oxide_server, [answer()], verifications=verifications, candidates=lambda program: [program.done()]
        )
        assert requests == []
        assert (result[0] == "gave") == (verifications in (None, [True]))


async def test_a_model_that_will_not_choose(oxide_server: Server) -> None:
    result = (await ran(oxide_server, [answer("a"), REFUSAL]))[0]
    assert result[1]["status"] == "refused"


async def test_steps_are_limited(oxide_server: Server) -> None:
    for max_steps in (1, 2, 3):
        result, log, requests, _ = await ran(oxide_server, [answer("a")] * 3, max_steps=max_steps)
        assert result[3]["reason"] == "step_limit"
        assert len(result[3]["completed_candidate_ids"]) == max_steps - 1
        assert len(requests) == max_steps
        assert log[-1][1]["reason"] == "step_limit"


@pytest.mark.parametrize("max_steps", [0, -1, True, 1.0, "3", None])
async def test_limits_that_are_none(oxide_server: Server, max_steps: Any) -> None:
    assert (await ran(oxide_server, [answer()], max_steps=max_steps))[0][3]["reason"] == "invalid_params"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"model": "m"},
        {"input": "x"},
        {"model": 1, "input": "x"},
        {"model": "m", "input": []},
        {**TASK, "safety_identifier": 5},
        {**TASK, "safety_identifier": None},
        {**TASK, "temperature": 1},
        {**TASK, 5: 1},
    ],
)
async def test_parameters(oxide_server: Server, params: Any) -> None:
    await ran(oxide_server, [answer()], params)


@pytest.mark.parametrize(
    "observation",
    [
        "",
        PARTS,
        PARTS[:1],
        [],
        tuple(PARTS),
        None,
        5,
        {"type": "input_text", "text": "x"},
        ["text"],
        [{"type": "input_text"}],
        [{"type": "input_text", "text": None}],
        [{"type": "input_image", "image_url": 5}],
        [{"type": "input_image", "image_url": "x", "detail": "ultra"}],
        [{"type": "input_file", "text": "x", "image_url": "x"}],
        [{"type": None}],
        [{}],
        ValueError("secret words"),
        oxide.OpenAIError("secret words"),
    ],
)
async def test_observations(oxide_server: Server, observation: Any) -> None:
    answers = [answer("a"), answer()]
    for observations in ([observation], ["fine", observation]):
        result = (await ran(oxide_server, answers, observations=observations, verifications=[True]))[0]
        assert "secret" not in str(result)


async def test_an_iterator_is_read_once(oxide_server: Server) -> None:
    for package, client_class in PACKAGES:
        oxide_server.reset()
        oxide_server.script("/decisions", Answer.json(answer()))
        program = Program([])

        async def observe() -> Any:
            return iter(PARTS)

        runner = package.AsyncDecisionsToolRunner(observe=observe, candidates=program.candidates)
        async with client_class(base_url=oxide_server.base_url, api_key="k") as client:
            await runner.run(client, TASK)
        assert oxide_server.journal.last.json()["input"][1]["content"] == PARTS
        assert program.log == [("candidates", PARTS)]


def spoilt_candidates() -> list[Callable[[Program], Any]]:
    changes: list[Callable[[Program], Any]] = [
        lambda p: None,
        lambda p: [],
        lambda p: (p.done(),),
        lambda p: p.actions(),
        lambda p: [p.done(), p.done()],
        lambda p: [p.done(), p.done() | {"id": "other"}],
        lambda p: [*p.actions(), *p.actions(), p.done()],
        lambda p: [*p.actions(), p.done(), "x"],
        lambda p: [p.done() | {"execute": None}],
        lambda p: [p.done() | {"extra": 1}],
        lambda p: [
            *({"id": str(n), "description": "x", "execute": p.observe} for n in range(254)),
            p.done(),
        ],
        lambda p: [
            *({"id": str(n), "description": "x", "execute": p.observe} for n in range(255)),
            p.done(),
        ],
    ]
    for name in ("id", "description", "execute", "done"):
        for value in (None, "", "  ", 5, [], True, False, 1, ...):

            def change(program: Program, name: str = name, value: Any = value) -> Any:
                changed = {**program.actions()[0], name: value}
                return [{k: v for k, v in changed.items() if v is not ...}, program.done()]

            changes.append(change)
    return changes


async def test_candidates(oxide_server: Server) -> None:
    reasons: set[str] = set()
    for change in spoilt_candidates():
        result = (await ran(oxide_server, [answer()], candidates=change))[0]
        reasons.add(result[3]["reason"] if result[0] == "raised" else "gave")
    assert reasons == {"invalid_candidates", "gave"}


async def test_answers(oxide_server: Server) -> None:
    reasons: set[Any] = set()
    for body in spoilt_answers():
        result = (await ran(oxide_server, [body]))[0]
        reasons.add(result[3]["reason"] if result[0] == "raised" else "gave")
    assert reasons == {"invalid_answer", "gave"}


@pytest.mark.parametrize("once", [False, True])
async def test_cancelled_at_every_poll(oxide_server: Server, once: bool) -> None:
    ends: set[Any] = set()
    for poll in range(22):
        result, log, _, _ = await ran(
            oxide_server, [answer("a"), answer()], verifications=[True], poll=(poll, once)
        )
        ends.add(result[3]["reason"] if result[0] == "raised" else result[1]["status"])
        assert ("a", False) not in log
    assert ends == {"cancelled", "verified"}


@pytest.mark.parametrize("error", [ValueError("secret words"), KeyError("k"), TimeoutError()])
async def test_an_action_that_fails(oxide_server: Server, error: Exception) -> None:
    result, log, _, _ = await ran(oxide_server, [answer("a"), answer("b"), answer()], fails=error)
    assert result[3]["attempted_candidate_ids"] == ("a", "b")
    assert result[3]["completed_candidate_ids"] == ("a",)
    assert log[-1][1]["reason"] == "driver_failed"


async def test_an_error_of_another_runner_is_a_failure(oxide_server: Server) -> None:
    for package, client_class in PACKAGES:
        oxide_server.script("/decisions", Answer.json(answer("b")))
        program = Program([], fails=package.DecisionsToolRunnerError("step_limit", ["x"], []))
        runner = package.AsyncDecisionsToolRunner(observe=program.observe, candidates=program.candidates)
        async with client_class(base_url=oxide_server.base_url, api_key="k") as client:
            with pytest.raises(package.DecisionsToolRunnerError) as caught:
                await runner.run(client, TASK)
        assert caught.value.reason == "failed"
        assert caught.value.attempted_candidate_ids == ("b",)


async def test_errors_of_the_api(oxide_server: Server) -> None:
    for bad in (Answer.error(429), Answer.error(500), Answer.error(400)):
        result, log, _, _ = await ran(oxide_server, [answer("a"), bad])
        assert result[3]["reason"] == "failed"
        assert log[-1][1]["reason"] == "api_failed"


async def test_each_request_has_an_idempotency_key_of_its_own(oxide_server: Server) -> None:
    for headers in (None, {"idempotency-key": "mine"}):
        keys = (await ran(oxide_server, [answer("a"), answer("b"), answer()], headers=headers))[3]
        assert keys == [headers is not None] * 3


@pytest.mark.parametrize("place", ["observe", "candidates", "act", "verify", "request"])
async def test_a_cancelled_task_says_what_was_done(oxide_server: Server, place: str) -> None:
    for package, client_class in PACKAGES:
        oxide_server.reset()
        hang = [Answer.hang()] if place == "request" else []
        oxide_server.script("/decisions", Answer.json(answer("a")), *hang, Answer.json(answer("b")))
        oxide_server.script("/decisions", Answer.json(answer()))
        log: Log = []
        program = Program(log, verifications=[True])
        reached = asyncio.Event()

        def hanging(reached: asyncio.Event = reached) -> Any:
            async def hang_here(*args: Any) -> Any:
                reached.set()
                await asyncio.Event().wait()

            return hang_here

        if place == "act":
            program.actions = lambda program=program, hanging=hanging: [  # type: ignore[method-assign,misc]
                {"id": "a", "description": "x", "execute": program.observe},
                {"id": "b", "description": "x", "execute": hanging()},
            ]
        calls = {name: getattr(program, name) for name in ("observe", "candidates", "verify")}
        if place in calls:
            calls[place] = hanging()
        runner = package.AsyncDecisionsToolRunner(**calls)
        async with client_class(base_url=oxide_server.base_url, api_key="k") as client:
            raised: list[BaseException] = []

            async def run(
                runner: Any = runner, client: Any = client, raised: Any = raised, log: Any = log
            ) -> None:
                # Python 3.10 tells those who await a cancelled task no more than that it was cancelled.
                try:
                    await runner.run(client, TASK, on_diagnostic=observer(log))
                except BaseException as error:
                    raised.append(error)
                    raise

            task = asyncio.create_task(run())
            if place == "request":
                await oxide_server.journal.arrived(2)
            else:
                await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
        left: Any = raised.pop()
        assert type(left) is package.DecisionsToolRunnerCancelledError
        assert left.reason == "cancelled"
        assert (
            left.attempted_candidate_ids
            == {
                "observe": (),
                "candidates": (),
                "act": ("a", "b"),
                "verify": ("a", "b"),
                "request": ("a",),
            }[place]
        )
        assert left.completed_candidate_ids == (("a",) if place == "act" else left.attempted_candidate_ids)
        assert runner.close() == {"status": "closed"}


async def test_one_run_at_a_time(oxide_server: Server) -> None:
    for package, _ in PACKAGES:
        log: Log = []
        leave = asyncio.Event()

        async def hold(leave: asyncio.Event = leave) -> str:
            await leave.wait()
            return "x"

        program = Program(log, candidates=lambda program: [program.done()])
        runner = package.AsyncDecisionsToolRunner(observe=hold, candidates=program.candidates)
        first = asyncio.create_task(runner.run(None, TASK))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await runner.run(None, TASK)
        assert runner.close() == {"status": "draining"}
        leave.set()
        assert (await first)["status"] == "unverified"
        with pytest.raises(RuntimeError):
            await runner.run(None, TASK)


async def test_a_refusal_says_what_where_and_what_next(oxide_server: Server) -> None:
    program = Program([], candidates=lambda program: [*program.actions(), program.done() | {"id": "a"}])
    runner = own.AsyncDecisionsToolRunner(observe=program.observe, candidates=program.candidates)
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k", max_retries=0) as client:
        with pytest.raises(
            own.DecisionsToolRunnerError, match=r"candidates\(\)\[2\] has the id of an earlier"
        ):
            await runner.run(client, TASK)
        program.offer = None
        oxide_server.script("/decisions", Answer.json(answer("walk")))
        with pytest.raises(own.DecisionsToolRunnerError, match=r"answers\[0\].choice is str 'walk'"):
            await runner.run(client, TASK)
        with pytest.raises(
            own.DecisionsToolRunnerError, match="params has temperature; it may have model, input"
        ):
            await runner.run(client, {**TASK, "temperature": 1})
        program.observations = [ValueError("secret")]
        with pytest.raises(own.DecisionsToolRunnerError, match="ValueError was raised") as caught:
            await runner.run(client, TASK)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_surface_is_the_official_one() -> None:
    for name in ("__init__", "close", "run"):
        mine, theirs = (getattr(p.AsyncDecisionsToolRunner, name) for p, _ in PACKAGES)
        assert shape(mine) == shape(theirs), name
        assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(theirs)
    for name in own.__all__:
        mine, theirs = getattr(own, name), getattr(official, name)
        if typing.is_typeddict(theirs):
            hints = [typing.get_type_hints(kind, include_extras=True) for kind in (mine, theirs)]
            assert {k: normal(v) for k, v in hints[0].items()} == {k: normal(v) for k, v in hints[1].items()}
            assert mine.__required_keys__ == theirs.__required_keys__
        elif not isinstance(theirs, type):
            assert normal(mine) == normal(theirs)
    assert issubclass(own.DecisionsToolRunnerError, RuntimeError)
    assert issubclass(own.DecisionsToolRunnerError, oxide.OpenAIError)
    assert issubclass(own.DecisionsToolRunnerCancelledError, asyncio.CancelledError)
    assert json.dumps(own.DecisionsToolRunnerError("failed", ["a"], []).attempted_candidate_ids) == '["a"]'
