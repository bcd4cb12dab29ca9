"""Annotations of every method and every overload, compared with the installed official SDK."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import sys
import typing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oxide._codegen import additions
from oxide._codegen.config import CLIENT, EXTRA_PARAMETERS, EXTRA_RESULTS, OWN_NAMES, WIDER
from oxide._codegen.extract_resources import widened
from oxide._codegen.facts import load

from .shapes import normal, place

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

RESOURCES = [r for r in load()["resources"] if (r["module"], r["name"]) != CLIENT]

# Written differently on purpose.
OWN_ANNOTATIONS = {"timeout": "seconds or oxide.Timeout; httpx is not there"}


class Alias:
    """Stands for an alias of the same name on both sides."""


# Compared by name here; FileTypes by what it allows in `test_what_a_file_may_be`.
ALIASES = ("FileTypes", "HeadersLike")


@functools.cache
def names(module: str) -> dict[str, Any]:
    """Globals of a module with those it only imports for type checkers."""
    found = dict(vars(importlib.import_module(module)))
    tree = ast.parse(Path(str(sys.modules[module].__file__)).read_text("utf-8"))
    for block in [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]:
        for node in [n for n in block.body if isinstance(n, ast.Import)]:
            found.update({a.asname or a.name: importlib.import_module(a.name) for a in node.names})
        for node in [n for n in block.body if isinstance(n, ast.ImportFrom)]:
            if node.module == "websockets" or str(node.module).startswith("websockets."):
                continue  # The official SDK's extra; what needs it is not compared.
            package = (
                module
                if sys.modules[module].__spec__.submodule_search_locations
                else module.rpartition(".")[0]
            )
            place = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            source = importlib.import_module(place)
            for alias in node.names:
                value = getattr(source, alias.name, None)
                if value is None:
                    value = importlib.import_module(f"{place}.{alias.name}")
                found[alias.asname or alias.name] = value
    return found


def hints(function: Any, wider: dict[str, str] | None = None) -> dict[str, object]:
    """Annotations of a method, with what `wider` writes in place of their parts."""
    inner = inspect.unwrap(function)
    kept = {n: a for n, a in inner.__annotations__.items() if n not in OWN_ANNOTATIONS}
    if wider:
        kept = {n: widened(a, wider) for n, a in kept.items()}
    # Aliases such as FileTypes hold names of the module they are written in.
    more = {name: getattr(importlib.import_module(module), name) for name, module in OWN_NAMES.items()}
    scope = {**more, **names("oxide.options"), **names(inner.__module__), **dict.fromkeys(ALIASES, Alias)}
    shim = SimpleNamespace(__annotations__=kept)
    found = typing.get_type_hints(shim, globalns=scope, include_extras=True)
    return {name: normal(hint) for name, hint in found.items()}


def overloads(function: Any) -> list[Any]:
    # Python 3.10 keeps no record of overloads; the other versions compare them.
    return list(getattr(typing, "get_overloads", lambda function: [])(inspect.unwrap(function)))


def without_told(found: list[Any], added: set[str]) -> list[Any]:
    """The overloads but for those that need a parameter of oxide's own."""

    def needs(function: Any) -> bool:
        parameters = inspect.signature(function).parameters
        return any(parameters[n].default is inspect.Parameter.empty for n in added if n in parameters)

    return [function for function in found if not needs(function)]


@pytest.mark.parametrize("facts", RESOURCES, ids=lambda r: f"{r['module']}.{r['name']}")
def test_annotations(facts: dict[str, Any]) -> None:
    mine, official = (
        getattr(importlib.import_module(f"{package}.{facts['module']}"), facts["name"])
        for package in ("oxide", "openai")
    )
    place = (facts["module"], facts["name"])
    # What only oxide has is compared with nothing.
    written = [n for mixin in facts["mixins"] for n in mixin["methods"] if hasattr(official, n)]
    for name in [*(m["name"] for m in facts["methods"] if m["name"] not in facts["extra"]), *written]:
        left, right = getattr(mine, name), getattr(official, name)
        added = {str(p[0]) for p in EXTRA_PARAMETERS.get((*place, name), ())}
        added |= {p for p, _ in additions.PARAMETERS.get((*place, name), ())}
        widening, wider = WIDER.get(place, ((), {}))
        recorded = overloads(right)
        # Of overloads whose deprecation wraps them, Python keeps the last alone.
        same = without_told(overloads(left), added)[-len(recorded) :] if recorded else []
        result, told = EXTRA_RESULTS.get((*place, name), ("", ""))[-2:]
        for ours, theirs in [(left, right), *zip(same, recorded, strict=True)]:
            said = hints(ours, {told: result} if told else None)
            assert {n: said[n] for n in said if n not in added} == hints(
                theirs, wider if name in widening else None
            ), name


def test_what_takes_more_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\nparity: parameters that take more than the official ones")
        for (module, name), (methods, wider) in WIDER.items():
            for ours in wider.values():
                print(f"  {module}.{name}.{'/'.join(methods)}: {ours}")


def test_places_ignore_the_package() -> None:
    assert place(importlib.import_module("openai.types.chat").ChatCompletion) == place(
        importlib.import_module("oxide.types.chat").ChatCompletion
    )


def test_what_a_file_may_be() -> None:
    official = typing.get_args(importlib.import_module("openai._types").FileTypes)
    mine = typing.get_args(importlib.import_module("oxide.options").FileTypes)
    scope = {**names("oxide.options"), **names("openai._types")}

    def said(alternatives: tuple[Any, ...]) -> set[object]:
        shim = SimpleNamespace(__annotations__={str(n): a for n, a in enumerate(alternatives)})
        hints = typing.get_type_hints(shim, globalns=scope).values()
        return {normal(hint) for hint in hints}

    assert said(mine) >= said(official)
