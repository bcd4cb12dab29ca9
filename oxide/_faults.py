"""From what a server sent to the error it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .errors import (
    APIError,
    APIResponseNotJSONError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    mapping_of,
)
from .transport.facts import ResponseFacts

if TYPE_CHECKING:
    from .transport.facts import RequestFacts

__all__ = ["class_for_status", "has_fault", "looks_like_html", "not_json", "status_error", "stream_error"]

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def class_for_status(status: int) -> type[APIStatusError]:
    """The error class for an HTTP status.

    Args:
        status: 400 and above.
    """
    found = _BY_STATUS.get(status)
    if found is None:
        found = InternalServerError if status >= 500 else APIStatusError
    return found


def looks_like_html(data: bytes) -> bool:
    """Whether bytes begin as an HTML or XML page does.

    Args:
        data: the first bytes of a body.
    """
    return bytes(data[:256]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def status_error(response: ResponseFacts) -> APIStatusError:
    """The error for an answer with a 4xx or 5xx status.

    Args:
        response: facts about the answer, its body included.

    Returns:
        The subclass for the status, ``Error code: 400 - message`` as its text.
    """
    text = response.text
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        body = text.strip()
    message = f"Error code: {response.status_code}"
    if isinstance(body, dict):
        facts = mapping_of(body)  # pyright: ignore[reportUnknownArgumentType]
        body = facts.get("error", facts)
    said = mapping_of(body).get("message")
    if isinstance(said, str) and said:
        message = f"{message} - {said}"
    return class_for_status(response.status_code)(message, response=response, body=body)


_BY_WORD: dict[str, int] = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "conflict_error": 409,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "tokens": 429,
    "requests": 429,
    "too_many_requests": 429,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "service_unavailable": 503,
    "overloaded_error": 503,
    "vector_store_timeout": 500,
}


def has_fault(value: Any) -> bool:
    """Whether an event's data is an error object.

    Args:
        value: the data, as plain JSON.
    """
    return isinstance(value, dict) and cast("dict[str, Any]", value).get("error") is not None


def stream_error(
    body: object,
    raw: bytes = b"",
    *,
    request: RequestFacts | None = None,
    response: ResponseFacts | None = None,
) -> APIError:
    """The error for an ``error`` object that arrived inside a stream, after a status of 200.

    The class follows from the object's code, else its type, so a rate limit is a RateLimitError wherever it
    shows; its ``status_code`` is the one that class stands for, ``response.status_code`` the one sent.

    Args:
        body: the error object, or text.
        raw: the bytes it came in, kept as ``error.raw``.
        request: facts about the request; may be attached later.
        response: facts about the answer; may be attached later.
    """
    facts = mapping_of(body)
    said: object = facts.get("message") if facts else body
    message = said if isinstance(said, str) and said else "An error occurred during streaming"
    status: int | None = None
    for word in (facts.get("code"), facts.get("status"), facts.get("type")):
        if isinstance(word, int) and not isinstance(word, bool) and 400 <= word < 600:
            status = word
        elif isinstance(word, str):
            status = int(word) if word.isdecimal() and 400 <= int(word) < 600 else _BY_WORD.get(word)
        if status is not None:
            break
    error: APIError
    if status is None:
        error = APIError(message, cast("RequestFacts", request), body=body)
    else:
        if response is None:
            response = ResponseFacts(200, request=request)
        error = class_for_status(status)(message, response=response, body=body)
        error.status_code = status
    error.raw = raw
    return error


def not_json(raw: bytes, cause: BaseException | None = None) -> APIResponseNotJSONError:
    """The error for data that should be JSON and is not; facts are attached later.

    Args:
        raw: the bytes at fault.
        cause: what the parser said.
    """
    error = APIResponseNotJSONError(raw)
    error.__cause__ = cause
    return error
