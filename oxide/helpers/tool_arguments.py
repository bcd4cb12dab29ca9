"""Arguments that a model wrote for a tool: decoded, checked, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import ToolArgumentsError

if TYPE_CHECKING:
    import pydantic

__all__ = ["arguments_error", "decode_arguments", "validate_arguments"]


def decode_arguments(text: str) -> Any:
    """What arguments decode to that no type is known of.

    Args:
      text: JSON.

    Raises:
      ValueError: it is none: `NaN` and `Infinity` are not, though :mod:`json` reads them, and neither is what
        nests too deeply to be read.

    Source: RFC 8259.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it nests too deeply to be read") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def validate_arguments(
    model: type[pydantic.BaseModel],
    tool: str,
    arguments: object,
    call_id: str | None = None,
) -> Any:
    """Make an instance of a model out of a call's arguments.

    Args:
      model: what they have to fit.
      tool: name of the tool, for the message.
      arguments: JSON text, or what it decodes to. Empty text is an empty object: models write that too.
      call_id: the call, for the error.

    Raises:
      ToolArgumentsError: they are not JSON, or do not fit.
    """
    from pydantic import ValidationError

    try:
        if isinstance(arguments, (str, bytes)):
            return model.model_validate_json(arguments or "{}")
        return model.model_validate(_as_dict(arguments))
    except ValidationError as error:
        raise arguments_error(tool, arguments, error, call_id) from error


def _as_dict(arguments: object) -> object:
    return dict(cast("Mapping[str, Any]", arguments)) if isinstance(arguments, Mapping) else arguments


def arguments_error(
    tool: str,
    arguments: object,
    error: pydantic.ValidationError,
    call_id: str | None = None,
) -> ToolArgumentsError:
    """The error for arguments that pydantic refused.

    Args:
      tool: name of the tool.
      arguments: as the model wrote them.
      error: what pydantic says.
      call_id: the call, where known.
    """
    if isinstance(arguments, bytes):
        text = arguments.decode("utf-8", "replace")
    elif isinstance(arguments, str):
        text = arguments
    else:
        text = json.dumps(arguments, default=str, ensure_ascii=False)
    reasons: list[tuple[str, str]] = []
    for fault in error.errors(include_url=False, include_context=False, include_input=True):
        path = ""
        for step in fault["loc"]:
            path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
        came = "" if fault["type"] in ("missing", "json_invalid") else f", got {_short(fault['input'])}"
        reasons.append((path, f"{path}: {fault['msg']}{came}" if path else f"{fault['msg']}{came}"))
    return ToolArgumentsError(
        tool, text, "; ".join(reason for _, reason in reasons), path=reasons[0][0], call_id=call_id
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
