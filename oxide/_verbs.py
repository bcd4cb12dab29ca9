"""`client.get/post/put/patch/delete/request/get_api_list`: requests to paths no method covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, overload

from ._base_client import AsyncAPIClient
from ._calls import asks_form, endpoint_for, raw_mode
from ._convert import convert
from .options import NO_OPTIONS, AsyncBinaryTypes, Body, RequestFiles, RequestOptions, not_given

if TYPE_CHECKING:
    from ._models import FinalRequestOptions
    from .pagination import AsyncPaginator, BaseAsyncPage
    from .stream import AsyncStream

T = TypeVar("T")
PageT = TypeVar("PageT", bound="BaseAsyncPage[Any]")
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

    @overload
    async def request(
        self, cast_to: type[T], options: FinalRequestOptions, *, stream: Literal[False] = False
    ) -> T: ...
    @overload
    async def request(
        self,
        cast_to: type[T],
        options: FinalRequestOptions,
        *,
        stream: Literal[True],
        stream_cls: type[StreamT],
    ) -> StreamT: ...
    @overload
    async def request(
        self,
        cast_to: type[T],
        options: FinalRequestOptions,
        *,
        stream: bool,
        stream_cls: type[StreamT] | None = None,
    ) -> T | StreamT: ...
    async def request(
        self, cast_to: Any, options: FinalRequestOptions, *, stream: bool = False, stream_cls: Any = None
    ) -> Any:
        """Send what `options` say, with any verb.

        Args:
          cast_to: type of the result, as for the other verbs.
          options: an `oxide.FinalRequestOptions`.
          stream: whether the answer is a stream.
          stream_cls: its class, such as ``AsyncStream[MyEvent]``.

        Returns:
          The result, or the stream.

        Raises:
          TypeError: arguments that exclude each other.
          APIStatusError: the answer has status 400 or above.
          APIConnectionError: no answer, or not all of it.
        """
        body = (options.json_data, options.content, options.files)
        given = options.options()
        return await self._send(options.method, options.url, cast_to, *body, given, stream, stream_cls)

    def get_api_list(
        self,
        path: str,
        *,
        model: type[T],
        page: type[PageT],
        body: Body | None = None,
        options: RequestOptions = NO_OPTIONS,
        method: str = "get",
    ) -> AsyncPaginator[T, PageT]:
        """A list in pages: `await` it for the first page, or `async for` over every item.

        Args:
          path: below the base URL, or an absolute URL.
          model: type of the items.
          page: how the pages follow each other: a class of `oxide.pagination`, such as ``AsyncCursorPage``,
            of the items or without them.
          body: written as JSON.
          options: headers, query (`params`), timeout, retries and more.
          method: HTTP verb.

        Returns:
          The paginator; nothing is sent before it is used. What is raised then is as for the other verbs.
        """
        paged: Any = page
        if not paged.__pydantic_generic_metadata__["args"]:
            paged = paged[model]
        endpoint = endpoint_for(method, path, paged, None, self._takes_admin_key(options.get("security")))
        extras = (
            options.get("headers"),
            options.get("params"),
            options.get("extra_json"),
            options.get("timeout", not_given),
            options,
        )
        return self._list(endpoint, path, None, *extras, body=body)

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
