"""Writes the routing table of stream events: event name → route id, by a perfect hash.

    python -m oxide._codegen.router --spec openapi.json    # read the names out of an OpenAPI description
    python -m oxide._codegen.router                        # from events.json, which the line above wrote
    python -m oxide._codegen.router --check                # exit with 1 when the files in the tree differ

Writes ``csrc/router_table.h`` and ``oxide/stream/routes.py``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["event_names", "main", "perfect_hash", "render_header", "render_routes"]

ROOT = Path(__file__).resolve().parents[2]
FACTS = Path(__file__).with_name("events.json")
HEADER = ROOT / "csrc" / "router_table.h"
ROUTES = ROOT / "oxide" / "stream" / "routes.py"

U64 = (1 << 64) - 1
BITS = 10  # 1,024 slots: a multiplier without a collision turns up after some thousand tries, in a second


def event_names(spec: dict[str, Any]) -> dict[str, list[str]]:
    """Finds the names of all stream events an OpenAPI description knows.

    Args:
        spec: the parsed description. Every schema whose name ends in ``StreamEvent`` is a union of events.

    Returns:
        Union name → its event names: the constants of ``event`` where an alternative has that property (there the
        name is the SSE field), of ``type`` otherwise. Both sorted.

    Raises:
        ValueError: when the description has no such union.
    """
    schemas = spec.get("components", {}).get("schemas", {})
    found = {
        name: sorted(set(_constants(schema, schemas))) for name, schema in schemas.items() if name.endswith("StreamEvent")
    }
    if not any(found.values()):
        raise ValueError("the description has no schema named …StreamEvent with constants for `type` or `event`")
    return {name: found[name] for name in sorted(found) if found[name]}


def _constants(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, ()):
            yield from _constants(part, schemas)
    properties = schema.get("properties", {})
    tag = properties.get("event") or properties.get("type") or {}
    yield from tag.get("enum", [])
    if "const" in tag:
        yield tag["const"]


def _hash_inputs(name: bytes) -> tuple[int, int]:
    """The two 8-byte words that `ox_route` reads: the middle and the end, little-endian."""
    n = len(name)
    if n < 8:
        padded = int.from_bytes(name, "little")
        return padded, padded
    middle = (n - 8) // 2
    return int.from_bytes(name[middle : middle + 8], "little"), int.from_bytes(name[n - 8 :], "little")


def perfect_hash(names: list[str]) -> tuple[int, int, list[int]]:
    """Searches multipliers that give every name a slot of its own.

    Args:
        names: the distinct event names, in id order (the first has id 1).

    Returns:
        The two multipliers and the slot of each name. The same names always give the same answer.

    Raises:
        ValueError: when two names cannot be told apart, or the search ends without a result.
    """
    inputs = [(_hash_inputs(name.encode()), len(name)) for name in names]
    if len(set(inputs)) != len(inputs):
        raise ValueError("two event names agree in length, middle and end: extend the hash in router.c and here")
    state = 0
    for _ in range(1_000_000):
        multipliers = []
        for _ in range(2):  # splitmix64, so that the result depends on nothing but the names
            state = (state + 0x9E3779B97F4A7C15) & U64
            z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & U64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & U64
            multipliers.append((z ^ (z >> 31)) | 1)
        first, second = multipliers
        slots: dict[int, None] = {}
        for (a, b), n in inputs:
            slot = ((((a + n) * first) ^ (b * second)) & U64) >> (64 - BITS)
            if slot in slots:
                break
            slots[slot] = None
        else:
            return first, second, list(slots)
    raise ValueError(f"no perfect hash over {1 << BITS} slots found: raise BITS")


def render_header(names: list[str]) -> str:
    """The text of ``csrc/router_table.h``.

    Args:
        names: the distinct event names, in id order.

    Returns:
        C source: hash constants, a slot → id table and the names in id order.

    Raises:
        ValueError: as `perfect_hash`.
    """
    first, second, slots = perfect_hash(names)
    table = [0] * (1 << BITS)
    for route, slot in enumerate(slots, 1):
        table[slot] = route
    rows = [", ".join(map(str, table[i : i + 32])) for i in range(0, len(table), 32)]
    entries = [f'    {{"{name}", {len(name)}}},' for name in names]
    return "\n".join(
        [
            "/* Generated by `python -m oxide._codegen.router` from oxide/_codegen/events.json. Do not edit. */",
            f"#define ROUTES {len(names)}",
            f"#define HASH_SHIFT {64 - BITS}",
            f"#define HASH_MIDDLE UINT64_C(0x{first:016X})",
            f"#define HASH_END UINT64_C(0x{second:016X})",
            "",
            f"static const {'uint8_t' if len(names) < 256 else 'uint16_t'} slots[{1 << BITS}] = {{",
            *(f"    {row}," for row in rows),
            "};",
            "",
            "static const struct {",
            "    const char *name;",
            "    size_t len;",
            "} routes[ROUTES + 1] = {",
            "    {NULL, 0},",
            *entries,
            "};",
            "",
        ]
    )


def render_routes(names: list[str]) -> str:
    """The text of ``oxide/stream/routes.py``.

    Args:
        names: the distinct event names, in id order.

    Returns:
        Python source with ``ROUTES``, a tuple whose index is the route id.
    """
    return "\n".join(
        [
            "# Generated by `python -m oxide._codegen.router` from oxide/_codegen/events.json. Do not edit.",
            '"""Names of the stream events the API description lists, by route id."""',
            "",
            '__all__ = ["ROUTES", "route"]',
            "",
            "ROUTES: tuple[str, ...] = (",
            '    "",',
            *(f'    "{name}",' for name in names),
            ")",
            '"""`ROUTES[id]` is the event name; id 0 is "not listed"."""',
            "",
            "_IDS = {name: number for number, name in enumerate(ROUTES) if name}",
            "",
            "",
            "def route(name: str) -> int:",
            '    """The route id of an event name.',
            "",
            "    Args:",
            "        name: the value of the `event:` field.",
            "",
            "    Returns:",
            "        The id that `ox_route` gives, 1 and up; 0 for a name the API description does not list.",
            '    """',
            "    return _IDS.get(name, 0)",
            "",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the generator.

    Args:
        argv: command-line arguments without the program name; None takes those of the process.

    Returns:
        The exit status: 0, or 1 when ``--check`` finds a file that differs.
    """
    parser = argparse.ArgumentParser(prog="python -m oxide._codegen.router", description=__doc__)
    parser.add_argument("--spec", type=Path, help="an OpenAPI description, .json or .json.gz; rewrites events.json")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args(argv)
    if options.spec:
        raw = options.spec.read_bytes()
        facts = event_names(json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw))
    else:
        facts = json.loads(FACTS.read_text("utf-8"))
    names = sorted({name for union in facts.values() for name in union})
    outputs = {
        FACTS: json.dumps(facts, indent=1) + "\n",
        HEADER: render_header(names),
        ROUTES: render_routes(names),
    }
    changed = [path for path, text in outputs.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        print(("differs: " if options.check else "wrote ") + path.relative_to(ROOT).as_posix())
        if not options.check:
            path.write_text(outputs[path], "utf-8", newline="\n")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
