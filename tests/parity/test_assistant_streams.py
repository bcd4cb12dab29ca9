"""Handlers of assistant streams: the same bytes call the same methods, in order, with the same objects."""

from __future__ import annotations

import asyncio
import random
import warnings
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest

import oxide
from oxide.lib.streaming import AsyncAssistantEventHandler
from oxide.testing import Answer, Server

from .streams import WORDS

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

METHODS = [
    "on_end", "on_event", "on_exception", "on_image_file_done", "on_message_created", "on_message_delta",
    "on_message_done", "on_run_step_created", "on_run_step_delta", "on_run_step_done", "on_text_created",
    "on_text_delta", "on_text_done", "on_timeout", "on_tool_call_created", "on_tool_call_delta",
    "on_tool_call_done",
]  # fmt: skip


def plain(value: Any) -> Any:
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(exclude_none=True, warnings=False)
    return type(value).__name__ if isinstance(value, Exception) else value


def recorder(base: type[Any]) -> Any:
    """A handler that notes each call with its arguments as they are then."""

    class Recorder(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Any] = []

    def noting(name: str) -> Any:
        async def method(self: Any, *args: Any) -> None:
            snapshots = (self.current_message_snapshot, self.current_run_step_snapshot, self.current_run)
            self.calls.append((name, *map(plain, args), *map(plain, snapshots)))

        return method

    for name in METHODS:
        setattr(Recorder, name, noting(name))
    return Recorder()


def run(status: str) -> dict[str, Any]:
    return {
        "id": "run_1", "object": "thread.run", "created_at": 1, "assistant_id": "a", "thread_id": "t",
        "status": status, "model": "m", "instructions": "", "tools": [], "metadata": {},
        "parallel_tool_calls": True,
    }  # fmt: skip


def message(status: str, content: list[Any]) -> dict[str, Any]:
    return {
        "id": "msg_1", "object": "thread.message", "created_at": 1, "assistant_id": "a", "thread_id": "t",
        "run_id": "run_1", "role": "assistant", "status": status, "content": content, "attachments": [],
        "metadata": {},
    }  # fmt: skip


def step(status: str, calls: list[Any], step_id: str = "step_1") -> dict[str, Any]:
    return {
        "id": step_id, "object": "thread.run.step", "created_at": 1, "run_id": "run_1", "assistant_id": "a",
        "thread_id": "t", "type": "tool_calls", "status": status, "metadata": {},
        "step_details": {"type": "tool_calls", "tool_calls": calls},
    }  # fmt: skip


def events(seed: int) -> Iterator[tuple[str, Any]]:
    rng = random.Random(seed)
    yield "thread.created", {"id": "t", "object": "thread", "created_at": 1, "metadata": {}}
    yield "thread.run.created", run("queued")
    yield "thread.run.in_progress", run("in_progress")
    yield "thread.run.step.created", step("in_progress", [])
    yield "thread.run.step.in_progress", step("in_progress", [])

    def call(index: int, **fields: Any) -> tuple[str, Any]:
        details = {"type": "tool_calls", "tool_calls": [{"index": index, **fields}]}
        delta = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}
        return "thread.run.step.delta", delta

    done: list[Any] = []
    for index in range(rng.randint(1, 3)):
        kind = rng.choice(["code_interpreter", "function"])
        key = "input" if kind == "code_interpreter" else "arguments"
        begun: dict[str, Any] = {"input": "", "outputs": []} if kind == "code_interpreter" else {
            "name": "f", "arguments": "", "output": None,
        }  # fmt: skip
        yield call(index, id=f"call_{index}", type=kind, **{kind: begun})
        pieces = [rng.choice(WORDS) for _ in range(rng.randint(1, 5))]
        for piece in pieces:
            yield call(index, type=kind, **{kind: {key: piece}})
        done.append({"id": f"call_{index}", "type": kind, kind: {**begun, key: "".join(pieces)}})
    yield "thread.run.step.completed", step("completed", done)
    yield "thread.message.created", message("in_progress", [])
    yield "thread.message.in_progress", message("in_progress", [])
    content: list[Any] = []
    for index in range(rng.randint(1, 3)):
        pieces = [rng.choice(WORDS) for _ in range(rng.randint(1, 5))]
        for number, piece in enumerate(pieces):
            text: dict[str, Any] = {"value": piece}
            if not number:
                text["annotations"] = []
            block = {"index": index, "type": "text", "text": text}
            yield "thread.message.delta", {
                "id": "msg_1", "object": "thread.message.delta", "delta": {"content": [block]},
            }  # fmt: skip
        content.append({"type": "text", "text": {"value": "".join(pieces), "annotations": []}})
    yield "thread.message.completed", message("completed", content)
    yield "thread.run.completed", run("completed")


