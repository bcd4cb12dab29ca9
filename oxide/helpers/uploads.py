"""Uploads made of several requests: files in parts, many files into a vector store, the SDP of a call."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide._files import FileSlice
from oxide.helpers.polling import given
from oxide.options import is_given

if TYPE_CHECKING:
    from oxide._binary import HttpxBinaryResponseContent
    from oxide.options import Headers
    from oxide.types import Upload
    from oxide.types.vector_stores import VectorStoreFileBatch

DEFAULT_PART_SIZE = 64 * 1024 * 1024
"""Bytes of a part where `part_size` is not given: the most the API takes."""

logger = logging.getLogger("oxide")


async def upload_file_chunked(uploads: Any, params: Mapping[str, Any]) -> Upload:
    """`uploads.upload_file_chunked`: a file in parts, one after the other, in constant memory.

    Args:
      uploads: the resource.
      params: `file` (a path, or bytes), `mime_type`, `purpose`, `filename`, `bytes` (size of the whole),
        `part_size` (bytes), `md5` (checked by the server).

    Raises:
      TypeError: `file` is neither, or is bytes and `filename` or `bytes` is missing.
      ValueError: `part_size` is below 1.
      OSError: the file cannot be read.
    """
    file: object = params["file"]
    filename: str | None = params["filename"]
    size: int | None = params["bytes"]
    part_size = DEFAULT_PART_SIZE if params["part_size"] is None else params["part_size"]
    if part_size < 1:
        raise ValueError(f"`part_size` must be at least 1 byte, not {part_size}")
    path: str | os.PathLike[str] = ""
    if isinstance(file, bytes):
        for name in ("filename", "bytes"):
            if params[name] is None:
                raise TypeError(f"`file` is bytes: say its `{name}` too, or give a path")
        total = len(file)
    elif isinstance(file, (str, os.PathLike)):
        path = cast("str | os.PathLike[str]", file)
        found = await asyncio.get_running_loop().run_in_executor(None, os.stat, path)
        total = found.st_size
        filename = filename or os.path.basename(os.fspath(path))
        size = total if size is None else size
    else:
        raise TypeError(f"`file` must be a path or bytes, not {type(file).__name__}")
    upload = await uploads.create(
        bytes=size, filename=filename, mime_type=params["mime_type"], purpose=params["purpose"]
    )
    parts: list[str] = []
    for start in range(0, total, part_size):
        length = min(part_size, total - start)
        data: Any = (
            file[start : start + length] if isinstance(file, bytes) else FileSlice(path, start, length)
        )
        part = await uploads.parts.create(upload_id=upload.id, data=data)
        logger.info("upload %s: part %s is there, %d of %d bytes", upload.id, part.id, start + length, total)
        parts.append(part.id)
    whole: Upload = await uploads.complete(upload_id=upload.id, part_ids=parts, md5=params["md5"])
    return whole


async def upload_and_poll_batch(batches: Any, params: Mapping[str, Any]) -> VectorStoreFileBatch:
    """`vector_stores.file_batches.upload_and_poll`: upload files side by side, add them, and wait for them.

    The first upload that fails ends the others.

    Args:
      batches: the resource.
      params: `vector_store_id`, `files`, `max_concurrency` (uploads at a time), `file_ids` (uploaded before),
        `poll_interval_ms`, `chunking_strategy`.

    Raises:
      ValueError: `max_concurrency` is below 1.
    """
    files = batches._client.files
    width = params["max_concurrency"]
    if width < 1:
        raise ValueError(f"`max_concurrency` must be at least 1, not {width}")
    waiting = enumerate(cast("Iterable[Any]", params["files"]))
    done: dict[int, str] = {}

    async def work() -> None:
        for number, file in waiting:
            done[number] = (await files.create(file=file, purpose="assistants")).id

    tasks = [asyncio.ensure_future(work()) for _ in range(width)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    ids = [*params["file_ids"], *(done[number] for number in sorted(done))]
    rest = given(params, "files", "max_concurrency", "file_ids")
    batch: VectorStoreFileBatch = await batches.create_and_poll(**rest, file_ids=ids)
    return batch


async def create_call(calls: Any, params: Mapping[str, Any]) -> HttpxBinaryResponseContent:
    """`realtime.calls.create`: an SDP offer as it is, or with the session as parts of a form.

    Args:
      calls: the resource.
      params: `sdp`, `session`, and the extras.

    Raises:
      TypeError: `sdp` is no str, or `extra_body` no mapping.
    """
    from oxide._body import encode_body
    from oxide._calls import merged_body
    from oxide._multipart import Form
    from oxide._uploads import CALL_ENDPOINT
    from oxide.resources._base import with_header

    parameters: Any = {"sdp": params["sdp"], "session": params["session"]}
    if params["extra_body"] is not None:
        parameters = merged_body("POST", parameters, params["extra_body"])
    body: dict[str, Any] = {name: value for name, value in parameters.items() if is_given(value)}
    if not isinstance(body.get("sdp", ""), str):
        raise TypeError(f"`sdp` must be a str, not {type(body['sdp']).__name__}")
    given_headers: Headers = params["extra_headers"] or {}
    headers = {n: v for n, v in given_headers.items() if n.lower() != "content-type"}
    content: Any
    if set(body) == {"sdp"}:
        content = body["sdp"].encode()
        headers["Content-Type"] = "application/sdp"
    else:
        parts: list[tuple[str, Any]] = []
        if "sdp" in body:
            parts.append(("sdp", (None, body.pop("sdp").encode(), "application/sdp")))
        if "session" in body:
            parts.append(("session", (None, encode_body(body.pop("session")), "application/json")))
        content = Form(body, parts)
        headers["Content-Type"] = "multipart/form-data"
    answer: HttpxBinaryResponseContent = await calls._call(
        CALL_ENDPOINT,
        "/realtime/calls",
        content,
        None,
        False,
        with_header(headers, "Accept", "application/sdp"),
        params["extra_query"],
        None,
        params["timeout"],
    )
    return answer
