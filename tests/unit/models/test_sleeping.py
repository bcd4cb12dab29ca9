"""Types of the API are made cheaply and completed by pydantic when something is first asked of them."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_type_hints

import pydantic
import pytest

import oxide
from oxide._backend import NATIVE
from oxide.errors import APIResponseValidationError
from oxide.models import build
from oxide.models.lazy import is_lazy
from oxide.models.sketches import sketch_of
from oxide.models.sleeping import annotation_asleep, wake

SOURCE = """
from typing import Dict, List, Optional, Union
from typing_extensions import Annotated, Literal
from pydantic import Field
from oxide.models import PropertyInfo
from oxide.models.generated import BaseModel

class Mixin:
    @property
    def loud(self):
        return self.text.upper()

class Text(Mixin, BaseModel):
    text: str
    type: Literal["text"]

    def twice(self):
        return __class__.__name__, self.text * 2

class Picture(BaseModel):
    url: str
    type: Literal["picture"]
    detail: Optional[Literal["low", "high"]] = None
    schema_: Optional[str] = Field(default=None, alias="schema")
    _seen: int = 3

class Chart(BaseModel):
    schema_: Optional[str] = Field(default=None, alias="schema")
    _seen: int = 3

class Icon(Chart):
    size: int = 16

Part = Annotated[Union[Text, Picture], PropertyInfo(discriminator="type")]

class Label(Mixin, BaseModel):
    text: str
    size: int = 3

class Answer(BaseModel):
    id: str
    parts: List[Part]
    labels: Optional[Dict[str, str]] = None
"""
TEXT = b'{"id": "a", "parts": [{"type": "text", "text": "t"}], "new": 1}'
BODY = {"id": "a", "parts": [{"type": "text", "text": "t"}], "new": 1}

T = TypeVar("T")


def module_of(source: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = types.ModuleType("types_never_touched")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(source, module.__name__, "exec", dont_inherit=True), module.__dict__)
    return module


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of types that nothing has touched."""
    return module_of(SOURCE, monkeypatch)


def asleep(cls: type) -> bool:
    return type(cls).__name__ == "Asleep"


def filled(cls: Any, text: bytes) -> Any:
    return build(cls, text + bytes(64), len(text))


def test_a_class_sleeps_until_it_is_asked(api: Any) -> None:
    assert asleep(api.Text)
    assert asleep(api.Answer)
    assert issubclass(api.Answer, oxide.BaseModel)
    assert (api.Answer.__name__, api.Answer.__module__) == ("Answer", "types_never_touched")
    assert asleep(api.Answer)
    assert list(api.Answer.model_fields) == ["id", "parts", "labels"]
    assert type(api.Answer) is type(pydantic.BaseModel)
    assert asleep(api.Text)


