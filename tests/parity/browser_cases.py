"""Browser calls, states and reports: good ones, and each of their parts gone wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

LARGEST = 2**53 - 1

ARGUMENTS: dict[str, dict[str, Any]] = {
    "navigate": {"url": "https://example.com/a?b=c", "tab_id": None},
    "read_page": {"tab_id": "1", "filter": "interactive"},
    "get_page_text": {"tab_id": None},
    "find": {"query": "price", "tab_id": None},
    "click": {"target": "e1", "tab_id": None},
    "type": {"text": "zażółć 🎉", "target": None, "tab_id": "1"},
    "key": {"keys": ["Control", "c"], "tab_id": None},
    "scroll": {"direction": "down", "amount": 300, "tab_id": None},
    "select_option": {"target": "e2", "values": ["a", "b"], "tab_id": None},
    "hover": {"target": "e1", "tab_id": None},
    "screenshot": {"tab_id": None},
    "zoom": {"tab_id": None, "region": [0, 0, 10, 20]},
    "new_tab": {"url": "https://example.com"},
    "list_tabs": {},
    "switch_tab": {"tab_id": "2"},
    "close_tab": {"tab_id": "2"},
    "scroll_to": {"target": "e1", "tab_id": None},
    "wait_for": {"text": " done \n now ", "timeout_ms": 500, "tab_id": None},
    "hover_at": {"tab_id": None, "x": 1, "y": LARGEST},
    "set_checked": {"tab_id": None, "target": "e3", "checked": True},
    "click_at": {
        "tab_id": None,
        "x": 1,
        "y": 2,
        "button": "left",
        "click_count": 2,
        "keys": ["Shift", "Alt"],
    },
    "drag_path": {"tab_id": None, "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}], "keys": []},
    "hold_keys": {"tab_id": None, "keys": ["a"], "duration_ms": 3000},
    "read_page_scoped": {"tab_id": None, "root": None, "depth": 32, "filter": "all"},
    "read_diagnostics": {"tab_id": None, "source": "console", "limit": 100},
    "run_script": {"tab_id": None, "source": "1 + 1", "timeout_ms": 30000},
    "upload_file": {"grant_id": "g1"},
    "download_file": {"grant_id": "g1"},
}
"""Arguments that each member takes."""

VALUES: list[Any] = [None, True, 0, 1, -1, 1.0, 3.5, 3001, 30001, LARGEST, LARGEST + 1, "", " ", "x", "all"]
VALUES += ["left", "console", "é" * 128, "é" * 129, "\ud800", [], {}, ["a"], ["a", "a"], [1], ["Shift"], [""]]
VALUES += [["Shift", "Shift"], ["k" * 65], list("abcdefgh"), list("abcdefghi"), [0, 0, 1, 1], [1, 0, 1, 1]]
VALUES += [[0, 0, 1], [0, 0, 1.0, 1], [{"x": 0, "y": 0}] * 2, [{"x": 0, "y": 0}] * 101, [{"x": 0, "y": 0}]]
VALUES += [
    [{"x": 0, "y": 0}, {"x": 0}],
    [{"x": 0, "y": 0}, {"x": 0, "y": -1}],
    [{"x": 0, "y": 0, "z": 0}] * 2,
]

REPORT: dict[str, Any] = {
    "version": 1,
    "text": "page",
    "elements": [
        {"ref": "e1", "role": "button", "label": "Go", "private": "x"},
        {"ref": "e2", "role": "checkbox", "label": "Yes", "checked": False, "value": ""},
        {
            "ref": "e3",
            "role": "listbox",
            "label": "L",
            "options": [{"label": "a", "value": "1", "selected": True}],
        },
        {
            "ref": "e4",
            "role": "combobox",
            "label": "C",
            "options": [{"label": "a", "value": "", "selected": 5}],
        },
        {"ref": "e5", "role": "slider", "label": "S", "checked": "ignored"},
    ],
    "omitted": ["private", "text_limit"],
    "scopes": [{"ref": "s1", "label": "main", "more": 1}],
    "more": object,
}
IMAGE: dict[str, Any] = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}
OUTCOME: dict[str, Any] = {"version": 1, "status": "completed", "effect": "completed", "cleanup": "pending"}

GIVEN: dict[str, Any] = {
    **dict.fromkeys(("read_page", "find", "read_page_scoped"), REPORT),
    **{member: {**REPORT, "elements": []} for member in ("get_page_text", "read_diagnostics")},
    **dict.fromkeys(("screenshot", "zoom"), IMAGE),
    **dict.fromkeys(("upload_file", "download_file"), OUTCOME),
    "run_script": "2",
}
"""What a driver gives for each member; nothing for the others."""

STATE: dict[str, Any] = {
    "tabs": [
        {
            "id": "1",
            "title": "One",
            "url": "https://u:p@Example.com:443/path?token=x#y",
            "active": True,
            "more": 1,
        },
        {"id": "2", "title": "Two", "url": "http://127.0.0.1:8080/", "active": False},
    ]
}
CHANGES: list[dict[str, Any]] = [
    {"type": "tab_opened", "sequence": 3, "tab_id": "1"},
    {"type": "navigation", "sequence": 4, "tab_id": "1", "url": "not shown"},
    {"type": "navigation_refused", "sequence": 5, "tab_id": None, "reason": "policy"},
    {"type": "download", "sequence": 6, "tab_id": "2", "status": "blocked"},
    {"type": "dialog_dismissed", "sequence": 7, "tab_id": "1", "kind": "alert"},
]
OBSERVED: dict[str, Any] = {
    **STATE,
    "observation": {
        "version": 1,
        "sequence": 7,
        "dropped_changes": 2,
        "title_truncated": False,
        "changes": CHANGES,
        "more": 1,
    },
}

_ADDRESSES = """
about:blank About:Blank about:srcdoc data:text/html,x file:///etc/passwd chrome://settings javascript:1 x:
/path x http:// https:///path http:/x https:x http://@ http://u@ http://u:p@host http://a@b@host http://host?x#y
HTTP://HOST Https://Sub.Example.COM/x http://host:80 http://host:443 https://host:443 https://host:80 http://host:
http://host:0 http://host:65535 http://host:65536 http://host:x http://host:8:0 http://host\\x http://h%41
http://münchen.de http://xn--mnchen-3ya.de http://例え.テスト:8080/x http://a_b.c http://-a.b http://a-.b http://a..b
http://host. http://host.. http://.host http://a!b http://a*b http://a,b http://a"b http://a<b http://a|b http://%
http://1.2.3.4 http://1.2.3.4. http://1.2.3 http://01.2.3.4 http://256.1.1.1 http://1 http://0x7f http://a.0x1
http://a.1 http://1.2.3.4:81/x http://[::1] http://[::1]:8080/x http://[0:0::1] http://[::FFFF:1.2.3.4]
http://[fe80::1%25eth0] http://[1.2.3.4] http://[::1 http://::1 http://%68ost ws://host ftp://u:p@host/x
http://host#y http://[::g]
"""
URLS = [
    *_ADDRESSES.split(),
    "",
    " ",
    "http://ho st",
    "http://a\tb",
    "http://a\nb/x",
    "http://\x7f",
    "http://\ud800",
]
URLS += ["http://" + "a" * 63, "http://" + "a" * 64, "http://" + ".".join(["a" * 60] * 40)]
URLS += ["https://host/" + "a" * 5000]


def spoilt(value: Any) -> Iterator[Any]:
    """A document with every part of it left out, and replaced by what does not belong there."""
    yield from (None, 5, True, "", "x", [], {}, "y" * 600, 1.0)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {k: v for k, v in value.items() if k != name}
            for changed in spoilt(inner) if not isinstance(inner, type) else ():
                yield {**value, name: changed}
        yield {**value, "unexpected": 1}
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield value[:position] + value[position + 1 :]
            for changed in spoilt(inner):
                yield [*value[:position], changed, *value[position + 1 :]]
        yield [*value, *deepcopy(value[:1])]


def calls() -> Iterator[tuple[str, str]]:
    """Name of a member and the text of its arguments: those it takes, then each of them gone wrong."""
    for member, arguments in ARGUMENTS.items():
        yield member, json.dumps(arguments)
        for text in ("", "{", "[]", "null", "5", '"x"', json.dumps({**arguments, "more": 1})):
            yield member, text
        for name in arguments:
            yield member, json.dumps({key: value for key, value in arguments.items() if key != name})
            for value in VALUES:
                yield member, json.dumps({**arguments, name: value})
