"""Functions that a run calls: how they are registered, what they are given and what they may give back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from typing_extensions import TypedDict

from oxide.helpers.shapes import Faults, choices, got, listed, optional_texts, texts

from .data import Item, is_text

if TYPE_CHECKING:
    import pydantic

    from oxide.types.responses.function_tool_param import FunctionToolParam
    from oxide.types.responses.response_function_call_output_item_list_param import (
        ResponseFunctionCallOutputItemListParam,
    )

    FunctionResult: TypeAlias = "str | ResponseFunctionCallOutputItemListParam"
else:
    FunctionResult = Any

__all__ = [
    "AsyncRegisteredFunction",
    "EarlyExecution",
    "FunctionResult",
    "arguments_of",
    "early_tools",
    "function_result",
    "registered",
    "result_faults",
]

ModelT = TypeVar("ModelT", bound="pydantic.BaseModel")


class EarlyExecution(TypedDict, total=False):
    """Which tools may run before the whole answer was looked at, in a run with `stream` and `eager`.

    The first call of another tool holds back all that come after it, until the run is advanced. Without it an
    eager run calls everything early.

    Keys: `functions`, names of registered functions; `computer`, whether computer calls are among them.

    Source: same name and keys as in the official SDK.
    """

    functions: list[str]
    computer: bool


@dataclass(frozen=True)
class AsyncRegisteredFunction:
    """A function tool and what is awaited when the model calls it.

    Args:
      tool: the tool, as `responses.create` takes it.
      execute: gets the call's arguments as a dict, and `cancelled` where it has such a parameter; returns
        text or a list of `input_text`, `input_image` and `input_file` blocks.
      allow_output_override: whether `turn.supply_outputs` may answer its calls instead.
      independent: whether an eager run may call it while other independent functions run.

    Source: same name and arguments as in the official SDK.
    """

    tool: FunctionToolParam
    execute: Callable[[dict[str, object]], Awaitable[FunctionResult]]
    allow_output_override: bool = False
    independent: bool = False
    _parsed_tool: FunctionToolParam | None = field(default=None, repr=False)

    @classmethod
    def from_tool(
        cls,
        tool: FunctionToolParam,
        *,
        execute: Callable[[ModelT], Awaitable[FunctionResult]],
        allow_output_override: bool = False,
        independent: bool = False,
    ) -> AsyncRegisteredFunction:
        """Register a pydantic model's tool: `execute` gets an instance of the model.

        Args:
          tool: what `oxide.lib.pydantic_responses_function_tool` made.
          execute: gets the arguments as the model.
          allow_output_override: whether `turn.supply_outputs` may answer its calls instead.
          independent: whether an eager run may call it while other independent functions run.

        Returns:
          The function, for `functions` of a runner.

        Raises:
          ValueError: the tool is none of a model, or `execute` cannot be called.

        Source: same name and arguments as in the official SDK.
        """
        from oxide.helpers.tools import PydanticFunctionTool

        given = cast("object", tool)
        if not (isinstance(given, PydanticFunctionTool) and given.get("type") == "function"):
            raise ValueError("tool: make it of a model, with pydantic_responses_function_tool")
        if not callable(execute):
            raise ValueError("execute: an async function of one argument is needed")
        return cls(tool, cast("Any", execute), allow_output_override, independent, deepcopy(tool))


def registered(
    browser_tools: Iterable[Any], has_computer: bool, functions: Iterable[AsyncRegisteredFunction]
) -> list[Any]:
    """The tools of a runner: the browser's, the functions, and the computer.

    Args:
      browser_tools: those of the browser.
      has_computer: whether there is a computer.
      functions: functions to be called.

    Raises:
      ValueError: a function cannot be called, has an option that is not a truth value, no name, or the name
        of another one.
    """
    tools = list(browser_tools)
    names = {tool["name"] for tool in tools}
    for number, function in enumerate(functions):
        if not isinstance(cast("object", function), AsyncRegisteredFunction):
            raise ValueError(f"functions[{number}]: {got('an AsyncRegisteredFunction', function)}")
        tool = cast("Item", deepcopy(dict(function.tool)))
        name = tool["name"]
        if not name:
            raise ValueError(f"functions[{number}].tool['name']: a name is needed")
        place = f"functions[{name!r}]"
        if not callable(function.execute):
            raise ValueError(f"{place}.execute: {got('an async function', function.execute)}")
        for option in ("allow_output_override", "independent"):
            if type(getattr(function, option)) is not bool:
                raise ValueError(f"{place}.{option}: {got('True or False', getattr(function, option))}")
        if tool["type"] != "function":
            raise ValueError(f"{place}.tool['type']: 'function' is needed, got {tool['type']!r}")
        if name in names:
            raise ValueError(f"{place}: another tool has this name; give it one of its own")
        names.add(name)
        tools.append(tool)
    if has_computer:
        tools.append({"type": "computer"})
    return tools


def early_tools(early: EarlyExecution | None, tools: list[Any]) -> tuple[frozenset[str], bool] | None:
    """What an `early_execution` lets run early: names of functions, and whether computer calls.

    Args:
      early: as given to the runner; None lets an eager run call everything.
      tools: the runner's tools.

    Raises:
      ValueError: it names something that is not registered, or is none.
    """
    if early is None:
        return None
    if type(cast("object", early)) is not dict:
        raise ValueError(f"early_execution: {got('a dict', early)}")
    for key in early.keys() - {"functions", "computer"}:
        raise ValueError(f"early_execution: it has no {key!r}, only functions and computer")
    names: object = early.get("functions", [])
    known = {tool["name"] for tool in tools if tool["type"] == "function"}
    if type(names) is not list:
        raise ValueError(f"early_execution['functions']: {got('a list of names', names)}")
    chosen = cast("list[object]", names)
    for number, name in enumerate(chosen):
        place = f"early_execution['functions'][{number}]"
        if name not in known:
            raise ValueError(f"{place}: {name!r} is not registered; registered are {sorted(known)}")
        if name in chosen[:number]:
            raise ValueError(f"{place}: {name!r} is there twice")
    computer: object = early.get("computer", False)
    if type(computer) is not bool:
        raise ValueError(f"early_execution['computer']: {got('True or False', computer)}")
    if computer and all(tool["type"] != "computer" for tool in tools):
        raise ValueError("early_execution['computer']: True needs a runner with a computer")
    return frozenset(cast("list[str]", chosen)), computer


def arguments_of(call: Item, function: AsyncRegisteredFunction | None = None) -> Any:
    """The arguments of a call: an instance of the function's model where it has one, else a dict.

    Args:
      call: an item of type `function_call`.
      function: what is to be called.

    Raises:
      ValueError: they are no JSON object, or do not fit the model.
    """
    tool = None if function is None else function._parsed_tool  # pyright: ignore[reportPrivateUsage]
    if tool is not None:
        from oxide.helpers.given_tools import parse_arguments

        return parse_arguments([tool], call["name"], call["arguments"], namespace=call.get("namespace"))
    try:
        arguments = json.loads(call["arguments"], parse_constant=_not_json)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise ValueError(got("a JSON object", arguments))
    return cast("Item", arguments)


def _not_json(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


# -- results ---------------------------------------------------------------------------------------

_BLOCKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # What is in a block, and of that where its content may be: in one of these at least.
    "input_text": (("text",), ()),
    "input_image": (("file_id", "image_url", "detail"), ("image_url", "file_id")),
    "input_file": (
        ("file_data", "file_id", "file_url", "filename", "detail"),
        ("file_data", "file_id", "file_url"),
    ),
}
_DETAILS: dict[str, tuple[str | None, ...]] = {
    "input_image": (None, "auto", "low", "high", "original"),
    "input_file": ("auto", "low", "high"),
}


def function_result(value: Any, place: str = "") -> Any:
    """A function's output as it is sent: text, or blocks, checked and copied.

    Args:
      value: what the function returned, or what was supplied instead.
      place: where that is, for the error.

    Raises:
      ValueError: it is neither text nor a list of blocks, or a block has other fields than such blocks have.
    """
    for path, fault in result_faults({"output": value}):
        raise ValueError(f"{place}{path if place else path[1:]}: {fault}")
    return deepcopy(value)


def result_faults(item: Item) -> Faults:
    """What is wrong with the `output` of a function: it has to be text, or a list of blocks.

    Args:
      item: what has the output.
    """
    output = item.get("output")
    if type(output) is list:
        yield from listed(item, "output", _block_faults)
    elif type(output) is not str:
        yield ".output", got("text or a list of blocks", output)


def _block_faults(given: object) -> Faults:
    if type(given) is not dict:
        yield "", got("an object", given)
        return
    block = cast("Item", given)
    if any(type(name) is not str for name in block):
        yield "", "names of fields are text"
        return
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _BLOCKS:
        yield ".type", f"one of {', '.join(_BLOCKS)} is needed"
        return
    names, places = _BLOCKS[kind]
    for name in sorted(block.keys() - {"type", "prompt_cache_breakpoint", *names}):
        yield f".{name}", f"{kind} has no such field"
    if kind == "input_text":
        yield from texts(block, "text")
    yield from optional_texts(block, *names)
    if kind in _DETAILS and "detail" in block:
        yield from choices(block, "detail", _DETAILS[kind])
    if places and not any(is_text(block.get(place)) and block[place].strip() for place in places):
        yield "", f"one of {', '.join(places)} is needed"
    if block.get("prompt_cache_breakpoint") not in (None, {"mode": "explicit"}):
        yield ".prompt_cache_breakpoint", "{'mode': 'explicit'} is needed"
