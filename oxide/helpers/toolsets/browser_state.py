"""The tabs as a model is shown them: origins instead of addresses, changes that follow from one another."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NoReturn, TypeGuard, cast
from urllib.parse import quote, urlsplit

from .browser_members import counter, text_within
from .browser_types import (
    BrowserObservationV1,
    BrowserState,
    BrowserStateChange,
    BrowserTab,
    BrowserUseError,
)

__all__ = ["shown_state"]

_ID_BYTES = 128
_TITLE_BYTES = 1024
_ORIGIN_BYTES = 2048
_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTTED = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")

# What a change tells besides its number and its tab: the key, its values, and whether it may have no tab.
_TOLD: dict[str, tuple[str | None, tuple[str, ...], bool]] = {
    **dict.fromkeys(("tab_opened", "tab_closed", "tab_switched", "navigation"), (None, (), False)),
    "navigation_refused": ("reason", ("policy", "unsupported"), True),
    "download": ("status", ("blocked", "started", "completed", "failed"), True),
    "dialog_dismissed": ("kind", ("alert", "confirm", "prompt", "beforeunload", "other"), False),
}


def shown_state(given: object, previous: BrowserObservationV1 | None = None) -> BrowserState:
    """What of a driver's state goes to the model, checked.

    Args:
      given: what `state()` of the driver gave.
      previous: what had been observed before the call; nothing of it may have become untrue.

    Raises:
      BrowserUseError: it is malformed; the place is said, the content is not.
      ValueError: an address cannot be read.
    """
    data = _members("state()", given)
    tabs = _list("tabs", data.get("tabs"))
    observed = _observation(data["observation"]) if "observation" in data else None
    if previous is not None:
        _check_continues(previous, observed)
    shown: list[BrowserTab] = [_tab(f"tabs[{i}]", tab, observed) for i, tab in enumerate(tabs)]
    if len({tab["id"] for tab in shown}) != len(shown):
        _refuse("tabs", "two have the same id")
    if shown and sum(tab["active"] for tab in shown) != 1:
        _refuse("tabs", "exactly one is active")
    return {"tabs": shown} if observed is None else {"tabs": shown, "observation": observed}


def _refuse(place: str, rule: str) -> NoReturn:
    raise BrowserUseError(f"state() of the browser driver: {place}: {rule}")


def _members(place: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse(place, f"expected a dict, got {type(value).__name__}")
    return cast("dict[str, object]", value)


def _list(place: str, value: object) -> list[object]:
    if not isinstance(value, list):
        _refuse(place, f"expected a list, got {type(value).__name__}")
    return list(cast("list[object]", value))


def _string(value: object) -> str | None:
    # A str of a class of its own would bring that class's methods along.
    return str.__str__(value) if isinstance(value, str) else None


def _id(value: str | None) -> TypeGuard[str]:
    return text_within(value, _ID_BYTES)


def _tab(place: str, value: object, observed: BrowserObservationV1 | None) -> BrowserTab:
    data = _members(place, value)
    name, title, url = (_string(data.get(key)) for key in ("id", "title", "url"))
    active = data.get("active")
    if name is None or title is None or url is None or type(active) is not bool:
        _refuse(place, "id, title and url are strings, active is a bool")
    if observed is None:
        return {"id": name, "title": title, "url": _plain_origin(url), "active": active}
    if not _id(name) or not text_within(title, None, empty=True):
        _refuse(place, f"id has 1 to {_ID_BYTES} bytes, and id and title are valid Unicode")
    short = title.encode()[:_TITLE_BYTES].decode(errors="ignore")
    if short != title:
        observed["title_truncated"] = True
    return {"id": name, "title": short, "url": _strict_origin(url), "active": active}


def _observation(value: object) -> BrowserObservationV1:
    data = _members("observation", value)
    version, sequence, dropped = (data.get(key) for key in ("version", "sequence", "dropped_changes"))
    truncated = data.get("title_truncated")
    if type(version) is not int or version != 1:
        _refuse("observation.version", "expected 1")
    if not counter(sequence) or not counter(dropped):
        _refuse("observation", "sequence and dropped_changes are counts")
    if type(truncated) is not bool:
        _refuse("observation.title_truncated", "expected a bool")
    changes = _list("observation.changes", data.get("changes"))
    if sequence != dropped + len(changes):
        _refuse(
            "observation.sequence", "it is the number of the changes that were dropped and that are there"
        )
    return {
        "version": 1,
        "sequence": sequence,
        "dropped_changes": dropped,
        "title_truncated": truncated,
        "changes": [
            _change(f"observation.changes[{i}]", change, dropped + i + 1) for i, change in enumerate(changes)
        ],
    }


def _change(place: str, value: object, number: int) -> BrowserStateChange:
    data = _members(place, value)
    kind, tab = _string(data.get("type")), data.get("tab_id")
    if not counter(data.get("sequence")) or data["sequence"] != number:
        _refuse(f"{place}.sequence", f"expected {number}")
    key, values, tabless = _TOLD.get(kind or "", (None, (), False))
    if kind is None or kind not in _TOLD:
        _refuse(f"{place}.type", f"expected one of {', '.join(_TOLD)}")
    name = _string(tab)
    if not _id(name) and not (tabless and tab is None and "tab_id" in data):
        _refuse(f"{place}.tab_id", "expected the id of a tab")
    shown: dict[str, Any] = {"type": kind, "sequence": number, "tab_id": name}
    if key is not None:
        shown[key] = _string(data.get(key))
        if shown[key] not in values:
            _refuse(f"{place}.{key}", f"expected one of {', '.join(values)}")
    return cast("BrowserStateChange", shown)


def _check_continues(before: BrowserObservationV1, now: BrowserObservationV1 | None) -> None:
    if now is None:
        _refuse("observation", "it was there before the call, and is not now")
    if now["sequence"] < before["sequence"] or now["dropped_changes"] < before["dropped_changes"]:
        _refuse("observation", "its counts went down")
    known = before["changes"][now["dropped_changes"] - before["dropped_changes"] :]
    if now["changes"][: len(known)] != known:
        _refuse("observation.changes", "one that was there before the call has changed")


def _plain_origin(url: str) -> str:
    """The origin of an address; of one that is not on the web, its scheme."""
    if url == "about:blank":
        return url
    parts = urlsplit(url)
    if not parts.scheme:
        _refuse("url", "it has no scheme")
    shown = f"{parts.scheme}:"
    if parts.scheme in _PORTS:
        authority = parts.netloc.rpartition("@")[2]
        if not authority or re.search(r"[\x00-\x1f\x7f]", authority):
            _refuse("url", "it has no host, or one that cannot be written")
        host, port = _host_and_port(parts.scheme, authority, _written)
        shown = f"{parts.scheme}://{host}{port}"
    return _within(shown)


def _strict_origin(url: str) -> str:
    """The origin as a browser writes it; an address that browsers would read differently is refused."""
    if url == "about:blank":
        return url
    found = re.match(r"(https?)://([^/?#]+)", url, re.IGNORECASE)
    authority = found[2].rpartition("@")[2] if found else ""
    if (
        found is None
        or not text_within(url, None)
        or re.search(r"[\x00-\x20\x7f\\]", found[2])
        or not authority
        or "%" in authority
    ):
        _refuse("url", "expected about:blank, or http or https with a plain host")
    scheme = found[1].lower()
    host, port = _host_and_port(scheme, authority, _canonical)
    if port and int(port[1:]) > 0xFFFF:
        _refuse("url", "its port is above 65535")
    return _within(f"{scheme}://{host}{port}")


def _within(origin: str) -> str:
    if not text_within(origin, _ORIGIN_BYTES):
        _refuse("url", f"its origin has more than {_ORIGIN_BYTES} bytes, or is not valid Unicode")
    return origin


def _host_and_port(scheme: str, authority: str, write: Callable[[str], str]) -> tuple[str, str]:
    """Host, and port with its colon where it is not the scheme's own."""
    bracketed = re.fullmatch(r"\[(.*)\](?::(.*))?", authority)
    if bracketed is not None:
        address = IPv6Address(bracketed[1]).compressed
        host = f"[{address if write is _canonical else bracketed[1]}]"
        digits = bracketed[2] or ""
    else:
        name, _, digits = authority.partition(":")
        host = write(name)
    if digits and not re.fullmatch("[0-9]+", digits):
        _refuse("url", "its port is no number")
    port = int(digits) if digits else _PORTS[scheme]
    return host, "" if port == _PORTS[scheme] else f":{port}"


def _written(name: str) -> str:
    if _DOTTED.fullmatch(name):
        return str(IPv4Address(name))
    if name.isascii():
        return quote(name.lower(), safe="!$&'()*+,;=\"`{}%|\\")
    from yarl import URL

    return URL.build(scheme="http", host=name.lower()).raw_host or _refuse("url", "it has no host")


def _canonical(name: str) -> str:
    host = _written(name)
    labels = host.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        _refuse("url", "its host has a label that is none")
    # Browsers take whatever ends in a number for an IPv4 address, however it is written.
    if _NUMERIC.fullmatch(labels[-1]) and str(IPv4Address(host)) != name:
        _refuse("url", "its host is an IPv4 address, but not written as one")
    return host
