"""Query strings, in the bracket format that the API takes (`a[]=1&a[]=2`, `a[b]=1`) and in others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast, get_args
from urllib.parse import parse_qs, quote_plus

from .options import NotGiven, Omit, not_given

ArrayFormat = Literal["comma", "repeat", "indices", "brackets"]
NestedFormat = Literal["dots", "brackets"]


def encode_query(params: Mapping[str, object]) -> str:
    """Write query parameters.

    Args:
      params: names to values; mappings and lists may nest, `omit` and None are left out.

    Returns:
      The query without its question mark.

    Raises:
      TypeError: a list holds a mapping that holds a list; there is no agreed way to write that.
    """
    return "&".join(
        f"{quote_plus(name)}={quote_plus(text)}"
        for key, value in params.items()
        for name, text in _pairs(key, value)
    )


def _pairs(key: str, value: object) -> Iterator[tuple[str, str]]:
    if value is None or isinstance(value, (Omit, NotGiven)):
        return
    if isinstance(value, Mapping):
        for inner, item in cast("Mapping[Any, object]", value).items():
            yield from _pairs(f"{key}[{inner}]", item)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[object]", value):
            yield from _pairs(f"{key}[]", item)
    else:
        yield key, _text(value)


def _text(value: object) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


class Querystring:
    """Writes query parameters: what `client.qs` is.

    Args:
      array_format: lists as ``brackets`` (``a[]=1&a[]=2``), ``indices`` (``a[0]=1&a[1]=2``), ``repeat``
        (``a=1&a=2``) or ``comma`` (``a=1,2``).
      nested_format: mappings as ``brackets`` (``a[b]=1``) or ``dots`` (``a.b=1``).

    Source: same name, methods and formats as the official client's.
    """

    def __init__(
        self, *, array_format: ArrayFormat = "repeat", nested_format: NestedFormat = "brackets"
    ) -> None:
        self.array_format: ArrayFormat = array_format
        self.nested_format: NestedFormat = nested_format

    def parse(self, query: str) -> Mapping[str, object]:
        """Read a query: every name with the list of its values, brackets as they are.

        Args:
          query: without its question mark.
        """
        return parse_qs(query)

    def stringify(
        self,
        params: Mapping[str, object],
        *,
        array_format: ArrayFormat | NotGiven = not_given,
        nested_format: NestedFormat | NotGiven = not_given,
    ) -> str:
        """Write parameters as a query, without its question mark.

        Args:
          params: names to values; mappings and lists may nest, None is left out.
          array_format: how lists are written, this once.
          nested_format: how mappings are written, this once.

        Raises:
          ValueError: there is no such format.
        """
        items = self.stringify_items(params, array_format=array_format, nested_format=nested_format)
        return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in items)

    def stringify_items(
        self,
        params: Mapping[str, object],
        *,
        array_format: ArrayFormat | NotGiven = not_given,
        nested_format: NestedFormat | NotGiven = not_given,
    ) -> list[tuple[str, str]]:
        """The same as pairs, not escaped.

        Args:
          params: as for `stringify`.
          array_format: how lists are written, this once.
          nested_format: how mappings are written, this once.

        Raises:
          ValueError: there is no such format.
        """
        arrays = self.array_format if isinstance(array_format, NotGiven) else array_format
        nested = self.nested_format if isinstance(nested_format, NotGiven) else nested_format
        for name, value, known in (
            ("array_format", arrays, get_args(ArrayFormat)),
            ("nested_format", nested, get_args(NestedFormat)),
        ):
            if value not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, not {value!r}")
        return [pair for key, value in params.items() for pair in _written(key, value, arrays, nested)]


def _written(key: str, value: object, arrays: ArrayFormat, nested: NestedFormat) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for inner, item in cast("Mapping[Any, object]", value).items():
            name = f"{key}.{inner}" if nested == "dots" else f"{key}[{inner}]"
            yield from _written(name, item, arrays, nested)
    elif not isinstance(value, (list, tuple)):
        yield from _pairs(key, value)
    elif arrays == "comma":
        yield key, ",".join(_text(item) for item in cast("list[object]", value) if item is not None)
    else:
        for place, item in enumerate(cast("list[object]", value)):
            name = {"repeat": key, "indices": f"{key}[{place}]"}.get(arrays, f"{key}[]")
            yield from _written(name, item, arrays, nested)
