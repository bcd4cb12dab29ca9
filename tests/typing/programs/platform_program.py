"""Files, batches, fine-tuning, vector stores, evaluations and the rest; only the import is another one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typing_extensions import assert_type

from oxide import AsyncOpenAI
from oxide.pagination import AsyncCursorPage
from oxide.types import (
    Batch,
    FileDeleted,
    FileObject,
    ModerationCreateResponse,
    Upload,
    VectorStore,
    VectorStoreSearchResponse,
)
from oxide.types.conversations import Conversation, ConversationItem
from oxide.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from oxide.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

client = AsyncOpenAI()


async def files(path: Path) -> str:
    created = await client.files.create(
        file=path, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert_type(created, FileObject)
    await client.files.create(file=("lines.jsonl", b"{}", "application/jsonl"), purpose="fine-tune")
    with path.open("rb") as opened:
        await client.files.create(file=opened, purpose="user_data")
    async for file in client.files.list(purpose="batch", limit=10):
        assert_type(file, FileObject)
        print(file.id, file.bytes, file.filename, file.created_at)
    content = await client.files.content(created.id)
    content.write_to_file(path.with_suffix(".copy"))
    assert_type(content.text, str)
    assert_type(await content.aread(), bytes)
    assert_type(await client.files.delete(created.id), FileDeleted)
    upload = await client.uploads.create(bytes=3, filename="a", mime_type="text/plain", purpose="assistants")
    assert_type(upload, Upload)
    part = await client.uploads.parts.create(upload.id, data=b"abc")
    done = await client.uploads.complete(upload.id, part_ids=[part.id], md5="0")
    return done.file.id if done.file else created.id


async def batches(file: str) -> None:
    batch = await client.batches.create(
        input_file_id=file, endpoint="/v1/responses", completion_window="24h", metadata={"a": "b"}
    )
    assert_type(batch, Batch)
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        await asyncio.sleep(1)
        batch = await client.batches.retrieve(batch.id)
    if batch.request_counts is not None:
        print(batch.request_counts.completed, batch.request_counts.failed)
    for error in (batch.errors and batch.errors.data) or []:
        print(error.code, error.line, error.message)
    page = await client.batches.list(limit=2)
    assert_type(page, AsyncCursorPage[Batch])
    while True:
        print([one.id for one in page.data])
        if not page.has_next_page():
            break
        assert page.next_page_info() is not None
        page = await page.get_next_page()
    await client.batches.cancel(batch.id)


async def tuning(file: str) -> None:
    job = await client.fine_tuning.jobs.create(
        model="gpt-4o-mini",
        training_file=file,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": "auto"}}},
        integrations=[{"type": "wandb", "wandb": {"project": "p"}}],
        seed=1,
    )
    assert_type(job, FineTuningJob)
    async for event in client.fine_tuning.jobs.list_events(job.id):
        assert_type(event, FineTuningJobEvent)
    async for checkpoint in client.fine_tuning.jobs.checkpoints.list(job.id):
        print(checkpoint.metrics.train_loss, checkpoint.step_number)
    print(job.fine_tuned_model, job.hyperparameters.n_epochs)
    await client.fine_tuning.jobs.pause(job.id)
    await client.fine_tuning.checkpoints.permissions.create("ft:m", project_ids=["p"])


async def stores(file: str) -> None:
    store = await client.vector_stores.create(
        name="s",
        file_ids=[file],
        chunking_strategy={
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
    )
    assert_type(store, VectorStore)
    attached = await client.vector_stores.files.create_and_poll(file, vector_store_id=store.id)
    assert_type(attached, VectorStoreFile)
    batch = await client.vector_stores.file_batches.upload_and_poll(store.id, files=[Path("a"), ("b", b"c")])
    assert_type(batch, VectorStoreFileBatch)
    async for found in client.vector_stores.search(
        store.id, query="q", filters={"type": "and", "filters": [{"type": "eq", "key": "k", "value": 1}]}
    ):
        assert_type(found, VectorStoreSearchResponse)
        print(found.score, [part.text for part in found.content])
    await client.vector_stores.update(store.id, expires_after={"anchor": "last_active_at", "days": 1})
    print((await client.vector_stores.delete(store.id)).deleted)


async def others() -> None:
    verdict = await client.moderations.create(model="omni-moderation-latest", input=["a", "b"])
    assert_type(verdict, ModerationCreateResponse)
    print([result.categories.violence for result in verdict.results], verdict.results[0].category_scores.hate)
    conversation = await client.conversations.create(items=[{"role": "user", "content": "hi"}])
    assert_type(conversation, Conversation)
    async for item in client.conversations.items.list(conversation.id, order="asc"):
        assert_type(item, ConversationItem)
        if item.type == "message":
            print(item.role, item.content)
    evaluation = await client.evals.create(
        name="e",
        data_source_config={"type": "custom", "item_schema": {"type": "object"}},
        testing_criteria=[
            {"type": "string_check", "name": "n", "input": "{{item.a}}", "operation": "eq", "reference": "b"}
        ],
    )
    run = await client.evals.runs.create(
        evaluation.id,
        data_source={"type": "jsonl", "source": {"type": "file_id", "id": "file_1"}},
    )
    print(run.result_counts.passed, run.status)
    async for output in client.evals.runs.output_items.list(run.id, eval_id=evaluation.id):
        print(output.sample.output, output.status)
    container = await client.containers.create(
        name="c", expires_after={"anchor": "last_active_at", "minutes": 20}
    )
    await client.containers.files.create(container.id, file=b"bytes")
    completion = await client.completions.create(model="m", prompt=["a", "b"], max_tokens=3)
    print(completion.choices[0].text, completion.usage and completion.usage.total_tokens)
    async for model in client.models.list():
        print(model.id, model.owned_by)
    await client.models.delete("ft:m")


async def administration() -> None:
    admin = AsyncOpenAI(admin_api_key="admin")
    async for project in admin.admin.organization.projects.list(limit=3):
        print(project.id, project.name)
    costs = await admin.admin.organization.usage.costs(
        start_time=1, bucket_width="1d", group_by=["project_id"]
    )
    for bucket in costs.data:
        print(bucket.start_time, bucket.results)
