"""Query strings in the bracket format: `a[]=1&a[]=2`, `a[b]=1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote_plus

from .options import NotGiven, Omit


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
