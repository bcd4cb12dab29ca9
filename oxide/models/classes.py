"""Facts about model classes, gathered once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

import pydantic

from .shapes import FLOATS, LIST, Shape, base_class, field_shape, json_key, pydantic_fields
from .sketches import sketch_of

if TYPE_CHECKING:
    from .shapes import Info

__all__ = ["ClassInfo", "FieldFact", "class_info"]

# Settings that change neither what is accepted nor what is stored.
_HARMLESS_CONFIG = frozenset({
    "extra", "defer_build", "protected_namespaces", "title", "arbitrary_types_allowed", "populate_by_name",
    "validate_by_name", "validate_by_alias", "serialize_by_alias", "from_attributes", "json_schema_extra",
    "use_attribute_docstrings", "json_encoders", "ser_json_timedelta", "ser_json_bytes", "ser_json_inf_nan",
    "model_title_generator", "field_title_generator", "ignored_types", "hide_input_in_errors", "frozen",
})  # fmt: skip

_lock = RLock()


class FieldFact:
    """One field of a model: where it is found in JSON and what it must look like.

    Attributes:
        name: attribute name.
        key: JSON key.
        by_name: whether the attribute name is accepted as a key too.
        info: pydantic's own record of the field.
        packed: whether a list of floats may come as base64 of singles.
    """

    __slots__ = ("_shape", "by_name", "info", "key", "name", "packed")

    def __init__(self, name: str, key: str, by_name: bool, info: Info, packed: bool = False) -> None:
        self.name = name
        self.key = key
        self.by_name = by_name
        self.info = info
        self.packed = packed
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The field's shape, compiled when the field is first read."""
        if self._shape is None:
            shape = field_shape(self.info)
            if self.packed and shape.kind == LIST:
                shape.kind = FLOATS
            self._shape = shape
        return self._shape

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        return self.info.is_required()

    def default(self) -> Any:
        """A fresh default value; None for a field that has none."""
        return None if self.required else self.info.get_default(call_default_factory=True)


class ClassInfo:
    """Facts about a model class, gathered once.

    Attributes:
        fields: its fields in order.
        lazy: whether instances can be filled field by field; otherwise the class has rules of its own
            (validators, constraints on extra fields, a custom `__init__`) and pydantic builds it as a whole.
        calm: while the class sleeps, the names of which an instance may be asked without waking it.
    """

    __slots__ = ("by_key", "by_name", "calm", "cls", "compiled", "fields", "lazy", "private")

    def __init__(self, cls: type[pydantic.BaseModel]) -> None:
        self.cls = cls
        sketch = sketch_of(cls)
        # A class with nothing to it but fields follows the rules of the one it is made from.
        ruled: type[pydantic.BaseModel] = cls if sketch is None else sketch.root
        config = ruled.model_config
        by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
        if sketch is None:
            packed: frozenset[str] = getattr(cls, "__oxide_packed__", frozenset())
            self.fields = [
                FieldFact(name, json_key(name, info), by_name, info, name in packed)
                for name, info in pydantic_fields(cls).items()
            ]
            self.calm: frozenset[str] = frozenset()
        else:
            self.fields = [FieldFact(name, name, by_name, info) for name, info in sketch.fields.items()]
            self.calm = sketch.calm
        self.by_name = {f.name: f for f in self.fields}
        self.by_key: dict[str, FieldFact] = {f.name: f for f in self.fields} if by_name else {}
        self.by_key |= {f.key: f for f in self.fields}
        self.lazy = _fillable(ruled)
        self.private: Mapping[str, Any] = ruled.__private_attributes__
        self.compiled: object = None


def class_info(cls: type[pydantic.BaseModel]) -> ClassInfo:
    """Return the facts about a model class, gathering them on the first call.

    Args:
        cls: a pydantic model class.

    Returns:
        The facts, the same object on each call.
    """
    # Past the metaclass: it would wake the class.
    known: Mapping[str, Any] = type.__getattribute__(cls, "__dict__")
    info = known.get("__oxide_info__")
    if info is None:
        with _lock:
            info = known.get("__oxide_info__")
            if info is None:
                info = ClassInfo(cls)
                type.__setattr__(cls, "__oxide_info__", info)
    return cast(ClassInfo, info)


def _fillable(cls: type[pydantic.BaseModel]) -> bool:
    """Tell whether filling fields one by one gives what pydantic itself would give."""
    if not issubclass(cls, base_class()) or cls.__pydantic_root_model__:
        return False
    if cls.model_config.get("extra") != "allow" or not _HARMLESS_CONFIG.issuperset(cls.model_config):
        return False
    rules = cls.__pydantic_decorators__
    if rules.validators or rules.field_validators or rules.root_validators or rules.model_validators:
        return False
    own_post_init = not cls.model_post_init.__module__.startswith("pydantic.")
    if own_post_init or getattr(cls, "__pydantic_custom_init__", False):
        return False
    if "__get_pydantic_core_schema__" in _names_below(cls) or "__pydantic_extra__" in _annotated_below(cls):
        return False
    return not any(
        not isinstance(f.validation_alias, str | None)
        or f.validate_default
        or getattr(f, "default_factory_takes_validated_data", None)
        or (f.alias is not None and f.validation_alias is None)
        for f in cls.__pydantic_fields__.values()
    )


def _classes_below(cls: type) -> Iterable[type]:
    for base in cls.__mro__:
        if base is pydantic.BaseModel:
            return
        yield base


def _names_below(cls: type) -> set[str]:
    return {name for base in _classes_below(cls) for name in vars(base)}


def _annotated_below(cls: type) -> set[str]:
    return {name for base in _classes_below(cls) for name in vars(base).get("__annotations__", ())}
