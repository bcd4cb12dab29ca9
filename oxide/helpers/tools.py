"""Tools: typed functions and models as what a model can call, and its arguments checked against them."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeAlias, TypeVar, cast, overload

from oxide._threads import in_thread
from oxide.options import Omit, omit

from .tool_arguments import validate_arguments
from .tool_signature import ToolSignature, takes_self

if TYPE_CHECKING:
    import pydantic

    from oxide.types.chat.chat_completion_function_tool_param import ChatCompletionFunctionToolParam
    from oxide.types.responses.function_tool_param import FunctionToolParam

__all__ = [
    "FunctionTool",
    "PythonTool",
    "openai_tool",
    "pydantic_function_tool",
    "pydantic_responses_function_tool",
]

PythonTool: TypeAlias = Callable[..., Any]
"""A tool that is not JSON: a function, what :func:`openai_tool` made of one, or a pydantic model."""

P = ParamSpec("P")
R = TypeVar("R")


class FunctionTool(Generic[P, R]):
    """A function that a model can call. :func:`openai_tool` makes it; calling it calls the function.

    Inside a class it binds to the instance, or to the class, as the function would: what `instance.method`
    gives is a tool of its own.

    Args:
      function: what it is of.
      name: the tool's name; the function's where None.
      description: what it does; from the docstring where None.
      strict: whether the model has to keep to the schema.
      local: names the annotations may use, besides those of the function's module.
    """

    def __init__(
        self,
        function: Callable[P, R] | staticmethod[P, R] | classmethod[Any, P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool = True,
        local: Mapping[str, Any] | None = None,
    ) -> None:
        inner: Any = getattr(function, "__func__", function)
        if not inspect.isfunction(inner):
            raise TypeError(f"a tool is made of a function, not of {inner!r}; write one that calls it")
        if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
            raise TypeError(f"a tool returns what it found, and {inner.__name__} yields: return a list")
        self._function = inner
        self.name: str = name or inner.__name__
        self.strict = strict
        self._description = description
        # The instance or the class that a call through it fills in as the first parameter.
        self._bound = inspect.ismethod(function)
        self._self: Any = getattr(function, "__self__", None)
        self._of_class = isinstance(function, classmethod)
        self._method = self._bound or self._of_class or takes_self(inner)
        self.__doc__ = inner.__doc__
        self.__name__ = inner.__name__
        self.__wrapped__ = inner
        _check_name(self.name)
        self._signature = ToolSignature(
            inner, method=self._method, name=self.name, strict=strict, local=local or {}
        )

    def __get__(self, instance: object, owner: type | None = None) -> FunctionTool[P, R]:
        holder = owner if self._of_class else instance
        if not self._method or self._bound or holder is None:
            return self
        return self._bind(holder)

    def _bind(self, holder: object) -> FunctionTool[P, R]:
        bound: FunctionTool[P, R] = object.__new__(type(self))
        bound.__dict__.update(self.__dict__, _self=holder, _bound=True)
        return bound

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionTool[P, R]:
        # As functions and methods are copied: of a function there is one, a method goes with its instance.
        return self._bind(copy.deepcopy(self._self, memo)) if self._bound else self

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        first = (self._self,) if self._bound else ()
        places, names = self._signature.filled((*first, *args), kwargs)
        return cast("R", self._function(*places, **names))

    def __repr__(self) -> str:
        return f"<tool {self.name}({', '.join(p.name for p in self._signature.parameters)})>"

    @property
    def description(self) -> str | None:
        """What the tool does: as given, or the docstring without its sections."""
        return self._description if self._description is not None else self._signature.docstring[0]

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON schema of the arguments.

        Raises:
          TypeError: a parameter's type is not known, or JSON has nothing for it.
          SchemaError: it is no strict one, and the tool is.
        """
        return self._signature.schema

    @property
    def schema(self) -> FunctionToolParam:
        """The tool as `responses.create(tools=[...])` takes it."""
        return cast("FunctionToolParam", {"type": "function", **self._definition()})

    @property
    def chat_schema(self) -> ChatCompletionFunctionToolParam:
        """The tool as `chat.completions.create(tools=[...])` takes it."""
        return cast("ChatCompletionFunctionToolParam", {"type": "function", "function": self._definition()})

    def _definition(self) -> dict[str, Any]:
        text = self.description
        described = {"description": text} if text else {}
        return {"name": self.name, **described, "parameters": self.parameters, "strict": self.strict}

    def validate(self, arguments: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        """Check arguments against the function's annotations.

        Args:
          arguments: JSON text as a model writes it, or what it decodes to.

        Returns:
          The arguments by parameter name: nested models are instances, defaults are filled in.

        Raises:
          ToolArgumentsError: they are not JSON, or do not fit; it says where and why.
          TypeError: a parameter's type is not known, or pydantic can make nothing of it.
        """
        return self._signature.values(validate_arguments(self._signature.model, self.name, arguments))

    async def call(self, arguments: str | bytes | Mapping[str, Any]) -> Any:
        """Check the arguments and call the function with them.

        A function that is not async runs in a thread of its own, so that it holds up neither the event loop
        nor other work; where this call is cancelled it goes on, unheard.

        Args:
          arguments: as for :meth:`validate`.

        Returns:
          What the function returns.

        Raises:
          ToolArgumentsError: the arguments do not fit; the function was not called.
          TypeError: it is a method, and not taken from an instance.
          Exception: whatever the function raises.
        """
        check_bound(self)
        values = self.validate(arguments)
        before = [values.pop(name) for name in self._signature.positional]
        first = (self._self,) if self._bound else ()
        if inspect.iscoroutinefunction(self._function):
            return await self._function(*first, *before, **values)
        result = await in_thread(self._function, *first, *before, **values)
        return await result if inspect.isawaitable(result) else result


def check_bound(tool: FunctionTool[..., Any]) -> None:
    """Refuse a method that lacks the instance to be called on.

    Args:
      tool: any tool of a function.

    Raises:
      TypeError: it was taken from the class.
    """
    if tool._method and not tool._bound:  # pyright: ignore[reportPrivateUsage]
        raise TypeError(
            f"the tool {tool.name} is a method without its instance: take it from one, "
            f"`instance.{tool.__name__}`, not from the class"
        )


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError(
            f"{name!r} cannot be the name of a tool: 1 to 64 letters, digits, `_` and `-`; pass name='...'"
        )


@overload
def openai_tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...


@overload
def openai_tool(
    *, name: str | None = None, description: str | None = None, strict: bool = True
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def openai_tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
) -> FunctionTool[P, R] | Callable[[Callable[P, R]], FunctionTool[P, R]]:
    """Make a tool out of a typed function, sync or async, also in a class::

        @openai_tool
        async def weather(city: str, unit: Literal["C", "F"] = "C") -> str:
            "The weather now."

        await client.responses.create(..., tools=[weather.schema])
        await weather.call('{"city": "Oslo", "unit": "C"}')

    Descriptions of the tool and of its parameters come from the docstring (Google, NumPy or reST style) and
    from `Annotated[..., Field(description=...)]` or a default of `Field(3, description=...)`, which win. In a
    class it stands above `@classmethod` and `@staticmethod`; a method of an instance is a tool as well:
    `openai_tool(store.add)`.

    Args:
      function: what to make it of.
      name: name of the tool, at most 64 letters, digits, `_` and `-`; the function's where None.
      description: what it does; from the docstring where None.
      strict: whether the API holds the model to the schema. Every parameter is then required of the model,
        defaults or not; what strict schemas cannot say, such as `dict[str, int]`, is refused.

    Returns:
      The tool, or with options only, what makes it.

    Raises:
      TypeError: a parameter has no type, or is `*args` or `**kwargs`, or the function yields; when the schema
        is first asked for, a type is not known, or JSON has nothing for it.
      SchemaError: the parameters cannot be in a strict schema; when the schema is first asked for.
    """
    # Annotations may name what is local to the function, or the class, that this stands in.
    local = sys._getframe(1).f_locals  # pyright: ignore[reportPrivateUsage]

    def make(function: Callable[P, R]) -> FunctionTool[P, R]:
        return FunctionTool(function, name=name, description=description, strict=strict, local=local)

    return make if function is None else make(function)


class PydanticFunctionTool(dict[str, Any]):
    """The definition of a tool that remembers the model its arguments are to become.

    Args:
      definition: the function's definition.
      model: the model.

    Source: same name as in the official SDK.
    """

    def __init__(self, definition: Mapping[str, Any], model: type[pydantic.BaseModel]) -> None:
        super().__init__(definition)
        self.model = model


def pydantic_function_tool(
    model: type[pydantic.BaseModel], *, name: str | None = None, description: str | None = None
) -> ChatCompletionFunctionToolParam:
    """A chat tool whose arguments are a model: `parse` and `stream` give `parsed_arguments` as its instances.

    Args:
      model: the arguments.
      name: name of the tool; the class's where None (of `Page[Item]`, `Page_Item`).
      description: what it does; the class's docstring where None.

    Returns:
      The tool, strict.

    Raises:
      ValueError: the API would not take the name.
      TypeError: the model has no JSON schema.

    Source: same name, arguments and result as in the official SDK.
    """
    return {"type": "function", "function": cast("Any", _model_tool(model, name, description, {}))}


def pydantic_responses_function_tool(
    model: type[pydantic.BaseModel],
    *,
    name: str | None = None,
    description: str | None = None,
    defer_loading: bool | Omit = omit,
) -> FunctionToolParam:
    """A Responses tool whose arguments are a model.

    Args:
      model: the arguments.
      name: name of the tool; the class's where None (of `Page[Item]`, `Page_Item`).
      description: what it does; the class's docstring where None.
      defer_loading: whether the model first has to find it by tool search; left out, not said.

    Returns:
      The tool, strict.

    Raises:
      ValueError: the API would not take the name.
      TypeError: the model has no JSON schema.

    Source: same name, arguments and result as in the official SDK.
    """
    tool = _model_tool(model, name, description, {"type": "function"})
    if isinstance(defer_loading, bool):
        tool["defer_loading"] = defer_loading
    return cast("FunctionToolParam", tool)


def _model_tool(
    model: type[pydantic.BaseModel], name: str | None, description: str | None, head: dict[str, Any]
) -> PydanticFunctionTool:
    from oxide.helpers.parsing import name_of, strict_schema

    if name:
        _check_name(name)
    definition = {**head, "name": name or name_of(model), "strict": True, "parameters": strict_schema(model)}
    # Not inspect.getdoc: it would find pydantic's own docstring.
    text = model.__doc__ if description is None else description
    if text is not None:
        definition["description"] = text
    return PydanticFunctionTool(definition, model)
