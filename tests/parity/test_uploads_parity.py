"""Uploads and polling helpers, through the official SDK and through oxide: the same requests, in order."""

from __future__ import annotations

import asyncio
import io
import json
import re
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

OWN = {
    "user-agent",
    "x-stainless-package-version",
    "accept-encoding",
    "connection",
    "x-stainless-raw-response",
}
Call = Callable[[Any], Awaitable[Any]]


def request(record: Any) -> dict[str, Any]:
    """What was sent, boundaries normalised."""
    headers = {n.lower(): v for n, v in record.headers.items() if n.lower() not in OWN}
    body = record.body
    form = re.match("multipart/form-data; boundary=([0-9a-f]{32})$", headers.get("content-type", ""))
    if form is not None:
        headers["content-type"] = "a form"
        body = body.replace(form[1].encode(), b"boundary")
    elif body.startswith(b"{"):
        body = json.loads(body)
    return {"line": f"{record.method} {record.target}", "headers": headers, "body": body}


@pytest.fixture
async def both(oxide_server: Server) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
    """``await both(call)``: runs it with either client, compares requests; returns the two results."""
    clients = [
        module.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0)
        for module in (openai, oxide)
    ]

    async def run(call: Call, script: Callable[[], None] = lambda: None) -> list[Any]:
        results: list[Any] = []
        seen: list[list[Any]] = []
        for client in clients:
            script()
            first = len(oxide_server.journal)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                try:
                    results.append(await call(client))
                except Exception as error:
                    results.append(error)
            seen.append([request(record) for record in oxide_server.journal[first:]])
        assert seen[1] == seen[0]
        assert isinstance(results[0], Exception) is isinstance(results[1], Exception), results
        return results

    yield run
    for client in clients:
        await client.close()


NAMES = [
    "plain.txt",
    'a "quoted\\ name".PNG',
    "ünï cödé.jpeg",
    "line\r\nbreak\x1b.pdf",
    "no-suffix",
    ".hidden",
    "a.tar.gz",
]


@pytest.mark.parametrize("name", NAMES)
async def test_names_and_types(both: Any, oxide_server: Server, name: str) -> None:
    oxide_server.script("/files", Answer.json({"id": "file-1"}), times=None)
    await both(lambda c: c.files.create(file=(name, b"\0data\r\n--"), purpose="assistants"))
    await both(lambda c: c.files.create(file=(name, "text é"), purpose="assistants"))
    await both(lambda c: c.files.create(file=(name, b"", "x/y"), purpose="assistants"))


class Named(io.BytesIO):
    """Memory with the name of a file."""

    name: Any = "/some/dir/pic.png"


