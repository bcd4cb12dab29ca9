"""Lists of floats that come as numbers or as base64 of singles, on both backends."""

from __future__ import annotations

import importlib
import json
import math
import random
import string
import struct
from base64 import b64encode
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from oxide.errors import APIResponseValidationError
from oxide.models.floats import floats

Build = Callable[..., Any]

VECTORS: list[list[float]] = [
    [],
    [1.5],
    [0.0, -0.0, 1.5],
    [math.inf, -math.inf, 3.4028234663852886e38, 1.401298464324817e-45],
    [struct.unpack("<f", struct.pack("<f", math.sin(i)))[0] for i in range(1537)],
]


def encode(values: list[float]) -> str:
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def define(models: ModuleType) -> type[Any]:
    class Vector(models.BaseModel):  # type: ignore[name-defined,misc]
        __oxide_packed__ = frozenset({"values"})

        index: int
        values: list[float]

    return Vector


@pytest.fixture
def vector(models: ModuleType) -> type[Any]:
    return define(models)


@pytest.fixture
def packed(models: ModuleType, twin: Callable[[str], ModuleType]) -> Callable[[Any, str], bytearray | None]:
    del models
    return twin("oxide.models.lazy").packed  # type: ignore[no-any-return]


@pytest.mark.parametrize("values", VECTORS, ids=len)
@pytest.mark.parametrize("mode", ["lazy", "eager", "off"])
def test_base64_and_numbers_give_the_same_list(
    build: Build, vector: type[Any], values: list[float], mode: str
) -> None:
    coded = encode(values)
    for sent in (coded, json.loads(json.dumps(values))):
        got = build(vector, {"index": 1, "values": sent}, mode)
        assert got.values == values
        assert [type(v) for v in got.values] == [float] * len(values)
        assert got.values is got.values
        assert got.model_dump() == {"index": 1, "values": values}


def test_every_length_of_vector(build: Build, vector: type[Any]) -> None:
    for size in range(130):
        values = [float(i) / 8 for i in range(size)]
        assert build(vector, {"index": 1, "values": encode(values)}).values == values


def test_escaped_slashes(build: Build, vector: type[Any]) -> None:
    values = [-1.0000001192092896, -2.0000002384185790]
    coded = encode([*values, *[struct.unpack("<f", b"\xff\xff\xff\x00")[0]] * 9])
    assert "/" in coded
    text = json.dumps({"index": 1, "values": coded}).replace("/", "\\/").encode()
    assert build(vector, text).values[:2] == values


def test_integers_among_numbers_are_floats(build: Build, vector: type[Any]) -> None:
    got = build(vector, {"index": 1, "values": [1, 2.5, -3]}).values
    assert got == [1.0, 2.5, -3.0]
    assert {type(v) for v in got} == {float}


WRONG: list[tuple[Any, str]] = [
    ("AAAA AAA", "a string of 8 characters that is not base64"),
    ("AAA", "a string of 3 characters that is not base64"),
    ("AAAAAA", "a string of 6 characters that is not base64"),
    ("=AAA", "a string of 4 characters that is not base64"),
    ("A===", "a string of 4 characters that is not base64"),
    ("AA=A", "a string of 4 characters that is not base64"),
    ("AA==AAAA", "a string of 8 characters that is not base64"),
    ("AAAA====", "a string of 8 characters that is not base64"),
    ("AA\u00e9A", "a string of 4 characters that is not base64"),
    ("A" * 200 + "-" + "A" * 119, "a string of 320 characters that is not base64"),
    ("AAAA", "base64 of 3 bytes, which is no multiple of 4"),
    ("AAAAAAA=", "base64 of 5 bytes, which is no multiple of 4"),
    (5, "int 5"),
    (None, "null"),
    ({"a": 1}, "object with 1 keys"),
]


