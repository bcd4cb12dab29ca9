"""What is installed and what is in use, as plain values; `oxide doctor` and `oxide demo` show it."""

from __future__ import annotations

import asyncio
import os
import platform
import ssl
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import Any

from oxide.transport.facts import redact_url

__all__ = ["collect", "dispatch"]

_PACKAGES = ("aiohttp", "httptools", "orjson", "pydantic", "pydantic-core", "yarl", "typer", "rich")
_VARIABLES = (
    "OPENAI_BASE_URL",
    "OPENAI_LOG",
    "OXIDE_BACKEND",
    "OXIDE_ISA",
    "OXIDE_LANE",
    "PYTHONASYNCIODEBUG",
)
_SECRETS = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET", "AZURE_OPENAI_API_KEY")


def collect() -> dict[str, Any]:
    """Everything `oxide doctor` prints.

    Returns:
        A JSON object; `problems` lists what keeps oxide from working as asked, each with the next step.
    """
    problems: list[str] = []
    facts: dict[str, Any] = {
        "oxide": {"version": _installed("oxide"), **dispatch(problems)},
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            "build": sysconfig.get_config_var("SOABI"),
            "platform": platform.platform(),
            "executable": sys.executable,
        },
        "packages": {name: _installed(name) for name in _PACKAGES},
        "tls": {"library": ssl.OPENSSL_VERSION, "minimum": _minimum_tls(), "ca_file": _ca_file()},
        "event_loop": {"default": _default_loop(), "uvloop": _installed("uvloop")},
        "decoders": _decoders(),
        "environment": {
            **{name: redact_url(os.environ[name]) for name in _VARIABLES if name in os.environ},
            **{name: "set" for name in _SECRETS if os.environ.get(name)},
        },
        "problems": problems,
    }
    problems += _too_old()
    return facts


def dispatch(problems: list[str]) -> dict[str, Any]:
    """Which implementation runs here and on which instruction set.

    Args:
        problems: gets a line for what cannot be used.
    """
    found: dict[str, Any] = {
        "implementation": None,
        "forced": os.environ.get("OXIDE_BACKEND") or None,
        "isa": None,
        "isa_rows": [],
        "isa_forced": os.environ.get("OXIDE_ISA") or None,
        "simdjson": None,
    }
    try:
        from oxide import _backend
    except ImportError as error:
        problems.append(str(error))
        return found
    found["implementation"] = _backend.BACKEND
    if _backend.NATIVE:
        from oxide import cpu_c
        from oxide.json import json_c

        found.update(isa=cpu_c.active_row(), isa_rows=cpu_c.usable_rows(), machine=cpu_c.machine())
        found["simdjson"] = json_c.implementation()
    return found


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _too_old() -> list[str]:
    """Requirements of this installation that are missing or older than tested."""
    problems: list[str] = []
    try:
        lines = requires("oxide") or []
    except PackageNotFoundError:
        return ["oxide is not installed, only imported from a folder: pip install ."]
    for line in lines:
        if ";" in line:
            continue
        name, _, wanted = line.partition(">=")
        found = _installed(name.strip())
        if found is None:
            problems.append(f"{name} is missing: pip install '{line}'")
        elif wanted and _numbers(found) < _numbers(wanted):
            problems.append(f"{name} {found} is older than {wanted}: pip install '{line}'")
    return problems


def _numbers(text: str) -> tuple[int, ...]:
    parts: list[int] = []
    for part in text.split("."):
        digits = "".join(c for c in part if c.isdigit())
        if not part.isdigit():
            parts += [int(digits)] if digits and part[0].isdigit() else []
            break
        parts.append(int(digits))
    return tuple(parts)


def _minimum_tls() -> str:
    return ssl.create_default_context().minimum_version.name.replace("_", ".")


def _ca_file() -> str | None:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath


def _default_loop() -> str:
    loop = asyncio.new_event_loop()
    try:
        return f"{type(loop).__module__.partition('.')[0]}.{type(loop).__name__}"
    finally:
        loop.close()


def _decoders() -> dict[str, str | None]:
    """Content codings → what decodes them; None where it is not installed."""
    third_party = {
        "br": next((p for p in ("brotli", "brotlicffi") if find_spec(p)), None),
        "zstd": next((p for p in ("zstandard", "compression.zstd") if _has(p)), None),
    }
    return {"gzip": "zlib", "deflate": "zlib", **third_party}


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
