"""Unions known by their tags alone: a member is imported when the first object with its tag comes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeVar, cast

__all__ = ["Tags", "known_union", "spelled_out", "stand_in", "tags_of"]

Tags = tuple[str, dict[str, str]]
"""JSON key of the property that selects a member; ``module:Class`` by its value, in the union's order."""

# A type variable may stand wherever a type may, and typing itself puts the type in its place.
_stand_ins: dict[str, Any] = {}
_references: dict[Any, str] = {}


def stand_in(reference: str) -> Any:
    """What stands in an annotation for a type that has not been imported.

    Args:
        reference: ``module:Name`` of the type.

    Returns:
        A type variable with the name of the type, the same at each call.
    """
    found = _stand_ins.get(reference)
    if found is None:
        made = cast("Any", TypeVar)(reference.rpartition(":")[2])
        found = _stand_ins.setdefault(reference, made)
        _references[found] = reference
    return found


def known_union(reference: str) -> Any:
    """What stands for a union whose tags are known; None for anything else.

    Args:
        reference: ``module:Name``.
    """
    from oxide.types._unions import UNIONS

    return stand_in(reference) if reference in UNIONS else None


def tags_of(annotation: Any) -> Tags | None:
    """The tags of the union that an annotation stands for; None where it stands for none.

    Args:
        annotation: any annotation.
    """
    if not isinstance(annotation, TypeVar) or annotation not in _references:
        return None
    from oxide.types._unions import UNIONS

    return UNIONS.get(_references[annotation])


def spelled_out(annotation: Any) -> Any:
    """An annotation with the types themselves in place of what stands for them.

    Args:
        annotation: any annotation.
    """
    if isinstance(annotation, TypeVar):
        reference = _references.get(annotation)
        if reference is None:
            return annotation
        module, _, name = reference.partition(":")
        return getattr(import_module(module), name)
    # A class may sleep, and has none of ours.
    if isinstance(annotation, type):
        return annotation
    parameters: tuple[Any, ...] = getattr(annotation, "__parameters__", ())
    if not any(p in _references for p in parameters):
        return annotation
    return annotation[tuple(map(spelled_out, parameters))]
