"""The built-in behaviour of files, and of uploads in parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from ._form import parse_form
from ._json import array, obj
from ._refusal import Refusal
from .answers import Answer

if TYPE_CHECKING:
    from .journal import RecordedRequest

__all__ = ["Files", "Route", "listing", "parameters", "required"]

CREATED = 1_700_000_000
Route: TypeAlias = tuple[str, re.Pattern[str], Callable[..., Answer]]


def parameters(record: RecordedRequest) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises:
        Refusal: there is none.
    """
    try:
        body: object = orjson.loads(record.body or b"{}")
    except orjson.JSONDecodeError:
        raise Refusal(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The JSON body of your request is not an object.")
    return obj(body)


def required(body: dict[str, Any], *names: str) -> None:
    """Refuse a body without parameters that must be there.

    Raises:
        Refusal: the first that is missing.
    """
    for name in names:
        if name not in body:
            raise Refusal(
                400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name
            )


def listing(record: RecordedRequest, items: Iterable[dict[str, Any]]) -> Answer:
    """A page of objects, oldest first unless `order=desc` is asked for; `after` and `limit` cut it."""
    found = list(items)
    if record.query.get("order") == "desc":
        found.reverse()
    after = record.query.get("after")
    names = [item["id"] for item in found]
    if after in names:
        found = found[names.index(after) + 1 :]
    size = int(record.query.get("limit", "100"))
    page = found[:size]
    return Answer.json(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(found) > size,
        }
    )


@dataclass(slots=True)
class _Upload:
    facts: dict[str, Any]
    parts: dict[str, bytes] = field(default_factory=lambda: {})


class Files:
    """Files and their content; uploads that become files once their parts are named."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._uploads: dict[str, _Upload] = {}
        self._numbers = count(1)

    def routes(self) -> list[Route]:
        """Verbs, paths and what answers them."""
        one = r"/v1/files/([^/]+)"
        upload = r"/v1/uploads/([^/]+)"
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            ("POST", "/v1/files", self._create),
            ("GET", "/v1/files", self._list),
            ("GET", one, self._retrieve),
            ("DELETE", one, self._delete),
            ("GET", f"{one}/content", self._content),
            ("POST", "/v1/uploads", self._create_upload),
            ("POST", f"{upload}/parts", self._add_part),
            ("POST", f"{upload}/complete", self._complete),
            ("POST", f"{upload}/cancel", self._cancel),
        ]
        return [(method, re.compile(path), handler) for method, path, handler in table]

    def clear(self) -> None:
        """Forget every file and upload."""
        self._files.clear()
        self._uploads.clear()

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return len(self._files[name][1])

    def _number(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def _add(self, filename: str, purpose: str, data: bytes) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "id": self._number("file-"),
            "object": "file",
            "bytes": len(data),
            "created_at": CREATED,
            "expires_at": None,
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        self._files[facts["id"]] = (facts, data)
        return facts

    def _create(self, record: RecordedRequest) -> Answer:
        form = parse_form(record)
        for name in ("file", "purpose"):
            if name not in form:
                raise Refusal(400, f"'{name}' is a required property", param=name)
        part = form["file"]
        return Answer.json(self._add(part.filename or "file", form.text("purpose"), part.data))

    def _list(self, record: RecordedRequest) -> Answer:
        wanted = record.query.get("purpose")
        found = [facts for facts, _ in self._files.values() if wanted in (None, facts["purpose"])]
        return listing(record, found)

    def find(self, name: str) -> tuple[dict[str, Any], bytes]:
        """A file and its content.

        Raises:
            Refusal: there is no such file.
        """
        found = self._files.get(name)
        if found is None:
            raise Refusal(404, f"No such File object: {name}", param="id")
        return found

    def _retrieve(self, record: RecordedRequest, name: str) -> Answer:
        return Answer.json(self.find(name)[0])

    def _delete(self, record: RecordedRequest, name: str) -> Answer:
        self.find(name)
        del self._files[name]
        return Answer.json({"id": name, "object": "file", "deleted": True})

    def _content(self, record: RecordedRequest, name: str) -> Answer:
        return Answer((self.find(name)[1],), headers={"Content-Type": "application/octet-stream"})

    # -- uploads -----------------------------------------------------------------------------------

    def _create_upload(self, record: RecordedRequest) -> Answer:
        body = parameters(record)
        required(body, "bytes", "filename", "mime_type", "purpose")
        facts: dict[str, Any] = {
            "id": self._number("upload_"),
            "object": "upload",
            "bytes": body["bytes"],
            "created_at": CREATED,
            "expires_at": CREATED + 3600,
            "filename": body["filename"],
            "purpose": body["purpose"],
            "status": "pending",
            "file": None,
        }
        self._uploads[facts["id"]] = _Upload(facts)
        return Answer.json(facts)

    def _pending(self, name: str) -> _Upload:
        found = self._uploads.get(name)
        if found is None:
            raise Refusal(404, f"No such Upload object: {name}", param="upload_id")
        if found.facts["status"] != "pending":
            raise Refusal(400, f"The upload is {found.facts['status']} already.")
        return found

    def _add_part(self, record: RecordedRequest, name: str) -> Answer:
        upload, form = self._pending(name), parse_form(record)
        if "data" not in form:
            raise Refusal(400, "'data' is a required property", param="data")
        part = self._number("part_")
        upload.parts[part] = form["data"].data
        return Answer.json({"id": part, "object": "upload.part", "created_at": CREATED, "upload_id": name})

    def _complete(self, record: RecordedRequest, name: str) -> Answer:
        upload, body = self._pending(name), parameters(record)
        required(body, "part_ids")
        ids = array(body["part_ids"])
        if unknown := [part for part in ids if part not in upload.parts]:
            raise Refusal(400, f"The upload has no part {unknown[0]!r}.", param="part_ids")
        data = b"".join(upload.parts[str(part)] for part in ids)
        facts = upload.facts
        if len(data) != facts["bytes"]:
            raise Refusal(400, f"The parts have {len(data)} bytes, not the {facts['bytes']} announced.")
        if "md5" in body and md5(data, usedforsecurity=False).hexdigest() != body["md5"]:
            raise Refusal(400, "The MD5 checksum of the parts is another one.", param="md5")
        facts.update(status="completed", file=self._add(facts["filename"], facts["purpose"], data))
        return Answer.json(facts)

    def _cancel(self, record: RecordedRequest, name: str) -> Answer:
        upload = self._pending(name)
        upload.facts["status"] = "cancelled"
        return Answer.json(upload.facts)
