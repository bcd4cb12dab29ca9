"""From the parameters of a call to a body that is more than JSON; imported by the first call that has one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ._body import encode_body
from ._calls import merged_body
from ._files import Content, content_of
from ._multipart import Form, form_body
from .resources._base import Endpoint

if TYPE_CHECKING:
    from .transport.bodies import BodySource
    from .transport.request import HeaderBlock

__all__ = ["CALL_ENDPOINT", "form_or_json", "upload_body"]

CALL_ENDPOINT: Endpoint[Any] = Endpoint(
    "POST", "/realtime/calls", "oxide._binary:HttpxBinaryResponseContent", files=((),), multipart="files"
)
"""`realtime.calls.create`: its body is a form or not, by what is in it."""


def form_or_json(
    endpoint: Endpoint[Any], block: HeaderBlock, body: object
) -> tuple[HeaderBlock, bytes | BodySource | None]:
    """Headers and body of a request that may be a form.

    Args:
      endpoint: the operation; says where files sit and whether it is a form without them.
      block: headers so far.
      body: the parameters, a `Form`, or a body that is read while it is sent.

    Raises:
      TypeError: a file is of no kind that can be read.
      RuntimeError: something else is where a file should be.
      ValueError: a parameter or a part's header cannot be sent.
    """
    if isinstance(body, (bytes, Content)):
        return block, body
    media = block.get("content-type") or ""
    parameters: object = body
    files: object = None
    always = media.startswith("multipart/form-data") or (endpoint.multipart == "always")
    if isinstance(body, Form):
        parameters, files = body.body, body.files
    made = form_body(parameters, files, endpoint.files, media, always)
    if made is None:
        return block, None if parameters is None else encode_body(parameters)
    return block.merged({"Content-Type": made[0]}), made[1]


def upload_body(method: str, body: object, content: Any, files: object, extra: object) -> object:
    """What `client.post` and its like send besides JSON.

    Args:
      method: HTTP verb.
      body: parameters.
      content: a body that is sent as it is.
      files: files by name.
      extra: members to add to the parameters.

    Raises:
      TypeError: arguments that exclude each other, or content of no kind that can be sent.
    """
    if content is not None:
        if body is not None or extra is not None:
            raise TypeError(
                "`content` is the whole request body: leave out `body` and `extra_body`, or `content`"
            )
        if files is not None:
            raise TypeError("`content` is the whole request body: leave out `files`, or `content`")
        if isinstance(content, (bytes, bytearray)):
            return bytes(content)
        return content_of(content, whole=False)
    if isinstance(body, bytes) and not files:
        return body
    if extra is not None:
        body = merged_body(method, body, extra)
    return Form(cast("Mapping[str, object] | None", body), files)
