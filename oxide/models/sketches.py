"""Fields of classes that sleep, so that an instance can be filled without pydantic completing its class."""

from __future__ import annotations

from types import FunctionType
from typing import Any, NamedTuple

from pydantic_core import PydanticUndefined

from .sleeping import Sleeper, body_asleep, evaluated

__all__ = ["PlainField", "Sketch", "sketch_of"]


class PlainField:
    """A field with nothing to it but an annotation and perhaps a default: answers like pydantic's record.

    Attributes:
        default: what the field is when it was not given.
    """

    __slots__ = ("_annotation", "_cls", "default")

    default_factory = None
    discriminator = None
    metadata = ()

    def __init__(self, cls: type, annotation: Any, default: Any) -> None:
        self._cls = cls
        self._annotation = annotation
        self.default = default

    @property
    def annotation(self) -> Any:
        """The annotation, with stand-ins for unions whose tags are known; names are looked up here."""
        return evaluated(self._cls, {"": self._annotation}, brief=True)[""]

    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is PydanticUndefined

    def get_default(self, *, call_default_factory: bool = False) -> Any:
        """The default, which is immutable."""
        return self.default


class Sketch(NamedTuple):
    """What can be told of a class without waking it.

    Attributes:
        root: the class it is made from, which is awake and settles what is not said here.
        fields: its fields.
        calm: names of which an instance may be asked while its class sleeps.
    """

    root: Any
    fields: dict[str, PlainField]
    calm: frozenset[str]


_PLAIN_DEFAULTS = (str, int, float, bool, type(None))
_BODY = frozenset({
    "__module__", "__qualname__", "__doc__", "__annotations__", "__firstlineno__", "__static_attributes__",
})  # fmt: skip
_OF_MIXINS = _BODY | {"__dict__", "__weakref__", "__slots__"}
# What the root says here is what the class would say.
_CALM = frozenset({"__class__", "__doc__", "__module__", "__pydantic_decorators__"})


def sketch_of(cls: type) -> Sketch | None:
    """Tell the fields of a sleeping class, if its body holds nothing but annotations and plain defaults.

    Args:
        cls: any class.

    Returns:
        None where only pydantic can tell: the class is awake, has fields from its bases, or rules of its own.
    """
    namespace = body_asleep(cls)
    if namespace is None:
        return None
    bases: tuple[Any, ...] = cls.__bases__
    mixins, root = bases[:-1], bases[-1]
    annotations: dict[str, Any] = namespace.get("__annotations__", {})
    inherited: object = getattr(root, "__pydantic_fields__", None)
    if type(root) is not Sleeper or inherited != {} or not all(map(_only_methods, mixins)):
        return None
    if not namespace.keys() <= annotations.keys() | _BODY:
        return None
    calm = _CALM.union(*map(vars, mixins))
    fields: dict[str, PlainField] = {}
    for name, annotation in annotations.items():
        default = namespace.get(name, PydanticUndefined)
        plain = default is PydanticUndefined or type(default) in _PLAIN_DEFAULTS
        if not plain or name[0] == "_" or name in calm or hasattr(root, name) or _no_field(str(annotation)):
            return None
        fields[name] = PlainField(cls, annotation, default)
    return Sketch(root, fields, calm)


def _no_field(annotation: str) -> bool:
    return "ClassVar" in annotation or "Final" in annotation


def _only_methods(mixin: type) -> bool:
    """Whether a class adds methods and properties, and nothing that pydantic would look at."""
    members = {name: value for name, value in vars(mixin).items() if name not in _OF_MIXINS}
    return (
        mixin.__bases__ == (object,)
        and not vars(mixin).get("__annotations__")
        and all(isinstance(value, (FunctionType, property)) for value in members.values())
        and not any(name.startswith(("__", "model_")) for name in members)
    )
