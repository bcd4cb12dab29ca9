"""Structured outputs: types as formats that a model has to keep to, and its text as instances of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from typing_extensions import TypeVar

from oxide.errors import mapping_of
from oxide.json import dumps, loads
from oxide.options import NotGiven, Omit, omit
from oxide.schema import check_strict, ensure_strict

if TYPE_CHECKING:
    import pydantic

T = TypeVar("T")

ResponseFormatT = TypeVar("ResponseFormatT", default=None)
"""What a chat completion's content is parsed into."""

TextFormatT = TypeVar("TextFormatT", default=None)
"""What a response's text is parsed into."""

__all__ = [
    "ResponseFormatT",
    "TextFormatT",
    "adapter",
    "chat_format",
    "check_sent",
    "checked_schema",
    "field_text",
    "is_model",
    "is_type",
    "name_of",
    "parse_text",
    "partial_json",
    "strict_schema",
    "text_format",
    "type_to_response_format_param",
    "wanted_type",
    "with_text_format",
]

_adapters: WeakKeyDictionary[Any, pydantic.TypeAdapter[Any]] = WeakKeyDictionary()
_schemas: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
_checked: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def is_type(format: object) -> bool:
    """Whether a `response_format` or `text_format` is a type to parse into, not a description in JSON.

    Args:
      format: what was given; `omit` is none.
    """
    return format is not None and not isinstance(format, (Omit, NotGiven, Mapping))


def wanted_type(format: object, name: str = "text_format") -> Any:
    """The type that the text of a response is to become.

    Args:
      format: what was given for the parameter.
      name: of the parameter.

    Returns:
      The type; None where none was given.

    Raises:
      TypeError: it is a description in JSON, which belongs into `text`.
    """
    if isinstance(format, Mapping):
        raise TypeError(f"{name} takes a type; a description in JSON goes into text={{'format': ...}}")
    return format if is_type(format) else None


def adapter(format: Any) -> pydantic.TypeAdapter[Any]:
    """What validates a type: made once for each.

    Args:
      format: a pydantic model, a dataclass, a TypedDict, another type pydantic knows, or a `TypeAdapter`.

    Raises:
      TypeError: pydantic can make nothing of it.
    """
    from pydantic import TypeAdapter

    if isinstance(cast("object", format), TypeAdapter):
        return cast("TypeAdapter[Any]", format)
    return _kept(_adapters, format, _adapter)


def _adapter(format: Any) -> pydantic.TypeAdapter[Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

    try:
        return TypeAdapter(format)
    except PydanticSchemaGenerationError as error:
        raise TypeError(
            f"{format!r} cannot be parsed into: give a pydantic model, a dataclass, a TypedDict or a "
            "pydantic.TypeAdapter"
        ) from error
    except PydanticUserError as error:
        raise TypeError(f"{format!r} cannot be parsed into: {error.message}") from error


def strict_schema(format: Any) -> dict[str, Any]:
    """The strict schema of a type, made once for each.

    Args:
      format: as for :func:`adapter`.

    Returns:
      A schema that is shared: not to be changed.

    Raises:
      TypeError: pydantic can make nothing of it, or it has no JSON schema.
      SchemaError: its schema has references that cannot be followed.
    """
    return _kept(_schemas, format, _strict_schema)


def _strict_schema(format: Any) -> dict[str, Any]:
    from pydantic.errors import PydanticUserError

    try:
        made = format.model_json_schema() if is_model(format) else adapter(format).json_schema()
    except PydanticUserError as error:
        raise TypeError(f"{format!r} has no JSON schema: {error.message}") from error
    return ensure_strict(made)


def checked_schema(format: Any) -> dict[str, Any]:
    """The strict schema of a type that the API takes, looked through once for each.

    Args:
      format: as for :func:`adapter`.

    Returns:
      What :func:`strict_schema` gives.

    Raises:
      TypeError: pydantic can make nothing of it, or it has no JSON schema.
      SchemaError: the API would refuse its schema; it names the field and the rule.
    """
    return _kept(_checked, format, _checked_schema)


def _checked_schema(format: Any) -> dict[str, Any]:
    schema = strict_schema(format)
    check_strict(schema)
    return schema


def _kept(cache: WeakKeyDictionary[Any, T], key: Any, make: Callable[[Any], T]) -> T:
    try:
        found = cache.get(key)
    except TypeError:
        # `list[int]` and other aliases cannot be referred to weakly: made again each time, never kept.
        return make(key)
    if found is None:
        found = cache[key] = make(key)
    return found


def is_model(format: object) -> bool:
    """Whether a type is a pydantic model.

    Args:
      format: anything.
    """
    from pydantic import BaseModel

    return isinstance(format, type) and issubclass(format, BaseModel)


def name_of(format: Any) -> str:
    """What the API is told that a type is called: 1 to 64 letters, digits, `_` and `-`.

    Args:
      format: as for :func:`adapter`.
    """
    name = getattr(format, "__name__", "") or getattr(getattr(format, "_type", None), "__name__", "")
    # `Page[Item]` is a name in Python and none for the API.
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:64] or "response"


