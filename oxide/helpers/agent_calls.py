"""An agent's tools and turns: what can be asked for, what the model is told of a call, what is added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import ToolArgumentsError, mapping_of

from .given_tools import CallableTool

if TYPE_CHECKING:
    from .tools import FunctionTool

__all__ = ["add_usage", "check_limits", "check_params", "functions_of", "sendable", "told", "waiting"]


def check_params(params: Iterable[str]) -> None:
    """Refuse what no turn can be asked with.

    Args:
      params: names of parameters of `responses.stream`.

    Raises:
      TypeError: one is not known, or is the agent's own to give.
    """
    from oxide.resources.responses import AsyncResponses

    code = AsyncResponses.stream.__code__
    known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    for name in params:
        if name in _OWN:
            raise TypeError(f"{name!r} is the agent's own to send: {_OWN[name]}")
        if name not in known:
            raise TypeError(
                f"agent() got an unexpected keyword argument {name!r}; "
                "what servers know beyond the API goes into extra_body"
            )


def check_limits(tool_timeout: float | None, **counts: int) -> None:
    """Refuse limits that stop everything, or nothing.

    Args:
      tool_timeout: seconds, or None.
      counts: the others, by name.

    Raises:
      ValueError: one is too small, or no number of the kind it has to be.
    """
    for name, limit in counts.items():
        if not isinstance(cast("object", limit), int) or limit < 1:
            raise ValueError(f"{name}={limit!r}: at least 1 is needed, and a whole number")
    if tool_timeout is not None and not tool_timeout > 0:
        raise ValueError(
            f"tool_timeout={tool_timeout!r}: more than 0 seconds are needed, or None for no limit"
        )


def functions_of(tools: Iterable[Mapping[str, Any]]) -> dict[str, FunctionTool[..., Any]]:
    """The functions among an agent's tools, by name.

    Args:
      tools: as `tools_for_responses` gives them.

    Raises:
      ValueError: two have one name, or one could only run here and is no function.
    """
    found: dict[str, FunctionTool[..., Any]] = {}
    for tool in tools:
        kind, name = tool.get("type"), tool.get("name")
        if isinstance(tool, CallableTool):
            if tool.tool.name in found:
                raise ValueError(f"two tools are called {name!r}: give one another name")
            found[tool.tool.name] = tool.tool
        elif kind == "function":
            raise ValueError(f"the tool {name!r} has nothing to call: give the function itself")
        elif kind == "namespace":
            raise ValueError(
                f"the tools of the namespace {name!r} have nothing to call: give the functions themselves"
            )
        elif kind in _LOCAL or _runs_here(tool):
            raise ValueError(
                f"a tool of type {kind!r} runs on this side, and an agent runs functions only: "
                "make it one with @openai_tool, or answer its calls in a loop over responses.stream"
            )
    return found


def told(error: Exception) -> str:
    """What the model is told of a tool that failed.

    Args:
      error: what it raised.
    """
    return _utf8(str(error) if isinstance(error, ToolArgumentsError) else f"Error: {_described(error)}")


def _utf8(text: str) -> str:
    """The text, with what UTF-8 cannot say escaped: names of files may hold such characters."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _described(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "it cannot be shown"
    # A group says only how many there are.
    inner = getattr(error, "exceptions", None)
    parts = cast("tuple[object, ...]", inner) if isinstance(inner, tuple) else ()
    reasons = "; ".join(_described(part) for part in parts if isinstance(part, BaseException))
    return ": ".join(part for part in (type(error).__name__, text, reasons) if part)


def sendable(result: object) -> str | list[Any]:
    """What a tool returned, as the output of its call.

    Args:
      result: text, as str or as bytes in UTF-8; a part such as an image, or a list of parts, as dicts or as
        models; anything else is sent as JSON.

    Raises:
      ValueError: JSON cannot say it, or the bytes are no text.
    """
    if isinstance(result, str):
        return _utf8(result)
    if isinstance(result, bytes):
        return result.decode()
    if (part := _part(result)) is not None:
        return [part]
    if isinstance(result, (list, tuple)) and result:
        parts = [_part(item) for item in cast("list[object]", result)]
        if None not in parts:
            return parts
    from pydantic_core import to_json

    return to_json(result, inf_nan_mode="strings").decode()


def _part(value: object) -> Mapping[str, Any] | None:
    """The value as a part of an output; None where it is none."""
    from pydantic import BaseModel

    kind = getattr(value, "type", None) if isinstance(value, BaseModel) else mapping_of(value).get("type")
    if not isinstance(kind, str) or kind not in _PARTS:
        return None
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return mapping_of(value)


def waiting(output: Iterable[Any]) -> list[Any]:
    """The items that wait for somebody to answer them, calls of functions aside.

    Args:
      output: items of a response's output.

    Source: `ResponseSteerRequiredInput` lists what a response can wait for.
    """
    items = list(output)
    answered = {getattr(item, "call_id", None) for item in items if item.type.endswith("_output")}
    return [
        item
        for item in items
        if item.type == "mcp_approval_request"
        or (item.type in _LOCAL_CALLS and item.call_id not in answered)
        or (item.type == "shell_call" and item.call_id not in answered and _is_local(item.environment))
        or (item.type == "tool_search_call" and item.execution == "client")
    ]


def add_usage(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add the tokens of one response; of what is no number, such as a flag, the last one counts.

    Args:
      total: counts so far; it is changed.
      more: those of the response, nested alike.
    """
    for name, count in more.items():
        if isinstance(count, Mapping):
            add_usage(total.setdefault(name, {}), cast("Mapping[str, Any]", count))
        elif isinstance(count, (int, float)) and not isinstance(count, bool):
            total[name] = total.get(name, 0) + count
        elif count is not None:
            total[name] = count


_OWN = {
    "parallel_tool_calls": "use parallel_tools",
    "response_id": "a run begins with a new response",
    "starting_after": "a run begins with a new response",
    "stream": "every turn is streamed",
}
_LOCAL = frozenset(("apply_patch", "computer", "computer_use_preview", "custom", "local_shell"))
_LOCAL_CALLS = frozenset(("apply_patch_call", "computer_call", "custom_tool_call", "local_shell_call"))
_PARTS = frozenset(("input_text", "input_image", "input_file"))


def _runs_here(tool: Mapping[str, Any]) -> bool:
    """Whether a tool that can run on either side is to run on this one."""
    return mapping_of(tool.get("environment")).get("type") == "local" or tool.get("execution") == "client"


def _is_local(environment: Any) -> bool:
    return environment is None or environment.type == "local"
