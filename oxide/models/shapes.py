"""Annotations compiled into shapes: what a JSON value has to look like, and what becomes of it.

A shape is made once per annotation, when a field with that annotation is first read, so that a program pays
only for the types it touches. Both backends work from the same shapes.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from .markers import PropertyInfo
from .sleeping import annotation_asleep
from .unions import Tags, spelled_out, stand_in, tags_of

if TYPE_CHECKING:
    from .base import BaseModel
    from .sketches import PlainField

    Info = FieldInfo | PlainField

__all__ = ["Shape", "root_shape", "shape_of"]

# Kinds of shape. The native backend switches on the same numbers.
ANY, NONE, STR, INT, FLOAT, BOOL, LITERAL, LIST, DICT, MODEL, UNION, ADAPTER, FLOATS = range(13)

# Kinds of JSON value.
J_NULL, J_BOOL, J_INT, J_FLOAT, J_STRING, J_ARRAY, J_OBJECT, J_OTHER = range(8)

_SCALARS: dict[object, int] = {str: STR, int: INT, float: FLOAT, bool: BOOL}
_CONTAINERS = {list: LIST, Sequence: LIST, Iterable: LIST, dict: DICT, Mapping: DICT}
_KIND_NAMES = ("null", "bool", "int", "float", "str", "list", "object", "value")

_lock = RLock()

_bases: dict[str, type[BaseModel]] = {}


def register(name: str, cls: type[BaseModel]) -> None:
    """Make a base class known here: `base` imports this module, so this one cannot import it."""
    _bases[name] = cls


def base_class(name: str = "BaseModel") -> type[BaseModel]:
    """Return a class that `base` registered."""
    return _bases[name]


class Shape:
    """What a JSON value has to look like.

    Attributes:
        kind: one of the constants of this module.
        annotation: the annotation it was made from; pydantic decides what the quick checks cannot.
        optional: whether null is a value of its own.
        item: shape of the items of a list or of the values of a dict.
        literals: accepted values of a literal.
        by_kind: for a union, the member for each kind of JSON value that needs no further look.
        tag: JSON key of the property that selects the member of a union.
        variants: value of the tag → shape of the member, or of the members that share it.
    """

    __slots__ = (
        "_adapter", "_cls", "annotation", "by_kind", "compiled", "item", "kind", "literals", "models",
        "optional", "tag", "variants",
    )  # fmt: skip

    def __init__(self, kind: int, annotation: Any, *, optional: bool = False) -> None:
        self.kind = kind
        self.annotation = annotation
        self.optional = optional
        self.item: Shape | None = None
        self.literals: dict[object, object] = {}
        self.by_kind: list[Shape | None] = []
        self.tag: str | None = None
        self.variants: dict[str, Shape] = {}
        self.models: list[Shape] = []
        self.compiled: object = None
        self._adapter: pydantic.TypeAdapter[Any] | None = None
        self._cls: type[BaseModel] | None = None

    @property
    def cls(self) -> type[BaseModel] | None:
        """Class of a model, imported when it is first asked for."""
        if self._cls is None and self.kind == MODEL:
            self._cls = spelled_out(self.annotation)
        return self._cls

    @property
    def adapter(self) -> pydantic.TypeAdapter[Any]:
        """Pydantic's own validator for the annotation, made on first use."""
        if self._adapter is None:
            with _lock:
                if self._adapter is None:
                    self._adapter = pydantic.TypeAdapter(spelled_out(self.annotation))
        return self._adapter

    def describe(self) -> str:
        """Say what is expected, in the words of an annotation."""
        text = self._describe()
        return f"{text} | None" if self.optional and self.kind not in (ANY, NONE) else text

    def _describe(self) -> str:
        if self.kind in (STR, INT, FLOAT, BOOL):
            return ("str", "int", "float", "bool")[self.kind - STR]
        if self.kind == NONE:
            return "None"
        if self.kind == LITERAL:
            return f"one of {', '.join(map(repr, self.literals))}"
        if self.kind in (LIST, FLOATS) and self.item is not None:
            text = f"list[{self.item.describe()}]"
            return text if self.kind == LIST else f"{text} or base64 of singles"
        if self.kind == DICT and self.item is not None:
            return f"dict[str, {self.item.describe()}]"
        if self.kind == MODEL:
            return str(self.annotation.__name__)
        if self.kind == UNION:
            names = dict.fromkeys(m.describe() for m in [*self.by_kind, *self.models] if m is not None)
            return " | ".join(names)
        annotation = spelled_out(self.annotation)
        return getattr(annotation, "__name__", None) or str(annotation)


