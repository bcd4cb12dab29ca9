"""What generated resource modules stand on: endpoints, path segments, the base class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast
from urllib.parse import quote

from oxide.options import Headers, NotGiven, Omit, not_given, omit

if TYPE_CHECKING:
    from typing_extensions import Self

    from oxide.client import AsyncOpenAI
    from oxide.options import Validation
    from oxide.transport.request import RawAnswer

__all__ = [
    "AsyncAPIResource",
    "Endpoint",
    "absent",
    "check_response_format",
    "missing",
    "non_empty",
    "renamed",
    "require",
    "segment",
    "with_header",
]

T = TypeVar("T")

missing: Any = not_given
"""`NOT_GIVEN` where a parameter's type only names `Omit`: older programs pass it."""


absent: Any = omit
"""`omit` where a parameter's type only names `NotGiven`."""


def resolve(reference: str) -> Any:
    """The object a ``module:Name`` reference stands for.

    Args:
      reference: empty for None.
    """
    if not reference:
        return None
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


class Endpoint(Generic[T]):
    """One operation: verb, path, and the types of its answer, imported at the first call.

    Args:
      method: HTTP verb in upper case.
      path: path template below the base URL.
      result: type of the answer, or ``module:Name`` of it; empty where there is no body.
      stream: type of the streamed events, likewise.
      page: name of the page class in :mod:`oxide.pagination` whose items are of type `result`.
      admin: sent with the admin key.
      files: where files may be in the body, as paths of keys; ``<array>`` stands for each item of a list.
      multipart: ``always``, or ``files`` where the body is a form only once it holds a file.
      subscription: errors in the stream are events like others, and the server may end it anywhere.
    """

    __slots__ = (
        "_event",
        "_factories",
        "_result",
        "_stream",
        "admin",
        "files",
        "make",
        "method",
        "multipart",
        "page",
        "path",
        "resume",
        "stream_class",
        "subscription",
    )

    def __init__(
        self,
        method: str,
        path: str,
        result: Any,
        *,
        stream: Any = "",
        page: str = "",
        admin: bool = False,
        files: tuple[tuple[str, ...], ...] = (),
        multipart: str = "always",
        subscription: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.page = page
        self.admin = admin
        self.files = files
        self.multipart = multipart
        self.subscription = subscription
        self.resume: bool | Literal["events"] | None = None
        self.stream_class: Any = None
        self.make: Callable[[RawAnswer, Validation], Any] | None = None
        self._result = result
        self._stream = stream
        self._event: Any = None
        self._factories: dict[Validation, Any] = {}

    @property
    def result(self) -> Any:
        """Type of the whole answer; for a paginated endpoint the page of its items."""
        found = self._result
        if isinstance(found, str):
            found = resolve(found)
            if self.page:
                # Parametrised once an endpoint: a class made per call would never be freed.
                found = getattr(import_module("oxide.pagination"), self.page)[found]
            self._result = found
        return found

    def maker(self) -> Callable[[RawAnswer, Validation], Any]:
        """What makes the result out of an answer, kept in `make`."""
        from oxide._convert import maker_for

        self.make = maker_for(self.result)
        return self.make

    @property
    def event(self) -> Any:
        """Type of the streamed events; what stands for it, where that is a union whose tags are known."""
        if self._event is None:
            found = self._stream
            if isinstance(found, str):
                from oxide.models.unions import known_union

                found = known_union(found) or resolve(found)
            self._event = found
        return self._event

    def streaming(self, stream_class: Any) -> Endpoint[T]:
        """The same operation whose streams are of another class.

        Args:
          stream_class: called as `AsyncStream` is.
        """
        made = copy(self)
        made.stream_class = stream_class
        return made

    def resuming(self, wanted: object, params: Mapping[str, object]) -> Endpoint[T]:
        """The same operation as one call wants it: with streams that go on after a break, or that do not.

        Args:
          wanted: whether they go on; ``"events"``: they do, and say so; None or `not_given` for the default.
          params: parameters of the request.

        Raises:
          ValueError: it is none of these, or the request leaves nothing to go on with.
        """
        if wanted is None or wanted is missing or wanted is omit:
            return self
        if wanted is not True and wanted is not False and wanted != "events":
            raise ValueError(f"stream_resume is True, False or 'events', not {wanted!r}")
        if not params.get("stream"):
            raise ValueError("stream_resume is for streams: give stream=True too")
        if wanted and params.get("store") is False:
            raise ValueError("stream_resume needs a response that is stored: leave out store=False")
        made = copy(self)
        made.resume = cast("Any", wanted)
        return made

    def factory(self, validation: Validation) -> Any:
        """What makes objects out of streamed events, kept for the next stream.

        Args:
          validation: when they are checked.
        """
        found = self._factories.get(validation)
        if found is None:
            from oxide.models import EventFactory

            found = self._factories[validation] = EventFactory(self.event, validation)
        return found


class AsyncAPIResource:
    """A group of methods of one client.

    Args:
      client: the client that sends the requests.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._call = client._call  # pyright: ignore[reportPrivateUsage]
        self._list = client._list  # pyright: ignore[reportPrivateUsage]

    def _view(self, call: Any, pages: Any) -> Self:
        """The same resource with its requests sent another way: raw, or with the body left unread."""
        view = self.__class__.__new__(self.__class__)
        view._client = self._client
        view._call = call
        view._list = pages
        return view


def non_empty(name: str, value: str) -> str:
    """The value of a parameter that names something.

    Args:
      name: the parameter's name, for the message.
      value: its value.

    Raises:
      ValueError: it is empty.
    """
    if not value:
        raise ValueError(f"Expected a non-empty value for `{name}` but received {value!r}")
    return value


def segment(name: str, value: str) -> str:
    """A path parameter, escaped.

    Args:
      name: the parameter's name, for the message.
      value: its value.

    Raises:
      ValueError: the value is empty, or a relative segment that would change the path.
    """
    non_empty(name, value)
    if value in (".", ".."):
        raise ValueError(f"Expected a value that is not a relative path for `{name}` but received {value!r}")
    # RFC 3986: these stand for themselves inside a segment.
    return quote(str(value), safe="!$&'()*+,;=:@")


def with_header(headers: Headers | None, name: str, value: object) -> Headers | None:
    """Headers of a call with one that its method sets; the caller's own win.

    Args:
      headers: `extra_headers` of the call.
      name: the header.
      value: a str, or an iterable of them that is joined with commas; `omit` sets nothing.
    """
    if value is None or isinstance(value, (Omit, NotGiven)):
        return headers
    text = value if isinstance(value, str) else ",".join(str(v) for v in cast("Iterable[object]", value))
    return {name: text, **(headers or {})}


def require(alternatives: list[list[str]], *given: dict[str, object]) -> None:
    """Refuse a call that has none of several sets of parameters.

    Args:
      alternatives: the sets, by name.
      given: for each, its parameters that have a default, with their values.

    Raises:
      TypeError: each set lacks a parameter.
    """
    for values in given:
        if not any(isinstance(value, (Omit, NotGiven)) for value in values.values()):
            return
    sets = _series([f"({_series([repr(name) for name in names], 'and')})" for names in alternatives], "or")
    raise TypeError(f"Missing required arguments; Expected either {sets} arguments to be given")


def _series(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def renamed(value: object, paths: tuple[tuple[tuple[str, ...], str], ...]) -> Any:
    """A parameter with some of its keys under the name they have on the wire; what changes is copied.

    Args:
      value: the parameter.
      paths: where each key is, ``<array>`` standing for each item of a list, and its name on the wire.
    """
    for path, name in paths:
        value = _rename(value, path, name)
    return value


def _rename(value: object, path: tuple[str, ...], name: str) -> object:
    key, rest, unchanged = path[0], path[1:], value
    if key == "<array>":
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
            return [_rename(item, rest, name) for item in cast("Iterable[object]", value)]
        return unchanged
    if not isinstance(value, Mapping) or key not in value:
        return unchanged
    members = cast("Mapping[str, object]", value)
    if rest:
        return {**members, key: _rename(members[key], rest, name)}
    return {name if member == key else member: content for member, content in members.items()}


def check_response_format(value: object) -> None:
    """Refuse a model class where the API takes a description.

    Args:
      value: the `response_format` given.

    Raises:
      TypeError: it is a pydantic model class.
    """
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        raise TypeError(
            "`response_format` takes a dict such as {'type': 'json_schema', ...}, not a model class: "
            "`chat.completions.parse()` takes one and parses the answer"
        )
