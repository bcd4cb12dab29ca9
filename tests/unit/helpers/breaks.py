"""Streams of responses that break, for tests: where they do, what comes of them, what hooks hear."""

from __future__ import annotations

from typing import Any

import oxide
from oxide.testing import Answer, Server
from oxide.transport.retry import DefaultRetryPolicy

FAST = DefaultRetryPolicy(initial=0.001)


def client_of(server: Server, **more: Any) -> oxide.AsyncOpenAI:
    return oxide.AsyncOpenAI(base_url=server.base_url, api_key="k", retry_policy=FAST, **more)


async def numbers(stream: Any) -> list[int]:
    return [event.sequence_number async for event in stream]


async def gather(source: Any, seen: list[Any], name: str) -> None:
    async for item in source:
        seen.append(getattr(item, name))


def broken_at(server: Server, record: Any, events: int) -> Answer:
    answer = server.api.answer(record)
    return answer.but(disconnect_after=sum(map(len, answer.body[:events])))


class Told(oxide.Hooks):
    """What hooks heard, in few words."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.contexts: set[int] = set()
        self.indexes: list[int] = []

    def on_request(self, request: Any) -> None:
        self.heard.append(request.method)
        self.contexts.add(id(request.context))

    def on_response(self, response: Any) -> None:
        self.heard.append(str(response.status_code))

    async def on_retry(self, retry: Any) -> None:
        self.heard.append(f"retry: {retry.reason}")
        assert retry.wait >= 0
        self.contexts.add(id(retry.context))

    def on_stream_event(self, event: Any) -> None:
        self.indexes.append(event.index)
        self.contexts.add(id(event.context))

    async def on_error(self, error: Any) -> None:
        self.heard.append(f"error: {error.reason}")
