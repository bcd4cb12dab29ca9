"""Reads the forms that uploads arrive as (RFC 7578)."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING

from ._refusal import Refusal

if TYPE_CHECKING:
    from .journal import RecordedRequest

__all__ = ["Form", "Part", "parse_form"]


class Part:
    """One part of a form.

    Attributes:
        name: of the field.
        filename: where the part is a file; None where it is a value.
        content_type: as sent, or None.
        data: its bytes.
    """

    def __init__(self, name: str, filename: str | None, content_type: str | None, data: bytes) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.data = data


class Form:
    """A form, its parts by name.

    Args:
        parts: in the order sent.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def __contains__(self, name: str) -> bool:
        return any(part.name == name for part in self.parts)

    def __getitem__(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def text(self, name: str) -> str:
        """The value of a field, empty where it was not sent."""
        return self[name].data.decode() if name in self else ""

    def flag(self, name: str) -> bool:
        """Whether a field says `true`."""
        return self.text(name) == "true"


def parse_form(record: RecordedRequest) -> Form:
    """The form a request carries.

    Raises:
        Refusal: there is none, or it is not complete.
    """
    head = Message()
    head["Content-Type"] = record.headers.get("Content-Type", "")
    boundary = head.get_boundary()
    if head.get_content_type() != "multipart/form-data" or not boundary:
        raise Refusal(400, "We expected a multipart/form-data body with a boundary.")
    mark = b"--" + boundary.encode("latin-1")
    body = b"\r\n" + record.body
    first, *pieces = body.split(b"\r\n" + mark)
    if first or not pieces or not pieces[-1].startswith(b"--"):
        raise Refusal(400, "We could not parse your multipart form.")
    return Form([_part(piece) for piece in pieces[:-1]])


def _part(piece: bytes) -> Part:
    block, found, data = piece.partition(b"\r\n\r\n")
    head = Message()
    for line in block.split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if value:
            head[name.strip()] = value.strip()
    field = head.get_param("name", header="content-disposition")
    if not found or not isinstance(field, str):
        raise Refusal(400, "We could not parse a part of your multipart form.")
    filename = head.get_filename()
    return Part(field, filename, head.get("Content-Type"), data)
