"""Events of a stream made into objects, in pure Python: the twin of `events_c` and its oracle."""

from __future__ import annotations

import json
from typing import Any, cast

from oxide._faults import has_fault, not_json, stream_error

from .classes import class_info
from .convert import MODES, convert, unknown_shape
from .lazy_py import make
from .markers import ValidationMode
from .shapes import MODEL, Shape, shape_of

__all__ = ["EventFactory"]


class EventFactory:
    """Makes an object of each event of a stream.

    The class follows from the event's name, where it has one that the type knows, else from the tag in its
    data. An `error` object that the class has no field for is raised.

    Args:
        type_: annotation of the events: a model, a union of models with a tag, `Any`, …
        validation: when fields are checked; see `ValidationMode`.
    """

    def __init__(self, type_: Any, validation: ValidationMode = "lazy") -> None:
        self._shape = shape_of(type_)
        self._mode = MODES[validation]

    def make(self, name: str | None, data: bytes) -> Any:
        """Make the object of one event.

        Args:
            name: value of the event's `event:` line, None where it has none.
            data: its data, JSON text.

        Returns:
            The object.

        Raises:
            oxide.errors.APIError: the data is an error object, is not JSON, or does not fit the type.
        """
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise not_json(bytes(data), error) from error
        shape = self._shape
        if shape.tag == "event" and name and (name in shape.variants or not has_fault(value)):
            # Assistants put the tag into the event's name alone.
            value = {"event": name, "data": value}
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            shape = self._choose(name, fields)
            if has_fault(fields) and not _has_error(shape):
                raise stream_error(fields["error"], bytes(data))
        return convert(shape, value, (), self._mode, make)

    make_event = make

    def _choose(self, name: str | None, value: dict[str, Any]) -> Shape:
        shape = self._shape
        if shape.tag is None:
            return shape
        tag = name if name in shape.variants else value.get(shape.tag)
        return shape.variants.get(tag, unknown_shape()) if isinstance(tag, str) else unknown_shape()


def _has_error(shape: Shape) -> bool:
    return shape.kind == MODEL and shape.cls is not None and "error" in class_info(shape.cls).by_key
