"""Escapes in strings: as the standard library reads them, wherever they stand."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.unit.json.conftest import outcome

ESCAPES = [
    r"\"", r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0041", r"\u00e9", r"\u20AC", r"\u0000",
    r"\ud83d\ude00", r"\\\"", r"\n\n", r"\\u0041",
]  # fmt: skip
LONE = [r"\ud800", r"\ude00", r"\ud83d\n", r"\ud83d\u0041", r"\ud83d\ud83d\ude00", r"\ude00\ud83d"]
BAD = [r"\q", r"\0", r"\U0041", r"\u", r"\u12", r"\u12g4", r"\u+123", r"\ud83d\u12"]


def same_everywhere(impl: Any, inside: str) -> None:
    text = b'{"a": ["' + inside.encode() + b'"]}'
    expected = outcome(json.loads, text)
    assert outcome(impl.loads, text) == expected, text
    if isinstance(expected, dict):
        assert impl.pluck(text, "a", 0) == expected["a"][0], text
        assert impl.view(text)["a"][0] == expected["a"][0], text
    key = b'{"' + inside.encode() + b'": 1}'
    assert outcome(impl.loads, key) == outcome(json.loads, key), key


@pytest.mark.parametrize("escape", ESCAPES + LONE + BAD)
def test_at_every_place_of_a_block(impl: Any, escape: str) -> None:
    for before in range(131):
        for after in (0, 1, 31, 32, 33, 64):
            same_everywhere(impl, "x" * before + escape + "y" * after)


@pytest.mark.parametrize("length", range(0, 140, 7))
def test_runs_of_backslashes(impl: Any, length: int) -> None:
    for before in (0, 1, 30, 31, 32, 62, 63, 64):
        for run in (length, length + 1):
            same_everywhere(impl, "x" * before + "\\" * 2 * run + 'n\\"')
            same_everywhere(impl, "x" * before + "\\" * (2 * run + 1) + "n")


def test_mixtures(impl: Any) -> None:
    pick = random.Random(11)
    for i in range(3000):
        pieces = ESCAPES + LONE * (i % 10 == 0) + BAD * (i % 25 == 0)
        dense = pick.choice([0.02, 0.1, 0.5, 1])
        same_everywhere(
            impl,
            "".join(
                pick.choice(pieces) if pick.random() < dense else pick.choice("ab]é€😀 ")
                for _ in range(pick.randrange(300))
            ),
        )


def test_json_within_json(impl: Any) -> None:
    value: Any = {"text": 'a "quoted"\n\ttext \\ with é€😀 and \x00', "list": [1, [None, "\ud800"]]}
    for ascii_only in (True, False, True):
        value = {"inner": json.dumps(value, ensure_ascii=ascii_only)}
    text = json.dumps(value)
    assert impl.loads(text) == json.loads(text)
