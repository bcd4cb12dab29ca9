"""The browser toolset of the official SDK and oxide's, driven alike: what they declare, do, give and refuse.

Texts for the model are oxide's own, so outputs are compared as data without them.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from oxide.lib import browser as own
from oxide.types.responses import ResponseFunctionToolCall

from .browser_cases import ARGUMENTS, GIVEN, IMAGE, OBSERVED, OUTCOME, REPORT, STATE, URLS, calls, spoilt
from .drivers import Log, Polls, observer, plain

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

from openai.lib import browser as official  # noqa: E402
from openai.types.responses import ResponseFunctionToolCall as OfficialCall  # noqa: E402

PACKAGES: list[tuple[Any, type[Any]]] = [(official, OfficialCall), (own, ResponseFunctionToolCall)]
READ_ONLY = [
    "read_page",
    "get_page_text",
    "find",
    "screenshot",
    "zoom",
    "list_tabs",
    "wait_for",
    "read_page_scoped",
]


class Driver:
    """Notes what it is told and gives what the member may give.

    Args:
      log: where to note.
      given: what members give, where not the usual; an exception is raised.
      states: what `state` gives, one after another, the last one for ever.
      members: what it has.
    """

    def __init__(
        self, log: Log, given: Any = None, states: Any = (STATE,), members: Any = tuple(ARGUMENTS)
    ) -> None:
        self.log = log
        self.given = given or {}
        self.states = list(states)
        for member in members:
            setattr(self, member, self._method(member))

    async def state(self) -> Any:
        self.log.append(("state",))
        value = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(value, Exception):
            raise value
        return deepcopy(value)

    def _method(self, member: str) -> Any:
        async def method(action: Any) -> Any:
            self.log.append((member, plain(action)))
            action["spoilt"] = True
            value = self.given.get(member, GIVEN.get(member))
            if isinstance(value, Exception):
                raise value
            return deepcopy(value)

        return method


def policy(log: Log, name: str, answer: Any = True) -> Any:
    """A policy that notes what it is asked, spoils it, and gives one answer; an exception is raised."""

    async def asked(context: Any, *url: str) -> Any:
        log.append((name, plain(context), *url))
        context["arguments"]["spoilt"] = True
        if context["state"]:
            context["state"]["tabs"].clear()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return asked


def toolset(package: Any, log: Log, *, confirm: Any = True, url_policy: Any = True, **options: Any) -> Any:
    driver = {name: options.pop(name) for name in ("given", "states") if name in options}
    confirm, url_policy = (
        package.BrowserError("driver: no") if said == "error" else said for said in (confirm, url_policy)
    )
    if "members" not in options:
        options.setdefault(
            "additional_members", [m for m in ARGUMENTS if m not in own.DEFAULT_BROWSER_MEMBERS]
        )
    return package.AsyncBrowserToolset(
        Driver(log, **driver),
        confirm=policy(log, "confirm", confirm),
        url_policy=policy(log, "url_policy", url_policy),
        **options,
    )


def data(result: Any) -> Any:
    """An output without the toolsets' words: whether there is an error, and which if the driver said it."""
    output, well = result
    head, *images = output["output"]
    payload = json.loads(head["text"])
    if "error" in payload and not payload["error"].startswith("driver: "):
        payload["error"] = "words"
    return {**output, "output": [payload, *images]}, well


async def outcome(work: Any) -> Any:
    """What came of a call; errors by the built-in class they are of."""
    try:
        return "gave", data(await work)
    except (official.BrowserError, own.BrowserError):
        return "raised", "BrowserError"
    except (official.BrowserCancelledError, own.BrowserCancelledError):
        return "raised", "BrowserCancelledError"
    except Exception as error:
        return "raised", next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


async def executed(
    member: str,
    arguments: Any = None,
    *,
    call: Any = None,
    skip: bool = False,
    poll: Any = None,
    **options: Any,
) -> Any:
    """What both make of one call, and what driver, policies and observer saw; they have to agree."""
    found: list[Any] = []
    text = json.dumps(ARGUMENTS[member]) if arguments is None else arguments
    for package, kind in PACKAGES:
        log: Log = []
        made = toolset(package, log, **options)
        item = kind.construct(
            **{
                "type": "function_call",
                "call_id": "c1",
                "name": f"browser_{member}",
                "arguments": text,
                **(call or {}),
            }
        )
        cancelled = None if poll is None else Polls(*poll)
        work = made._execute(item, skip=skip, cancelled=cancelled, on_diagnostic=observer(log))
        found.append((await outcome(work), log))
    assert found[1] == found[0], (member, text, options)
    return found[1]