QUESTIONS: dict[str, Callable[[Any], object]] = {
    "an instance": lambda cls: cls(id="a", parts=[]),
    "validation": lambda cls: cls.model_validate(BODY),
    "construct": lambda cls: cls.construct(**BODY),
    "schema": lambda cls: cls.model_json_schema(),
    "vars": lambda cls: vars(cls),
    "dir": lambda cls: dir(cls),
    "signature": lambda cls: inspect.signature(cls),
    "hints": lambda cls: get_type_hints(cls),
    "attribute": lambda cls: cls.__init__,
    "setting": lambda cls: setattr(cls, "note", 1),
    "new": lambda cls: cls.__new__(cls),
    "adapter": lambda cls: pydantic.TypeAdapter(list[cls]).validate_python([BODY]),
    "a field": lambda cls: pydantic.create_model("M", inner=(cls, ...))(inner=BODY),
    "a subclass": lambda cls: type("Sub", (cls,), {}),
    "a body that is checked at once": lambda cls: build(cls, TEXT + bytes(64), len(TEXT), validation="eager"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_whatever_is_asked_wakes_it(api: Any, question: str) -> None:
    QUESTIONS[question](api.Answer)
    assert not asleep(api.Answer)
    assert api.Answer.model_validate(BODY).to_dict() == BODY


def test_asking_for_what_is_not_there(api: Any) -> None:
    with pytest.raises(AttributeError):
        _ = api.Answer.nothing
    with pytest.raises(AttributeError):
        del api.Text.nothing


def test_an_awake_class_is_what_pydantic_makes(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(cls: Any) -> object:
        fields = {name: repr(field) for name, field in cls.model_fields.items()}
        # Both are inherited where they are not here.
        names = vars(cls).keys() - {"__weakref__", "__pydantic_parent_namespace__"}
        return cls.model_json_schema(), fields, names, str(inspect.signature(cls))

    found = {name: facts(getattr(api, name)) for name in ("Text", "Picture", "Chart", "Icon", "Answer")}
    ordinary = module_of(SOURCE.replace("oxide.models.generated", "oxide.models"), monkeypatch)
    assert found == {name: facts(getattr(ordinary, name)) for name in found}


def test_methods_properties_and_private_attributes(api: Any) -> None:
    text = api.Text(text="t", type="text")
    assert (text.loud, text.twice()) == ("T", ("Text", "tt"))
    picture = api.Picture(url="u", type="picture", schema="s")
    assert (picture._seen, picture.schema_) == (3, "s")
    icon = filled(api.Icon, b'{"schema": "s"}')
    assert (icon.size, icon.schema_, icon._seen) == (16, "s", 3)


def test_a_body_wakes_only_what_it_holds(api: Any) -> None:
    answer = filled(api.Answer, TEXT)
    assert answer.parts[0].text == "t"
    assert asleep(api.Picture)
    assert answer.to_dict() == BODY
    assert copy.deepcopy(answer) == answer
    assert pickle.loads(pickle.dumps(api.Picture)) is api.Picture
    bad = filled(api.Answer, b'{"id": 1, "parts": 3}')
    with pytest.raises(APIResponseValidationError):
        _ = bad.parts


# What reads of fields leave asleep on the native backend; the other one wakes a class to make an instance.
OF_INSTANCES: dict[str, Callable[[Any], object]] = {
    "dump": lambda answer: answer.model_dump(),
    "dump of JSON": lambda answer: answer.model_dump_json(),
    "to_dict": lambda answer: answer.to_dict(),
    "repr": repr,
    "equality": lambda answer: (answer == answer, answer == 3),
    "iteration": list,
    "copy": lambda answer: copy.copy(answer).model_dump(),
    "deepcopy": lambda answer: copy.deepcopy(answer).model_dump(),
    "model_copy": lambda answer: answer.model_copy(update={"id": "b"}).model_dump(),
    "pickle": lambda answer: pickle.loads(pickle.dumps(answer)).model_dump(),
    "state": lambda answer: (answer.model_fields_set, answer.model_extra, list(vars(answer))),
    "an unknown field": lambda answer: answer.new,
    "nothing": lambda answer: hasattr(answer, "nothing"),
    "setting": lambda answer: [setattr(answer, "id", "b"), answer.model_dump()],
    "setting another": lambda answer: [setattr(answer, "more", 1), answer.model_dump()],
    "deleting": lambda answer: [delattr(answer, "id"), vars(answer)],
    "serializer": lambda answer: pydantic.TypeAdapter(Any).dump_python(answer),
    "validation": lambda answer: pydantic.TypeAdapter(type(answer)).validate_python(answer).model_dump(),
    "in a model": lambda answer: pydantic.create_model("Outer", inner=(type(answer), ...))(
        inner=answer
    ).model_dump(),
    "its class": lambda answer: list(type(answer).model_fields),
    "its class by name": lambda answer: answer.__class__.__name__,
    "being a subclass of what it is not": lambda answer: isinstance(answer, pydantic.RootModel),
}


@pytest.mark.parametrize("question", OF_INSTANCES)
def test_an_instance_of_a_sleeping_class_answers_like_any_other(
    api: Any, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    answer = filled(api.Answer, TEXT)
    assert (answer.id, answer.parts[0].text, answer.labels) == ("a", "t", None)
    assert isinstance(answer, oxide.BaseModel)
    assert asleep(api.Answer) == NATIVE
    found = str(OF_INSTANCES[question](answer))
    ordinary = module_of(SOURCE.replace("oxide.models.generated", "oxide.models"), monkeypatch)
    assert found == str(OF_INSTANCES[question](filled(ordinary.Answer, TEXT)))
    assert answer.parts[0].text == "t"


def test_a_property_of_a_mixin_leaves_the_class_asleep(api: Any) -> None:
    label = filled(api.Label, b'{"text": "t"}')
    assert (label.loud, label.size) == ("T", 3)
    assert asleep(api.Label) == NATIVE
    assert label.model_dump() == {"text": "t", "size": 3}
    assert not asleep(api.Label)
    assert (label.loud, filled(api.Label, b'{"text": "u"}').loud) == ("T", "U")


def test_instances_outlive_the_sleep_of_their_class(api: Any) -> None:
    before = filled(api.Answer, TEXT)
    wake(api.Answer)
    after = filled(api.Answer, TEXT)
    assert is_lazy(before)
    assert is_lazy(after)
    assert before.parts[0].text == "t"
    assert before == after


RULED = {
    "a validator": "    @pydantic.field_validator('id')\n    def upper(cls, v):\n        return v.upper()",
    "a configuration": "    model_config = pydantic.ConfigDict(str_to_upper=True)",
    "an __init__": "    def __init__(self, **kw):\n        super().__init__(**{**kw, 'id': 'A'})",
    "a private attribute": "    _seen: int = 3",
    "a class variable": "    kind: typing.ClassVar[str] = 'k'",
    "a field of pydantic's": "    more: str = pydantic.Field(default='m', alias='new')",
    "a name of BaseModel's": "    to_dict: int = 3",
}


@pytest.mark.parametrize("rule", RULED)
def test_a_class_with_rules_of_its_own_is_pydantics_to_tell(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"{SOURCE}\nimport pydantic, typing\nclass Ruled(BaseModel):\n    id: str\n{RULED[rule]}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        ruled = module_of(source, monkeypatch).Ruled
        assert sketch_of(ruled) is None
        made = filled(ruled, b'{"id": "a", "new": "n"}')
        assert not asleep(ruled)
        assert made.model_dump() == ruled.model_validate({"id": "a", "new": "n"}).model_dump()


def test_what_can_be_known_of_a_sleeping_class(api: Any) -> None:
    assert annotation_asleep(api.Text, "text") is str
    assert annotation_asleep(api.Text, "nothing") is None
    # Its name on the wire is pydantic's to say.
    assert annotation_asleep(api.Picture, "schema_") is None
    assert asleep(api.Text)
    assert asleep(api.Answer)
    wake(api.Text)
    assert annotation_asleep(api.Text, "text") is None
    wake(int)


def test_a_subclass_of_a_sleeping_class_is_pydantics_from_the_start(api: Any) -> None:
    class Local(pydantic.BaseModel):
        n: int

    class Mine(api.Answer):
        # A name that only this function knows: pydantic looks at the frame the class statement is in.
        extra: Local

    class Boxed(api.Text, Generic[T]):
        inside: T

    mine = Mine.model_validate({**BODY, "extra": {"n": 1}})
    assert mine.extra.n == 1
    assert mine.parts[0].loud == "T"
    assert not asleep(Mine)
    assert not asleep(api.Answer)
    assert Boxed[int](text="t", type="text", inside="3").inside == 3


def test_threads_wake_a_class_once(api: Any) -> None:
    seen: list[Any] = []
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        seen.append((id(api.Answer.model_fields), list(api.Answer.model_fields)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(str, seen))) == 1
    assert seen[0][1] == ["id", "parts", "labels"]


def test_a_pydantic_that_makes_classes_another_way_is_refused(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(mcs: Any, name: str, bases: Any, namespace: dict[str, Any], **kwargs: Any) -> Any:
        del namespace["__oxide_self__"]
        return type.__new__(mcs, name, bases, namespace)

    with monkeypatch.context() as patch:
        patch.setattr("oxide.models.sleeping._Reuse.__new__", staticmethod(another))
        with pytest.raises(TypeError, match="version of pydantic"):
            _ = api.Answer.model_fields
    assert asleep(api.Answer)
    assert list(api.Answer.model_fields) == ["id", "parts", "labels"]


def test_the_first_answer_leaves_most_of_its_types_asleep() -> None:
    program = """
import sys
from oxide.models import build, sleeping
from oxide.types.responses import Response
body = (
    b'{"id": "r", "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]}'
)
made = build(Response, body + bytes(64), len(body))
assert made.output[0].content[0].text == "hello"
assert made.output_text == "hello"
loaded = [name for name in sys.modules if name.startswith("oxide.types.responses.")]
print(len(loaded), [cls.__name__ for cls in sleeping._asleep if cls.__name__.startswith("Response")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    count, _, names = done.stdout.partition(" ")
    # The other backend wakes a class to make an instance, which needs the types of all its fields.
    assert int(count) < (40 if NATIVE else 80)
    assert ("'Response'" in names) == NATIVE
    assert "'ResponseOutputRefusal'" in names
