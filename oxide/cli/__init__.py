"""The command `oxide`: `demo`, `doctor`, `serve-mock`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Entry point of the `oxide` command.

    Returns:
        Exit status: 0 well, 1 failed, 2 wrong usage, 130 interrupted. Without the packages of the `cli`
        extra it says how to install them and returns 1.
    """
    try:
        from .app import run
    except ModuleNotFoundError as error:
        if error.name not in ("rich", "typer"):
            raise
        print(f"the oxide command needs {error.name}: pip install 'oxide[cli]'", file=sys.stderr)
        return 1
    return run()
