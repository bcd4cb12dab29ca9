"""What the models of parsed answers have beyond their fields; each class stands first in a model's bases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

__all__ = ["ParsedCall", "ParsedMessage", "ParsedOutput", "ParsedText"]

ContentT = TypeVar("ContentT")


class ParsedText:
    """Of a text part: `parsed` is ours, and not sent when the part is part of a request."""

    __api_exclude__: ClassVar[set[str]] = {"parsed"}


class ParsedCall:
    """Of a function call: `parsed_arguments` is ours, and not sent."""

    __api_exclude__: ClassVar[set[str]] = {"parsed_arguments"}


class ParsedMessage:
    """Of a message: what its parts leave out, left out of the message too."""

    if TYPE_CHECKING:
        content: Any

    @property
    def __api_exclude__(self) -> dict[str, object]:
        """What a request that holds this message does not send, by the position of the part."""
        found: dict[int, object] = {}
        parts: list[object] = self.content or []
        for index, part in enumerate(parts):
            if isinstance(part, ParsedText):
                found[index] = part.__api_exclude__
        return {"content": found} if found else {}


class ParsedOutput(Generic[ContentT]):
    """Of a response: what the model wrote, as an object."""

    if TYPE_CHECKING:
        output: Any

    @property
    def output_parsed(self) -> ContentT | None:
        """The first text part that was parsed.

        Returns:
          The object made of it, or None when no part holds one.
        """
        for item in self.output or ():
            if item.type == "message":
                for part in item.content or ():
                    if part.type == "output_text" and part.parsed:
                        return cast("ContentT", part.parsed)
        return None
