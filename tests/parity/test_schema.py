# ruff: noqa: UP007, UP045 - both spellings of a union are tried.
"""Strict schemas compared with those of the installed official SDK, over shapes written down and made up."""

from __future__ import annotations

import copy
import enum
import json
import random
from typing import Any, Literal, Optional, Union

import pydantic
import pytest
from pydantic import Field, TypeAdapter, create_model

from oxide.schema import ensure_strict
from tests.unit.helpers.schema_corpus import MODELS, OTHERS

openai_pydantic = pytest.importorskip("openai.lib._pydantic")


def with_any_of(schema: Any) -> Any:
    """What the official function leaves as `oneOf`, which the API refuses, as ours writes it."""
    if isinstance(schema, list):
        return [with_any_of(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("oneOf"), list):
        schema = {("anyOf" if k == "oneOf" else k): v for k, v in schema.items() if k != "discriminator"}
    return {key: with_any_of(value) for key, value in schema.items()}


def compare(given: Any, official: dict[str, Any]) -> None:
    before = json.dumps(given)
    mine = ensure_strict(given)
    # As text: the order of keys is part of a schema.
    assert json.dumps(mine) == json.dumps(with_any_of(official))
    assert json.dumps(given) == before, "the schema given was changed"
    assert json.dumps(ensure_strict(mine)) == json.dumps(mine), "a second time changes it"


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_models(model: type[pydantic.BaseModel]) -> None:
    compare(model.model_json_schema(), openai_pydantic.to_strict_json_schema(model))


@pytest.mark.parametrize("kind", OTHERS, ids=str)
def test_adapters(kind: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    compare(adapter.json_schema(), openai_pydantic.to_strict_json_schema(adapter))


def made_up(random_: random.Random, depth: int = 0) -> type[pydantic.BaseModel]:
    fields: dict[str, Any] = {}
    for number in range(random_.randint(1, 4)):
        fields[f"field_{number}"] = (annotation(random_, depth), field(random_))
    return create_model(f"Made{random_.randrange(10**6)}", **fields)


def field(random_: random.Random) -> Any:
    description = random_.choice((None, "what it is"))
    title = random_.choice((None, None, "A title"))
    return Field(default=random_.choice((..., ..., None)), description=description, title=title)


def annotation(random_: random.Random, depth: int) -> Any:
    scalars = [str, int, float, bool, Literal["a", "b"], enum.Enum("E", {"A": "a", "B": "b"})]
    kind = random_.choice(("scalar", "model", "model", "list", "optional", "union", "dict"))
    if kind == "scalar" or depth > 2:
        return random_.choice(scalars)
    if kind == "model":
        return made_up(random_, depth + 1)
    inner = annotation(random_, depth + 1)
    if kind == "union":
        return Union[inner, annotation(random_, depth + 1)]
    return {"list": list[inner], "optional": Optional[inner], "dict": dict[str, inner]}[kind]


@pytest.mark.parametrize("seed", range(100))
def test_made_up_models(seed: int) -> None:
    model = made_up(random.Random(seed))
    compare(copy.deepcopy(model.model_json_schema()), openai_pydantic.to_strict_json_schema(model))
