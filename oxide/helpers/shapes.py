"""What is wrong with JSON data and where: names of fields, indexes and types, never what is in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias, cast

__all__ = [
    "Fault",
    "Faults",
    "choices",
    "got",
    "integers",
    "items_of",
    "listed",
    "object_in",
    "optional_texts",
    "text_faults",
    "texts",
    "texts_given",
]

Fault: TypeAlias = tuple[str, str]
"""A place within an item, such as `.content[0].text`, and what is wrong there."""

Faults: TypeAlias = Iterator[Fault]
"""Those of an item, in the order in which they are looked for."""


def got(wanted: str, value: object) -> str:
    """What is wrong with a value that is of another type.

    Args:
      wanted: what is needed.
      value: what is there; None where nothing is.
    """
    return f"{wanted} is needed, got {'nothing' if value is None else type(value).__name__}"


def texts(item: Mapping[str, Any], *names: str) -> Faults:
    """Fields that have to be text."""
    for name in names:
        if not isinstance(item.get(name), str):
            yield f".{name}", got("text", item.get(name))


def texts_given(item: Mapping[str, Any], *names: str) -> Faults:
    """Fields that are text where they are; null is no way to leave them out."""
    yield from texts(item, *(name for name in names if name in item))


def optional_texts(item: Mapping[str, Any], *names: str) -> Faults:
    """Fields that are text, null or left out."""
    yield from texts(item, *(name for name in names if item.get(name) is not None))


def text_faults(value: object) -> Faults:
    """An entry of a list that has to be text."""
    if not isinstance(value, str):
        yield "", got("text", value)


def integers(item: Mapping[str, Any], *names: str) -> Faults:
    """Fields that have to be integers; a truth value is none."""
    for name in names:
        if type(item.get(name)) is not int:
            yield f".{name}", got("an integer", item.get(name))


def choices(item: Mapping[str, Any], name: str, among: Collection[str | None]) -> Faults:
    """A field that has to be one of some texts, or may be null or left out where None is among them."""
    if item.get(name) not in among:
        yield f".{name}", f"one of {', '.join(filter(None, among))} is needed"


def listed(item: Mapping[str, Any], name: str, check: Callable[[Any], Faults]) -> Faults:
    """A field that has to be a list, and what is wrong with each of its entries."""
    value: object = item.get(name)
    if not isinstance(value, list):
        yield f".{name}", got("a list", value)
        return
    for number, entry in enumerate(cast("list[object]", value)):
        for place, fault in check(entry):
            yield f".{name}[{number}]{place}", fault


def items_of(item: Mapping[str, Any], name: str, check: Callable[[Mapping[str, Any]], Faults]) -> Faults:
    """A field that has to be a list of objects, and what is wrong with each of them."""
    yield from listed(item, name, lambda entry: _as_object(entry, check))


def object_in(item: Mapping[str, Any], name: str, check: Callable[[Mapping[str, Any]], Faults]) -> Faults:
    """A field that has to be an object, and what is wrong with it."""
    for place, fault in _as_object(item.get(name), check):
        yield f".{name}{place}", fault


def _as_object(value: object, check: Callable[[Mapping[str, Any]], Faults]) -> Faults:
    if isinstance(value, Mapping):
        yield from check(cast("Mapping[str, Any]", value))
    else:
        yield "", got("an object", value)