async def test_every_member_with_every_argument() -> None:
    ends = {True: 0, False: 0}
    for member, text in calls():
        result, log = await executed(member, text)
        assert result[0] == "gave"
        ends[result[1][1]] += 1
        if member != "list_tabs":
            assert result[1][1] == any(entry[0] == member for entry in log)
    assert min(ends.values()) > 100


async def test_reports_of_drivers() -> None:
    ends: set[str] = set()
    for member, good in {"read_page_scoped": REPORT, "read_diagnostics": {**REPORT, "elements": []}}.items():
        for report in spoilt(good):
            ends.add((await executed(member, given={member: report}))[0][0])
    for member, value in [
        ("read_page", {}),
        ("read_page", "text"),
        ("get_page_text", REPORT),
        ("find", None),
    ]:
        await executed(member, given={member: value})
    assert ends == {"gave", "raised"}


@pytest.mark.parametrize("member", ["screenshot", "zoom"])
async def test_images_of_drivers(member: str) -> None:
    whole = {**IMAGE, "file_id": "file_1", "prompt_cache_breakpoint": {"mode": "explicit"}}
    for image in [whole, *spoilt(whole), {**IMAGE, "image_url": "  "}, {**IMAGE, "detail": "original"}]:
        await executed(member, given={member: image})


@pytest.mark.parametrize("member", ["upload_file", "download_file"])
async def test_outcomes_of_files(member: str) -> None:
    for value in spoilt(OUTCOME):
        await executed(member, given={member: value})
    for status in ("completed", "refused", "unknown", "interrupted"):
        for effect in ("completed", "none", "unknown"):
            for cleanup in ("not_started", "completed"):
                given = {**OUTCOME, "status": status, "effect": effect, "cleanup": cleanup}
                result, _ = await executed(member, given={member: given})
                if result[0] == "gave":
                    assert result[1][1] == (status == "completed")


@pytest.mark.parametrize("value", [None, "", "text", "\ud800", 5, True, [], {}, b"x"])
async def test_what_other_members_give(value: Any) -> None:
    for member in ("click", "run_script", "wait_for", "navigate"):
        await executed(member, given={member: value})


async def test_states() -> None:
    for good in (STATE, OBSERVED):
        for state in [good, {"tabs": []}, *spoilt(good)]:
            for states in ([state], [good, state]):
                await executed("click", states=states)


async def test_states_that_follow_from_one_another() -> None:
    first = OBSERVED["observation"]
    numbered = [
        {**change, "sequence": number} for number, change in enumerate([*first["changes"]] * 3, start=1)
    ]
    for dropped in range(0, 9):
        for length in range(0, 8):
            changes = [
                {**change, "sequence": n} for n, change in enumerate(numbered[:length], start=dropped + 1)
            ]
            later = {
                "version": 1,
                "sequence": dropped + length,
                "dropped_changes": dropped,
                "title_truncated": False,
            }
            await executed(
                "click", states=[OBSERVED, {**STATE, "observation": {**later, "changes": changes}}]
            )
    grown = {
        **first,
        "sequence": 8,
        "changes": [*first["changes"], {"type": "navigation", "sequence": 8, "tab_id": "1"}],
    }
    shrunk = {**first, "dropped_changes": 4, "changes": first["changes"][2:]}
    for later in (grown, shrunk, {**first, "title_truncated": True}):
        assert (await executed("click", states=[OBSERVED, {**STATE, "observation": later}]))[0][0] == "gave"
    assert (await executed("click", states=[OBSERVED, STATE]))[0][0] == "raised"
    assert (await executed("click", states=[STATE, OBSERVED]))[0][0] == "gave"


@pytest.mark.parametrize("title", ["", "é" * 512, "é" * 513, "a" + "é" * 512, "\ud800", "🎉" * 400])
async def test_titles(title: str) -> None:
    for good in (STATE, OBSERVED):
        changed = deepcopy(good)
        changed["tabs"][0]["title"] = title
        await executed("list_tabs", states=[changed])


