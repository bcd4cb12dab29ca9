"""The errors that stand for a response which ended, but not well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oxide.errors import OpenAIError

__all__ = ["bad_end"]


def bad_end(event: Any, raw_stream: Any) -> OpenAIError:
    """The error for a response that is no result.

    Args:
        event: `response.failed` or `response.incomplete`.
        raw_stream: the stream it came in, for the facts about the answer.

    Returns:
        `LengthFinishReasonError` or `ContentFilterFinishReasonError` for an incomplete one, else what the
        server says went wrong.
    """
    from oxide._faults import stream_error
    from oxide.errors import ContentFilterFinishReasonError, LengthFinishReasonError

    from .accumulate import plain

    response = event.response
    if event.type == "response.incomplete":
        reason = getattr(getattr(response, "incomplete_details", None), "reason", None)
        if reason == "max_output_tokens":
            return LengthFinishReasonError(completion=response)
        if reason == "content_filter":
            return ContentFilterFinishReasonError(completion=response)
        fault: Any = {"message": f"The response is incomplete: {reason}.", "code": reason}
    else:
        fault = plain(getattr(response, "error", None)) or {"message": "The response failed."}
    error = stream_error(fault, b"")
    error.request = raw_stream.response.request
    return error
