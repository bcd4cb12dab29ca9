"""What a browser toolset is made of and declares, beside the official one, and what oxide's says."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

import oxide
from oxide.helpers.toolsets.browser_types import BrowserUseError
from oxide.json import pad
from oxide.lib import browser as own
from oxide.models import build
from oxide.types.responses import ResponseFunctionToolCall

from .browser_cases import ARGUMENTS, IMAGE, OBSERVED, REPORT, STATE
from .drivers import Log
from .shapes import normal, shape
from .test_browser import PACKAGES, Driver, policy, toolset

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

from openai.lib import browser as official  # noqa: E402


def declared(tools: Any) -> Any:
    """Declarations without their descriptions, each of which has to be there."""
    copies = deepcopy(tools)

    def without(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: without(v) for k, v in node.items() if k != "description"} | (
                {"described": bool(node["description"])} if "description" in node else {}
            )
        return [without(item) for item in node] if isinstance(node, list) else node

    return without(copies)


def chosen() -> list[dict[str, Any]]:
    """Ways to say what a model may use; some of them are none."""
    found: list[dict[str, Any]] = [{}, {"members": [], "additional_members": []}]
    for name in ("members", "additional_members"):
        for value in (
            [],
            ["click"],
            ("click", "zoom"),
            ["run_script"],
            ["list_tabs"],
            ["nothing"],
            ["click"] * 2,
        ):
            found.append({name: value})
        for value in ("click", b"click", 5, {"click"}, [5], [None], ["state"], ["navigate"], list(ARGUMENTS)):
            found.append({name: value})
    for reads in (
        "find",
        ["find"],
        ("find", "zoom"),
        ["click"],
        ["find"] * 2,
        ["read_page_scoped"],
        [],
        ["x"],
    ):
        found += [{"confirm_reads": reads}, {"confirm_reads": reads, "members": ["find", "read_page_scoped"]}]
    return found


DRIVERS: list[Callable[[], Any]] = [
    lambda: Driver([]),
    lambda: Driver([], members=("read_page", "find")),
    lambda: Driver([], members=("click", "run_script")),
    lambda: Driver([], members=("navigate",)),
    object,
]


def test_what_a_toolset_can_be_made_of() -> None:
    made = 0
    for driver in DRIVERS:
        for options in chosen():
            for more in (
                {},
                {"confirm": print},
                {"url_policy": print},
                {"confirm": print, "url_policy": print},
            ):
                found: list[Any] = []
                for package, _ in PACKAGES:
                    try:
                        tools = package.AsyncBrowserToolset(driver(), **options, **more).tools
                        found.append(declared(tools))
                        made += 1
                    except ValueError:
                        found.append("ValueError")
                assert found[1] == found[0], (options, more)
    assert made > 100


class PlainState(Driver):
    """A driver whose state nobody can await."""

    def state(self) -> dict[str, Any]:  # type: ignore[override]
        return STATE


class StaticState(Driver):
    """A driver whose state is of no instance."""

    @staticmethod
    async def state() -> Any:
        return STATE


class PropertyState(Driver):
    """A driver whose state is made when it is asked for, and fails at times."""

    broken = False

    @property
    def state(self) -> Any:
        if self.broken:
            raise ValueError("gone")
        return super().state


class PlainClick(Driver):
    """A driver with a method that is not asynchronous."""

    def __init__(self, log: Log) -> None:
        super().__init__(log, members=())

    def click(self, action: Any) -> None:
        pass


@pytest.mark.parametrize("driver", [PlainState, StaticState, PropertyState, PlainClick])
async def test_which_drivers_are_taken(driver: Any) -> None:
    for package, kind in PACKAGES:
        log: Log = []
        options = {"confirm": policy(log, "confirm"), "url_policy": policy(log, "url_policy")}
        if driver in (PlainState, PlainClick):
            with pytest.raises(ValueError, match=r"click|state"):
                package.AsyncBrowserToolset(driver(log), **options)
            continue
        made = package.AsyncBrowserToolset(driver(log), **options)
        item = kind.construct(type="function_call", call_id="c1", name="browser_list_tabs", arguments="{}")
        assert json.loads((await made.execute(item))["output"][0]["text"])["ok"]
        if driver is PropertyState:
            made.driver.broken = True
            with pytest.raises(RuntimeError):
                await made.execute(item)


async def test_methods_and_policies_that_take_cancelled_get_it() -> None:
    class Taking(Driver):
        async def state(self, *, cancelled: Any) -> Any:
            self.log.append(("state", cancelled()))
            return STATE

        async def click(self, action: Any, cancelled: Any = None) -> None:
            self.log.append(("click", cancelled()))

    for package, kind in PACKAGES:
        log: Log = []

        async def confirm(context: Any, *, cancelled: Any, log: Log = log) -> bool:
            log.append(("confirm", cancelled()))
            return True

        made = package.AsyncBrowserToolset(Taking(log, members=()), members=["click"], confirm=confirm)
        item = kind.construct(
            type="function_call", call_id="c1", name="browser_click", arguments=json.dumps(ARGUMENTS["click"])
        )
        await made.execute(item, cancelled=lambda: False)
        assert log == [("state", False), ("confirm", False), ("click", False), ("state", False)]


async def test_one_at_a_time_and_none_once_closed() -> None:
    for package, kind in PACKAGES:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def hold(context: Any, entered: asyncio.Event = entered, leave: asyncio.Event = leave) -> bool:
            entered.set()
            await leave.wait()
            return True

        made = package.AsyncBrowserToolset(Driver([], members=("click",)), confirm=hold)
        item = kind.construct(
            type="function_call", call_id="c1", name="browser_click", arguments=json.dumps(ARGUMENTS["click"])
        )
        first = asyncio.create_task(made.execute(item))
        await entered.wait()
        with pytest.raises(RuntimeError):
            await made.execute(item)
        assert made.close() == {"status": "draining"}
        leave.set()
        assert json.loads((await first)["output"][0]["text"])["ok"]
        assert made.close() == {"status": "closed"}
        with pytest.raises(RuntimeError):
            await made.execute(item)


async def test_a_cancelled_task_leaves_it_free() -> None:
    async def hang(context: Any) -> bool:
        await asyncio.Event().wait()
        return True

    made = own.AsyncBrowserToolset(Driver([], members=("click",)), confirm=hang)
    item = ResponseFunctionToolCall.construct(
        type="function_call", call_id="c1", name="browser_click", arguments=json.dumps(ARGUMENTS["click"])
    )
    task = asyncio.create_task(made.execute(item))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made.close() == {"status": "closed"}


def received(member: str, arguments: str | None = None, **fields: Any) -> ResponseFunctionToolCall:
    """A call as the client makes it of an answer."""
    text = json.dumps(ARGUMENTS[member]) if arguments is None else arguments
    item = {
        "type": "function_call",
        "call_id": "c1",
        "name": f"browser_{member}",
        "arguments": text,
        **fields,
    }
    body = json.dumps(item).encode()
    made: ResponseFunctionToolCall = build(ResponseFunctionToolCall, pad(body), len(body))
    return made


def told(output: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(output["output"][0]["text"])
    return payload


def test_the_declarations_are_the_official_ones() -> None:
    theirs, mine = (toolset(package, []).tools for package in (official, own))
    assert declared(mine) == declared(theirs)
    assert [tool["name"] for tool in mine] == [f"browser_{member}" for member in own.BROWSER_MEMBERS]
    mine[0]["parameters"]["properties"].clear()
    assert toolset(own, []).tools != mine
    assert own.BROWSER_MEMBERS == official.BROWSER_MEMBERS
    assert own.DEFAULT_BROWSER_MEMBERS == official.DEFAULT_BROWSER_MEMBERS


def test_the_surface_is_the_official_one() -> None:
    for name in ("__init__", "close", "execute", "_execute"):
        mine, theirs = (getattr(p.AsyncBrowserToolset, name) for p in (own, official))
        assert shape(mine) == shape(theirs), name
        assert inspect.iscoroutinefunction(mine) == inspect.iscoroutinefunction(theirs)
    for name in official.__all__:
        if name.endswith(("Driver", "Toolset")) and not name.startswith("Async"):
            continue
        mine, theirs = getattr(own, name), getattr(official, name)
        if typing.is_typeddict(theirs):
            hints = [typing.get_type_hints(kind, include_extras=True) for kind in (mine, theirs)]
            assert {k: normal(v) for k, v in hints[0].items()} == {
                k: normal(v) for k, v in hints[1].items()
            }, name
            assert mine.__required_keys__ == theirs.__required_keys__, name
        elif name.endswith("Driver"):
            assert getattr(mine, "__abstractmethods__", None) == getattr(theirs, "__abstractmethods__", None)
            for method in theirs.__abstractmethods__:
                left, right = (typing.get_type_hints(getattr(kind, method)) for kind in (mine, theirs))
                assert {k: normal(v) for k, v in left.items()} == {k: normal(v) for k, v in right.items()}, (
                    name
                )
        elif not isinstance(theirs, type):
            assert normal(mine) == normal(theirs), name
    assert issubclass(own.BrowserCancelledError, RuntimeError)
    assert issubclass(BrowserUseError, RuntimeError)
    for error in (own.BrowserError, own.BrowserCancelledError, BrowserUseError):
        assert issubclass(error, oxide.OpenAIError)


async def test_a_call_of_an_answer_is_carried_out() -> None:
    log: list[Any] = []
    made = own.AsyncBrowserToolset(
        Driver(log), confirm=policy(log, "confirm"), url_policy=policy(log, "url_policy")
    )
    call = received("navigate")
    before = call.to_dict()
    payload = told(await made.execute(call))
    assert payload == {
        "ok": True,
        "state": {
            "tabs": [
                {"id": "1", "title": "One", "url": "https://example.com", "active": True},
                {"id": "2", "title": "Two", "url": "http://127.0.0.1:8080", "active": False},
            ]
        },
        "result": None,
    }
    assert call.to_dict() == before
    assert [entry[0] for entry in log] == ["state", "url_policy", "confirm", "navigate", "state"]


@pytest.mark.parametrize(
    ("member", "arguments", "words"),
    [
        ("click", "{", "The arguments of browser_click are not valid JSON."),
        ("click", "{}", "browser_click takes an object with exactly these arguments: target, tab_id."),
        (
            "zoom",
            '{"tab_id": null, "region": [5, 0, 5, 1]}',
            "The argument region of browser_zoom has to be [left, top, right, bottom] "
            "with left < right and top < bottom.",
        ),
        (
            "hold_keys",
            '{"tab_id": null, "keys": ["a"], "duration_ms": 0}',
            "The argument duration_ms of browser_hold_keys has to be an integer from 1 to 3000.",
        ),
    ],
)
async def test_the_model_is_told_what_is_wrong(member: str, arguments: str, words: str) -> None:
    assert told(await toolset(own, []).execute(received(member, arguments)))["error"] == words


@pytest.mark.parametrize(
    ("options", "member", "place"),
    [
        ({"states": [{**STATE, "tabs": 5}]}, "click", "tabs: expected a list, got int"),
        ({"states": [OBSERVED, STATE]}, "click", "observation: it was there before the call"),
        ({"states": [ValueError("secret")]}, "click", "failed: ValueError"),
        (
            {"given": {"read_page": {**REPORT, "elements": [{"ref": "a"}]}}},
            "read_page",
            r"elements\[0\].label: expected",
        ),
        (
            {"given": {"zoom": {**IMAGE, "detail": "secret"}}},
            "zoom",
            r"zoom\(\) of the browser driver: detail: expected",
        ),
        (
            {"given": {"click": 5}},
            "click",
            r"click\(\) of the browser driver gave int; it gives text or None",
        ),
    ],
)
async def test_the_program_is_told_which_part_of_a_driver_is_wrong(
    options: dict[str, Any], member: str, place: str
) -> None:
    with pytest.raises(BrowserUseError, match=place) as caught:
        await toolset(own, [], **options).execute(received(member))
    assert "secret" not in str(caught.value)


async def test_malformed_calls_are_refused() -> None:
    made = toolset(own, [])
    with pytest.raises(BrowserUseError, match=r"arguments: expected str .*, got list"):
        await made.execute(received("click", []))  # type: ignore[arg-type]
    with pytest.raises(own.BrowserError, match="browser_run_script is not among those that may be used"):
        await toolset(own, [], additional_members=[]).execute(received("run_script"))


def test_a_toolset_that_cannot_be_made_says_why() -> None:
    with pytest.raises(ValueError, match="members: 'fly' is none of navigate, read_page"):
        toolset(own, [], members=["fly"])
    with pytest.raises(ValueError, match="click: a user has to be asked; pass confirm"):
        own.AsyncBrowserToolset(Driver([], members=("click",)))
    with pytest.raises(ValueError, match="navigate, new_tab: pass url_policy"):
        own.AsyncBrowserToolset(Driver([]), confirm=policy([], "confirm"))
    with pytest.raises(ValueError, match="object has no method 'click'"):
        own.AsyncBrowserToolset(object(), members=["click"], confirm=policy([], "x"))  # type: ignore[arg-type]
