"""Anthropic models behind servers of this API (OpenRouter, LiteLLM): how much of a prompt is cached.

    messages = [anthropic.cached_message({"role": "system", "content": long_text}, ttl="1h"), question]

A marked part is the end of a prefix that is cached; up to four parts may be marked. Anthropic's own endpoint
for OpenAI clients has no such mark.

Sources: https://docs.claude.com/en/docs/build-with-claude/prompt-caching,
https://openrouter.ai/docs/features/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, TypeVar, cast

from typing_extensions import NotRequired

__all__ = ["CacheControl", "cache_control", "cached", "cached_message"]

TTL = Literal["5m", "1h"]

PartT = TypeVar("PartT", bound=Mapping[str, Any])
MessageT = TypeVar("MessageT", bound=Mapping[str, Any])


class CacheControl(TypedDict):
    """The mark: `type` "ephemeral", and how long the prefix is kept; five minutes without `ttl`."""

    type: Literal["ephemeral"]
    ttl: NotRequired[TTL]


def cache_control(ttl: TTL | None = None) -> CacheControl:
    """The mark itself, for a place that the other functions do not reach.

    Args:
      ttl: "5m" or "1h"; None leaves it to the server, which takes five minutes.

    Raises:
      ValueError: there is no such time.
    """
    if ttl is None:
        return {"type": "ephemeral"}
    if ttl not in ("5m", "1h"):
        raise ValueError(f"ttl must be '5m' or '1h', not {ttl!r}")
    return {"type": "ephemeral", "ttl": ttl}


def cached(part: PartT, ttl: TTL | None = None) -> PartT:
    """A content part, or a tool, that ends a cached prefix.

    Args:
      part: a dict such as `{"type": "text", "text": ...}`.
      ttl: as for `cache_control`.

    Returns:
      A copy with the mark.
    """
    return cast("PartT", {**part, "cache_control": cache_control(ttl)})


def cached_message(message: MessageT, ttl: TTL | None = None) -> MessageT:
    """A message whose last content part ends a cached prefix.

    Args:
      message: a chat message with content: text, or a list of parts.
      ttl: as for `cache_control`.

    Returns:
      A copy with the mark; text has become a list of one part.

    Raises:
      ValueError: the message has no content to mark.
    """
    content: object = message.get("content")
    parts: list[Mapping[str, Any]]
    if isinstance(content, str):
        parts = [{"type": "text", "text": content}] if content else []
    else:
        parts = list(cast("Iterable[Mapping[str, Any]]", content or ()))
    if not parts:
        raise ValueError("the message has no content that could be cached")
    parts[-1] = cached(parts[-1], ttl)
    return cast("MessageT", {**message, "content": parts})
