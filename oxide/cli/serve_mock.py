"""`oxide serve-mock`: the embedded server until it is interrupted."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

from oxide.testing import RecordedRequest, Server
from oxide.testing.serve import run

from .failure import Failure

__all__ = ["main"]


def main(options: dict[str, Any], *, faults: tuple[int, ...], setup: str | None, quiet: bool) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: arguments of `Server`.
        faults: statuses for the first POST requests.
        setup: `module:function` that queues scripts.
        quiet: print nothing but the base URL.
    Raises:
        Failure: the address cannot be used, or an option makes no sense.
    """

    def announce(server: Server) -> None:
        print(server.base_url, flush=True)
        if quiet:
            return
        if options["unix"] is None and not _is_loopback(options["host"]):
            _say(f"listening on {options['host']}: other machines can reach this server")
        _say("serving until Ctrl-C")

    try:
        run(options, announce=announce, setup=setup, faults=faults, seen=None if quiet else _request)
    except (OSError, ValueError, ImportError) as error:
        raise Failure(f"serve-mock: {error}") from error


def _request(record: RecordedRequest) -> None:
    seconds = (record.finished or record.received) - record.received
    what = "client left" if record.aborted else record.status or "dropped"
    _say(f"{record.method} {record.target} {what} {seconds * 1000:.1f} ms")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
