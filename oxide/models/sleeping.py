"""Model classes that pydantic completes when something is first asked of them.

Completing a class costs ten times what making a plain one does, and the union behind one field of an answer
names hundreds, of which an answer holds a few.
"""

from __future__ import annotations

import sys
from abc import ABCMeta
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pydantic

from .unions import known_union

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(pydantic.BaseModel)

__all__ = ["Asleep", "Sleeper", "annotation_asleep", "body_asleep", "evaluated", "wake"]

_SELF = "__oxide_self__"

# Asked of every class that becomes part of an annotation, and the same before and after.
_QUIET = frozenset({
    "__abstractmethods__", "__args__", "__bases__", "__class__", "__doc__", "__eq__", "__hash__",
    "__module__", "__mro__", "__name__", "__origin__", "__parameters__", "__qualname__",
    "__subclasscheck__", "__typing_is_unpacked_typevartuple__", "__typing_prepare_subst__",
    "__typing_subst__", "__typing_unpacked_tuple_args__",
})  # fmt: skip

_lock = RLock()
_asleep: dict[type, dict[str, Any]] = {}
_waking: set[Any] = set()


class _Reuse(ABCMeta):
    """Stands behind pydantic's metaclass and gives it, in place of a new class, the one that is to wake."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> _Reuse:
        known = namespace.pop(_SELF, None)
        if known is None:
            return super().__new__(mcs, name, bases, namespace, **kwargs)
        before = _asleep[known]
        for key, value in namespace.items():
            if before.get(key, _asleep) is not value:
                type.__setattr__(known, key, value)
        for key in before.keys() - namespace.keys():
            type.__delattr__(known, key)
        return cast("_Reuse", known)


class Sleeper(ModelMetaclass, _Reuse):
    """The metaclass that puts a class to sleep: its body has run, pydantic has not seen it."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Sleeper:
        if kwargs or not any(type(base) is Sleeper for base in bases):
            kwargs["__pydantic_reset_parent_namespace__"] = False
            return cast("Sleeper", super().__new__(mcs, name, bases, namespace, **kwargs))
        cls = ABCMeta.__new__(Asleep, name, bases, namespace)
        namespace.pop("__classcell__", None)
        _asleep[cls] = dict(namespace)
        return cls


class Asleep(Sleeper):
    """The metaclass of a sleeping class: whoever asks it anything wakes it."""

    if not TYPE_CHECKING:
        # A class made below a sleeping one is made by pydantic alone: it looks at the frame that called it.
        __new__ = ModelMetaclass.__new__

    def __getattribute__(cls, name: str) -> Any:
        if name not in _QUIET:
            wake(cls)
        return type.__getattribute__(cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        wake(cls)
        type.__setattr__(cls, name, value)

    def __delattr__(cls, name: str) -> None:
        wake(cls)
        type.__delattr__(cls, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        wake(cls)
        return type.__call__(cls, *args, **kwargs)

    def __dir__(cls) -> list[str]:
        wake(cls)
        return ModelMetaclass.__dir__(cls)


def wake(cls: type) -> None:
    """Have pydantic complete a class, which from then on is like any other model class.

    Args:
        cls: any class; one that is awake is left alone.
    """
    if type(cls) is not Asleep:
        return
    with _lock:
        found = _asleep.get(cls)
        if cls in _waking or type(cls) is not Asleep:
            return
        if found is not None:
            _waking.add(cls)
            try:
                _complete(cls, found)
            finally:
                _waking.discard(cls)
            del _asleep[cls]
        elif "__pydantic_complete__" not in type.__getattribute__(cls, "__dict__"):
            # Still being made.
            return
        type.__setattr__(cls, "__class__", ModelMetaclass)


class _Names(dict[str, Any]):
    """What a module answers by name, those it imports when they are asked for included.

    Args:
        module: the module.
        brief: what stands for a union will do, where its tags are known.
    """

    def __init__(self, module: ModuleType, brief: bool) -> None:
        self._module = module
        self._later: dict[str, str] = vars(module).get("_NAMES", {}) if brief else {}

    def __missing__(self, name: str) -> Any:
        place = self._later.get(name)
        found = None if place is None else known_union(place if ":" in place else f"{place}:{name}")
        if found is not None:
            return found
        try:
            return getattr(self._module, name)
        except AttributeError:
            # A built-in, or a name that nobody knows: what evaluates the annotation says so.
            raise KeyError(name) from None


def evaluated(cls: type, annotations: dict[str, Any], *, brief: bool = False) -> dict[str, Any]:
    """Annotations as they are without `from __future__ import annotations`.

    Args:
        cls: the class they are of.
        annotations: by the name of the field.
        brief: `spelled_out` makes annotations of the result, which spares imports.

    Raises:
        NameError: one holds a name that its module does not know.
    """
    texts = {name: text for name, text in annotations.items() if isinstance(text, str)}
    if not texts:
        return annotations
    # One piece of code for all of them: compiling each takes several times as long.
    code = "{" + ",".join(f"{name!r}:{text}" for name, text in texts.items()) + "}"
    module = sys.modules[cls.__module__]
    return {**annotations, **eval(code, vars(module), _Names(module, brief))}


def _complete(cls: type, namespace: dict[str, Any]) -> None:
    make = cast(Any, ModelMetaclass.__new__)
    if "__annotations__" in namespace:
        namespace = {**namespace, "__annotations__": evaluated(cls, namespace["__annotations__"])}
    # There is no frame to look names up in: these classes stand in modules.
    made = make(
        Sleeper,
        cls.__name__,
        cls.__bases__,
        {**namespace, _SELF: cls},
        __pydantic_reset_parent_namespace__=False,
    )
    if made is not cls:
        raise TypeError("this version of oxide does not know how this version of pydantic makes classes")


def annotation_asleep(cls: type, name: str) -> Any:
    """The annotation of a field of a class that can stay asleep.

    Args:
        cls: any class.
        name: the field.

    Returns:
        The annotation; None where only pydantic can tell: the class is awake, the field is inherited, or it
        has more to it than an annotation and a plain default.
    """
    found = _asleep.get(cls, {})
    annotation = found.get("__annotations__", {}).get(name)
    if annotation is None or type(found.get(name)).__name__ == "FieldInfo":
        return None
    return evaluated(cls, {name: annotation})[name]


def body_asleep(cls: type) -> dict[str, Any] | None:
    """What the body of a sleeping class left behind.

    Args:
        cls: any class.

    Returns:
        Names and values, not to be changed; None where the class is awake.
    """
    return _asleep.get(cls) if type(cls) is Asleep else None
