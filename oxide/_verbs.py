"""`client.get/post/put/patch/delete`: requests to paths no method covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

from ._base_client import AsyncAPIClient
from ._calls import endpoint_for, raw_mode
from ._convert import convert
from .errors import OpenAIError
from .options import NO_OPTIONS, Body, RequestOptions, not_given

if TYPE_CHECKING:
    from .stream import AsyncStream

T = TypeVar("T")
StreamT = TypeVar("StreamT", bound="AsyncStream[Any]")


class Verbs(AsyncAPIClient):
    """Requests to any path.

    All take `path` (below the base URL, or an absolute URL), `cast_to` (type of the result: a model, a union,
    `dict`, `list`, `str`, `bytes`, `object`, None, or `oxide.HTTPResponse`), `body` (written as JSON; `bytes`
    are sent as they are), `content` (bytes sent as they are) and `options` (headers, query, timeout, retries
    and more). They raise APIStatusError and APIConnectionError as every method does, and TypeError for
    arguments that exclude each other.
    """

    @overload
    async def get(
        self,
        path: str,
        *,
        cast_to: type[T],
        options: RequestOptions = NO_OPTIONS,
        stream: Literal[False] = False,
    ) -> T: ...
    @overload
    async def get(
        self,
        path: str,
        *,
        cast_to: type[T],
        options: RequestOptions = NO_OPTIONS,
        stream: Literal[True],
        stream_cls: type[StreamT],
    ) -> StreamT: ...
    @overload
    async def get(
        self,
        path: str,
        *,
        cast_to: type[T],
        options: RequestOptions = NO_OPTIONS,
        stream: bool,
        stream_cls: type[StreamT] | None = None,
    ) -> T | StreamT: ...
    async def get(
        self,
        path: str,
        *,
        cast_to: Any,
        options: RequestOptions = NO_OPTIONS,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        """`GET` a path."""
        return await self._send("GET", path, cast_to, None, None, None, options, stream, stream_cls)

    @overload
    async def post(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
        stream: Literal[False] = False,
    ) -> T: ...
    @overload
    async def post(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
        stream: Literal[True],
        stream_cls: type[StreamT],
    ) -> StreamT: ...
    @overload
    async def post(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
        stream: bool,
        stream_cls: type[StreamT] | None = None,
    ) -> T | StreamT: ...
    async def post(
        self,
        path: str,
        *,
        cast_to: Any,
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        """`POST` to a path."""
        return await self._send("POST", path, cast_to, body, content, files, options, stream, stream_cls)

    async def put(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
    ) -> T:
        """`PUT` to a path."""
        result: T = await self._send("PUT", path, cast_to, body, content, files, options)
        return result

    async def patch(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        files: object | None = None,
        options: RequestOptions = NO_OPTIONS,
    ) -> T:
        """`PATCH` a path."""
        result: T = await self._send("PATCH", path, cast_to, body, content, files, options)
        return result

    async def delete(
        self,
        path: str,
        *,
        cast_to: type[T],
        body: Body | None = None,
        content: bytes | bytearray | None = None,
        options: RequestOptions = NO_OPTIONS,
    ) -> T:
        """`DELETE` a path."""
        result: T = await self._send("DELETE", path, cast_to, body, content, None, options)
        return result

    async def _send(
        self,
        method: str,
        path: str,
        cast_to: Any,
        body: object,
        content: bytes | bytearray | None,
        files: object | None,
        options: RequestOptions,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        if files is not None:
            raise OpenAIError("This version of oxide has no multipart uploads (`files`).")
        if body is not None and content is not None:
            raise TypeError("Passing both `body` and `content` is not supported")
        if content is not None:
            body = bytes(content)
        stream_class = getattr(stream_cls, "__origin__", stream_cls)
        if stream and stream_class is None:
            raise TypeError("`stream=True` needs `stream_cls`, such as AsyncStream[MyEvent]")
        event = (get_args(stream_cls) or (object,))[0] if stream else None
        admin = bool(options.get("security", {}).get("admin_api_key_auth"))
        endpoint = endpoint_for(method, path, cast_to, event, admin)
        headers = options.get("headers")
        extras = (
            headers,
            options.get("params"),
            options.get("extra_json"),
            options.get("timeout", not_given),
            options,
        )
        if headers is not None and (mode := raw_mode(headers)):
            call: Any = self._call_unread if mode == "stream" else self._call_raw
            return await call(endpoint, path, body, None, stream, *extras)
        prepared = self._prepare(endpoint, path, body, None, stream, *extras)
        answer = await self._connections.open().request(prepared)
        if stream:
            return self._stream(endpoint, answer, 1, stream_class)
        return convert(answer, cast_to, self.validation)
