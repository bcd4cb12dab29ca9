"""Events of a stream: which class, what is read at once, error objects, what is no JSON."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxide.errors import APIError, APIResponseNotJSONError, APIResponseValidationError, RateLimitError
from oxide.models import PropertyInfo

Make = Callable[..., Any]


def define(Base: type[Any]) -> SimpleNamespace:
    class LogProb(Base):
        token: str
        logprob: float

    class TextDelta(Base):
        content_index: int
        delta: str
        item_id: str
        logprobs: list[LogProb]
        output_index: int
        sequence_number: int
        type: Literal["response.output_text.delta"]
        note: str | None = None

    class Failed(Base):
        code: str | None = None
        message: str
        sequence_number: int
        type: Literal["error"]

    class Completed(Base):
        response: dict[str, object]
        sequence_number: int
        type: Literal["response.completed"]

    class Delta(Base):
        content: str | None = None
        role: Literal["assistant", "tool"] | None = None
        tags: list[str] = []  # noqa: RUF012 (pydantic copies defaults)

    class Choice(Base):
        delta: Delta
        finish_reason: Literal["stop", "length"] | None = None
        index: int

    class Chunk(Base):
        id: str
        choices: list[Choice]
        created: int
        model: str
        usage: LogProb | None = None

    class ThreadRun(Base):
        data: LogProb
        event: Literal["thread.run"]

    class ThreadDone(Base):
        data: LogProb
        event: Literal["thread.done"]

    Event = Annotated[TextDelta | Failed | Completed, PropertyInfo(discriminator="type")]
    ThreadEvent = Annotated[ThreadRun | ThreadDone, PropertyInfo(discriminator="event")]
    return SimpleNamespace(**{k: v for k, v in locals().items() if k != "Base"})


class Plain(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", protected_namespaces=())


WORLDS = {"plain": define(Plain)}


@pytest.fixture
def kinds(models: ModuleType, backend: str) -> SimpleNamespace:
    if backend not in WORLDS:
        WORLDS[backend] = define(models.BaseModel)
    return WORLDS[backend]


DELTA = {
    "type": "response.output_text.delta",
    "sequence_number": 7,
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "h\u00e9",
    "logprobs": [],
}
CHUNK = {
    "id": "chatcmpl-1",
    "created": 1741569952,
    "model": "gpt-x",
    "choices": [{"index": 0, "delta": {"content": " Hi"}, "finish_reason": None}],
}


@pytest.fixture
def make(models: ModuleType) -> Make:
    """`make(type_, name, value_or_bytes, validation="lazy")`: the object of one event."""

    def event(type_: Any, name: str | None, value: Any, validation: str = "lazy") -> Any:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return models.EventFactory(type_, validation).make_event(name, data)

    return event


@pytest.mark.parametrize("mode", ["lazy", "eager", "off"])
@pytest.mark.parametrize("name", ["response.output_text.delta", None, "unheard.of"])
def test_class_follows_from_name_or_tag(
    make: Make, kinds: SimpleNamespace, name: str | None, mode: str
) -> None:
    event = make(kinds.Event, name, DELTA, mode)
    assert type(event) is kinds.TextDelta
    assert (event.type, event.delta, event.sequence_number, event.logprobs) == (
        "response.output_text.delta", "h\u00e9", 7, [],
    )  # fmt: skip
    assert event.note is None
    assert event.model_dump() == {**DELTA, "note": None}
    assert event.model_fields_set == set(DELTA)


@pytest.mark.parametrize("mode", ["lazy", "eager", "off"])
def test_chunks(make: Make, kinds: SimpleNamespace, mode: str) -> None:
    chunk = make(kinds.Chunk, None, CHUNK, mode)
    assert chunk.choices[0].delta.content == " Hi"
    assert chunk.choices[0].delta.role is None
    assert chunk.choices[0].delta.tags == []
    assert chunk.choices[0].finish_reason is None
    assert chunk.usage is None
    assert chunk.to_dict() == CHUNK


def test_unknown_events_are_kept(make: Make, kinds: SimpleNamespace, models: ModuleType) -> None:
    for name in ("response.telepathy", None):
        event = make(kinds.Event, name, {"type": "response.telepathy", "x": 1})
        assert type(event) is models.UnknownModel
        assert (event.type, event.x) == ("response.telepathy", 1)
    assert make(kinds.Event, None, {"no": "type"}).no == "type"


def test_unknown_fields_are_kept(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.Event, None, {**DELTA, "obfuscation": "xyz", "a": {"b": [1]}})
    assert event.delta == "h\u00e9"
    assert event.obfuscation == "xyz"
    assert event.model_extra == {"obfuscation": "xyz", "a": {"b": [1]}}
    assert event.to_dict() == {**DELTA, "obfuscation": "xyz", "a": {"b": [1]}}
    chunk = make(kinds.Chunk, None, {**CHUNK, "choices": [{"index": 0, "delta": {"content": "x", "odd": 1}}]})
    assert chunk.choices[0].delta.odd == 1


def test_big_parts_stay_unread(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.Event, "response.completed", {
        "type": "response.completed", "sequence_number": 1, "response": {"output": ["x" * 5000]},
    })  # fmt: skip
    assert event.response["output"] == ["x" * 5000]
    many = make(kinds.Event, None, {**DELTA, "logprobs": [{"token": "t", "logprob": -1}] * 50})
    assert many.logprobs[49].logprob == -1.0
    assert type(many.logprobs[0].logprob) is float


def test_misfits_raise_when_read(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.Event, None, {**DELTA, "delta": 5, "item_id": None})
    assert event.sequence_number == 7
    with pytest.raises(APIResponseValidationError) as caught:
        event.delta  # noqa: B018
    assert (caught.value.path, caught.value.received) == ("delta", "int 5")
    with pytest.raises(APIResponseValidationError):
        make(kinds.Event, None, {**DELTA, "delta": 5}, "eager")
    assert make(kinds.Event, None, {**DELTA, "delta": 5}, "off").delta == 5
    chunk = make(kinds.Chunk, None, {**CHUNK, "choices": [{"index": "x", "delta": {"content": 7}}]})
    with pytest.raises(APIResponseValidationError) as caught:
        chunk.choices[0].delta.content  # noqa: B018
    assert caught.value.path == "choices[0].delta.content"


def test_missing_fields(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.Event, None, {"type": "response.output_text.delta"})
    with pytest.raises(APIResponseValidationError, match="delta: expected str, got nothing"):
        event.delta  # noqa: B018
    assert event.model_dump() == {"type": "response.output_text.delta", "note": None}
    assert make(kinds.Event, None, {"type": "response.output_text.delta"}, "off").delta is None
    assert (
        make(kinds.Event, None, {"type": "response.output_text.delta"}, "off").model_dump()["delta"] is None
    )
    with pytest.raises(APIResponseValidationError):
        make(kinds.Event, None, {"type": "response.output_text.delta"}, "eager")


def test_numbers_in_strings_and_whole_floats_fit_as_in_pydantic(make: Make, kinds: SimpleNamespace) -> None:
    event = make(
        kinds.Event, None, {**DELTA, "sequence_number": "8", "output_index": 3.0, "content_index": 10**30}
    )
    assert (event.sequence_number, event.output_index, event.content_index) == (8, 3, 10**30)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"type":', b'{"a" 1}', b"[1", b"{]", b"nope", b'{"a":1} x']
)
@pytest.mark.parametrize("name", [None, "response.output_text.delta"])
def test_data_that_is_no_json(make: Make, kinds: SimpleNamespace, name: str | None, data: bytes) -> None:
    for type_ in (kinds.Event, kinds.Chunk, Any):
        with pytest.raises(APIResponseNotJSONError) as caught:
            make(type_, name, data)
        assert caught.value.data == data
        assert isinstance(caught.value, APIError)


def test_error_objects_are_raised(make: Make, kinds: SimpleNamespace) -> None:
    value = {
        "error": {"message": "slow down", "code": "rate_limit_exceeded", "type": "requests", "param": None}
    }
    for type_, name in ((kinds.Chunk, None), (kinds.Event, None), (kinds.Event, "error"), (Any, None)):
        with pytest.raises(RateLimitError, match="slow down") as caught:
            make(type_, name, value)
        assert caught.value.code == "rate_limit_exceeded"
    with pytest.raises(APIError):
        make(kinds.Chunk, None, {**CHUNK, "error": {"message": "late"}})
    assert make(kinds.Chunk, None, {**CHUNK, "error": None}).id == "chatcmpl-1"


def test_the_error_event_of_responses_is_an_event(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.Event, "error", {"type": "error", "message": "m", "sequence_number": 1, "code": "c"})
    assert (type(event), event.message) == (kinds.Failed, "m")


def test_assistants_put_the_tag_into_the_name(make: Make, kinds: SimpleNamespace) -> None:
    event = make(kinds.ThreadEvent, "thread.done", {"token": "t", "logprob": 1})
    assert type(event) is kinds.ThreadDone
    assert (event.event, event.data.token) == ("thread.done", "t")


def test_other_types(make: Make, kinds: SimpleNamespace) -> None:
    assert make(Any, None, {"a": 1}) == {"a": 1}
    assert make(dict[str, int], None, {"a": 1}) == {"a": 1}
    assert make(list[int], None, [1]) == [1]
    with pytest.raises(APIResponseValidationError):
        make(kinds.Chunk, None, [1])


def test_repeated_keys_take_the_last_value(make: Make, kinds: SimpleNamespace) -> None:
    event = make(
        kinds.Chunk, None, b'{"id":"a","created":1,"created":2,"id":5,"id":"b","model":"x","choices":[]}'
    )
    assert (event.id, event.created) == ("b", 2)
    bad = make(kinds.Chunk, None, b'{"id":"a","created":1,"created":"x"}')
    with pytest.raises(APIResponseValidationError):
        bad.created  # noqa: B018


def test_events_stay_whole_when_the_next_one_comes(models: ModuleType, kinds: SimpleNamespace) -> None:
    factory = models.EventFactory(kinds.Event)
    events = [
        factory.make_event(
            None, json.dumps({**DELTA, "delta": str(i), "x": i, "item_id": f"m{i % 2}"}).encode()
        )
        for i in range(50)
    ]
    assert [(e.delta, e.x, e.item_id) for e in events] == [(str(i), i, f"m{i % 2}") for i in range(50)]


def test_events_are_ordinary_models(make: Make, kinds: SimpleNamespace) -> None:
    import copy

    plain = WORLDS["plain"]
    for extra in ({}, {"obfuscation": "x"}):
        theirs = plain.TextDelta.model_validate({**DELTA, **extra})
        ours = make(kinds.Event, None, {**DELTA, **extra})
        assert repr(ours) == repr(theirs)
        ours = make(kinds.Event, None, {**DELTA, **extra})
        assert ours.model_dump_json() == theirs.model_dump_json()
        ours = make(kinds.Event, None, {**DELTA, **extra})
        assert list(ours.__dict__) == list(theirs.__dict__)
        assert copy.deepcopy(make(kinds.Event, None, {**DELTA, **extra})) == ours
        assert make(kinds.Event, None, {**DELTA, **extra}) == ours
        fresh = make(kinds.Event, None, {**DELTA, **extra})
        fresh.delta = "other"
        fresh.anything = 1
        assert (fresh.delta, fresh.anything) == ("other", 1)
        assert fresh.model_fields_set == {*DELTA, *extra, "delta", "anything"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delta=st.text(), number=st.integers(), item=st.text(), ascii_only=st.booleans(),
    extra=st.dictionaries(
        st.text().filter(lambda k: k != "error"), st.integers() | st.text() | st.none(), max_size=2
    ),
)  # fmt: skip
def test_any_delta_is_pydantics(
    make: Make,
    kinds: SimpleNamespace,
    delta: str,
    number: int,
    item: str,
    ascii_only: bool,
    extra: dict[str, Any],
) -> None:
    value = {**extra, **DELTA, "delta": delta, "sequence_number": number, "item_id": item}
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    ours = make(kinds.Event, None, data)
    assert (ours.delta, ours.sequence_number, ours.item_id) == (delta, number, item)
    assert repr(ours) == repr(WORLDS["plain"].TextDelta.model_validate(value))


def test_memory_stays_constant(models: ModuleType, kinds: SimpleNamespace) -> None:
    responses, chats = models.EventFactory(kinds.Event), models.EventFactory(kinds.Chunk)
    datas = [json.dumps({**DELTA, **extra}).encode() for extra in ({}, {"x": "y"}, {"delta": 5})]
    chunk = json.dumps(CHUNK).encode()

    def work(times: int) -> None:
        for _ in range(times):
            for data in datas:
                assert responses.make_event(None, data).sequence_number == 7
            assert chats.make_event(None, chunk).choices[0].delta.content
            with pytest.raises(APIError):
                chats.make_event(None, b'{"error":{"message":"x"}}')

    work(50)
    gc.collect()
    before = sys.getallocatedblocks()
    work(500)
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
