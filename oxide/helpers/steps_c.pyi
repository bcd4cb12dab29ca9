from collections.abc import Awaitable, Callable
from typing import Any

from typing_extensions import Self

class HelperSteps:
    _raw_events: Any
    _failure: BaseException | None
    _ended: bool
    def __init__(self, raw_events: Any, handle: Callable[[Any, Any], list[Any]], state: Any) -> None: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Awaitable[Any]: ...
