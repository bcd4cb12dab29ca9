"""`python -m oxide.testing`: the embedded server in a process of its own, without the CLI's dependencies."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .serve import run

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Parse the options, print the base URL as the first line of stdout and serve until SIGINT or SIGTERM.

    Returns:
        Exit status: 0 after a signal, 1 where the address cannot be used, 2 for wrong options.
    """
    parser = argparse.ArgumentParser(prog="python -m oxide.testing", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="interface to listen on")
    parser.add_argument("--port", type=int, default=0, help="TCP port, 0 for a free one")
    parser.add_argument("--unix", help="Unix socket to listen on")
    parser.add_argument("--api-key", help="key to demand")
    parser.add_argument("--reply", help="text of every answer")
    parser.add_argument("--echo", action="store_true", help="answer with the last user text")
    parser.add_argument("--tokens", type=int, help="length of every answer in tokens")
    parser.add_argument("--tokens-per-second", type=float, help="pace of streams")
    parser.add_argument("--first-token", type=float, default=0.0, help="seconds to the first token")
    parser.add_argument("--setup", help="module:function called with the Server before it listens")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop")
    options: dict[str, Any] = vars(parser.parse_args(argv))
    setup, uvloop = options.pop("setup"), options.pop("uvloop")
    try:
        run(options, announce=lambda server: print(server.base_url, flush=True), setup=setup, uvloop=uvloop)
    except (OSError, ValueError, ImportError) as error:
        print(f"oxide.testing: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
