"""TLS contexts, built once and shared: each costs 11 ms of CPU and half a megabyte."""

from __future__ import annotations

import os
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .settings import HTTPOptions

__all__ = ["context_for"]

_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
_lock = threading.Lock()


def _environment() -> tuple[str | None, str | None]:
    return (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


# aiohttp builds a context like our default one when it is imported. Where the import is ours, what the
# environment named at that moment is known, and one context serves.
_of_aiohttp = None if "aiohttp.connector" in sys.modules else _environment()

import aiohttp.connector  # noqa: E402, F401  # pyright: ignore[reportUnusedImport]


def _stamp(path: str) -> tuple[str, int]:
    # A renewed certificate file is a new key: new clients see it, old ones keep what they have.
    return (path, os.stat(path).st_mtime_ns)


def context_for(options: HTTPOptions) -> ssl.SSLContext | Literal[True]:
    """The TLS context for a client's settings.

    Args:
        options: the client's settings.

    Returns:
        A context shared by every client with the same ``verify`` and ``cert``; True for the one that aiohttp
        itself uses by default.

    Raises:
        OSError: a certificate file is missing or unreadable (``ssl.SSLError`` included).
    """
    verify = options.verify
    if isinstance(verify, ssl.SSLContext):
        return verify
    cert = options.cert
    if verify is True and cert is None and _environment() == _of_aiohttp:
        return True
    files: tuple[str, ...] = () if cert is None else (cert,) if isinstance(cert, str) else cert
    key: tuple[object, ...] = (
        verify if isinstance(verify, bool) else _stamp(os.fspath(verify)),
        tuple(_stamp(path) for path in files[:2]),
        files[2:],
        *_environment(),
    )
    with _lock:
        context = _contexts.get(key)
        if context is None:
            context = _contexts[key] = _build(verify, files)
    return context


def _build(verify: bool | str | os.PathLike[str], files: tuple[str, ...]) -> ssl.SSLContext:
    if isinstance(verify, bool):
        context = ssl.create_default_context()
    else:
        path = os.fspath(verify)
        folder = os.path.isdir(path)
        context = ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if files:
        context.load_cert_chain(*files)
    return context


def _after_fork() -> None:
    # Another thread may have held the lock at the moment of the fork.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
