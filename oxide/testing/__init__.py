"""The embedded OpenAI-compatible server, its scripted answers and faults, and the journal of what it saw.

`Server` speaks the wire format of the OpenAI API over real sockets, so any client can be tested against it::

    async with Server() as server:
        client = AsyncOpenAI(api_key="x", base_url=server.base_url)
        server.script("/chat/completions", Answer.error(429, retry_after=0.1))

The pytest fixtures `oxide_server` and `oxide_client` come from `oxide.testing.plugin`, which pytest finds by
itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answers import Answer
    from .journal import Journal, RecordedRequest
    from .remote import ServerProcess, ServerThread
    from .server import Server

__all__ = ["Answer", "Journal", "RecordedRequest", "Server", "ServerProcess", "ServerThread"]

_HOMES = {
    "Answer": "answers",
    "Journal": "journal",
    "RecordedRequest": "journal",
    "Server": "server",
    "ServerProcess": "remote",
    "ServerThread": "remote",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
