"""Waiting for something the server works on: `poll`, `..._and_poll`, `wait_for_processing`.

Each function takes the resource (or the part of it that holds the method) and the parameters of the generated
method that calls it. The wait between two looks is `poll_interval_ms` where given, else what the server asks
for in `openai-poll-after-ms`, else a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from oxide.constants import RAW_RESPONSE_HEADER
from oxide.errors import PollTimeoutError
from oxide.options import is_given

if TYPE_CHECKING:
    from oxide.types import FileObject, Video
    from oxide.types.beta.threads import Run
    from oxide.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

_DEFAULT_MS = 1000
_RUN_ENDS = frozenset({"requires_action", "cancelled", "completed", "failed", "expired", "incomplete"})
_FILE_ENDS = frozenset({"processed", "error", "deleted"})
_EXTRAS = ("extra_headers", "extra_query", "extra_body", "timeout")


def quietly(method: Any) -> Callable[..., Any]:
    """A method of a resource without the warning that it is deprecated: its caller was warned already.

    Args:
      method: bound to its resource.
    """
    inner = getattr(method, "__wrapped__", None)
    bound: Callable[..., Any] = method if inner is None else inner.__get__(method.__self__)
    return bound


def given(params: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """The parameters that were passed.

    Args:
      params: all parameters of a method.
      without: names to leave out.
    """
    return {name: value for name, value in params.items() if name not in without and is_given(value)}


def _seconds(asked: str | None) -> float:
    try:
        wait = float(asked or _DEFAULT_MS)
    except ValueError:
        wait = _DEFAULT_MS
    return wait / 1000 if isfinite(wait) and wait >= 0 else _DEFAULT_MS / 1000


async def _poll(
    look: Callable[..., Awaitable[Any]],
    params: Mapping[str, Any],
    interval_ms: Any,
    busy: Callable[[Any], bool],
    name: str = "",
    limit: Any = None,
) -> Any:
    """Look until it is done.

    Args:
      look: the `retrieve` of a resource.
      params: what it is called with.
      interval_ms: milliseconds between two looks; not given: the server decides.
      busy: whether there is more to wait for.
      name: of what is waited for, for the message.
      limit: seconds to wait at most.
    """
    headers: dict[str, Any] = {
        RAW_RESPONSE_HEADER: "true",
        "X-Stainless-Poll-Helper": "true",
        **(params.get("extra_headers") or {}),
    }
    wait = -1.0
    if is_given(interval_ms):
        headers["X-Stainless-Custom-Poll-Interval"] = str(interval_ms)
        wait = max(0.0, interval_ms / 1000)
    ends = time.monotonic() + limit if limit is not None else None
    found: Any = None
    while True:
        if ends is not None and time.monotonic() >= ends:
            raise PollTimeoutError(
                f"Timed out waiting for {name} to finish processing after {limit:g} seconds", last=found
            )
        raw = await look(**{**params, "extra_headers": headers})
        found = raw.parse()
        if not busy(found):
            return found
        pause = wait if wait >= 0 else _seconds(raw.headers.get("openai-poll-after-ms"))
        if ends is not None:
            pause = max(0.0, min(pause, ends - time.monotonic()))
        await asyncio.sleep(pause)


def _limit(params: Mapping[str, Any]) -> float | None:
    """`max_wait_seconds`, checked before anything is sent."""
    limit = params.get("max_wait_seconds")
    if limit is None or not is_given(limit):
        return None
    if not isfinite(limit) or limit < 0:
        raise ValueError(f"Expected a finite, non-negative value for `max_wait_seconds`, not {limit!r}")
    return float(limit)


async def wait_for_processing(files: Any, params: Mapping[str, Any]) -> FileObject:
    """`files.wait_for_processing`: until a file is processed, failed or deleted.

    Args:
      files: the resource.
      params: `id`, `poll_interval` (seconds) and `max_wait_seconds`.

    Raises:
      PollTimeoutError: the time is over.
    """
    name, limit = params["id"], params["max_wait_seconds"]
    start = time.monotonic()
    file: FileObject = await files.retrieve(name)
    while file.status not in _FILE_ENDS:
        await asyncio.sleep(params["poll_interval"])
        file = await files.retrieve(name)
        if file.status not in _FILE_ENDS and time.monotonic() - start > limit:
            raise PollTimeoutError(
                f"The file {name} is still {file.status} after {limit:g} s; raise max_wait_seconds",
                last=file,
            )
    return file


async def poll_vector_store_file(files: Any, params: Mapping[str, Any]) -> VectorStoreFile:
    """`vector_stores.files.poll`: until a file is indexed, failed or cancelled.

    Args:
      files: the resource.
      params: `file_id`, `vector_store_id`, `poll_interval_ms`, `max_wait_seconds`.

    Raises:
      PollTimeoutError: the time is over.
      ValueError: `max_wait_seconds` is negative or not finite.
    """
    file: VectorStoreFile = await _poll(
        files.retrieve,
        {"file_id": params["file_id"], "vector_store_id": params["vector_store_id"]},
        params["poll_interval_ms"],
        lambda found: bool(found.status == "in_progress"),
        f"vector store file {params['file_id']!r}",
        _limit(params),
    )
    return file


async def create_and_poll_vector_store_file(files: Any, params: Mapping[str, Any]) -> VectorStoreFile:
    """`vector_stores.files.create_and_poll`: add a file, and wait for it.

    Args:
      files: the resource.
      params: of `create`, and `poll_interval_ms`, `max_wait_seconds`.

    Raises:
      PollTimeoutError: the time is over.
      ValueError: `max_wait_seconds` is negative or not finite.
    """
    _limit(params)
    await files.create(**given(params, "poll_interval_ms", "max_wait_seconds"))
    return await poll_vector_store_file(files, params)


async def upload_vector_store_file(files: Any, params: Mapping[str, Any]) -> VectorStoreFile:
    """`vector_stores.files.upload`: upload a file and add it.

    Args:
      files: the resource.
      params: `vector_store_id`, `file`, and what `create` takes.
    """
    uploaded = await files._client.files.create(file=params["file"], purpose="assistants")
    file: VectorStoreFile = await files.create(**given(params, "file"), file_id=uploaded.id)
    return file


async def upload_and_poll_vector_store_file(files: Any, params: Mapping[str, Any]) -> VectorStoreFile:
    """`vector_stores.files.upload_and_poll`: upload a file, add it, and wait for it.

    Args:
      files: the resource.
      params: `file`, and what `create_and_poll` takes.

    Raises:
      PollTimeoutError: the time is over.
      ValueError: `max_wait_seconds` is negative or not finite.
    """
    _limit(params)
    uploaded = await files._client.files.create(file=params["file"], purpose="assistants")
    file: VectorStoreFile = await files.create_and_poll(**given(params, "file"), file_id=uploaded.id)
    return file


async def poll_batch(batches: Any, params: Mapping[str, Any]) -> VectorStoreFileBatch:
    """`vector_stores.file_batches.poll`: until no file of a batch is in progress.

    Args:
      batches: the resource.
      params: `batch_id`, `vector_store_id`, `poll_interval_ms`.
    """
    batch: VectorStoreFileBatch = await _poll(
        batches.retrieve,
        {"batch_id": params["batch_id"], "vector_store_id": params["vector_store_id"]},
        params["poll_interval_ms"],
        lambda found: bool(found.file_counts.in_progress > 0),
    )
    return batch


async def create_and_poll_batch(batches: Any, params: Mapping[str, Any]) -> VectorStoreFileBatch:
    """`vector_stores.file_batches.create_and_poll`: make a batch, and wait for its files.

    Args:
      batches: the resource.
      params: of `create`, and `poll_interval_ms`.
    """
    batch = await batches.create(**given(params, "poll_interval_ms"))
    return await poll_batch(batches, {**params, "batch_id": batch.id})


async def poll_video(videos: Any, params: Mapping[str, Any]) -> Video:
    """`videos.poll`: until a video is rendered or failed.

    Args:
      videos: the resource.
      params: `video_id`, `poll_interval_ms`.
    """
    video: Video = await _poll(
        quietly(videos.retrieve),
        {"video_id": params["video_id"]},
        params["poll_interval_ms"],
        lambda found: found.status in ("in_progress", "queued"),
    )
    return video


async def create_and_poll_video(videos: Any, params: Mapping[str, Any]) -> Video:
    """`videos.create_and_poll`: ask for a video, and wait for it.

    Args:
      videos: the resource.
      params: of `create`, and `poll_interval_ms`.
    """
    video = await quietly(videos.create)(**given(params, "poll_interval_ms"))
    return await poll_video(videos, {"video_id": video.id, "poll_interval_ms": params["poll_interval_ms"]})


async def poll_run(runs: Any, params: Mapping[str, Any]) -> Run:
    """`beta.threads.runs.poll`: until a run ended or waits for the outputs of tools.

    Args:
      runs: the resource.
      params: `run_id`, `thread_id`, `poll_interval_ms`, `extra_headers`, `extra_query`, `timeout`.
    """
    names = ("run_id", "thread_id", "extra_headers", "extra_query", "timeout")
    run: Run = await _poll(
        quietly(runs.retrieve),
        given({name: params[name] for name in names}),
        params["poll_interval_ms"],
        lambda found: found.status not in _RUN_ENDS,
    )
    return run


async def create_and_poll_run(runs: Any, params: Mapping[str, Any]) -> Run:
    """`beta.threads.runs.create_and_poll`: start a run, and wait for it.

    Args:
      runs: the resource.
      params: of `create`, and `poll_interval_ms`.
    """
    run = await quietly(runs.create)(**given(params, "poll_interval_ms"), stream=False)
    return await poll_run(runs, {**params, "run_id": run.id})


async def submit_tool_outputs_and_poll(runs: Any, params: Mapping[str, Any]) -> Run:
    """`beta.threads.runs.submit_tool_outputs_and_poll`: hand in the outputs of tools, and wait for the run.

    Args:
      runs: the resource.
      params: of `submit_tool_outputs`, and `poll_interval_ms`.
    """
    run = await quietly(runs.submit_tool_outputs)(**given(params, "poll_interval_ms"), stream=False)
    return await poll_run(runs, {**params, "run_id": run.id})


async def create_and_run_poll(threads: Any, params: Mapping[str, Any]) -> Run:
    """`beta.threads.create_and_run_poll`: make a thread, start a run in it, and wait for it.

    Args:
      threads: the resource.
      params: of `create_and_run`, and `poll_interval_ms`.
    """
    run = await quietly(threads.create_and_run)(**given(params, "poll_interval_ms"), stream=False)
    rest = {name: params[name] for name in (*_EXTRAS, "poll_interval_ms")}
    return await poll_run(threads.runs, {**rest, "run_id": run.id, "thread_id": run.thread_id})
