"""Where a redirect leads, and what of the request may go there."""

from __future__ import annotations

from typing import Final

from yarl import URL

from .bodies import spent_reason
from .request import LaneError, PreparedRequest, RawAnswer

__all__ = ["REDIRECTS", "redirected"]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_CREDENTIALS = (
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "api-key",
    "x-api-key",
    "OpenAI-Organization",
    "OpenAI-Project",
)
_ABOUT_BODY = ("Content-Type", "Content-Encoding", "Content-Language", "Content-Location")


def redirected(prepared: PreparedRequest, answer: RawAnswer) -> PreparedRequest | None:
    """The request a redirect asks for.

    307 and 308 keep method and body; 303 becomes GET, and so do 301 and 302 after POST. Credentials go to the
    same scheme, host and port only.

    Args:
        prepared: the request that was answered.
        answer: an answer with a status in ``REDIRECTS``.

    Returns:
        None when the answer names no place to go.

    Raises:
        LaneError: ``redirect``: the place is no http(s) address, or plain http where the request was https,
            or the body cannot be read again.
    """
    location = answer.headers.get("location")
    if not location:
        return None
    # Servers send raw UTF-8 here, which arrives as latin-1.
    location = location.encode("latin-1").decode("utf-8", "replace")
    try:
        url = prepared.url.join(URL(location)).with_user(None)
    except ValueError as exc:
        raise LaneError(
            "redirect", f"the server redirects to an invalid address {location!r}", cause=exc
        ) from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise LaneError("redirect", f"the server redirects to {url.scheme or 'no'}:// address, not http(s)")
    if prepared.url.scheme == "https" and url.scheme == "http":
        raise LaneError("redirect", f"the server redirects from https to plain http ({url.host})")
    method, body = prepared.method, prepared.body
    headers = prepared.headers
    status = answer.status
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        headers = headers.without(_ABOUT_BODY)
    elif spent := spent_reason(prepared):
        raise LaneError("redirect", f"the server wants the request at {url.host}, but {spent}")
    auth = prepared.auth
    if url.origin() != prepared.url.origin():
        headers = headers.without(_CREDENTIALS)
        auth = None
    onward = PreparedRequest(
        method,
        url.with_fragment(None),
        headers,
        body,
        prepared.timeout,
        stream=prepared.stream,
        deadline=prepared.deadline,
        max_retries=prepared.max_retries,
        retry_policy=prepared.retry_policy,
        auth=auth,
        idempotency_key=prepared.idempotency_key,
        follow_redirects=True,
        retry_count_header=prepared.retry_count_header,
        options=prepared.options,
    )
    onward.params, onward.rates, onward.watch = prepared.params, prepared.rates, prepared.watch
    return onward
