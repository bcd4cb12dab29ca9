"""What a call's own options change, and endpoints made on the fly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from .constants import RAW_RESPONSE_HEADER
from .errors import OpenAIError
from .options import Headers, NotGiven, Omit
from .resources._base import Endpoint

if TYPE_CHECKING:
    from .transport.request import HeaderBlock

_BODYLESS = ("GET", "HEAD")
_RAW = RAW_RESPONSE_HEADER.lower()
_TRANSPORT_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@lru_cache(maxsize=256)
def _cached_endpoint(
    method: str, path: str, cast_to: Any, event: Any, admin: bool, form: bool
) -> Endpoint[Any]:
    return Endpoint(
        method, path, cast_to, stream=event, admin=admin, files=((),) if form else (), multipart="files"
    )


def endpoint_for(
    method: str, path: str, cast_to: Any, event: Any, admin: bool = False, form: bool = False
) -> Endpoint[Any]:
    """An endpoint for any path, kept so that what makes its events is made once.

    Args:
      method: HTTP verb.
      path: path below the base URL, or an absolute URL.
      cast_to: type of the answer.
      event: type of the streamed events.
      admin: sent with the admin key.
      form: its body may be a form, or one that is read while it is sent.
    """
    try:
        return _cached_endpoint(method.upper(), path, cast_to, event, admin, form)
    except TypeError:
        return _cached_endpoint.__wrapped__(method.upper(), path, cast_to, event, admin, form)


def raw_mode(headers: Headers) -> str | None:
    """What the raw-response header among a call's headers asks for, or None.

    Args:
      headers: `extra_headers` of the call.
    """
    for name, value in headers.items():
        if name.lower() == _RAW and isinstance(value, str):
            return value
    return None


def asks_form(headers: Headers) -> bool:
    """Whether the Content-Type among a call's headers asks for a form.

    Args:
      headers: headers of the call.
    """
    return any(
        name.lower() == "content-type" and isinstance(value, str) and value.startswith("multipart/form-data")
        for name, value in headers.items()
    )


def merged_headers(block: HeaderBlock, extra: Headers) -> tuple[HeaderBlock, str | None, bool]:
    """A call's own headers over the client's.

    Args:
      block: the client's headers.
      extra: the call's.

    Returns:
      The block, the idempotency key, and whether retries are counted in a header.

    Raises:
      ValueError: a header that is the transport's to set.
    """
    changes: dict[str, str | None] = {}
    key: str | None = None
    retry_count = True
    for name, value in extra.items():
        lowered = name.lower()
        if lowered == _RAW or isinstance(value, NotGiven):
            continue
        if lowered in _TRANSPORT_HEADERS:
            raise ValueError(f"the transport sets {name}; it cannot be given in extra_headers")
        if lowered == "idempotency-key":
            key = value if isinstance(value, str) else None
            # The client may have one among its default headers: a call's own takes its place.
            changes[name] = None
            continue
        retry_count = retry_count and lowered != "x-stainless-retry-count"
        changes[name] = None if isinstance(value, Omit) else value
    return block.merged(changes), key, retry_count


def merged_body(method: str, body: object, extra: object) -> object:
    """A body with the members of `extra_body`.

    Args:
      method: HTTP verb.
      body: the parameters.
      extra: the members to add; they win.

    Raises:
      TypeError: the request has no body, or one that is not a mapping.
    """
    if not isinstance(extra, Mapping):
        raise TypeError(f"extra_body must be a mapping, not {type(extra).__name__}")
    if method in _BODYLESS:
        raise TypeError(f"extra_body: a {method} request has no body")
    if body is None:
        return dict(cast("Mapping[str, object]", extra))
    if not isinstance(body, Mapping):
        raise TypeError(f"extra_body cannot be added to a body of type {type(body).__name__}")
    return {**cast("Mapping[str, object]", body), **cast("Mapping[str, object]", extra)}


async def key_from(provider: Callable[[], Any]) -> str:
    """Ask a callable for the API key.

    Args:
      provider: returns the key, or something to await for it.

    Raises:
      OpenAIError: what came is not a key.
    """
    value = provider()
    if hasattr(value, "__await__"):
        value = await value
    if not isinstance(value, str) or not value:
        raise OpenAIError(f"The `api_key` callable returned {type(value).__name__}, not a non-empty str.")
    return value
