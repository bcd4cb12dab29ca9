"""One response of a run, handed out before its tools are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from oxide.helpers.shapes import choices, got, texts

from .data import Item
from .functions import function_result

if TYPE_CHECKING:
    from oxide.types.responses.response import Response
    from oxide.types.responses.response_input_item_param import McpApprovalResponse
    from oxide.types.responses.response_input_param import ComputerCallOutput, FunctionCallOutput

    ToolOutput: TypeAlias = "FunctionCallOutput | ComputerCallOutput | McpApprovalResponse"
else:
    ToolOutput = Any

__all__ = ["ResponsesRunnerTurn", "ToolOutput", "supplied_outputs"]


@dataclass(frozen=True)
class ResponsesRunnerTurn:
    """A response, before the run goes on to call the tools it asks for.

    What is done to `response` changes nothing that the run does.

    Attributes:
      response: the response.
      step: which one it is, from 1.
      final: whether it is the last.
      tools_executed: whether some of its tools were called already, as an eager run does.
      attempted_call_ids: calls begun so far in the whole run.
      completed_call_ids: calls whose output was made.

    Source: same name and attributes as in the official SDK.
    """

    response: Response
    step: int
    final: bool
    tools_executed: bool
    attempted_call_ids: tuple[str, ...]
    completed_call_ids: tuple[str, ...]
    _supply: Callable[[list[FunctionCallOutput]], None] = field(repr=False, compare=False)
    _append: Callable[[str], None] = field(repr=False, compare=False)

    def supply_outputs(self, outputs: list[FunctionCallOutput]) -> None:
        """Answer calls of this turn in the place of their functions; a second time replaces the first.

        Args:
          outputs: `function_call_output` items, for functions registered with `allow_output_override`.

        Raises:
          ValueError: the turn is over, or an output is malformed or of a call that takes none.
        """
        self._supply(outputs)

    def append_user_text(self, text: str) -> None:
        """Say something to the model after the outputs of this turn.

        Args:
          text: what the user says.

        Raises:
          ValueError: the turn is over or the last, or the text is empty.
        """
        self._append(text)


def supplied_outputs(outputs: Any, eligible: frozenset[str]) -> dict[str, Item]:
    """Outputs that were supplied, checked and copied, by call.

    Args:
      outputs: as given to `supply_outputs`.
      eligible: the calls that take one.

    Raises:
      ValueError: an output is malformed, there twice, or of another call.
    """
    if type(outputs) is not list:
        raise ValueError(f"outputs: {got('a list of function_call_output items', outputs)}")
    made: dict[str, Item] = {}
    for number, given in enumerate(cast("list[object]", outputs)):
        place = f"outputs[{number}]"
        if type(given) is not dict:
            raise ValueError(f"{place}: {got('a dict with exactly type, call_id and output', given)}")
        output = cast("Item", given)
        if output.keys() != _KEYS:
            raise ValueError(f"{place}: {_other_keys(output)}")
        for path, fault in chain(
            choices(output, "type", ("function_call_output",)), texts(output, "call_id")
        ):
            raise ValueError(f"{place}{path}: {fault}")
        call_id = output["call_id"]
        if call_id in made:
            raise ValueError(f"{place}.call_id: {call_id!r} has an output already")
        if call_id not in eligible:
            raise ValueError(
                f"{place}.call_id: no call of this turn that takes an output is {call_id!r}; they are "
                f"{sorted(eligible)}, of functions registered with allow_output_override"
            )
        made[call_id] = {
            "type": "function_call_output",
            "call_id": call_id,
            "output": function_result(output["output"], place),
        }
    return made


_KEYS = frozenset(("type", "call_id", "output"))


def _other_keys(output: Item) -> str:
    missing = ", ".join(name for name in ("type", "call_id", "output") if name not in output)
    other = ", ".join(sorted(map(str, output.keys() - _KEYS)))
    return f"type, call_id and output are its keys; missing: {missing or 'none'}, too many: {other or 'none'}"
