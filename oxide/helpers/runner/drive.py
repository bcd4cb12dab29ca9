"""Drives a run: asks for responses, looks at them, makes their calls, writes it all down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, cast

from oxide.helpers.replay import received, sent_back
from oxide.helpers.shapes import got
from oxide.helpers.tool_diagnostics import emit_tool_diagnostic
from oxide.helpers.tool_lifecycle import rotated_idempotency_headers

from .budget import Budget, check_budget
from .calls import Calls, as_model
from .data import Item, plain
from .errors import ToolRunnerCancelledError
from .ledger import AsyncResponsesToolLedger
from .request import RunRequest, read_params
from .run import Run, steps_of
from .server_items import SERVER_ITEMS, has_failed
from .step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oxide.client import AsyncOpenAI
    from oxide.helpers.tool_diagnostics import ToolDiagnosticObserver
    from oxide.types.responses.response import Response

    from .budget import AsyncContextBudget
    from .calls import BrowserTools, ComputerTools
    from .functions import AsyncRegisteredFunction
    from .turn import ResponsesRunnerTurn

__all__ = ["Answer", "Drive", "RunOptions", "Tools"]


@dataclass(frozen=True)
class Tools:
    """What a runner was made of."""

    declared: list[Any]
    functions: Mapping[str, AsyncRegisteredFunction]
    browser: BrowserTools | None
    computer: ComputerTools | None
    browser_names: frozenset[str]
    early: tuple[frozenset[str], bool] | None
    overrides: frozenset[str]


@dataclass(frozen=True)
class RunOptions:
    """The options of `run` and `iterate`, which describe them."""

    max_steps: int | None
    stream: bool
    eager: bool
    max_concurrent_calls: int
    on_event: Callable[[Any], Awaitable[None]] | None
    cancelled: Callable[[], bool] | None
    approve_safety_checks: Callable[[Any], Awaitable[bool]] | None
    before_action: Callable[[Any], Awaitable[bool]] | None
    ledger: AsyncResponsesToolLedger | None
    context_budget: AsyncContextBudget | None
    on_diagnostic: ToolDiagnosticObserver | None
    approve_mcp: Callable[[Any], Awaitable[bool]] | None
    before_early_call: Callable[[Any], Awaitable[Literal["execute", "defer"]]] | None


class Answer:
    """A response, and what the run keeps of it: the user may change the response.

    Args:
      response: the response.

    Attributes:
      data: the response as it came.
      items: it with its output as it is sent back.
    """

    def __init__(self, response: Response) -> None:
        self.response = response
        self.data = received(response)
        self.items: Item = {**self.data, "output": [sent_back(item) for item in self.data["output"]]}

    @property
    def output(self) -> list[Item]:
        """Its items."""
        return cast("list[Item]", self.items["output"])


class Drive:
    """One run of a runner.

    Args:
      tools: what the runner was made of.
      client: the client.
      params: keywords of `responses.create`.
      options: those of the run.

    Raises:
      ValueError: an option or a parameter is not what it should be.
    """

    def __init__(
        self, tools: Tools, client: AsyncOpenAI, params: Mapping[str, Any], options: RunOptions
    ) -> None:
        limit = options.max_concurrent_calls
        if type(limit) is not int or limit < 1:
            raise ValueError(f"max_concurrent_calls={limit!r}: a positive integer is needed")
        ledger, budget = options.ledger, options.context_budget
        if ledger is not None and not isinstance(cast("object", ledger), AsyncResponsesToolLedger):
            raise ValueError(f"ledger: {got('an AsyncResponsesToolLedger', ledger)}")
        given = read_params(params, recorded=ledger is not None, budgeted=budget is not None)
        saved: Any = None if ledger is None or ledger.resume_from is None else plain(ledger.resume_from)
        if saved is not None and not isinstance(saved, dict):
            raise ValueError(f"ledger.resume_from: {got('a whole checkpoint', saved)}")
        checkpoint = cast("Item | None", saved)
        max_steps = steps_of(options.max_steps, checkpoint)
        if options.eager and not options.stream:
            raise ValueError("eager=True: calls can be made early only in a stream; pass stream=True")
        self._request = RunRequest(given, tools.declared)
        if budget is not None:
            check_budget(budget)
            if given.get("truncation") == "auto":
                raise ValueError(
                    "context_budget: not together with params['truncation']='auto'; leave one out"
                )
            if given.get("context_management"):
                raise ValueError(
                    "context_budget: not together with params['context_management']; leave one out"
                )
            if given.get("truncation") is None:
                self._request.body["truncation"] = "disabled"
        self.run = Run(
            self._request,
            tools.functions,
            max_steps=max_steps,
            cancelled=options.cancelled,
            on_diagnostic=options.on_diagnostic,
            budget=None if budget is None else Budget(budget, tools.browser_names),
            ledger=ledger,
            saved=checkpoint,
            overrides=tools.overrides,
            browser_names=tools.browser_names,
        )
        self._options = options
        self._calls = Calls(
            self.run,
            tools.browser,
            tools.computer,
            approve_mcp=options.approve_mcp,
            approve_safety_checks=options.approve_safety_checks,
            before_action=options.before_action,
        )
        # What a server's tool did may forbid a call: none is made before the whole response was looked at.
        self._eager = options.eager and not self._request.has_server_tools
        self._early = tools.early if self._eager else None
        if self._eager and self._early is None and options.before_early_call is not None:
            names = frozenset(tool["name"] for tool in tools.declared if tool["type"] == "function")
            self._early = (names, tools.computer is not None)
        # A repeated request could run a remote tool twice, or make two responses of one recorded request.
        once = ledger is not None or self._request.has_mcp
        self._client = client.with_options(max_retries=0) if once else client

    # -- the steps ---------------------------------------------------------------------------------

    async def renew_approvals(self) -> None:
        """Ask again about approvals that came with the input: who gave them may have changed their mind."""
        for answer, asked in self.run.open_approvals():
            answer["approve"] = await self._calls.approve(asked)

    async def turns(self) -> AsyncGenerator[ResponsesRunnerTurn, None]:
        """The turns of the run, one per request.

        Raises:
          Exception: the run stopped.
        """
        for number in range(self.run.consumed + 1, self.run.max_steps + 1):
            step = Step(self.run, number)
            answer = await self._ask(step)
            final = await self._look_at(step, answer)
            try:
                yield step.turn(answer.response, answer.output, final=final, blanket=self._is_blanket)
            finally:
                step.close_turn()
            if final:
                return
            await self._go_on(step, answer)
        raise self.run.error(f"after {self.run.max_steps} requests there is no answer: raise max_steps")

    async def _ask(self, step: Step) -> Answer:
        """Make the request of a step; an eager run makes calls while the response is streamed.

        Args:
          step: the step.

        Raises:
          Exception: the request or a call failed, or the run is to stop.
        """
        run, options = self.run, self._options
        run.check()
        request = dict(self._request.body)
        if step.number > 1:
            headers = rotated_idempotency_headers(self._client, request.get("extra_headers"))
            if headers is not None:
                request["extra_headers"] = headers
        request["input"] = await run.fitting_input()
        if run.ledger is not None:
            run.consumed = step.number
            await run.save("pending" if self._request.has_server_tools else "boundary")
            run.check()
        began = monotonic()
        try:
            if options.stream:
                response = await self._stream(step, request)
            else:
                response = await self._create(request)
        except (Exception, asyncio.CancelledError) as error:
            reason: Any = "cancelled" if isinstance(error, asyncio.CancelledError) else "api_failed"
            emit_tool_diagnostic(options.on_diagnostic, "responses", "request", reason, began)
            raise
        answer = Answer(response)
        usage: object = answer.data.get("usage")
        emit_tool_diagnostic(options.on_diagnostic, "responses", "request", "completed", began, usage=usage)
        run.check()
        return answer

    async def _look_at(self, step: Step, answer: Answer) -> bool:
        """Check a response and write it down, before the calls of it that are left are made.

        Args:
          step: its step.
          answer: the response.

        Returns:
          Whether it is the last.
        """
        run = self.run
        if any(item.get("type") in SERVER_ITEMS and has_failed(item) for item in answer.output):
            # What follows raises; a ledger has to show what the server did.
            step.received = answer.output
            await run.save("pending", answer.output)
        final = step.look_at(answer.items, streamed=self._eager)
        if run.ledger is not None:
            if final:
                await run.save("final", response=answer.data)
            elif self._is_done(step, answer):
                await run.save("boundary")
            else:
                step.received = answer.output
                await run.save("pending", answer.output, step.outputs)
            run.check()
        return final

    def _is_done(self, step: Step, answer: Answer) -> bool:
        """Whether all calls of a response were made while it was streamed."""
        return self._eager and len(step.items) == len(answer.output)

    @property
    def _is_blanket(self) -> bool:
        """Whether all calls are made as they come."""
        return self._eager and self._early is None

    async def _go_on(self, step: Step, answer: Answer) -> None:
        """Make the calls that are left of a response.

        Args:
          step: its step.
          answer: the response.
        """
        run = self.run
        left = not self._is_done(step, answer)
        if left:
            for index in range(len(step.items), len(answer.output)):
                await self._calls.make(step, index, answer.output[index])
            step.finish(answer.items)
        if run.say() or left:
            await run.save("boundary")
            if run.ledger is not None:
                run.check()

    async def stopped(self, error: Exception | asyncio.CancelledError) -> BaseException:
        """What the run raises for an error, once all calls under way have ended.

        Args:
          error: what stopped it. It may hold the user's data, so only what the run itself said is passed on,
            and of others of which type they are.
        """
        run = self.run
        said = f"the run stopped before it was complete: {type(error).__name__} was raised"
        if error is run.last_error:
            said = str(error)
        # The first error is the one that counts.
        with suppress(BaseException):
            await self._calls.settle()
        if isinstance(error, asyncio.CancelledError):
            return ToolRunnerCancelledError(run.attempted, run.completed)
        return run.error(said)

    def _create(self, request: Item) -> Any:
        responses: Any = self._client.responses
        return responses.create(**request)

    # -- streams -----------------------------------------------------------------------------------

    async def _stream(self, step: Step, request: Item) -> Response:
        from oxide.helpers.response_stream import AsyncResponseStream

        raw = await self._create({**request, "stream": True})
        events: AsyncResponseStream[Any]
        async with AsyncResponseStream(raw_stream=raw, input_tools=self._request.tools) as events:
            async for event in events:
                self.run.check()
                if self._options.on_event is not None:
                    # A delta is read by nobody after this; all else may hold a call that is still to be made.
                    copied = event if event.type.endswith(".delta") else event.model_copy(deep=True)
                    await self._options.on_event(copied)
                self.run.check()
                if event.type == "response.output_item.done":
                    await self._item_done(step, event.output_index, received(event.item))
            await self._calls.settle()
            return await events.get_final_response()

    async def _item_done(self, step: Step, index: int, whole: Item) -> None:
        run, item = self.run, sent_back(whole)
        if run.ledger is not None and self._options.eager:
            step.received = [*(step.received or ()), item]
            # The first shows that the response has begun, a server's item what was done.
            if len(step.received) == 1 or item.get("type") in SERVER_ITEMS:
                await run.save("pending", step.received, step.outputs)
            run.check()
        if not self._eager:
            return
        if not (step.receive(index, item, self._early) and await self._is_let(step, whole)):
            await self._calls.settle()
        elif self._calls.is_independent(item):
            if self._calls.start(step, index, item) == self._options.max_concurrent_calls:
                await self._calls.settle()
        else:
            await self._calls.settle()
            await self._calls.make(step, index, item)

    async def _is_let(self, step: Step, item: Item) -> bool:
        """Ask whether a call may be made early."""
        ask = self._options.before_early_call
        if ask is None or item["type"] not in ("function_call", "computer_call"):
            return True
        decision = cast("object", await ask(as_model(item)))
        self.run.check()
        if decision not in ("execute", "defer"):
            raise self.run.error(f"before_early_call returned {decision!r}: 'execute' or 'defer' is needed")
        step.deferred |= decision == "defer"
        return decision == "execute"
