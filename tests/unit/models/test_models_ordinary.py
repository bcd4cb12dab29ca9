"""An object from the API does everything that the same object made by pydantic does."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import fastapi
import fastapi.testclient
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Build = Callable[..., Any]
Touch = Callable[[Any], Any]

DUMPS: list[dict[str, Any]] = [
    {},
    {"mode": "json"},
    {"by_alias": True},
    {"exclude_unset": True},
    {"exclude_defaults": True},
    {"exclude_none": True},
    {"include": {"id", "output"}},
    {"include": {"output": {0: {"content": {"__all__": {"type"}}}}}},
    {"exclude": {"output": True, "brand_new": True}},
    {"round_trip": True},
    {"serialize_as_any": True},
    {"warnings": False},
]


@pytest.fixture
def pair(
    build: Build, zoo: SimpleNamespace, oracle: SimpleNamespace, answer: dict[str, Any], touch: Touch
) -> tuple[Any, Any]:
    """The same object as oxide builds it and as pydantic validates it."""
    return touch(build(zoo.Answer, answer)), oracle.Answer.model_validate(answer)


@pytest.mark.parametrize("options", DUMPS, ids=str)
def test_dump_is_pydantics(pair: tuple[Any, Any], options: dict[str, Any]) -> None:
    ours, theirs = pair
    assert json.dumps(ours.model_dump(**options), default=str) == json.dumps(
        theirs.model_dump(**options), default=str
    )
    assert ours.model_dump_json(
        **{k: v for k, v in options.items() if k != "mode"}
    ) == theirs.model_dump_json(**{k: v for k, v in options.items() if k != "mode"})


def test_order_of_fields_is_the_classs_and_of_the_rest_the_servers(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert list(ours.__dict__) == list(theirs.__dict__)
    assert list(ours.model_extra) == ["brand_new", "other"]


def test_iteration(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert [k for k, _ in ours] == [k for k, _ in theirs]
    assert dict(ours)["brand_new"] == {"n": 1}


def test_repr_and_str(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert repr(ours) == repr(theirs)
    assert str(ours) == repr(theirs)


def test_sets_of_fields(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert ours.model_fields_set == theirs.model_fields_set
    assert ours.model_extra == theirs.model_extra
    assert ours.__pydantic_private__ is None


def test_equality(build: Build, zoo: SimpleNamespace, answer: dict[str, Any], touch: Touch) -> None:
    ours = touch(build(zoo.Answer, answer))
    assert ours == build(zoo.Answer, answer)
    assert ours == zoo.Answer.model_validate(answer)
    assert zoo.Answer.model_validate(answer) == ours
    assert ours != build(zoo.Answer, {**answer, "id": "other"})
    assert ours != build(zoo.Answer, {**answer, "brand_new": 2})
    assert ours != 5


def test_hash_is_refused_as_by_pydantic(pair: tuple[Any, Any]) -> None:
    for each in pair:
        with pytest.raises(TypeError, match="unhashable"):
            hash(each)


def test_pickle(build: Build, zoo: SimpleNamespace, answer: dict[str, Any], touch: Touch) -> None:
    ours = touch(build(zoo.Answer, answer))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(ours, protocol))
        assert again == ours
        assert again.model_fields_set == ours.model_fields_set
        assert type(again.output[0]) is zoo.Message


@pytest.mark.parametrize("deep", [False, True])
def test_copies(pair: tuple[Any, Any], deep: bool) -> None:
    ours, _ = pair
    for made in (ours.model_copy(deep=deep), (copy.deepcopy if deep else copy.copy)(ours)):
        assert made == ours
        assert made is not ours
        assert (made.output is ours.output) is not deep
        assert made.model_extra is not ours.model_extra
    changed = ours.model_copy(update={"id": "new"})
    assert (changed.id, ours.id) == ("new", "resp_1")


def test_writes(pair: tuple[Any, Any]) -> None:
    for each in pair:
        each.id = "changed"
        each.unheard_of = 1
        each.brand_new = 2
        assert (each.id, each.unheard_of, each.brand_new) == ("changed", 1, 2)
        each.usage.input_tokens = 99
        del each.metadata
        del each.other
        with pytest.raises(AttributeError):
            each.other  # noqa: B018
        with pytest.raises(AttributeError):
            del each.nothing
    ours, theirs = pair
    assert ours.model_dump() == theirs.model_dump()
    assert ours.model_fields_set == theirs.model_fields_set


def test_absent_attributes(pair: tuple[Any, Any]) -> None:
    for each in pair:
        assert not hasattr(each, "nothing_of_the_kind")
        assert getattr(each, "nothing_of_the_kind", 7) == 7
        with pytest.raises(AttributeError, match="'Answer' object has no attribute 'zzz'"):
            each.zzz  # noqa: B018


def test_class_attributes_and_methods(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert ours.model_fields_set == theirs.model_fields_set
    assert type(ours).model_fields.keys() == type(theirs).model_fields.keys()
    assert type(ours).model_json_schema() == type(theirs).model_json_schema()
    assert ours.__class__ is type(ours)
    assert ours.__doc__ is None


def test_vars(pair: tuple[Any, Any]) -> None:
    ours, theirs = pair
    assert {k: repr(v) for k, v in vars(ours).items()} == {k: repr(v) for k, v in vars(theirs).items()}


def test_as_a_field_of_a_users_model(
    build: Build, zoo: SimpleNamespace, oracle: SimpleNamespace, answer: dict[str, Any], touch: Touch
) -> None:
    class Mine(pydantic.BaseModel):
        inner: zoo.Answer
        many: list[zoo.Answer]

    class Theirs(pydantic.BaseModel):
        inner: oracle.Answer
        many: list[oracle.Answer]

    ours, plain = touch(build(zoo.Answer, answer)), oracle.Answer.model_validate(answer)
    mine, theirs = Mine(inner=ours, many=[ours]), Theirs(inner=plain, many=[plain])
    assert mine.inner is ours
    assert mine.model_dump() == theirs.model_dump()
    assert mine.model_dump_json() == theirs.model_dump_json()
    assert Mine.model_validate_json(mine.model_dump_json(by_alias=True)).model_dump() == mine.model_dump()


def test_as_a_fastapi_response_model(
    build: Build, zoo: SimpleNamespace, oracle: SimpleNamespace, answer: dict[str, Any], touch: Touch
) -> None:
    app = fastapi.FastAPI()
    ours, plain = touch(build(zoo.Answer, answer)), oracle.Answer.model_validate(answer)

    @app.get("/ours", response_model=zoo.Answer)
    def _ours() -> Any:
        return ours

    @app.get("/plain", response_model=oracle.Answer)
    def _plain() -> Any:
        return plain

    with fastapi.testclient.TestClient(app) as client:
        assert client.get("/ours").content == client.get("/plain").content


def test_validated_again(pair: tuple[Any, Any], zoo: SimpleNamespace) -> None:
    ours, _ = pair
    assert zoo.Answer.model_validate(ours) is ours
    assert pydantic.TypeAdapter(list[zoo.Answer]).validate_python([ours])[0] is ours
    again = zoo.Answer.model_validate(ours.model_dump(by_alias=True))
    assert again == ours


def test_made_by_hand(zoo: SimpleNamespace, oracle: SimpleNamespace, answer: dict[str, Any]) -> None:
    text = json.dumps(answer)
    assert (
        zoo.Answer.model_validate_json(text).model_dump()
        == oracle.Answer.model_validate_json(text).model_dump()
    )
    assert zoo.Usage(input_tokens=1, output_tokens=2, x=3).model_dump() == {
        "input_tokens": 1, "output_tokens": 2, "details": None, "x": 3,
    }  # fmt: skip
    with pytest.raises(pydantic.ValidationError):
        zoo.Usage(input_tokens="x")


def test_subclass_of_the_users(build: Build, zoo: SimpleNamespace, answer: dict[str, Any]) -> None:
    class Mine(zoo.Answer):  # type: ignore[name-defined,misc]
        mood: str = "fine"

        @property
        def first(self) -> Any:
            return self.output[0]

        @pydantic.computed_field
        def double(self) -> str:
            return self.id * 2

    mine = build(Mine, {**answer, "mood": "odd"})
    assert mine.first.id == "msg_1"
    assert mine.mood == "odd"
    assert mine.model_dump()["double"] == "resp_1resp_1"


def test_subclass_with_validators_follows_them(build: Build, models: Any) -> None:
    class Strict(models.BaseModel):  # type: ignore[name-defined,misc]
        name: str

        @pydantic.field_validator("name")
        @classmethod
        def upper(cls, value: str) -> str:
            return value.upper()

    assert build(Strict, {"name": "x"}).name == "X"
    assert build(list[Strict], [{"name": "x"}])[0].name == "X"


def test_private_attributes(build: Build, models: Any) -> None:
    class Page(models.BaseModel):  # type: ignore[name-defined,misc]
        data: list[int]
        _client: Any = pydantic.PrivateAttr(default=None)
        _options: list[int] = pydantic.PrivateAttr(default_factory=list)

    page = build(Page, {"data": [1]})
    assert page._client is None
    page._client = 5
    page._options.append(1)
    assert (page._client, page._options, page.data) == (5, [1], [1])
    assert page.model_dump() == {"data": [1]}
    assert build(Page, {"data": [1]})._options == []
    assert page.__pydantic_private__ == {"_client": 5, "_options": [1]}


def test_generics(build: Build, zoo: SimpleNamespace) -> None:
    page = build(zoo.Wrapper[zoo.Usage], {"data": [{"input_tokens": 1, "output_tokens": 2}]})
    assert type(page.data[0]) is zoo.Usage
    assert page.has_more is False
    assert build(zoo.Wrapper, {"data": [{"a": 1}]}).data == [{"a": 1}]


def test_match_and_weakref(pair: tuple[Any, Any], zoo: SimpleNamespace) -> None:
    import weakref

    ours, _ = pair
    assert weakref.ref(ours)() is ours
    match ours:
        case zoo.Answer(id="resp_1", output=[zoo.Message(), zoo.Call(name=name)]):
            assert name == "f"
        case _:
            pytest.fail("no match")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CALL = st.fixed_dictionaries(
    {"type": st.just("function_call"), "name": PLAIN_TEXT, "arguments": PLAIN_TEXT, "call_id": PLAIN_TEXT},
    optional={'extra "key\\': JSON},
)
MESSAGE = st.fixed_dictionaries(
    {
        "id": PLAIN_TEXT,
        "type": st.just("message"),
        "role": st.sampled_from(["assistant", "user"]),
        "content": st.lists(
            st.fixed_dictionaries(
                {"type": st.just("text"), "text": PLAIN_TEXT}, optional={"annotations": st.just([{"q": 1}])}
            ),
            max_size=2,
        ),
    },
    optional={"status": st.sampled_from(["completed", None])},
)
ANSWER = st.fixed_dictionaries(
    {
        "id": PLAIN_TEXT,
        "object": st.just("response"),
        "created_at": st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False),
        "model": PLAIN_TEXT,
        "output": st.lists(CALL | MESSAGE, max_size=3),
        "parallel": st.booleans(),
    },
    optional={
        "tool_choice": st.sampled_from(["none", "auto"]) | CALL,
        "usage": st.none()
        | st.fixed_dictionaries({"input_tokens": st.integers(), "output_tokens": st.integers()}),
        "metadata": st.none() | st.dictionaries(PLAIN_TEXT, PLAIN_TEXT, max_size=3),
        "instructions": st.none() | PLAIN_TEXT | st.lists(MESSAGE, max_size=1),
        "from": PLAIN_TEXT,
        "when": st.datetimes().map(lambda d: d.isoformat()),
        "scores": st.lists(st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        "anything": JSON,
        "unknown": JSON,
        "\u00e9t\u00e9": JSON,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=ANSWER, ascii_only=st.booleans())
def test_any_valid_answer_dumps_as_pydantics(
    build: Build, zoo: SimpleNamespace, oracle: SimpleNamespace, value: dict[str, Any], ascii_only: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    theirs = oracle.Answer.model_validate(json.loads(text))
    for mode in ("lazy", "eager", "off"):
        ours = build(zoo.Answer, text, mode)
        assert ours.model_dump(exclude_unset=True) == theirs.model_dump(exclude_unset=True)
        assert repr(ours) == repr(theirs)
