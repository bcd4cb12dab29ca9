"""The built-in behaviour of embeddings, speech, transcriptions and images."""

from __future__ import annotations

import random
import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._form import parse_form
from ._json import array
from ._refusal import Refusal, wrong_type
from ._text import tokenize
from .answers import Answer

if TYPE_CHECKING:
    from .api import Api
    from .journal import RecordedRequest

__all__ = ["Media"]

CREATED = 1_700_000_000
DIMENSIONS = 1536
AUDIO_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
RATE = 24_000


class Media:
    """Endpoints whose answers are numbers, sound or pictures.

    Args:
        api: the API they belong to.
    """

    def __init__(self, api: Api) -> None:
        self.api = api

    # -- embeddings --------------------------------------------------------------------------------

    def embeddings(self, record: RecordedRequest) -> Answer:
        """`POST /embeddings`: a vector of length 1 for each input, the same for the same input."""
        body = self.api.body(record, "input")
        size = body.get("dimensions", DIMENSIONS)
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise wrong_type("dimensions", "a positive integer", size)
        kind = body.get("encoding_format") or "float"
        if kind not in ("float", "base64"):
            raise Refusal(400, f"Invalid encoding_format: {kind!r}.", param="encoding_format")
        inputs = _inputs(body["input"])
        vectors = [_vector(repr(text), size) for text in inputs]
        tokens = sum(len(tokenize(t)) if isinstance(t, str) else len(t) for t in inputs)
        return self.api.whole(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": i, "embedding": _coded(v) if kind == "base64" else v}
                    for i, v in enumerate(vectors)
                ],
                "model": body["model"],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        )

    # -- sound -------------------------------------------------------------------------------------

    def speech(self, record: RecordedRequest) -> Answer:
        """`POST /audio/speech`: a fifth of a second of silence for each word (as wav and pcm)."""
        body = self.api.body(record, "input")
        kind = body.get("response_format") or "mp3"
        if kind not in AUDIO_TYPES:
            raise Refusal(400, f"Invalid response_format: {kind!r}.", param="response_format")
        words = max(len(str(body["input"]).split()), 1)
        pieces = [bytes(RATE // 5 * 2) for _ in range(words)]
        if kind == "wav":
            pieces.insert(0, _wav_header(sum(map(len, pieces))))
        if body.get("stream_format") == "sse":
            events: list[Any] = [
                {"type": "speech.audio.delta", "audio": b64encode(piece).decode()} for piece in pieces
            ]
            usage = {"input_tokens": words, "output_tokens": words * 10, "total_tokens": words * 11}
            events.append({"type": "speech.audio.done", "usage": usage})
            return self.api.stream(events, done=False)
        return Answer(
            tuple(pieces), headers={"Content-Type": AUDIO_TYPES[kind]}, delay=self.api.first_token, gap=0
        )

    def transcriptions(self, record: RecordedRequest) -> Answer:
        """`POST /audio/transcriptions`: the server's reply, in the format asked for."""
        return self._transcript(record, "transcribe")

    def translations(self, record: RecordedRequest) -> Answer:
        """`POST /audio/translations`: the server's reply, in the format asked for."""
        return self._transcript(record, "translate")

    def _transcript(self, record: RecordedRequest, task: str) -> Answer:
        form = self._form(record, "file")
        words, _ = self.api.words(record, form["file"].filename or "", None)
        text = "".join(words)
        if form.flag("stream") and task == "transcribe":
            events: list[Any] = [{"type": "transcript.text.delta", "delta": word} for word in words]
            events.append({"type": "transcript.text.done", "text": text})
            return self.api.stream(events, done=True)
        kind = form.text("response_format") or "json"
        end = len(words) * 0.25
        if kind in ("text", "srt", "vtt"):
            return Answer.text(_subtitles(kind, text, end), delay=self.api.first_token)
        answer: dict[str, Any] = {"text": text}
        if kind == "verbose_json":
            answer |= {"task": task, "language": "english", "duration": end}
            if task == "translate":
                answer["language"] = "english"
            answer["segments"] = [_segment(text, end)]
        elif kind == "diarized_json":
            answer |= {"task": task, "duration": end}
            part = {"type": "transcript.text.segment", "id": "seg_0", "start": 0.0, "end": end}
            answer["segments"] = [{**part, "text": text, "speaker": "A"}]
        elif kind != "json":
            raise Refusal(400, f"Invalid response_format: {kind!r}.", param="response_format")
        return self.api.whole(answer)

    def _form(self, record: RecordedRequest, *required: str) -> Any:
        form = parse_form(record)
        for name in ("model", *required):
            if name not in form and f"{name}[]" not in form:
                raise Refusal(
                    400,
                    f"Missing required parameter: '{name}'.",
                    code="missing_required_parameter",
                    param=name,
                )
        return form

    # -- pictures ----------------------------------------------------------------------------------

    def generate(self, record: RecordedRequest) -> Answer:
        """`POST /images/generations`: pictures of one pixel, coloured by the prompt."""
        body = self.api.body(record, "prompt")
        return self._pictures("image_generation", str(body["prompt"]), body)

    def edit(self, record: RecordedRequest) -> Answer:
        """`POST /images/edits`: as for generations; the pictures sent are not looked at."""
        kind = record.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            body = self.api.body(record, "prompt")
            return self._pictures("image_edit", str(body["prompt"]), body)
        form = self._form(record, "prompt", "image")
        body = {name: form.text(name) for name in ("n", "partial_images", "size", "quality")}
        return self._pictures("image_edit", form.text("prompt"), {**body, "stream": form.flag("stream")})

    def _pictures(self, kind: str, prompt: str, body: dict[str, Any]) -> Answer:
        count, partial = int(body.get("n") or 1), int(body.get("partial_images") or 0)
        picture = b64encode(_png(prompt)).decode()
        usage = {
            "input_tokens": len(tokenize(prompt)),
            "input_tokens_details": {"image_tokens": 0, "text_tokens": len(tokenize(prompt))},
            "output_tokens": 1,
            "total_tokens": len(tokenize(prompt)) + 1,
        }
        if body.get("stream"):
            facts = {
                "b64_json": picture,
                "background": "opaque",
                "created_at": CREATED,
                "output_format": "png",
                "quality": body.get("quality") or "low",
                "size": body.get("size") or "1024x1024",
            }
            events: list[Any] = [
                {"type": f"{kind}.partial_image", **facts, "partial_image_index": i} for i in range(partial)
            ]
            events.append({"type": f"{kind}.completed", **facts, "usage": usage})
            return self.api.stream(events, done=False)
        data = [{"b64_json": picture}] * count
        return self.api.whole({"created": CREATED, "data": data, "usage": usage})


def _inputs(value: object) -> Sequence[str | list[int]]:
    if isinstance(value, str):
        return [value]
    items = array(value)
    if items and all(isinstance(item, int) for item in items):
        return [items]
    if items and all(isinstance(item, str | list) for item in items):
        return items
    raise wrong_type("input", "a string or an array of strings or tokens", value)


def _vector(seed: str, size: int) -> list[float]:
    source = random.Random(zlib.crc32(seed.encode()))
    values = [source.gauss(0, 1) for _ in range(size)]
    length = sum(v * v for v in values) ** 0.5
    packed = struct.pack(f"<{size}f", *(v / length for v in values))
    # As the API has them: singles, written with all their digits.
    return list(struct.unpack(f"<{size}f", packed))


def _coded(vector: list[float]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _wav_header(size: int) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + form + b"data" + struct.pack("<I", size)


def _subtitles(kind: str, text: str, end: float) -> str:
    if kind == "text":
        return f"{text}\n"
    whole, part = divmod(round(end * 1000), 1000)
    mark = "," if kind == "srt" else "."
    times = f"00:00:00{mark}000 --> 00:{whole // 60:02}:{whole % 60:02}{mark}{part:03}"
    return f"1\n{times}\n{text}\n\n" if kind == "srt" else f"WEBVTT\n\n{times}\n{text}\n\n"


def _segment(text: str, end: float) -> dict[str, Any]:
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": end,
        "text": text,
        "tokens": list(range(len(text.split()))),
        "temperature": 0.0,
        "avg_logprob": -0.1,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    }


def _png(prompt: str) -> bytes:
    colour = zlib.crc32(prompt.encode()).to_bytes(4, "big")[:3]

    def block(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = block(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + block(b"IDAT", zlib.compress(b"\0" + colour)) + block(b"IEND", b"")
