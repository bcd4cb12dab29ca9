"""The base classes of the generated types."""

from __future__ import annotations

from . import base
from .base import GenericModel
from .sleeping import Sleeper

__all__ = ["BaseModel", "GenericModel"]


class BaseModel(base.BaseModel, metaclass=Sleeper):
    """An object of the API; an `oxide.BaseModel` in every respect.

    Source: same place in the order of classes as the base class of the official SDK's types.
    """
