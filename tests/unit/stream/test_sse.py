"""SSEDecoder, native and pure: one set of tests over both."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import pickle
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxide._backend import NATIVE
from oxide.stream import sse, sse_py
from oxide.stream.limits import EventLimitError

Twin = Callable[[str], ModuleType]
NAME = "oxide.stream.sse"

# Pieces that make streams worth looking at; plain random bytes hardly ever hold a field.
FRAGMENTS = [
    b"data", b"data:", b"data: ", b"event:", b"event: ", b"event: response.output_text.delta\n", b"id:",
    b"id: 7", b"retry:", b"retry: 10", b":", b": ping", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\xef",
    b"\xef\xbb\xbf", b"\0", b" ", b"x", b"{}", b"[DONE]", "ż🦀".encode(), b"\xff", b"y" * 70,
    b'data: {"a":1}\n\n', b"id: 1\n", b"event: x\n",
]  # fmt: skip
streams = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=6), max_size=60).map(b"".join)
caps = st.none() | st.integers(1, 90)


def fields(events: list[Any]) -> list[tuple[Any, ...]]:
    return [(e.event, e.data, e.id, e.retry) for e in events]


def decode(module: ModuleType, stream: bytes, cuts: list[int], **caps: int | None) -> list[Any]:
    decoder = module.SSEDecoder(**{key: value for key, value in caps.items() if value})
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    log: list[Any] = []
    try:
        for start, end in pairwise(bounds):
            log += fields(decoder.feed(stream[start:end]))
        log += fields(decoder.close())
    except EventLimitError as exc:
        log.append((exc.setting, exc.limit))
    return log


@pytest.mark.skipif(not NATIVE, reason="this installation has no compiled modules")
def test_the_compiled_decoder_is_the_one_in_use() -> None:
    assert sse.SSEDecoder.__module__ == sse.ServerSentEvent.__module__ == "oxide.stream.sse_c"
    path = importlib.import_module("oxide.stream.sse_c").__file__
    assert path
    assert path.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


@given(stream=streams, cuts=st.lists(st.integers(0, 400), max_size=12), max_event=caps, max_line=caps)
@settings(max_examples=300, deadline=None)
def test_any_bytes_cut_anywhere(
    stream: bytes, cuts: list[int], max_event: int | None, max_line: int | None
) -> None:
    limits = {"max_event": max_event, "max_line": max_line}
    expected = decode(sse_py, stream, [], **limits)
    everywhere = list(range(len(stream)))
    assert decode(sse_py, stream, cuts, **limits) == expected
    assert decode(sse_py, stream, everywhere, **limits) == expected
    if NATIVE:
        native = importlib.import_module("oxide.stream.sse_c")
        assert decode(native, stream, [], **limits) == expected
        assert decode(native, stream, cuts, **limits) == expected
        assert decode(native, stream, everywhere, **limits) == expected


def test_a_character_cut_in_the_middle(twin: Twin) -> None:
    stream = "data: zażółć 🦀 gęślą\n\n".encode()
    for cut in range(len(stream)):
        decoder = twin(NAME).SSEDecoder()
        events = decoder.feed(stream[:cut]) + decoder.feed(stream[cut:])
        assert [e.data for e in events] == ["zażółć 🦀 gęślą"]


def test_an_event_of_ten_megabytes(twin: Twin) -> None:
    decoder = twin(NAME).SSEDecoder()
    data = b"x" * (10 << 20)
    stream = b"data: " + data + b"\n\ndata: y\n\n"
    got = [e for i in range(0, len(stream), 65536) for e in decoder.feed(stream[i : i + 65536])]
    assert [len(e.data) for e in got] == [10 << 20, 1]


def test_feed_takes_anything_with_bytes_in_it(twin: Twin) -> None:
    decoder = twin(NAME).SSEDecoder()
    stream = b"data: 1\n\n"
    assert fields(decoder.feed(bytearray(stream))) == [(None, "1", None, None)]
    assert fields(decoder.feed(memoryview(stream))) == [(None, "1", None, None)]
    assert fields(decoder.feed(memoryview(b"??" + stream)[2:])) == [(None, "1", None, None)]
    assert decoder.feed(b"") == []
    with pytest.raises(TypeError):
        decoder.feed("data: 1\n\n")


def test_close_ends_it(twin: Twin) -> None:
    decoder = twin(NAME).SSEDecoder()
    assert decoder.feed(b"data: last") == []
    assert fields(decoder.close()) == [(None, "last", None, None)]
    assert decoder.close() == []
    with pytest.raises(ValueError, match="new SSEDecoder"):
        decoder.feed(b"data: 1\n\n")


@pytest.mark.parametrize(
    ("caps", "stream", "setting", "limit", "size"),
    [
        ({"max_line": 10}, b"data: 12345\n\n", "max_line", 10, 11),
        ({"max_line": 10}, b"data: 12345", "max_line", 10, 11),
        ({"max_event": 10}, b"data: 12345\n\n", "max_event", 10, 11),
        ({"max_event": 16}, b"data: 1\ndata: 1\ndata: 1\n\n", "max_event", 16, 23),
    ],
)
def test_a_cap_says_what_to_raise(
    twin: Twin, caps: dict[str, int], stream: bytes, setting: str, limit: int, size: int
) -> None:
    decoder = twin(NAME).SSEDecoder(**caps)
    with pytest.raises(EventLimitError) as caught:
        decoder.feed(stream)
    error = caught.value
    assert isinstance(error, ValueError)
    assert (error.setting, error.limit, error.size) == (setting, limit, size)
    assert str(limit) in str(error)
    assert str(size) in str(error)
    assert f"raise {setting}=" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    for call in (lambda: decoder.feed(b"data: 1\n\n"), decoder.close):
        with pytest.raises(EventLimitError):
            call()


def test_events_before_a_fault_are_not_lost(twin: Twin) -> None:
    decoder = twin(NAME).SSEDecoder(max_line=10)
    assert fields(decoder.feed(b"data: 1\n\ndata: 2\n\ndata: 12345\n\n")) == [
        (None, "1", None, None),
        (None, "2", None, None),
    ]
    with pytest.raises(EventLimitError, match="max_line"):
        decoder.feed(b"")


@pytest.mark.parametrize("caps", [{"max_event": 0}, {"max_line": -1}])
def test_a_cap_below_one_is_refused(twin: Twin, caps: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        twin(NAME).SSEDecoder(**caps)


def test_the_default_caps(twin: Twin) -> None:
    decoder = twin(NAME).SSEDecoder()
    assert decoder.feed(b"data: " + b"x" * ((64 << 20) - 6)) == []
    with pytest.raises(EventLimitError) as caught:
        decoder.feed(b"x")
    assert caught.value.limit == 64 << 20


def test_event_object(twin: Twin) -> None:
    make = twin(NAME).ServerSentEvent
    event = make(event="x", data='{"a": [1]}', id="7", retry=3)
    assert (event.event, event.data, event.id, event.retry) == ("x", '{"a": [1]}', "7", 3)
    assert event.json() == {"a": [1]}
    assert repr(event) == "ServerSentEvent(event='x', data='{\"a\": [1]}', id='7', retry=3)"
    assert event == make(event="x", data='{"a": [1]}', id="7", retry=3)
    assert event != make(event="x", data='{"a": [1]}', id="7")
    assert event != "x"
    assert copy.deepcopy(event) == event
    assert pickle.loads(pickle.dumps(event)) == event
    assert fields([make()]) == [(None, "", None, None)]
    with pytest.raises(ValueError, match="Expecting value"):
        make(data="nothing").json()
    with pytest.raises(TypeError):
        hash(event)
    with pytest.raises(TypeError):
        make("positional")


@pytest.mark.skipif(not NATIVE, reason="this installation has no compiled modules")
def test_live_objects_are_counted() -> None:
    native = importlib.import_module("oxide.stream.sse_c")
    before = native._live_objects()["SSEDecoder"]
    decoders = [native.SSEDecoder() for _ in range(5)]
    assert native._live_objects()["SSEDecoder"] == before + 5
    with pytest.raises(ValueError, match="at least 1"):
        native.SSEDecoder(max_event=0)
    decoders.clear()
    assert native._live_objects()["SSEDecoder"] == before
