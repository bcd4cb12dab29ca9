"""Tools out of typed functions: their schemas, their arguments, their calls."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field

import oxide
from oxide import FunctionTool, openai_tool
from oxide.errors import SchemaError, ToolArgumentsError
from oxide.helpers.given_tools import parse_arguments, tools_for_chat, tools_for_responses
from oxide.helpers.tools import pydantic_function_tool, pydantic_responses_function_tool

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")


T = TypeVar("T")


class Stop(BaseModel):
    city: str
    nights: int = 1


@openai_tool
async def weather(city: str, unit: Literal["C", "F"] = "C") -> str:
    """The weather now.

    Measured at noon.

    Args:
        city: name of the city,
            with its country.
        unit: unit of the temperature.

    Returns:
        A sentence.
    """
    return f"20 {unit} in {city}"


@openai_tool(name="plan_trip", description="Plan it.", strict=False)
def plan(stops: list[Stop], /, *, options: dict[str, int] | None = None) -> list[str]:
    return [f"{type(stop).__name__} {stop.city} {stop.nights}" for stop in stops] + sorted(options or {})


def test_schema() -> None:
    assert weather.schema == {
        "type": "function",
        "name": "weather",
        "description": "The weather now.\n\nMeasured at noon.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "name of the city,\nwith its country."},
                "unit": {
                    "type": "string",
                    "enum": ["C", "F"],
                    "default": "C",
                    "description": "unit of the temperature.",
                },
            },
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
        "strict": True,
    }
    definition = {k: v for k, v in weather.schema.items() if k != "type"}
    assert weather.chat_schema == {"type": "function", "function": definition}
    assert plan.schema["name"] == "plan_trip"
    assert plan.schema["description"] == "Plan it."
    assert plan.schema["strict"] is False
    assert plan.schema["parameters"] is not None
    assert plan.schema["parameters"]["required"] == ["stops"]
    assert repr(plan) == "<tool plan_trip(stops, options)>"


def numpy_style(count: int, name: str) -> None:
    """Count.

    Parameters
    ----------
    count : int
        How many.
    name : str
        Of what.
    """


def rest_style(count: int, name: str) -> None:
    """Count.

    :param count: How many.
    :param name: Of what.
    """


@pytest.mark.parametrize("function", [numpy_style, rest_style])
def test_docstring_styles(function: Any) -> None:
    tool = openai_tool(function)
    assert tool.description == "Count."
    described = {name: p["description"] for name, p in tool.parameters["properties"].items()}
    assert described == {"count": "How many.", "name": "Of what."}


def test_annotated_wins_over_the_docstring_and_may_limit() -> None:
    @openai_tool
    def pick(number: Annotated[int, Field(description="from the annotation", ge=1, le=9)]) -> None:
        """Pick.

        Args:
            number: from the docstring.
        """

    assert pick.parameters["properties"]["number"] == {
        "description": "from the annotation",
        "maximum": 9,
        "minimum": 1,
        "type": "integer",
    }
    with pytest.raises(ToolArgumentsError, match="number: Input should be less than or equal to 9, got 10"):
        pick.validate('{"number": 10}')


NONE: Any = Field(None)


async def test_a_default_of_none_may_be_given_whatever_the_annotation() -> None:
    @openai_tool(strict=False)
    def f(
        s: str = None,  # type: ignore[assignment]  # noqa: RUF013
        n: Annotated[int, Field(ge=1, description="n")] = None,  # type: ignore[assignment]  # noqa: RUF013
        either: Literal["a", None] = None,
        some: str = NONE,
    ) -> Any:
        return s, n, either, some

    properties = f.parameters["properties"]
    for name in ("s", "some"):
        assert properties[name] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert properties["n"]["anyOf"] == [{"minimum": 1, "type": "integer"}, {"type": "null"}]
    assert properties["n"]["description"] == "n"
    assert "anyOf" not in properties["either"]
    assert await f.call({"s": None, "n": None, "either": None, "some": None}) == (None, None, None, None)
    assert await f.call({"s": "x", "n": 1}) == ("x", 1, None, None)
    with pytest.raises(ToolArgumentsError, match="n: Input should be greater than"):
        f.validate({"n": 0})


MADE: Any = Field(default_factory=list)


async def test_a_field_may_be_the_default() -> None:
    @openai_tool
    def f(
        needed: str = Field(..., description="from the field"),
        /,
        x: int = Field(3, description="the x", ge=1),
        made: Annotated[list[int], Field(description="in the annotation")] = MADE,
        *,
        called: Annotated[int, Field(alias="the-number", default=7)],
    ) -> Any:
        """F.

        Args:
            needed: from the docstring
            x: from the docstring
            called: from the docstring
        """
        return needed, x, made, called

    properties = f.parameters["properties"]
    assert properties == {
        "needed": {"type": "string", "description": "from the field"},
        "x": {"type": "integer", "default": 3, "minimum": 1, "description": "the x"},
        "made": {"type": "array", "items": {"type": "integer"}, "description": "in the annotation"},
        "the-number": {"type": "integer", "default": 7, "description": "from the docstring"},
    }
    assert await f.call({"needed": "n"}) == ("n", 3, [], 7)
    assert await f.call({"needed": "n", "x": 1, "made": [2], "the-number": 4}) == ("n", 1, [2], 4)
    with pytest.raises(ToolArgumentsError, match="needed: Field required; x: Input should be greater than"):
        f.validate({"x": 0})
    # As pydantic's validate_call has it, and not the field itself.
    assert f("n", called=1) == ("n", 3, [], 1)
    assert f("n", 5, made=[6], called=1) == ("n", 5, [6], 1)
    assert f("n", called=1)[2] is not f("n", called=1)[2]
    with pytest.raises(TypeError, match=r"f\(\) is called without needed"):
        f(called=1)


async def test_calls_sync_and_async_with_text_and_with_mappings() -> None:
    assert await weather.call('{"city": "Oslo", "unit": "F"}') == "20 F in Oslo"
    assert await weather.call({"city": "Oslo"}) == "20 C in Oslo"
    assert await weather("Rome") == "20 C in Rome"
    assert await plan.call(b'{"stops": [{"city": "A"}], "options": {"x": 1}}') == ["Stop A 1", "x"]
    assert plan([Stop(city="B")]) == ["Stop B 1"]
    assert weather.validate({"city": "Oslo"}) == {"city": "Oslo", "unit": "C"}


async def test_a_sync_function_leaves_the_loop_free() -> None:
    where: list[int] = []
    go_on = threading.Event()

    @openai_tool
    def slow() -> str:
        where.append(threading.get_ident())
        assert go_on.wait(10)
        return "done"

    call = asyncio.create_task(slow.call(""))
    await asyncio.sleep(0.01)
    go_on.set()
    assert await call == "done"
    assert where != [threading.get_ident()]


@pytest.mark.parametrize(
    ("arguments", "path", "says"),
    [
        ("{", "", "Invalid JSON"),
        ('{"stops": [{"city": "A"}, {"nights": "x"}]}', "stops[1].city", "Field required"),
        ('{"stops": 3}', "stops", "valid array, got 3"),
        ('{"stops": [], "more": 1}', "more", "Extra inputs are not permitted, got 1"),
        ({"stops": [{"city": "x" * 500, "nights": "y" * 500}]}, "stops[0].nights", "got 'yyy"),
    ],
)
async def test_arguments_that_do_not_fit(arguments: Any, path: str, says: str) -> None:
    with pytest.raises(ToolArgumentsError, match="The arguments of plan_trip do not fit") as caught:
        await plan.call(arguments)
    error = caught.value
    assert error.path == path
    assert says in error.reason
    assert error.tool == "plan_trip"
    assert error.call_id is None
    assert len(str(error)) < 400
    assert error.arguments.startswith("{")


async def test_what_the_function_raises_comes_out() -> None:
    @openai_tool
    async def breaks() -> None:
        raise LookupError("nobody there")

    with pytest.raises(LookupError, match="nobody there"):
        await breaks.call("{}")


class Shop:
    """Holds tools of every kind."""

    standard = weather

    def __init__(self, stock: int) -> None:
        self.stock = stock

    @openai_tool
    def take(self, count: int) -> int:
        """Take some."""
        self.stock -= count
        return self.stock

    @openai_tool
    @classmethod
    async def open(cls, name: str) -> str:
        return f"{cls.__name__} {name}"

    @openai_tool
    @staticmethod
    def add(a: int, b: int) -> int:
        return a + b


async def test_methods() -> None:
    shop, other = Shop(10), Shop(20)
    assert await shop.take.call({"count": 3}) == 7
    assert await other.take.call({"count": 3}) == 17
    assert shop.take(2) == 5
    assert list(shop.take.parameters["properties"]) == ["count"]
    assert await Shop.open.call({"name": "x"}) == "Shop x"
    assert await shop.open.call({"name": "x"}) == "Shop x"
    assert await shop.add.call({"a": 1, "b": 2}) == 3
    assert await shop.standard.call({"city": "Oslo"}) == "20 C in Oslo"
    # Through the class it is the function itself, as without the decorator.
    assert Shop.take(shop, 1) == 4


class Till:
    """Methods without the decorator, and a tool that strict schemas cannot say."""

    def __init__(self, sum: int) -> None:
        self.sum = sum

    def add(self, amount: int) -> int:
        """Add an amount."""
        self.sum += amount
        return self.sum

    async def change(this, to: int = 1) -> int:
        this.sum = to
        return this.sum

    @classmethod
    def empty(cls, name: str) -> str:
        return f"{cls.__name__} {name}"

    @openai_tool
    def count(self: Till, coins: dict[str, int]) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        """Count coins."""
        return self.sum + sum(coins.values())


async def test_methods_that_are_bound_already() -> None:
    till, other = Till(1), Till(100)
    add = openai_tool(till.add)
    assert list(add.parameters["properties"]) == ["amount"]
    assert await add.call('{"amount": 2}') == 3
    assert add(3) == till.sum == 6
    assert await openai_tool(name="change_it")(till.change).call({}) == 1
    assert await openai_tool(Till.empty).call({"name": "x"}) == "Till x"

    class Elsewhere:
        kept = add

    assert await Elsewhere().kept.call({"amount": 1}) == 2
    assert other.sum == 100


async def test_methods_without_their_instance_are_refused() -> None:
    says = "take is a method without its instance: take it from one, `instance.take`"
    with pytest.raises(TypeError, match=says):
        await Shop.take.call({"count": 1})
    for tools_for in (tools_for_responses, tools_for_chat):
        with pytest.raises(TypeError, match=says):
            tools_for([Shop.take])
        with pytest.raises(TypeError, match="the tool add is a method without its instance"):
            tools_for([Till.add])
        assert tools_for([Shop(1).take, Till(1).add, Shop.open])
    # Its schema is the same for every instance.
    assert Shop.take.schema == Shop(1).take.schema


async def test_a_tool_that_cannot_be_strict_is_refused_when_its_schema_is_asked_for() -> None:
    till = Till(5)
    assert till.count({"a": 1}) == 6
    assert await till.count.call({"coins": {"b": 2}}) == 7
    assert repr(till.count) == "<tool count(coins)>"
    assert till.count.description == "Count coins."
    assert dict(inspect.getmembers(till))["count"].name == "count"
    for name in ("schema", "chat_schema", "parameters"):
        with pytest.raises(SchemaError, match="tool count: coins cannot be in a strict schema"):
            getattr(till.count, name)


def test_copies_are_those_of_functions_and_methods() -> None:
    @openai_tool
    def local(x: int) -> int:
        return x

    assert copy.deepcopy({"tools": [local]}) == {"tools": [local]}
    assert copy.copy(local)(2) == 2
    shop = Shop(10)
    shop.again = shop.take  # type: ignore[attr-defined]
    copied: Any = copy.deepcopy(shop)
    assert copied.take(1) == 9
    assert copied.again(1) == 8
    assert shop.stock == 10
    assert copied.again.parameters == shop.take.parameters


@dataclass
class Money:
    amount: int
    currency: str = "EUR"


def test_names_that_pydantic_keeps_for_itself_and_local_types() -> None:
    class Local(BaseModel):
        x: int

    @openai_tool
    def odd(
        schema: str, copy: int, model_config: str, format: str, title: str, json: Local, pay: Money
    ) -> None: ...

    names = ["schema", "copy", "model_config", "format", "title", "json", "pay"]
    assert list(odd.parameters["properties"]) == names
    values = odd.validate(
        {
            "schema": "s",
            "copy": 1,
            "model_config": "m",
            "format": "f",
            "title": "t",
            "json": {"x": 1},
            "pay": {"amount": 2},
        }
    )
    assert list(values) == names
    assert values["json"] == Local(x=1)
    assert values["pay"] == Money(2)


def test_what_cannot_be_a_tool_is_refused() -> None:
    with pytest.raises(TypeError, match=r"tool variadic: a model cannot be told what goes into \*args"):

        @openai_tool
        def variadic(*args: int) -> None: ...

    with pytest.raises(TypeError, match="tool untyped: the parameter city has no type; annotate it"):

        @openai_tool
        def untyped(city) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(ValueError, match="'not a name' cannot be the name of a tool"):

        @openai_tool(name="not a name")
        def named() -> None: ...

    for other in (int, functools.partial(len, ""), Stop(city="x")):
        with pytest.raises(TypeError, match="made of a function, not of "):
            FunctionTool(other)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="put @openai_tool above @classmethod"):

        class Wrong:
            @classmethod
            @openai_tool
            def f(cls, a: int) -> None: ...

    @openai_tool
    def unknown(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="the annotation 'Nowhere' is not known"):
        _ = unknown.schema

    async def pages(x: int) -> Any:
        yield x

    def lines(x: int) -> Any:
        yield x

    for yielding in (pages, lines):
        with pytest.raises(TypeError, match="yields: return a list"):
            openai_tool(yielding)

    class Context: ...

    @openai_tool
    def taken(x: int, ctx: Context | None) -> None: ...

    with pytest.raises(TypeError, match=r"tool taken: the parameter ctx is .*Context.*JSON has nothing for"):
        taken.validate({})

    @openai_tool(strict=False)
    def calling(then: Callable[[], int]) -> None: ...

    with pytest.raises(TypeError, match=r"tool calling: the parameter then is .*Callable"):
        _ = calling.schema

    @openai_tool
    def free(x: dict[str, int]) -> None: ...

    with pytest.raises(SchemaError, match=r"tool free: x cannot .* strict=False"):
        _ = free.schema


class Weather(BaseModel):
    """Get the weather."""

    city: str = Field(description="which")
    days: int = 1


def test_model_tools_equal_the_official_ones() -> None:
    for name, description in ((None, None), ("other", "text")):
        given: Any = {"name": name, "description": description}
        mine, official = (
            pydantic_function_tool(Weather, **given),
            openai.pydantic_function_tool(Weather, **given),
        )
        assert mine == official
        assert getattr(mine["function"], "model", None) is Weather
        for defer in ({}, {"defer_loading": True}):
            mine = pydantic_responses_function_tool(Weather, **given, **defer)
            assert mine == openai.pydantic_responses_function_tool(Weather, **given, **defer)
    assert oxide.pydantic_function_tool is pydantic_function_tool


class Page(BaseModel, Generic[T]):
    items: list[T]


def test_names_of_model_tools_are_those_the_api_takes() -> None:
    assert pydantic_function_tool(Page[int])["function"]["name"] == "Page_int"
    assert pydantic_responses_function_tool(Page[int])["name"] == "Page_int"
    tools = tools_for_responses([Page[int]])
    assert tools is not None
    assert parse_arguments(tools, tools[0]["name"], '{"items": [1]}') == Page[int](items=[1])
    for make in (pydantic_function_tool, pydantic_responses_function_tool):
        with pytest.raises(ValueError, match="'Page of int' cannot be the name of a tool"):
            make(Page[int], name="Page of int")
