"""What the decoder does with an event that is larger than it may be."""

from __future__ import annotations

from oxide.constants import DEFAULT_MAX_EVENT

__all__ = ["DEFAULT_MAX", "EventLimitError", "check_limit"]

DEFAULT_MAX = DEFAULT_MAX_EVENT
"""Bytes: the default of both caps."""


class EventLimitError(ValueError):
    """A server-sent event, or one line of it, is larger than the decoder was told to accept.

    Attributes:
        setting: the argument to raise, ``"max_event"`` or ``"max_line"``.
        limit: its value, in bytes.
        size: how many bytes had arrived when decoding stopped.
    """

    def __init__(self, setting: str, limit: int, size: int) -> None:
        what = "event" if setting == "max_event" else "line"
        super().__init__(
            f"a server-sent {what} has {size:,} bytes or more, above the cap of {limit:,}: raise {setting}="
        )
        self.setting = setting
        self.limit = limit
        self.size = size

    def __reduce__(self) -> tuple[type[EventLimitError], tuple[str, int, int]]:
        return type(self), (self.setting, self.limit, self.size)


def check_limit(setting: str, value: int) -> int:
    """Validates a cap.

    Args:
        setting: its name, for the message.
        value: bytes.

    Returns:
        The value.

    Raises:
        ValueError: when it is below 1.
    """
    if value < 1:
        raise ValueError(f"{setting} must be at least 1 byte, not {value}")
    return value
