"""``view``: containers stay unread until they are looked at."""

from __future__ import annotations

import gc
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

RESPONSE = json.dumps(
    {
        "id": "resp_1",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": "Grüße, \U0001f600\n"}]},
        ],
        "usage": {"total_tokens": 12, "ratio": 0.5},
        "error": None,
        "store": True,
    }
).encode()


def unfold(view: Any) -> Any:
    """The value, read through nothing but the view's own steps."""
    if not hasattr(view, "value"):
        return view
    try:
        return {key: unfold(view[key]) for key in view.keys()}  # noqa: SIM118
    except TypeError:
        return [unfold(item) for item in view]


def test_reading(impl: Any) -> None:
    view = impl.view(RESPONSE)
    assert len(view) == 5
    assert list(view) == view.keys() == ["id", "output", "usage", "error", "store"]
    assert view["id"] == "resp_1"
    assert view["error"] is None
    assert view["store"] is True
    assert view["usage"]["total_tokens"] == 12
    assert view["usage"]["ratio"] == 0.5
    assert view["output"][1]["content"][0]["text"] == "Grüße, \U0001f600\n"
    assert view["output"][-1]["type"] == "message"
    assert [item["type"] for item in view["output"]] == ["reasoning", "message"]
    assert len(view["output"]) == 2
    assert len(view["output"][0]["summary"]) == 0
    assert view["output"].value() == json.loads(RESPONSE)["output"]
    assert view.value() == json.loads(RESPONSE)
    assert "id" in view
    assert "nope" not in view
    assert 3 not in view
    assert view.get("id") == "resp_1"
    assert view.get("nope") is None
    assert view.get("nope", 3) == 3
    assert repr(view) == "View(object)"
    assert repr(view["output"]) == "View(array)"


def test_forms_of_input(impl: Any) -> None:
    for view in (
        impl.view(RESPONSE.decode()),
        impl.view(bytearray(RESPONSE)),
        impl.view(memoryview(RESPONSE)),
        impl.view(b" \n" + RESPONSE + b"\t"),
        impl.view(impl.pad(RESPONSE), padded=True),
    ):
        assert unfold(view) == json.loads(RESPONSE)


def test_a_part_outlives_the_whole(impl: Any) -> None:
    part = impl.view(bytes(bytearray(RESPONSE)))["output"][1]
    gc.collect()
    junk = [b"\0" * len(RESPONSE) for _ in range(50)]
    assert part["content"][0]["text"] == "Grüße, \U0001f600\n"
    del junk


def test_missing(impl: Any) -> None:
    view = impl.view(b'{"a": [1, 2], "b": {}}')
    for read, error in (
        (lambda: view["nope"], KeyError),
        (lambda: view[0], TypeError),
        (lambda: view["a"][2], IndexError),
        (lambda: view["a"][-3], IndexError),
        (lambda: view["a"]["x"], TypeError),
        (lambda: view["a"].keys(), TypeError),
        (lambda: view["a"].get("x"), TypeError),
        (lambda: view[None], TypeError),
    ):
        with pytest.raises(error):
            read()


def test_lone_scalars(impl: Any) -> None:
    for text, value in ((b"12", 12), (b'"abc"', "abc"), (b" null ", None), (b"NaN", None)):
        view = impl.view(text)
        assert value is None or view.value() == value
        for read in (
            lambda v=view: v[0],
            lambda v=view: len(v),
            lambda v=view: iter(v),
            lambda v=view: 1 in v,
        ):
            with pytest.raises(TypeError):
                read()


def test_duplicates(impl: Any) -> None:
    view = impl.view(b'{"a": 1, "b": 2, "\\u0061": {"c": 3}}')
    assert view.keys() == ["a", "b"]
    assert len(view) == 2
    assert view["a"]["c"] == 3


def test_what_only_the_standard_library_reads(impl: Any) -> None:
    view = impl.view(rb'{"a": [NaN], "\ud800": "\udc00", "n": 123456789012345678901234567890, "big": 1e400}')
    assert view["a"][0] != view["a"][0]
    assert view["\ud800"] == "\udc00"
    assert view["n"] == 123456789012345678901234567890
    assert view["big"] == float("inf")
    assert impl.view(b"[NaN, [1]]")[1][0] == 1
    assert impl.view('{"a": [1]}'.encode("utf-16"))["a"][0] == 1
    assert impl.view('{"a": "\ud800"}')["a"] == "\ud800"
    assert len(impl.view(b"[NaN]")) == 1
    assert list(impl.view(b"[Infinity]")) == [float("inf")]


@pytest.mark.parametrize("text", [b"", b"{", b"[1", b'{"a" 1}', b"{} x", b"[1}", b"]", b'{"a": 1,}', b"nul"])
def test_malformed(impl: Any, text: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        impl.view(text)


def test_bad_utf8(impl: Any) -> None:
    with pytest.raises(UnicodeDecodeError):
        impl.view(b'{"a": ["\xff"]}')


def test_a_fault_inside_is_raised_no_later_than_when_it_is_read(impl: Any) -> None:
    def read() -> None:
        impl.view(b'{"a": [1, nonsense], "b": 2}')["a"][1]

    with pytest.raises(json.JSONDecodeError):
        read()


def test_not_constructible_by_accident() -> None:
    view_c = pytest.importorskip("oxide.json.view_c", reason="a pure build has no compiled view")
    with pytest.raises(TypeError, match=r"oxide\.json\.view"):
        view_c.View()
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(view_c.view(b"[1]"))


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100)
@given(
    st.lists(trees, max_size=3) | st.dictionaries(st.text(), trees, max_size=3), st.sampled_from([None, 1])
)
def test_any_document(compare: Any, tree: Any, indent: int | None) -> None:
    text = json.dumps(tree, indent=indent)
    for each in compare.implementations:
        view = each.view(text)
        assert view.value() == tree
        assert unfold(view) == (tree or unfold(view))
        assert len(view) == len(tree)
