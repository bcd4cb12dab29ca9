"""The baseline: a bare ``aiohttp.ClientSession`` and orjson, untyped, written by hand for speed."""

from __future__ import annotations

from array import array
from base64 import b64decode
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import aiohttp
import orjson

from bench.peers.host import KEY, BasePeer


def _vectors(answer: Any) -> int:
    """Base64 to lists of floats as the standard library does it fastest."""
    vectors = [array("f", b64decode(item["embedding"])).tolist() for item in answer["data"]]
    return sum(map(len, vectors))


def _report(answer: Any) -> int:
    """Structured output as one writes it by hand."""
    from bench.structured import Report

    return len(Report.model_validate_json(answer["output"][0]["content"][0]["text"]).rows)


_PATHS = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "parse": "/responses",
    "embeddings": "/embeddings",
}
_READERS: dict[str, Callable[[Any], int]] = {
    "chat": lambda r: len(r["choices"][0]["message"]["content"]),
    "responses": lambda r: len(r["output"]),
    "parse": _report,
    "embeddings": _vectors,
}


class Peer(BasePeer):
    """Reads lines from ``response.content`` and gives each ``data:`` line to orjson."""

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        return {"aiohttp": version("aiohttp"), "orjson": version("orjson")}

    async def start(self) -> None:
        self._url = f"{self.base}/{self.workload.name}/v1{_PATHS[self.workload.api]}"
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, headers=headers)
        self._body = {**self.request, "stream": True} if self.workload.streamed else self.request
        if self.workload.api == "embeddings":
            self._body = {**self.request, "encoding_format": "base64"}
        self._read = _READERS[self.workload.api]

    async def call(self) -> int:
        async with self._session.post(self._url, data=orjson.dumps(self._body)) as answer:
            answer.raise_for_status()
            return self._read(orjson.loads(await answer.read()))

    async def stream(self) -> int:
        return await (self._chat() if self.workload.api == "chat" else self._responses())

    async def _chat(self) -> int:
        total = 0
        async with self._session.post(self._url, data=orjson.dumps(self._body)) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if line.startswith(b"data: "):
                    if line == b"data: [DONE]\n":
                        break
                    delta = orjson.loads(line[6:])["choices"][0]["delta"]
                    total += len(delta.get("content") or "")
            await answer.content.read()
        return total

    async def _responses(self) -> int:
        total = 0
        async with self._session.post(self._url, data=orjson.dumps(self._body)) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if line.startswith(b"data: "):
                    event = orjson.loads(line[6:])
                    kind = event["type"]
                    if kind.endswith(".delta"):
                        total += len(event["delta"])
                    elif kind == "response.completed":
                        break
            await answer.content.read()
        return total

    async def hold(self, reached: Callable[[], None]) -> int:
        count = 0
        async with self._session.post(self._url, data=orjson.dumps(self._body)) as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    event = orjson.loads(line[6:])
                    count += len(event["type"])
                    if event["type"] == "response.created":
                        reached()
        return count

    async def stop(self) -> None:
        await self._session.close()