def pydantic_fields(cls: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields with every forward reference resolved.

    Raises:
        pydantic.PydanticUndefinedAnnotation: a name in an annotation does not exist.
    """
    if not getattr(cls, "__pydantic_fields_complete__", True):
        cls.model_rebuild(raise_errors=True)
    return cls.__pydantic_fields__


_roots: dict[Any, Shape] = {}
_ROOTS = 1024


def root_shape(annotation: Any) -> Shape:
    """Compile the annotation of a whole body, once for each.

    Args:
        annotation: any annotation that pydantic accepts.

    Returns:
        Its shape.
    """
    try:
        found = _roots.get(annotation)
    except TypeError:
        # An unhashable one, such as Annotated with a list in it.
        return shape_of(annotation)
    if found is None:
        if len(_roots) >= _ROOTS:
            # Classes made at run time would pile up here.
            _roots.clear()
        found = _roots[annotation] = shape_of(annotation)
    return found


def shape_of(annotation: Any, metadata: Sequence[Any] = ()) -> Shape:
    """Compile an annotation.

    Args:
        annotation: any annotation that pydantic accepts.
        metadata: what stood beside it in `Annotated`.

    Returns:
        Its shape.
    """
    while True:
        if type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            metadata = [*metadata, *annotation.__metadata__]
            annotation = get_args(annotation)[0]
        else:
            break
    if any(not isinstance(m, PropertyInfo) and getattr(m, "discriminator", None) is None for m in metadata):
        args = (annotation, *metadata)
        return Shape(ADAPTER, cast(Any, Annotated)[args])
    if isinstance(annotation, TypeVar):
        tags = tags_of(annotation)
        if tags is not None:
            return _known_by_tags(annotation, tags)
        bound = annotation.__bound__
        return shape_of(bound) if bound is not None and not isinstance(bound, str) else Shape(ANY, Any)
    if annotation is Any or annotation is object:
        return Shape(ANY, Any, optional=True)
    if annotation is None or annotation is type(None):
        return Shape(NONE, None, optional=True)
    scalar = _SCALARS.get(annotation)
    if scalar is not None:
        return Shape(scalar, annotation)
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        return _literal(annotation)
    if origin is Union or origin is types.UnionType:
        return _union(annotation, metadata)
    container = _CONTAINERS.get(origin)
    if container is not None:
        return _container(container, annotation)
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return _model(annotation)
    return Shape(ADAPTER, annotation)


def field_shape(info: Info) -> Shape:
    """Compile the annotation of a field."""
    metadata = list(info.metadata)
    if isinstance(info.discriminator, str):
        metadata.append(PropertyInfo(discriminator=info.discriminator))
    return shape_of(info.annotation, metadata)


def json_key(name: str, info: FieldInfo) -> str:
    """Return the key under which a field stands in JSON."""
    alias = info.validation_alias if info.validation_alias is not None else info.alias
    return alias if isinstance(alias, str) else name


def _literal(annotation: Any) -> Shape:
    values = get_args(annotation)
    shape = Shape(LITERAL, annotation, optional=None in values)
    shape.literals = {v: v for v in values if v is not None}
    return shape


def _container(kind: int, annotation: Any) -> Shape:
    shape = Shape(kind, annotation)
    args = get_args(annotation)
    if kind == DICT:
        if args and args[0] is not str:
            return Shape(ADAPTER, annotation)
        shape.item = shape_of(args[1]) if len(args) == 2 else Shape(ANY, Any, optional=True)
    else:
        shape.item = shape_of(args[0]) if args else Shape(ANY, Any, optional=True)
    return shape


def _model(cls: type[pydantic.BaseModel]) -> Shape:
    if not issubclass(cls, base_class()):
        return Shape(ADAPTER, cls)
    return Shape(MODEL, cls)


def _flat(annotation: Any) -> Iterable[Any]:
    """The members of a union, those of unions inside it too."""
    for member in get_args(annotation):
        inner = member
        while get_origin(inner) is Annotated or type(inner).__name__ == "TypeAliasType":
            inner = get_args(inner)[0] if get_origin(inner) is Annotated else inner.__value__
        if get_origin(inner) in (Union, types.UnionType):
            yield from _flat(inner)
        else:
            yield member


def _known_by_tags(annotation: Any, tags: Tags) -> Shape:
    shape = Shape(UNION, annotation)
    shape.tag = tags[0]
    models = {reference: Shape(MODEL, stand_in(reference)) for reference in tags[1].values()}
    shape.models = list(models.values())
    shape.variants = {value: models[reference] for value, reference in tags[1].items()}
    shape.by_kind = [None] * J_OTHER
    return shape


def _union(annotation: Any, metadata: Sequence[Any]) -> Shape:
    beside = [m for m in get_args(annotation) if m is not type(None)]
    if len(beside) > 1 and any(map(tags_of, beside)):
        annotation = spelled_out(annotation)
    members = [shape_of(m) for m in _flat(annotation)]
    optional = any(m.optional for m in members)
    members = [m for m in members if m.kind != NONE]
    if len(members) == 1:
        only = members[0]
        if only.kind == ADAPTER:
            only.annotation = annotation
        only.optional = optional
        return only
    if any(m.kind == ANY for m in members):
        return Shape(ANY, Any, optional=True)
    shape = Shape(UNION, annotation, optional=optional)
    shape.models = [m for m in members if m.kind == MODEL]
    shape.by_kind = _dispatch(members)
    if len(shape.models) > 1:
        tag = next((t for m in metadata if isinstance(t := getattr(m, "discriminator", None), str)), None)
        _tagged(shape, tag or _common_tag(shape.models))
    return shape


def _first(members: Sequence[Shape], test: Callable[[Shape], bool]) -> Shape | None:
    return next((m for m in members if test(m)), None)


def _dispatch(members: Sequence[Shape]) -> list[Shape | None]:
    """Which member takes which kind of JSON value, where the kind alone decides."""

    def literal_of(type_: type) -> Shape | None:
        return _first(members, lambda m: m.kind == LITERAL and any(type(v) is type_ for v in m.literals))

    def kind(*kinds: int) -> Shape | None:
        return next((m for k in kinds for m in members if m.kind == k), None)

    def sole(*kinds: int) -> Shape | None:
        found = [m for m in members if m.kind in kinds]
        return found[0] if len(found) == 1 and not kind(ADAPTER) else None

    return [
        None,
        kind(BOOL) or literal_of(bool),
        kind(INT) or literal_of(int) or kind(FLOAT),
        kind(FLOAT),
        kind(STR) or (None if kind(ADAPTER) else literal_of(str)),
        sole(LIST),
        sole(MODEL, DICT),
    ]


def tag_values(cls: type[pydantic.BaseModel], tag: str) -> tuple[str, list[str]] | None:
    """Return the JSON key of a tag and its values in one member of a union, or None if it has no such tag."""
    annotation = annotation_asleep(cls, tag)
    if annotation is not None:
        key, shape = tag, shape_of(annotation)
    else:
        info = pydantic_fields(cls).get(tag)
        if info is None:
            return None
        key, shape = json_key(tag, info), field_shape(info)
    values = [v for v in shape.literals if isinstance(v, str)]
    return (key, values) if shape.kind == LITERAL and values else None


def _common_tag(models: Sequence[Shape]) -> str | None:
    """A property that is a literal in every member, with no value shared: a tag that nobody declared."""
    first = cast("type[BaseModel]", models[0].cls)
    for name in pydantic_fields(first):
        seen: list[str] = []
        for model in models:
            found = tag_values(cast("type[BaseModel]", model.cls), name)
            if found is None:
                break
            seen += found[1]
        else:
            if len(seen) == len(set(seen)):
                return name
    return None


def _tagged(shape: Shape, tag: str | None) -> None:
    if tag is None:
        return
    groups: dict[str, list[Shape]] = {}
    for model in shape.models:
        found = tag_values(cast("type[BaseModel]", model.cls), tag)
        if found is not None:
            shape.tag = found[0]
            for value in found[1]:
                groups.setdefault(value, []).append(model)
    for value, group in groups.items():
        shape.variants[value] = group[0] if len(group) == 1 else _group(group)


def _group(models: list[Shape]) -> Shape:
    """Members of a union that share the value of the tag: pydantic picks the one that fits."""
    shape = Shape(UNION, Union[tuple(m.annotation for m in models)])  # noqa: UP007
    shape.models = models
    shape.by_kind = [None] * J_OTHER
    return shape


def kind_name(kind: int) -> str:
    """Name of a kind of JSON value, as used in messages."""
    return _KIND_NAMES[kind]
