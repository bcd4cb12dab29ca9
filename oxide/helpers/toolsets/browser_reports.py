"""What a driver gives for a member, checked and copied, before anybody else can change it."""

from __future__ import annotations

from typing import Any, NoReturn, cast, get_args

from oxide.types.responses.response_input_image_content_param import ResponseInputImageContentParam

from .browser_members import FILE_TRANSFERS, READS, text_within
from .browser_types import (
    BrowserFileOutcome,
    BrowserReadV1,
    BrowserUseError,
    ReadOmission,
    ReadRole,
)

__all__ = ["checked_result"]

_ROLES = get_args(ReadRole)
_OMISSIONS = get_args(ReadOmission)
_REF = 256
_VALUE = 512
_IMAGE = ("type", "image_url", "file_id", "detail", "prompt_cache_breakpoint")
_DETAILS = (None, "auto", "low", "high", "original")
_OUTCOMES = (
    ("completed", "completed"),
    ("refused", "none"),
    ("unknown", "unknown"),
    ("interrupted", "none"),
    ("interrupted", "unknown"),
)
_CLEANUPS = ("not_started", "pending", "completed")


def checked_result(member: str, value: object) -> Any:
    """What a member of a driver gave, if that member may give it.

    Args:
      member: which one.
      value: what it gave. Texts and other values of members that give nothing are left for the output.

    Returns:
      A copy, or the value itself where the member gives nothing of its own.

    Raises:
      BrowserUseError: it may not; the place is said, the content is not.
    """
    if member in READS:
        return _read(member, value)
    if member in ("zoom", "screenshot"):
        return _image(member, value)
    if member == "run_script":
        return (
            value if text_within(value, None, empty=True) else _refuse(member, "it gives valid Unicode text")
        )
    if member in FILE_TRANSFERS:
        return _file(member, value)
    return value


def _refuse(member: str, rule: str) -> NoReturn:
    raise BrowserUseError(f"{member}() of the browser driver: {rule}")


def _fields(member: str, place: str, value: object) -> dict[str, object]:
    # Exactly dict: one of a class of its own could answer differently each time it is asked.
    if type(value) is not dict:
        _refuse(member, f"{place}: expected a dict, got {type(value).__name__}")
    return cast("dict[str, object]", value)


def _list(member: str, place: str, value: object) -> list[object]:
    if type(value) is not list:
        _refuse(member, f"{place}: expected a list, got {type(value).__name__}")
    return list(cast("list[object]", value))


def _text(member: str, place: str, value: object, limit: int | None, *, empty: bool = False) -> str:
    if not text_within(value, limit, empty=empty):
        least = "" if empty else ", not empty"
        most = "" if limit is None else f", at most {limit} bytes"
        _refuse(member, f"{place}: expected valid Unicode text{least}{most}")
    return value


def _bool(member: str, place: str, value: object) -> bool:
    return value if type(value) is bool else _refuse(member, f"{place}: expected a bool")


def _read(member: str, value: object) -> str | BrowserReadV1 | None:
    if member not in ("read_page_scoped", "read_diagnostics") and (value is None or isinstance(value, str)):
        return value
    data = _fields(member, "the report", value)
    version = data.get("version")
    if type(version) is not int or version != 1:
        _refuse(member, "version: expected 1")
    refs: set[str] = set()
    elements = _list(member, "elements", data.get("elements"))
    if elements and member in ("get_page_text", "read_diagnostics"):
        _refuse(member, "elements: it may have none")
    report: dict[str, Any] = {
        "version": 1,
        "text": _text(member, "text", data.get("text"), None, empty=True),
        "elements": [_element(member, f"elements[{i}]", item, refs) for i, item in enumerate(elements)],
        "omitted": _omitted(member, data.get("omitted")),
    }
    if member == "read_page_scoped":
        scopes = _list(member, "scopes", data.get("scopes"))
        report["scopes"] = [_named(member, f"scopes[{i}]", item, refs)[0] for i, item in enumerate(scopes)]
    return cast("BrowserReadV1", report)