STARTS: dict[str, Any] = {
    "runs.stream": lambda c, h: c.beta.threads.runs.stream(thread_id="t", assistant_id="a", event_handler=h),
    "runs.create_and_stream": lambda c, h: c.beta.threads.runs.create_and_stream(
        thread_id="t", assistant_id="a", instructions="i", event_handler=h
    ),
    "runs.submit_tool_outputs_stream": lambda c, h: c.beta.threads.runs.submit_tool_outputs_stream(
        run_id="run_1", thread_id="t", tool_outputs=[], event_handler=h
    ),
    "threads.create_and_run_stream": lambda c, h: c.beta.threads.create_and_run_stream(
        assistant_id="a", thread={"messages": []}, event_handler=h
    ),
}  # fmt: skip


async def watch(client: Any, handler: Any, start: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        manager = STARTS[start](client, handler)
    results: list[Any] = []
    try:
        async with manager as stream:
            assert stream is handler
            await stream.until_done()
            results = [await stream.get_final_run(), *await stream.get_final_messages()]
            results += await stream.get_final_run_steps()
    except Exception as error:
        results.append(error)
    return handler.calls, [plain(result) for result in results]


async def both(server: Server, answer: Answer, start: str) -> tuple[Any, Any]:
    server.script("*", answer, times=2)
    options = {"base_url": server.base_url, "api_key": "k", "max_retries": 0}
    async with openai.AsyncOpenAI(**options) as official, oxide.AsyncOpenAI(**options) as mine:
        theirs = await watch(official, recorder(openai.AsyncAssistantEventHandler), start)
        ours = await watch(mine, recorder(AsyncAssistantEventHandler), start)
    return theirs, ours


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("start", STARTS)
async def test_the_same_calls(oxide_server: Server, start: str, seed: int) -> None:
    official, mine = await both(oxide_server, Answer.sse(list(events(seed)), done=True), start)
    assert [call[0] for call in mine[0]] == [call[0] for call in official[0]]
    assert mine == official
    sent = [(r.method, r.path, r.json()) for r in oxide_server.journal]
    assert sent[0] == sent[1]
    for name in ("OpenAI-Beta", "X-Stainless-Stream-Helper", "X-Stainless-Custom-Event-Handler"):
        assert len({r.headers[name] for r in oxide_server.journal}) == 1


async def test_calls_of_a_second_step(oxide_server: Server) -> None:
    sent: list[tuple[str, Any]] = [("thread.run.created", run("queued"))]
    for step_id, name in (("step_1", "f"), ("step_2", "g")):
        call = {"id": f"call_{name}", "type": "function"}
        function = {"name": name, "arguments": "{}", "output": None}
        details = {"type": "tool_calls", "tool_calls": [{"index": 0, **call, "function": function}]}
        delta = {"id": step_id, "object": "thread.run.step.delta", "delta": {"step_details": details}}
        sent += [
            ("thread.run.step.created", step("in_progress", [], step_id)),
            ("thread.run.step.delta", delta),
            ("thread.run.step.completed", step("completed", [{**call, "function": function}], step_id)),
        ]
    sent.append(("thread.run.completed", run("completed")))
    official, mine = await both(oxide_server, Answer.sse(sent, done=True), "runs.stream")
    assert mine == official
    done = [call[1]["id"] for call in mine[0] if call[0] == "on_tool_call_done"]
    assert done[0] == "call_f"
    assert done[-1] == "call_g"


async def test_events_of_a_newer_server(oxide_server: Server) -> None:
    newer = [("thread.xyz", {"a": 1}), ("thread.run.foo", run("queued")), ("thread.run.step.foo", {}),
             ("thread.message.foo", {})]  # fmt: skip
    sent = [("thread.run.created", run("queued")), *newer, ("thread.run.completed", run("completed"))]
    oxide_server.script("*", Answer.sse(sent, done=True), times=3)
    async with openai.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as official:
        theirs = await watch(official, recorder(openai.AsyncAssistantEventHandler), "runs.stream")
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
        handler = recorder(AsyncAssistantEventHandler)
        mine = await watch(client, handler, "runs.stream")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            stream: Any = await client.beta.threads.runs.create("t", assistant_id="a", stream=True)
        seen = [(event.event, event.data) async for event in stream]
    assert [call[0] for call in mine[0]] == [call[0] for call in theirs[0]]
    assert mine[1][0] == theirs[1][0]
    assert [name for name, _ in seen] == [name for name, _ in sent]
    assert seen[1][1] == {"a": 1}


async def test_a_stream_that_breaks(oxide_server: Server) -> None:
    """The official handler takes what came for all there is."""
    answer = Answer.sse(list(events(1))[:-3])
    _, mine = await both(oxide_server, answer, "runs.stream")
    assert [call[0] for call in mine[0]][-2:] == ["on_exception", "on_end"]
    assert mine[1] == ["APIStreamTruncatedError"]


async def test_text_deltas_and_one_stream_a_handler(oxide_server: Server) -> None:
    sent = list(events(2))
    oxide_server.script("*", Answer.sse(sent, done=True), times=2)
    handler = AsyncAssistantEventHandler()
    with pytest.raises(RuntimeError, match="has not been started"):
        await handler.until_done()
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            managers = [STARTS["runs.stream"](client, handler) for _ in range(2)]
        async with managers[0] as stream:
            text = "".join([piece async for piece in stream.text_deltas])
        with pytest.raises(RuntimeError, match="serves one stream"):
            await managers[1].__aenter__()
    final = sent[-2][1]["content"]
    assert text == "".join(part["text"]["value"] for part in final)


FINALS = ("get_final_run", "get_final_messages", "get_final_run_steps", "until_done")


@pytest.mark.parametrize("ending", ["cut", "left", "closed", "cancelled", "a handler that raises"])
async def test_no_final_object_of_a_stream_that_did_not_end(oxide_server: Server, ending: str) -> None:
    """However often one asks, and whatever had arrived."""

    class Handler(AsyncAssistantEventHandler):
        ends = 0

        async def on_message_created(self, message: Any) -> None:
            if ending == "a handler that raises":
                raise KeyError("mine")

        async def on_end(self) -> None:
            self.ends += 1

    sent = list(events(1))[:-1]
    answer = Answer.sse(sent)
    stall = sum(map(len, answer.body)) if ending == "cancelled" else None
    oxide_server.script("*", answer.but(stall_after=stall))
    handler = Handler()
    async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            manager = STARTS["runs.stream"](client, handler)
        async with manager as stream:
            if ending == "cancelled":
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(stream.until_done(), 0.2)
            elif ending in ("left", "closed"):
                async for event in stream:
                    if event.event == "thread.message.completed":
                        break
                if ending == "closed":
                    await stream.close()
            error = KeyError if ending == "a handler that raises" else oxide.APIStreamTruncatedError
            for name in () if ending == "left" else FINALS * 2:
                with pytest.raises(error):
                    await getattr(stream, name)()
        for name in FINALS * 2:
            with pytest.raises(error):
                await getattr(handler, name)()
    assert handler.current_run is not None
    assert [event async for event in handler] == []
    assert handler.ends == (ending not in ("left", "closed"))