async def test_kinds_of_files(both: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files", Answer.json({"id": "file-1"}), times=None)
    path = tmp_path / "ä b.json"
    path.write_bytes(b'{"a": 1}')
    kinds: list[Callable[[], Any]] = [
        lambda: b"bytes",
        lambda: path,
        lambda: io.BytesIO(b"memory"),
        lambda: Named(b"named"),
        lambda: path.open("rb"),
        lambda: (None, b"no name"),
        lambda: ("", b"empty name"),
        lambda: ("a.txt", path),
        lambda: ("a.txt", io.BytesIO(b"x"), None),
        lambda: ("a.txt", b"x", None, {"X-One": "1", "content-type": "own/type"}),
        lambda: ("a.txt", b"x", "text/x", {"X-One": "1", "X-Two": "é"}),
        lambda: oxide.file_from_path(str(path)),
    ]
    for kind in kinds:
        files: list[Any] = []

        async def send(client: Any, kind: Any = kind, files: list[Any] = files) -> Any:
            files.append(kind())
            return await client.files.create(file=files[-1], purpose="vision")

        official, mine = await both(send)
        assert mine.to_dict() == official.to_dict()
        for file in files:
            if isinstance(file, io.IOBase):
                file.close()

    def moved() -> io.BytesIO:
        file = io.BytesIO(b"from its beginning")
        file.seek(7)
        return file

    await both(lambda c: c.files.create(file=moved(), purpose="vision"))
    assert b"from its beginning" in oxide_server.journal[-1].body


@pytest.mark.parametrize(
    "value",
    [
        "text",
        3,
        {"a": 1},
        [b"in", "a list"],
        ("one",),
        ("a", b"", "t", {"bad name": "x"}),
        ("a", b"", "t", {"X": "a\r\nb"}),
        io.StringIO("text"),
        ("a", io.StringIO("text")),
        ("a",) * 5,
    ],
    ids=repr,
)
async def test_what_is_no_file(both: Any, oxide_server: Server, value: Any) -> None:
    official, mine = await both(lambda c: c.files.create(file=value, purpose="vision"))
    assert isinstance(mine, (RuntimeError, TypeError, ValueError))
    # Where the official client stumbles inside, ours says what is wrong.
    assert type(mine) is type(official) or type(official) in (IndexError, ValueError)
    assert "file" in str(mine)
    assert len(oxide_server.journal) == 0


async def test_nested_parameters_and_lists_of_files(both: Any, oxide_server: Server) -> None:
    for path in ("/files", "/images/edits", "/skills", "/audio/transcriptions", "/containers/c_1/files"):
        oxide_server.script(path, Answer.json({"id": "x", "text": "t", "data": [], "created": 1}), times=None)
    expires: Any = {"anchor": "created_at", "seconds": 3600}
    await both(lambda c: c.files.create(file=b"", purpose="batch", expires_after=expires))
    await both(lambda c: c.images.edit(image=b"1", prompt="p"))
    await both(
        lambda c: c.images.edit(image=[b"1", ("b.png", b"2")], mask=b"3", prompt="é\r\n", n=2, stream=False)
    )
    await both(lambda c: c.skills.create(files=[("a.md", b"1"), ("b.md", b"2")]))
    await both(lambda c: c.skills.create(files=("skill.zip", b"1")))
    await both(lambda c: c.skills.create())
    await both(lambda c: c.containers.files.create("c_1", file_id="f"))
    await both(lambda c: c.containers.files.create("c_1", file=b"f"))
    await both(
        lambda c: c.audio.transcriptions.create(
            file=("a.wav", b"w"),
            model="m",
            temperature=0.5,
            include=["logprobs"],
            timestamp_granularities=["word", "segment"],
            chunking_strategy={"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 3},
            extra_body={"own": {"a": [1, None, True], "b": {"c": "d"}}, "model": "other"},
            extra_headers={"X-Own": "1"},
            extra_query={"q": "1"},
        )
    )
    boundary = {"Content-Type": "multipart/form-data; boundary=my-own"}
    await both(lambda c: c.files.create(file=b"x", purpose="vision", extra_headers=boundary))
    assert b"--my-own--\r\n" in oxide_server.journal[-1].body


async def test_any_path(both: Any, oxide_server: Server) -> None:
    oxide_server.script("/x", Answer.json({"ok": True}), times=None)
    form: Any = {"headers": {"Content-Type": "multipart/form-data"}}
    files: Any = {"a": b"1", "b": ("n.txt", b"2")}
    body: Any = {"list": [1, 2], "deep": {"a": {"b": [True]}}, "none": None, "empty": ""}
    for verb in ("post", "put", "patch"):
        await both(
            lambda c, v=verb: getattr(c, v)("/x", cast_to=object, body=body, files=files, options=form)
        )
    await both(lambda c: c.post("/x", cast_to=object, files=list(files.items()), options=form))
    await both(lambda c: c.post("/x", cast_to=object, body=body, options=form))
    await both(lambda c: c.post("/x", cast_to=object, options=form))
    await both(lambda c: c.post("/x", cast_to=object, files={}, body=body))
    await both(
        lambda c: c.post(
            "/x", cast_to=object, body={"a": 1}, files=files, options={**form, "extra_json": {"b": 2}}
        )
    )
    await both(lambda c: c.post("/x", cast_to=object, content=b"raw"))
    await both(lambda c: c.post("/x", cast_to=object, content=b"raw", files=files))
    await both(lambda c: c.post("/x", cast_to=object, files=3, options=form))


async def test_chunked_uploads(both: Any, oxide_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "whole.txt"
    path.write_bytes(bytes(range(256)))
    oxide_server.script("/uploads", Answer.json({"id": "up_1"}), times=None)
    parts = [Answer.json({"id": f"part_{n}"}) for n in range(3)]
    oxide_server.script(
        "/uploads/up_1/complete", Answer.json({"id": "up_1", "status": "completed"}), times=None
    )

    def script() -> None:
        for part in parts:
            oxide_server.script("/uploads/up_1/parts", part)

    given: dict[str, Any] = {"mime_type": "text/plain", "purpose": "assistants", "part_size": 100}
    for more in (
        {"file": path},
        {"file": path, "bytes": 256, "filename": "other.txt", "md5": "abc"},
        {"file": path.read_bytes(), "filename": "m.txt", "bytes": 256},
        {"file": b"", "filename": "empty", "bytes": 0},
    ):
        official, mine = await both(lambda c, m=more: c.uploads.upload_file_chunked(**given, **m), script)
        assert mine.to_dict() == official.to_dict()
        oxide_server.journal[-1].json()
    for wrong in ({"file": b""}, {"file": b"", "filename": "x"}):
        _, mine = await both(lambda c, m=wrong: c.uploads.upload_file_chunked(**given, **m))
        assert isinstance(mine, TypeError)


def busy_then(
    oxide_server: Server, path: str, busy: dict[str, Any], done: dict[str, Any]
) -> Callable[[], None]:
    def script() -> None:
        oxide_server.script(path, Answer.json(busy, headers={"openai-poll-after-ms": "5"}), method="GET")
        oxide_server.script(path, Answer.json(done), method="GET")

    return script


@pytest.mark.parametrize("more", [{}, {"poll_interval_ms": 3}], ids=["server", "own"])
async def test_polling(both: Any, oxide_server: Server, more: dict[str, Any]) -> None:
    always = {
        "/files": {"id": "file-1"},
        "/vector_stores/vs/files": {"id": "file-1"},
        "/vector_stores/vs/file_batches": {"id": "b"},
        "/videos": {"id": "v"},
        "/threads/runs": {"id": "r", "thread_id": "t"},
        "/threads/t/runs": {"id": "r"},
        "/threads/t/runs/r/submit_tool_outputs": {"id": "r"},
    }
    for path, answer in always.items():
        oxide_server.script(path, Answer.json(answer), times=None, method="POST")
    file = busy_then(
        oxide_server, "/vector_stores/vs/files/file-1", {"status": "in_progress"}, {"status": "completed"}
    )
    batch = busy_then(
        oxide_server,
        "/vector_stores/vs/file_batches/b",
        {"file_counts": {"in_progress": 1}},
        {"file_counts": {"in_progress": 0}},
    )
    video = busy_then(oxide_server, "/videos/v", {"status": "queued"}, {"status": "failed"})
    run = busy_then(oxide_server, "/threads/t/runs/r", {"status": "queued"}, {"status": "requires_action"})
    extra: dict[str, Any] = {"extra_headers": {"X-Own": "1"}, "extra_query": {"q": 1}, "extra_body": {"e": 2}}
    store = {"vector_store_id": "vs", **more}
    calls: list[tuple[Call, Callable[[], None]]] = [
        (lambda c: c.vector_stores.files.poll("file-1", max_wait_seconds=60, **store), file),
        (
            lambda c: c.vector_stores.files.create_and_poll("file-1", attributes={"a": 1}, **store, **extra),
            file,
        ),
        (lambda c: c.vector_stores.files.upload_and_poll(file=("a.txt", b"1"), **store), file),
        (lambda c: c.vector_stores.files.upload(vector_store_id="vs", file=b"1"), lambda: None),
        (lambda c: c.vector_stores.file_batches.poll("b", **store), batch),
        (lambda c: c.vector_stores.file_batches.create_and_poll(file_ids=["1"], **store, **extra), batch),
        (
            lambda c: c.vector_stores.file_batches.upload_and_poll(files=[b"1"], file_ids=["0"], **store),
            batch,
        ),
        (lambda c: c.videos.poll("v", **more), video),
        (lambda c: c.videos.create_and_poll(prompt="p", input_reference=b"i", **more, **extra), video),
        (lambda c: c.beta.threads.runs.poll("r", "t", **more), run),
        (lambda c: c.beta.threads.runs.poll("r", "t", **more, **extra), run),
        (
            lambda c: c.beta.threads.runs.create_and_poll(
                thread_id="t", assistant_id="a", include=["x"], model=None, **more, **extra
            ),
            run,
        ),
        (
            lambda c: c.beta.threads.runs.submit_tool_outputs_and_poll(
                thread_id="t", run_id="r", tool_outputs=[{"output": "1"}], **more
            ),
            run,
        ),
        (
            lambda c: c.beta.threads.create_and_run_poll(assistant_id="a", thread={"messages": []}, **more),
            run,
        ),
    ]
    for call, script in calls:
        official, mine = await both(call, script)
        assert not isinstance(official, Exception), official
        assert type(mine).__name__ == type(official).__name__
        assert mine.to_dict() == official.to_dict()


async def test_waiting_for_a_file(both: Any, oxide_server: Server) -> None:
    script = busy_then(oxide_server, "/files/f", {"status": "uploaded"}, {"status": "processed"})
    await both(lambda c: c.files.wait_for_processing("f", poll_interval=0.01), script)


async def test_a_call_by_sdp(both: Any, oxide_server: Server) -> None:
    oxide_server.script("/realtime/calls", Answer.text("v=0"), times=None)
    session: Any = {"type": "realtime", "instructions": "é", "audio": {"output": {"speed": 1.0}}}
    for given in (
        {"sdp": "v=0\r\n"},
        {"sdp": "v=0", "session": session},
        {"sdp": "v=0", "extra_body": {"own": [1], "session": session}},
        {"sdp": "v=0", "session": session, "extra_headers": {"content-type": "x/y", "X-Own": "1"}},
        {"sdp": 3},
    ):
        results = await both(lambda c, g=given: c.realtime.calls.create(**g))
        if not isinstance(results[1], Exception):
            assert results[1].read() == results[0].read() == b"v=0"


async def test_files_of_agents(both: Any, oxide_server: Server, tmp_path: Path) -> None:
    oxide_server.script("/files", Answer.json({"id": "file-1"}), times=None)
    oxide_server.script("/agents/environments/env/files", Answer.json({"path": "/workspace/a"}), times=None)
    (tmp_path / "in").mkdir()
    for name in ("a.py", "b.txt", "in/c.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / "a.py")
    extra: dict[str, Any] = {"extra_headers": {"X-Own": "1"}}
    good: list[Call] = [
        lambda c: c.beta.agents.environments.files.prepare({"/workspace/x/a.py": tmp_path / "a.py"}, **extra),
        lambda c: c.beta.agents.environments.files.prepare_directory(
            tmp_path, destination="/workspace/src", include=["**/*.py", "b.*"]
        ),
    ]
    for call in good:
        official, mine = await both(call)
        assert (mine.files, mine.uploaded_file_ids) == (official.files, official.uploaded_file_ids)
    for file in (tmp_path / "a.py", b"data", ("n.txt", tmp_path / "b.txt", "x/y")):
        official, mine = await both(
            lambda c, f=file: c.beta.agents.environments.files.upload(
                "env", file=f, path="/workspace/a", **extra
            )
        )
        assert mine.uploaded_file_id == official.uploaded_file_id
        assert mine.file.to_dict() == official.file.to_dict()
    a = str(tmp_path / "a.py")
    for wrong in (
        {"/etc/passwd": a},
        {"/workspace/../x": a},
        {"/workspace/.codex/x": a},
        {"/workspace/.managed-agents-1": a},
        {"/workspace/outputs": a},
        {"/workspace/x": a, "/workspace/x/y": a},
        {"/workspace/x": str(tmp_path)},
        {"/workspace/x": str(tmp_path / "link")},
    ):
        _, mine = await both(lambda c, w=wrong: c.beta.agents.environments.files.prepare(w))
        assert isinstance(mine, ValueError), wrong
    for include in ([], "*.py", ["../*"], ["/etc/*"], ["*.none"], ["link"]):
        _, mine = await both(
            lambda c, i=include: c.beta.agents.environments.files.prepare_directory(
                tmp_path, destination="/workspace/x", include=i
            )
        )
        assert isinstance(mine, ValueError), include


async def test_failed_uploads_of_agents_name_what_was_uploaded(oxide_server: Server, tmp_path: Path) -> None:
    from oxide.lib.beta.agents import AgentFilePreparationError, AgentFileStagingError

    (tmp_path / "a").write_text("a")
    client = oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0)
    files = client.beta.agents.environments.files
    oxide_server.script(
        "/files", Answer.json({"id": "file-1"}), Answer.error(400), Answer.json({"id": "file-2"}), times=1
    )
    oxide_server.script("/agents/environments/env/files", Answer.error(404))
    with pytest.raises(AgentFilePreparationError) as caught:
        await files.prepare({"/workspace/a": tmp_path / "a", "/workspace/b": tmp_path / "a"})
    assert caught.value.prepared.uploaded_file_ids == ["file-1"]
    assert isinstance(caught.value.__cause__, oxide.BadRequestError)
    with pytest.raises(AgentFileStagingError) as staged:
        await files.upload("env", file=tmp_path / "a", path="/workspace/a")
    assert staged.value.uploaded_file_id == "file-2"

    oxide_server.script("/files", Answer.json({"id": "file-3"}))
    oxide_server.script("/files", Answer.json({"id": "file-4"}, delay=5))
    task = asyncio.create_task(
        files.prepare({"/workspace/a": tmp_path / "a", "/workspace/b": tmp_path / "a"})
    )
    await oxide_server.journal.arrived(6)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    prepared: Any = cancelled.value.__dict__.get("prepared")
    assert prepared.uploaded_file_ids == ["file-3"]
    await client.close()
