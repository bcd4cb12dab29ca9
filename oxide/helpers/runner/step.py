"""One step of a run: a response, its calls in their order, and their outputs."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from oxide.helpers.replay import native_message_faults, native_reasoning_faults
from oxide.helpers.shapes import Faults, texts
from oxide.helpers.tool_diagnostics import emit_tool_diagnostic

from .approvals import approved_requests, use_approval
from .data import Item, is_program_caller, plain
from .functions import arguments_of
from .history import item_ids
from .items import computer_call_faults, function_call_faults, same_output
from .server_items import SERVER_ITEMS, server_item_faults
from .turn import ResponsesRunnerTurn, supplied_outputs

if TYPE_CHECKING:
    from oxide.types.responses.response import Response

    from .run import Run

__all__ = ["Step", "id_of"]


def id_of(call: Item) -> str:
    """What a call is known by: its call id, or the id of a request for approval."""
    return str(call["id"] if call["type"] == "mcp_approval_request" else call["call_id"])


class Step:
    """One response of a run, from the first item that is received of it.

    Args:
      run: the run.
      number: which response it is, from 1.

    Attributes:
      items: items taken so far, in their order.
      outputs: outputs of their calls.
      supplied: outputs that the user supplied, by call.
      received: what a ledger knows of the response, where it knows more than `items`.
      arguments: arguments of function calls, by call.
      deferred: whether calls wait until the whole response was looked at.
      browser_failed: whether a call of the browser failed, so that the ones after it are not made.
    """

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        self.number = number
        self._is_last = number == run.max_steps
        self.items: list[Item] = []
        self.outputs: list[Any] = []
        self.supplied: dict[str, Item] = {}
        self.received: list[Item] | None = None
        self.arguments: dict[str, Any] = {}
        self.deferred = False
        self.browser_failed = False
        self._open = False
        # As they were before this response: it is looked at twice, when it is streamed and when it is whole.
        self._seen = run.seen.copy()
        self._ids = item_ids(run.history)
        self._approved = approved_requests(run.history)
        self._streamed: dict[int, Item] = {}
        self._streamed_seen = self._seen.copy()
        self._streamed_ids = self._ids.copy()

    # -- as it arrives -----------------------------------------------------------------------------

    def receive(self, index: int, item: Item, early: tuple[frozenset[str], bool] | None) -> bool:
        """Note an item that was streamed.

        Args:
          index: its place in the response.
          item: the item.
          early: which tools may be called before the whole response was looked at; None for all.

        Returns:
          Whether it may be taken now. Once one has to wait, so do all that follow.

        Raises:
          ToolRunnerError: it is none that the run can take.
        """
        if index < 0 or index in self._streamed:
            raise self._run.error(f"output {index} was streamed twice")
        self._check_id(item, self._streamed_ids)
        is_call = self._check(item, self._streamed_seen)
        # A gap: what is missing may forbid what follows.
        if index != len(self._streamed) or (is_call and not _is_early(item, early)):
            self.deferred = True
        self._streamed[index] = item
        return not self.deferred

    def take(self, index: int, item: Item) -> bool:
        """Take the next item; whether it is a call, which has begun herewith.

        Args:
          index: its place in the response.
          item: the item.

        Raises:
          ToolRunnerError: it is not the next one, or none that the run can take.
        """
        self._run.check()
        if index != len(self.items):
            raise self._run.error(f"output {index} came where {len(self.items)} was due")
        is_call = self._check(item, self._run.seen)
        self.items.append(item)
        if is_call:
            self._run.attempted.append(id_of(item))
        return is_call

    def answer(self, call: Item, output: Any) -> None:
        """Note the output of a call.

        Args:
          call: the call.
          output: the item that goes back.
        """
        self.outputs.append(output)
        self._run.completed.append(id_of(call))

    # -- the whole ---------------------------------------------------------------------------------

    def look_at(self, response: Item, *, streamed: bool) -> bool:
        """Check a whole response before any call of it that is left is made.

        Args:
          response: the response.
          streamed: whether its items were received one by one.

        Returns:
          Whether it is the last of the run.

        Raises:
          ToolRunnerError: it is none that the run can take.
        """
        self._check_status(response)
        output: list[Item] = response["output"]
        seen, ids, has_calls = self._seen.copy(), self._ids.copy(), False
        for item in output:
            self._check_id(item, ids)
            has_calls |= self._check(item, seen)
            if item["type"] == "mcp_call":
                try:
                    use_approval(item, self._approved)
                except ValueError as error:
                    raise self._run.error(str(error)) from None
        if streamed:
            if not same_output([self._streamed[index] for index in sorted(self._streamed)], output):
                raise self._run.error("the complete response differs from what was streamed of it")
            if len(self.items) == len(output):
                return self.finish(response)
        if has_calls:
            return False
        for index in range(len(self.items), len(output)):
            self.take(index, output[index])
        return self.finish(response)

    def finish(self, response: Item) -> bool:
        """Add the response and the outputs of its calls to the input.

        Args:
          response: the response, all of whose calls were made.

        Returns:
          Whether it has none, and is the last of the run.

        Raises:
          ToolRunnerError: it differs from the items that were taken, or has neither calls nor an answer.
        """
        run = self._run
        run.check()
        self._check_status(response)
        output: list[Item] = response["output"]
        if not same_output(self.items, output):
            raise run.error("the complete response differs from the items whose calls were made")
        self.items = output
        if not self.outputs:
            if any(map(_is_answer, output)):
                return True
            raise run.error("the response has neither an answer nor a call")
        last = run.history[-1].get("type") if run.history else None
        if last == "compaction_trigger" and run.budget is not None and run.ledger is None:
            # It has done what it was for.
            run.history.pop()
        run.history.extend(output)
        run.history.extend(self.outputs)
        return False

    def turn(
        self, response: Response, output: list[Item], *, final: bool, blanket: bool
    ) -> ResponsesRunnerTurn:
        """What is handed out before the calls that are left are made.

        Args:
          response: the response, for the user.
          output: its items.
          final: whether it is the last of the run.
          blanket: whether all its calls were made as they came.
        """
        self._open = True
        run = self._run
        eligible = frozenset(
            item["call_id"]
            for item in output[len(self.items) :]
            if item["type"] == "function_call" and item["name"] in run.overrides
        )

        def supply(outputs: Any) -> None:
            if not self._open or (blanket and not eligible):
                raise ValueError("this turn takes no outputs: it is over, or its calls were made already")
            self.supplied = supplied_outputs(outputs, eligible)

        def append(text: Any) -> None:
            if not self._open or final or type(text) is not str or not text.strip():
                raise ValueError(
                    "text can be added to a turn that is under way and not the last, if there is any"
                )
            run.user_text.append(text)

        return ResponsesRunnerTurn(
            response=response,
            step=self.number,
            final=final,
            tools_executed=bool(self.outputs),
            attempted_call_ids=tuple(run.attempted),
            completed_call_ids=tuple(run.completed),
            _supply=supply,
            _append=append,
        )

    def close_turn(self) -> None:
        """Take no more outputs and texts for it."""
        self._open = False

    # -- single items ------------------------------------------------------------------------------

    def _check_status(self, response: Item) -> None:
        if response.get("status") != "completed":
            raise self._run.error(f"the response is {response.get('status')!r}, not completed")

    def _check_id(self, item: Item, known: set[str]) -> None:
        item_id = item.get("id")
        if isinstance(item_id, str):
            if item_id in known:
                raise self._run.error(f"the response has an item {item_id}, an id that was used before")
            known.add(item_id)

    def _check(self, item: Item, seen: set[str]) -> bool:
        """Whether an item is a call, once it is one that the run can take."""
        kind = item.get("type")
        try:
            plain(item)
        except ValueError as error:
            raise self._run.error(f"the response cannot be replayed: {error}") from None
        if kind in SERVER_ITEMS:
            return self._check_server_item(item, seen)
        if kind == "function_call":
            self._check_function_call(item)
        elif kind == "computer_call":
            if not self._run.request.has_computer or item.get("status") != "completed":
                raise self._run.error("a computer call came that is incomplete, or there is no computer")
            self._refuse(item, computer_call_faults(item))
        else:
            self._check_content(kind, item)
            return False
        if not self._run.request.selection.admits(item):
            raise self._run.error(f"a {kind} came, which tool_choice rules out")
        if item.get("status") not in (None, "completed"):
            raise self._run.error(f"a {kind} came that is incomplete")
        self._begin(item, item.get("call_id"), seen)
        if kind == "function_call":
            self._read_arguments(item)
        return True

    def _begin(self, item: Item, call_id: object, seen: set[str]) -> None:
        if self._is_last:
            raise self._run.error(
                f"after {self.number} requests the model still calls tools: raise max_steps"
            )
        if not isinstance(call_id, str) or call_id in seen:
            raise self._run.error(f"a {item['type']} came whose id {call_id!r} is missing or was used before")
        seen.add(call_id)

    def _check_server_item(self, item: Item, seen: set[str]) -> bool:
        run = self._run
        self._refuse(item, server_item_faults(item, run.request.tools))
        if item["type"] in ("mcp_call", "mcp_approval_request"):
            run.check_server(item)
        elif not run.request.selection.admits(item):
            raise run.error(f"a {item['type']} came, which tool_choice rules out")
        if item["type"] != "mcp_approval_request":
            return False
        self._begin(item, item["id"], seen)
        return True

    def _check_content(self, kind: object, item: Item) -> None:
        if kind == "message":
            if item.get("status") != "completed":
                raise self._run.error("the response has a message that is incomplete")
            self._refuse(item, native_message_faults(item))
        elif kind == "reasoning":
            self._refuse(item, native_reasoning_faults(item))
        elif kind == "compaction":
            self._refuse(item, texts(item, "id", "encrypted_content"))
        else:
            raise self._run.error(f"the response has an item of type {kind!r}, which a run cannot deal with")

    def _refuse(self, item: Item, faults: Faults) -> None:
        for path, fault in faults:
            raise self._run.error(f"the response cannot be replayed: {item['type']}{path}: {fault}")

    def _check_function_call(self, item: Item) -> None:
        run, name = self._run, item.get("name")
        declaration = run.request.function(name) if isinstance(name, str) else None
        if declaration is None:
            raise run.error(f"{name!r} was called, which is no function of this run")
        self._refuse(item, function_call_faults(item))
        # A function that was deferred gives its own name.
        if item.get("namespace") not in (None, name):
            raise run.error(f"{name} was called in the namespace {item['namespace']!r}, which it is not in")
        allowed = declaration.get("allowed_callers")
        caller = "programmatic" if is_program_caller(item.get("caller")) else "direct"
        if allowed is not None and (not isinstance(allowed, (list, tuple)) or caller not in allowed):
            raise run.error(f"{name} was called by a {caller} caller, which allowed_callers rules out")

    def _read_arguments(self, item: Item) -> None:
        function = self._run.functions.get(item["name"])
        if function is None or item["call_id"] in self.arguments:
            return
        started = monotonic()
        try:
            self.arguments[item["call_id"]] = arguments_of(item, function)
        except Exception:
            emit_tool_diagnostic(
                self._run.on_diagnostic,
                "responses",
                "arguments",
                "invalid_input",
                started,
                call_id=item["call_id"],
                member=item["name"],
            )
            raise


def _is_early(call: Item, early: tuple[frozenset[str], bool] | None) -> bool:
    if early is None:
        return True
    if call["type"] == "function_call":
        return call["name"] in early[0]
    return call["type"] == "computer_call" and early[1]


def _is_answer(item: Item) -> bool:
    if item["type"] == "message":
        return item.get("status") == "completed" and item.get("phase") != "commentary"
    return item["type"] in SERVER_ITEMS and item["type"] != "mcp_approval_request"
