"""An answer whose bytes are fed by hand, for the tests of the event iterator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from oxide.models import BaseModel
from oxide.transport.facts import Headers, RequestFacts, ResponseFacts


class Event(BaseModel):
    type: str | None = None
    delta: str | None = None


class Answer:
    """What the iterator asks of an answer; keeps a record of what it was told."""

    def __init__(
        self, *, kind: bytes = b"text/event-stream", idle: float | None = None, first: float | None = None
    ):
        self.loop = asyncio.get_running_loop()
        self.request = SimpleNamespace(
            timeout=SimpleNamespace(stream_idle=idle, first_event=first), deadline=None
        )
        self.attempt = SimpleNamespace(deadline_at=None, started_at=self.loop.time())
        self.kind = kind
        self.headers = Headers([("content-type", kind.decode())])
        self.told: list[str] = []
        self.sink: Any = None

    def header(self, name: bytes) -> bytes | None:
        return self.kind if name == b"content-type" else None

    def facts(self) -> ResponseFacts:
        return ResponseFacts(200, self.headers, request=RequestFacts("POST", "http://x/v1/responses"))

    def bind(self, sink: Any) -> None:
        self.sink = sink

    def resume_reading(self) -> None:
        self.told.append("resume")

    def abort(self) -> None:
        self.told.append("abort")

    def expect_end(self, seconds: float) -> None:
        self.told.append("expect_end")

    def feed(self, *events: object, end: bool = False) -> bool:
        data = b"".join(
            e if isinstance(e, bytes) else b"data: " + json.dumps(e).encode() + b"\n\n" for e in events
        )
        full = bool(self.sink.feed_data(data))
        if end:
            self.sink.feed_eof()
        return full


Make = Callable[..., tuple[Answer, Any]]

DELTA = {"type": "response.output_text.delta", "delta": "é"}
DONE = b"data: [DONE]\n\n"


async def drain(stream: Any) -> list[Any]:
    return [event async for event in stream]
