"""`python -m oxide._codegen sync|render [--check] [--sdk openai] [--spec openapi.json]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import facts, router, sync


def main(argv: list[str] | None = None) -> int:
    """Run the generator.

    Args:
      argv: arguments, those of the process by default.

    Returns:
      0, or 1 when ``--check`` finds a difference.
    """
    parser = argparse.ArgumentParser(prog="python -m oxide._codegen", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("sync", help="read the SDK into facts.json, then render")
    gather.add_argument("--sdk", default="openai", help="import name of the official SDK")
    gather.add_argument("--spec", type=Path, help="OpenAPI description, JSON, gzipped or not")
    render = commands.add_parser("render", help="render from the committed facts alone")
    for command in (gather, render):
        command.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args(argv)
    committed = facts.load() if facts.FACTS_FILE.exists() else None
    if options.command == "sync":
        described = facts.gather(options.sdk, options.spec, committed)
    elif committed is None:
        parser.error("no facts.json yet; run: python -m oxide._codegen sync --spec openapi.json")
    else:
        described = committed
    files = sync.wanted(described)
    if options.check:
        wrong = sync.drift(files)
        for name in wrong:
            print(f"differs: {name}")
        hint = "; run: python -m oxide._codegen sync" if wrong else ""
        print(f"{len(files)} generated files, {len(wrong)} differ{hint}")
        return router.main(["--check"]) or (1 if wrong else 0)
    router.main(["--spec", str(options.spec)] if getattr(options, "spec", None) else [])
    changed = sync.write(files)
    print(f"{len(files)} generated files, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
