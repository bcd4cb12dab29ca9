"""Files, uploads and vector stores of the embedded server."""

from __future__ import annotations

import pytest

import oxide
from oxide import AsyncOpenAI
from oxide.testing import Server


async def test_files_are_kept(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    made = [
        await oxide_client.files.create(file=(f"{n}.txt", bytes(n)), purpose=purpose)
        for n, purpose in enumerate(("batch", "vision", "batch"))
    ]
    assert [(file.filename, file.bytes, file.status) for file in made] == [
        ("0.txt", 0, "processed"),
        ("1.txt", 1, "processed"),
        ("2.txt", 2, "processed"),
    ]
    assert [f.id async for f in oxide_client.files.list(limit=1)] == [f.id for f in made]
    assert [f.id async for f in oxide_client.files.list(order="desc")] == [f.id for f in made][::-1]
    assert [f.id async for f in oxide_client.files.list(purpose="vision")] == [made[1].id]
    assert (await oxide_client.files.content(made[2].id)).read() == b"\0\0"
    assert (await oxide_client.files.delete(made[0].id)).deleted
    with pytest.raises(oxide.NotFoundError):
        await oxide_client.files.retrieve(made[0].id)
    oxide_server.reset()
    assert [f async for f in oxide_client.files.list()] == []


async def test_uploads_are_checked(oxide_client: AsyncOpenAI) -> None:
    upload = await oxide_client.uploads.create(bytes=4, filename="f", mime_type="x/y", purpose="batch")
    parts = [await oxide_client.uploads.parts.create(upload.id, data=data) for data in (b"ab", b"cd")]
    ids = [part.id for part in parts]
    for wrong in (ids[:1], ["part_x"]):
        with pytest.raises(oxide.BadRequestError):
            await oxide_client.uploads.complete(upload.id, part_ids=wrong)
    with pytest.raises(oxide.BadRequestError, match="MD5"):
        await oxide_client.uploads.complete(upload.id, part_ids=ids, md5="0")
    done = await oxide_client.uploads.complete(upload.id, part_ids=ids[::-1])
    assert done.file is not None
    assert (await oxide_client.files.content(done.file.id)).read() == b"cdab"
    with pytest.raises(oxide.BadRequestError, match="completed already"):
        await oxide_client.uploads.cancel(upload.id)
    other = await oxide_client.uploads.create(bytes=4, filename="f", mime_type="x/y", purpose="batch")
    assert (await oxide_client.uploads.cancel(other.id)).status == "cancelled"


async def test_vector_stores(oxide_client: AsyncOpenAI) -> None:
    file = await oxide_client.files.create(file=b"12345", purpose="assistants")
    store = await oxide_client.vector_stores.create(name="n", file_ids=[file.id])
    assert (store.file_counts.in_progress, store.usage_bytes) == (1, 5)
    states = [
        (await oxide_client.vector_stores.files.retrieve(file.id, vector_store_id=store.id)).status
        for _ in range(2)
    ]
    assert states == ["in_progress", "completed"]
    batch = await oxide_client.vector_stores.file_batches.create(store.id, file_ids=[file.id])
    cancelled = await oxide_client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id)
    assert (cancelled.status, cancelled.file_counts.cancelled) == ("cancelled", 1)
    assert [s.id async for s in oxide_client.vector_stores.list()] == [store.id]
    await oxide_client.vector_stores.files.delete(file.id, vector_store_id=store.id)
    assert (await oxide_client.vector_stores.retrieve(store.id)).file_counts.total == 0
    await oxide_client.vector_stores.delete(store.id)
    with pytest.raises(oxide.NotFoundError):
        await oxide_client.vector_stores.retrieve(store.id)


async def test_forms_in_the_journal(oxide_client: AsyncOpenAI, oxide_server: Server) -> None:
    await oxide_client.files.create(file=("ä.png", b"\r\n--\r\n"), purpose="vision")
    form = oxide_server.journal[-1].form()
    part = form["file"]
    assert (part.filename, part.content_type, part.data) == ("ä.png", "image/png", b"\r\n--\r\n")
    assert form.text("purpose") == "vision"
    await oxide_client.models.list()
    with pytest.raises(ValueError, match="multipart"):
        oxide_server.journal[-1].form()
