"""What only the compiled module can get wrong: which one is loaded, memory, rows, re-entrance, threads."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from oxide._backend import NATIVE

if not NATIVE:
    pytest.skip("the pure backend is in use", allow_module_level=True)

import oxide.json
from oxide import cpu_c
from oxide.json import json_c, view_c

ROWS = {"avx2": "haswell", "neon": "arm64", "scalar": "fallback"}


def run(code: str, **env: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]  # an editable install that rebuilds says so first


def test_the_native_module_is_the_one_in_use() -> None:
    spec = importlib.util.find_spec("oxide.json.json_c")
    assert spec is not None
    assert spec.origin is not None
    assert not spec.origin.endswith(".py")
    assert oxide.json.loads is json_c.loads
    assert oxide.json.pluck is json_c.pluck
    assert oxide.json.view is view_c.view
    assert oxide.json.implementation().startswith("simdjson 3.")


@pytest.mark.parametrize("row", cpu_c.usable_rows())
def test_each_row_reads_alike(row: str) -> None:
    """The same documents under each instruction set, in a process of its own."""
    code = """
import json, random, sys
from oxide import json as ours
random.seed(7)
letters = 'ab"\\\\\\n\\u00e9\\u20ac\\U0001f600\\x7f/ '
def value(depth):
    kind = random.randrange(8 if depth else 5)
    if kind == 0: return random.choice([None, True, False])
    if kind == 1: return random.choice([random.randint(-2**66, 2**66), random.randint(-9, 9)])
    if kind == 2: return random.uniform(-1, 1) * 10 ** random.randint(-320, 300)
    if kind < 5: return "".join(random.choices(letters, k=random.randrange(80)))
    if kind == 5: return [value(depth - 1) for _ in range(random.randrange(6))]
    return {value(0).__repr__()[:9]: value(depth - 1) for _ in range(random.randrange(6))}
for i in range(1500):
    tree = {"v": value(4)}
    text = json.dumps(tree, ensure_ascii=i % 2, indent=random.choice([None, 1])).encode()
    assert ours.loads(text) == json.loads(text), text
    assert ours.pluck(text, "v") == tree["v"], text
    at = random.randrange(len(text))
    bad = text[:at] + random.choice([b"", b",", b'"', b"}", b"\\xff", b"0"]) + text[at + 1:]
    try: expected = json.loads(bad)
    except ValueError as exc: expected = type(exc)
    try: got = ours.loads(bad)
    except ValueError as exc: got = type(exc)
    assert got == expected or expected != expected, bad
print("ok", ours.implementation())
"""
    assert run(code, OXIDE_ISA=row).split() == [
        "ok",
        "simdjson",
        oxide.json.implementation().split()[1],
        ROWS[row],
    ]


def test_memory_does_not_keep_the_largest_document() -> None:
    """A parser holds several times its largest document: above 64 KB it must go when the document does."""
    code = """
import os
from oxide import json as ours
def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
ours.loads(b'{"a": 1}')
big = b'["' + b"x" * 10_000_000 + b'"]'
before = rss()
for _ in range(3):
    ours.loads(big); ours.pluck(big, 0); ours.view(big)[0]
print(rss() - before)
"""
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("resident memory is read from /proc")
    # glibc raises its mmap threshold with each large block and then keeps such blocks: fixed, so that only
    # what oxide holds is measured.
    assert int(run(code, MALLOC_MMAP_THRESHOLD_="131072")) < 2_000_000


def exercise(documents: list[bytes]) -> None:
    for document in documents:
        for call in (
            lambda d=document: json_c.loads(d),
            lambda d=document: json_c.pluck(d, "a"),
            lambda d=document: json_c.pluck(d, "b", 1),
            lambda d=document: view_c.view(d)["a"],
            lambda d=document: list(view_c.view(d)["b"]),
        ):
            with contextlib.suppress(ValueError, LookupError, TypeError):
                call()


def test_nothing_leaks_on_success_or_failure() -> None:
    documents = [
        b'{"a": 1, "b": [1.5, {"c": "d"}, 99999999999999]}',
        b'{"a": "' + b"x" * 700 + b'\\n", "b": [[[[]]]]}',
        b'{"a": "\\ud800", "b": [1e400, NaN]}',
        b'{"a": 1, "b": [1, 2, "three", {"four": nul}]}',
        b'{"a": 1, "b": [1, 2, "three"',
        b'{"a": "\xff"}',
        b'{"b": [' + b'{"k": "v"},' * 300 + b'0], "a": 12345678901234567890123}',
        json.dumps({f"unique {i}": [i] for i in range(300)}).encode(),
        b"",
    ]
    for _ in range(5):
        exercise(documents)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        exercise(documents)
    gc.collect()
    assert sys.getallocatedblocks() - before < 40
    assert view_c._live_objects() == {"View": 0}


def test_counter_counts() -> None:
    view = view_c.view(b'{"a": [1]}')
    part = view["a"]
    assert view_c._live_objects() == {"View": 2}
    del view, part
    assert view_c._live_objects() == {"View": 0}


def test_the_key_cache_is_bounded_and_right() -> None:
    """Far more keys than it has room for, twice, and keys that differ in one byte only."""
    for _ in range(2):
        for i in range(5000):
            assert json_c.loads(b'{"key_%d": 1}' % i) == {f"key_{i}": 1}
    for length in range(1, 80):
        names = {"x" * at + "y" + "x" * (length - at - 1): at for at in range(length)}
        assert json_c.loads(json.dumps(names)) == names


def test_keys_are_shared() -> None:
    first, second = json_c.loads(b'[{"sequence_number": 1}, {"sequence_number": 2}]')
    assert next(iter(first)) is next(iter(second))


def test_parsing_inside_a_parse() -> None:
    """Building a value can start the garbage collector, and a finaliser may parse in the same thread."""
    seen: list[Any] = []

    class Finalised:
        def __init__(self) -> None:
            self.loop = self

        def __del__(self) -> None:
            seen.append(json_c.loads(b'{"inner": ["' + b"z" * 2000 + b'", 2]}'))

    document = b'{"outer": [' + b'{"a": "b", "c": []},' * 2000 + b"1]}"
    expected = json.loads(document)
    threshold = gc.get_threshold()
    gc.set_threshold(10, 2, 2)
    try:
        for _ in range(20):
            Finalised()
            assert json_c.loads(document) == expected
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert len(seen) == 20
    assert all(each["inner"][1] == 2 for each in seen)


def test_threads() -> None:
    failures: list[str] = []

    def work(number: int) -> None:
        for i in range(300):
            value = {"thread": number, "i": i, f"k{number}_{i}": ["x" * (i * 7 % 3000)] * 3}
            text = json.dumps(value)
            if json_c.loads(text) != value or json_c.pluck(text, "i") != i:
                failures.append(text)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_threads_give_their_parser_back() -> None:
    code = """
import os, threading
from oxide import json as ours
def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
text = b"[" + b"1," * 30000 + b"1]"
def spawn(n):
    for _ in range(n):
        t = threading.Thread(target=ours.loads, args=(text,)); t.start(); t.join()
spawn(20)
before = rss()
spawn(300)
print(rss() - before)
"""
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("resident memory is read from /proc")
    assert int(run(code)) < 8_000_000
