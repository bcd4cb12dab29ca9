"""``pluck``: one value by its path, for every kind of value and every way to miss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

EVENT = (
    b'{"type":"response.output_text.delta","sequence_number":51,"item_id":"msg_68a1","output_index":0,'
    b'"content_index":0,"delta":" Hello","logprobs":[],"obfuscation":"aB3dE6"}'
)


def follow(value: Any, path: list[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        (EVENT, ["type"], "response.output_text.delta"),
        (EVENT, ["delta"], " Hello"),
        (EVENT, ["sequence_number"], 51),
        (EVENT, ["logprobs"], []),
        (b'{"a": [1, {"b": "x"}]}', ["a", 1, "b"], "x"),
        (b'{"a": [1, {"b": "x"}]}', ["a", -2], 1),
        (b'{"a": [1, {"b": "x"}]}', [], {"a": [1, {"b": "x"}]}),
        (b"[[[3]]]", [0, 0, 0], 3),
        (b' \n[ { "a" : { "b" : null } } ] ', [0, "a", "b"], None),
        (b'{"a": 1, "a": 2}', ["a"], 2),
        (b'{"a": 1, "\\u0061": 2}', ["a"], 2),
        (b'{"\\u0061": 1, "a": {"b": 2}}', ["a", "b"], 2),
        (b'{"": 7}', [""], 7),
        ('{"é": {"😀": "ü"}}'.encode(), ["é", "😀"], "ü"),
        (rb'{"\u00e9": 1}', ["é"], 1),
        (rb'{"a\"b": 1}', ['a"b'], 1),
        (rb'{"\ud800": 1}', ["\ud800"], 1),
        (rb'{"a": "\ud800", "b": 1}', ["b"], 1),
        (rb'{"a": "\ud800"}', ["a"], "\ud800"),
        (rb'{"a": "x\ny"}', ["a"], "x\ny"),
        (b'{"a": NaN, "b": 2}', ["b"], 2),
        (b'{"a": 123456789012345678901234567890}', ["a"], 123456789012345678901234567890),
        (b'{"a": 1E400}', ["a"], float("inf")),
        (b'{"a": true, "b": false}', ["b"], False),
        (b'{"a": -0.5e-3}', ["a"], -0.0005),
        (b'{"a": "' + b"x" * 100_000 + b'", "b": [' + b"0," * 5000 + b"1]}", ["b", -1], 1),
    ],
)
def test_found(impl: Any, data: bytes, path: list[Any], expected: Any) -> None:
    for answer in (
        impl.pluck(data, *path),
        impl.pluck(data.decode(), *path),
        impl.pluck(memoryview(data), *path),
        impl.pluck(impl.pad(data), *path, padded=True),
    ):
        assert answer == expected
        assert type(answer) is type(expected)


@pytest.mark.parametrize(
    ("data", "path", "error"),
    [
        (EVENT, ["nope"], KeyError),
        (EVENT, ["typ"], KeyError),
        (EVENT, ["logprobs", 0], IndexError),
        (b"[1]", [1], IndexError),
        (b"[1]", [-2], IndexError),
        (b"[1]", [2**80], IndexError),
        (b"[1]", ["a"], TypeError),
        (b'{"a": 1}', [0], TypeError),
        (b'{"a": "xyz"}', ["a", 0], TypeError),
        (b'{"a": 1}', ["a", "b"], TypeError),
        (b'{"a": null}', ["a", "b"], TypeError),
        (b'{"a": 1}', [None], TypeError),
        (b'{"a": 1}', [1.5], TypeError),
        (b'"abc"', [0], TypeError),
        (b"{}", ["\ud800"], KeyError),
        (b"", ["a"], json.JSONDecodeError),
        (b"{", ["a"], json.JSONDecodeError),
        (b'{"a": 1', ["a"], json.JSONDecodeError),
        (b'{"a": 1}}', ["a"], json.JSONDecodeError),
        (b'{"a": 1} x', ["a"], json.JSONDecodeError),
        (b'{"a": 1, "b": "\xff"}', ["a"], UnicodeDecodeError),
        (b'{"a": nul}', ["a"], json.JSONDecodeError),
        (b'{"a": 01}', ["a"], json.JSONDecodeError),
        (rb'{"a": "\q"}', ["a"], json.JSONDecodeError),
        (b'{"a": [1}]}', ["a"], json.JSONDecodeError),
        (b'{"a" 1}', ["a"], json.JSONDecodeError),
    ],
)
def test_not_found(impl: Any, data: bytes, path: list[Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        impl.pluck(data, *path)
    with pytest.raises(error):
        impl.pluck(impl.pad(data), *path, padded=True)


def test_what_is_skipped_is_not_parsed(impl: Any) -> None:
    """The one difference allowed: the native backend does not see a fault inside a value nobody reads."""
    data = b'{"a": [1, nonsense], "b": 2}'
    if impl.name == "native":
        assert impl.pluck(data, "b") == 2
    else:
        with pytest.raises(json.JSONDecodeError):
            impl.pluck(data, "b")


@pytest.mark.parametrize("cut", range(len(EVENT)))
def test_every_truncation_is_an_error(impl: Any, cut: int) -> None:
    with pytest.raises(json.JSONDecodeError):
        impl.pluck(EVENT[:cut], "type")


keys = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(["a", "b", "type"])
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150)
@given(trees, st.booleans(), st.data())
def test_any_path(compare: Any, tree: Any, ascii_only: bool, data: st.DataObject) -> None:
    text = json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    path: list[Any] = []
    value = tree
    while isinstance(value, (dict, list)) and data.draw(st.booleans()):
        step = data.draw(
            st.sampled_from(list(value)) if isinstance(value, dict) and value else st.integers(-3, 3)
        )
        path.append(step)
        if isinstance(value, dict) or not -len(value) <= step < len(value):
            value = value.get(step) if isinstance(value, dict) else None
            continue
        value = value[step]
    expected = compare.outcome(compare.implementations[0].pluck, text, *path)
    for each in compare.implementations:
        assert compare.same(compare.outcome(each.pluck, text, *path), expected)
