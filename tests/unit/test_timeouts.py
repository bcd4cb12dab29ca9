"""oxide.Timeout: what it takes, what it refuses."""

from __future__ import annotations

import math
import pickle
from typing import Any

import openai
import pytest

from oxide.timeouts import DEFAULT_TIMEOUT, NO_TIMEOUT, Timeout


@pytest.mark.parametrize(
    ("made", "limits"),
    [
        (Timeout(), (5, 600, 600, 600, None, None)),
        (Timeout(30), (30, 30, 30, 30, None, None)),
        (Timeout(None), (None,) * 6),
        (Timeout(connect=2), (2, 600, 600, 600, None, None)),
        (Timeout(None, read=7), (None, 7, None, None, None, None)),
        (Timeout(30, connect=None), (None, 30, 30, 30, None, None)),
        (Timeout((1, 2, 3, 4)), (1, 2, 3, 4, None, None)),
        (Timeout((1, 2)), (1, 2, None, None, None, None)),
        (Timeout(stream_idle=3, first_event=4), (5, 600, 600, 600, 3, 4)),
        (Timeout(Timeout(9, stream_idle=3), connect=1), (1, 9, 9, 9, 3, None)),
        (Timeout(math.inf), (None, None, None, None, None, None)),
        (Timeout(openai.Timeout(8, connect=1)), (1, 8, 8, 8, None, None)),
        (Timeout.of(openai.DEFAULT_TIMEOUT), (5, 600, 600, 600, None, None)),
        (Timeout.of(None), (None,) * 6),
        (Timeout.of(2.5), (2.5,) * 4 + (None, None)),
    ],
)
def test_limits(made: Timeout, limits: tuple[float | None, ...]) -> None:
    assert tuple(made.as_dict().values()) == limits
    assert all(isinstance(v, float) for v in made.as_dict().values() if v is not None)


def test_it_is_a_value() -> None:
    made = Timeout(3, first_event=1)
    assert Timeout.of(made) is made
    assert made == Timeout(3, first_event=1)
    assert hash(made) == hash(Timeout(3, first_event=1))
    assert made != Timeout(3)
    assert made != 3
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.replace(read=None, first_event=2) == Timeout(3, read=None, first_event=2)
    assert repr(made) == "Timeout(connect=3.0, read=3.0, write=3.0, pool=3.0, first_event=1.0)"
    assert Timeout() == DEFAULT_TIMEOUT
    assert Timeout(None) == NO_TIMEOUT
    with pytest.raises(AttributeError, match="replace"):
        made.read = 1
    with pytest.raises(AttributeError, match="immutable"):
        del made.read


@pytest.mark.parametrize("value", [0, -1, math.nan, -0.5])
def test_no_time_at_all_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Timeout(value)
    with pytest.raises(ValueError, match="stream_idle"):
        Timeout(stream_idle=value)


@pytest.mark.parametrize("value", ["3", True, object(), [1]])
def test_other_types_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="timeout"):
        Timeout(value)
    with pytest.raises(TypeError, match="connect"):
        Timeout(connect=value)


def test_tuples_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="tuple"):
        Timeout(())
    with pytest.raises(ValueError, match="tuple"):
        Timeout((1, 2, 3, 4, 5))
