"""openai-oxide's Python wheel: a Rust core, published for CPython 3.9 only, whose answers are JSON text."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from typing import Any

from bench.peers.host import KEY, BasePeer


class Peer(BasePeer):
    """Raw JSON in and out, as its own compatibility layer does.

    It has no chat streams, embeddings or structured outputs.
    """

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        return {"openai-oxide": version("openai-oxide")}

    async def start(self) -> None:
        if self.workload.streamed and self.workload.api == "chat":
            raise RuntimeError("it has no chat streams")
        if self.workload.api in ("embeddings", "parse"):
            raise RuntimeError(f"it has no {self.workload.api}")
        package: Any = importlib.import_module("openai_oxide")
        self._client = package.Client(api_key=KEY, base_url=f"{self.base}/{self.workload.name}/v1")

    async def call(self) -> int:
        if self.workload.api == "chat":
            answer = json.loads(await self._client.create_chat_raw(json.dumps(self.request)))
            return len(answer["choices"][0]["message"]["content"])
        return len(json.loads(await self._client.create_raw(json.dumps(self.request)))["output"])

    async def stream(self) -> int:
        total = 0
        async for text in await self._client.create_stream(self.request["model"], self.request["input"]):
            event = json.loads(text)
            if event["type"].endswith(".delta"):
                total += len(event["delta"])
        return total

    async def hold(self, reached: Any) -> int:
        count = 0
        async for text in await self._client.create_stream(self.request["model"], self.request["input"]):
            event = json.loads(text)
            count += len(event["type"])
            if event["type"] == "response.created":
                reached()
        return count
