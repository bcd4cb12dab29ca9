"""What the handler of assistant streams is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oxide.models.lazy import Later

from .accumulate import freeze, merge, plain

if TYPE_CHECKING:
    from typing_extensions import Self

    from .assistants import AsyncAssistantEventHandler

__all__ = ["Frozen", "TextDeltas", "growing"]


class Frozen(Later):
    """What was merged so far, as values, at the time it is read."""

    def __init__(self, acc: Any) -> None:
        self._acc = acc

    def resolve(self) -> Any:
        """The values."""
        return freeze(self._acc)


def growing(value: Any) -> Any:
    """A value as `merge` wants it: lists of objects by index, strings that grow."""
    acc: dict[str, Any] = {}
    merge(acc, plain(value))
    return acc


class TextDeltas:
    """The pieces of text of a handler's events."""

    def __init__(self, handler: AsyncAssistantEventHandler) -> None:
        self._handler = handler
        self._pieces: list[str] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while not self._pieces:
            event: Any = await self._handler.__anext__()
            if event.event == "thread.message.delta":
                for piece in event.data.delta.content or ():
                    if piece.type == "text" and piece.text and piece.text.value:
                        self._pieces.append(piece.text.value)
        return self._pieces.pop(0)
