"""The options of `client.request`, by the official SDK's path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from .options import NotGiven, RequestOptions, is_given, not_given

if TYPE_CHECKING:
    from typing_extensions import Self

    from .options import AnyMapping, AsyncBinaryTypes, Body, Headers, Query, RequestFiles
    from .timeouts import TimeoutTypes
    from .transport.retry import RetryPolicy

__all__ = ["FinalRequestOptions"]

_BODY = frozenset(("method", "url", "json_data", "content", "files"))


@dataclass(kw_only=True)
class FinalRequestOptions:
    """One request, whole: what `client.request` sends.

    Args:
        method: HTTP verb, in any case.
        url: path below the base URL, or an absolute URL.
        params: query parameters.
        headers: headers; `omit` as a value takes a default one away.
        json_data: the body, written as JSON.
        extra_json: members added to it.
        content: a body that is sent as it is, in place of `json_data`.
        files: files of a form, whose other fields are `json_data`.
        max_retries: how often it is sent again at most.
        timeout: seconds, or limits, of each attempt.
        idempotency_key: the same on every attempt.
        follow_redirects: whether a redirect is followed.
        security: which keys it may go with: `bearer_auth`, `admin_api_key_auth`.
        deadline: seconds over all attempts. oxide's addition.
        retry_policy: what is retried. oxide's addition.

    Source: same name and fields as the official client's, but for those its own methods hand on through it.
    """

    method: str
    url: str
    params: Query | NotGiven = not_given
    headers: Headers | NotGiven = not_given
    json_data: Body | None = None
    extra_json: AnyMapping | None = None
    content: AsyncBinaryTypes | None = None
    files: RequestFiles | None = None
    max_retries: int | NotGiven = not_given
    timeout: TimeoutTypes | NotGiven = not_given
    idempotency_key: str | None = None
    follow_redirects: bool | None = None
    security: Mapping[str, bool] | NotGiven = not_given
    deadline: float | NotGiven | None = not_given
    retry_policy: RetryPolicy | NotGiven | None = not_given

    @classmethod
    def construct(cls, **values: Any) -> Self:
        """The same as calling the class.

        Args:
            values: the fields.

        Raises:
            TypeError: there is no such field.
        """
        return cls(**values)

    def options(self) -> RequestOptions:
        """What of it `client.post` takes as `options`."""
        found: Any = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in _BODY and is_given(value) and value is not field.default:
                found[field.name] = value
        return cast("RequestOptions", found)
