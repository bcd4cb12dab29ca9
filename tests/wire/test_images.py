"""Pictures over each lane: whole, and streamed with partial ones of many megabytes in an event each."""

from __future__ import annotations

import tracemalloc
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide.testing import Answer, Server
from oxide.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
)

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

MEGABYTE = 1024 * 1024
PICTURE = ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")


@pytest_asyncio.fixture
async def client(lane: str, oxide_server: Server) -> AsyncIterator[oxide.AsyncOpenAI]:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


@pytest_asyncio.fixture
async def official(oxide_server: Server) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


async def test_whole_pictures(client: Any, official: Any) -> None:
    ours = await client.images.generate(prompt="a cat", model="m", n=2)
    assert ours.to_dict() == (await official.images.generate(prompt="a cat", model="m", n=2)).to_dict()
    assert len(ours.data) == 2
    assert b64decode(ours.data[0].b64_json).startswith(b"\x89PNG")
    for image in (PICTURE, [PICTURE, PICTURE]):
        ours = await client.images.edit(image=image, prompt="a dog", model="m", mask=PICTURE, n=1)
        theirs = await official.images.edit(image=image, prompt="a dog", model="m", mask=PICTURE, n=1)
        assert ours.to_dict() == theirs.to_dict()


async def test_streamed_pictures(client: Any, official: Any) -> None:
    given: dict[str, Any] = {"prompt": "a cat", "model": "m", "stream": True, "partial_images": 2}
    ours = [event async for event in await client.images.generate(**given)]
    theirs = [event async for event in await official.images.generate(**given)]
    assert [e.to_dict() for e in ours] == [e.to_dict() for e in theirs]
    assert [type(e) for e in ours] == [ImageGenPartialImageEvent] * 2 + [ImageGenCompletedEvent]
    assert [e.partial_image_index for e in ours[:2]] == [0, 1]
    ours = [event async for event in await client.images.edit(image=PICTURE, **given)]
    theirs = [event async for event in await official.images.edit(image=PICTURE, **given)]
    assert [e.to_dict() for e in ours] == [e.to_dict() for e in theirs]
    assert [type(e) for e in ours] == [ImageEditPartialImageEvent] * 2 + [ImageEditCompletedEvent]


def large_events(size: int, count: int) -> Iterator[bytes]:
    head = b'data: {"type":"image_generation.partial_image","partial_image_index":%d,"b64_json":"'
    for index in range(count):
        yield b"event: image_generation.partial_image\n" + head % index
        for _ in range(size // MEGABYTE):
            yield b"QUJD" * (MEGABYTE // 4)
        yield b'"}\n\n'
    yield b'data: {"type":"image_generation.completed","b64_json":"QUJD"}\n\n'


async def test_partial_pictures_of_many_megabytes(client: Any, oxide_server: Server) -> None:
    size, count = 8 * MEGABYTE, 6
    answer = Answer.sse(lambda: large_events(size, count), gap=0)
    oxide_server.script("/images/generations", answer, times=None)
    peaks: list[int] = []
    for _ in range(2):
        stream = await client.images.generate(prompt="p", model="m", stream=True, partial_images=3)
        seen = 0
        tracemalloc.start()
        try:
            async for event in stream:
                if event.type == "image_generation.partial_image":
                    assert event.partial_image_index == seen
                    assert len(event.b64_json) == size
                    seen += 1
                else:
                    assert event.b64_json == "QUJD"
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert seen == count
    # The event's text, its bytes and the pieces on their way: a few times one event, whatever their number.
    assert max(peaks) < 6 * size
    assert oxide_server.journal.connections == 1


async def test_a_picture_above_the_cap(client: Any, oxide_server: Server) -> None:
    answer = Answer.sse(lambda: large_events(2 * MEGABYTE, 1), gap=0)
    oxide_server.script("/images/generations", answer)
    small = client.with_options(max_event=MEGABYTE)
    stream = await small.images.generate(prompt="p", model="m", stream=True)
    with pytest.raises(oxide.APIResponseValidationError, match="max_event"):
        async for _ in stream:
            pass


async def test_a_picture_stream_that_breaks_off(client: Any, oxide_server: Server) -> None:
    partial = {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": "QUJD"}
    oxide_server.script("/images/generations", Answer.sse([partial]))
    stream = await client.images.generate(prompt="p", model="m", stream=True)
    with pytest.raises(oxide.APIStreamTruncatedError):
        async for _ in stream:
            pass
