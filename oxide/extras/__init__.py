"""What servers other than OpenAI's take besides the API: typed values for `extra_body`, headers, `base_url`.

Nothing here sends anything: each function returns what goes into a call or a client. `openrouter`: provider
preferences, sessions, attribution; `cloudflare`: the AI gateway; `anthropic`: cache control on content parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from . import anthropic as anthropic
    from . import cloudflare as cloudflare
    from . import openrouter as openrouter
else:
    _NAMES = {name: f".{name}:" for name in ("anthropic", "cloudflare", "openrouter")}
    __getattr__, __dir__ = lazy_names(__name__, _NAMES)

__all__ = ["anthropic", "cloudflare", "openrouter"]
