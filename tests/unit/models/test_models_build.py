# ruff: noqa: UP007, UP045 (the old spellings are what generated types may use)
"""What becomes of a body: types, mismatches and their paths, modes, unknown things, what is not read."""

from __future__ import annotations

import datetime
import enum
import gc
import json
import sys
import threading
import uuid
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, Literal, Optional, Union

import pydantic
import pytest

from oxide.errors import APIResponseNotJSONError, APIResponseValidationError
from oxide.models import PropertyInfo

Build = Callable[..., Any]


class Colour(enum.Enum):
    RED = "red"


FITS: list[tuple[Any, Any]] = [
    (int, 5), (int, -(2**70)), (int, 5.0), (int, "17"), (int, True),
    (float, 5), (float, 2.5), (float, -1e-300), (float, "2.5"),
    (bool, True), (bool, 1), (bool, "false"),
    (str, "x"), (str, "\u00e9\U0001f600\\ \"\n\x00"), (str, ""),
    (None, None), (Any, {"a": [1]}), (object, [1]), (dict, {"a": 1}), (list, [1, "a"]),
    (Optional[int], None), (Optional[int], 3), (int | None, None),
    (list[int], []), (list[int], [1, 2]), (list[list[int]], [[1], []]),
    (dict[str, int], {"a": 1}), (dict[str, list[float]], {"a": [1, 2.5]}), (dict[str, object], {"a": {}}),
    (Literal["a", "b"], "b"), (Literal[1, 2], 2), (Optional[Literal["a"]], None), (Literal[True], True),
    (Union[str, int], 5), (Union[str, int], "5"), (Union[str, list[str]], ["a"]), (Union[int, float], 5),
    (Union[int, float], 5.5), (Union[bool, int, str], True), (Union[str, list[int], list[list[int]]], [[1]]),
    (datetime.datetime, "2026-01-02T03:04:05Z"), (datetime.date, "2026-01-02"), (uuid.UUID, "1" * 32),
    (Colour, "red"), (bytes, "abc"), (Optional[datetime.datetime], None), (tuple[int, str], [1, "a"]),
    (Annotated[int, pydantic.Field(gt=3)], 5), (dict[int, str], {"1": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "value"), FITS, ids=lambda x: str(x)[:40])
@pytest.mark.parametrize("mode", ["lazy", "eager", "off"])
def test_values_become_what_pydantic_makes_of_them(
    build: Build, models: ModuleType, type_: Any, value: Any, mode: str
) -> None:
    Holder = pydantic.create_model("Holder", __base__=models.BaseModel, x=(type_, ...))
    expected = pydantic.TypeAdapter(type_).validate_python(value)
    for got in (build(type_, value, mode), build(Holder, {"x": value}, mode).x):
        assert got == expected
        assert type(got) is type(expected)


MISFITS: list[tuple[Any, Any, str, str]] = [
    (int, "x", "int", "str 'x'"),
    (int, 5.5, "int", "float 5.5"),
    (int, None, "int", "null"),
    (float, "x", "float", "str 'x'"),
    (float, [], "float", "list with 0 items"),
    (bool, 7, "bool", "int 7"),
    (str, 5, "str", "int 5"),
    (str, {"a": 1}, "str", "object with 1 keys"),
    (list[int], {}, "list[int]", "object with 0 keys"),
    (dict[str, int], [], "dict[str, int]", "list with 0 items"),
    (Literal["a"], 5, "one of 'a'", "int 5"),
    (datetime.datetime, "soon", "datetime", "str 'soon'"),
    (Union[int, list[int]], "x", "int | list[int]", "str 'x'"),
]


@pytest.mark.parametrize(("type_", "value", "expected", "received"), MISFITS, ids=lambda x: str(x)[:30])
def test_misfits_say_where_and_what(
    build: Build, models: ModuleType, type_: Any, value: Any, expected: str, received: str
) -> None:
    Holder = pydantic.create_model("Holder", __base__=models.BaseModel, x=(type_, ...), y=(int, 0))

    lazy = build(Holder, {"x": value, "y": 5})
    assert lazy.y == 5
    with pytest.raises(APIResponseValidationError) as caught:
        lazy.x  # noqa: B018
    error = caught.value
    assert error.path == "x"
    assert (error.expected or "").startswith(expected)
    assert error.received == received
    assert error.message.startswith("x: expected")
    with pytest.raises(APIResponseValidationError):
        build(Holder, {"x": value}, "eager")
    assert build(Holder, {"x": value}, "off").x == value


def test_path_of_a_misfit_deep_inside(build: Build, zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    answer["output"][0]["content"][1]["refusal"] = 7
    answer["metadata"]["k"] = 1
    answer["scores"][1] = "x"
    obj = build(zoo.Answer, answer)
    with pytest.raises(APIResponseValidationError) as caught:
        obj.output[0].content[1].refusal  # noqa: B018
    assert caught.value.path == "output[0].content[1].refusal"
    for read, path in ((lambda: obj.metadata, "metadata.k"), (lambda: obj.scores, "scores[1]")):
        with pytest.raises(APIResponseValidationError) as caught:
            read()
        assert caught.value.path == path
    with pytest.raises(APIResponseValidationError):
        obj.model_dump()
    assert obj.id == "resp_1"
    with pytest.raises(APIResponseValidationError) as caught:
        build(zoo.Answer, answer, "eager")
    with pytest.raises(APIResponseValidationError) as caught:
        build(list[zoo.Answer], [answer])[0].scores  # noqa: B018
    assert caught.value.path == "[0].scores[1]"


def test_missing_required_field(build: Build, zoo: SimpleNamespace) -> None:
    obj = build(zoo.Usage, {"input_tokens": 1})
    assert obj.input_tokens == 1
    with pytest.raises(APIResponseValidationError, match="output_tokens: expected int, got nothing"):
        obj.output_tokens  # noqa: B018
    assert obj.model_dump() == {"input_tokens": 1, "details": None}
    assert build(zoo.Usage, {"input_tokens": 1}, "off").output_tokens is None
    with pytest.raises(APIResponseValidationError):
        build(zoo.Usage, {"input_tokens": 1}, "eager")


def test_unknown_things_survive(build: Build, zoo: SimpleNamespace, models: ModuleType) -> None:
    obj = build(
        zoo.Answer,
        {
            "id": "r",
            "object": "response.v2",
            "output": [
                {"type": "telepathy", "strength": 5, "deep": {"a": [1]}},
                {"type": "message", "role": "robot"},
            ],
            "tool_choice": "sometimes",
            "zzz": 1,
            "aaa": [2],
        },
    )
    assert obj.object == "response.v2"
    assert obj.tool_choice == "sometimes"
    assert type(obj.output[0]) is models.UnknownModel
    assert (obj.output[0].type, obj.output[0].strength, obj.output[0].deep) == ("telepathy", 5, {"a": [1]})
    assert obj.output[1].role == "robot"
    assert (obj.zzz, obj.aaa, list(obj.model_extra)) == (1, [2], ["zzz", "aaa"])


def test_unions_without_a_declared_tag(build: Build, zoo: SimpleNamespace, models: ModuleType) -> None:
    class A(models.BaseModel):  # type: ignore[name-defined,misc]
        kind: Literal["a"]
        x: int

    class B(models.BaseModel):  # type: ignore[name-defined,misc]
        kind: Literal["b"]
        x: str

    class C(models.BaseModel):  # type: ignore[name-defined,misc]
        y: int

    class D(models.BaseModel):  # type: ignore[name-defined,misc]
        z: str

    assert type(build(Union[A, B], {"kind": "b", "x": "q"})) is B
    assert type(build(Union[C, D], {"z": "q"})) is D
    assert type(build(Union[C, D], {"y": 1})) is C
    # Neither fits: the one whose required fields are there, and its fields say what is wrong.
    broken = build(Union[C, D], {"z": 5})
    assert type(broken) is D
    with pytest.raises(APIResponseValidationError):
        broken.z  # noqa: B018
    assert type(build(Union[C, D], {"y": "x"}, "off")) is C


def test_tag_behind_other_values(build: Build, zoo: SimpleNamespace) -> None:
    item = Annotated[zoo.Message | zoo.Call, PropertyInfo(discriminator="type")]
    for value in (
        b'{"content": [{"type": "x"}], "id": "\\"type\\"", "type": "message"}',
        b' {\n"id" : "a" , "n": -1.5e3, "ok" :true,"nil":null, "type"\t: "message" } ',
        b'{"\\u0074ype": "message"}',
    ):
        assert type(build(item, value)) is zoo.Message
    assert type(build(item, {"type": 5})).__name__ in ("Message", "Call")
    assert build(Optional[item], b"null") is None


def test_aliases_and_both_names(build: Build, models: ModuleType) -> None:
    class Both(models.BaseModel):  # type: ignore[name-defined,misc]
        model_config = pydantic.ConfigDict(populate_by_name=True)
        from_: str = pydantic.Field(alias="from")

    assert build(Both, {"from": "a"}).from_ == "a"
    assert build(Both, {"from_": "b"}).from_ == "b"
    assert build(Both, {"from_": "b"}).model_dump(by_alias=True) == {"from": "b"}


def test_escaped_and_repeated_keys(build: Build, zoo: SimpleNamespace) -> None:
    obj = build(
        zoo.Usage, b'{"input\\u005ftokens": 1, "output_tokens": 2, "output_tokens": 3, "\\u00e9": 4, "e": 5}'
    )
    assert (obj.input_tokens, obj.output_tokens) == (1, 3)
    assert obj.é == 4
    assert obj.model_dump(exclude_unset=True) == {"input_tokens": 1, "output_tokens": 3, "\u00e9": 4, "e": 5}


def test_defaults_are_not_shared(build: Build, zoo: SimpleNamespace) -> None:
    first, second = build(zoo.Answer, {}), build(zoo.Answer, {})
    first.scores.append(1.0)
    assert second.scores == []
    assert first.scores == [1.0]
    one = build(zoo.Text, {"type": "text"})
    one.annotations.append({})
    assert build(zoo.Text, {"type": "text"}).annotations == []


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": ', b"[1, 2", b'"x', b"nul", b"{'a': 1}", b"1 2"])
def test_bodies_that_are_not_json(build: Build, zoo: SimpleNamespace, body: bytes) -> None:
    with pytest.raises(APIResponseNotJSONError) as caught:
        build(zoo.Answer, body)
    assert caught.value.data == body


@pytest.mark.parametrize("body", [b"5", b'"text"', b"null", b"[]"])
def test_bodies_that_are_no_objects(build: Build, zoo: SimpleNamespace, body: bytes) -> None:
    with pytest.raises(APIResponseValidationError, match="the response: expected Answer"):
        build(zoo.Answer, body)


def test_padding_is_asked_for(models: ModuleType) -> None:
    if models.lazy.NATIVE:
        with pytest.raises(ValueError, match="64 bytes of padding"):
            models.build(Any, b"{}", 2)


def test_identity_of_what_was_read(build: Build, zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    obj = build(zoo.Answer, answer)
    output = obj.output
    first = output[0]
    assert obj.output is output
    obj.model_dump()
    assert obj.output is output
    assert obj.output[0] is first


def test_request_id(build: Build, zoo: SimpleNamespace, models: ModuleType, answer: dict[str, Any]) -> None:
    obj = build(zoo.Answer, answer)
    models.set_request_id(obj, "req_1")
    assert obj._request_id == "req_1"
    assert models.lazy.is_lazy(obj)
    assert obj == build(zoo.Answer, answer)
    assert "_request_id" not in obj.model_dump()
    assert "req_1" not in repr(obj)
    assert obj._request_id == "req_1"
    models.set_request_id(obj, None)
    assert obj._request_id is None
    with pytest.raises(AttributeError):
        obj.usage._request_id  # noqa: B018
    models.set_request_id([], "x")


def test_to_dict_and_to_json_as_in_the_official_sdk(
    build: Build, zoo: SimpleNamespace, answer: dict[str, Any]
) -> None:
    from openai import BaseModel as Official

    base = zoo.Answer.__mro__[1]

    class Thing(Official):
        id: str
        from_: str | None = pydantic.Field(alias="from", default=None)
        other: int | None = None

    class Ours(base):
        id: str
        from_: str | None = pydantic.Field(alias="from", default=None)
        other: int | None = None

    Ours.__name__ = "Thing"
    value = {"id": "x", "from": "me", "more": {"a": 1}}
    theirs, ours = Thing.construct(**value), build(Ours, value)
    for options in (
        {},
        {"exclude_unset": False},
        {"exclude_none": True},
        {"exclude_defaults": True},
        {"mode": "json"},
    ):
        assert ours.to_dict(**options) == theirs.to_dict(**options)
    for options in ({}, {"indent": None}):
        assert json.loads(ours.to_json(**options)) == json.loads(theirs.to_json(**options))
    assert ours.to_json(indent=None) == '{"id":"x","from":"me","more":{"a":1}}'
    # The official SDK has aliased keys twice here, as field and as extra.
    assert ours.to_dict(use_api_names=False) == {"id": "x", "from_": "me", "more": {"a": 1}}
    assert str(ours) == "Thing(id='x', from_='me', other=None, more={'a': 1})"


def test_construct_as_in_the_official_sdk(zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    made = zoo.Answer.construct(**answer)
    assert type(made.output[0].content[0]) is zoo.Text
    assert made.created_at == 1741569952.0
    assert made.from_ == "me"
    assert made.brand_new == {"n": 1}
    assert zoo.Usage.model_construct(input_tokens="wrong").input_tokens == "wrong"
    assert zoo.Usage.model_construct({"x"}, input_tokens=1).model_fields_set == {"x", "input_tokens"}


def test_many_threads_read_one_value(build: Build, zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            obj = build(zoo.Answer, {**answer, "when": "2026-01-02T03:04:05Z"})
            gate = threading.Barrier(8)
            seen: list[tuple[int, ...]] = []

            def read(
                obj: Any = obj, gate: threading.Barrier = gate, seen: list[Any] = seen, n: int = 0
            ) -> None:
                gate.wait()
                if n % 4 == 3:
                    obj.model_dump()
                message = obj.output[0]
                seen.append((id(obj.output), id(message), id(message.content), id(obj.usage), id(obj.when)))

            threads = [threading.Thread(target=read, kwargs={"n": n}) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(seen) == 8
            assert len(set(seen)) == 1
    finally:
        sys.setswitchinterval(before)


def test_nothing_is_left_behind(build: Build, zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    def work() -> None:
        obj = build(zoo.Answer, answer)
        obj.output[0].content[0].text  # noqa: B018
        fresh = build(zoo.Answer, answer)
        fresh.model_dump()
        # A ring through a lazy object: only the cyclic collector can free it.
        obj.usage.owner = obj
        with pytest.raises(APIResponseValidationError):
            build(zoo.Usage, {"input_tokens": []}).input_tokens  # noqa: B018

    for _ in range(
        200
    ):  # until free lists and caches are as full as they get; that takes CPython 3.10 the longest
        work()
    gc.collect()
    # By type(): isinstance() asks for __class__, and proxies import what they stand for then.
    kinds = (zoo.Answer, zoo.Usage, zoo.Message)
    before = sum(1 for o in gc.get_objects() if issubclass(type(o), kinds))
    blocks = sys.getallocatedblocks()
    for _ in range(400):
        work()
    gc.collect()
    assert sum(1 for o in gc.get_objects() if issubclass(type(o), kinds)) == before
    assert sys.getallocatedblocks() - blocks < 150


class TestNative:
    """What only a parser that skips can promise."""

    @pytest.fixture
    def backend(self) -> str:
        return "native"

    def test_unread_fields_are_never_parsed(self, build: Build, zoo: SimpleNamespace) -> None:
        obj = build(zoo.Answer, b'{"id": "r", "metadata": {"k": tru, 5}, "usage": {"a": [1,,2]}}')
        assert obj.id == "r"
        with pytest.raises(APIResponseValidationError) as caught:
            obj.metadata  # noqa: B018
        assert caught.value.path == "metadata"
        assert obj.usage is not None
        with pytest.raises(APIResponseValidationError, match="not JSON"):
            obj.usage.a  # noqa: B018

    def test_children_share_the_body(self, build: Build, zoo: SimpleNamespace) -> None:
        text = "x" * 1_000_000
        body = (
            b'{"id":"r","output":[{"type":"message","content":[{"type":"text","text":"%s"}]}]}'
            % text.encode()
        )
        gc.collect()
        obj = build(zoo.Answer, body)
        import tracemalloc

        tracemalloc.start()
        content = obj.output[0].content
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert type(content[0]) is zoo.Text
        assert peak < 100_000

    def test_deep_nesting_raises_and_does_not_crash(self, build: Build, models: ModuleType) -> None:
        class Node(models.BaseModel):  # type: ignore[name-defined,misc]
            child: Node | None = None
            value: Any = None

        Node.model_rebuild(_types_namespace={"Node": Node})
        deep = b'{"child":' * 100_000 + b"null" + b"}" * 100_000
        for mode in ("lazy", "eager"):
            # Pydantic's own limit on depth is a ValueError.
            with pytest.raises((RecursionError, APIResponseValidationError, ValueError)):
                build(Node, deep, mode).model_dump()
        with pytest.raises((RecursionError, APIResponseValidationError)):
            build(Node, b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}").value  # noqa: B018


def test_the_native_backend_is_really_native(models: ModuleType, backend: str) -> None:
    assert models.build.__module__ == f"oxide.models.lazy_{'c' if backend == 'native' else 'py'}"
    assert models.EventFactory.__module__ == f"oxide.models.events_{'c' if backend == 'native' else 'py'}"
