"""Function tools of hosted agents, compared with the official SDK's."""

from __future__ import annotations

import importlib
from typing import Any

import pydantic
import pytest

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

PACKAGES = ("openai", "oxide")


class Point(pydantic.BaseModel):
    """A place."""

    x: int
    y: int = 0


def agents(package: str) -> Any:
    return importlib.import_module(f"{package}.lib.beta.agents")


def test_definitions_are_the_same() -> None:
    def lookup(city: str, near: Point | None = None, *, limit: int = 3) -> object:
        """Finds things."""
        return {"city": city, "near": near and near.x, "limit": limit}

    found: list[Any] = []
    for package in PACKAGES:
        tool = agents(package).function_tool(lookup)
        named = agents(package).function_tool(name="other", defer_loading=True)(lookup)
        model = agents(package).pydantic_function_tool(Point, handler=lambda point: point)
        calls = [
            tool({"city": "Riga", "near": {"x": 4}}),
            model({"x": 1}),
            agents(package).pydantic_function_tool(Point, handler=lambda p: [p.x, p.y])({"x": 1}),
            agents(package).pydantic_function_tool(
                Point, handler=lambda p: [{"type": "input_text", "text": "t"}]
            )({"x": 1}),
        ]
        found.append((tool.name, tool.definition, named.definition, model.definition, calls))
        with pytest.raises(pydantic.ValidationError):
            tool({"city": 3, "bogus": 1})
    assert found[1] == found[0]


async def test_coroutine_functions() -> None:
    async def add(a: int, b: int) -> object:
        return {"sum": a + b}

    found = [await agents(package).function_tool(add)({"a": 1, "b": 2}) for package in PACKAGES]
    assert found[0] == found[1]


def test_what_cannot_be_a_tool() -> None:
    def untyped(a) -> None: ...  # type: ignore[no-untyped-def]

    def variadic(*a: int) -> None: ...

    for package in PACKAGES:
        for function in (untyped, variadic):
            with pytest.raises(TypeError):
                agents(package).function_tool(function)
        with pytest.raises(TypeError):
            agents(package).pydantic_function_tool(pydantic.RootModel[int], handler=print)
        with pytest.raises(ValueError, match="must not be empty"):
            agents(package).pydantic_function_tool(Point, handler=print, name="")
