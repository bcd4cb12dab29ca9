"""Checks and conversions of the client's constructor options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ._connections import Connections
from .constants import DATA_RESIDENCY_URLS, MTLS_RESIDENCY_URLS
from .errors import OpenAIError
from .options import NotGiven, Omit, RequestOptions
from .timeouts import seconds_or_none

if TYPE_CHECKING:
    from yarl import URL

    from .transport.request import PreparedRequest
    from .transport.settings import HTTPOptions


def base_address(
    base_url: str | URL | NotGiven | None,
    data_residency: str | None,
    websocket_base_url: object | None,
    provider: object | None = None,
    mutual_tls: bool = False,
) -> str | URL | None:
    """The base URL that the options name, or None.

    Args:
      base_url: an address.
      data_residency: a region, which stands for an address.
      websocket_base_url: only checked: it excludes a region.
      provider: only checked: it excludes a region.
      mutual_tls: the region's address where clients show a certificate.

    Raises:
      ValueError: the options exclude each other, or there is no such region.
      OpenAIError: a provider was given with a region, or the region takes no certificates.
    """
    if data_residency is None:
        return None if isinstance(base_url, NotGiven) else base_url
    clash = "The `data_residency` and `{}` arguments are mutually exclusive"
    if not isinstance(base_url, NotGiven):
        raise ValueError(clash.format("base_url"))
    if websocket_base_url is not None:
        raise ValueError(clash.format("websocket_base_url"))
    if provider is not None:
        raise OpenAIError(clash.format("provider"))
    # Something that cannot be hashed is no region either.
    if not isinstance(cast("object", data_residency), str) or data_residency not in DATA_RESIDENCY_URLS:
        known = ", ".join(repr(region) for region in DATA_RESIDENCY_URLS)
        raise ValueError(f"Invalid `data_residency` {data_residency!r}; expected one of {known}")
    if not mutual_tls:
        return DATA_RESIDENCY_URLS[data_residency]
    if data_residency not in MTLS_RESIDENCY_URLS:
        raise OpenAIError("X.509 workload identity requires a supported regional mTLS endpoint")
    return MTLS_RESIDENCY_URLS[data_residency]


def connections(http_client: Any) -> Connections:
    """What `http_client=` stands for.

    Args:
      http_client: an `aiohttp.ClientSession`, `oxide.HTTPOptions`, another client's connections, or None.

    Raises:
      TypeError: something else; the message says what to pass.
    """
    if http_client is None:
        return Connections(None, None)
    if isinstance(http_client, Connections):
        return http_client
    # By name, so that a client made without a session does not import aiohttp.
    names = {(cls.__module__.split(".")[0], cls.__name__) for cls in type(http_client).__mro__}
    if ("aiohttp", "ClientSession") in names:
        return Connections(http_client, None)
    if ("oxide", "HTTPOptions") in names:
        return Connections(None, cast("HTTPOptions", http_client))
    if any(module in ("httpx", "httpx2") for module, _ in names):
        raise TypeError(
            "http_client: oxide does not run on httpx. Pass an aiohttp.ClientSession, or oxide.HTTPOptions "
            "for proxies, certificates and limits; timeouts go to `timeout`."
        )
    raise TypeError(
        f"http_client must be an aiohttp.ClientSession or oxide.HTTPOptions, not {type(http_client).__name__}"
    )


def headers_over(
    headers: Mapping[str, str | Omit], changes: Mapping[str, str | Omit] | None
) -> dict[str, str | Omit]:
    """Headers with others on top, names compared without case.

    Args:
      headers: the ones below.
      changes: the ones on top.
    """
    if not changes:
        return dict(headers)
    lowered = {name.lower() for name in changes}
    return {**{n: v for n, v in headers.items() if n.lower() not in lowered}, **changes}


def checked_retries(value: Any) -> int:
    """The number of retries.

    Raises:
      TypeError: it is not an int.
      ValueError: it is negative.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"max_retries must be an int, not {value!r}; 0 disables retries, a large number allows many"
        )
    if value < 0:
        raise ValueError(f"max_retries must not be negative, not {value}")
    return value


def check_backend() -> None:
    """Refuse an `OXIDE_BACKEND` or `OXIDE_ISA` that cannot be had, before the first request would.

    Raises:
      ImportError: the message says what can be had.
    """
    if os.environ.get("OXIDE_BACKEND") or os.environ.get("OXIDE_ISA"):
        import_module("oxide._backend")


def _checked_deadline(value: Any) -> float | None:
    return seconds_or_none("deadline", value)


def _checked_cap(name: str) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a number of bytes (int), not {value!r}")
        if not 1 <= value <= sys.maxsize:
            raise ValueError(f"{name} must be at least 1 byte and at most {sys.maxsize}, not {value}")
        return value

    return check


CHECKS: dict[str, Callable[[Any], Any]] = {
    "deadline": _checked_deadline,
    "max_event": _checked_cap("max_event"),
    "max_line": _checked_cap("max_line"),
    "max_retries": checked_retries,
}
"""Attributes of a client whose values are checked when they are set."""

# Options of one call that are the prepared request's own.
_PER_CALL = frozenset({"deadline", "max_retries", "retry_policy", "idempotency_key", "follow_redirects"})


def set_options(prepared: PreparedRequest, options: RequestOptions) -> None:
    """Put a call's own options into its request.

    Args:
      prepared: the request.
      options: what the call was given; headers, query, body and timeout are in the request already.

    Raises:
      TypeError: there is no such option, or its value is of another type.
      ValueError: a value is out of range.
    """
    for name, value in options.items():
        if name in _PER_CALL:
            check = CHECKS.get(name)
            setattr(prepared, name, value if check is None else check(value))
        elif name not in RequestOptions.__annotations__:
            known = ", ".join(repr(known) for known in RequestOptions.__annotations__)
            raise TypeError(f"options has no {name!r}; it takes {known}")
