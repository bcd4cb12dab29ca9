"""Convenience properties of generated models; each class stands before BaseModel in the model's bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class ResponseProperties:
    """What `Response` has beyond the fields of an answer."""

    if TYPE_CHECKING:
        output: Any

    @property
    def output_text(self) -> str:
        """All text the model wrote: the `output_text` parts of every message in `output`, joined.

        Returns:
          The text; empty when the answer holds none.
        """
        parts: list[str] = []
        for item in self.output or ():
            if item.type == "message":
                parts.extend(part.text for part in item.content or () if part.type == "output_text")
        return "".join(parts)


class SessionMessageProperties:
    """What `AgentSessionMessage` has beyond the fields of an answer."""

    if TYPE_CHECKING:
        content: Any

    @property
    def output_text(self) -> str:
        """All text of the message: its `output_text` parts, joined.

        Returns:
          The text; empty when the message holds none.
        """
        return "".join(part.text for part in self.content or () if part.type == "output_text")
