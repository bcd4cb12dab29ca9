"""The errors that stand for a response which ended, but not well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oxide.errors import OpenAIError

__all__ = ["bad_end"]


def bad_end(response: Any, facts: Any) -> OpenAIError:
    """The error for a response that is no result.

    Args:
        response: one that is not completed.
        facts: those about the answer it came in.

    Returns:
        `LengthFinishReasonError` or `ContentFilterFinishReasonError` for an incomplete one, else what the
        server says went wrong, or the status.
    """
    from oxide._faults import stream_error
    from oxide.errors import ContentFilterFinishReasonError, LengthFinishReasonError

    from .accumulate import plain

    reason = getattr(getattr(response, "incomplete_details", None), "reason", None)
    if reason is not None or response.status == "incomplete":
        if reason == "max_output_tokens":
            return LengthFinishReasonError(completion=response)
        if reason == "content_filter":
            return ContentFilterFinishReasonError(completion=response)
        fault: Any = {"message": f"The response is incomplete: {reason}.", "code": reason}
    else:
        fault = plain(getattr(response, "error", None)) or {"message": f"The response is {response.status}."}
    error = stream_error(fault, b"")
    error.request = facts.request
    return error
