"""Schemas: what strict mode takes, what it is told not to take, what other servers refuse."""

from __future__ import annotations

import enum
import ipaddress
import json
import pathlib
import sys
import typing
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
import pytest
from pydantic import BaseModel, Field, TypeAdapter

from oxide.errors import OpenAIError, SchemaError
from oxide.helpers.given_tools import tools_for_chat, tools_for_responses
from oxide.helpers.parsing import adapter, chat_format, text_format
from oxide.helpers.tools import pydantic_function_tool
from oxide.schema import check_strict, ensure_strict, normalize_tool_schema
from tests.unit.helpers.schema_corpus import (
    Awkward,
    Cat,
    Color,
    Described,
    Discriminated,
    Dog,
    Empty,
    Forest,
    Listed,
    Node,
    Open,
    Optionals,
    Page,
    Plain,
    Point,
    Rooted,
    Unions,
)


class Table(BaseModel):
    rows: list[dict[str, Point]]


class Loose(BaseModel):
    inner: list[Any]


class Pair(BaseModel):
    place: tuple[int, str]


class Bare(BaseModel):
    items: list  # type: ignore[type-arg]


@pytest.mark.parametrize(
    "model", [Plain, Described, Optionals, Unions, Discriminated, Node, Forest, Page[Point], Empty, Rooted]
)
def test_what_the_api_takes_passes(model: type[BaseModel]) -> None:
    check_strict(ensure_strict(model.model_json_schema()))


@pytest.mark.parametrize(
    ("format", "path", "rule", "says"),
    [
        (Table, "rows[]", "additionalProperties", "takes any key"),
        (Loose, "inner[]", "type", "has no type"),
        (Pair, "place", "prefixItems", "tuple"),
        (Bare, "items[]", "type", "has no type"),
        (Open, "the schema", "additionalProperties", "takes any key"),
        (Listed, "", "root", "of type 'array'"),
        (TypeAdapter(Cat | Dog), "", "root", "a union"),
        (TypeAdapter(int), "", "root", "of type 'integer'"),
    ],
    ids=str,
)
def test_what_the_api_refuses_is_refused_with_field_and_rule(
    format: Any, path: str, rule: str, says: str
) -> None:
    for make in (chat_format, text_format):
        with pytest.raises(SchemaError, match=says) as caught:
            make(format)
        assert (caught.value.path, caught.value.rule) == (path, rule)
        assert isinstance(caught.value, (OpenAIError, ValueError))


class Kept(BaseModel):
    """Everything the API takes, in one model."""

    when: datetime
    day: date
    time: time
    long: timedelta
    uid: UUID
    four: ipaddress.IPv4Address
    six: ipaddress.IPv6Address
    mail: Annotated[str, Field(json_schema_extra={"format": "email"})]
    host: Annotated[str, Field(json_schema_extra={"format": "hostname"})]
    text: str = Field(
        "a", min_length=1, max_length=5, pattern=r"^(?:a|\(?=\)|[(?=b)]|(?P<n>c))$", examples=["a"]
    )
    number: int = Field(ge=1, le=9, multiple_of=2)
    ratio: float = Field(gt=0, lt=1)
    some: list[int] = Field(min_length=1, max_length=3)
    color: Color
    one: Literal["x"]
    nothing: None
    code: Literal["a"] | Literal[1]


def test_what_the_guide_lists_passes() -> None:
    check_strict(ensure_strict(Kept.model_json_schema()))
    several = {"type": ["string", "null"], "enum": ["a", None], "title": "T", "default": "a"}
    check_strict(strict_object({"a": several}))


