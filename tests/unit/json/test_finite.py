"""Numbers that JSON has not, wherever they are: the walk and its twin, and what the message says."""

from __future__ import annotations

import enum
import re
from collections import OrderedDict, UserDict, deque, namedtuple
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf, isfinite, nan
from types import ModuleType
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxide import BaseModel
from oxide._body import encode_body
from oxide.json import finite_py
from oxide.json.finite import all_finite, number_at


@dataclass
class Point:
    """Written by orjson itself."""

    x: float
    tags: list[Any]


class Level(enum.Enum):
    LOW = 0.5
    NONE = nan


class Real(float):
    """A float orjson does not know."""


class Part(BaseModel):
    """A model inside a body."""

    weight: float
    more: list[float] | None = None


Pair = namedtuple("Pair", "a b")

BAD: list[tuple[Any, str]] = [
    ({"temperature": nan}, "temperature=nan"),
    ({"messages": [{}, {"role": "user", "weight": -inf}]}, "messages[1].weight=-inf"),
    ({"logit_bias": {"50256": inf}}, "logit_bias['50256']=inf"),
    ({"a b": [[[0.5, nan]]]}, "['a b'][0][0][1]=nan"),
    ({"x": (1, 2.0, nan)}, "x[2]=nan"),
    ({"x": OrderedDict(y=inf)}, "x.y=inf"),
    ({"x": Pair(1.0, nan)}, "x[1]=nan"),
    ({"p": [Point(1.0, [nan])]}, "p[0].tags[0]=nan"),
    ({"p": Point(inf, [])}, "p.x=inf"),
    ({"level": Level.NONE}, "level.value=nan"),
    ([1.0, nan], "[1]=nan"),
    (nan, "nan"),
]

GOOD: list[Any] = [
    {},
    {"x": None, "y": True, "z": 1 << 60, "s": "null", "f": 1e308, "n": [None, [None]], "t": ("nan", 0.0)},
    {"p": Point(1.0, [{}]), "l": Level.LOW, "o": OrderedDict(a=1.5), "r": (1, "b")},
    None,
    1.5,
    "nan",
]


@pytest.mark.parametrize(("value", "said"), BAD)
def test_found_wherever_it_is(twin: Callable[[str], ModuleType], value: Any, said: str) -> None:
    module = twin("oxide.json.finite")
    assert module.all_finite(value) is False
    assert number_at(value) == said
    with pytest.raises(ValueError, match=f"^{re.escape(said)} cannot be sent: JSON has no such number$"):
        encode_body(value)


@pytest.mark.parametrize("value", GOOD)
def test_everything_else_is_fine(twin: Callable[[str], ModuleType], value: Any) -> None:
    assert twin("oxide.json.finite").all_finite(value) is True
    assert number_at(value) is None
    assert encode_body(value) == orjson.dumps(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"parts": [Part(weight=nan)]}, "Part: weight=nan"),
        ({"parts": Part(weight=1.0, more=[1.0, inf])}, "Part: more[1]=inf"),
        ({"m": UserDict({"k": [nan]})}, "UserDict: k[0]=nan"),
        ({"d": deque([1.0, nan])}, "deque: [1]=nan"),
        ({"g": (n for n in (1.0, nan))}, "generator: [1]=nan"),
        ({"r": [Real("nan")]}, "r[0]=nan"),
        ({"big": 1 << 80, "f": [nan]}, "f[0]=nan"),
        ({"lone": "\ud800", "m": UserDict({"k": nan})}, "m.k=nan"),
    ],
)
def test_found_in_what_had_to_be_converted(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)} cannot be sent: JSON has no such number$"):
        encode_body(value)


def test_conversions_that_are_fine() -> None:
    body = {"p": [Part(weight=0.5)], "m": UserDict(k=1.5), "r": Real(2.5), "big": 1 << 80, "null": None}
    assert encode_body(body) == (
        b'{"p":[{"weight":0.5}],"m":{"k":1.5},"r":2.5,"big":1208925819614629174706176,"null":null}'
    )


def test_too_deep_for_the_walk(twin: Callable[[str], ModuleType]) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        twin("oxide.json.finite").all_finite(deep)
    while deep:
        deep = deep.pop()
    ring: Any = {}
    ring["self"] = ring
    with pytest.raises(RecursionError):
        twin("oxide.json.finite").all_finite(ring)


def test_a_value_that_changes_under_the_walk(twin: Callable[[str], ModuleType]) -> None:
    held: dict[str, Any] = {}

    class Changing:
        __dataclass_fields__: ClassVar[dict[str, Any]] = {"x": None}

        @property
        def x(self) -> float:
            held.clear()
            return 1.0

    held.update({"c": Changing(), **{str(i): [i] for i in range(100)}})
    # The twin's dict notices, the compiled walk stops.
    with suppress(RuntimeError):
        assert twin("oxide.json.finite").all_finite(held)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        | st.builds(OrderedDict, st.dictionaries(st.text(max_size=2), inner, max_size=2))
    ),
    max_leaves=12,
)


def floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [f for v in value.values() for f in floats(v)]
    if isinstance(value, (list, tuple)):
        return [f for v in value for f in floats(v)]
    return [value] if isinstance(value, float) else []


@given(VALUES)
def test_both_agree_with_looking_at_every_float(value: Any) -> None:
    expected = all(isfinite(f) for f in floats(value))
    assert all_finite(value) == finite_py.all_finite(value) == expected
    assert (number_at(value) is None) == expected
