"""What CI installs as the lowest versions is what pyproject.toml says they are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def bounds() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lists = re.findall(r"^(\w+) = \[(.*?)\]", text.partition("[project.scripts]")[0], re.M | re.S)
    wanted = [body for name, body in lists if name not in ("classifiers", "requires", "test")]
    found = {}
    for body in wanted:
        for entry in re.findall(r'"([^"]+)"', body):
            if entry == "LICENSE":
                continue
            name, _, version = entry.partition(">=")
            assert re.fullmatch(r"[\d.]+", version), f"{entry} has no plain lower bound"
            found[name.replace("_", "-")] = version
    return found


def padded(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def test_the_lowest_versions_are_the_bounds() -> None:
    lines = (ROOT / ".ci" / "lowest.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    assert {name: padded(v) for name, v in pins.items()} == {n: padded(v) for n, v in bounds().items()}
    assert len(pins) >= 10
