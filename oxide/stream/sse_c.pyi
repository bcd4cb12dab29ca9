from typing import Any

class ServerSentEvent:
    event: str | None
    data: str
    id: str | None
    retry: int | None
    def __init__(
        self,
        *,
        event: str | None = None,
        data: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> None: ...
    def json(self) -> Any: ...

class SSEDecoder:
    def __new__(cls, max_event: int = ..., max_line: int = ...) -> SSEDecoder: ...
    def feed(self, data: bytes | bytearray | memoryview) -> list[ServerSentEvent]: ...
    def close(self) -> list[ServerSentEvent]: ...

def _live_objects() -> dict[str, int]: ...
