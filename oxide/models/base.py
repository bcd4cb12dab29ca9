"""The base class of every object that the API answers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import pydantic
from pydantic import ConfigDict
from typing_extensions import Self

from . import lazy, shapes
from .convert import construct as _construct

__all__ = ["BaseModel", "GenericModel", "UnknownModel"]


class BaseModel(lazy.Carrier, pydantic.BaseModel):
    """A pydantic model that can be filled field by field out of a received body.

    It is an ordinary `pydantic.BaseModel` in every respect. An instance that came from the API holds the
    bytes it came in; a field is parsed and checked when it is first read. Fields that the class does not know
    are kept, in order, in `model_extra`.

    Source: same name and place as the base class of the official SDK's types.
    """

    # One slot of our own holds the unread part of an instance; see the backends.
    __slots__ = ("_oxide_source",)

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", defer_build=True, protected_namespaces=())

    if TYPE_CHECKING:
        _request_id: str | None = None

    def to_dict(
        self,
        *,
        mode: Literal["json", "python"] = "python",
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> dict[str, object]:
        """Return the object as a dict, by default as the API sent it.

        Args:
            mode: `json` makes every value one that JSON has, `python` keeps dates and the like.
            use_api_names: use the keys of the API, not the attribute names.
            exclude_unset: leave out fields that the API did not send.
            exclude_defaults: leave out fields equal to their default.
            exclude_none: leave out fields that are None.
            warnings: warn about values that do not fit their annotation.

        Returns:
            A new dict.

        Raises:
            oxide.errors.APIResponseValidationError: a field not read before does not fit its annotation.

        Source: same name and arguments as in the official SDK.
        """
        return self.model_dump(
            mode=mode,
            by_alias=use_api_names,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
            warnings=warnings,
        )

    def to_json(
        self,
        *,
        indent: int | None = 2,
        use_api_names: bool = True,
        exclude_unset: bool = True,
        exclude_defaults: bool = False,
        exclude_none: bool = False,
        warnings: bool = True,
    ) -> str:
        """Return the object as JSON text, by default as the API sent it.

        Args:
            indent: spaces of indentation; None writes one line.
            use_api_names: use the keys of the API, not the attribute names.
            exclude_unset: leave out fields that the API did not send.
            exclude_defaults: leave out fields equal to their default.
            exclude_none: leave out fields that are None.
            warnings: warn about values that do not fit their annotation.

        Returns:
            JSON text.

        Raises:
            oxide.errors.APIResponseValidationError: a field not read before does not fit its annotation.

        Source: same name and arguments as in the official SDK.
        """
        return self.model_dump_json(
            indent=indent,
            by_alias=use_api_names,
            exclude_unset=exclude_unset,
            exclude_defaults=exclude_defaults,
            exclude_none=exclude_none,
            warnings=warnings,
        )

    def __str__(self) -> str:
        # Pydantic's own str() has no class name.
        return repr(self)

    @classmethod
    def construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """Make an instance without checking the values; objects inside become models.

        Args:
            _fields_set: names to count as set besides those given.
            values: values by the keys of the API.

        Returns:
            The instance.

        Source: same name, arguments and behaviour as in the official SDK.
        """
        return cast(Self, _construct(cls, values, _fields_set))

    if not TYPE_CHECKING:
        model_construct = construct


class GenericModel(BaseModel):
    """A model with type parameters, such as `ParsedResponse[Answer]`.

    Source: same name as the base class of the official SDK's generic types.
    """


class UnknownModel(BaseModel):
    """An object whose type this version of oxide does not know.

    It stands where a union's tag has a value that none of its members has. Everything the API sent is in
    `model_extra` and readable as attributes.
    """


shapes.register("BaseModel", BaseModel)
shapes.register("UnknownModel", UnknownModel)
