"""Validation alone: pydantic over the text of the structured answer, which lies in memory."""

from __future__ import annotations

from importlib.metadata import version

from bench import shapes
from bench.peers.host import BasePeer


class Peer(BasePeer):
    """What no client can be faster than: ``Report.model_validate_json`` of the text."""

    @staticmethod
    def versions(name: str) -> dict[str, str]:
        return {"pydantic": version("pydantic")}

    async def start(self) -> None:
        from bench.structured import Report

        self._type = Report
        self._text: str = shapes.structured_response()["output"][0]["content"][0]["text"]

    async def call(self) -> int:
        return len(self._type.model_validate_json(self._text).rows)

    async def stop(self) -> None:
        """There is nothing to close."""
