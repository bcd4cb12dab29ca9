"""What makes the result of a call out of a body that was read whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from .errors import APIResponseValidationError, OpenAIError

if TYPE_CHECKING:
    from .options import Validation
    from .transport.request import RawAnswer

__all__ = ["convert", "maker_for", "request_id_of"]

_PLAIN: dict[object, Callable[[RawAnswer], Any]] = {
    None: lambda answer: None,
    type(None): lambda answer: None,
    bytes: lambda answer: answer.content(),
    str: lambda answer: answer.facts().text,
    int: lambda answer: int(answer.content()),
    float: lambda answer: float(answer.content()),
    bool: lambda answer: answer.content().strip().lower() == b"true",
}

# First bytes a JSON document may have.
_JSON_START = frozenset(b'{["-0123456789tfn \t\r\n')


def request_id_of(answer: RawAnswer) -> str | None:
    """The `x-request-id` header, found without decoding the others."""
    value = answer.header(b"x-request-id")
    return None if value is None else value.decode("latin-1")


def convert(answer: RawAnswer, cast_to: Any, validation: Validation) -> Any:
    """Make the result of a call out of a body that was read whole.

    Args:
      answer: the answer.
      cast_to: a model, a union, `dict`, `list`, `str`, `bytes`, a number, `object`, None, or
        `oxide.HTTPResponse` for the facts themselves.
      validation: when the result is checked.

    Raises:
      APIResponseNotJSONError: the body is a page or other text where JSON is due.
      APIResponseValidationError: the body does not have the shape of `cast_to`.
    """
    return maker_for(cast_to)(answer, validation)


def maker_for(cast_to: Any) -> Callable[[RawAnswer, Validation], Any]:
    """What makes results of one type; endpoints keep it, so that the type is looked at once.

    Args:
      cast_to: as for :func:`convert`.

    Raises:
      TypeError: nothing can be made of that class.
    """
    from .models import BaseModel, build, set_request_id

    if cast_to is None or isinstance(cast_to, type):
        plain = _PLAIN.get(cast_to)
        if plain is not None:
            return lambda answer, validation: plain(answer)
    # A model is asked nothing more: it may still sleep.
    if isinstance(cast_to, type) and not issubclass(cast_to, BaseModel):
        other = cast("type[Any]", cast_to)
        binary = getattr(other, "_from_answer", None)
        if binary is not None:
            return lambda answer, validation: binary(answer)
        if _is_facts(other):
            return lambda answer, validation: answer.facts()

    def make(answer: RawAnswer, validation: Validation) -> Any:
        body, length = answer.body, answer.length
        if length == 0 or body[0] not in _JSON_START:
            raise _not_json(answer)
        try:
            result = build(cast_to, body, length, validation=validation)
        except APIResponseValidationError as error:
            facts = answer.facts()
            error.attach(facts.request or answer.request.facts(), facts)
            raise
        set_request_id(result, request_id_of(answer))
        return result

    return make


def _is_facts(cast_to: type[Any]) -> bool:
    """Whether the facts themselves are wanted; classes nothing can be made of are refused."""
    from pydantic import BaseModel as AnyModel

    from .transport.facts import ResponseFacts

    if cast_to.__module__.split(".")[0] in ("httpx", "httpx2"):
        raise TypeError(f"oxide has no {cast_to.__module__} objects: use cast_to=oxide.HTTPResponse")
    if issubclass(cast_to, AnyModel):
        raise TypeError(
            "Pydantic models must subclass our base model type, e.g. `from oxide import BaseModel`"
        )
    return issubclass(cast_to, ResponseFacts)


def _not_json(answer: RawAnswer) -> OpenAIError:
    from .errors import APIResponseNotJSONError

    return APIResponseNotJSONError(answer.content(), response=answer.facts())
