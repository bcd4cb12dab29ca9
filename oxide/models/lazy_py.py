"""Lazy models in pure Python: the twin of `lazy_c` and its oracle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from oxide._faults import not_json

from .classes import ClassInfo, class_info
from .convert import ABSENT, EAGER, LAZY, MODES, OFF, Path, convert, fill, mismatch, missing
from .markers import ValidationMode
from .shapes import STR, root_shape
from .sleeping import wake

if TYPE_CHECKING:
    from .base import BaseModel

__all__ = [
    "Carrier",
    "Later",
    "assemble",
    "assign",
    "build",
    "given",
    "is_lazy",
    "materialise",
    "note",
    "packed",
    "raw_json",
    "unread_text",
]

_put = object.__setattr__
_get = object.__getattribute__
_STATE = frozenset({"__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"})


class Source:
    """The JSON object behind an instance whose fields have not all been read."""

    __slots__ = ("assigned", "data", "info", "mode", "path", "read")

    def __init__(self, info: ClassInfo, data: dict[str, Any], path: Path, mode: int) -> None:
        self.info = info
        self.data = data
        self.path = path
        self.mode = mode
        self.read: dict[str, Any] = {}
        self.assigned: set[str] = set()

    def value(self, name: str) -> Any:
        """Check and convert one field, once."""
        if name in self.read:
            return self.read[name]
        field = self.info.by_name[name]
        data = self.data
        key = field.name if field.by_name and field.key not in data else field.key
        if key in data:
            value = convert(field.shape, data[key], (*self.path, key), self.mode, make)
        elif field.required and self.mode != OFF:
            missing((*self.path, key), field.shape)
        else:
            value = field.default()
        # setdefault is atomic: of two threads that read at once, one value stays.
        return self.read.setdefault(name, value)


class Later:
    """A value that is worked out each time somebody reads the field it stands in."""

    __slots__ = ()

    def resolve(self) -> Any:
        """What the reader gets."""
        raise NotImplementedError


class _Assembled(Source):
    """Python values in place of a JSON object."""

    __slots__ = ()

    def value(self, name: str) -> Any:
        """The value as its reader sees it."""
        key = self.info.by_name[name].key
        if key not in self.data:
            return self.info.by_name[name].default()
        found = self.data[key]
        return found.resolve() if isinstance(found, Later) else found


def assemble(cls: type[Any], values: tuple[Any, ...]) -> Any:
    """Make an instance of Python values, without checking them.

    Args:
        cls: a model class without rules of its own.
        values: one for each field, in the order of the class; `ABSENT` where a field was not given. A `Later`
            is asked for its value whenever the field is read.

    Returns:
        The instance.

    Raises:
        TypeError: the number of values is not that of the fields, or the class has rules of its own.
    """
    info = class_info(cls)
    if len(values) != len(info.fields) or not info.lazy:
        raise TypeError(f"{cls.__name__} cannot be assembled of {len(values)} values")
    data = {field.key: value for field, value in zip(info.fields, values, strict=True) if value is not ABSENT}
    wake(cls)
    instance: Any = object.__new__(cls)
    _put(instance, "_oxide_source", _Assembled(info, data, (), OFF))
    return instance


def _source(instance: Any) -> Source | None:
    try:
        return _get(instance, "_oxide_source")  # type: ignore[no-any-return]
    except AttributeError:
        return None


class Carrier:
    """Reads and writes of a model's attributes, aware of what has not been read yet."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            if name in _STATE:
                materialise(self)
            return _get(self, name)

        def __getattr__(self, name: str) -> Any:
            source = _source(self)
            if source is not None:
                if name in source.info.by_name:
                    return source.value(name)
                materialise(self)
                return getattr(self, name)
            values = _get(self, "__dict__")
            if name in values:
                # Another thread filled the instance since the look that missed.
                return values[name]
            return super().__getattr__(name)

        def __setattr__(self, name: str, value: Any) -> None:
            materialise(self)
            super().__setattr__(name, value)

        def __delattr__(self, name: str) -> None:
            materialise(self)
            super().__delattr__(name)


def is_lazy(instance: object) -> bool:
    """Tell whether an instance still holds fields that have not been read."""
    return _source(instance) is not None


