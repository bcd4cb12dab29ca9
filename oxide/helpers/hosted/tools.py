"""Function tools of hosted agents: a definition for the agent and the function that runs, in one object."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_type_hints, overload

import pydantic

from oxide.options import NotGiven, Omit, omit
from oxide.types.beta.input_content_param import InputContentParam

if TYPE_CHECKING:
    from oxide.types.beta.agent_tool_param import AgentToolConfigParamFunction

__all__ = ["FunctionTool", "ToolOutput", "function_tool", "pydantic_function_tool"]

ToolOutput = str | Mapping[str, Any] | Iterable[InputContentParam] | None
"""What a handler gives: text, an object (sent as JSON text), content parts, or nothing."""

ModelT = TypeVar("ModelT", bound=pydantic.BaseModel)
OutputT = TypeVar("OutputT", bound=ToolOutput | Awaitable[ToolOutput], covariant=True)


class FunctionTool(Generic[OutputT]):
    """A function an agent may call: `definition` is for the agent's tools, the object for `tool_handlers`.

    Args:
      model: pydantic model of the arguments.
      handler: called with an instance of it; may be a coroutine function.
      name: what the agent calls it, not empty.
      description: what it does.
      defer_loading: found by hosted tool search instead of being there from the start.

    Raises:
      ValueError: the name is empty.
      TypeError: the arguments are no JSON object.

    Source: same name and members as in the official SDK.
    """

    def __init__(
        self,
        model: type[ModelT],
        handler: Callable[[ModelT], OutputT],
        *,
        name: str,
        description: str,
        defer_loading: bool | Omit = omit,
    ) -> None:
        if not name:
            raise ValueError("name='': a tool is called by its name, which must not be empty")
        parameters = model.model_json_schema()
        if _root(parameters).get("type") != "object":
            raise TypeError("the arguments of a tool are an object; put a union into a field of a model")
        self._definition: dict[str, Any] = {
            "type": "function",
            "name": name,
            "description": description,
            "parameters": parameters,
        }
        if not isinstance(defer_loading, (Omit, NotGiven)):
            self._definition["defer_loading"] = defer_loading
        self._model: Any = model
        self._handler: Callable[[Any], Any] = handler
        self._converts = False

    @property
    def name(self) -> str:
        """What the agent calls it."""
        return str(self._definition["name"])

    @property
    def definition(self) -> AgentToolConfigParamFunction:
        """The tool as the API takes it; a copy."""
        return cast("AgentToolConfigParamFunction", deepcopy(self._definition))

    def __call__(self, arguments: dict[str, Any]) -> OutputT:
        """Check arguments and run the function.

        Args:
          arguments: as the agent wrote them.

        Returns:
          What the handler gives, or an awaitable of it.

        Raises:
          pydantic.ValidationError: the arguments do not fit.
        """
        output = self.run(self.validated(arguments))
        if inspect.isawaitable(output):
            return cast("OutputT", self._later(output))
        return cast("OutputT", self.output(output))

    async def _later(self, output: Awaitable[Any]) -> Any:
        return self.output(await output)

    def validated(self, arguments: dict[str, Any]) -> Any:
        """The arguments as an instance of the model."""
        return self._model.model_validate(arguments)

    def run(self, arguments: Any) -> Any:
        """Call the handler with checked arguments."""
        return self._handler(arguments)

    def output(self, value: Any) -> Any:
        """What the handler gave, as content the API takes."""
        if not self._converts or value is None or isinstance(value, str):
            return value
        if isinstance(value, pydantic.BaseModel):
            value = value.model_dump(mode="json")
        if isinstance(value, Mapping):
            value = dict(cast("Mapping[str, Any]", value))
        elif hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray)):
            value = list(value)
            if value and all(map(_is_content, value)):
                return value
        return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    root, seen = schema, set[str]()
    while isinstance(ref := root.get("$ref"), str) and ref not in seen:
        seen.add(ref)
        root = schema.get("$defs", {}).get(ref.rpartition("/")[2], {})
    return root


def _is_content(part: Any) -> bool:
    if not isinstance(part, dict) or len(cast("dict[str, Any]", part)) != 2:
        return False
    content = cast("dict[str, Any]", part)
    key = {"input_text": "text", "input_image": "image_url"}.get(str(content.get("type")))
    return key is not None and isinstance(content.get(key), str)


@overload
def pydantic_function_tool(  # type: ignore[overload-overlap]
    model: type[ModelT],
    *,
    handler: Callable[[ModelT], Awaitable[object]],
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[Awaitable[ToolOutput]]: ...
@overload
def pydantic_function_tool(
    model: type[ModelT],
    *,
    handler: Callable[[ModelT], object],
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[ToolOutput]: ...
def pydantic_function_tool(
    model: type[ModelT],
    *,
    handler: Callable[[ModelT], object],
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[Any]:
    """A tool whose arguments are a pydantic model.

    Args:
      model: the model.
      handler: called with an instance of it; what it gives is sent as text, JSON text or content parts.
      name: what the agent calls it; the model's name where none is given.
      description: what it does; the model's docstring where none is given.
      defer_loading: found by hosted tool search instead of being there from the start.

    Returns:
      The tool.

    Raises:
      TypeError: the arguments are no JSON object.

    Source: same name as in the official SDK.
    """
    tool: FunctionTool[Any] = FunctionTool(
        model,
        cast("Callable[[ModelT], Any]", handler),
        name=model.__name__ if name is None else name,
        description=(model.__doc__ or "") if description is None else description,
        defer_loading=defer_loading,
    )
    tool._converts = True  # pyright: ignore[reportPrivateUsage]
    return tool


@overload
def function_tool(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    function: Callable[..., Awaitable[object]],
    *,
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[Awaitable[ToolOutput]]: ...
@overload
def function_tool(
    function: Callable[..., object],
    *,
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[ToolOutput]: ...
@overload
def function_tool(
    function: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> Callable[[Callable[..., object]], FunctionTool[Any]]: ...
def function_tool(
    function: Callable[..., object] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionTool[Any] | Callable[[Callable[..., object]], FunctionTool[Any]]:
    """A tool out of a function or a bound method; also a decorator, with or without arguments.

    Args:
      function: every parameter is annotated; no `*args`, `**kwargs`, positional-only or private ones.
      name: what the agent calls it; the function's name where none is given.
      description: what it does; the function's docstring where none is given.
      defer_loading: found by hosted tool search instead of being there from the start.

    Returns:
      The tool.

    Raises:
      TypeError: a parameter is of a kind that has no place in a JSON object, or is not annotated.

    Source: same name as in the official SDK.
    """
    if function is None:
        return partial(function_tool, name=name, description=description, defer_loading=defer_loading)
    hints = get_type_hints(inspect.unwrap(function), include_extras=True)
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(
                f"tool {function}: a model cannot be told what goes into {parameter}; name each parameter"
            )
        if parameter.name.startswith("_") or parameter.name not in hints:
            raise TypeError(f"tool {function}: {parameter.name} needs a type, and a name without a leading _")
        # A parameter may have the name of something every model has.
        field = f"argument_{len(fields)}"
        names[field] = parameter.name
        fields[field] = (
            hints[parameter.name],
            ... if parameter.default is parameter.empty else parameter.default,
        )
    config = pydantic.ConfigDict(extra="forbid", alias_generator=names.__getitem__)
    model: type[pydantic.BaseModel] = pydantic.create_model("ToolArguments", __config__=config, **fields)

    def call(arguments: pydantic.BaseModel) -> object:
        return function(**{given: getattr(arguments, field) for field, given in names.items()})

    return pydantic_function_tool(
        model,
        handler=call,
        name=getattr(function, "__name__", "") if name is None else name,
        description=(inspect.getdoc(function) or "") if description is None else description,
        defer_loading=defer_loading,
    )
