"""Everything oxide raises: names, constructors and attributes of the official SDK; additions say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from .transport.facts import RequestFacts, ResponseFacts

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseNotJSONError",
    "APIResponseValidationError",
    "APIStatusError",
    "APIStreamTruncatedError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "InternalServerError",
    "InvalidWebhookSignatureError",
    "LengthFinishReasonError",
    "NotFoundError",
    "OAuthError",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "SubjectTokenProviderError",
    "UnprocessableEntityError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
    "status_error",
    "stream_error",
]

LimitName = Literal["connect", "read", "write", "pool", "deadline", "stream_idle", "first_event", "server"]
"""Which limit of ``oxide.Timeout`` ran out; ``deadline`` is the call's own, ``server`` the peer's."""


def _restore(cls: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class OpenAIError(Exception):
    """Base of every error oxide raises; picklable, credentials stay behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.args, dict(self.__dict__)))


class APIError(OpenAIError):
    """A request that was made and did not give what was asked for.

    Args:
        message: what happened.
        request: facts about the request.
        body: the decoded error object, or the text of a body that is not JSON, or None.

    Attributes:
        code: the server's error code, as text.
        param: the parameter at fault.
        type: the server's class of error.
        partial: what a stream had delivered before it failed; None elsewhere. oxide's addition.
    """

    message: str
    request: RequestFacts
    body: object | None
    code: str | None = None
    param: str | None = None
    type: str | None = None
    partial: Any = None

    def __init__(self, message: str, request: RequestFacts, *, body: object | None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.body = body
        if isinstance(body, Mapping):
            facts = cast("Mapping[str, Any]", body)
            code, param, kind = facts.get("code"), facts.get("param"), facts.get("type")
            # Some servers number their codes; the official attribute is text.
            self.code = None if code is None else str(code)
            self.param = param if param is None or isinstance(param, str) else str(param)
            self.type = kind if kind is None or isinstance(kind, str) else str(kind)


class APIResponseValidationError(APIError):
    """An answer that does not have the shape the API describes.

    Args:
        response: facts about the answer; None where only a fragment of it is at hand.
        body: the value at fault.
        message: what happened.
        path: where in the answer, such as ``output[3].content[0].text``. oxide's addition.
        expected: what the API describes there. oxide's addition.
        got: what came instead. oxide's addition.
    """

    response: ResponseFacts | None
    status_code: int
    path: str | None
    expected: str | None
    got: str | None

    def __init__(
        self,
        response: ResponseFacts | None,
        body: object | None,
        *,
        message: str | None = None,
        path: str | None = None,
        expected: str | None = None,
        got: str | None = None,
    ) -> None:
        request = cast("RequestFacts", response.request if response is not None else None)
        super().__init__(message or "Data returned by API invalid for expected schema.", request, body=body)
        self.response = response
        self.status_code = response.status_code if response is not None else 200
        self.path = path
        self.expected = expected
        self.got = got


class APIResponseNotJSONError(APIResponseValidationError):
    """An answer, or an event of a stream, that is not JSON: a proxy's page, a cut event. oxide's addition.

    Args:
        data: the bytes at fault.
        response: facts about the answer; None where they are not at hand.
        message: what happened.

    Attributes:
        data: the bytes at fault.
    """

    data: bytes

    def __init__(
        self, data: bytes, *, response: ResponseFacts | None = None, message: str | None = None
    ) -> None:
        if message is None:
            head = bytes(data[:80])
            kind = "an HTML page" if looks_like_html(head) else "data that is not JSON"
            message = f"The server sent {kind}: {head!r}{'…' if len(data) > 80 else ''}"
        super().__init__(response, data.decode("utf-8", "replace"), message=message)
        self.data = data


class APIStatusError(APIError):
    """An answer with a 4xx or 5xx status.

    Args:
        message: what happened.
        response: facts about the answer.
        body: the decoded error object, or the text of a body that is not JSON, or None.

    Attributes:
        status_code: HTTP status.
        request_id: the ``x-request-id`` header.
    """

    response: ResponseFacts
    status_code: int
    request_id: str | None

    def __init__(self, message: str, *, response: ResponseFacts, body: object | None) -> None:
        super().__init__(message, cast("RequestFacts", response.request), body=body)
        self.response = response
        self.status_code = response.status_code
        self.request_id = response.headers.get("x-request-id")


class APIConnectionError(APIError):
    """No answer, or not all of it: the connection could not be made, or broke.

    Args:
        message: what happened.
        request: facts about the request.
    """

    def __init__(self, *, message: str = "Connection error.", request: RequestFacts) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    """A limit of ``oxide.Timeout``, or the call's deadline, ran out.

    Args:
        request: facts about the request.
        limit: which limit. oxide's addition.
        seconds: its value. oxide's addition.
        elapsed: seconds since the call began. oxide's addition.
        message: instead of the one composed from these.
    """

    limit: LimitName | None
    seconds: float | None
    elapsed: float | None

    def __init__(
        self,
        request: RequestFacts,
        *,
        limit: LimitName | None = None,
        seconds: float | None = None,
        elapsed: float | None = None,
        message: str | None = None,
    ) -> None:
        if message is None:
            message = "Request timed out."
            if limit is not None:
                after = "" if elapsed is None else f", {elapsed:.3g} s after the call began"
                value = "" if seconds is None else f" of {seconds:g} s"
                message = f"Request timed out: {_LIMITS[limit]}{value} ran out ({limit}){after}."
        super().__init__(message=message, request=request)
        self.limit = limit
        self.seconds = seconds
        self.elapsed = elapsed


_LIMITS: dict[LimitName, str] = {
    "connect": "the limit for making the connection",
    "read": "the limit for the next byte of the answer",
    "write": "the limit for sending the request",
    "pool": "the limit for a free connection",
    "deadline": "the call's deadline",
    "stream_idle": "the limit between two events",
    "first_event": "the limit for the first event",
    "server": "the server's own limit",
}


class APIStreamTruncatedError(APIConnectionError):
    """A stream that ended before its terminator. oxide's addition.

    Args:
        message: what happened.
        request: facts about the request.
        partial: what had arrived.
    """

    def __init__(
        self,
        *,
        message: str = "The stream ended before it was complete.",
        request: RequestFacts,
        partial: Any = None,
    ) -> None:
        super().__init__(message=message, request=request)
        self.partial = partial


class BadRequestError(APIStatusError):
    """Status 400."""


class AuthenticationError(APIStatusError):
    """Status 401."""


class OAuthError(AuthenticationError):
    """A token exchange that was refused.

    Args:
        response: facts about the answer.
        body: the decoded body with ``error`` and ``error_description``.

    Attributes:
        error: the OAuth error code.
    """

    error: str | None

    def __init__(self, *, response: ResponseFacts, body: object | None) -> None:
        facts = cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else {}
        message = facts.get("error_description") or "OAuth authentication error."
        super().__init__(str(message), response=response, body=body)
        self.error = facts.get("error")


class PermissionDeniedError(APIStatusError):
    """Status 403."""


class NotFoundError(APIStatusError):
    """Status 404."""


class ConflictError(APIStatusError):
    """Status 409."""


class UnprocessableEntityError(APIStatusError):
    """Status 422."""


class RateLimitError(APIStatusError):
    """Status 429, or a rate limit reported inside a stream."""


class InternalServerError(APIStatusError):
    """Status 500 and above."""


class LengthFinishReasonError(OpenAIError):
    """A completion to be parsed that stopped at its length limit.

    Args:
        completion: the completion received.
    """

    completion: Any

    def __init__(self, *, completion: Any) -> None:
        message = "Could not parse response content as the length limit was reached"
        if getattr(completion, "usage", None):
            message += f" - {completion.usage}"
        super().__init__(message)
        self.completion = completion


class ContentFilterFinishReasonError(OpenAIError):
    """A completion to be parsed that the content filter stopped.

    Args:
        completion: the completion received.
    """

    completion: Any

    def __init__(self, *, completion: Any = None) -> None:
        super().__init__("Could not parse response content as the request was rejected by the content filter")
        self.completion = completion


class InvalidWebhookSignatureError(ValueError):
    """A webhook whose signature does not match its body."""


class SubjectTokenProviderError(OpenAIError):
    """A workload identity provider that gave no token.

    Args:
        message: what happened.
        response: the provider's answer, where there was one.
    """

    response: ResponseFacts | None

    def __init__(self, message: str, *, response: ResponseFacts | None = None) -> None:
        super().__init__(message)
        self.response = response


class WebSocketQueueFullError(OpenAIError):
    """The queue of messages waiting for a WebSocket is full."""


class WebSocketConnectionClosedError(OpenAIError):
    """A WebSocket that closed for good.

    Args:
        message: what happened.
        unsent_messages: the messages that were waiting, so that they can be sent elsewhere.
    """

    unsent_messages: list[Any]

    def __init__(self, message: str, *, unsent_messages: list[str] | list[str | bytes]) -> None:
        super().__init__(message)
        self.unsent_messages = list(unsent_messages)


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
        facts = cast("dict[str, Any]", body)
        body = facts.get("error", facts)
    if isinstance(body, dict):
        said = cast("dict[str, Any]", body).get("message")
        if isinstance(said, str) and said:
            message = f"{message} - {said}"
    return class_for_status(response.status_code)(message, response=response, body=cast("object", body))


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


def stream_error(body: object, *, request: RequestFacts, response: ResponseFacts | None) -> APIError:
    """The error for an ``error`` object that arrived inside a stream, after a status of 200.

    The class follows from the object's code, else its type, so a rate limit is a RateLimitError wherever it
    shows; its ``status_code`` is the one that class stands for, ``response.status_code`` the one sent.

    Args:
        body: the error object, or text.
        request: facts about the request.
        response: facts about the answer; without them the result is a plain APIError.
    """
    facts = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    said = facts.get("message") if facts else body
    message = said if isinstance(said, str) and said else "An error occurred during streaming"
    status: int | None = None
    for word in (facts.get("code"), facts.get("status"), facts.get("type")):
        if isinstance(word, int) and not isinstance(word, bool) and 400 <= word < 600:
            status = word
        elif isinstance(word, str):
            status = int(word) if word.isdecimal() and 400 <= int(word) < 600 else _BY_WORD.get(word)
        if status is not None:
            break
    if status is None or response is None:
        return APIError(message, request, body=body)
    error = class_for_status(status)(message, response=response, body=body)
    error.status_code = status
    return error
