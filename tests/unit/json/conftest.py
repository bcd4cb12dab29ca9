"""Both implementations behind one fixture, and how their answers are compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from oxide._backend import NATIVE
from oxide.json import json_py

python = SimpleNamespace(
    name="python",
    loads=json_py.loads,
    pluck=json_py.pluck,
    view=json_py.view,
    pad=json_py.pad,
    implementation=json_py.implementation,
)
implementations = [python]
if NATIVE:
    from oxide.json import json_c, view_c

    native = SimpleNamespace(
        name="native",
        loads=json_c.loads,
        pluck=json_c.pluck,
        view=view_c.view,
        pad=json_c.pad,
        implementation=json_c.implementation,
    )
    implementations.append(native)


@pytest.fixture(params=implementations, ids=lambda each: each.name)
def impl(request: pytest.FixtureRequest) -> Any:
    return request.param


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The value, or the class of the error."""
    try:
        return call(*args, **kwargs)
    except (ValueError, RecursionError, LookupError, TypeError) as exc:
        return type(exc)


def same(a: Any, b: Any) -> bool:
    """Equal, of one type throughout, NaN like NaN, -0.0 unlike 0.0, keys in one order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.fixture(scope="session")
def compare() -> SimpleNamespace:
    return SimpleNamespace(same=same, outcome=outcome, implementations=implementations)
