"""Python values, as a JSON decoder gives them, made into what an annotation asks for.

The pure backend does all its work here; the native one comes here for what its quick checks leave over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

import pydantic
from pydantic_core import PydanticUndefined

from . import shapes
from .classes import class_info
from .shapes import (
    ANY,
    BOOL,
    DICT,
    FLOAT,
    FLOATS,
    INT,
    J_OTHER,
    LIST,
    LITERAL,
    MODEL,
    NONE,
    STR,
    UNION,
    Shape,
)

if TYPE_CHECKING:
    from .base import BaseModel

__all__ = ["ABSENT", "EAGER", "LAZY", "MODES", "OFF", "Path", "construct", "convert", "json_kind", "mismatch"]

LAZY, EAGER, OFF = range(3)

ABSENT: Any = object()
"""Stands for a field that was not given, where an instance is assembled of values."""

MODES = {"lazy": LAZY, "eager": EAGER, "off": OFF}


class Trail(Protocol):
    """The beginning of a path, not worked out yet."""

    def steps(self) -> list[str | int]:
        """Work it out."""
        ...


Path = tuple["str | int | Trail", ...]
"""Keys and indexes from the root of a body to a value; the native backend's begin with a `Trail`."""

_KINDS: dict[type, int] = {type(None): 0, bool: 1, int: 2, float: 3, str: 4, list: 5, dict: 6}
_EXACT = {STR: 4, INT: 2, FLOAT: 3, BOOL: 1}
_LONG = 60

Factory = Callable[["type[BaseModel]", "dict[str, Any]", Path, int], Any]
"""Makes an instance of a fillable class from its JSON object."""


def json_kind(value: object) -> int:
    """Return the kind of JSON value that a Python value stands for."""
    return _KINDS.get(type(value), J_OTHER)


def path_steps(path: Path) -> list[str | int]:
    """Return a path with its beginning worked out."""
    steps: list[str | int] = []
    for part in path:
        steps += [part] if isinstance(part, str | int) else part.steps()
    return steps


def path_text(path: Path) -> str:
    """Write a path the way code would: `output[3].content[0].text`."""
    text = ""
    for step in path_steps(path):
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def brief(value: object) -> str:
    """Show a value in a message: its kind, and the value itself if that is short."""
    kind = shapes.kind_name(json_kind(value))
    if value is None:
        return kind
    if isinstance(value, list | dict):
        size = len(cast("list[Any] | dict[str, Any]", value))
        return f"{kind} with {size} {'items' if isinstance(value, list) else 'keys'}"
    shown = repr(value)
    return f"{kind} {shown}" if len(shown) <= _LONG else f"{kind} {shown[:_LONG]}…"


def mismatch(path: Path, expected: str, received: str, cause: BaseException | None = None) -> NoReturn:
    """Raise the error for a value that does not fit its annotation.

    Raises:
        oxide.errors.APIResponseValidationError: always.
    """
    from oxide.errors import APIResponseValidationError

    where = path_text(path)
    raise APIResponseValidationError(
        message=f"{where or 'the response'}: expected {expected}, got {received}",
        path=where,
        expected=expected,
        received=received,
    ) from cause


def missing(path: Path, shape: Shape) -> NoReturn:
    """Raise the error for a required field that the answer does not have."""
    mismatch(path, shape.describe(), "nothing (the field is missing)")


def convert(shape: Shape, value: Any, path: Path, mode: int, make: Factory) -> Any:
    """Make a JSON value into what a shape asks for.

    Args:
        shape: what is wanted.
        value: what came.
        path: where it stood, for messages.
        mode: `LAZY`, `EAGER` or `OFF`.
        make: makes instances of model classes.

    Returns:
        The value, with models in place of objects.

    Raises:
        oxide.errors.APIResponseValidationError: it does not fit, unless `mode` is `OFF`.
    """
    kind = shape.kind
    got = json_kind(value)
    if kind == ANY or (got == 0 and shape.optional):
        return value
    if _EXACT.get(kind) == got:
        return value
    if kind == FLOAT and got == 2:
        return _widen(shape, value, path, mode)
    if kind == LITERAL:
        return _literal(shape, value, path, mode)
    if kind == FLOATS and got == 4:
        return _unpacked(shape, value, path, mode)
    if kind in (LIST, FLOATS) and got == 5 and shape.item is not None:
        item = shape.item
        return [convert(item, v, (*path, i), mode, make) for i, v in enumerate(value)]
    if kind == DICT and got == 6 and shape.item is not None:
        item = shape.item
        return {k: convert(item, v, (*path, k), mode, make) for k, v in value.items()}
    if kind == MODEL and got == 6 and shape.cls is not None:
        if class_info(shape.cls).lazy:
            return make(shape.cls, value, path, mode)
        return _by_pydantic(shape, value, path, mode)
    if kind == UNION:
        return _union(shape, value, got, path, mode, make)
    if kind in (NONE, MODEL, LIST, DICT, FLOATS) and mode == OFF:
        return value
    return _by_pydantic(shape, value, path, mode)


def _widen(shape: Shape, value: int, path: Path, mode: int) -> Any:
    try:
        return float(value)
    except OverflowError as error:
        if mode == OFF:
            return value
        mismatch(path, shape.describe(), brief(value), error)


