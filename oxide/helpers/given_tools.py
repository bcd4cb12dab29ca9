"""Tools as they were given, in the form the API takes, and what the calls of them become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from oxide.errors import SchemaError, mapping_of

from .parsing import check_sent, checked_schema, is_model, strict_schema
from .tool_arguments import decode_arguments
from .tools import FunctionTool, PydanticFunctionTool, check_bound, pydantic_function_tool

__all__ = ["CallableTool", "find_tool", "parse_arguments", "tools_for_chat", "tools_for_responses"]


def tools_for_chat(tools: object) -> list[Any] | None:
    """Tools of a chat call as a list, functions and models in the form chat takes.

    Args:
      tools: any iterable of tools; `omit` is none.

    Returns:
      A new list, or None where none were given.

    Raises:
      SchemaError: the schema of a strict tool would be refused; it names the tool, the field and the rule.
    """
    if not isinstance(tools, Iterable):
        return None
    found: list[Any] = []
    for given in cast("Iterable[object]", tools):
        tool: Any = _tool_of(given)
        if isinstance(tool, FunctionTool):
            found.append({"type": "function", "function": CallableTool(cast("Any", tool))})
            continue
        _check_tool(tool)
        found.append(tool)
    return found


def tools_for_responses(tools: object) -> list[Any] | None:
    """Tools of a Responses call as a list, functions and models in the form Responses takes.

    Args:
      tools: any iterable of tools, also those made for chat by `pydantic_function_tool`; `omit` is none.

    Returns:
      A new list, or None where none were given.

    Raises:
      SchemaError: the schema of a strict tool would be refused; it names the tool, the field and the rule.
    """
    if not isinstance(tools, Iterable):
        return None
    found: list[Any] = []
    for given in cast("Iterable[object]", tools):
        tool: Any = _tool_of(given)
        if isinstance(tool, FunctionTool):
            found.append(CallableTool(cast("Any", tool), {"type": "function"}))
            continue
        inner = tool.get("function")
        if isinstance(inner, PydanticFunctionTool):
            told = inner.get("description")
            tool = PydanticFunctionTool({"type": "function", **inner, "description": told}, inner.model)
        _check_tool(tool)
        found.append(tool)
    return found


def _check_tool(tool: Mapping[str, Any]) -> None:
    if tool.get("type") == "namespace":
        for inner in tool.get("tools", ()):
            _check_tool(mapping_of(inner))
    elif tool.get("type") == "function":
        function = mapping_of(tool.get("function", tool))
        if function.get("strict") is True and function.get("parameters") is not None:
            try:
                if isinstance(function, PydanticFunctionTool) and _untouched(function):
                    checked_schema(function.model)
                else:
                    check_sent(function["parameters"])
            except SchemaError as error:
                message = f"tool {function.get('name')}: {error}"
                raise SchemaError(message, path=error.path, rule=error.rule) from error


def _untouched(function: PydanticFunctionTool) -> bool:
    return function["parameters"] is strict_schema(function.model)


def _tool_of(given: object) -> object:
    """What was given in `tools`, with functions and models made tools."""
    if isinstance(given, FunctionTool):
        check_bound(cast("Any", given))
        return cast("object", given)
    if isinstance(given, Mapping):
        return cast("object", given)
    if isinstance(given, type) and is_model(given):
        return pydantic_function_tool(cast("Any", given))
    if callable(given):
        tool = FunctionTool(given)
        check_bound(tool)
        return tool
    raise TypeError(f"{given!r} is no tool: give a dict, a pydantic model, or a function")


class CallableTool(dict[str, Any]):
    """The definition of a tool that remembers the function it is of.

    Args:
      tool: the function.
      head: what stands before its definition.
    """

    def __init__(self, tool: FunctionTool[..., Any], head: Mapping[str, Any] | None = None) -> None:
        super().__init__({**(head or {}), **tool.chat_schema["function"]})
        self.tool = tool


def find_tool(tools: Iterable[Any], name: str, namespace: str | None = None) -> Any:
    """The definition of the function tool a call names.

    Args:
      tools: tools of either form.
      name: the function called.
      namespace: the namespace the call gives; a function that was deferred gives its own name.

    Returns:
      The definition (the part that has `name` and `parameters`); None where there is none.
    """
    given = list(tools)
    if namespace is not None:
        for tool in given:
            if tool.get("type") == "namespace" and tool.get("name") == namespace:
                return find_tool(tool.get("tools", ()), name)
        if namespace != name:
            return None
    for tool in given:
        if tool.get("type") == "function":
            definition = tool.get("function", tool)
            if definition.get("name") == name:
                return definition
    return None


def parse_arguments(
    tools: Iterable[Any] | None, name: str, arguments: str, *, namespace: str | None = None
) -> Any:
    """Arguments a model wrote, as what the tool they are for takes.

    Args:
      tools: the tools of the call, as :func:`tools_for_chat` or :func:`tools_for_responses` gave them.
      name: the function called.
      arguments: the text the model wrote.
      namespace: the namespace the call gives, where it gives one.

    Returns:
      An instance of the tool's model; a dict of checked arguments for a function; the decoded JSON for
      another strict tool; None for tools that are not strict, or not known.

    Raises:
      pydantic.ValidationError: they do not fit the tool's model, as with the official SDK.
      ToolArgumentsError: they do not fit the tool's function.
      ValueError: they are not JSON.
    """
    definition = find_tool(tools or (), name, namespace)
    if definition is None:
        return None
    if isinstance(definition, PydanticFunctionTool):
        return definition.model.model_validate_json(arguments)
    if isinstance(definition, CallableTool):
        return definition.tool.validate(arguments)
    if not definition.get("strict"):
        return None
    return decode_arguments(arguments)