async def test_addresses() -> None:
    shown = 0
    for good in (STATE, OBSERVED):
        for url in URLS:
            changed = deepcopy(good)
            changed["tabs"][0]["url"] = url
            result, _ = await executed("list_tabs", states=[changed])
            shown += result[0] == "gave"
            if result[0] == "gave":
                assert "token" not in str(result)
    assert 60 < shown < 2 * len(URLS) - 40


@pytest.mark.parametrize("answer", [True, False, None, 1, "yes", ValueError("secret"), "error"])
async def test_what_policies_may_say(answer: Any) -> None:
    for member in ARGUMENTS:
        for name in ("confirm", "url_policy"):
            options: dict[str, Any] = {name: answer}
            result, log = await executed(member, **options)
            assert "secret" not in str(result)
            if answer is True:
                assert result[1][1]
            elif member == "click" and name == "confirm":
                assert [entry[0] for entry in log] == ["state", "confirm", "diagnostic", "state"]


async def test_reads_can_be_asked_about_before_anything_is_looked_at() -> None:
    reads = [member for member in READ_ONLY if member != "list_tabs"]
    for member in [*reads, "list_tabs", "click"]:
        for answer in (True, False, ValueError("x")):
            for text in (None, "{"):
                result, log = await executed(
                    member, text, confirm=answer, confirm_reads=[*reads, "list_tabs"]
                )
                if answer is False and member != "click" and text is None:
                    assert [entry[0] for entry in log] == ["confirm", "diagnostic"]
                    assert result == (
                        "gave",
                        ({**_refused(), "output": [{"ok": False, "error": "words"}]}, False),
                    )
        await executed(member, skip=True, confirm_reads=reads)
        await executed(member, skip=True)


def _refused() -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": "c1"}


@pytest.mark.parametrize("once", [False, True])
async def test_cancelled_at_every_poll(once: bool) -> None:
    ends: set[str] = set()
    for member in ("navigate", "click", "read_page", "screenshot", "upload_file"):
        for poll in range(14):
            for given in (None, {member: ValueError("gone")}, {member: 5}):
                options: dict[str, Any] = {"poll": (poll, once), "given": given}
                result, _ = await executed(member, **options)
                await executed(member, confirm_reads=["read_page"], **options)
                await executed(member, confirm=False, confirm_reads=["read_page"], **options)
                await executed(member, states=[STATE, ValueError("gone")], **options)
                ends.add(result[1] if result[0] == "raised" else "gave")
    assert ends == {"gave", "BrowserCancelledError", "RuntimeError"}


async def test_what_a_driver_raises() -> None:
    for number, (package, kind) in enumerate(PACKAGES):
        for error in (
            ValueError("secret"),
            package.BrowserError("driver: no such tab"),
            package.BrowserCancelledError("x"),
        ):
            log: Log = []
            made = toolset(package, log, given={"click": error})
            item = kind.construct(
                type="function_call",
                call_id="c1",
                name="browser_click",
                arguments=json.dumps(ARGUMENTS["click"]),
            )
            result = await outcome(made._execute(item, on_diagnostic=observer(log)))
            reason = log[3 if isinstance(error, package.BrowserCancelledError) else -2]
            if isinstance(error, package.BrowserCancelledError):
                assert result == ("raised", "BrowserCancelledError"), number
                assert log[-1][1]["reason"] == "cancelled"
            else:
                assert reason[1]["reason"] == "driver_failed"
                assert result[1][0]["output"][0]["error"] == (
                    "driver: no such tab" if isinstance(error, package.BrowserError) else "words"
                )
    for states in ([ValueError("x")], [STATE, ValueError("x")]):
        assert (await executed("click", states=states))[0] == ("raised", "RuntimeError")


async def test_which_calls_are_for_it() -> None:
    options: list[dict[str, Any]] = [
        {},
        {"additional_members": []},
        {"members": ["click", "read_page"]},
        {"members": ["list_tabs"]},
        {"members": []},
    ]
    for more in options:
        for member in ("click", "read_page", "list_tabs", "run_script"):
            for call in (
                {},
                {"type": "custom"},
                {"status": "completed"},
                {"status": "incomplete"},
                {"name": member},
            ):
                for skip in (False, True):
                    await executed(member, call=call, skip=skip, **more)
        for name in ("browser_", "browser_unknown", "click", "Browser_click"):
            await executed("click", call={"name": name}, **more)
        await executed("click", call={"call_id": None}, **more)