def _named(
    member: str, place: str, value: object, refs: set[str]
) -> tuple[dict[str, Any], dict[str, object]]:
    """Reference and label, and all that is there."""
    item = _fields(member, place, value)
    ref = _text(member, f"{place}.ref", item.get("ref"), _REF)
    if ref in refs:
        _refuse(member, f"{place}.ref: another one has it")
    refs.add(ref)
    return {"ref": ref, "label": _text(member, f"{place}.label", item.get("label"), _REF)}, item


def _element(member: str, place: str, value: object, refs: set[str]) -> dict[str, Any]:
    named, item = _named(member, place, value, refs)
    role = item.get("role")
    if type(role) is not str or role not in _ROLES:
        _refuse(member, f"{place}.role: expected one of {', '.join(_ROLES)}")
    element: dict[str, Any] = {"ref": named["ref"], "role": role, "label": named["label"]}
    if role in ("checkbox", "radio") and "checked" in item:
        element["checked"] = _bool(member, f"{place}.checked", item["checked"])
    if "value" in item:
        element["value"] = _text(member, f"{place}.value", item["value"], _VALUE, empty=True)
    if "options" in item:
        options = _list(member, f"{place}.options", item["options"])
        element["options"] = [
            _option(member, f"{place}.options[{i}]", option, role == "listbox")
            for i, option in enumerate(options)
        ]
    return element


def _option(member: str, place: str, value: object, several: bool) -> dict[str, Any]:
    item = _fields(member, place, value)
    option: dict[str, Any] = {
        "label": _text(member, f"{place}.label", item.get("label"), _REF),
        "value": _text(member, f"{place}.value", item.get("value"), _VALUE, empty=True),
    }
    if several and "selected" in item:
        option["selected"] = _bool(member, f"{place}.selected", item["selected"])
    return option


def _omitted(member: str, value: object) -> list[str]:
    found: list[str] = []
    for code in _list(member, "omitted", value):
        if type(code) is not str or code not in _OMISSIONS or code in found:
            _refuse(member, f"omitted: each at most once out of {', '.join(_OMISSIONS)}")
        found.append(code)
    return found


def _image(member: str, value: object) -> ResponseInputImageContentParam:
    rule = "it gives {'type': 'input_image', 'image_url': ...}, or the same with 'file_id'"
    if not isinstance(value, dict):
        _refuse(member, f"{rule}, not {type(value).__name__}")
    data = cast("dict[str, object]", value)
    if data.keys() - set(_IMAGE):
        _refuse(member, f"it may have {', '.join(_IMAGE)} only")
    image: dict[str, Any] = {}
    for name in _IMAGE:
        if name in data:
            part = data[name]
            image[name] = str.__str__(part) if isinstance(part, str) else part
    places = [image[name] for name in ("image_url", "file_id") if image.get(name) is not None]
    if (
        image.get("type") != "input_image"
        or not places
        or not all(isinstance(place, str) and place.strip() for place in places)
    ):
        _refuse(member, rule)
    if image.get("detail") not in _DETAILS:
        _refuse(member, f"detail: expected one of {', '.join(map(str, _DETAILS[1:]))}")
    if image.get("prompt_cache_breakpoint") is not None:
        if image["prompt_cache_breakpoint"] != {"mode": "explicit"}:
            _refuse(member, "prompt_cache_breakpoint: expected {'mode': 'explicit'}")
        image["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return cast("ResponseInputImageContentParam", image)


def _file(member: str, value: object) -> BrowserFileOutcome:
    data = _fields(member, "the outcome", value).copy()
    if data.keys() != {"version", "status", "effect", "cleanup"}:
        _refuse(member, "it has version, status, effect and cleanup")
    if type(data["version"]) is not int or data["version"] != 1:
        _refuse(member, "version: expected 1")
    for name in ("status", "effect", "cleanup"):
        if type(data[name]) is not str:
            _refuse(member, f"{name}: expected a string")
    if (data["status"], data["effect"]) not in _OUTCOMES or data["cleanup"] not in _CLEANUPS:
        _refuse(member, "status, effect and cleanup do not go together as in BrowserFileOutcome")
    return cast(
        "BrowserFileOutcome", {name: data[name] for name in ("version", "status", "effect", "cleanup")}
    )
