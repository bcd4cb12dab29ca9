"""The way of a call: parameters to a prepared request, the transport, and back to a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ._body import encode_body
from ._calls import merged_body, merged_headers, raw_mode
from ._client_options import set_options
from ._connections import Connections
from ._headers import platform_headers, user_agent
from .options import Headers, NotGiven, Omit, Query, RequestOptions, Validation
from .resources._base import Endpoint
from .timeouts import Timeout, TimeoutTypes
from .transport.request import PreparedRequest

if TYPE_CHECKING:
    from yarl import URL

    from ._credentials import Credentials
    from ._observe import HookSet
    from ._query import Querystring
    from ._response import AsyncAPIResponse, LegacyAPIResponse
    from .pagination import AsyncPaginator, BaseAsyncPage
    from .rate_limits import Heads
    from .stream import AsyncStream
    from .transport.bodies import BodySource
    from .transport.request import HeaderBlock, RawAnswer
    from .transport.retry import RetryPolicy

T = TypeVar("T")
# Streams of responses, which the API may hold for later.
_STORED = frozenset(
    path + more for path in ("/responses", "/responses/{response_id}") for more in ("", "?beta=true")
)

PageT = TypeVar("PageT", bound="BaseAsyncPage[Any]")


class AsyncAPIClient:
    """What does not depend on whose API it is: URLs, headers, bodies, sending, results."""

    max_retries: int
    timeout: TimeoutTypes
    validation: Validation
    deadline: float | None
    max_event: int
    max_line: int
    retry_policy: RetryPolicy | None
    _base: str
    _root: str
    _limits: Timeout
    _custom_headers: Mapping[str, str | Omit]
    _custom_query: Mapping[str, object]
    _connections: Connections
    _credentials: Credentials | None = None
    _blocks: dict[tuple[str, bool, float | None], HeaderBlock]
    _urls: dict[str, tuple[URL, str]]
    _rates: Heads
    _hooks: HookSet | None
    _follow_redirects = True

    # -- headers and addresses ---------------------------------------------------------------------

    @property
    def user_agent(self) -> str:
        """The User-Agent header."""
        return user_agent(type(self).__name__)

    @property
    def auth_headers(self) -> dict[str, str]:
        """The headers that carry the credentials."""
        return {}

    def _identity_headers(self) -> dict[str, str]:
        return {}

    def _fixed_headers(self) -> dict[str, str]:
        """Headers that those of the client's user do not replace."""
        return {}

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        """Every header a request without options carries, but for its credentials."""
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": self.user_agent,
            **dict(platform_headers()),
            **self._identity_headers(),
            **self._custom_headers,
        }

    @property
    def default_query(self) -> dict[str, object]:
        """Query parameters every request carries."""
        return dict(self._custom_query)

    def _block(self, verb: str, stream: bool, read: float | None) -> HeaderBlock:
        """The headers of requests without options, checked and serialised once."""
        key = (verb, stream, read)
        block = self._blocks.get(key)
        if block is None:
            from .transport.decode import accept_encoding
            from .transport.request import HeaderBlock

            headers = {**self.default_headers, **self.auth_headers}
            if stream:
                headers.update({"Accept": "text/event-stream", "Cache-Control": "no-cache"})
            if verb == "GET":
                del headers["Content-Type"]
            headers["Accept-Encoding"] = accept_encoding()
            if read is not None:
                headers["x-stainless-read-timeout"] = str(int(read) if read.is_integer() else read)
            # The user's come last, so that they win whatever their spelling.
            custom = {n: None if isinstance(v, Omit) else v for n, v in self._custom_headers.items()}
            given = [(n, v) for n, v in headers.items() if isinstance(v, str) and n not in custom]
            block = HeaderBlock(given).merged(custom).merged(self._fixed_headers())
            if len(self._blocks) < 64:
                self._blocks[key] = block
        return block

    def _address(self, path: str, query: Mapping[str, object] | None, constant: bool) -> tuple[URL, str]:
        from yarl import URL

        from ._query import encode_query

        absolute = path.startswith(("http://", "https://"))
        if not self._root:
            # Once encoded by yarl: names that are not ASCII, and whatever else a base URL may hold.
            self._root = str(URL(self._base)).rstrip("/")
        text = path if absolute else self._root + (path if path.startswith("/") else f"/{path}")
        if query or self._custom_query:
            written = encode_query({**self._custom_query, **(query or {})})
            if written:
                text += ("&" if "?" in text else "?") + written
        url = URL(text, encoded=True)
        found = (url, url.raw_path_qs)
        if constant and not query and len(self._urls) < 256:
            self._urls[path] = found
        return found

    # -- one call ----------------------------------------------------------------------------------

    def _check_credentials(self, block: HeaderBlock, headers: Mapping[str, object] | None) -> None:
        """Refuse a request that carries no credentials, unless that is what was asked for."""

    def _prepare(
        self,
        endpoint: Endpoint[Any],
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        stream: bool,
        extra_headers: Headers | None,
        extra_query: Query | None,
        extra_body: object | None,
        timeout: TimeoutTypes | NotGiven,
        options: RequestOptions | None = None,
    ) -> PreparedRequest:
        limits = self._limits if isinstance(timeout, NotGiven) else Timeout.of(timeout)
        verb = endpoint.method
        block = self._blocks.get((verb, stream, limits.read)) or self._block(verb, stream, limits.read)
        if extra_query:
            query = {**(query or {}), **extra_query}
        address = self._urls.get(path) if not query else None
        if address is None:
            address = self._address(path, query, path == endpoint.path)
        if extra_body is not None:
            body = merged_body(endpoint.method, body, extra_body)
        key: str | None = None
        retry_count = True
        if endpoint.admin:
            block = self._admin_block(block)
        if extra_headers:
            block, key, retry_count = merged_headers(block, extra_headers)
        content: bytes | BodySource | None
        if not endpoint.files:
            content = None if body is None else encode_body(body)
        else:
            from ._uploads import form_or_json

            block, content = form_or_json(endpoint, block, body)
        prepared = PreparedRequest(
            endpoint.method,
            address[0],
            block,
            content,
            limits,
            stream=stream,
            deadline=self.deadline,
            max_retries=self.max_retries,
            retry_policy=self.retry_policy,
            idempotency_key=key,
            follow_redirects=self._follow_redirects,
            target=address[1],
            retry_count_header=retry_count,
        )
        prepared.params = body
        prepared.rates = self._rates
        if self._hooks is not None:
            prepared.watch = self._hooks.observation()
        if options:
            set_options(prepared, options)
        if self._credentials is not None:
            self._credentials.attach(cast("Any", self), endpoint, prepared, extra_headers)
        if prepared.auth is None and "authorization" not in block.names:
            self._check_credentials(block, extra_headers)
        return prepared

    def _takes_admin_key(self, security: Mapping[str, bool] | None) -> bool:
        """Whether a request to any path goes with the admin key."""
        return False

    def _admin_block(self, block: HeaderBlock) -> HeaderBlock:
        """The headers of a request to an administration endpoint."""
        return block

    async def _call(
        self,
        endpoint: Endpoint[T],
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        stream: bool,
        extra_headers: Headers | None,
        extra_query: Query | None,
        extra_body: object | None,
        timeout: TimeoutTypes | NotGiven,
        options: RequestOptions | None = None,
    ) -> T:
        """Send a request and make its result: what every generated method ends in."""
        if extra_headers is not None and (mode := raw_mode(extra_headers)):
            call: Any = self._call_unread if mode == "stream" else self._call_raw
            return cast(
                "T",
                await call(
                    endpoint,
                    path,
                    body,
                    query,
                    stream,
                    extra_headers,
                    extra_query,
                    extra_body,
                    timeout,
                    options,
                ),
            )
        prepared = self._prepare(
            endpoint, path, body, query, stream, extra_headers, extra_query, extra_body, timeout, options
        )
        answer = await (self._connections.transport or self._connections.open()).request(prepared)
        if stream:
            made = self._stream(endpoint, answer)
            resume = self._resume(endpoint, path, answer, query, (extra_headers, extra_query, timeout))
            return cast("T", made if resume is None else resume(made))
        try:
            return cast("T", (endpoint.make or endpoint.maker())(answer, self.validation))
        except Exception as error:
            if prepared.watch is not None:
                await prepared.watch.failed(error, prepared, answer)
            raise

    async def _call_raw(
        self,
        endpoint: Endpoint[T],
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        stream: bool,
        *extras: Any,
    ) -> LegacyAPIResponse[T]:
        from ._response import LegacyAPIResponse

        prepared = self._prepare(endpoint, path, body, query, stream, *extras)
        answer = await self._connections.open().request(prepared)
        response: LegacyAPIResponse[T] = LegacyAPIResponse(answer, endpoint, self, stream)
        if stream:
            response.resume = self._resume(endpoint, path, answer, query, (extras[0], extras[1], extras[3]))
        return response

    async def _call_unread(
        self,
        endpoint: Endpoint[T],
        path: str,
        body: object,
        query: Mapping[str, object] | None,
        stream: bool,
        *extras: Any,
    ) -> AsyncAPIResponse[T]:
        from ._response import AsyncAPIResponse

        prepared = self._prepare(endpoint, path, body, query, stream, *extras)
        prepared.stream = True
        answer = await self._connections.open().request(prepared)
        response: AsyncAPIResponse[T] = AsyncAPIResponse(answer, endpoint, self, stream)
        if stream:
            response.resume = self._resume(endpoint, path, answer, query, (extras[0], extras[1], extras[3]))
        return response

    def _page_request(
        self, endpoint: Endpoint[Any], path: str, query: Any, extras: tuple[Any, ...], body: object
    ) -> Any:
        from .pagination import PageRequest

        return PageRequest(cast("Any", self), endpoint, path, query, cast("Any", extras), body)

    def _list(
        self,
        endpoint: Endpoint[PageT],
        path: str,
        query: dict[str, object] | None,
        *extras: Any,
        body: object = None,
    ) -> AsyncPaginator[Any, PageT]:
        from .pagination import AsyncPaginator

        if extras[0] is not None and (mode := raw_mode(extras[0])):
            how = self._list_unread if mode == "stream" else self._list_raw
            return cast("AsyncPaginator[Any, PageT]", how(endpoint, path, query, *extras, body=body))
        return AsyncPaginator(self._page_request(endpoint, path, query, extras, body))

    async def _list_raw(
        self,
        endpoint: Endpoint[Any],
        path: str,
        query: dict[str, object] | None,
        *extras: Any,
        body: object = None,
    ) -> Any:
        response = await self._call_raw(endpoint, path, body, query, False, *extras)
        response.page_request = self._page_request(endpoint, path, query, extras, body)
        return response

    async def _list_unread(
        self,
        endpoint: Endpoint[Any],
        path: str,
        query: dict[str, object] | None,
        *extras: Any,
        body: object = None,
    ) -> Any:
        response = await self._call_unread(endpoint, path, body, query, False, *extras)
        response.page_request = self._page_request(endpoint, path, query, extras, body)
        return response

    def _resume(
        self,
        endpoint: Endpoint[Any],
        path: str,
        answer: RawAnswer,
        query: Mapping[str, object] | None,
        extras: tuple[Headers | None, Query | None, Any],
    ) -> Callable[[AsyncStream[Any]], AsyncStream[Any]] | None:
        if endpoint.path not in _STORED:
            return None
        from .helpers.resume import resumption

        return resumption(self, endpoint, path, answer.request.params, query, extras, answer)

    def _stream(self, endpoint: Endpoint[Any], answer: RawAnswer, stream_class: Any = None) -> Any:
        stream_class = stream_class or endpoint.stream_class
        if stream_class is None:
            from .stream import AsyncStream

            stream_class = AsyncStream
        if endpoint.subscription:
            stream_class = partial(stream_class, subscription=True)
        params = answer.request.params
        choices = cast("dict[str, Any]", params).get("n") or 1 if type(params) is dict else 1
        made = stream_class(
            answer,
            endpoint.factory(self.validation),
            response=answer.facts,
            cast_to=endpoint.event,
            choices=choices,
            max_event=self.max_event,
            max_line=self.max_line,
        )
        if answer.request.watch is not None:
            made._events = answer.request.watch.events(made._events, answer)
        return made

    async def _body_failed(self, error: BaseException, answer: RawAnswer) -> None:
        """Tell hooks that a body broke off while it was read.

        Raises:
          APIError: for a failure of the transport; any other error is left to the caller.
        """
        from .transport.mapping import explain
        from .transport.request import LaneError

        seen = explain(error, answer) if isinstance(error, LaneError) else error
        if answer.request.watch is not None:
            await answer.request.watch.failed(seen, answer.request, answer)
        if seen is not error:
            raise seen from error

    async def close(self) -> None:
        """Close every connection of this client and of its copies; running streams end with an error."""
        await self._connections.close()

    def platform_headers(self) -> dict[str, str]:
        """The headers that tell where this runs, by name.

        Source: same method as of the official client.
        """
        return dict(platform_headers())

    @property
    def qs(self) -> Querystring:
        """What writes query parameters as the API reads them."""
        from ._query import Querystring

        return Querystring(array_format="brackets")

    def is_closed(self) -> bool:
        """Whether `close()` was called."""
        return self._connections.closed
