from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable
from typing import Any

class EventStream:
    count: int
    def __init__(
        self,
        answer: Any,
        factory: Any,
        loop: AbstractEventLoop,
        *,
        choices: int = 1,
        max_event: int = 0,
        max_line: int = 0,
        high_water: int = 262144,
    ) -> None: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...
    def __anext__(self) -> Awaitable[Any]: ...
    def close(self) -> None: ...

def _live_objects() -> dict[str, int]: ...
