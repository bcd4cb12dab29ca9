"""What the stream helpers share: one raw stream, events made of it, an end that is told from a break."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .steps import HelperSteps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import TracebackType

    from typing_extensions import Self

    from oxide.errors import APIStreamTruncatedError

__all__ = ["AsyncHelperStream", "Request"]


class Request:
    """A request that is sent when it is awaited, and that need not be.

    Args:
        send: sends it.
    """

    def __init__(self, send: Callable[[], Awaitable[Any]]) -> None:
        self._send = send

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._send().__await__()


class AsyncHelperStream(HelperSteps):
    """Iterates over the events that are made of raw ones.

    Args:
        raw_stream: the raw events.
        handle: ``handle(state, raw)`` returns the events that a raw one stands for.
        state: its first argument.
    """

    def __init__(self, raw_stream: Any, handle: Callable[[Any, Any], list[Any]], state: Any) -> None:
        super().__init__(raw_stream.__aiter__(), handle, state)
        self._raw_stream = raw_stream

    @property
    def response(self) -> Any:
        """Facts about the answer: status, headers, `request_id`."""
        return self._raw_stream.response

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the stream; the connection is kept when the body was read to its end, else it is closed."""
        if not self._ended and self._failure is None:
            self._failure = self._truncated("The stream was closed before it was complete.")
        await self._raw_stream.close()

    def abandon(self) -> None:
        """End the stream from where nothing can be awaited, such as a finalizer."""
        if not self._ended and self._failure is None:
            self._failure = self._truncated("The stream was left before it was complete.")
        self._raw_events.close()

    async def until_done(self) -> Self:
        """Read the stream to its end.

        Raises:
            APIError: it ends badly.
        """
        async for _ in self:
            pass
        return self

    async def _complete(self) -> None:
        """Read to the end; a stream that broke, or was closed before, stays broken."""
        if self._failure is None:
            await self.until_done()
        if self._failure is not None:
            raise self._failure

    def _truncated(self, message: str) -> APIStreamTruncatedError:
        from oxide.errors import APIStreamTruncatedError

        return APIStreamTruncatedError(message=message, request=self._raw_stream.response.request)
