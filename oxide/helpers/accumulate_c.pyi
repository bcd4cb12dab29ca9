from typing import Any, final

from oxide.models.lazy_c import Later

@final
class Text:
    length: int
    def __init__(self, text: str = "") -> None: ...
    def append(self, piece: str) -> Any: ...
    def upto(self, length: int) -> str: ...
    @property
    def text(self) -> str: ...

@final
class TextAt(Later):
    def __init__(self, text: Text, length: int) -> None: ...

@final
class ParsedAt(Later):
    def __init__(self, text: Text, length: int) -> None: ...

@final
class Prefix(Later):
    def __init__(self, items: list[Any], length: int) -> None: ...

class Indexed(dict[int, Any]): ...

@final
class ArgumentScan:
    closed: bool
    def feed(self, piece: str) -> bool: ...

@final
class ChatTool:
    index: int
    entry: dict[str, Any]
    since: int
    function: dict[str, Any] | None
    arguments: Text | None
    scan: ArgumentScan
    strict: bool | None
    done: bool
    parsed: Any
    def __init__(self, index: int, entry: dict[str, Any], since: int) -> None: ...
    @property
    def name(self) -> str: ...

@final
class ChatChoice:
    index: int
    base: dict[str, Any]
    chunks: int
    message: dict[str, Any]
    content: Text | None
    refusal: Text | None
    finish_reason: str | None
    logprobs: dict[str, Any] | None
    content_logprobs: list[Any] | None
    refusal_logprobs: list[Any] | None
    tools: dict[int, ChatTool]
    places: dict[int, int]
    current: ChatTool | None
    content_done: bool
    refusal_done: bool
    content_logprobs_done: bool
    refusal_logprobs_done: bool
    parsed: Any
    def __init__(self, index: int, base: dict[str, Any]) -> None: ...

class ChatFields:
    chunk_event: Any
    content_delta_event: Any
    snapshot_later: Any
    latest: Any
    moderation: Any
    choices: dict[int, ChatChoice]
    rich: bool

def chat_events(state: ChatFields, chunk: Any) -> list[Any]: ...
def freeze(value: Any) -> Any: ...
def merge(acc: dict[str, Any], delta: dict[str, Any]) -> Any: ...
def plan_of(cls: Any) -> Any: ...
def plain(value: Any) -> Any: ...
def response_events(state: Any, event: Any) -> list[Any]: ...
def streamed_chat_events(state: ChatFields, raw: Any) -> list[Any]: ...
def taken(event: Any, name: str) -> Any: ...