def _unpacked(shape: Shape, value: str, path: Path, mode: int) -> Any:
    from .floats import floats

    try:
        return floats(value)
    except ValueError as error:
        if mode == OFF:
            return value
        mismatch(path, shape.describe(), str(error), error)


def _literal(shape: Shape, value: Any, path: Path, mode: int) -> Any:
    # bool, 1 and 1.0 are one key of a dict, so the type has to agree too.
    found = shape.literals.get(value) if isinstance(value, str | int) else None
    if found is not None and type(found) is type(value):
        return found
    if mode == OFF or any(type(known) is type(value) for known in shape.literals):
        return value
    mismatch(path, shape.describe(), brief(value))


def _by_pydantic(shape: Shape, value: Any, path: Path, mode: int) -> Any:
    """Let pydantic decide, as for a number in a string or a date."""
    try:
        return shape.adapter.validate_python(value)
    except pydantic.ValidationError as error:
        if mode == OFF:
            return value
        first = error.errors(include_url=False)[0]
        inner = tuple(step for step in first["loc"] if isinstance(step, int) or step in _keys_of(value))
        expected = f"{shape.describe()} ({first['msg']})"
        mismatch((*path, *inner), expected, brief(first.get("input", value)), error)


def _keys_of(value: Any) -> set[str]:
    """Every key inside a value: pydantic's locations also hold names of union members, which are no steps."""
    found: set[str] = set()
    if isinstance(value, dict):
        inside = cast("dict[str, Any]", value)
        return found.union(inside, *map(_keys_of, inside.values()))
    if isinstance(value, list):
        return found.union(*[_keys_of(item) for item in cast("Sequence[Any]", value)])
    return found


def _union(shape: Shape, value: Any, got: int, path: Path, mode: int, make: Factory) -> Any:
    if got == 6 and shape.tag is not None:
        tag = value.get(shape.tag)
        if isinstance(tag, str):
            member = shape.variants.get(tag)
            return convert(member or unknown_shape(), value, path, mode, make)
    member = shape.by_kind[got] if got < J_OTHER else None
    if member is not None:
        return convert(member, value, path, mode, make)
    try:
        return shape.adapter.validate_python(value)
    except pydantic.ValidationError as error:
        chosen = closest(shape, value) if got == 6 else None
        if chosen is not None:
            return convert(chosen, value, path, mode, make)
        if mode == OFF:
            return value
        mismatch(path, shape.describe(), brief(value), error)


def closest(shape: Shape, value: Mapping[str, Any]) -> Shape | None:
    """The member of a union for an object that fits none exactly: one whose required fields are all there."""
    for model in shape.models:
        if model.cls is not None:
            info = class_info(model.cls)
            if all(not f.required or f.key in value for f in info.fields):
                return model
    return shape.models[0] if shape.models else None


_unknown: list[Shape] = []


def unknown_shape() -> Shape:
    """Shape of an object whose tag no member of the union has."""
    if not _unknown:
        _unknown.append(shapes.shape_of(shapes.base_class("UnknownModel")))
    return _unknown[0]


def construct(cls: type[BaseModel], values: Mapping[str, Any], fields_set: set[str] | None = None) -> Any:
    """Make an instance from Python values without checking them; objects inside become models.

    Args:
        cls: class of the instance.
        values: values by JSON key.
        fields_set: names to count as set besides those in `values`.

    Returns:
        The instance; where a value does not fit its annotation it is kept as it is.
    """
    info = class_info(cls)
    found: dict[str, Any] = {}
    given: set[str] = set() if fields_set is None else fields_set
    for field in info.fields:
        key = field.name if field.by_name and field.key not in values else field.key
        if key in values:
            value = values[key]
            given.add(field.name)
            if value is not None:
                found[field.name] = convert(field.shape, value, (key,), OFF, _construct_nested)
            else:
                found[field.name] = field.default()
        else:
            found[field.name] = field.default()
    extra = {key: value for key, value in values.items() if key not in info.by_key}
    instance = cls.__new__(cls)
    fill(instance, found, given, extra if cls.model_config.get("extra") == "allow" else None)
    return instance


def _construct_nested(cls: type[BaseModel], value: dict[str, Any], path: Path, mode: int) -> Any:
    return construct(cls, value)


def fill(instance: Any, values: dict[str, Any], given: set[str], extra: dict[str, Any] | None) -> None:
    """Write the state of an instance, past pydantic's checks."""
    put = object.__setattr__
    put(instance, "__dict__", values)
    put(instance, "__pydantic_fields_set__", given)
    put(instance, "__pydantic_extra__", extra)
    put(instance, "__pydantic_private__", private_values(cast("type[BaseModel]", type(instance))))


def private_values(cls: type[pydantic.BaseModel]) -> dict[str, Any] | None:
    """Fresh defaults of a class's private attributes, or None if it has none."""
    attributes = cls.__private_attributes__
    if not attributes:
        return None
    values = {
        name: attribute.get_default(call_default_factory=True) for name, attribute in attributes.items()
    }
    return {name: value for name, value in values.items() if value is not PydanticUndefined}
