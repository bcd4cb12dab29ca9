"""Polling helpers against a server with state: waits, limits, headers, what they return."""

from __future__ import annotations

import asyncio
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide import AsyncOpenAI, PollTimeoutError
from oxide.testing import Answer, Server


async def test_a_vector_store_end_to_end(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    store = await oxide_client.vector_stores.create(name="s")
    file = await oxide_client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=("a.txt", b"content"), attributes={"a": 1}
    )
    assert (file.status, file.usage_bytes, file.attributes) == ("completed", 7, {"a": 1})
    looks = oxide_server.journal.of(f"/v1/vector_stores/{store.id}/files/{file.id}")
    assert len(looks) == 2
    assert all(look.headers["X-Stainless-Poll-Helper"] == "true" for look in looks)
    assert all("X-Stainless-Custom-Poll-Interval" not in look.headers for look in looks)
    upload = oxide_server.journal.of("/v1/files")[0].form()
    assert (upload["file"].filename, upload["file"].data, upload.text("purpose")) == (
        "a.txt",
        b"content",
        "assistants",
    )
    batch = await oxide_client.vector_stores.file_batches.upload_and_poll(
        store.id,
        files=[(f"{n}.txt", str(n).encode()) for n in range(7)],
        file_ids=[file.id],
        max_concurrency=3,
        poll_interval_ms=7,
    )
    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", 8, 8)
    looks = oxide_server.journal.of(f"/v1/vector_stores/{store.id}/file_batches/{batch.id}")
    assert [look.headers["X-Stainless-Custom-Poll-Interval"] for look in looks] == ["7", "7"]
    ids = oxide_server.journal.of(f"/v1/vector_stores/{store.id}/file_batches")[0].json()["file_ids"]
    assert ids[0] == file.id
    assert len(ids) == 8