def make(cls: type[BaseModel], data: dict[str, Any], path: Path, mode: int) -> Any:
    """Make an instance that fills itself from a JSON object."""
    instance = cls.__new__(cls)
    _put(instance, "_oxide_source", Source(class_info(cls), data, path, mode))
    if mode == EAGER:
        materialise(instance)
    return instance


def materialise(instance: Any) -> None:
    """Read every field, so that the instance is an ordinary pydantic model from here on."""
    source = _source(instance)
    if source is None:
        return
    data, info = source.data, source.info
    values: dict[str, Any] = {}
    given: set[str] = set()
    for field in info.fields:
        if field.key in data or (field.by_name and field.name in data) or field.name in source.assigned:
            given.add(field.name)
        elif field.required and source.mode == LAZY:
            continue
        values[field.name] = source.value(field.name)
    extra = {key: value for key, value in data.items() if key not in info.by_key}
    given.update(extra)
    if _source(instance) is source:
        # The last writer's state would differ from what another thread has been handed.
        # What has no field, such as _request_id, stays.
        fill(instance, values | _get(instance, "__dict__"), given, extra)
        object.__delattr__(instance, "_oxide_source")


def raw_json(instance: object) -> bytes | None:
    """Return the JSON text behind an instance that still has one, else None."""
    source = _source(instance)
    return (
        None
        if source is None
        else json.dumps(source.data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )


def given(instance: Any) -> dict[str, Any]:
    """The members an object had when it came, by JSON key; objects inside are models.

    Args:
        instance: a model.
    """
    materialise(instance)
    cls = cast("type[BaseModel]", type(instance))
    known: set[str] = instance.__pydantic_fields_set__
    found = {f.key: getattr(instance, f.name) for f in class_info(cls).fields if f.name in known}
    found.update(instance.__pydantic_extra__ or {})
    return found


def note(instance: Any, name: str, value: object) -> None:
    """Keep a fact beside an instance's fields without reading them."""
    source = _source(instance)
    if source is None:
        setattr(instance, name, value)
    else:
        _get(instance, "__dict__")[name] = value


def assign(instance: Any, name: str, value: object) -> None:
    """Set a field and leave the others unread.

    Args:
        instance: a model.
        name: of the field.
        value: kept as it is.
    """
    source = _source(instance)
    if source is None or isinstance(source, _Assembled) or name not in source.info.by_name:
        setattr(instance, name, value)
        return
    source.read[name] = value
    source.assigned.add(name)


def unread_text(instance: object, name: str) -> bytes | None:
    """Return the UTF-8 of a text that has not been read as a field yet.

    Args:
        instance: a model.
        name: of the field.

    Returns:
        None where the field has been read, is no plain text, or holds lone surrogates, which have no UTF-8.
    """
    source = _source(instance)
    field = source.info.by_name.get(name) if source is not None else None
    if source is None or field is None or field.shape.kind != STR or name in source.read:
        return None
    value = source.data.get(field.name if field.by_name and field.key not in source.data else field.key)
    if not isinstance(value, str):
        return None
    try:
        return value.encode()
    except UnicodeEncodeError:
        return None


def packed(instance: object, name: str) -> bytearray | None:
    """Return the bytes of the singles that a field came as; None where it came as anything else."""
    source = _source(instance)
    field = source.info.by_name.get(name) if source is not None else None
    if source is None or field is None:
        return None
    value = source.data.get(field.key)
    if not isinstance(value, str):
        return None
    from .floats import unpack

    try:
        return unpack(value)
    except ValueError as error:
        mismatch((*source.path, field.key), field.shape.describe(), str(error), error)


def build(type_: Any, body: bytes, length: int, *, validation: ValidationMode = "lazy") -> Any:
    """Make a value of any annotation out of a received body.

    Args:
        type_: annotation: a model, a union, a list of models, `dict`, `str`, `Any`, `None`, …
        body: JSON text, padded as `oxide.json.pad` does it.
        length: bytes of `body` that count.
        validation: when fields are checked; see `ValidationMode`.

    Returns:
        The value.

    Raises:
        oxide.errors.APIResponseValidationError: the body is not JSON or does not fit the annotation.
    """
    mode = MODES[validation]
    shape = root_shape(type_)
    try:
        data = json.loads(bytes(body[:length]))
    except (ValueError, RecursionError) as error:
        raise not_json(bytes(body[:length]), error) from error
    return convert(shape, data, (), mode, make)
