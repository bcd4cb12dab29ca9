"""Sound, pictures, files and vectors: written for the official SDK, only its import changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typing_extensions import assert_type

from oxide import AsyncOpenAI, AsyncStream, HttpxBinaryResponseContent
from oxide.types import CreateEmbeddingResponse, ImageGenStreamEvent, ImagesResponse
from oxide.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionStreamEvent,
    TranscriptionVerbose,
)

client = AsyncOpenAI()


async def vectors() -> None:
    response = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert_type(response, CreateEmbeddingResponse)
    assert_type(response.data[0].embedding, list[float])


async def sound(path: Path) -> None:
    with path.open("rb") as file:
        assert_type(await client.audio.transcriptions.create(model="whisper-1", file=file), Transcription)
    json = await client.audio.transcriptions.create(model="whisper-1", file=path, response_format="json")
    assert_type(json, Transcription)
    verbose = await client.audio.transcriptions.create(
        model="whisper-1",
        file=("a.wav", b"", "audio/wav"),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert_type(verbose, TranscriptionVerbose)
    diarized = await client.audio.transcriptions.create(model="m", file=b"", response_format="diarized_json")
    assert_type(diarized, TranscriptionDiarized)
    text = await client.audio.transcriptions.create(model="whisper-1", file=path, response_format="srt")
    assert_type(text, str)
    stream = await client.audio.transcriptions.create(model="m", file=path, stream=True)
    assert_type(stream, AsyncStream[TranscriptionStreamEvent])
    async for event in stream:
        if event.type == "transcript.text.delta":
            assert_type(event.delta, str)


async def speech(path: Path) -> None:
    whole = await client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.")
    assert_type(whole, HttpxBinaryResponseContent)
    assert_type(whole.content, bytes)
    whole.write_to_file(path)
    async with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="Hello.", response_format="mp3"
    ) as response:
        async for piece in response.iter_bytes(4096):
            assert_type(piece, bytes)
    async with client.files.with_streaming_response.content("file-1") as response:
        await response.stream_to_file(path)


async def pictures() -> None:
    assert_type(await client.images.generate(prompt="A cat.", model="gpt-image-1"), ImagesResponse)
    stream = await client.images.generate(prompt="A cat.", model="m", stream=True, partial_images=2)
    assert_type(stream, AsyncStream[ImageGenStreamEvent])
    async for event in stream:
        if event.type == "image_generation.partial_image":
            assert_type(event.partial_image_index, int)
        else:
            assert_type(event.usage.total_tokens, int)


asyncio.run(vectors())