@pytest.mark.parametrize(
    ("kind", "rule", "says"),
    [
        (pydantic.HttpUrl, "format", "the format 'uri' is none of date-time, time, date, duration, email"),
        (bytes, "format", "'binary'"),
        (pathlib.Path, "format", "'path'"),
        (ipaddress.IPv4Network, "format", "'ipv4network'"),
        (pydantic.SecretStr | None, "format", "'password'"),
        (set[str], "uniqueItems", "a set has it: use `list"),
        (frozenset[int], "uniqueItems", "a set has it"),
        (Annotated[str, Field(json_schema_extra={"pattern": "^(?!a)b"})], "pattern", "look-around"),
        (Annotated[str, Field(json_schema_extra={"pattern": r"\\(?<=a)b"})], "pattern", "has some"),
        (Annotated[str, Field(json_schema_extra={"pattern": r"[]\]](?=b)"})], "pattern", "has some"),
        (Literal["a", 1], "type", "its values have no type: .* a union"),
    ],
    ids=str,
)
def test_fields_the_api_refuses(kind: Any, rule: str, says: str) -> None:
    inner: Any = pydantic.create_model("Inner", field=(kind, ...))
    for format in (inner, pydantic.create_model("Outer", many=(list[inner], ...))):
        with pytest.raises(SchemaError, match=says) as caught:
            text_format(format)
        assert caught.value.path.removeprefix("Inner.") == "field"
        assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("field", "rule", "says"),
    [
        ({"$ref": "#/$defs/A", "description": "d"}, "$ref", "nothing may stand, and here description does"),
        ({"$ref": "#/properties/a"}, "$ref", "names none of the definitions at the root"),
        ({"$ref": "#/$defs/B"}, "$ref", "names none"),
        ({"const": "x"}, "type", "its values have no type"),
        ({"enum": ["x"]}, "type", "its values have no type"),
        ({"type": ["object", "null"], "properties": {}}, "additionalProperties", "takes any key"),
        ({"type": ["array", "null"]}, "items", "a list has to say"),
        ({"type": "array", "items": True}, "items", "a list has to say"),
        ({"anyOf": [True]}, "schema", "True is not a schema"),
        ({"type": "object", "properties": [], "additionalProperties": False}, "properties", "maps names"),
        ({"type": 3}, "type", "has no type"),
        ({"type": "object", "required": ["x"], "additionalProperties": False}, "required", "requires x, and"),
        *(
            (
                {"type": "object", "properties": {}, "additionalProperties": False, keyword: 1},
                keyword,
                keyword,
            )
            for keyword in ("contains", "minContains", "maxContains", "minProperties", "maxProperties")
        ),
    ],
    ids=str,
)
def test_fields_written_by_hand_that_the_api_refuses(field: dict[str, Any], rule: str, says: str) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "$defs": {"A": {"type": "string"}, "a/b~c": {"type": "string"}},
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/a~1b~0c"}, "c": {"$ref": "#"}},
        "required": ["a", "b", "c"],
        "additionalProperties": False,
    }
    check_strict(schema)
    with pytest.raises(SchemaError, match=says) as caught:
        check_strict({**schema, "properties": {**schema["properties"], "c": field}})
    assert caught.value.rule == rule
    assert caught.value.path.startswith("c")


def test_an_object_that_may_be_null_is_closed() -> None:
    field = {"type": ["object", "null"], "properties": {"q": {"type": "string"}}}
    schema = strict_object({"a": field})
    assert schema["properties"]["a"] == {**field, "additionalProperties": False, "required": ["q"]}
    check_strict(schema)


def test_what_is_no_schema_at_all() -> None:
    given: Any
    for given in ([], "x", None):
        with pytest.raises(TypeError, match="a JSON schema is a mapping"):
            check_strict(given)


def test_types_without_a_schema_are_told_apart() -> None:
    class Calling(BaseModel):
        call: Callable[[], int]

    class Unfinished(BaseModel):
        other: Nowhere  # type: ignore[name-defined]  # noqa: F821

    for make in (chat_format, text_format, pydantic_function_tool):
        with pytest.raises(TypeError, match=r"Calling'> has no JSON schema: Cannot generate"):
            make(Calling)
        with pytest.raises(TypeError, match=r"Unfinished'> has no JSON schema: .* `Nowhere`"):
            make(Unfinished)


def test_types_that_are_only_named() -> None:
    for make in (chat_format, text_format):
        with pytest.raises(TypeError, match=r"'Nowhere' has no JSON schema: .* not fully defined"):
            make("Nowhere")
    if sys.version_info < (3, 12):

        class Kind(typing.TypedDict):
            a: int

        with pytest.raises(TypeError, match=r"cannot be parsed into: .*typing_extensions\.TypedDict"):
            adapter(Kind)


