"""The event iterator by itself: bytes go in by hand, no socket is involved. Both implementations."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from oxide.errors import (
    APIConnectionError,
    APIError,
    APIResponseNotJSONError,
    APIResponseValidationError,
    APIStreamTruncatedError,
    RateLimitError,
)
from oxide.models import BaseModel
from oxide.transport.request import LaneError
from tests.unit.stream.feeds import DELTA, DONE, Make, drain


async def test_the_native_iterator_is_native(twin: Callable[[str], ModuleType], backend: str) -> None:
    file = twin("oxide.stream.iterator").__file__ or ""
    assert file.endswith(".py") == (backend == "python")


async def test_events_that_are_there_come_without_the_loop(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, DELTA, DONE, end=True)
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    answer.loop.call_soon(turn)
    assert [e.delta for e in await drain(stream)] == ["é", "é"]
    assert turns == 0
    assert answer.told == []


async def test_every_cut_gives_the_same_events(make: Make) -> None:
    whole = b"data: " + json.dumps(DELTA, ensure_ascii=False).encode() + b"\n\n: ping\n\ndata:\n\n" + DONE
    for cut in range(len(whole)):
        answer, stream = make()
        task = asyncio.ensure_future(drain(stream))
        for piece in (whole[:cut], whole[cut:]):
            answer.feed(piece)
            await asyncio.sleep(0)
        answer.sink.feed_eof()
        assert [e.delta for e in await task] == ["é"]


async def test_waiting_and_waking(make: Make) -> None:
    answer, stream = make()
    task = asyncio.ensure_future(stream.__anext__())
    await asyncio.sleep(0)
    assert not task.done()
    answer.feed(b"data: {")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done()
    answer.feed(b'"delta": "x"}\n\n')
    assert (await task).delta == "x"
    stream.close()
    assert answer.told == ["abort"]
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()


@pytest.mark.parametrize("name", ["response.completed", "response.failed", "response.incomplete"])
@pytest.mark.parametrize("named", [True, False])
async def test_terminal_events_end_the_stream(make: Make, name: str, named: bool) -> None:
    answer, stream = make()
    line = f"event: {name}\n".encode() if named else b""
    answer.feed(DELTA, line + b"data: " + json.dumps({"type": name}).encode() + b"\n\n")
    task = asyncio.ensure_future(drain(stream))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done(), "the connection is handed back only with the message's end"
    assert answer.told == ["expect_end"]
    answer.sink.feed_eof()
    assert [e.type for e in await task] == [DELTA["type"], name]
    assert answer.told == ["expect_end"]


async def test_the_message_end_that_never_comes_is_no_error(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, DONE)
    task = asyncio.ensure_future(drain(stream))
    await asyncio.sleep(0)
    answer.sink.set_exception(LaneError("timeout", limit="read"))
    assert len(await task) == 1


async def test_truncation(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, DELTA, end=True)
    with pytest.raises(APIStreamTruncatedError) as caught:
        await drain(stream)
    partial = caught.value.partial
    assert (partial.count, partial.text, partial.complete) == (2, "éé", True)
    assert [json.loads(raw) for raw in partial.raw] == [DELTA, DELTA]
    assert caught.value.request.url == "http://x/v1/responses"
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.partial.raw == partial.raw
    assert copy.partial.text == "éé"
    with pytest.raises(StopAsyncIteration):
        await stream.__anext__()


@pytest.mark.parametrize(("count", "said"), [(0, "no event"), (1, "1 event"), (2, "2 events")])
async def test_the_number_of_events_is_said_in_english(make: Make, count: int, said: str) -> None:
    answer, stream = make()
    answer.feed(*[DELTA] * count, end=True)
    with pytest.raises(APIStreamTruncatedError, match=rf"after {said}\.$"):
        await drain(stream)
    answer, stream = make()
    answer.feed(*[DELTA] * count)
    answer.sink.set_exception(LaneError("read", "the peer went away"))
    with pytest.raises(APIStreamTruncatedError, match=f"after {said}: the peer"):
        await drain(stream)


async def test_an_event_cut_in_the_middle_is_a_truncation(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, b'data: {"type": "response.out', end=True)
    with pytest.raises(APIStreamTruncatedError) as caught:
        await drain(stream)
    assert caught.value.partial.count == 1
    assert caught.value.partial.rest == b'{"type": "response.out'


async def test_a_whole_last_event_without_its_blank_line_counts(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, b'data: {"type": "response.completed"}', end=True)
    assert [e.type for e in await drain(stream)][-1] == "response.completed"
    answer, stream = make()
    answer.feed(DELTA, b"data: [DONE]", end=True)
    assert len(await drain(stream)) == 1


def chunk(reason: str | None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": {}, "finish_reason": reason, **more}]}


async def test_a_chat_without_done_is_complete_once_every_choice_is(make: Make) -> None:
    answer, stream = make(choices=2)
    answer.feed(chunk(None), chunk("stop"), chunk(None, 1), chunk("length", 1, logprobs=None))
    answer.feed({"choices": [], "usage": {"total_tokens": 3}}, end=True)
    assert len(await drain(stream)) == 5
    answer, stream = make(choices=2)
    answer.feed(chunk(None), chunk("stop"), chunk(None, 1), end=True)
    with pytest.raises(APIStreamTruncatedError):
        await drain(stream)
    answer, stream = make()
    answer.feed(chunk(None), chunk(None), chunk('"finish_reason":null'), end=True)
    assert len(await drain(stream)) == 3
    answer, stream = make()
    answer.feed(
        chunk(None), chunk(None), {"choices": [{"delta": {"content": '"finish_reason":"stop"'}}]}, end=True
    )
    with pytest.raises(APIStreamTruncatedError):
        await drain(stream)


async def test_soft_ends(make: Make) -> None:
    answer, stream = make()
    answer.feed({"type": "image_generation.completed"}, {"type": "image_generation.completed"}, end=True)
    assert len(await drain(stream)) == 2


async def test_a_connection_that_breaks(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA)
    answer.sink.set_exception(LaneError("read", "the connection broke", bytes_received=True))
    with pytest.raises(APIStreamTruncatedError) as caught:
        await drain(stream)
    assert caught.value.partial.count == 1
    assert isinstance(caught.value.__cause__, LaneError)


async def test_a_client_that_closes(make: Make) -> None:
    answer, stream = make()
    answer.sink.set_exception(LaneError("closed", "the client was closed"))
    with pytest.raises(APIConnectionError, match="client was closed"):
        await drain(stream)


async def test_not_json(make: Make) -> None:
    answer, stream = make()
    answer.feed(DELTA, b"data: <oops>\n\n", DELTA)
    with pytest.raises(APIResponseNotJSONError) as caught:
        await drain(stream)
    assert caught.value.data == b"<oops>"
    assert caught.value.partial.count == 1
    assert answer.told == ["abort"]


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error": {"message": "slow down", "code": "rate_limit_exceeded", "type": "tokens"}}\n\n',
        b'event: error\ndata: {"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}\n\n',
        b'data: {"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": null}\n\n',
    ],
)
async def test_errors_inside_the_stream(make: Make, event: bytes) -> None:
    answer, stream = make()
    answer.feed(DELTA, event)
    with pytest.raises(RateLimitError) as caught:
        await drain(stream)
    error = caught.value
    assert (error.message, error.code, error.partial.count) == ("slow down", "rate_limit_exceeded", 1)
    assert error.request.method == "POST"
    assert error.response.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("kind", [b"text/html; charset=utf-8", b"text/event-stream", b"application/json"])
async def test_a_page_instead_of_a_stream(make: Make, kind: bytes) -> None:
    answer, stream = make(kind=kind)
    answer.feed(b"\n<html>data: {}\n\n")
    answer.feed(b"</html>", end=True)
    with pytest.raises(APIResponseNotJSONError) as caught:
        await drain(stream)
    assert caught.value.data == b"\n<html>data: {}\n\n</html>"


@pytest.mark.parametrize("kind", [b"text/plain", b"text/plain; charset=utf-8", b"application/json", b""])
async def test_text_instead_of_a_stream(make: Make, kind: bytes) -> None:
    answer, stream = make(kind=kind)
    answer.feed(b"\nerror: upstream is ")
    answer.feed("d\u00f6wn".encode(), end=True)
    with pytest.raises(APIResponseNotJSONError, match="error: upstream is d\u00f6wn") as caught:
        await drain(stream)
    assert caught.value.data == "\nerror: upstream is d\u00f6wn".encode()
    assert caught.value.partial is not None
    assert caught.value.partial.count == 0


async def test_a_long_text_instead_of_a_stream(make: Make) -> None:
    answer, stream = make(kind=b"text/plain")
    answer.feed(b"no " * 100_000)
    with pytest.raises(APIResponseNotJSONError, match=r"no no no.*…") as caught:
        await drain(stream)
    assert len(str(caught.value)) < 1000
    assert "abort" in answer.told


OPENINGS = (b"data: {}\n\n", b"\xef\xbb\xbfdata: {}\n\n", b": hi\n\ndata: {}\n\n", b"event: x\ndata: {}\n\n",
            b"id: 1\ndata: {}\n\n", b"retry: 5\ndata: {}\n\n", b"\r\n\ndata: {}\n\n")  # fmt: skip


@pytest.mark.parametrize("begin", OPENINGS)
@pytest.mark.parametrize("kind", [b"text/plain", b"application/octet-stream", b""])
async def test_events_under_another_content_type(make: Make, kind: bytes, begin: bytes) -> None:
    for first in (1, 2, 3, len(begin)):
        answer, stream = make(kind=kind)
        answer.feed(begin[:first])
        answer.feed(begin[first:] + b"data: [DONE]\n\n", end=True)
        assert len(await drain(stream)) == 1


async def test_an_odd_first_line_of_what_is_called_an_event_stream(make: Make) -> None:
    answer, stream = make()
    answer.feed(b"odd line\ndata: {}\n\ndata: [DONE]\n\n", end=True)
    assert len(await drain(stream)) == 1


async def test_one_document_instead_of_a_stream(make: Make) -> None:
    answer, stream = make(kind=b"application/json")
    answer.feed(b'{"id": "x"}', end=True)
    with pytest.raises(APIResponseValidationError, match="one document"):
        await drain(stream)
    answer, stream = make(kind=b"application/json")
    answer.feed(b'{"error": {"message": "no", "code": "rate_limit_exceeded"}}', end=True)
    with pytest.raises(RateLimitError):
        await drain(stream)


async def test_events_above_the_cap(make: Make) -> None:
    answer, stream = make(max_event=100)
    answer.feed(DELTA, b"data: " + b"x" * 200)
    assert (await stream.__anext__()).delta == "é"
    with pytest.raises(APIResponseValidationError, match="limit is 100"):
        await stream.__anext__()


async def test_a_class_that_fails_is_not_swallowed(make: Make) -> None:
    class Picky(BaseModel):
        delta: str

        def model_post_init(self, context: Any) -> None:
            raise ZeroDivisionError

    answer, stream = make(Picky)
    answer.feed(DELTA)
    with pytest.raises(ZeroDivisionError):
        await stream.__anext__()
    assert answer.told == ["abort"]


async def test_what_is_kept_for_errors_is_bounded(make: Make) -> None:
    answer, stream = make()
    for i in range(5000):
        answer.feed({"delta": str(i)})
        await stream.__anext__()
    answer.feed({"delta": "x" * 100_000}, {"delta": "last"}, end=True)
    with pytest.raises(APIError) as caught:
        await drain(stream)
    partial = caught.value.partial
    assert partial.count == 5002
    assert not partial.complete
    assert partial.events[-1].delta == "last"
    assert sum(map(len, partial.raw)) <= 32 * 1024
