"""`client.with_raw_response` and `client.with_streaming_response`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import AsyncOpenAI
    from .resources.chat.chat import AsyncChatWithRawResponse, AsyncChatWithStreamingResponse
    from .resources.models import AsyncModelsWithRawResponse, AsyncModelsWithStreamingResponse
    from .resources.responses.responses import (
        AsyncResponsesWithRawResponse,
        AsyncResponsesWithStreamingResponse,
    )


class AsyncOpenAIWithRawResponse:
    """The client's resources, their methods returning status, headers and body beside the result.

    Args:
      client: the client that sends the requests.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    @cached_property
    def responses(self) -> AsyncResponsesWithRawResponse:
        """The Responses API."""
        return self._client.responses.with_raw_response

    @cached_property
    def chat(self) -> AsyncChatWithRawResponse:
        """Chat Completions."""
        return self._client.chat.with_raw_response

    @cached_property
    def models(self) -> AsyncModelsWithRawResponse:
        """The models there are."""
        return self._client.models.with_raw_response


class AsyncOpenAIWithStreamedResponse:
    """The client's resources, their methods leaving the body unread.

    Args:
      client: the client that sends the requests.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    @cached_property
    def responses(self) -> AsyncResponsesWithStreamingResponse:
        """The Responses API."""
        return self._client.responses.with_streaming_response

    @cached_property
    def chat(self) -> AsyncChatWithStreamingResponse:
        """Chat Completions."""
        return self._client.chat.with_streaming_response

    @cached_property
    def models(self) -> AsyncModelsWithStreamingResponse:
        """The models there are."""
        return self._client.models.with_streaming_response
