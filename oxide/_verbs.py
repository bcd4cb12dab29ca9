"""`client.get/post/put/patch/delete`: requests to paths no method covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

from ._base_client import AsyncAPIClient
from ._calls import asks_form, endpoint_for, raw_mode
from ._convert import convert
from .options import NO_OPTIONS, AsyncBinaryTypes, Body, RequestFiles, RequestOptions, not_given

if TYPE_CHECKING:
    from .stream import AsyncStream

T = TypeVar("T")
StreamT = TypeVar("StreamT", bound="AsyncStream[Any]")


class Verbs(AsyncAPIClient):
    """Requests to any path.

    All take `path` (below the base URL, or an absolute URL), `cast_to` (type of the result: a model, a union,
    `dict`, `list`, `str`, `bytes`, `object`, None, or `oxide.HTTPResponse`) and `options` (headers, query,
    timeout, retries and more). The body is one of: `body`, written as JSON (`bytes` are sent as they are);
    `files` (name to file, or a list of such pairs) with `body` as further fields, a form; `content` (bytes, a
    file from where it stands, an asynchronous iterable of bytes), sent as it is. A Content-Type of
    multipart/form-data among the headers makes a form without files too. They raise APIStatusError and
    APIConnectionError as every method does, and TypeError for arguments that exclude each other.
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
        files: RequestFiles | None = None,
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
        content: AsyncBinaryTypes | None = None,
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
        content: AsyncBinaryTypes | None,
        files: RequestFiles | None,
        options: RequestOptions,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        headers = options.get("headers")
        form = files is not None or content is not None or (headers is not None and asks_form(headers))
        extra_json = options.get("extra_json")
        if form:
            from ._uploads import upload_body

            body = upload_body(method, body, content, files, extra_json)
            extra_json = None
        stream_class = getattr(stream_cls, "__origin__", stream_cls)
        if stream and stream_class is None:
            raise TypeError("`stream=True` needs `stream_cls`, such as AsyncStream[MyEvent]")
        event = (get_args(stream_cls) or (object,))[0] if stream else None
        admin = self._takes_admin_key(options.get("security"))
        endpoint = endpoint_for(method, path, cast_to, event, admin, form)
        extras = (
            headers,
            options.get("params"),
            extra_json,
            options.get("timeout", not_given),
            options,
        )
        if headers is not None and (mode := raw_mode(headers)):
            call: Any = self._call_unread if mode == "stream" else self._call_raw
            return await call(endpoint, path, body, None, stream, *extras)
        prepared = self._prepare(endpoint, path, body, None, stream, *extras)
        answer = await self._connections.open().request(prepared)
        if stream:
            return self._stream(endpoint, answer, stream_class)
        return convert(answer, cast_to, self.validation)
