from typing import Any

from .markers import ValidationMode

class EventFactory:
    def __init__(self, type_: Any, validation: ValidationMode = "lazy") -> None: ...
    def make_event(self, name: str | None, data: bytes) -> Any: ...
