"""Everything oxide raises: names, constructors and attributes of the official SDK; additions say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from ._error_base import OpenAIError
from .helpers.errors import (
    ContentFilterFinishReasonError,
    InputRequiredError,
    LengthFinishReasonError,
    MaxTurnsExceededError,
    NoTextError,
    PollTimeoutError,
    SchemaError,
    ToolArgumentsError,
)

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
    "EmptyEmbeddingsError",
    "InputRequiredError",
    "InternalServerError",
    "InvalidWebhookSignatureError",
    "LengthFinishReasonError",
    "MaxTurnsExceededError",
    "NoTextError",
    "NotFoundError",
    "OAuthError",
    "OpenAIError",
    "PermissionDeniedError",
    "PollTimeoutError",
    "RateLimitError",
    "SchemaError",
    "SubjectTokenProviderError",
    "ToolArgumentsError",
    "UnprocessableEntityError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
]

LimitName = Literal["connect", "read", "write", "pool", "deadline", "stream_idle", "first_event", "server"]
"""Which limit of ``oxide.Timeout`` ran out; ``deadline`` is the call's own, ``server`` the peer's."""


def mapping_of(body: object) -> Mapping[str, Any]:
    """The value as a mapping; empty when it is none."""
    return cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else {}


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
        partial: what a stream had delivered before it failed, as ``events``, ``raw``, ``text`` and ``count``;
            None elsewhere. Only the latest 16 to 32 KB of events are kept: a longer stream lacks its
            beginning there, and ``partial.complete`` is False. oxide's addition.
        raw: the bytes of an error that came inside a stream; empty elsewhere. oxide's addition.
    """

    message: str
    request: RequestFacts
    body: object | None
    code: str | None = None
    param: str | None = None
    type: str | None = None
    partial: Any = None
    raw: bytes = b""

    def __init__(self, message: str, request: RequestFacts, *, body: object | None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.body = body
        facts = mapping_of(body)
        if facts:
            code, param, kind = facts.get("code"), facts.get("param"), facts.get("type")
            # Some servers number their codes; the official attribute is text.
            self.code = None if code is None else str(code)
            self.param = param if param is None or isinstance(param, str) else str(param)
            self.type = kind if kind is None or isinstance(kind, str) else str(kind)

    def attach(self, request: RequestFacts, response: ResponseFacts | None = None) -> None:
        """Add what a decoder deep inside a stream could not know. oxide's addition.

        Args:
            request: facts about the request.
            response: facts about the answer.
        """
        self.request = request


class APIResponseValidationError(APIError):
    """An answer that does not have the shape the API describes.

    Args:
        response: facts about the answer; None where only a fragment of it is at hand.
        body: the value at fault.
        message: what happened.
        path: where in the answer, such as ``output[3].content[0].text``. oxide's addition.
        expected: what the API describes there. oxide's addition.
        received: what came instead. oxide's addition.
    """

    response: ResponseFacts | None
    status_code: int
    path: str | None
    expected: str | None
    received: str | None

    def __init__(
        self,
        response: ResponseFacts | None = None,
        body: object | None = None,
        *,
        message: str | None = None,
        path: str | None = None,
        expected: str | None = None,
        received: str | None = None,
    ) -> None:
        request = cast("RequestFacts", response.request if response is not None else None)
        super().__init__(message or "Data returned by API invalid for expected schema.", request, body=body)
        self.response = response
        self.status_code = response.status_code if response is not None else 200
        self.path = path
        self.expected = expected
        self.received = received

    def attach(self, request: RequestFacts, response: ResponseFacts | None = None) -> None:
        """See ``APIError.attach``."""
        self.request = request
        if response is not None:
            self.response = response


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
            page = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
            kind = "an HTML page" if page else "data that is not JSON"
            message = f"The server sent {kind}: {head!r}{'…' if len(data) > 80 else ''}"
        super().__init__(response, data.decode("utf-8", "replace"), message=message)
        self.data = data


class EmptyEmbeddingsError(APIResponseValidationError, ValueError):
    """An answer to an embeddings request that holds no vector; a ValueError, as in the official SDK.

    Args:
        response: facts about the answer.
    """

    def __init__(self, response: ResponseFacts | None = None) -> None:
        super().__init__(
            response,
            message="data: expected an embedding for each input, got none",
            path="data",
            expected="an embedding for each input",
            received="none",
        )


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

    def attach(self, request: RequestFacts, response: ResponseFacts | None = None) -> None:
        """See ``APIError.attach``."""
        self.request = request
        if response is not None:
            self.response = response
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
        facts = mapping_of(body)
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
    """The queue of messages waiting for a WebSocket is full.

    Nothing raises it so far: oxide opens no WebSockets.

    Source: same name as in the official SDK.
    """


class WebSocketConnectionClosedError(OpenAIError):
    """A WebSocket that closed for good. Nothing raises it so far: oxide opens no WebSockets.

    Args:
        message: what happened.
        unsent_messages: the messages that were waiting, so that they can be sent elsewhere.

    Source: same name, arguments and attribute as in the official SDK.
    """

    unsent_messages: list[Any]

    def __init__(self, message: str, *, unsent_messages: list[str] | list[str | bytes]) -> None:
        super().__init__(message)
        self.unsent_messages = list(unsent_messages)
