"""`python -m oxide._codegen sync|render|coverage [--check] [--diff] [--sdk openai] [--spec openapi.json]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import changes, coverage, facts, intermediate, router, sync
from .intermediate import Facts


def main(argv: list[str] | None = None) -> int:
    """Run the generator.

    Args:
      argv: arguments, those of the process by default.

    Returns:
      0, or 1 when ``--check`` finds a difference, or ``coverage`` something that is not reached.
    """
    parser = argparse.ArgumentParser(prog="python -m oxide._codegen", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("sync", help="read the SDK and the API's description, then render")
    gather.add_argument("--sdk", default="openai", help="import name of the official SDK")
    gather.add_argument(
        "--spec", type=Path, help="OpenAPI description, JSON or YAML, gzipped or not; else the committed one"
    )
    gather.add_argument(
        "--diff", action="store_true", help="write nothing, list what changed since the committed facts"
    )
    render = commands.add_parser("render", help="render from the committed facts alone")
    for command in (gather, render):
        command.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    reach = commands.add_parser("coverage", help="how much of the API is reached; fails below 100 %%")
    reach.add_argument("--sdk", default="openai", help="import name of the official SDK")
    options = parser.parse_args(argv)
    if options.command == "coverage":
        report = coverage.measure(sdk=options.sdk)
        print("\n".join(report.lines()))
        return 0 if report.complete else 1
    spec: Path | None = getattr(options, "spec", None)
    if spec is None and not intermediate.SPEC_FILE.exists():
        parser.error("no openapi.json yet; run: python -m oxide._codegen sync --spec openapi.json")
    described = intermediate.load() if spec is None else intermediate.reduced(*intermediate.read(spec))
    wanted = facts.load() if options.command == "render" else facts.gather(options.sdk, described)
    if getattr(options, "diff", False):
        print("\n".join(difference(described, wanted)) or "nothing changed")
        return 0
    files = sync.wanted(wanted, described)
    if options.check:
        wrong = sync.drift(files)
        for name in wrong:
            print(f"differs: {name}")
        if wrong:
            print("\n".join(difference(described, wanted)))
        hint = "; run: python -m oxide._codegen sync" if wrong else ""
        print(f"{len(files)} generated files, {len(wrong)} differ{hint}")
        return router.main(["--check"]) or (1 if wrong else 0)
    changed = sync.write(files)
    router.main(["--spec", str(intermediate.SPEC_FILE)])
    print(f"{len(files)} generated files, {len(changed)} changed")
    return 0


def difference(described: Facts, gathered: Facts) -> list[str]:
    """What the given description and facts have that the committed ones do not, and the other way round.

    Args:
      described: an intermediate OpenAPI description.
      gathered: facts of the SDK.

    Returns:
      Lines as `oxide._codegen.changes` makes them, those of the versions first.
    """
    lines: list[str] = []
    committed = facts.load() if facts.FACTS_FILE.exists() else None
    if committed is not None:
        for key in ("generator", "sdk", "spec"):
            if committed[key] != gathered[key]:
                lines.append(f"~ {key}: {committed[key]} → {gathered[key]}")
        lines += [f"sdk   {line}" for line in changes.sdk_changes(committed, gathered)]
    if intermediate.SPEC_FILE.exists():
        lines += [f"spec  {line}" for line in changes.spec_changes(intermediate.load(), described)]
    return lines


if __name__ == "__main__":
    sys.exit(main())
