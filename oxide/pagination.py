"""Lists that come in pages: `await` the paginator for the first page, or `async for` over everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Mapping
from typing import TYPE_CHECKING, Any, Generic, List, Optional, TypeVar, cast  # noqa: UP035

from pydantic import PrivateAttr

from .models import BaseModel
from .options import Query

if TYPE_CHECKING:
    from typing_extensions import Self, override

    from .client import AsyncOpenAI
    from .resources._base import Endpoint
else:

    def override(method: Any) -> Any:
        return method


__all__ = [
    "AsyncConversationCursorPage",
    "AsyncCursorPage",
    "AsyncNextCursorPage",
    "AsyncPage",
    "AsyncPaginator",
    "AsyncTokenPage",
    "BaseAsyncPage",
    "PageInfo",
    "PageRequest",
]

T = TypeVar("T")
PageT = TypeVar("PageT", bound="BaseAsyncPage[Any]")


class PageInfo:
    """What to ask for to get the next page.

    Args:
      params: query parameters that replace those of the request that gave this page.
    """

    __slots__ = ("params",)

    def __init__(self, *, params: Query) -> None:
        self.params = params

    @override
    def __repr__(self) -> str:
        return f"PageInfo(params={self.params!r})"


class PageRequest:
    """A list request that can be made again with other query parameters."""

    __slots__ = ("body", "client", "endpoint", "extras", "path", "query")

    def __init__(
        self,
        client: AsyncOpenAI,
        endpoint: Endpoint[Any],
        path: str,
        query: dict[str, object] | None,
        extras: tuple[Any, ...],
        body: object = None,
    ) -> None:
        self.client = client
        self.endpoint = endpoint
        self.path = path
        self.query = query
        self.extras = extras
        self.body = body

    def following(self, params: Mapping[str, object]) -> PageRequest:
        """The request for another page.

        Args:
          params: query parameters that replace earlier ones.
        """
        headers, extra_query, *rest = self.extras
        # Also over the call's own: a cursor in `extra_query` names the first page alone.
        query: dict[str, object] = {**(self.query or {}), **(extra_query or {}), **params}
        return PageRequest(self.client, self.endpoint, self.path, query, (headers, None, *rest), self.body)

    async def send(self) -> Any:
        """Make the request.

        Returns:
          The page, able to ask for the next.
        """
        call = self.client._call  # pyright: ignore[reportPrivateUsage]
        page = await call(self.endpoint, self.path, self.body, self.query, False, *self.extras)
        return self.attach(page)

    def attach(self, page: Any) -> Any:
        """Tell a page which request it came from."""
        if isinstance(page, BaseAsyncPage):
            setattr(cast("Any", page), "_request", self)  # noqa: B010
        return cast("Any", page)


class BaseAsyncPage(BaseModel, Generic[T]):
    """A page of a list."""

    _request: PageRequest | None = PrivateAttr(default=None)

    def _get_page_items(self) -> List[T]:  # noqa: UP006
        raise NotImplementedError

    def has_next_page(self) -> bool:
        """Whether there is a page after this one."""
        return bool(self._get_page_items()) and self.next_page_info() is not None

    def next_page_info(self) -> PageInfo | None:
        """What to ask for to get the next page; None when there is none."""
        raise NotImplementedError

    async def get_next_page(self) -> Self:
        """Ask for the next page.

        Raises:
          RuntimeError: there is none; ask `has_next_page()` first.
        """
        info = self.next_page_info()
        if info is None:
            raise RuntimeError(
                "No next page expected; please check `.has_next_page()` before calling `.get_next_page()`."
            )
        if self._request is None:
            raise RuntimeError("this page did not come from a request")
        return cast("Self", await self._request.following(info.params).send())

    async def iter_pages(self) -> AsyncIterator[Self]:
        """This page and all that follow."""
        page = self
        while True:
            yield page
            if not page.has_next_page():
                return
            page = await page.get_next_page()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Every item of this page and of those that follow."""
        async for page in self.iter_pages():
            for item in page._get_page_items():
                yield item


# What a mismatch says of a value that is null, or of one that is not there.
_ABSENT = ("null", "nothing (the field is missing)")


def _items(page: Any) -> List[Any]:  # noqa: UP006
    """The items of a page; a list that is null or missing has none, as with the official client."""
    from .errors import APIResponseValidationError

    try:
        return cast("List[Any]", page.data or [])  # noqa: UP006
    except APIResponseValidationError as error:
        if error.path != "data" or error.received not in _ABSENT:
            raise
    return []


