"""Objects that the API answers with: pydantic models filled lazily out of received bytes."""

from __future__ import annotations

from typing import Any

from .base import BaseModel, GenericModel, UnknownModel
from .convert import construct
from .events import EventFactory
from .lazy import build, materialise, note
from .markers import PropertyInfo, ValidationMode

__all__ = [
    "BaseModel",
    "EventFactory",
    "GenericModel",
    "PropertyInfo",
    "UnknownModel",
    "ValidationMode",
    "build",
    "construct",
    "materialise",
    "set_request_id",
]


def set_request_id(obj: Any, value: str | None) -> None:
    """Note the id of the request that an object came from, readable as `obj._request_id`.

    Args:
        obj: the object; anything but a model is left alone.
        value: the id, or None where the server sent none.
    """
    if isinstance(obj, BaseModel):
        note(obj, "_request_id", value)
