"""The computer toolset of the official SDK and oxide's, driven alike: what they do, give and refuse."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Callable
from typing import Any

import pytest

import oxide
from oxide.helpers.toolsets.computer_calls import ComputerUseError, actions_of, snapshot_call
from oxide.json import pad
from oxide.lib import computer as own
from oxide.models import build
from oxide.types.responses import ResponseComputerToolCall

from .computer_cases import WHOLE, call, calls, unfinished
from .drivers import Log, Polls, answering, observer, outcome, plain, spoil
from .shapes import normal, shape

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

from openai.lib import computer as official  # noqa: E402
from openai.types.responses import ResponseComputerToolCall as OfficialCall  # noqa: E402

CALLS = list(calls())
SCREEN = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
CHECKED = call(
    actions=[WHOLE[0], WHOLE[7], WHOLE[12], WHOLE[5]],
    pending_safety_checks=[{"id": "s1", "code": "malicious", "message": "sure?"}],
)
PACKAGES: list[tuple[Any, type[Any]]] = [(official, OfficialCall), (own, ResponseComputerToolCall)]


class Driver:
    """Notes what it is told, and fails at one of its calls where it is to."""

    def __init__(self, log: Log, screen: Any = SCREEN, fails: tuple[int, Exception] | None = None) -> None:
        self.log = log
        self.screen = screen
        self.fails = fails

    def __getattr__(self, member: str) -> Any:
        if member.startswith("_"):
            raise AttributeError(member)
        return lambda *actions: self._do(member, *actions)

    async def _do(self, member: str, *actions: Any) -> Any:
        self.log.append((member, *map(plain, actions)))
        for action in actions:
            spoil(action)
        if self.fails is not None and sum(entry[0] not in NOTES for entry in self.log) == self.fails[0] + 1:
            raise self.fails[1]
        return self.screen if member == "screenshot" else "ignored"


NOTES = ("diagnostic", "approve", "before")


async def executed(data: dict[str, Any], **options: Any) -> Any:
    """What both make of one call; they have to agree."""
    found: list[Any] = []
    for package, kind in PACKAGES:
        log: Log = []
        given = {name: value(log) if callable(value) else value for name, value in options.items()}
        driver = Driver(log, given.pop("screen", SCREEN), given.pop("fails", None))
        toolset = package.AsyncComputerToolset(driver)
        item = kind.construct(**data)
        before = plain(item)
        result = await outcome(toolset.execute(item, on_diagnostic=observer(log), **given))
        assert plain(item) == before, "the caller's call was changed"
        found.append((result, log))
    assert found[1] == found[0], data
    return found[1]


def received(data: dict[str, Any]) -> ResponseComputerToolCall:
    """A call as the client makes it of an answer."""
    body = json.dumps(data).encode()
    made: ResponseComputerToolCall = build(ResponseComputerToolCall, pad(body), len(body))
    return made


def constructed(data: dict[str, Any]) -> ResponseComputerToolCall:
    """A call as a program makes it, with nothing checked."""
    return ResponseComputerToolCall.construct(**data)


def officially(data: dict[str, Any]) -> Any:
    """The actions as the official SDK takes them, or its refusal."""
    try:
        taken: Any = official._snapshot_call(OfficialCall.construct(**data))
        return [action.to_dict() for action in official._actions(taken)]
    except (official.ComputerUseError, AttributeError, TypeError):
        # It asks anything for its type, and whatever that is whether it is in a set.
        return "refused"


@pytest.mark.parametrize("make", [received, constructed])
def test_what_a_call_has_to_hold(make: Callable[[dict[str, Any]], ResponseComputerToolCall]) -> None:
    refused = 0
    for data in CALLS:
        try:
            mine: Any = [action.to_dict() for action in actions_of(snapshot_call(make(data)))]
        except ComputerUseError as error:
            assert "computer call" in str(error)  # noqa: PT017
            mine = "refused"
        assert mine == officially(data), data
        refused += mine == "refused"
    assert 100 < refused < len(CALLS) - 100


def test_a_copy_shares_nothing() -> None:
    data = {"type": "computer_call", "id": "a", "call_id": "b", "status": "completed", "more": [1]}
    item = received({**data, "actions": [{"type": "keypress", "keys": ["a"]}]})
    copy = snapshot_call(item)
    item.actions[0].keys.append("b")  # type: ignore[index,union-attr]
    item.more.append(2)  # type: ignore[attr-defined]
    assert copy.to_dict() == {**data, "actions": [{"type": "keypress", "keys": ["a"]}]}
    assert copy.pending_safety_checks is None
    assert snapshot_call(item).to_dict()["actions"] == [{"type": "keypress", "keys": ["a", "b"]}]


async def test_every_call_is_carried_out_or_refused_alike() -> None:
    done = 0
    for data in [*filter(lambda data: officially(data) != "refused", CALLS), *unfinished()]:
        result, log = await executed(
            data, approve_safety_checks=lambda log: answering(log, "approve", [True])
        )
        done += result[0] == "gave"
        assert (result[0] == "gave") == (("screenshot",) in log)
    assert done > 50


@pytest.mark.parametrize("answer", [True, False, None, 1, "yes", ValueError("no policy")])
async def test_what_a_policy_may_say(answer: Any) -> None:
    for good in range(5):
        result, _ = await executed(
            CHECKED,
            approve_safety_checks=lambda log: answering(log, "approve", [True]),
            before_action=lambda log, good=good: answering(log, "before", [True] * good + [answer]),
        )
        assert (result[0] == "gave") == (answer is True)
    await executed(CHECKED, approve_safety_checks=lambda log: answering(log, "approve", [answer]))
    await executed(CHECKED)


@pytest.mark.parametrize("once", [False, True])
async def test_cancelled_at_every_poll(once: bool) -> None:
    finished = 0
    for poll in range(40):
        for fails in (None, (2, ValueError("the page is gone")), (4, own.ComputerUseError("mine"))):
            result, _ = await executed(
                CHECKED,
                cancelled=lambda log, poll=poll: Polls(poll, once),
                approve_safety_checks=lambda log: answering(log, "approve", [True]),
                before_action=lambda log: answering(log, "before", [True]),
                fails=fails,
            )
            finished += result[0] == "gave"
    assert finished


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), asyncio.TimeoutError(), KeyError("k")])
async def test_a_driver_that_fails(error: Exception) -> None:
    for number in range(5):
        result, log = await executed(
            CHECKED,
            approve_safety_checks=lambda log: answering(log, "approve", [True]),
            fails=(number, error),
        )
        assert result[1] == type(error).__name__
        assert log[-1][1]["reason"] == "driver_failed"


@pytest.mark.parametrize(
    "screen",
    [
        SCREEN,
        {"type": "computer_screenshot", "file_id": "file_1"},
        {"type": "computer_screenshot", "file_id": "file_1", "image_url": "https://x/y.png", "more": 1},
        {"type": "computer_screenshot", "file_id": "file_1", "image_url": None},
        {"type": "computer_screenshot", "file_id": None, "image_url": None},
        {"type": "computer_screenshot", "file_id": "", "image_url": "https://x/y.png"},
        {"type": "computer_screenshot", "image_url": "  "},
        {"type": "computer_screenshot", "image_url": 5},
        {"type": "computer_screenshot"},
        {"type": "screenshot", "image_url": "https://x/y.png"},
        {"image_url": "https://x/y.png"},
        None,
        "data:image/png;base64,AAAA",
        [SCREEN],
        {},
    ],
)
async def test_what_a_screenshot_may_be(screen: Any) -> None:
    await executed(call(actions=[WHOLE[10]]), screen=screen)


async def test_a_refusal_says_what_where_and_what_next() -> None:
    driver = Driver([], {"type": "computer_screenshot", "image_url": 5})
    toolset = own.AsyncComputerToolset(driver)
    with pytest.raises(
        own.ComputerUseError, match=r"gave 'type', 'image_url'; it gives .*'computer_screenshot'"
    ):
        await toolset.execute(received(call(actions=[WHOLE[10]])))
    with pytest.raises(
        own.ComputerUseError, match=r"'call_1' stopped: its safety checks .malicious. were not"
    ):
        await toolset.execute(received(CHECKED))
    with pytest.raises(own.ComputerUseError, match=r"actions\[1\]\.path\[1\]\.y: expected an integer, got"):
        await toolset.execute(
            constructed(call(actions=[WHOLE[0], {"type": "drag", "path": [{"x": 1, "y": 1}, {"x": 1}]}]))
        )
    with pytest.raises(own.ComputerUseError, match=r"expected a computer call.*got str 'no'"):
        await toolset.execute("no")  # type: ignore[arg-type]


class Lacking(Driver):
    """A driver without a method."""

    def __getattr__(self, member: str) -> Any:
        if member == "drag":
            raise AttributeError(member)
        return super().__getattr__(member)


class Plain(Driver):
    """A driver one of whose methods is not asynchronous, and says so."""

    def wait(self, action: Any) -> None:
        pass


class Wrapped(Driver):
    """A driver one of whose methods nobody can judge, or has to await."""

    def wait(self, action: Any):  # type: ignore[no-untyped-def]
        return self._do("wait", action)

    def move(self, action: Any) -> typing.Awaitable[None]:
        return self._do("move", action)


@pytest.mark.parametrize("driver", [Lacking, Plain, Wrapped, object, Driver])
async def test_which_drivers_are_taken(driver: type[Any]) -> None:
    async def made(package: Any) -> Any:
        package.AsyncComputerToolset(driver([]) if driver is not object else object())

    theirs, mine = [await outcome(made(package)) for package, _ in PACKAGES]
    assert mine == theirs
    assert mine[0] == ("gave" if driver in (Wrapped, Driver) else "raised")


class Taking(Driver):
    """A driver whose methods want to know whether they are to stop."""

    async def click(self, action: Any, *, cancelled: Any = None) -> None:
        self.log.append(("click", cancelled()))

    async def screenshot(self, cancelled: Any = None) -> Any:
        self.log.append(("screenshot", cancelled is not None))
        return SCREEN


async def test_methods_that_take_cancelled_get_it() -> None:
    logs: list[Log] = []
    for package, kind in PACKAGES:
        logs.append([])
        toolset = package.AsyncComputerToolset(Taking(logs[-1]))
        await toolset.execute(kind.construct(**call(actions=[WHOLE[0]])), cancelled=lambda: False)
        await toolset.execute(kind.construct(**call(actions=[WHOLE[10]])))
    assert logs[1] == logs[0] == [("click", False), ("screenshot", True), ("screenshot", False)]


async def test_one_at_a_time_and_none_once_closed() -> None:
    for package, kind in PACKAGES:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def hold(action: Any, entered: asyncio.Event = entered, leave: asyncio.Event = leave) -> bool:
            entered.set()
            await leave.wait()
            return True

        toolset = package.AsyncComputerToolset(Driver([]))
        item = kind.construct(**call(actions=[WHOLE[0]]))
        first = asyncio.create_task(toolset.execute(item, before_action=hold))
        await entered.wait()
        with pytest.raises(RuntimeError):
            await toolset.execute(item)
        with pytest.raises(RuntimeError):
            await toolset.run(None, {"input": "x"})
        assert toolset.close() == {"status": "draining"}
        leave.set()
        assert (await first)["output"] == SCREEN
        assert toolset.close() == {"status": "closed"}
        with pytest.raises(RuntimeError):
            await toolset.execute(item)


async def test_a_cancelled_task_leaves_it_free() -> None:
    for package, kind in PACKAGES:
        log: Log = []

        async def hang(action: Any) -> bool:
            await asyncio.Event().wait()
            return True

        toolset = package.AsyncComputerToolset(Driver(log))
        item = kind.construct(**call(actions=[WHOLE[0]]))
        task = asyncio.create_task(toolset.execute(item, before_action=hang))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == []
        assert (await toolset.execute(item))["call_id"] == "call_1"


def test_the_surface_is_the_official_one() -> None:
    for name in ("__init__", "close", "run", "execute"):
        mine, theirs = (getattr(p.AsyncComputerToolset, name) for p, _ in PACKAGES)
        assert shape(mine) == shape(theirs), name
        assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(theirs)
    assert own.AsyncComputerDriver.__abstractmethods__ == official.AsyncComputerDriver.__abstractmethods__
    for name in own.AsyncComputerDriver.__abstractmethods__:
        hints = [typing.get_type_hints(getattr(p.AsyncComputerDriver, name)) for p, _ in PACKAGES]
        assert {k: normal(v) for k, v in hints[1].items()} == {k: normal(v) for k, v in hints[0].items()}, (
            name
        )
    assert normal(own.ComputerActionInput) == normal(official.ComputerActionInput)
    assert normal(own.Screenshot) == normal(official.Screenshot)
    assert oxide.AsyncComputerToolset is own.AsyncComputerToolset
    assert oxide.AsyncComputerDriver is own.AsyncComputerDriver
    assert issubclass(own.ComputerUseError, RuntimeError)
    assert issubclass(own.ComputerUseError, oxide.OpenAIError)
