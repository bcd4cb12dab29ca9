"""The headers every request carries."""

from __future__ import annotations

import platform
import sys
from functools import lru_cache

from ._version import __version__


@lru_cache(maxsize=1)
def platform_headers() -> tuple[tuple[str, str], ...]:
    """What the official client tells about where it runs, under the same names, with oxide's version."""
    return (
        ("X-Stainless-Lang", "python"),
        ("X-Stainless-Package-Version", __version__),
        ("X-Stainless-OS", _system()),
        ("X-Stainless-Arch", _machine()),
        ("X-Stainless-Runtime", platform.python_implementation()),
        ("X-Stainless-Runtime-Version", ".".join(map(str, sys.version_info[:3]))),
        ("X-Stainless-Async", "async:asyncio"),
    )


def _system() -> str:
    # platform.system() starts a process on some systems; sys.platform is known already.
    names = {"linux": "Linux", "darwin": "MacOS", "win32": "Windows", "cygwin": "Windows"}
    for prefix in ("freebsd", "openbsd", "android", "ios"):
        if sys.platform.startswith(prefix):
            return {"freebsd": "FreeBSD", "openbsd": "OpenBSD", "android": "Android", "ios": "iOS"}[prefix]
    return names.get(sys.platform, f"Other:{sys.platform}")


def _machine() -> str:
    machine = platform.machine().lower()
    if machine in ("arm64", "aarch64"):
        return "arm64"
    if machine in ("x86_64", "amd64"):
        return "x64"
    if machine == "arm":
        return "arm"
    if machine in ("i386", "i686", "x86"):
        return "x32"
    return f"other:{machine}" if machine else "unknown"


def user_agent(client: str) -> str:
    """The User-Agent header.

    Args:
      client: class name of the client.
    """
    return f"oxide/{__version__} {client}/Python"


def environment_headers(text: str) -> dict[str, str]:
    """Headers out of `OPENAI_CUSTOM_HEADERS`.

    Args:
      text: one ``name: value`` a line; lines without a colon are skipped.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip()] = value.strip()
    return found
