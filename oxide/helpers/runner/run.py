"""A run from its first request to its last: what was said, which calls were begun, what may be done."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from oxide.helpers.shapes import Faults, got

from .approvals import approval_policy, approved_requests, is_listed_tool
from .budget import is_decision, measure, without
from .data import LARGEST, Item, is_natural, plain
from .errors import ToolRunnerError
from .history import check_history, has_observation, in_input
from .ledger import boundary_faults, recorded_tools, same_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxide.helpers.tool_diagnostics import ToolDiagnosticObserver

    from .budget import Budget
    from .functions import AsyncRegisteredFunction
    from .ledger import AsyncResponsesToolLedger
    from .request import RunRequest

__all__ = ["Run", "steps_of"]

_DEFAULT_STEPS = 20
_APPROVALS = ("mcp_approval_request", "mcp_approval_response", "mcp_call")


def steps_of(max_steps: int | None, saved: Item | None) -> int:
    """How many requests a run may make: as given, as in the run it goes on from, or 20.

    Args:
      max_steps: as given to the run.
      saved: the checkpoint it goes on from.

    Raises:
      ValueError: it is no positive integer.
    """
    place = f"max_steps={max_steps!r}"
    if max_steps is None and saved is not None:
        place, max_steps = "ledger.resume_from['max_steps']", saved.get("max_steps")
    elif max_steps is None:
        max_steps = _DEFAULT_STEPS
    if type(max_steps) is not int or max_steps < 1:
        raise ValueError(f"{place}: a positive integer is needed")
    return max_steps


class Run:
    """The state of a run between its steps.

    Args:
      request: what it asks for.
      functions: the functions it calls, by name.
      max_steps: how many requests it may make.
      cancelled: says whether it is to stop.
      on_diagnostic: is told what happens.
      budget: how large an input may get.
      ledger: where it writes itself down.
      saved: the checkpoint it goes on from, plain JSON.
      overrides: names of functions whose calls may be answered otherwise.
      browser_names: names of the browser's functions.

    Attributes:
      attempted: ids of calls begun.
      completed: ids of calls whose output was made.
      seen: ids of calls in the input.
      consumed: requests made, as far as a ledger knows.
      last_error: the error that was made last.
      user_text: what the user says at the end of the present turn.

    Raises:
      ValueError: the input cannot be replayed, or the checkpoint is none of this run's boundaries.
    """

    def __init__(
        self,
        request: RunRequest,
        functions: Mapping[str, AsyncRegisteredFunction],
        *,
        max_steps: int,
        cancelled: Callable[[], bool] | None,
        on_diagnostic: ToolDiagnosticObserver | None,
        budget: Budget | None,
        ledger: AsyncResponsesToolLedger | None,
        saved: Item | None,
        overrides: frozenset[str],
        browser_names: frozenset[str],
    ) -> None:
        self.request = request
        self.functions = functions
        self.max_steps = max_steps
        self.cancelled = cancelled
        self.on_diagnostic = on_diagnostic
        self.browser_names = browser_names
        self.overrides = overrides
        self.budget = budget
        self.ledger = ledger
        self.history = request.history
        self.attempted: list[str] = []
        self.completed: list[str] = []
        self.consumed = 0
        self.last_error: ToolRunnerError | None = None
        self.user_text: list[str] = []
        self._revision = 0
        self._restored_items = 0
        self.seen = set(map(str, filter(None, map(_call_id, self.history))))
        if ledger is None:
            return
        if type(ledger.run_id) is not str or not ledger.run_id:
            raise ValueError(f"ledger.run_id: {got('a text that is not empty', ledger.run_id)}")
        if not callable(ledger.save):
            raise ValueError(f"ledger.save: {got('an async function', ledger.save)}")
        request.tools = request.body["tools"] = plain(request.tools, omitted=True)
        if saved is not None:
            self._restore(saved, ledger)
        self.check_boundary()

    # -- stopping ----------------------------------------------------------------------------------

    def error(self, message: str) -> ToolRunnerError:
        """An error with the calls so far.

        Args:
          message: why the run stops.
        """
        self.last_error = ToolRunnerError(message, self.attempted, self.completed)
        return self.last_error

    def check(self) -> None:
        """Stop where the run is to be cancelled.

        Raises:
          ToolRunnerError: it is.
        """
        if self.cancelled is not None and self.cancelled():
            raise self.error("the run was cancelled")

    # -- what goes into a request ------------------------------------------------------------------

    def say(self) -> bool:
        """Add what the user says after a turn to the input; whether that is anything."""
        said, self.user_text = self.user_text, []
        self.history.extend({"role": "user", "content": text} for text in said)
        return bool(said)

    async def fitting_input(self) -> list[Item]:
        """The input of the next request, made to fit the budget.

        Raises:
          ToolRunnerError: it does not fit, or cannot be replayed.
        """
        if self.budget is None:
            return self.history
        with self._said():
            self.check_boundary()
        size = measure(self.history)
        if self.budget.fits(size):
            return self.history
        if self.budget.compact is None:
            raise self.error(
                f"the input has {size.bytes} bytes and {size.images} images, above context_budget"
            )
        snapshot = self.budget.snapshot(self.history, size)
        # A copy: `compact` gets the list.
        eligible = list(snapshot["eligible_call_ids"])
        decision: Any = self.budget.compact(snapshot)
        if inspect.isawaitable(decision):
            decision = await decision
        self.check()
        if not is_decision(decision, eligible):
            raise self.error("compact returned no decision: drop_call_ids of eligible calls, and a summary")
        fitting = without(self.history, decision)
        with self._said():
            check_history(fitting, self.request.tools, recorded=self.ledger is not None)
        if not self.budget.fits(size := measure(fitting)):
            raise self.error(f"{size.bytes} bytes and {size.images} images are still above context_budget")
        return fitting

    def open_approvals(self) -> Iterator[tuple[Item, Item]]:
        """Approvals in the input that were given and not used yet, each with what was asked for.

        Raises:
          ToolRunnerError: the approvals and calls in the input do not belong together, or a server was asked
            for that this run does not let the model use.
        """
        if self.consumed >= self.max_steps:
            return
        found = [item for item in self.history if item.get("type") in _APPROVALS]
        if not found:
            return
        with self._said():
            if self.budget is not None and self.ledger is None:
                self.check_boundary()
            elif self.ledger is None:
                numbers = [n for n, item in enumerate(self.history) if item.get("type") in _APPROVALS]
                check_history(found, self.request.tools, place=lambda number: self._place(numbers[number]))
            approved = approved_requests(found)
        for item in found:
            if item["type"] == "mcp_approval_response" and item["approve"]:
                asked = approved.get(item["approval_request_id"])
                if asked is not None:
                    self.check_server(asked)
                    yield item, asked

    def check_server(self, item: Item) -> None:
        """Check a call of an MCP server, or a request to approve one, against what was declared.

        Args:
          item: the item.

        Raises:
          ToolRunnerError: the declaration or `tool_choice` says otherwise.
        """
        name = item["name"]
        declaration = self.request.mcp_server(item["server_label"])
        if declaration is not None:
            policy = approval_policy(declaration, name)
            if item["type"] == "mcp_approval_request":
                if policy == "never":
                    raise self.error(f"approval of {name} was asked for, which require_approval rules out")
            elif policy == "always" and item.get("approval_request_id") is None:
                raise self.error(f"{name} was called without the approval that require_approval asks for")
            if not is_listed_tool(declaration, name):
                raise self.error(f"{name} is none of the server's allowed_tools")
        if not self.request.selection.admits(item):
            raise self.error(f"{name} was called, which tool_choice rules out")

    # -- the ledger --------------------------------------------------------------------------------

    def check_boundary(self) -> None:
        """Check that nothing is open: the run may stop here and go on later.

        Raises:
          ValueError: the input cannot be replayed, or a call was begun and not ended.
        """
        for place, count, most in (
            ("max_steps", self.max_steps, LARGEST),
            ("ledger.resume_from['consumed_requests']", self.consumed, self.max_steps),
            ("ledger.resume_from['revision']", self._revision, LARGEST - 1),
        ):
            if not is_natural(count, 0, most):
                raise ValueError(f"{place}: an integer from 0 to {most} is needed")
        history = plain(self.history)
        recorded = self.ledger is not None or self.budget is None
        self.seen = check_history(history, self.request.tools, recorded=recorded, place=self._place)
        ids: list[Any] = self.attempted
        ended: list[Any] = self.completed
        lacking = [i for i in ids if not (isinstance(i, str) and i in self.seen and i in ended)]
        if lacking:
            found = ", ".join(repr(i) if isinstance(i, str) else type(i).__name__ for i in lacking)
            raise ValueError(f"calls were begun that have no output in the input: {found}")
        if ids != ended:
            raise ValueError(
                "the ids of the calls begun and of those that returned differ in order or number"
            )
        if len(set(ids)) != len(ids):
            raise ValueError(
                f"calls were begun twice: {', '.join(sorted({repr(i) for i in ids if ids.count(i) > 1}))}"
            )

    @contextmanager
    def _said(self) -> Generator[None]:
        """What is wrong with the input may be told: it names places, and nothing that was said in them."""
        try:
            yield
        except ValueError as error:
            raise self.error(str(error)) from None

    def _place(self, number: int) -> str:
        if number < self._restored_items:
            return f"ledger.resume_from['history'][{number}]"
        return in_input(number - self._restored_items)

    def _restore(self, saved: Item, ledger: AsyncResponsesToolLedger) -> None:
        for path, fault in chain(boundary_faults(saved), self._other_run(saved, ledger)):
            raise ValueError(f"ledger.resume_from{path}: {fault}")
        fresh = self.history
        if not has_observation(fresh):
            raise ValueError(
                "params['input']: a run that goes on has to be told how things are now, by the user"
            )
        self._revision = saved["revision"]
        self.consumed = saved["consumed_requests"]
        self.attempted = saved["attempted_call_ids"]
        self.completed = saved["returned_call_ids"]
        self.history = saved["history"]
        self._restored_items = len(self.history)
        self.check_boundary()
        self.history = [*self.history, *fresh]

    def _other_run(self, saved: Item, ledger: AsyncResponsesToolLedger) -> Faults:
        """How a checkpoint differs from those of this run."""
        if saved["run_id"] != ledger.run_id:
            yield "['run_id']", "it is not the ledger's run_id"
        steps = saved["max_steps"]
        if type(steps) is not int:
            yield "['max_steps']", got("an integer", steps)
        elif steps != self.max_steps:
            yield "['max_steps']", f"it is {steps}, and the run's is {self.max_steps}: give the same or none"
        if not same_json(saved["tools"], recorded_tools(self.request.tools)):
            yield "['tools']", "they are not the tools of this run"
        if saved["output_override_names"] != (names := sorted(self.overrides)):
            yield "['output_override_names']", f"this run's functions with allow_output_override are {names}"
        if not is_natural(saved["revision"], 1):
            yield "['revision']", "a positive integer is needed"

    async def save(
        self,
        phase: Literal["boundary", "pending", "final"],
        items: list[Item] | None = None,
        outputs: list[Any] | None = None,
        response: Item | None = None,
    ) -> None:
        """Write the run down, where it has a ledger.

        Args:
          phase: where it is.
          items: what is pending.
          outputs: the outputs there are of it.
          response: the last response.

        Raises:
          ToolRunnerError: it is at no boundary.
          ValueError: there are no revisions left.
        """
        if self.ledger is None:
            return
        if phase == "boundary":
            with self._said():
                self.check_boundary()
        if self._revision >= LARGEST:
            raise ValueError("the ledger is full: it has no revisions left")
        self._revision += 1
        if response is not None and "tools" in response:
            response = {**response, "tools": recorded_tools(response["tools"])}
        checkpoint = plain(
            {
                "version": 1,
                "run_id": self.ledger.run_id,
                "revision": self._revision,
                "phase": phase,
                "max_steps": self.max_steps,
                "consumed_requests": self.consumed,
                "tools": recorded_tools(self.request.tools),
                "output_override_names": sorted(self.overrides),
                "history": self.history,
                "attempted_call_ids": self.attempted,
                "returned_call_ids": self.completed,
                "pending_items": items or [],
                "returned_outputs": outputs or [],
                "final_response": response,
            }
        )
        await self.ledger.save(checkpoint)


def _call_id(item: Item) -> str | None:
    """What a call, its output or a request for approval is known by."""
    found = item.get("call_id")
    if isinstance(found, str):
        return found
    if (
        "call_id" not in item
        and item.get("type") == "mcp_approval_request"
        and isinstance(item.get("id"), str)
    ):
        return str(item["id"])
    return None
