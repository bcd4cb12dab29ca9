"""`client.responses.stream` and `stream_fc`: what their generated signatures call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from oxide.options import is_given, omit

from .stream_base import Request

if TYPE_CHECKING:
    from .function_calls import AsyncResponseFunctionCalls
    from .response_stream import AsyncResponseStream, AsyncResponseStreamManager

__all__ = ["open_stream", "stream", "stream_fc"]

# What a request for an existing response has in common with one for a new one.
_SHARED = frozenset({
    "response_id", "starting_after", "tools", "text_format", "stream_resume", "include", "extra_headers",
    "extra_query", "extra_body", "timeout",
})  # fmt: skip


class _Prepared:
    """A stream that is still to be asked for."""

    def __init__(self, resource: Any, params: dict[str, Any]) -> None:
        from .given_tools import tools_for_responses
        from .parsing import wanted_type, with_text_format

        given = {name: value for name, value in params.items() if is_given(value)}
        self._resource = resource
        wanted = wanted_type(given.pop("text_format", omit))
        self.format: Any = omit if wanted is None else wanted
        self.tools = tools_for_responses(given.get("tools"))
        self.response_id: str | None = given.pop("response_id", None)
        self.starting_after: int | None = given.pop("starting_after", None)
        # `include` alone says nothing about which of the two this is.
        new = [name for name in given if name not in _SHARED]
        if self.response_id is not None or self.starting_after is not None:
            if new:
                raise ValueError(
                    f"response_id and starting_after are for a response that exists; {', '.join(new)} "
                    "would make a new one"
                )
            if self.response_id is None:
                raise ValueError("starting_after needs the response_id it belongs to")
            if self.starting_after is not None and not isinstance(cast("object", self.starting_after), int):
                raise TypeError(
                    f"starting_after is {self.starting_after!r}; it must be the sequence_number of an event, "
                    "an int"
                )
            given.pop("tools", None)
        else:
            for name in ("input", "model"):
                if name not in given:
                    raise ValueError(
                        f"{name} must be provided for a new response; one that exists is named by response_id"
                    )
            if wanted is not None or "text" in given:
                given["text"] = with_text_format(given.get("text"), wanted)
            if self.tools is not None:
                given["tools"] = self.tools
        self._params = given

    async def __call__(self) -> Any:
        """Send the request."""
        params = self._params
        if self.response_id is not None:
            return await self._resource.retrieve(self.response_id, stream=True, **params)
        return await self._resource.create(stream=True, **params)


def stream(resource: Any, params: dict[str, Any]) -> AsyncResponseStreamManager[Any]:
    """A streamed response with snapshots and parsed results.

    Args:
        resource: `client.responses`.
        params: the parameters of `create`, `text_format` (a type) and `tools` (functions and models too); or
            `response_id` and `starting_after` (a sequence number) of a response that exists. `stream_resume`:
            whether a stream that breaks is picked up where it stopped; ``"events"``: and says so with a
            `StreamResumedEvent`; left out, it is for responses in the background.

    Returns:
        To be used as `async with ... as stream`.

    Raises:
        ValueError: parameters of a new response together with those of one that exists, or too few.
        SchemaError: the API would refuse the schema of a type or tool.
        TypeError: `text_format` is a type that cannot be parsed into, or `text` has a format too.
    """
    from .response_stream import AsyncResponseStreamManager

    prepared = _Prepared(resource, params)
    return AsyncResponseStreamManager(
        Request(prepared),
        text_format=prepared.format,
        input_tools=omit if prepared.tools is None else prepared.tools,
        starting_after=prepared.starting_after,
    )


def stream_fc(resource: Any, params: dict[str, Any]) -> AsyncResponseFunctionCalls:
    """The function calls of a streamed response, each the moment its arguments are complete.

    Args:
        resource: `client.responses`.
        params: as for `stream`.

    Returns:
        To be used as `async for call in ...`.
    """
    from .function_calls import AsyncResponseFunctionCalls

    prepared = _Prepared(resource, params)
    # The stream tells of everything, so that calls which closed before are known to have.
    return AsyncResponseFunctionCalls(
        Request(lambda: _opened(prepared)), prepared.tools, starting_after=prepared.starting_after
    )


async def open_stream(resource: Any, params: dict[str, Any]) -> AsyncResponseStream[Any]:
    """A streamed response whose events leave the arguments of calls unchecked: `FunctionCall` checks them.

    Args:
        resource: `client.responses`.
        params: as for `stream`.

    Raises:
        OpenAIError: as `stream`, and when the request fails.
    """
    prepared = _Prepared(resource, params)
    return await _opened(prepared, prepared.starting_after)


async def _opened(prepared: _Prepared, starting_after: int | None = None) -> AsyncResponseStream[Any]:
    from .response_stream import AsyncResponseStream

    # Without the tools, so that one call's arguments cannot end the stream.
    stream: AsyncResponseStream[Any] = AsyncResponseStream(
        raw_stream=await prepared(), text_format=prepared.format, starting_after=starting_after
    )
    return stream
