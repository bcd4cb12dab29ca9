"""`oxide doctor`: what is installed, what is compiled, what is in use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .facts import collect
from .failure import Failure

__all__ = ["main"]


def main(*, as_json: bool) -> None:
    """Print the facts.

    Args:
        as_json: as one JSON object instead of a table.
    Raises:
        Failure: something keeps oxide from working as asked; the report is printed all the same.
    """
    facts = collect()
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        _table(facts)
    problems: list[str] = facts["problems"]
    if problems:
        raise Failure("doctor: " + "; ".join(problems))


def _table(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for name, value in _rows(facts):
        console.print(Text(f"{name:<18}", style="bold") + Text(value))


def _rows(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    oxide, python, loop = facts["oxide"], facts["python"], facts["event_loop"]
    yield "oxide", str(oxide["version"])
    forced = f", forced by OXIDE_BACKEND={oxide['forced']}" if oxide["forced"] else ""
    yield "implementation", f"{oxide['implementation'] or 'none usable'}{forced}"
    if oxide["isa_rows"]:
        rows = ", ".join(f"{row} (in use)" if row == oxide["isa"] else row for row in oxide["isa_rows"])
        forced = f", forced by OXIDE_ISA={oxide['isa_forced']}" if oxide["isa_forced"] else ""
        yield "instruction sets", f"{rows}{forced} on {oxide['machine']}"
        yield "simdjson", str(oxide["simdjson"]).removeprefix("simdjson ")
    gil = "" if python["gil"] else ", free-threaded"
    yield "python", f"{python['implementation']} {python['version']}{gil} on {python['platform']}"
    for name, found in facts["packages"].items():
        yield name, found or "not installed"
    yield "tls", f"{facts['tls']['library']}, at least {facts['tls']['minimum']}"
    yield "certificates", facts["tls"]["ca_file"] or "none found by default"
    uvloop = f"uvloop {loop['uvloop']} is installed" if loop["uvloop"] else "uvloop is not installed"
    yield "event loop", f"{loop['default']} by default; {uvloop}"
    yield (
        "content codings",
        ", ".join(
            f"{name} ({by})" if by else f"{name} (not installed)" for name, by in facts["decoders"].items()
        ),
    )
    for name, value in facts["environment"].items():
        yield name, value
    for problem in facts["problems"]:
        yield "problem", problem
