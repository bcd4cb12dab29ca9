"""What a call may be given besides its parameters: the sentinels for "not given", option types."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping, Sequence
from os import PathLike
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TypedDict, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Self, override

    from .timeouts import TimeoutTypes
    from .transport.retry import RetryPolicy
else:

    def override(method: Any) -> Any:
        return method


__all__ = [
    "NOT_GIVEN",
    "AnyMapping",
    "AsyncBinaryTypes",
    "Body",
    "FileTypes",
    "Headers",
    "HeadersLike",
    "NoneType",
    "NotGiven",
    "Omit",
    "Query",
    "RequestFiles",
    "RequestOptions",
    "SequenceNotStr",
    "Validation",
    "is_given",
    "not_given",
    "omit",
]


class NotGiven:
    """The type of `not_given`: a parameter that was not passed, where None means something else.

    There is one instance; the class may be called to get it.
    """

    __slots__ = ()
    _instance: NotGiven | None = None

    def __new__(cls) -> Self:
        if cls is not NotGiven or NotGiven._instance is None:
            instance = super().__new__(cls)
            if cls is not NotGiven:
                return instance
            NotGiven._instance = instance
        return NotGiven._instance  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def __bool__(self) -> Literal[False]:
        return False

    @override
    def __repr__(self) -> str:
        return "NOT_GIVEN"

    @override
    def __reduce__(self) -> str | tuple[Any, ...]:
        return (NotGiven, ())


class Omit:
    """The type of `omit`: leave a parameter or a default header out of the request.

    There is one instance; the class may be called to get it.
    """

    __slots__ = ()
    _instance: Omit | None = None

    def __new__(cls) -> Self:
        if cls is not Omit or Omit._instance is None:
            instance = super().__new__(cls)
            if cls is not Omit:
                return instance
            Omit._instance = instance
        return Omit._instance  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    def __bool__(self) -> Literal[False]:
        return False

    @override
    def __repr__(self) -> str:
        return "omit"

    @override
    def __reduce__(self) -> str | tuple[Any, ...]:
        return (Omit, ())


not_given: Final = NotGiven()
"""A parameter that was not passed."""

NOT_GIVEN: Final = not_given
"""The older name of `not_given`."""

omit: Final = Omit()
"""Leave the parameter, or the default header, out of the request."""

NoneType: Final[type[None]] = type(None)
"""`cast_to` for a call whose answer has no body."""

_T_co = TypeVar("_T_co", covariant=True)

Query = Mapping[str, object]
"""Query parameters: nested mappings and lists are written with brackets."""

Body = object
"""Additional members of a JSON body: a mapping."""

AnyMapping = Mapping[str, object]

Headers = Mapping[str, str | Omit]
"""Headers of one call; `omit` takes a default one away."""

Validation = Literal["lazy", "eager", "off"]
"""When answers are checked: field by field on first access, all at once, never."""

FileContent = IO[bytes] | bytes | PathLike[str]
FileTypes = (
    FileContent
    | tuple[str | None, FileContent]
    | tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
"""A file: its content, or (name, content[, media type[, headers]])."""

RequestFiles = Mapping[str, FileTypes] | Sequence[tuple[str, FileTypes]]
"""Files of a request by their form names."""

AsyncBinaryTypes = bytes | bytearray | IO[bytes] | AsyncIterable[bytes]
"""A body that is sent as it is."""

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol, SupportsIndex, overload

    class HeadersLikeProtocol(Protocol):
        """Headers as a web framework has them."""

        def get(self, name: str, /) -> str | None: ...

    HeadersLike = Headers | HeadersLikeProtocol

    class SequenceNotStr(Protocol[_T_co]):
        """A sequence that is not a `str`: its `__contains__` takes any object."""

        @overload
        def __getitem__(self, index: SupportsIndex, /) -> _T_co: ...
        @overload
        def __getitem__(self, index: slice, /) -> Sequence[_T_co]: ...
        def __contains__(self, value: object, /) -> bool: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[_T_co]: ...
        def __reversed__(self) -> Iterator[_T_co]: ...
else:
    SequenceNotStr = Sequence
    HeadersLike = Any


class RequestOptions(TypedDict, total=False):
    """Options of one call through `client.get/post/put/patch/delete(..., options=...)`.

    `headers`, `params` (query), `extra_json` (members added to the body), `timeout` (seconds or limits),
    `max_retries` (times), `idempotency_key` (the same on every attempt), `follow_redirects`; `deadline`
    (seconds over all attempts) and `retry_policy` are oxide's additions.
    """

    headers: Headers
    max_retries: int
    timeout: TimeoutTypes
    params: Query
    extra_json: AnyMapping
    idempotency_key: str
    follow_redirects: bool
    security: Mapping[str, bool]
    deadline: float | None
    retry_policy: RetryPolicy | None


NO_OPTIONS: Final[RequestOptions] = {}
"""No options; never changed."""


def is_given(value: object) -> bool:
    """Whether a value is neither `not_given` nor `omit`.

    Args:
      value: anything.
    """
    return not isinstance(value, (NotGiven, Omit))