@pytest.mark.parametrize(("value", "received"), WRONG, ids=str)
def test_what_is_no_vector(
    build: Build, models: ModuleType, vector: type[Any], value: Any, received: str
) -> None:
    class Answer(models.BaseModel):  # type: ignore[name-defined,misc]
        data: list[vector]  # type: ignore[valid-type]

    got = build(Answer, {"data": [{"index": 0, "values": "AAAAAA=="}, {"index": 1, "values": value}]})
    with pytest.raises(APIResponseValidationError) as info:
        print(got.data[1].values)
    error = info.value
    assert error.path == "data[1].values"
    assert error.expected is not None
    assert "list[float] or base64 of singles" in error.expected
    assert error.received == received
    assert got.data[0].values == [0.0]
    kept = build(Answer, {"data": [{"index": 1, "values": value}]}, "off")
    assert kept.data[0].values == value


def test_characters_are_counted(build: Build, vector: type[Any]) -> None:
    text = '{"index": 0, "values": "AA\u00e9A"}'.encode()
    with pytest.raises(APIResponseValidationError, match="a string of 4 characters"):
        print(build(vector, text).values)


def test_a_number_that_is_none_is_named(build: Build, vector: type[Any]) -> None:
    with pytest.raises(APIResponseValidationError) as info:
        build(vector, {"index": 1, "values": [1.0, "x"]}, "eager")
    assert info.value.path == "values[1]"


def test_the_bytes_behind_a_vector(
    build: Build, vector: type[Any], packed: Callable[[Any, str], bytearray | None]
) -> None:
    values = VECTORS[-1]
    sent = build(vector, {"index": 1, "values": encode(values)})
    raw = struct.pack(f"<{len(values)}f", *values)
    assert packed(sent, "values") == raw
    assert sent.values == values
    assert packed(sent, "values") == raw
    assert packed(sent, "index") is None
    assert packed(sent, "absent") is None
    assert packed(build(vector, {"index": 1, "values": [1.5]}), "values") is None
    assert packed(build(vector, {"index": 1}), "values") is None
    sent.values = [1.0]
    assert packed(sent, "values") is None
    assert packed(vector(index=1, values=[2.0]), "values") is None
    with pytest.raises(APIResponseValidationError, match="values: expected"):
        packed(build(vector, {"index": 1, "values": "AAAA"}), "values")


def test_only_declared_fields_are_unpacked(build: Build, models: ModuleType) -> None:
    class Plain(models.BaseModel):  # type: ignore[name-defined,misc]
        values: list[float]

    with pytest.raises(APIResponseValidationError):
        print(build(Plain, {"values": encode([1.5])}).values)


def test_numbers_are_the_pure_twins(build: Build, vector: type[Any]) -> None:
    coded = encode(VECTORS[-1])
    assert build(vector, {"index": 0, "values": coded}).values == floats(coded)


def test_any_text_is_taken_as_the_pure_twin_takes_it(build: Build, vector: type[Any]) -> None:
    source = random.Random(7)
    letters = string.ascii_letters + string.digits + "+/"
    for _ in range(3000):
        size = 4 * source.randrange(40)
        text = "".join(source.choices(letters, k=size))
        for _ in range(source.choice((0, 0, 1, 2))):
            at = source.randrange(size + 1)
            text = text[:at] + source.choice("=-_ \n\x00\u00e9") + text[at + source.choice((0, 1)) :]
        text = text[:-2] + source.choice(("==", "=", "", "ab"))
        try:
            expected: Any = floats(text)
        except ValueError as error:
            expected = str(error)
        got = build(vector, {"index": 0, "values": text})
        if isinstance(expected, list):
            assert repr(got.values) == repr(expected)
            continue
        with pytest.raises(APIResponseValidationError) as info:
            print(got.values)
        assert info.value.received == expected


def test_nan_survives(build: Build, vector: type[Any]) -> None:
    assert math.isnan(build(vector, {"index": 0, "values": encode([math.nan])}).values[0])


def test_both_backends_are_tested(backend: str, build: Build, vector: type[Any]) -> None:
    lazy = importlib.import_module(f"oxide.models.lazy_{'c' if backend == 'native' else 'py'}")
    assert lazy.is_lazy(build(vector, {"index": 0, "values": ""}))
