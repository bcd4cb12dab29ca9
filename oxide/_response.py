"""Answers with their status and headers: raw (read whole) or unread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from types import MethodType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args, overload
from weakref import ref

from ._convert import convert, request_id_of
from .constants import RAW_RESPONSE_HEADER
from .errors import OpenAIError

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    from ._atomic import FilePath
    from ._base_client import AsyncAPIClient
    from .pagination import PageRequest
    from .resources._base import Endpoint
    from .transport.facts import Headers, RequestFacts, ResponseFacts
    from .transport.request import RawAnswer

    P = ParamSpec("P")

__all__ = [
    "AsyncAPIResponse",
    "AsyncResponseContextManager",
    "LegacyAPIResponse",
    "StreamAlreadyConsumed",
    "to_custom_streamed_response_wrapper",
    "to_raw_response_wrapper",
    "to_streamed_response_wrapper",
]

R = TypeVar("R")
T = TypeVar("T")
ResponseT = TypeVar("ResponseT", bound="AsyncAPIResponse[Any]")


class StreamAlreadyConsumed(OpenAIError):
    """The body was streamed already and was not kept."""

    def __init__(self) -> None:
        super().__init__(
            "The body has been streamed already and was not kept: call `.read()` first, or collect it"
        )


class _Unread:
    """The body of a response, for its facts: weak, as the response holds them."""

    __slots__ = ("_response",)

    def __init__(self, response: BaseAPIResponse[Any]) -> None:
        self._response = ref(response)

    @property
    def is_over(self) -> bool:
        response = self._response()
        return response is None or response.is_closed

    def close(self) -> None:
        response = self._response()
        if response is not None:
            response.end()


class BaseAPIResponse(Generic[R]):
    """What both kinds of response show of an answer.

    Args:
      answer: the answer as the transport hands it over.
      endpoint: the operation, which knows the types.
      client: the client that asked.
      stream: whether events were asked for.
    """

    def __init__(
        self, answer: RawAnswer, endpoint: Endpoint[Any], client: AsyncAPIClient, stream: bool
    ) -> None:
        self._answer = answer
        self._endpoint = endpoint
        self._client = client
        self._is_stream = stream
        self._facts: ResponseFacts | None = None
        self._state = "unread"
        self._parsed: dict[Any, Any] = {}
        self.page_request: PageRequest | None = None
        self.resume: Callable[[Any], Any] | None = None

    def as_class(self, cls: type[ResponseT]) -> ResponseT:
        """The same answer as another class of response; nothing has been read of it.

        Args:
          cls: the class.
        """
        made = cls(self._answer, self._endpoint, self._client, self._is_stream)
        made.page_request, made.resume = self.page_request, self.resume
        return made

    @property
    def http_response(self) -> ResponseFacts:
        """Status, headers, body, timing and the request, under httpx's names; `aclose()` ends a stream."""
        if self._facts is None:
            self._facts = self._answer.facts()
            self._facts.tie(_Unread(self))
        return self._facts

    @property
    def http_request(self) -> RequestFacts:
        """The request as it was sent: method, url, headers."""
        return cast("RequestFacts", self.http_response.request)

    @property
    def headers(self) -> Headers:
        """Headers received; look-ups ignore case."""
        return self._answer.headers

    @property
    def status_code(self) -> int:
        """HTTP status."""
        return self._answer.status

    @property
    def request_id(self) -> str | None:
        """The `x-request-id` header."""
        return request_id_of(self._answer)

    @property
    def url(self) -> str:
        """The address that answered."""
        return str(self._answer.url)

    @property
    def method(self) -> str:
        """HTTP verb of the request."""
        return self._answer.request.method

    @property
    def http_version(self) -> str:
        """`HTTP/1.1` or `HTTP/1.0`."""
        return self._answer.http_version

    @property
    def elapsed(self) -> timedelta:
        """From sending the request to the end of the response's head."""
        return timedelta(seconds=self._answer.elapsed)

    @property
    def retries_taken(self) -> int:
        """How often the request was tried again."""
        return self._answer.retries_taken

    def __repr__(self) -> str:
        facts = self.http_response
        return f"<{type(self).__name__} [{facts.status_code} {facts.reason_phrase}]>"

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to read."""
        raise NotImplementedError

    def _streams_over(self) -> bool:
        streams = self._parsed.values() if self._is_stream else ()
        return bool(streams) and all(stream.response.is_closed for stream in streams)

    def end(self) -> None:
        """Give the connection back, or end the stream: what `close()` does, without waiting."""
        if self._is_stream and self._parsed:
            for stream in self._parsed.values():
                stream.response.close()
        elif self._state in ("unread", "streamed"):
            self._answer.release()
            self._state = "closed"

    def _open_stream(self, to: Any) -> Any:
        endpoint, client = self._endpoint, self._client
        stream_class: Any = None
        if to is not None:
            from ._calls import endpoint_for
            from .stream import AsyncStream

            origin: Any = getattr(to, "__origin__", to)
            events = get_args(to)
            if not (isinstance(origin, type) and issubclass(origin, AsyncStream)) or not events:
                raise TypeError(f"a streamed response is parsed to AsyncStream[Event], not {to!r}")
            endpoint = endpoint_for(endpoint.method, endpoint.path, None, events[0])
            stream_class = cast("Any", origin)
        made = client._stream(endpoint, self._answer, stream_class)  # pyright: ignore[reportPrivateUsage]
        return made if self.resume is None else self.resume(made)

    def _result(self, to: Any) -> Any:
        key = self._endpoint.result if to is None else to
        try:
            if key in self._parsed:
                return self._parsed[key]
        except TypeError:
            return convert(self._answer, key, self._client.validation)
        if self._is_stream:
            result = self._open_stream(to)
        else:
            if to is None:
                make = self._endpoint.make or self._endpoint.maker()
                result = make(self._answer, self._client.validation)
            else:
                result = convert(self._answer, key, self._client.validation)
            if self.page_request is not None:
                result = self.page_request.attach(result)
        self._parsed[key] = result
        return result


class LegacyAPIResponse(BaseAPIResponse[R]):
    """What `.with_raw_response` methods return: the answer, its body read."""

    @overload
    def parse(self, *, to: type[T]) -> T: ...
    @overload
    def parse(self) -> R: ...
    def parse(self, *, to: type[Any] | None = None) -> Any:
        """The result the method would have returned.

        Args:
          to: another type to make of the body.

        Raises:
          APIResponseValidationError: the body does not have that shape.
        """
        return self._result(to)

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self._answer.content()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.http_response.text

    def json(self) -> Any:
        """The body decoded from JSON."""
        return self.http_response.json()

    @property
    def is_closed(self) -> bool:
        """Whether the body was read whole; false for a stream that is open."""
        return not self._is_stream or self._state == "closed" or self._streams_over()


class AsyncAPIResponse(BaseAPIResponse[R]):
    """What `.with_streaming_response` methods give: the answer, its body not read yet."""

    @overload
    async def parse(self, *, to: type[T]) -> T: ...
    @overload
    async def parse(self) -> R: ...
    async def parse(self, *, to: type[Any] | None = None) -> Any:
        """Read the body and make the result the method would have returned; a stream is opened, not read.

        Args:
          to: another type to make of the body.

        Raises:
          APIResponseValidationError: the body does not have that shape.
        """
        if self._is_stream:
            self._state = "streamed"
        else:
            await self.read()
        return self._result(to)

    async def read(self) -> bytes:
        """Read the body whole.

        Returns:
          Its bytes, decoded from the content encoding.

        Raises:
          StreamAlreadyConsumed: it was streamed before.
          APIConnectionError: the connection broke, or a limit ran out.
        """
        if self._state == "streamed":
            raise StreamAlreadyConsumed
        if self._state == "unread":
            try:
                await self._answer.read_all()
            except BaseException as error:
                await self._client._body_failed(error, self._answer)  # pyright: ignore[reportPrivateUsage]
                raise
            self._state = "read"
            self._facts = None
        return self._answer.content()

    async def text(self) -> str:
        """Read the body as text."""
        await self.read()
        return self.http_response.text

    async def json(self) -> object:
        """Read the body and decode it from JSON."""
        await self.read()
        return self.http_response.json()

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive, decoded from the content encoding.

        Args:
          chunk_size: bytes of each piece but the last; None takes them as they come.
        """
        if self._state == "read":
            data = self._answer.content()
            step = chunk_size or max(len(data), 1)
            for start in range(0, len(data), step):
                yield data[start : start + step]
            return
        if self._state == "streamed":
            raise StreamAlreadyConsumed
        self._state = "streamed"
        rest = bytearray()
        try:
            async for piece in self._answer.aiter_bytes():
                if chunk_size is None:
                    yield piece
                    continue
                rest += piece
                while len(rest) >= chunk_size:
                    yield bytes(rest[:chunk_size])
                    del rest[:chunk_size]
        except BaseException as error:
            await self._client._body_failed(error, self._answer)  # pyright: ignore[reportPrivateUsage]
            raise
        if rest:
            yield bytes(rest)

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """The body in pieces of text; characters are never split.

        Args:
          chunk_size: bytes read at a time.
        """
        from codecs import getincrementaldecoder

        decoder = getincrementaldecoder(self.http_response.encoding)("replace")
        async for piece in self.iter_bytes(chunk_size):
            text = decoder.decode(piece)
            if text:
                yield text
        text = decoder.decode(b"", True)
        if text:
            yield text

    async def iter_lines(self) -> AsyncIterator[str]:
        """The body line by line, without the line ends."""
        rest = ""
        async for text in self.iter_text():
            lines = (rest + text).splitlines(keepends=True)
            # A CR at the end may be half of a CRLF.
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            for line in lines:
                yield line.rstrip("\r\n")
        if rest:
            yield rest.rstrip("\r\n")

    async def stream_to_file(self, file: FilePath, *, chunk_size: int | None = None) -> None:
        """Write the body to a file as it arrives; the file appears under its name once it is complete.

        Args:
          file: path.
          chunk_size: bytes taken at a time.

        Raises:
          APIConnectionError: the connection broke, or a limit ran out; no file is left behind.
          OSError: the file cannot be written.
        """
        from ._atomic import collect_into

        await collect_into(file, self.iter_bytes(chunk_size))

    @property
    def is_closed(self) -> bool:
        """Whether the body was read or the response closed."""
        return self._state in ("read", "closed") or self._streams_over()

    async def close(self) -> None:
        """Give the connection back; it is closed when the body was not read to its end."""
        self.end()


