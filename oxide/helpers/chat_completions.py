"""`client.chat.completions.stream` and `stream_fc`: what their generated signatures call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxide.options import is_given, omit

from .stream_base import Request

if TYPE_CHECKING:
    from .chat_stream import AsyncChatCompletionStreamManager
    from .function_calls import AsyncChatFunctionCalls

__all__ = ["stream", "stream_fc"]


def _request(resource: Any, params: dict[str, Any], helper: str) -> tuple[Request, Any, list[Any] | None]:
    """The request for a stream, the format to parse into and the tools, as the API takes them."""
    from .given_tools import tools_for_chat
    from .parsing import type_to_response_format_param

    wanted = params.get("response_format", omit)
    tools = tools_for_chat(params.get("tools"))
    headers: dict[str, Any] = {"X-Stainless-Helper-Method": helper, **(params.get("extra_headers") or {})}
    body: dict[str, Any] = {
        **params,
        "stream": True,
        "response_format": type_to_response_format_param(wanted),
        "tools": omit if tools is None else tools,
        "extra_headers": headers,
    }
    given = {name: value for name, value in body.items() if is_given(value)}
    return Request(lambda: resource.create(**given)), wanted, tools


def stream(resource: Any, params: dict[str, Any]) -> AsyncChatCompletionStreamManager[Any]:
    """A streamed completion with events, snapshots and parsed results.

    Args:
        resource: `client.chat.completions`.
        params: the parameters of `create`; `response_format` may be a type, `tools` functions and models.

    Returns:
        To be used as `async with ... as stream`.

    Raises:
        SchemaError: the API would refuse the schema of a type or tool.
        TypeError: `response_format` is a type that cannot be parsed into.
    """
    from .chat_stream import AsyncChatCompletionStreamManager

    request, wanted, tools = _request(resource, params, "chat.completions.stream")
    return AsyncChatCompletionStreamManager(
        request, response_format=wanted, input_tools=omit if tools is None else tools
    )


def stream_fc(resource: Any, params: dict[str, Any]) -> AsyncChatFunctionCalls:
    """The function calls of a streamed completion, each the moment its arguments close.

    Args:
        resource: `client.chat.completions`.
        params: as for `stream`.

    Returns:
        To be used as `async for call in ...`.
    """
    from .function_calls import AsyncChatFunctionCalls

    request, wanted, tools = _request(resource, params, "chat.completions.stream_fc")

    async def opened() -> Any:
        from .chat_stream import AsyncChatCompletionStream

        # Arguments are checked where `FunctionCall.parsed` is read, so that one call's do not end the stream.
        stream: AsyncChatCompletionStream[Any] = AsyncChatCompletionStream(
            raw_stream=await request, response_format=wanted
        )
        return stream

    return AsyncChatFunctionCalls(Request(opened), tools)
