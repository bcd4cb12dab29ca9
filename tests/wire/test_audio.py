"""Speech, transcriptions and translations over each lane, side by side with the official SDK."""

from __future__ import annotations

import io
import json
import wave
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide._binary import AsyncStreamedBinaryAPIResponse
from oxide.testing import Answer, Server
from oxide.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

SOUND = ("hello.wav", b"RIFF not really", "audio/wav")


@pytest_asyncio.fixture
async def client(lane: str, oxide_server: Server) -> AsyncIterator[oxide.AsyncOpenAI]:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


@pytest_asyncio.fixture
async def official(oxide_server: Server) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


def plain(value: Any) -> Any:
    return value if isinstance(value, str) else value.to_dict()


TRANSCRIPTIONS: list[tuple[Any, type[Any]]] = [
    (None, Transcription),
    ("json", Transcription),
    ("verbose_json", TranscriptionVerbose),
    ("diarized_json", TranscriptionDiarized),
    ("text", str),
    ("srt", str),
    ("vtt", str),
]


@pytest.mark.parametrize(("wanted", "kind"), TRANSCRIPTIONS, ids=str)
async def test_transcriptions(
    client: Any, official: Any, oxide_server: Server, wanted: str | None, kind: type[Any]
) -> None:
    given: dict[str, Any] = {} if wanted is None else {"response_format": wanted}
    given |= {"file": SOUND, "model": "m", "temperature": 0.5, "timestamp_granularities": ["word"]}
    ours = await client.audio.transcriptions.create(**given)
    theirs = await official.audio.transcriptions.create(**given)
    assert type(ours) is kind
    assert type(ours).__name__ == type(theirs).__name__
    assert plain(ours) == plain(theirs)
    raw = await client.audio.transcriptions.with_raw_response.create(**given)
    assert plain(raw.parse()) == plain(theirs)
    async with client.audio.transcriptions.with_streaming_response.create(**given) as unread:
        assert plain(await unread.parse()) == plain(theirs)
    assert oxide_server.journal[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (None, Translation),
        ("json", Translation),
        ("verbose_json", TranslationVerbose),
        ("text", str),
        ("srt", str),
        ("vtt", str),
    ],
    ids=str,
)
async def test_translations(client: Any, official: Any, wanted: str | None, kind: type[Any]) -> None:
    given: dict[str, Any] = {} if wanted is None else {"response_format": wanted}
    with pytest.warns(DeprecationWarning, match="deprecated"):
        ours = await client.audio.translations.create(file=SOUND, model="m", **given)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        theirs = await official.audio.translations.create(file=SOUND, model="m", **given)
    assert type(ours) is kind
    assert plain(ours) == plain(theirs)


async def test_a_format_nobody_knows(
    client: Any, oxide_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    oxide_server.script("/audio/transcriptions", Answer.json({"text": "t"}))
    got = await client.audio.transcriptions.create(file=SOUND, model="m", response_format="brand_new")
    assert type(got) is Transcription
    assert (
        "response_format='brand_new' is not known to this version; the answer is read as JSON" in caplog.text
    )


async def test_streamed_transcription(client: Any, official: Any, oxide_server: Server) -> None:
    stream = await client.audio.transcriptions.create(file=SOUND, model="m", stream=True)
    assert isinstance(stream, oxide.AsyncStream)
    ours = [event async for event in stream]
    theirs = [e async for e in await official.audio.transcriptions.create(file=SOUND, model="m", stream=True)]
    assert [e.to_dict() for e in ours] == [e.to_dict() for e in theirs]
    assert {type(e) for e in ours[:-1]} == {TranscriptionTextDeltaEvent}
    assert type(ours[-1]) is TranscriptionTextDoneEvent
    assert "".join(e.delta for e in ours[:-1]) == ours[-1].text
    assert oxide_server.journal[0].headers["Accept"] == "text/event-stream"


async def test_a_transcription_that_breaks_off(client: Any, oxide_server: Server) -> None:
    delta = {"type": "transcript.text.delta", "delta": "a"}
    oxide_server.script("/audio/transcriptions", Answer.sse([delta]))
    stream = await client.audio.transcriptions.create(file=SOUND, model="m", stream=True)
    with pytest.raises(oxide.APIStreamTruncatedError) as info:
        async for _ in stream:
            pass
    assert info.value.partial.count == 1


async def test_a_transcription_without_done(client: Any, oxide_server: Server) -> None:
    done = {"type": "transcript.text.done", "text": "a"}
    oxide_server.script("/audio/transcriptions", Answer.sse([done]))
    stream = await client.audio.transcriptions.create(file=SOUND, model="m", stream=True)
    assert [e.text async for e in stream] == ["a"]


async def test_speech(client: Any, official: Any, oxide_server: Server, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "model": "m",
        "voice": "alloy",
        "input": "one two three",
        "response_format": "wav",
        "speed": 1.5,
    }
    ours = await client.audio.speech.create(**given)
    theirs = await official.audio.speech.create(**given)
    assert ours.content == theirs.content
    own, other = oxide_server.journal
    assert own.json() == other.json()
    assert own.headers["Accept"] == other.headers["Accept"] == "application/octet-stream"
    with wave.open(io.BytesIO(ours.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(0.6)
    async with client.audio.speech.with_streaming_response.create(**given) as response:
        assert type(response) is AsyncStreamedBinaryAPIResponse
        assert response.headers["content-type"] == "audio/wav"
        await response.stream_to_file(tmp_path / "speech.wav")
    assert (tmp_path / "speech.wav").read_bytes() == ours.content


async def test_speech_as_events(client: Any, official: Any) -> None:
    given: dict[str, Any] = {"model": "m", "voice": {"id": "v"}, "input": "one two", "stream_format": "sse"}
    lines: list[list[str]] = []
    for asked in (client, official):
        async with asked.audio.speech.with_streaming_response.create(**given) as response:
            lines.append([line async for line in response.iter_lines()])
    assert lines[0] == lines[1]
    events = [json.loads(line[6:]) for line in lines[0] if line.startswith("data: ")]
    assert [e["type"] for e in events] == ["speech.audio.delta"] * 2 + ["speech.audio.done"]
    assert len(b64decode(events[0]["audio"])) == 9600
    whole = await client.audio.speech.create(**given)
    assert whole.text == (await official.audio.speech.create(**given)).text


async def test_speech_refused(client: Any) -> None:
    with pytest.raises(oxide.BadRequestError, match="response_format"):
        await client.audio.speech.create(model="m", voice="v", input="x", response_format="tape")
    with pytest.raises(oxide.BadRequestError, match="response_format"):
        async with client.audio.speech.with_streaming_response.create(
            model="m", voice="v", input="x", response_format="tape"
        ):
            pass
