"""``dumps``: orjson's speed, the standard library's reach."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxide.json import dumps


def test_compact_and_in_order() -> None:
    assert dumps({"b": [1, 2.5, None, True], "a": "é"}) == '{"b":[1,2.5,null,true],"a":"é"}'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**64, b"18446744073709551616"),
        (-(2**70), b"-1180591620717411303424"),
        ({"n": [10**40]}, b'{"n":[1' + b"0" * 40 + b"]}"),
        ("\ud800", rb'"\ud800"'),
        ({"\udfff": "é"}, rb'{"\udfff":"\u00e9"}'),
        ({1: "a", None: "b", False: "c"}, b'{"1":"a","null":"b","false":"c"}'),
        (float("nan"), b"null"),
        ([float("inf"), -float("inf")], b"[null,null]"),
        ((1, 2), b"[1,2]"),
        (datetime.date(2024, 2, 29), b'"2024-02-29"'),
    ],
)
def test_where_orjson_and_the_standard_library_differ(value: Any, text: bytes) -> None:
    assert dumps(value) == text


class Foreign:
    def __init__(self, value: Any) -> None:
        self.value = value


def unwrap(obj: Any) -> Any:
    if isinstance(obj, Foreign):
        return obj.value
    raise TypeError(f"no {type(obj).__name__} here")


def test_default() -> None:
    assert dumps([Foreign({"a": Foreign(1)})], default=unwrap) == b'[{"a":1}]'
    assert dumps([Foreign(2**70)], default=unwrap) == b"[1180591620717411303424]"


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, [b"bytes"], {(1, 2): 3}])
def test_what_is_not_json(value: Any) -> None:
    with pytest.raises(TypeError):
        dumps(value)
    with pytest.raises(TypeError):
        dumps(value, default=unwrap)


def test_a_failing_default_is_called_once() -> None:
    calls = []

    def default(obj: Any) -> Any:
        calls.append(obj)
        raise TypeError("not that one")

    with pytest.raises(TypeError, match="not that one"):
        dumps([object()], default=default)
    assert len(calls) == 1


def test_cycles() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(TypeError):
        dumps(loop)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@given(values)
def test_round_trip(value: Any) -> None:
    assert json.loads(dumps(value)) == value