class AsyncResponseContextManager(Generic[R]):
    """`async with` around a response: the request is made on entry, the response closed on exit."""

    def __init__(self, request: Callable[[], Awaitable[R]]) -> None:
        self._make = request
        self._response: R | None = None

    async def __aenter__(self) -> R:
        self._response = await self._make()
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            await cast("Any", self._response).close()


def _through(func: Any, mode: str) -> Callable[..., Any]:
    """The same method of the same resource, its requests sent another way."""
    resource = getattr(func, "__self__", None)
    client = getattr(resource, "_client", None)
    function = getattr(func, "__func__", None)
    if resource is None or client is None or function is None:
        # Something put in the method's place (a decorator, a mock): it gets the header the official SDK uses.
        def marked(*args: Any, **kwargs: Any) -> Any:
            headers: dict[str, Any] = {**(kwargs.get("extra_headers") or {}), RAW_RESPONSE_HEADER: mode}
            return func(*args, **{**kwargs, "extra_headers": headers})

        return marked
    if mode == "raw":
        view = resource._view(client._call_raw, client._list_raw)
    else:
        view = resource._view(client._call_unread, client._list_unread)
    return MethodType(function, view)


def to_raw_response_wrapper(func: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[LegacyAPIResponse[R]]]:
    """A resource method that returns the whole answer.

    Args:
      func: the bound method.
    """
    return cast("Callable[P, Awaitable[LegacyAPIResponse[R]]]", _through(func, "raw"))


def to_streamed_response_wrapper(
    func: Callable[P, Awaitable[R]],
) -> Callable[P, AsyncResponseContextManager[AsyncAPIResponse[R]]]:
    """A resource method that gives the answer, body unread, inside `async with`.

    Args:
      func: the bound method.
    """
    unread = _through(func, "stream")

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> AsyncResponseContextManager[AsyncAPIResponse[R]]:
        return AsyncResponseContextManager(lambda: unread(*args, **kwargs))

    return wrapped


def to_custom_streamed_response_wrapper(
    func: Callable[P, Awaitable[object]], response_class: type[ResponseT]
) -> Callable[P, AsyncResponseContextManager[ResponseT]]:
    """A resource method that gives the answer, body unread, as a class of its own.

    Args:
      func: the bound method.
      response_class: the class.
    """
    unread = _through(func, "stream")

    async def made(*args: P.args, **kwargs: P.kwargs) -> ResponseT:
        response: BaseAPIResponse[Any] = await unread(*args, **kwargs)
        return response.as_class(response_class)

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> AsyncResponseContextManager[ResponseT]:
        return AsyncResponseContextManager(lambda: made(*args, **kwargs))

    return wrapped
