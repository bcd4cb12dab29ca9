"""Tools: typed functions and models as what a model can call, and its arguments checked against them."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeAlias, TypeVar, cast, get_type_hints, overload

from oxide.options import Omit, omit

from .threads import in_thread
from .tool_arguments import validate_arguments

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
        self._declared = function
        inner: Any = getattr(function, "__func__", function)
        if not (inspect.isfunction(inner) or inspect.ismethod(inner)):
            raise TypeError(f"a tool is made of a function, not of {inner!r}; write one that calls it")
        self._function = inner
        self.name: str = name or inner.__name__
        self.strict = strict
        self._description = description
        self._local = local or {}
        self._self: Any = None
        # A first parameter that a call through an instance or a class fills in.
        self._bound = False
        self._method = isinstance(function, classmethod) or _takes_self(inner)
        self._spec: _Spec | None = None
        self.__doc__ = inner.__doc__
        self.__name__ = inner.__name__
        self.__wrapped__ = inner
        _check_name(self.name)
        _check_parameters(inner, self._method)

    def __get__(self, instance: object, owner: type | None = None) -> FunctionTool[P, R]:
        if not self._method:
            return self
        holder = owner if isinstance(self._declared, classmethod) else instance
        if holder is None:
            return self
        bound: FunctionTool[P, R] = object.__new__(type(self))
        bound.__dict__.update(self.__dict__, _self=holder, _bound=True, _spec=self._specification())
        return bound

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._bound:
            return cast("R", self._function(self._self, *args, **kwargs))
        return cast("R", self._function(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<tool {self.name}({', '.join(self._specification().fields)})>"

    def _specification(self) -> _Spec:
        if self._spec is None:
            self._spec = _Spec(self._function, self._method, self._local, self.name, self.strict)
            # Not kept: a function's locals would live as long as the tool.
            self._local = {}
        return self._spec

    @property
    def description(self) -> str | None:
        """What the tool does: as given, or the docstring without its sections."""
        return self._description if self._description is not None else self._specification().description

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return self._specification().schema

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
        """
        return self._specification().validate(self.name, arguments)

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
          Exception: whatever the function raises.
        """
        values = self.validate(arguments)
        before = [values.pop(name) for name in self._specification().positional]
        first = (self._self,) if self._bound else ()
        if inspect.iscoroutinefunction(self._function):
            return await self._function(*first, *before, **values)
        result = await in_thread(self._function, *first, *before, **values)
        return await result if inspect.isawaitable(result) else result


class _Spec:
    """What a function's signature, annotations and docstring say, as a model of its arguments."""

    def __init__(
        self, function: Callable[..., Any], method: bool, local: Mapping[str, Any], name: str, strict: bool
    ) -> None:
        from pydantic import ConfigDict, Field, create_model

        doc = _docstring(function)
        self.description = doc[0]
        try:
            hints = get_type_hints(function, localns=dict(local), include_extras=True)
        except NameError as error:
            raise TypeError(
                f"tool {name}: the annotation {error.name!r} is not known where the function stands; "
                "import it there, outside of `if TYPE_CHECKING`"
            ) from error
        parameters = list(inspect.signature(function).parameters.values())[int(method) :]
        self.positional = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        self.fields = {p.name: f"argument_{number}" for number, p in enumerate(parameters)}
        fields: dict[str, Any] = {}
        for parameter in parameters:
            default = ... if parameter.default is parameter.empty else parameter.default
            told = None if _described(hints[parameter.name]) else doc[1].get(parameter.name)
            # By number, the real name as alias: pydantic keeps names such as `schema` and `copy` for itself.
            info = Field(default, alias=parameter.name)
            info = Field(default, alias=parameter.name, description=told) if told else info
            fields[self.fields[parameter.name]] = (hints[parameter.name], info)
        self.model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        self.schema = _parameters_schema(self.model, name, strict)

    def validate(self, name: str, arguments: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        found = validate_arguments(self.model, name, arguments)
        return {parameter: getattr(found, field) for parameter, field in self.fields.items()}


def _parameters_schema(model: type[pydantic.BaseModel], name: str, strict: bool) -> dict[str, Any]:
    from oxide.errors import SchemaError
    from oxide.schema import check_strict, ensure_strict, normalize_tool_schema

    # Titles made out of names tell a model nothing that the names do not.
    plain = normalize_tool_schema(model.model_json_schema(), drop=("title",), inline_refs=False)
    if not strict:
        return plain
    schema = ensure_strict(plain)
    try:
        check_strict(schema)
    except SchemaError as error:
        raise SchemaError(
            f"tool {name}: {error}; or make the tool with strict=False", path=error.path, rule=error.rule
        ) from error
    return schema


def _described(hint: Any) -> bool:
    return any(getattr(extra, "description", None) for extra in getattr(hint, "__metadata__", ()))


def _takes_self(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.name == "self" and first.annotation is first.empty


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError(
            f"{name!r} cannot be the name of a tool: 1 to 64 letters, digits, `_` and `-`; pass name='...'"
        )


def _check_parameters(function: Callable[..., Any], method: bool) -> None:
    name = getattr(function, "__name__", repr(function))
    for parameter in list(inspect.signature(function).parameters.values())[int(method) :]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(
                f"tool {name}: a model cannot be told what goes into {parameter}; name each parameter"
            )
        if parameter.annotation is parameter.empty:
            if parameter.name == "cls":
                raise TypeError(f"tool {name}: put @openai_tool above @classmethod")
            raise TypeError(
                f"tool {name}: the parameter {parameter.name} has no type; annotate it, "
                f"for instance `{parameter.name}: str`"
            )


def _docstring(function: Callable[..., Any]) -> tuple[str | None, dict[str, str]]:
    """What the function does, and each parameter, from a Google, NumPy or reST docstring."""
    # Not inspect.getdoc: it would look for the docstring of the method this one replaces.
    if not function.__doc__:
        return None, {}
    from docstring_parser import parse

    parsed = parse(inspect.cleandoc(function.__doc__))
    parts = [part for part in (parsed.short_description, parsed.long_description) if part]
    return "\n\n".join(parts) or None, {p.arg_name: p.description for p in parsed.params if p.description}


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
    from `Annotated[..., Field(description=...)]`, which wins. In a class it stands above `@classmethod` and
    `@staticmethod`.

    Args:
      function: what to make it of.
      name: name of the tool, at most 64 letters, digits, `_` and `-`; the function's where None.
      description: what it does; from the docstring where None.
      strict: whether the API holds the model to the schema. Every parameter is then required of the model,
        defaults or not; what strict schemas cannot say, such as `dict[str, int]`, is refused.

    Returns:
      The tool, or with options only, what makes it.

    Raises:
      TypeError: a parameter has no type, is `*args` or `**kwargs`, or has a type that is not known.
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
      name: name of the tool; the class's where None.
      description: what it does; the class's docstring where None.

    Returns:
      The tool, strict.

    Raises:
      SchemaError: the model cannot be in a strict schema.

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
      name: name of the tool; the class's where None.
      description: what it does; the class's docstring where None.
      defer_loading: whether the model first has to find it by tool search; left out, not said.

    Returns:
      The tool, strict.

    Raises:
      SchemaError: the model cannot be in a strict schema.

    Source: same name, arguments and result as in the official SDK.
    """
    tool = _model_tool(model, name, description, {"type": "function"})
    if isinstance(defer_loading, bool):
        tool["defer_loading"] = defer_loading
    return cast("FunctionToolParam", tool)


def _model_tool(
    model: type[pydantic.BaseModel], name: str | None, description: str | None, head: dict[str, Any]
) -> PydanticFunctionTool:
    from oxide.helpers.parsing import strict_schema

    definition = {**head, "name": name or model.__name__, "strict": True, "parameters": strict_schema(model)}
    # Not inspect.getdoc: it would find pydantic's own docstring.
    text = model.__doc__ if description is None else description
    if text is not None:
        definition["description"] = text
    return PydanticFunctionTool(definition, model)
