"""Texts handed on without being read as fields, and fields set while the others stay unread."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

Build = Callable[..., Any]


@pytest.fixture
def lazy(models: ModuleType, twin: Callable[[str], ModuleType]) -> ModuleType:
    """`oxide.models.lazy` on the backend of this run."""
    return twin("oxide.models.lazy")


def part(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        'a "quoted"\n\ttext\\',
        "h\u00e9llo \u20ac \U0001f600",
        "\x00\x1f",
        "x" * 5000,
        '\\"' * 3000,
    ],
    ids=ascii,
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_text_is_had_as_utf8_and_read_later(
    build: Build, zoo: SimpleNamespace, lazy: ModuleType, text: str, ascii_only: bool
) -> None:
    made = build(zoo.Text, json.dumps(part(text), ensure_ascii=ascii_only).encode())
    for _ in range(2):
        assert lazy.unread_text(made, "text") == text.encode()
    assert made.text == text
    # A str is there now: no second copy.
    assert lazy.unread_text(made, "text") is None


def test_what_has_no_unread_text(build: Build, zoo: SimpleNamespace, lazy: ModuleType) -> None:
    surrogate = build(zoo.Text, b'{"type": "text", "text": "\\ud800"}')
    assert lazy.unread_text(surrogate, "text") is None
    assert surrogate.text == "\ud800"
    assert lazy.unread_text(build(zoo.Text, part(5), "off"), "text") is None
    assert lazy.unread_text(build(zoo.Text, part("x")), "type") is None
    assert lazy.unread_text(build(zoo.Text, part("x")), "unknown") is None
    assert lazy.unread_text(build(zoo.Text, part("x"), "eager"), "text") is None
    assert lazy.unread_text(build(zoo.Text, {"type": "text"}), "text") is None
    assert lazy.unread_text(zoo.Text(**part("x")), "text") is None
    assert lazy.unread_text("no model", "text") is None


@pytest.mark.parametrize("mode", ["lazy", "eager", "off"])
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x.model_dump(),
        lambda x: json.loads(x.model_dump_json()),
        lambda x: copy.deepcopy(x).model_dump(),
        lambda x: pickle.loads(pickle.dumps(x)).model_dump(),
        dict,
    ],
    ids=["dump", "json", "deepcopy", "pickle", "dict"],
)
def test_a_field_that_was_set_is_like_any_other(
    build: Build, zoo: SimpleNamespace, lazy: ModuleType, mode: str, use: Callable[[Any], Any]
) -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c", "later": 1}
    made, expected = build(zoo.Call, call, mode), build(zoo.Call, call, mode)
    lazy.assign(made, "name", "g")
    expected.name = "g"
    assert made.name == "g"
    assert use(made) == use(expected)
    assert made == expected


def test_an_absent_field_that_was_set_counts_as_given(
    build: Build, zoo: SimpleNamespace, lazy: ModuleType
) -> None:
    message = {"id": "m", "type": "message", "role": "user", "content": [part("x")]}
    made = build(zoo.Message, message)
    lazy.assign(made, "status", "completed")
    assert lazy.is_lazy(made)
    assert made.status == "completed"
    assert lazy.unread_text(made.content[0], "text") == b"x"
    lazy.assign(made, "status", None)
    lazy.assign(made, "no_field", 1)  # kept as pydantic keeps what has no field: by reading the others
    assert not lazy.is_lazy(made)
    assert (made.status, made.no_field) == (None, 1)
    assert made.model_fields_set == {"id", "type", "role", "content", "status", "no_field"}
    assert list(made.model_dump(exclude_unset=True)) == [*message, "status", "no_field"]


def test_a_field_set_before_it_was_found_to_be_wrong(
    build: Build, zoo: SimpleNamespace, lazy: ModuleType
) -> None:
    made = build(zoo.Text, part(5))
    lazy.assign(made, "text", "five")
    assert made.text == "five"
    assert made.model_dump() == {"type": "text", "text": "five", "annotations": []}
    with pytest.raises(AttributeError):
        del made.absent
    del made.text
    with pytest.raises(AttributeError):
        made.text  # noqa: B018
