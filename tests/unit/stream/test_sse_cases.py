"""The golden cases of tests/sse_cases on both decoders: whole, cut at every byte, at each and at random."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oxide.stream.limits import EventLimitError

FOLDER = Path(__file__).parents[2] / "sse_cases"
CASE = re.compile(
    r"^## (?P<name>.+?)$.*?^```sse(?P<settings>.*?)\n(?P<sse>.*?)^```\n.*?^```log\n(?P<log>.*?)^```\n",
    re.M | re.S,
)
QUOTED = r'"(?P<{}>(?:\\.|[^"\\])*)"'
LINE = re.compile(
    rf"@(?P<at>\d+|close)(?: error (?P<error>max_\w+)|"
    rf"(?: event={QUOTED.format('event')})? data={QUOTED.format('data')}(?: id={QUOTED.format('id')})?"
    rf"(?: retry=(?P<retry>\d+))?(?: routed)?)"
)
ESCAPE = re.compile(rb'\\(?:x([0-9a-f]{2})|([nrt0"\\]))')
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b'"': b'"', b"\\": b"\\"}


def unescape(text: str) -> bytes:
    return ESCAPE.sub(
        lambda m: bytes.fromhex(m[1].decode()) if m[1] else PLAIN[m[2]], text.replace("\n", "").encode()
    )


@dataclass
class Case:
    stream: bytes
    settings: dict[str, int]
    log: list[tuple[int | None, Any]] = field(default_factory=list)
    """(bytes fed, event fields or the name of a cap)"""


def load() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for path in sorted(FOLDER.glob("*.md")):
        for found in CASE.finditer(path.read_text("utf-8")):
            settings = {key: int(value) for key, value in re.findall(r"(max_\w+)=(\d+)", found["settings"])}
            case = Case(unescape(found["sse"]), settings)
            for line in found["log"].splitlines():
                part = LINE.fullmatch(line)
                assert part, line
                at = None if part["at"] == "close" else int(part["at"])
                text = {
                    key: None if part[key] is None else unescape(part[key]).decode("utf-8", "replace")
                    for key in ("event", "data", "id")
                }
                fields = (
                    text["event"],
                    text["data"],
                    text["id"],
                    int(part["retry"]) if part["retry"] else None,
                )
                case.log.append((at, part["error"] or fields))
            cases[found["name"]] = case
    return cases


CASES = load()


def replay(module: ModuleType, case: Case, cuts: list[int]) -> list[tuple[int | None, Any]]:
    decoder = module.SSEDecoder(**case.settings)
    log: list[tuple[int | None, Any]] = []
    try:
        at: int | None
        for start, at in zip([0, *cuts], [*cuts, len(case.stream)], strict=True):
            got = decoder.feed(case.stream[start:at])
            log += [(at, (e.event, e.data, e.id, e.retry)) for e in got]
        at = None
        log += [(at, (e.event, e.data, e.id, e.retry)) for e in decoder.close()]
    except EventLimitError as exc:
        log.append((at, exc.setting))
    return log


def values(log: list[tuple[int | None, Any]]) -> list[Any]:
    return [value for _, value in log]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, twin: Callable[[str], ModuleType]) -> None:
    module, case = twin("oxide.stream.sse"), CASES[name]
    n = len(case.stream)
    assert values(replay(module, case, [])) == values(case.log)
    assert replay(module, case, list(range(1, n))) == case.log
    for cut in range(n + 1):
        assert values(replay(module, case, [cut])) == values(case.log), f"cut at {cut}"
    rng = random.Random(name)
    for _ in range(30):
        cuts = sorted(rng.sample(range(n + 1), rng.randint(0, min(n, 12))))
        assert values(replay(module, case, cuts)) == values(case.log), f"cut at {cuts}"
