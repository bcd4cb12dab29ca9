"""Annotations and signatures in a form that two packages can be compared in."""

from __future__ import annotations

import inspect
import os
import re
import typing
from types import UnionType
from typing import Any

import typing_extensions

_NOISE = re.compile(r"\b(?:typing_extensions|typing|oxide\.models\.markers|openai\._utils\._transform)\.")


def normal(annotation: Any) -> object:
    """An annotation that does not say whose module it is from, unions and literals without an order.

    `typing` hands out the first of two equal unions it has seen, and those that differ in order are equal.
    """
    if annotation is None:
        return "NoneType"
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or isinstance(annotation, UnionType):
        return "Union", frozenset(map(normal, args))
    if origin in (typing.Literal, typing_extensions.Literal):
        return "Literal", frozenset(map(repr, args))
    if origin is os.PathLike:
        return "PathLike"  # The official SDK does not subscript it at run time.
    if origin is not None and args:
        # What oxide's own parameter of a class is unless asked for: nothing.
        args = tuple(a for a in args if a is not typing_extensions.Never)
        inner = args[0] if origin is typing.Annotated else None
        rest = [text(a) for a in getattr(annotation, "__metadata__", ())]
        head = "Annotated" if inner is not None else place(origin)
        return head, tuple(map(normal, [inner] if inner is not None else args)), tuple(rest)
    if isinstance(annotation, list):
        return tuple(map(normal, typing.cast("list[Any]", annotation)))
    return place(annotation)


def place(annotation: Any) -> str:
    """A class by module and name below the package, anything else as text."""
    if isinstance(annotation, type):
        metadata: Any = getattr(annotation, "__pydantic_generic_metadata__", None)
        if metadata and metadata["args"]:
            return f"{place(metadata['origin'])}[{', '.join(str(normal(a)) for a in metadata['args'])}]"
        module = re.sub(r"\b_(\w+)_parts$", r"\1", annotation.__module__)
        # Types are where they are in the official SDK; what is not public may be elsewhere.
        inside = re.fullmatch(r"(?:openai|oxide)[.](types[.].*)", module)
        return f"{inside[1]}.{annotation.__qualname__}" if inside else annotation.__qualname__
    return text(annotation)


def text(value: Any) -> str:
    """A marker as text; the official one prints None in quotes."""
    return _NOISE.sub("", re.sub(r"\bopenai\.", "oxide.", str(value))).replace("'None'", "None")


def shape(function: Any) -> list[tuple[str, str, str]]:
    """Name, kind and default of every parameter; sentinels by their class."""
    found: list[tuple[str, str, str]] = []
    for parameter in inspect.signature(function).parameters.values():
        default = parameter.default
        said = type(default).__name__ if type(default).__name__ in ("Omit", "NotGiven") else repr(default)
        found.append((parameter.name, parameter.kind.name, said))
    return found
