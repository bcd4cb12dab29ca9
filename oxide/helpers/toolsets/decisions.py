"""The decisions runner: a model chooses what a program does next, among what the program offers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from copy import deepcopy
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from typing_extensions import Required, TypedDict

from oxide._error_base import OpenAIError, reduced
from oxide.types.decision import Decision
from oxide.types.decision_input_image_param import DecisionInputImageParam
from oxide.types.decision_input_text_param import DecisionInputTextParam

from ..replay import as_received
from ..tool_diagnostics import ToolDiagnosticObserver, emit_tool_diagnostic
from ..tool_lifecycle import CloseStatus, ToolLifecycle, invoke, rotated_idempotency_headers
from .decision_checks import (
    QUESTION,
    Candidate,
    Reason,
    Refusal,
    checked_params,
    chosen,
    owned_candidates,
    owned_observation,
)

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI

__all__ = [
    "AsyncDecisionActionCandidate",
    "AsyncDecisionCandidate",
    "AsyncDecisionsToolRunner",
    "DecisionDoneCandidate",
    "DecisionObservation",
    "DecisionsRunResult",
    "DecisionsRunnerParams",
    "DecisionsToolRunnerCancelledError",
    "DecisionsToolRunnerError",
]

DecisionObservation: TypeAlias = str | Iterable[DecisionInputTextParam | DecisionInputImageParam]
"""How things stand, as the model is shown it: text, or parts of text and images."""


class AsyncDecisionActionCandidate(TypedDict, total=False):
    """Something the program can do: what the model knows it by, and the function that does it.

    `id` and `description` are shown to the model; `execute` is awaited, with `cancelled` where it has such a
    parameter, and what it gives is not looked at.

    Source: same name and keys as in the official SDK.
    """

    id: Required[str]
    description: Required[str]
    execute: Required[Callable[[], Awaitable[object]]]
    done: Literal[False]


class DecisionDoneCandidate(TypedDict):
    """The choice that says the task is complete.

    Source: same name and keys as in the official SDK.
    """

    id: str
    description: str
    done: Literal[True]


AsyncDecisionCandidate: TypeAlias = AsyncDecisionActionCandidate | DecisionDoneCandidate
"""One choice: an action, or that the task is complete."""


class DecisionsRunnerParams(TypedDict, total=False):
    """What a run is about: `input` is the task, `model` and `safety_identifier` are those of each request.

    Source: same name and keys as in the official SDK.
    """

    model: Required[str]
    input: Required[str]
    safety_identifier: str | None


class DecisionsRunResult(TypedDict):
    """How a run ended: done and checked, done as the model says, or the model would not choose.

    `decisions` are the answers of the API, in order; the ids are those of the actions begun, and of
    those that came to their end.

    Source: same name and keys as in the official SDK.
    """

    status: Literal["verified", "unverified", "refused"]
    decisions: list[Decision]
    attempted_candidate_ids: list[str]
    completed_candidate_ids: list[str]


_WORDS: dict[Reason, str] = {
    "invalid_params": "the decisions run was not begun",
    "invalid_candidates": "the candidates cannot be offered to a model",
    "invalid_answer": "the decision does not say what to do",
    "async_executor": "an executor has to be awaited where nothing is",
    "invalid_verification": "verify() gave neither True nor False",
    "verification_failed": "verify() says that the task is not done, and nothing else can be done",
    "step_limit": "the task is not done after max_steps steps; allow it more",
    "failed": "the decisions run stopped before the task was done",
    "cancelled": "the decisions run was cancelled",
}


class DecisionsToolRunnerError(OpenAIError, RuntimeError):
    """A run that stopped. What errors of callbacks and of the API say is not in it, what was done is.

    Args:
      reason: why, as one word.
      attempted: ids of the actions begun, in order; look at these before trying again.
      completed: ids of those that came to their end.
      detail: the place and what is wrong there.

    Source: same name, arguments and attributes as in the official SDK; `detail` is oxide's.
    """

    def __init__(self, reason: Reason, attempted: list[str], completed: list[str], detail: str = "") -> None:
        super().__init__(f"{_WORDS[reason]}: {detail}" if detail else _WORDS[reason])
        self.reason: Reason = reason
        self.attempted_candidate_ids = tuple(attempted)
        self.completed_candidate_ids = tuple(completed)


class DecisionsToolRunnerCancelledError(asyncio.CancelledError):
    """The task of a run was cancelled; what had been done by then.

    Args:
      attempted: ids of the actions begun, in order.
      completed: ids of those that came to their end.

    Source: same name, arguments and attributes as in the official SDK.
    """

    def __init__(self, attempted: list[str], completed: list[str]) -> None:
        super().__init__(_WORDS["cancelled"])
        self.reason: Literal["cancelled"] = "cancelled"
        self.attempted_candidate_ids = tuple(attempted)
        self.completed_candidate_ids = tuple(completed)

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)


class AsyncDecisionsToolRunner:
    """Lets a model choose among actions of the program, step by step, until the task is done::

        runner = AsyncDecisionsToolRunner(observe=read_page, candidates=possible_clicks, verify=is_booked)
        result = await runner.run(client, {"model": "gpt-5.2", "input": "Book a table"})

    That a model chose an action is no permission: the program decides what it offers. One run at a time.

    Args:
      observe: says how things stand; asked before each choice.
      candidates: given that, says what can be done; exactly one candidate is that the task is done.
      verify: given how things stand then, says whether the task is really done.

    Source: same name and methods as in the official SDK.
    """

    def __init__(
        self,
        *,
        observe: Callable[[], Awaitable[DecisionObservation]],
        candidates: Callable[[DecisionObservation], Awaitable[list[AsyncDecisionCandidate]]],
        verify: Callable[[DecisionObservation], Awaitable[bool]] | None = None,
    ) -> None:
        self.observe = observe
        self.candidates = candidates
        self.verify = verify
        self._lifecycle = ToolLifecycle("Decisions runner")

    def close(self) -> CloseStatus:
        """Let no further run in.

        Returns:
          `{"status": "closed"}`, or `draining` while a run is under way: it goes on to its end.
        """
        return self._lifecycle.close()

    async def run(
        self,
        client: AsyncOpenAI,
        params: DecisionsRunnerParams,
        *,
        max_steps: int = 20,
        cancelled: Callable[[], bool] | None = None,
        on_diagnostic: ToolDiagnosticObserver | None = None,
    ) -> DecisionsRunResult:
        """Observe, have the model choose, act, and so on until it chooses that the task is done.

        A step with nothing to choose from costs no request.

        Args:
          client: whom to ask.
          params: the model and the task.
          max_steps: choices there may be; the last one has to be that the task is done.
          cancelled: asked between steps whether to stop.
          on_diagnostic: told what was done, without content.

        Returns:
          How it ended, the decisions, and the ids of the actions begun and completed.

        Raises:
          DecisionsToolRunnerError: the run stopped before the task was done; `reason` says why.
          DecisionsToolRunnerCancelledError: the task it ran in was cancelled.
          RuntimeError: the runner is closed, or busy.

        Source: POST /decisions; same name and arguments as in the official SDK.
        """
        self._lifecycle.enter()
        run = _Run(self, client, cancelled, on_diagnostic)
        try:
            return await run.done(checked_params(params, max_steps), max_steps)
        except Refusal as refusal:
            if refusal.reason == "step_limit":
                run.tell("run", "step_limit", monotonic())
            raise run.error(refusal.reason, refusal.detail) from None
        except asyncio.CancelledError:
            raise DecisionsToolRunnerCancelledError(run.attempted, run.completed) from None
        except Exception as error:
            # Its text may hold what a page or a user said, which is not for every log.
            raise run.error("failed", f"{type(error).__name__} was raised") from None
        finally:
            self._lifecycle.exit()


class _Run:
    """One run: what was decided, begun and completed so far."""

    def __init__(
        self,
        runner: AsyncDecisionsToolRunner,
        client: AsyncOpenAI,
        cancelled: Callable[[], bool] | None,
        observer: ToolDiagnosticObserver | None,
    ) -> None:
        # As they are now: a callback may set others, for the next run.
        self._observe, self._candidates, self._verify = runner.observe, runner.candidates, runner.verify
        self._client = client
        self._cancelled = cancelled
        self._observer = observer
        self.decisions: list[Decision] = []
        self.attempted: list[str] = []
        self.completed: list[str] = []

    def error(self, reason: Reason, detail: str) -> DecisionsToolRunnerError:
        """The error for a run that stops here."""
        return DecisionsToolRunnerError(reason, self.attempted, self.completed, detail)

    def tell(
        self, stage: Any, reason: Any, started: float, call_id: str | None = None, usage: Any = None
    ) -> None:
        """Tell the observer, if there is one."""
        emit_tool_diagnostic(
            self._observer, "decisions", stage, reason, started, call_id=call_id, usage=usage
        )

    async def done(self, params: dict[str, Any], max_steps: int) -> DecisionsRunResult:
        """Go on until the task is done."""
        for step in range(1, max_steps + 1):
            self._check()
            observation = await self._observation()
            candidates = owned_candidates(await self._candidates(deepcopy(observation)))
            self._check()
            alone = len(candidates) == 1
            choice: Candidate | None = candidates[0]
            if not alone:
                choice = await self._choice(params, observation, candidates, following=step > 1)
            self.tell(
                "selection",
                "completed" if choice is not None else "refused",
                monotonic(),
                choice.id if choice is not None else None,
            )
            if choice is None:
                return self._result("refused")
            if choice.execute is not None:
                if step == max_steps:
                    raise Refusal("step_limit")
                await self._act(choice.id, choice.execute)
            elif self._verify is None:
                return self._result("unverified")
            elif await self._verified(self._verify, choice.id):
                return self._result("verified")
            elif alone:
                raise Refusal("verification_failed")
            elif step == max_steps:
                raise Refusal("step_limit")
        raise AssertionError("the last step either returns or raises")

    async def _observation(self) -> Any:
        owned = owned_observation(await self._observe())
        self._check()
        return owned

    async def _choice(
        self, params: dict[str, Any], observation: Any, candidates: list[Candidate], *, following: bool
    ) -> Candidate | None:
        headers = rotated_idempotency_headers(self._client, None) if following else None
        create: Any = self._client.decisions.create
        started = monotonic()
        try:
            answer = await create(**_request(params, observation, candidates), extra_headers=headers)
        except Exception:
            self.tell("request", "api_failed", started)
            raise
        self._check()
        decision: Decision = as_received(answer)
        choice = chosen(decision, candidates)
        self.decisions.append(decision)
        self.tell("request", "completed", started, usage=decision.usage)
        self._check()
        return choice

    async def _act(self, name: str, execute: Callable[..., Awaitable[object]]) -> None:
        self._check()
        self.attempted.append(name)
        started = monotonic()
        try:
            await invoke(execute, cancelled=self._cancelled)
        except (Exception, asyncio.CancelledError):
            self.tell("action", "driver_failed", started, name)
            raise
        self.tell("action", "completed", started, name)
        self.completed.append(name)
        self._check()

    async def _verified(self, verify: Callable[..., Awaitable[object]], name: str) -> bool:
        self._check()
        observation = await self._observation()
        started = monotonic()
        verification = await verify(deepcopy(observation))
        self.tell("verification", "completed" if verification is True else "refused", started, name)
        self._check()
        if not isinstance(verification, bool):
            raise Refusal("invalid_verification", f"it gave {type(verification).__name__}")
        return verification

    def _result(self, status: Literal["verified", "unverified", "refused"]) -> DecisionsRunResult:
        self._check()
        return {
            "status": status,
            "decisions": self.decisions,
            "attempted_candidate_ids": self.attempted,
            "completed_candidate_ids": self.completed,
        }

    def _check(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Refusal("cancelled", "cancelled() gave True")


def _request(params: dict[str, Any], observation: Any, candidates: list[Candidate]) -> dict[str, Any]:
    question = {
        "type": "choice",
        "name": QUESTION,
        "instructions": (
            "Choose what brings the task furthest from where things stand; "
            "once it is complete, choose that it is done."
        ),
        "choices": [
            {"value": candidate.id, "description": candidate.description} for candidate in candidates
        ],
    }
    messages = [{"role": "user", "content": content} for content in (params["input"], observation)]
    return {**params, "input": messages, "questions": [question]}
