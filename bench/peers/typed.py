"""The clients with the official SDK's interface: oxide, the official SDK, the same over aiohttp."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from bench.peers.host import KEY, BasePeer


class Peer(BasePeer):
    """``AsyncOpenAI`` of either package: reads the attributes whose keys the untyped peer reads."""

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        if name != "oxide":
            return {"openai": version("openai"), "pydantic": version("pydantic")}
        oxide = importlib.import_module("oxide")
        native = importlib.import_module("oxide._backend").NATIVE
        return {"oxide": version("oxide"), "native": str(native), "file": str(oxide.__file__)}

    async def start(self) -> None:
        package: Any = importlib.import_module("oxide" if self.name == "oxide" else "openai")
        more = {"http_client": package.DefaultAioHttpClient()} if self.name == "official-aiohttp" else {}
        base = f"{self.base}/{self.workload.name}/v1"
        self._client: Any = package.AsyncOpenAI(api_key=KEY, base_url=base, **more)
        self._create = self._client.chat.completions.create
        self._respond = self._client.responses.create
        self._embed = self._client.embeddings.create

    async def call(self) -> int:
        if self.workload.api == "chat":
            answer = await self._create(**self.request)
            return len(answer.choices[0].message.content)
        if self.workload.api == "embeddings":
            return sum(len(item.embedding) for item in (await self._embed(**self.request)).data)
        if self.workload.api == "parse":
            from bench.structured import Report

            parsed = await self._client.responses.parse(**self.request, text_format=Report)
            return len(parsed.output_parsed.rows)
        return len((await self._respond(**self.request)).output)

    async def stream(self) -> int:
        total = 0
        if self.workload.api == "chat":
            async for chunk in await self._create(**self.request, stream=True):
                total += len(chunk.choices[0].delta.content or "")
            return total
        async for event in await self._respond(**self.request, stream=True):
            if event.type.endswith(".delta"):
                total += len(event.delta)
        return total

    async def helper(self) -> int:
        total = 0
        if self.workload.api == "chat":
            async with self._client.chat.completions.stream(**self.request) as stream:
                async for event in stream:
                    if event.type == "content.delta":
                        total += len(event.snapshot)
                final = await stream.get_final_completion()
            return total + len(final.choices[0].message.content)
        async with self._client.responses.stream(**self.request) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    total += len(event.snapshot)
            return total + len((await stream.get_final_response()).output_text)

    async def hold(self, reached: Callable[[], None]) -> int:
        count = 0
        async for event in await self._respond(**self.request, stream=True):
            count += len(event.type)
            if event.type == "response.created":
                reached()
        return count

    async def stop(self) -> None:
        await self._client.close()