def chat_format(format: Any) -> dict[str, Any]:
    """The `response_format` of a chat completion for a type.

    Args:
      format: as for :func:`adapter`.

    Raises:
      TypeError: pydantic can make nothing of it.
      SchemaError: the API would refuse its schema; it names the field and the rule.
    """
    schema = checked_schema(format)
    return {"type": "json_schema", "json_schema": {"schema": schema, "name": name_of(format), "strict": True}}


def type_to_response_format_param(response_format: Any) -> Any:
    """The `response_format` a chat completion is sent with.

    Args:
      response_format: a type as for :func:`adapter`, a description in JSON, or `omit`.

    Returns:
      The description; `omit` where nothing was given.

    Raises:
      TypeError: pydantic can make nothing of the type.
      SchemaError: the API would refuse its schema; it names the field and the rule.
    """
    if isinstance(response_format, (Omit, NotGiven)):
        return omit
    if is_type(response_format):
        return chat_format(response_format)
    _check_format(response_format)
    return response_format


def text_format(format: Any) -> dict[str, Any]:
    """The `text.format` of a response for a type.

    Args:
      format: as for :func:`adapter`.

    Raises:
      TypeError: pydantic can make nothing of it.
      SchemaError: the API would refuse its schema; it names the field and the rule.
    """
    schema = checked_schema(format)
    return {"type": "json_schema", "strict": True, "name": name_of(format), "schema": schema}


def with_text_format(text: Any, format: Any) -> Any:
    """The `text` of a response, for a type or as it was given.

    Args:
      text: what is asked of the text; `omit`, or None, for nothing.
      format: as for :func:`adapter`; None for no type.

    Raises:
      TypeError: the text has a format already, or pydantic can make nothing of the type.
      SchemaError: the API would refuse its schema; it names the field and the rule.
    """
    asked = mapping_of(text)
    if format is None:
        _check_format(asked.get("format"))
        return text
    if "format" in asked:
        raise TypeError("text_format and text['format'] are both given: leave one out")
    return {**asked, "format": text_format(format)}


def _check_format(description: object) -> None:
    """Check the schema of a format written as JSON, of a response or of a chat completion."""
    format = mapping_of(description)
    if format.get("type") == "json_schema":
        inner = mapping_of(format.get("json_schema", format))
        if inner.get("strict") is True and "schema" in inner:
            check_sent(inner["schema"])


def check_sent(schema: Any) -> None:
    """Refuse a strict schema that the API would refuse; one that was looked through before is not again.

    Args:
      schema: as it is sent.

    Raises:
      SchemaError: with the field and the rule.
    """
    # By its text: a dict can be another one at the next call.
    _check_text(dumps(schema))


@lru_cache(maxsize=256)
def _check_text(schema: bytes) -> None:
    check_strict(loads(schema))


def parse_text(text: str | bytes, format: Any) -> Any:
    """Make an instance of a type out of the text a model wrote.

    Args:
      text: JSON, as a string or in UTF-8.
      format: as for :func:`adapter`.

    Raises:
      pydantic.ValidationError: the text is not JSON or does not fit, as with the official SDK.
    """
    from pydantic import ValidationError

    if isinstance(text, bytes):
        try:
            if _takes_bytes(format):
                return _validate(text, format)
        except ValidationError as error:
            # Where the text is no JSON the error shows all of it, which is a `str` with the official SDK.
            if not _is_no_json(error):
                raise
        text = text.decode()
    return _validate(text, format)


def _validate(text: str | bytes, format: Any) -> Any:
    if is_model(format):
        return format.model_validate_json(text)
    return adapter(format).validate_json(text)


def _takes_bytes(format: Any) -> bool:
    """Whether the text goes to pydantic, not to a method that a model has in its place."""
    from pydantic import BaseModel

    if not is_model(format):
        return True
    method = getattr(format.model_validate_json, "__func__", None)
    return method is BaseModel.model_validate_json.__func__  # type: ignore[attr-defined]


def _is_no_json(error: pydantic.ValidationError) -> bool:
    if error.error_count() != 1:
        return False
    (found,) = error.errors(include_url=False, include_context=False, include_input=False)
    return found["type"] == "json_invalid" and not found["loc"]


def field_text(part: Any, name: str) -> Any:
    """A text in an answer, for :func:`parse_text`.

    Args:
      part: the model that holds it.
      name: of its field.

    Returns:
      Its UTF-8 where nobody has read the field, which stays unread: that is what came and what pydantic
      reads, and nobody may ever look at a `str` in between. Else the field's value.
    """
    from oxide.models.lazy import unread_text

    raw = unread_text(part, name)
    return getattr(part, name) if raw is None else raw


def partial_json(text: str) -> Any:
    """What the beginning of a JSON text decodes to; a string that is not closed yet is left out.

    Args:
      text: JSON that may end anywhere.

    Returns:
      What is there so far; None before anything is.

    Raises:
      ValueError: the text is not the beginning of JSON.

    Source: partial parsing of pydantic-core; the same result as with the official SDK.
    """
    from pydantic_core import from_json

    try:
        return from_json(text, allow_partial=True)
    except ValueError as error:
        # A lone minus sign, or nothing at all: the next delta says more.
        if str(error).startswith("EOF while parsing"):
            return None
        raise
