"""What `oxide.chat` and `oxide.api_key = ...` answer: the module has no client behind it, and no settings."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__ = ["explain_missing", "refuse_settings"]

# Of the official module, where each is an option of the client as well.
_OPTIONS = frozenset(
    {
        "admin_api_key",
        "api_key",
        "base_url",
        "default_headers",
        "default_query",
        "http_client",
        "max_retries",
        "organization",
        "project",
        "timeout",
        "webhook_secret",
    }
)
_AZURE = frozenset({"api_type", "api_version", "azure_ad_token", "azure_ad_token_provider", "azure_endpoint"})


def explain_missing(name: str) -> str | None:
    """What to do instead of using a name of the official module's own client, or None.

    Args:
      name: what was looked up, or set.
    """
    if name in _OPTIONS:
        return f"oxide has no module-level settings: pass it to a client, oxide.AsyncOpenAI({name}=...)"
    if name in _AZURE:
        return "oxide has no module-level settings: make an oxide.AsyncAzureOpenAI(...)"
    from ._resources import RESOURCES

    if name in RESOURCES:
        return f"there is no module-level client: make client = oxide.AsyncOpenAI(), and use client.{name}"
    return None


class _Module(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Set and ignored, `oxide.base_url = ...` would send requests, and keys, to another server.
        if name in _OPTIONS or name in _AZURE:
            raise AttributeError(explain_missing(name))
        super().__setattr__(name, value)


def refuse_settings(package: str) -> None:
    """Refuse to set the official module's settings on a package.

    Args:
      package: its ``__name__``.
    """
    sys.modules[package].__class__ = _Module
