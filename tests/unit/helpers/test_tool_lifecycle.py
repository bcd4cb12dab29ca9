"""One call at a time, closing, and how handlers are called."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Any

import pytest

from oxide import AsyncOpenAI
from oxide.helpers.tool_lifecycle import ToolLifecycle, callable_flavor, invoke, rotated_idempotency_headers
from oxide.options import omit


def test_one_call_at_a_time() -> None:
    guard = ToolLifecycle("Runner")
    guard.enter()
    with pytest.raises(RuntimeError, match="Runner: another call is under way"):
        guard.enter()
    guard.exit()
    guard.enter()


def test_close_lets_the_running_call_end() -> None:
    guard = ToolLifecycle("Runner")
    guard.enter()
    assert guard.close() == {"status": "draining"}
    guard.exit()
    assert guard.close() == {"status": "closed"}
    with pytest.raises(RuntimeError, match="Runner: closed"):
        guard.enter()


def stop() -> bool:
    return False


def test_cancelled_goes_to_those_who_take_it() -> None:
    def keyword(value: int, *, cancelled: Any = None) -> Any:
        return value, cancelled

    def either(value: int, cancelled: Any = None) -> Any:
        return value, cancelled

    def plain(value: int) -> Any:
        return (value,)

    def rest(value: int, **more: Any) -> Any:
        return value, more

    def positional(cancelled: Any, /) -> Any:
        return cancelled

    assert invoke(keyword, 1, cancelled=stop) == (1, stop)
    assert invoke(either, 1, cancelled=stop) == (1, stop)
    assert invoke(either, 1, 2, cancelled=stop) == (1, 2)
    assert invoke(plain, 1, cancelled=stop) == (1,)
    assert invoke(rest, 1, cancelled=stop) == (1, {})
    assert invoke(positional, 1, cancelled=stop) == 1
    assert invoke(dict, [("a", 1)], cancelled=stop) == {"a": 1}


class Waits:
    async def __call__(self) -> None: ...


class Returns:
    def __call__(self) -> None: ...


async def waits() -> None: ...


def promises() -> Awaitable[None]:
    return waits()


def returns() -> None: ...


def unknown():  # type: ignore[no-untyped-def]
    return None


def anything() -> Any:
    return None


def written() -> object:
    return None


@functools.wraps(waits)
def wrapped() -> Any:
    return waits()


@pytest.mark.parametrize(
    ("method", "flavor"),
    [
        (waits, True),
        (wrapped, True),
        (functools.partial(promises), True),
        (promises, True),
        (Waits(), True),
        (Returns(), False),
        (returns, False),
        (unknown, None),
        (anything, None),
        (written, None),
        (iter, None),
    ],
)
def test_callable_flavor(method: Any, flavor: bool | None) -> None:
    assert callable_flavor(method) is flavor


def test_each_request_gets_a_key_of_its_own() -> None:
    client = AsyncOpenAI(api_key="k")
    keyed = AsyncOpenAI(api_key="k", default_headers={"idempotency-key": "mine"})
    assert rotated_idempotency_headers(client, None) is None
    assert rotated_idempotency_headers(client, {"A": "b"}) == {"A": "b"}
    for one, extra in ((client, {"IDEMPOTENCY-KEY": "mine", "A": "b"}), (keyed, {"A": "b"}), (keyed, None)):
        made = [rotated_idempotency_headers(one, extra) for _ in range(2)]
        assert made[0] != made[1]
        for headers in made:
            assert headers is not None
            assert headers.pop("Idempotency-Key") != "mine"
            assert headers == ({} if extra is None else {"A": "b"})
    gone: dict[str, Any] = {"Idempotency-Key": omit}
    assert rotated_idempotency_headers(keyed, gone) == gone
