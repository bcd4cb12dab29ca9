"""What a function says of itself as a tool: the schema of its arguments, and what checks them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Optional, get_origin, get_type_hints

from oxide.errors import SchemaError

if TYPE_CHECKING:
    import pydantic

__all__ = ["ToolSignature", "takes_self"]


class ToolSignature:
    """A function's parameters, annotations and docstring, as the schema and the model of its arguments.

    Either is made when it is first asked for, so that a tool can be called from Python whatever its types.

    Args:
      function: what the tool is of.
      method: whether its first parameter is the instance or the class, which no model fills in.
      name: the tool's, for messages.
      strict: whether the schema is to be a strict one.
      local: names the annotations may use, besides those of the function's module.

    Raises:
      TypeError: a parameter has no type, or is `*args` or `**kwargs`.
    """

    def __init__(
        self, function: Callable[..., Any], *, method: bool, name: str, strict: bool, local: Mapping[str, Any]
    ) -> None:
        self._function = function
        self._name = name
        self._strict = strict
        self._local: Mapping[str, Any] = local
        self._whole = inspect.signature(function)
        self.parameters = list(self._whole.parameters.values())[int(method) :]
        for parameter in self.parameters:
            _check_parameter(name, parameter)
        self.positional = [p.name for p in self.parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        # Nothing else imports pydantic here: a default can only be of a module that is there.
        fields: Any = sys.modules.get("pydantic.fields")
        self._described_defaults: dict[str, Any] = {
            p.name: p.default
            for p in self.parameters
            if fields is not None and isinstance(p.default, fields.FieldInfo)
        }

    @cached_property
    def docstring(self) -> tuple[str | None, dict[str, str]]:
        """What the function does, and each parameter, from a Google, NumPy or reST docstring."""
        # Not inspect.getdoc: it would look for the docstring of the method this one replaces.
        if not self._function.__doc__:
            return None, {}
        from docstring_parser import parse

        parsed = parse(inspect.cleandoc(self._function.__doc__))
        parts = [part for part in (parsed.short_description, parsed.long_description) if part]
        return "\n\n".join(parts) or None, {p.arg_name: p.description for p in parsed.params if p.description}

    @cached_property
    def model(self) -> type[pydantic.BaseModel]:
        """What the arguments have to fit; its fields are numbered, with the names as aliases.

        Raises:
          TypeError: an annotation is not known, or pydantic can make nothing of it.
        """
        from pydantic import ConfigDict, Field, create_model
        from pydantic.errors import PydanticUserError

        hints = self._hints()
        fields: dict[str, Any] = {}
        # By number: pydantic keeps names such as `schema` and `copy` for itself.
        for number, parameter in enumerate(self.parameters):
            info = Field(alias=parameter.name, description=self.docstring[1].get(parameter.name))
            default = self._described_defaults.get(parameter.name, parameter).default
            annotation = _annotated(hints[parameter.name], info, none=default is None)
            given = parameter.default is not parameter.empty
            fields[f"argument_{number}"] = (annotation, parameter.default) if given else annotation
        try:
            model: type[pydantic.BaseModel] = create_model(
                self._name, __config__=ConfigDict(extra="forbid"), **fields
            )
        except PydanticUserError as error:
            raise self._unusable(error) from error
        # Not kept: a function's locals would live as long as the tool.
        self._local = {}
        return model

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments.

        Raises:
          TypeError: as for `model`, or a type has no JSON schema.
          SchemaError: it cannot be a strict one.
        """
        from pydantic.errors import PydanticUserError

        from oxide.schema import check_strict, ensure_strict, normalize_tool_schema

        try:
            whole = self.model.model_json_schema()
        except PydanticUserError as error:
            raise self._unusable(error) from error
        # Titles made out of names tell a model nothing that the names do not.
        plain = normalize_tool_schema(whole, drop=("title",), inline_refs=False)
        if not self._strict:
            return plain
        schema = ensure_strict(plain)
        try:
            check_strict(schema)
        except SchemaError as error:
            raise SchemaError(
                f"tool {self._name}: {error}; or make the tool with strict=False",
                path=error.path,
                rule=error.rule,
            ) from error
        return schema

    def values(self, found: Any) -> dict[str, Any]:
        """The arguments by parameter name.

        Args:
          found: an instance of `model`.
        """
        return {p.name: getattr(found, f"argument_{number}") for number, p in enumerate(self.parameters)}

    def filled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call from Python, where a default is no value but a `pydantic.Field` of one.

        Args:
          args: by place.
          kwargs: by name.

        Raises:
          TypeError: one without a default is missing.
        """
        if not self._described_defaults:
            return args, kwargs
        bound = self._whole.bind_partial(*args, **kwargs)
        for name, field in self._described_defaults.items():
            if name not in bound.arguments:
                if field.is_required():
                    raise TypeError(f"{self._function.__name__}() is called without {name}")
                given = dict(bound.arguments)
                bound.arguments[name] = field.get_default(call_default_factory=True, validated_data=given)
        return bound.args, bound.kwargs

    def _hints(self) -> dict[str, Any]:
        # Of the parameters alone: nothing asks what the function returns, or of what class `self` is.
        wanted: Any = SimpleNamespace(__annotations__={p.name: p.annotation for p in self.parameters})
        known: Any = inspect.unwrap(self._function)
        try:
            return get_type_hints(wanted, known.__globals__, dict(self._local), include_extras=True)
        except NameError as error:
            raise TypeError(
                f"tool {self._name}: the annotation {error.name!r} is not known where the function stands; "
                "import it there, outside of `if TYPE_CHECKING`"
            ) from error

    def _unusable(self, error: Exception) -> TypeError:
        from pydantic import TypeAdapter
        from pydantic.errors import PydanticUserError

        for name, hint in self._hints().items():
            try:
                TypeAdapter(hint).json_schema()
            except PydanticUserError:
                return TypeError(
                    f"tool {self._name}: the parameter {name} is {hint!r}, which JSON has nothing for; use a "
                    "pydantic model or a dataclass, or, for what is not the model's to choose, make the tool "
                    "of a method and take it from `self`"
                )
        return TypeError(f"tool {self._name}: {error}")


def takes_self(function: Callable[..., Any]) -> bool:
    """Whether a function is a method that wants its instance.

    Args:
      function: as it was defined, in a class or not.
    """
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.name != "self":
        return False
    outside = function.__qualname__.rpartition(".")[0]
    in_class = bool(outside) and not outside.endswith("<locals>")
    return in_class or first.annotation is first.empty


def _annotated(hint: Any, info: Any, *, none: bool) -> Any:
    """The annotation with a field before those it has, which win; `x: str = None` is `str | None`."""
    annotated: Any = Annotated
    own = hint.__metadata__ if get_origin(hint) is Annotated else ()
    kind = hint.__origin__ if own else hint
    if none and not _takes_none(kind):
        kind = Optional[kind]  # noqa: UP045 - not everything that is an annotation has a `|`.
    parts = (kind, info, *own)
    return annotated[parts]


def _takes_none(kind: Any) -> bool:
    from pydantic import TypeAdapter, ValidationError
    from pydantic.errors import PydanticUserError

    try:
        TypeAdapter(kind).validate_python(None)
    except ValidationError:
        return False
    except PydanticUserError:
        return True  # That nothing can be made of it is told where the whole is made.
    return True


def _check_parameter(tool: str, parameter: inspect.Parameter) -> None:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise TypeError(
            f"tool {tool}: a model cannot be told what goes into {parameter}; name each parameter"
        )
    if parameter.annotation is parameter.empty:
        if parameter.name == "cls":
            raise TypeError(f"tool {tool}: put @openai_tool above @classmethod")
        raise TypeError(
            f"tool {tool}: the parameter {parameter.name} has no type; annotate it, "
            f"for instance `{parameter.name}: str`"
        )