def test_levels_are_those_written_out_within_one_another() -> None:
    nested: Any = int
    for _ in range(30):
        nested = pydantic.create_model("Nested", inner=(nested, ...))
    # Behind a reference the API counts anew, or no schema could hold itself.
    text_format(nested)
    described: Any = int
    for _ in range(12):
        described = pydantic.create_model("Described", inner=(described, Field(description="written out")))
    with pytest.raises(SchemaError, match="12 levels of nesting, the API takes 10"):
        text_format(described)


def test_a_field_in_a_definition_is_named_by_its_model() -> None:
    class Inner(BaseModel):
        free: dict[str, int]

    class Outer(BaseModel):
        inner: list[Inner]

    with pytest.raises(SchemaError, match=r"Inner\.free cannot be in a strict schema"):
        chat_format(Outer)


def test_optional_properties_and_keywords() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["b"],
        "additionalProperties": False,
    }
    with pytest.raises(SchemaError, match="a is not required"):
        check_strict(schema)
    schema["required"] = ["a", "b"]
    check_strict(schema)
    for keyword in ("not", "if", "then", "else", "dependentRequired", "allOf", "oneOf"):
        with pytest.raises(SchemaError, match=keyword) as caught:
            check_strict(
                {**schema, "properties": {**schema["properties"], "a": {"type": "string", keyword: {}}}}
            )
        assert caught.value.path == "a"


def strict_object(properties: dict[str, Any]) -> dict[str, Any]:
    return ensure_strict({"type": "object", "properties": properties})


def test_limits() -> None:
    text = {"type": "string"}
    check_strict(strict_object({f"p{i}": text for i in range(5_000)}))
    with pytest.raises(SchemaError, match="5,001 properties, the API takes 5,000"):
        check_strict(strict_object({f"p{i}": text for i in range(5_001)}))
    check_strict(strict_object({"e": {"type": "string", "enum": [f"{i}" for i in range(1_000)]}}))
    with pytest.raises(SchemaError, match="1,001 enum values"):
        check_strict(strict_object({"e": {"type": "string", "enum": [f"{i}" for i in range(1_001)]}}))
    with pytest.raises(SchemaError, match="251 values have 15,060 characters"):
        check_strict(strict_object({"e": {"type": "string", "enum": ["x" * 60 for i in range(251)]}}))
    with pytest.raises(SchemaError, match="120,001 characters"):
        check_strict(strict_object({"n" * 120_001: text}))
    deep: dict[str, Any] = text
    for _ in range(10):
        deep = strict_object({"d": deep})
    check_strict(deep)
    with pytest.raises(SchemaError, match="11 levels of nesting"):
        check_strict(strict_object({"d": deep}))


def test_references_that_lead_nowhere_or_into_themselves() -> None:
    with pytest.raises(SchemaError, match="names no schema"):
        ensure_strict({"properties": {"a": {"$ref": "#/$defs/Missing", "description": "x"}}})
    with pytest.raises(SchemaError, match="names no schema"):
        ensure_strict({"properties": {"a": {"$ref": "http://elsewhere/x", "description": "x"}}})

    class Chain(BaseModel):
        next: Chain | None = None

    schema = Chain.model_json_schema()
    schema["$defs"]["Chain"]["properties"]["next"] = {"$ref": "#/$defs/Chain", "description": "more"}
    with pytest.raises(SchemaError, match="holds itself"):
        ensure_strict(schema)
    more = {"anyOf": [{"$ref": "#/$defs/Chain", "description": "more"}, {"type": "null"}]}
    schema["$defs"]["Chain"]["properties"]["next"] = more
    with pytest.raises(SchemaError, match=r"Chain\.next.*: #/\$defs/Chain holds itself"):
        ensure_strict(schema)
    with pytest.raises(TypeError, match="a is 3"):
        ensure_strict({"properties": {"a": 3}})


def test_names_the_api_takes() -> None:
    assert chat_format(Page[Point])["json_schema"]["name"] == "Page_Point"
    assert text_format(Point)["name"] == "Point"
    assert text_format(TypeAdapter(Point))["name"] == "Point"


def test_a_type_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("oxide.helpers.parsing.check_strict", seen.append)
    model = pydantic.create_model("Once", a=(int, ...))
    tool: Any = pydantic_function_tool(model)
    for _ in range(3):
        for schema in (
            text_format(model)["schema"],
            chat_format(model)["json_schema"]["schema"],
            tools_for_chat([tool])[0]["function"]["parameters"],  # type: ignore[index]
            tools_for_responses([tool])[0]["parameters"],  # type: ignore[index]
        ):
            assert seen == [schema]
    # One that was changed is another one.
    tool["function"]["parameters"] = {"type": "object", "properties": {}}
    tools_for_chat([tool])
    assert seen[1:] == [{"type": "object", "properties": {}}]


