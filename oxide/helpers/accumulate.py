"""Selects the backend that accumulates streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

if TYPE_CHECKING or not NATIVE:
    from .accumulate_py import (
        ArgumentScan,
        ChatChoice,
        ChatFields,
        ChatTool,
        Indexed,
        ParsedAt,
        Prefix,
        Text,
        TextAt,
        chat_events,
        freeze,
        merge,
        plain,
        plan_of,
        response_events,
        streamed_chat_events,
        taken,
    )
else:
    from .accumulate_c import (
        ArgumentScan,
        ChatChoice,
        ChatFields,
        ChatTool,
        Indexed,
        ParsedAt,
        Prefix,
        Text,
        TextAt,
        chat_events,
        freeze,
        merge,
        plain,
        plan_of,
        response_events,
        streamed_chat_events,
        taken,
    )

__all__ = [
    "ArgumentScan",
    "ChatChoice",
    "ChatFields",
    "ChatTool",
    "Indexed",
    "ParsedAt",
    "Prefix",
    "Text",
    "TextAt",
    "chat_events",
    "freeze",
    "merge",
    "plain",
    "plan_of",
    "response_events",
    "streamed_chat_events",
    "taken",
]
