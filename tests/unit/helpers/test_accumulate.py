"""What streams accumulate with, native and pure: texts that grow, deltas that merge, JSON that closes."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxide.helpers.chat_stream import ChatCompletionStreamState
from oxide.helpers.response_stream import ResponseStreamState
from oxide.json import pad
from oxide.models import build
from oxide.models.lazy import assemble
from oxide.models.lazy import given as members
from oxide.types.chat import ChatCompletionChunk
from oxide.types.responses import ResponseStreamEvent
from tests.parity.streams import chat, reply

Twin = Callable[[str], ModuleType]


@pytest.fixture
def acc(twin: Twin) -> ModuleType:
    return twin("oxide.helpers.accumulate")


def parsed(type_: Any, value: Any) -> Any:
    raw = json.dumps(value).encode()
    return build(type_, pad(raw), len(raw))


def test_the_native_one_is_loaded(acc: ModuleType, backend: str) -> None:
    assert acc.Text.__module__.endswith("_c" if backend == "native" else "_py")
    assert hasattr(acc.Text, "__slots__") == (backend == "python")


def test_a_text_is_what_it_was_at_any_length(acc: ModuleType) -> None:
    text = acc.Text("a")
    marks = [text.length]
    for piece in ("é", "", "语🙂", "end"):
        text.append(piece)
        marks.append(text.length)
    whole = "aé语🙂end"
    assert text.text == whole
    assert [text.upto(n) for n in marks] == [whole[:n] for n in marks]
    late = acc.TextAt(text, 2)
    text.append("more")
    assert late.resolve() == "aé"
    assert text.text == whole + "more"


def test_parsed_so_far(acc: ModuleType) -> None:
    text = acc.Text(' {"a": [1, "tw')
    assert acc.ParsedAt(text, text.length).resolve() == {"a": [1]}
    assert acc.ParsedAt(text, 1).resolve() is None


def test_a_prefix_of_a_list(acc: ModuleType) -> None:
    items = [1, 2]
    first = acc.Prefix(items, 2)
    items.append(3)
    assert first.resolve() == [1, 2]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
    deadline=None,
)
@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_json_has_closed_when_it_has(acc: ModuleType, value: Any, sizes: list[int]) -> None:
    text = json.dumps({"value": value})
    scan = acc.ArgumentScan()
    closings: list[int] = []
    at = turn = 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        if scan.feed(text[at : at + size]):
            closings.append(at + size)
        at, turn = at + size, turn + 1
    assert scan.closed
    assert len(closings) == 1
    assert closings[0] >= len(text)


def test_merge(acc: ModuleType) -> None:
    merged: dict[str, Any] = {}
    for delta in (
        {"role": "assistant", "content": None, "n": 1, "own": {"x": "a"}, "list": ["p"]},
        {"role": "assistant", "content": "he", "n": 2, "own": {"x": "b", "y": None}, "list": ["q"]},
        {"content": "llo", "calls": [{"index": 1, "id": "b", "f": {"a": "{"}}, {"index": 0, "id": "a"}]},
        {
            "content": None,
            "calls": [{"index": 1, "id": "b", "f": {"a": "}"}}, {"index": 0, "type": "function"}],
        },
    ):
        acc.merge(merged, delta)
    assert acc.freeze(merged) == {
        "role": "assistant",
        "content": "hello",
        "n": 3,
        "own": {"x": "ab", "y": None},
        "list": ["p", "q"],
        "calls": [{"index": 0, "id": "a", "type": "function"}, {"index": 1, "id": "b", "f": {"a": "{}"}}],
    }


@pytest.mark.parametrize("kind", ["text", "choices", "refusal", "logprobs", "calls", "interleaved"])
def test_chats_are_the_same_over_both(
    acc: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    from oxide.helpers import chat_stream

    for name in ("chat_events", "freeze", "plain", "plan_of", "Indexed"):
        monkeypatch.setattr(chat_stream, name, getattr(acc, name))
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    told: list[Any] = []
    for chunk in chat(3, kind):
        for event in state.handle_chunk(parsed(ChatCompletionChunk, chunk)):
            told.append(event.model_dump())
    final = state.get_final_completion().model_dump()
    if backend == "native":
        _expected[kind] = (told, final)
    elif kind in _expected:
        assert (told, final) == _expected[kind]
    assert told[-1]["type"] == "chunk" or told[-1]["type"].endswith(".done")


_expected: dict[str, Any] = {}


@pytest.mark.parametrize("kind", ["text", "parts", "calls", "reasoning"])
def test_responses_are_the_same_over_both(
    acc: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    from oxide.helpers import response_stream

    for name in ("response_events", "Text", "plain", "plan_of", "taken"):
        monkeypatch.setattr(response_stream, name, getattr(acc, name))
    state: ResponseStreamState[None] = ResponseStreamState()
    told = [
        made.model_dump()
        for event in reply(3, kind)
        for made in state.handle_event(parsed(ResponseStreamEvent, event))
    ]
    if backend == "native":
        _expected["r" + kind] = told
    elif "r" + kind in _expected:
        assert told == _expected["r" + kind]
    assert told[-1]["type"] == "response.completed"


class TestAssembled:
    """Instances made of values, some of them worked out when they are read."""

    @pytest.fixture
    def lazy(self, twin: Twin) -> ModuleType:
        return twin("oxide.models.lazy")

    def event(self, acc: ModuleType) -> tuple[Any, Any]:
        from oxide.helpers.chat_events import ContentDeltaEvent

        text = acc.Text("one")
        return text, assemble(ContentDeltaEvent, ("content.delta", "e", acc.TextAt(text, 2), None))

    def test_read_when_asked(self, acc: ModuleType) -> None:
        text, event = self.event(acc)
        text.append(" two")
        assert event.snapshot == "on"
        assert event.model_dump() == {
            "type": "content.delta", "delta": "e", "snapshot": "on", "parsed": None,
        }  # fmt: skip
        assert event.snapshot == "on"

    def test_it_is_a_model_like_any_other(self, acc: ModuleType) -> None:
        import pickle

        _, event = self.event(acc)
        assert event == self.event(acc)[1]
        assert "snapshot='on'" in repr(event)
        assert pickle.loads(pickle.dumps(event)) == event
        _, other = self.event(acc)
        assert other.model_copy(deep=True).snapshot == "on"
        other.snapshot = "mine"
        assert other.snapshot == "mine"
        assert members(event)["delta"] == "e"

    def test_the_number_of_values_is_checked(self, acc: ModuleType) -> None:
        from oxide.helpers.chat_events import ContentDeltaEvent

        with pytest.raises(TypeError, match="cannot be assembled of 1 values"):
            assemble(ContentDeltaEvent, ("content.delta",))


@pytest.mark.parametrize("reads", [False, True])
def test_memory_is_linear(acc: ModuleType, reads: bool) -> None:
    """Events kept hold a place in the text, not a text each."""
    import tracemalloc

    def peak(deltas: int) -> int:
        tracemalloc.start()
        text = acc.Text("")
        kept: list[Any] = []
        for _ in range(deltas):
            text.append("a word ")
            kept.append(acc.TextAt(text, text.length))
            if reads:
                assert len(kept[-1].resolve()) == text.length
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(8_000) < 2.5 * peak(4_000)