async def test_the_answer_says_how_long_to_wait(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    for wait in ("150", "nonsense", "-1", "10"):
        oxide_server.script(
            "/videos/v", Answer.json({"status": "queued"}, headers={"openai-poll-after-ms": wait}), times=1
        )
    oxide_server.script("/videos/v", Answer.json({"status": "completed"}))
    pauses: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(0)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        patch.setattr("oxide.helpers.polling.asyncio.sleep", sleep)
        video = await oxide_client.videos.poll("v")
    assert video.status == "completed"
    assert pauses == [0.15, 1.0, 1.0, 0.01]


async def test_one_warning_for_a_deprecated_helper(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    oxide_server.script("/videos", Answer.json({"id": "v"}))
    oxide_server.script("/videos/v", Answer.json({"status": "failed"}))
    with pytest.warns(DeprecationWarning, match="create_and_poll") as seen:
        await oxide_client.videos.create_and_poll(prompt="p")
    assert len(seen) == 1


async def test_limits_on_waiting(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    oxide_server.script("/vector_stores/s/files/f", Answer.json({"status": "in_progress"}), times=None)
    began = time.monotonic()
    with pytest.raises(PollTimeoutError, match=r"'f' .* after 0.2 seconds") as caught:
        await oxide_client.vector_stores.files.poll("f", vector_store_id="s", max_wait_seconds=0.2)
    assert time.monotonic() - began < 0.9
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, oxide.OpenAIError)
    assert caught.value.last.status == "in_progress"
    first = len(oxide_server.journal)
    with pytest.raises(PollTimeoutError):
        await oxide_client.vector_stores.files.poll("f", vector_store_id="s", max_wait_seconds=0)
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="max_wait_seconds"):
            await oxide_client.vector_stores.files.upload_and_poll(
                file=b"", vector_store_id="s", max_wait_seconds=wrong
            )
    assert len(oxide_server.journal) == first

    oxide_server.script("/files/f", Answer.json({"id": "f", "status": "uploaded"}), times=None)
    with pytest.raises(
        PollTimeoutError, match=r"The file f\S* is still \w+ after .* s; raise max_wait_seconds"
    ):
        await oxide_client.files.wait_for_processing("f", poll_interval=0.01, max_wait_seconds=0.05)


async def test_errors_while_polling_come_through(oxide_client: AsyncOpenAI) -> None:
    with pytest.raises(oxide.NotFoundError):
        await oxide_client.vector_stores.files.poll("f", vector_store_id="none")


async def test_one_failed_upload_ends_the_others(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    client = oxide_client.with_options(max_retries=0)
    oxide_server.script("/files", Answer.error(400, message="no"), times=1)
    oxide_server.script("/files", Answer.json({"id": "x"}, delay=30), times=None)
    began = time.monotonic()
    with pytest.raises(oxide.BadRequestError):
        await client.vector_stores.file_batches.upload_and_poll("s", files=[b"1", b"2", b"3", b"4"])
    assert time.monotonic() - began < 5
    assert not oxide_server.journal.of("/v1/vector_stores/s/file_batches")
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="max_concurrency"):
            await client.vector_stores.file_batches.upload_and_poll("s", files=[], max_concurrency=wrong)


async def test_files_are_taken_as_they_are_needed(oxide_client: AsyncOpenAI) -> None:
    taken: list[int] = []
    running = most = 0

    class Watched:
        """Counts how many are read at a time."""

        def __init__(self, number: int) -> None:
            self.number = number
            self.read_already = False

        async def read(self, size: int) -> bytes:
            nonlocal running, most
            if self.read_already:
                running -= 1
                return b""
            self.read_already = True
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            return b"x"

    def files() -> Any:
        for number in range(9):
            taken.append(number)
            yield (f"{number}", Watched(number))

    store = await oxide_client.vector_stores.create()
    batch = await oxide_client.vector_stores.file_batches.upload_and_poll(
        store.id, files=files(), max_concurrency=2
    )
    assert batch.file_counts.total == len(taken) == 9
    assert most == 2


@pytest.mark.parametrize("part_size", [None, 1000, 4096, 10_000])
async def test_uploads_in_parts(
    oxide_client: AsyncOpenAI, oxide_server: Server, tmp_path: Path, part_size: int | None
) -> None:
    from hashlib import md5

    data = bytes(range(256)) * 16
    path = tmp_path / "whole.bin"
    path.write_bytes(data)
    for more in ({"file": path}, {"file": data, "filename": "m.bin", "bytes": len(data)}):
        given: Any = more
        upload = await oxide_client.uploads.upload_file_chunked(
            mime_type="x/y", purpose="assistants", part_size=part_size, md5=md5(data).hexdigest(), **given
        )
        assert upload.status == "completed"
        assert upload.file is not None
        assert upload.file.bytes == len(data)
        content = await oxide_client.files.content(upload.file.id)
        assert content.read() == data
    sizes = [len(r.form()["data"].data) for r in oxide_server.journal if r.path.endswith("/parts")]
    size = part_size or 64 * 1024 * 1024
    assert max(sizes) == min(size, len(data))
    assert len(sizes) == 2 * -(-len(data) // size)


async def test_a_part_is_read_again_when_it_is_retried(
    oxide_client: AsyncOpenAI, oxide_server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "whole.bin"
    path.write_bytes(b"0123456789" * 200_000)
    oxide_server.script("/uploads/upload_1/parts", Answer.error(503, retry_after=0.01), times=2)
    upload = await oxide_client.uploads.upload_file_chunked(
        file=path, mime_type="x/y", purpose="assistants", part_size=1_500_000
    )
    assert upload.status == "completed"
    bodies = [r.form()["data"].data for r in oxide_server.journal.of("/v1/uploads/upload_1/parts")]
    assert [len(body) for body in bodies] == [1_500_000] * 3 + [500_000]


async def test_chunked_uploads_refuse_what_they_cannot_send(oxide_client: AsyncOpenAI) -> None:
    uploads: Any = oxide_client.uploads
    for wrong in ({"file": b""}, {"file": b"", "filename": "a"}, {"file": 3}):
        with pytest.raises(TypeError):
            await uploads.upload_file_chunked(mime_type="x/y", purpose="assistants", **wrong)
    with pytest.raises(ValueError, match="part_size"):
        await uploads.upload_file_chunked(
            file=b"", filename="a", bytes=0, part_size=0, mime_type="x/y", purpose="assistants"
        )
    with pytest.raises(FileNotFoundError):
        await uploads.upload_file_chunked(file=Path("/no/where"), mime_type="x/y", purpose="assistants")