def _cursor(item: Any) -> Any:
    """The id of an item; None where it has none."""
    from .errors import APIResponseValidationError

    try:
        return getattr(item, "id", None)
    except APIResponseValidationError as error:
        if error.received not in _ABSENT:
            raise
    return None


def _member(name: str, result: str) -> Any:
    """A property for a member that some endpoints send beside the fields.

    A field would be in every dump, so that pages were not what the official client makes of the same answer.
    """

    def read(self: BaseAsyncPage[Any]) -> Any:
        return (self.model_extra or {}).get(name)

    read.__annotations__ = {"return": result}
    return property(read, doc=f"`{name}` as the server sent it; None where it sent none.")


class AsyncPage(BaseAsyncPage[T], Generic[T]):
    """A whole list in one page."""

    data: List[T]  # noqa: UP006
    object: str

    if TYPE_CHECKING:

        @property
        def first_id(self) -> str | None: ...
        @property
        def last_id(self) -> str | None: ...
        @property
        def has_more(self) -> bool | None: ...
        @property
        def next_page(self) -> str | None: ...
        @property
        def search_query(self) -> List[str] | str | None: ...  # noqa: UP006
    else:
        first_id = _member("first_id", "str | None")
        last_id = _member("last_id", "str | None")
        has_more = _member("has_more", "bool | None")
        next_page = _member("next_page", "str | None")
        search_query = _member("search_query", "List[str] | str | None")

    @override
    def _get_page_items(self) -> List[T]:  # noqa: UP006
        return _items(self)

    @override
    def next_page_info(self) -> None:
        """None: the endpoint has no further pages."""
        return


class _PageOfMore(BaseAsyncPage[T], Generic[T]):
    data: List[T]  # noqa: UP006
    has_more: Optional[bool] = None  # noqa: UP045

    if TYPE_CHECKING:

        @property
        def first_id(self) -> str | None: ...
        @property
        def object(self) -> str | None: ...
    else:
        first_id = _member("first_id", "str | None")
        object = _member("object", "str | None")

    @override
    def _get_page_items(self) -> List[T]:  # noqa: UP006
        return _items(self)

    @override
    def has_next_page(self) -> bool:
        """Whether there is a page after this one."""
        return self.has_more is not False and super().has_next_page()


class AsyncCursorPage(_PageOfMore[T], Generic[T]):
    """A page whose last item's id is the cursor for the next."""

    if TYPE_CHECKING:

        @property
        def last_id(self) -> str | None: ...
    else:
        last_id = _member("last_id", "str | None")

    @override
    def next_page_info(self) -> PageInfo | None:
        """The cursor: the last item's id. None when the page is empty or its items have no id."""
        data = self._get_page_items()
        cursor = _cursor(data[-1]) if data else None
        return PageInfo(params={"after": cursor}) if cursor is not None else None


class AsyncConversationCursorPage(_PageOfMore[T], Generic[T]):
    """A page whose field `last_id` is the cursor for the next."""

    last_id: Optional[str] = None  # noqa: UP045

    @override
    def next_page_info(self) -> PageInfo | None:
        """The cursor the page names; None when it names none."""
        return PageInfo(params={"after": self.last_id}) if self.last_id else None


class AsyncNextCursorPage(_PageOfMore[T], Generic[T]):
    """A page whose field `next` is the cursor for the next."""

    next: Optional[str] = None  # noqa: UP045

    @override
    def next_page_info(self) -> PageInfo | None:
        """The cursor the page names; None when it names none."""
        return PageInfo(params={"after": self.next}) if self.next else None


class AsyncTokenPage(_PageOfMore[T], Generic[T]):
    """A page whose field `next` is the token, sent as `page`, for the next."""

    next: Optional[str] = None  # noqa: UP045

    @override
    def next_page_info(self) -> PageInfo | None:
        """The token the page names; None when it names none."""
        return PageInfo(params={"page": self.next}) if self.next else None


class AsyncPaginator(Generic[T, PageT]):
    """A list not asked for yet.

    `await paginator` gives the first page, `async for item in paginator` every item of every page.
    """

    def __init__(self, request: PageRequest) -> None:
        self._request = request

    def __await__(self) -> Generator[Any, None, PageT]:
        return self._get_page().__await__()

    async def _get_page(self) -> PageT:
        return cast("PageT", await self._request.send())

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item
