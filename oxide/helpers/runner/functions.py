"""Functions that a run calls: how they are registered, what they are given and what they may give back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from typing_extensions import TypedDict

from .data import Item, is_text, optional_text

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
    for function in functions:
        if not isinstance(cast("object", function), AsyncRegisteredFunction) or not callable(
            function.execute
        ):
            raise ValueError(f"functions: an AsyncRegisteredFunction is needed, got {function!r}")
        for option in ("allow_output_override", "independent"):
            if type(getattr(function, option)) is not bool:
                raise ValueError(f"{option}={getattr(function, option)!r}: True or False is needed")
        tool = cast("Item", deepcopy(dict(function.tool)))
        name = tool["name"]
        if tool["type"] != "function" or not name or name in names:
            raise ValueError(f"functions: {name!r} is no function tool with a name of its own")
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
    if type(cast("object", early)) is not dict or early.keys() - {"functions", "computer"}:
        raise ValueError("early_execution: a dict with `functions` and `computer` is needed, nothing else")
    names: object = early.get("functions", [])
    known = {tool["name"] for tool in tools if tool["type"] == "function"}
    if type(names) is not list:
        raise ValueError("early_execution: `functions` has to be a list of names")
    chosen = cast("list[object]", names)
    if any(name not in known for name in chosen) or len(set(chosen)) != len(chosen):
        raise ValueError(f"early_execution: name registered functions, each once; there are {sorted(known)}")
    computer: object = early.get("computer", False)
    if type(computer) is not bool:
        raise ValueError(f"early_execution: computer={computer!r} has to be True or False")
    if computer and all(tool["type"] != "computer" for tool in tools):
        raise ValueError("early_execution: computer=True needs a runner with a computer")
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
    arguments = json.loads(call["arguments"], parse_constant=_not_json)
    if not isinstance(arguments, dict):
        raise ValueError("the arguments of a function have to be a JSON object")
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


def function_result(value: Any) -> Any:
    """A function's output as it is sent: text, or blocks, checked and copied.

    Args:
      value: what the function returned, or what was supplied instead.

    Raises:
      ValueError: it is neither text nor a list of blocks, or a block has other fields than such blocks have.
    """
    if type(value) is str:
        return value
    if type(value) is not list:
        raise ValueError(f"an output is text or a list of blocks, not {type(value).__name__}")
    return [_block(entry) for entry in cast("list[object]", value)]


def _block(given: object) -> Item:
    if type(given) is not dict or any(type(name) is not str for name in cast("Item", given)):
        raise ValueError("a block of an output is a dict")
    block = cast("Item", given)
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _BLOCKS:
        raise ValueError(f"type={kind!r}: a block of an output is one of {', '.join(_BLOCKS)}")
    names, places = _BLOCKS[kind]
    unknown = block.keys() - {"type", "prompt_cache_breakpoint", *names}
    if unknown:
        raise ValueError(f"{kind}: it has no {', '.join(sorted(unknown))}")
    if kind == "input_text" and not is_text(block.get("text")):
        raise ValueError("input_text: its text is missing")
    made: Item = {"type": kind}
    for name in names:
        if name in block:
            made[name] = _checked(kind, name, block[name])
    if places and not any((made.get(place) or "").strip() for place in places):
        raise ValueError(f"{kind}: one of {', '.join(places)} is needed")
    if "prompt_cache_breakpoint" in block:
        made["prompt_cache_breakpoint"] = _breakpoint(block["prompt_cache_breakpoint"])
    return made


def _checked(kind: str, name: str, value: object) -> object:
    if not optional_text(value):
        raise ValueError(f"{kind}: {name} has to be text")
    if name == "detail" and value not in _DETAILS[kind]:
        raise ValueError(f"{kind}: detail={value!r} is none of {_DETAILS[kind]}")
    return value


def _breakpoint(given: object) -> Mapping[str, str] | None:
    if given is None:
        return None
    if type(given) is not dict or cast("Item", given) != {"mode": "explicit"}:
        raise ValueError("prompt_cache_breakpoint has to be {'mode': 'explicit'}")
    return {"mode": "explicit"}
