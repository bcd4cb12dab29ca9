"""The same model classes three times: on each backend, and on plain pydantic as the oracle."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any, Generic, Literal, TypeVar

import pydantic
import pytest
from pydantic import ConfigDict, Field

import oxide._backend
import oxide.models
from oxide.models import PropertyInfo

T = TypeVar("T")


@cache
def load(backend: str) -> ModuleType:
    """`oxide.models` on a backend: a second copy for the one that this process did not choose."""
    if (backend == "native") == oxide._backend.NATIVE:
        return oxide.models
    ours = {
        name: module for name, module in sys.modules.items() if name.split(".")[:2] == ["oxide", "models"]
    }
    for name in ours:
        if not name.endswith("_c"):
            del sys.modules[name]
    patch = pytest.MonkeyPatch()
    patch.setattr(oxide._backend, "NATIVE", backend == "native")
    try:
        return importlib.import_module("oxide.models")
    finally:
        patch.undo()
        sys.modules.update(ours)
        oxide.models = ours["oxide.models"]


def define(Base: type[Any]) -> SimpleNamespace:
    """Classes with every kind of field that the API's types have."""

    class Text(Base):
        type: Literal["text"]
        text: str
        annotations: list[dict[str, object]] = []  # noqa: RUF012 (pydantic copies defaults)

    class Refusal(Base):
        type: Literal["refusal"]
        refusal: str

    class Message(Base):
        id: str
        type: Literal["message"]
        role: Literal["assistant", "user"]
        content: list[Annotated[Text | Refusal, PropertyInfo(discriminator="type")]]
        status: Literal["completed", "incomplete"] | None = None

    class Call(Base):
        type: Literal["function_call"]
        name: str
        arguments: str
        call_id: str

    class Usage(Base):
        input_tokens: int
        output_tokens: int
        details: dict[str, int] | None = None

    class Answer(Base):
        id: str
        created_at: float
        model: str | Literal["gpt-x", "gpt-y"]
        object: Literal["response"]
        output: list[Annotated[Message | Call, PropertyInfo(discriminator="type")]]
        parallel: bool
        tool_choice: Literal["none", "auto"] | Usage | Call = "auto"
        usage: Usage | None = None
        metadata: dict[str, str] | None = None
        instructions: str | list[Message] | None = None
        from_: str | None = Field(alias="from", default=None)
        when: datetime | None = None
        scores: list[float] = Field(default_factory=list)
        anything: Any = None

    class Wrapper(Base, Generic[T]):
        data: list[T]
        has_more: bool = False

    for cls in (Text, Refusal, Message, Call, Usage, Answer):
        # Pickle finds classes by name.
        cls.__module__ = f"{__name__}.{Base.__module__}.{id(Base)}"
        cls.__qualname__ = cls.__name__
    names = SimpleNamespace(**{k: v for k, v in locals().items() if isinstance(v, type) and k != "Base"})
    module = ModuleType(Text.__module__)
    vars(module).update(vars(names))
    sys.modules[Text.__module__] = module
    return names


class Plain(pydantic.BaseModel):
    """What the oracle's classes derive from."""

    model_config = ConfigDict(extra="allow", defer_build=True, protected_namespaces=())


ORACLE = define(Plain)


@cache
def zoo_of(backend: str) -> SimpleNamespace:
    return define(load(backend).BaseModel)


@pytest.fixture
def models(backend: str) -> ModuleType:
    """`oxide.models` on the backend of this run."""
    return load(backend)


@pytest.fixture
def zoo(backend: str) -> SimpleNamespace:
    """The model classes on the backend of this run."""
    return zoo_of(backend)


@pytest.fixture
def oracle() -> SimpleNamespace:
    """The model classes on plain pydantic."""
    return ORACLE


@pytest.fixture
def build(models: ModuleType) -> Callable[..., Any]:
    """`build(type_, value_or_text, validation="lazy")`: an object out of JSON."""

    def make(type_: Any, value: Any, validation: str = "lazy") -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return models.build(type_, body + bytes(64), len(body), validation=validation)

    return make


@pytest.fixture
def answer() -> dict[str, Any]:
    """An answer of the API, as a dict."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1741569952,
        "model": "gpt-z",
        "output": [
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [
                    {"type": "text", "text": 'h\u00e9llo \U0001f600 "quoted"\n', "annotations": [{"a": 1}]},
                    {"type": "refusal", "refusal": "no"},
                ],
            },
            {
                "type": "function_call",
                "name": "f",
                "arguments": "{}",
                "call_id": "call_1",
                "later": [1, {"x": None}],
            },
        ],
        "parallel": True,
        "usage": {"input_tokens": 3, "output_tokens": 12345678901234567890, "details": {"cached": 1}},
        "metadata": {"k": "v"},
        "from": "me",
        "scores": [1, 2.5, -3e10],
        "anything": {"deep": [1, 2, {"er": None}]},
        "brand_new": {"n": 1},
        "other": [None, True],
    }


@pytest.fixture(params=["fresh", "partly", "fully"])
def touch(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Reads nothing, some or all of an object before the test uses it."""

    def read(obj: Any) -> Any:
        if request.param == "partly":
            assert obj.id
            assert obj.output[0].content[0].type
            assert obj.metadata
        elif request.param == "fully":
            assert list(obj)
        return obj

    return read