def test_the_schema_of_a_type_is_made_once_and_not_kept_alive() -> None:
    import gc
    import weakref

    model = pydantic.create_model("Gone", a=(int, ...))
    assert text_format(model)["schema"] is text_format(model)["schema"]
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None


def test_normalizing_keeps_parameters_named_like_keywords() -> None:
    before = json.dumps(Awkward.model_json_schema())
    plain = normalize_tool_schema(Awkward.model_json_schema())
    assert json.dumps(Awkward.model_json_schema()) == before
    assert list(plain["properties"]) == [
        "format",
        "title",
        "default",
        "properties",
        "items",
        "required",
        "additionalProperties",
        "$ref",
        "$defs",
    ]
    assert plain["properties"]["title"] == {"type": "string"}
    assert plain["properties"]["$defs"]["properties"] == {"x": {"type": "number"}, "y": {"type": "number"}}
    assert "$defs" not in plain
    assert "title" not in plain


def test_normalizing_leaves_nothing_that_openapi_lacks() -> None:
    class Tool(BaseModel):
        pet: Annotated[Cat | Dog, Field(discriminator="kind")]
        pair: tuple[int, str, int]
        twin: tuple[int, int]
        one: Literal["a"]

    plain = normalize_tool_schema(Tool.model_json_schema())
    text = json.dumps(plain)
    assert not [word for word in ("const", "prefixItems", "discriminator", "mapping", "$") if word in text]
    assert plain["properties"]["one"] == {"enum": ["a"], "type": "string"}
    assert plain["properties"]["pair"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert plain["properties"]["twin"] == {
        "items": {"type": "integer"},
        "maxItems": 2,
        "minItems": 2,
        "type": "array",
    }
    assert [pet["properties"]["kind"]["enum"] for pet in plain["properties"]["pet"]["oneOf"]] == [
        ["cat"],
        ["dog"],
    ]
    kept = normalize_tool_schema(Tool.model_json_schema(), drop=("title",), inline_refs=False)
    assert kept["properties"]["pet"]["discriminator"]["mapping"]["cat"] == "#/$defs/Cat"


def test_normalizing_goes_into_tuples_and_wants_a_list_of_keywords() -> None:
    schema = {"properties": {"a": {"type": "array", "items": [{"title": "T", "type": "string"}]}}}
    assert normalize_tool_schema(schema) == {
        "properties": {"a": {"type": "array", "items": [{"type": "string"}]}}
    }
    with pytest.raises(TypeError, match=r"drop takes keywords, for instance \('title',\)"):
        normalize_tool_schema(schema, drop="title")


def test_normalizing_says_the_same_with_what_is_left() -> None:
    class Kind(enum.Enum):
        ONLY = "only"

    class Tool(BaseModel):
        kind: Kind = Field(description="which")
        pet: Cat | Dog
        count: int = Field(default=1, gt=0, multiple_of=2)

    plain = normalize_tool_schema(
        Tool.model_json_schema(), drop={"const", "title", "default", "exclusiveMinimum"}
    )
    assert plain["properties"]["kind"] == {"enum": ["only"], "type": "string", "description": "which"}
    assert plain["properties"]["pet"]["anyOf"][0]["properties"]["kind"] == {"enum": ["cat"], "type": "string"}
    assert plain["properties"]["count"] == {"multipleOf": 2, "type": "integer"}
    kept = normalize_tool_schema(Tool.model_json_schema(), drop=(), inline_refs=False)
    assert kept == Tool.model_json_schema()
    with pytest.raises(SchemaError, match="holds itself"):
        normalize_tool_schema(Node.model_json_schema())
    assert "$defs" in normalize_tool_schema(Node.model_json_schema(), inline_refs=False)
    pets = normalize_tool_schema(Discriminated.model_json_schema(), drop={"oneOf"})["properties"]["pet"]
    assert pets.keys() & {"anyOf", "oneOf", "discriminator"} == {"anyOf"}
