"""oxide compared with the installed official SDK: names, signatures, fields, errors."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide._codegen import additions
from oxide._codegen.config import CLIENT, EXCLUDED_MODULES, EXTRA_METHODS, EXTRA_PARAMETERS, RESOURCE_MIXINS
from oxide._codegen.facts import load

from .shapes import normal, shape

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

FACTS = load()
EMPTY = repr(inspect.Parameter.empty)

# Differences that are meant, each with its reason; `pytest -k allow_list` prints them.
ALLOWED_METHODS = {
    (r["module"], r["name"], method): reason
    for r in FACTS["resources"]
    for method, reason in r["later"].items()
}
ALLOWED_RESOURCES = {
    (r["module"], r["name"], child): reason
    for r in FACTS["resources"]
    for child, reason in r["absent"].items()
}
ALLOWED_PARAMETERS = {
    "validation": "oxide's own: when answers are checked",
    "deadline": "oxide's own: a limit over all attempts",
    "retry_policy": "oxide's own: what is retried",
    "max_event": "oxide's own: bytes an event of a stream may have",
    "max_line": "oxide's own: bytes a line of a stream may have",
    "hooks": "oxide's own: what is told of requests, answers, retries, errors and events",
}
# Public members of the official client that ours does not have.
ALLOWED_MEMBERS = {
    "custom_auth": "an httpx.Auth; oxide does not run on httpx: api_key= as a function, workload_identity= "
    "and provider= are asked for each request",
}
ALLOWED_NAMES = {
    "OpenAI": "the synchronous client is not part of oxide",
    "Client": "the synchronous client is not part of oxide",
    "Stream": "the synchronous client is not part of oxide",
    "BedrockOpenAI": "the synchronous client is not part of oxide",
    "ComputerDriver": "the synchronous client is not part of oxide",
    "ComputerToolset": "the synchronous client is not part of oxide",
    "Transport": "an httpx type",
    "ProxiesTypes": "an httpx type",
    "DEFAULT_CONNECTION_LIMITS": "an httpx type; oxide.HTTPOptions has the limits",
    "DefaultHttpxClient": "an httpx client",
    "DefaultAsyncHttpxClient": "an httpx client",
    "DefaultAioHttpClient": "an httpx client",
    "DefaultHttpx2Client": "an httpx client",
    "DefaultAsyncHttpx2Client": "an httpx client",
    "ReconnectingEvent": "WebSocket sessions: not there yet",
    "ReconnectingOverrides": "WebSocket sessions: not there yet",
}


def resources() -> list[Any]:
    places = [(r["module"], r["name"]) for r in FACTS["resources"]]
    return [pytest.param(m, n, id=f"{m}.{n}") for m, n in places if (m, n) != CLIENT]


def ours(module: str) -> Any:
    return importlib.import_module(f"oxide.{module}")


def theirs(module: str) -> Any:
    return importlib.import_module(f"openai.{module}")


def public_methods(cls: type) -> set[str]:
    return {n for n, v in inspect.getmembers(cls, inspect.isfunction) if not n.startswith("_")}


def overloads(function: Any) -> list[list[tuple[str, str, str]]]:
    # Python 3.10 keeps no record of overloads; the other versions compare them.
    get = getattr(typing, "get_overloads", lambda function: [])
    return [shape(f) for f in get(inspect.unwrap(function))]


@pytest.mark.parametrize(("module", "name"), resources())
def test_every_method_is_there(module: str, name: str) -> None:
    mine, official = getattr(ours(module), name), getattr(theirs(module), name)
    missing = public_methods(official) - public_methods(mine)
    assert missing == {m for (*place, m) in ALLOWED_METHODS if place == [module, name]}
    own = {m for (*place, m) in EXTRA_METHODS if place == [module, name]}
    for mixin_module, mixin in RESOURCE_MIXINS.get((module, name), ()):
        own |= public_methods(getattr(importlib.import_module(mixin_module), mixin))
    assert public_methods(mine) - public_methods(official) == own - public_methods(official)
    children = {n for n, v in vars(official).items() if not n.startswith("_") and hasattr(v, "func")}
    absent = {child for (*place, child) in ALLOWED_RESOURCES if place == [module, name]}
    assert children - absent == {
        n for n, v in vars(mine).items() if not n.startswith("_") and hasattr(v, "func")
    }


def right_is_wrapped(function: Any) -> bool:
    get = getattr(typing, "get_overloads", lambda function: [])
    return any("typing_extensions" in f.__code__.co_filename for f in get(inspect.unwrap(function)))


def without(names: set[str], parameters: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [parameter for parameter in parameters if parameter[0] not in names]


@pytest.mark.parametrize(("module", "name"), resources())
def test_signatures(module: str, name: str) -> None:
    mine, official = getattr(ours(module), name), getattr(theirs(module), name)
    for method in sorted(public_methods(mine) & public_methods(official)):
        left, right = getattr(mine, method), getattr(official, method)
        more = {str(name) for name, *_ in EXTRA_PARAMETERS.get((module, name, method), ())}
        more |= {p for p, _ in additions.PARAMETERS.get((module, name, method), ())}
        assert without(more, shape(left)) == shape(inspect.unwrap(right)), method
        assert inspect.iscoroutinefunction(inspect.unwrap(left)) == inspect.iscoroutinefunction(
            inspect.unwrap(right)
        ), method
        recorded = overloads(right)
        # Of overloads whose deprecation wraps them, Python keeps the last alone.
        last = -1 if right_is_wrapped(right) else 0
        # What only an own parameter leads to is compared with nothing.
        same = [o for o in overloads(left) if not any(n in more and d == EMPTY for n, _, d in o)]
        assert [without(more, o) for o in same][last:] == recorded, method
        assert hasattr(left, "__deprecated__") == hasattr(right, "__deprecated__"), method


def test_the_client_has_every_resource() -> None:
    def names(cls: type) -> set[str]:
        return {n for c in cls.__mro__ for n, v in vars(c).items() if hasattr(v, "func") and n[0] != "_"}

    absent = {child for (*place, child) in ALLOWED_RESOURCES if place == list(CLIENT)}
    for suffix in ("", "WithRawResponse", "WithStreamedResponse"):
        mine = getattr(importlib.import_module("oxide._views" if suffix else "oxide"), f"AsyncOpenAI{suffix}")
        official = getattr(importlib.import_module("openai._client"), f"AsyncOpenAI{suffix}")
        assert names(mine) == names(official) - absent


def test_no_resource_is_forgotten() -> None:
    """Every asynchronous resource class of the SDK is covered or named as left out, by way of its parent."""
    listed = {(r["module"], r["name"]) for r in FACTS["resources"]}
    root = Path(inspect.getfile(openai)).parent
    left_out = 0
    for path in sorted((root / "resources").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and "AsyncAPIResource" in [ast.unparse(b) for b in node.bases]:
                left_out += (module, node.name) not in listed
    assert left_out == len(ALLOWED_RESOURCES)


@pytest.mark.parametrize(("module", "name"), resources())
def test_raw_and_streaming_views(module: str, name: str) -> None:
    for suffix in ("WithRawResponse", "WithStreamingResponse"):
        assert hasattr(ours(module), name + suffix)
        assert hasattr(theirs(module), name + suffix)


@pytest.mark.parametrize(
    "method", ["__init__", "copy", "with_options", "get", "post", "put", "patch", "delete"]
)
def test_client_signatures(method: str) -> None:
    mine = {n: (k, d) for n, k, d in shape(getattr(oxide.AsyncOpenAI, method))}
    official = {n: (k, d) for n, k, d in shape(getattr(openai.AsyncOpenAI, method))}
    assert set(mine) - set(official) <= set(ALLOWED_PARAMETERS)
    assert not set(official) - set(mine)
    same = {n for n in official if mine[n] == official[n]}
    # `_extra_kwargs={}` is a shared mutable there, None here; timeouts compare by value.
    assert set(official) - same <= {"_extra_kwargs"}


def test_client_members() -> None:
    mine, official = (
        {name for name in dir(client) if not name.startswith("_")}
        for client in (oxide.AsyncOpenAI(api_key="k"), openai.AsyncOpenAI(api_key="k"))
    )
    assert official - mine == set(ALLOWED_MEMBERS)
    assert set(openai.AsyncOpenAI(api_key="k").platform_headers()) <= set(
        oxide.AsyncOpenAI(api_key="k").platform_headers()
    )


def test_exported_names() -> None:
    missing = set(openai.__all__) - set(oxide.__all__)
    assert missing == set(ALLOWED_NAMES)


def test_exceptions() -> None:
    for name in openai.__all__:
        official = getattr(openai, name)
        if not (isinstance(official, type) and issubclass(official, Exception)):
            continue
        mine = getattr(oxide, name)
        lineage = [c.__name__ for c in official.__mro__]
        assert [c.__name__ for c in mine.__mro__ if c.__name__ in lineage] == lineage, name
        known = {n for c in mine.__mro__ for n in (*vars(c), *getattr(c, "__annotations__", {}))}
        wanted = {n for c in official.__mro__ for n in getattr(c, "__annotations__", {})}
        assert wanted <= known, name
        official_parameters = [n for n, _, _ in shape(official.__init__)]
        assert [n for n, _, _ in shape(mine.__init__) if n in official_parameters] == official_parameters, (
            name
        )


def model_modules() -> list[str]:
    return [m for m, entry in FACTS["types"].items() if any(i[0] == "class" for i in entry["body"])]


def added_fields(cls: type) -> set[str]:
    bases = [(base.__module__.removeprefix("oxide."), base.__name__) for base in cls.__mro__]
    return {field for base in bases for field, _ in additions.FIELDS.get(base, ())}


def test_models_and_request_types_have_the_same_fields() -> None:
    compared = 0
    for module in model_modules():
        mine, official = ours(module), theirs(module)
        for item in FACTS["types"][module]["body"]:
            if item[0] != "class":
                continue
            left, right = getattr(mine, item[1]), getattr(official, item[1])
            own = added_fields(left)
            if hasattr(right, "model_fields"):
                a, b = left.model_fields, right.model_fields
                assert [f for f in a if f not in own] == list(b), f"{module}.{item[1]}"
                for field in b:
                    where = f"{module}.{item[1]}.{field}"
                    assert a[field].is_required() == b[field].is_required(), where
                    assert a[field].alias == b[field].alias, where
                    assert normal(a[field].annotation) == normal(b[field].annotation), where
            else:
                assert left.__required_keys__ == right.__required_keys__, f"{module}.{item[1]}"
                assert left.__optional_keys__ - own == right.__optional_keys__, f"{module}.{item[1]}"
            compared += 1
    assert compared > 3000


def test_type_packages_export_the_same_names() -> None:
    excluded: set[str] = set()
    for module in EXCLUDED_MODULES:
        for node in ast.parse(inspect.getsource(theirs(module))).body:
            targets = getattr(node, "targets", None) or [getattr(node, "target", node)]
            excluded |= {getattr(target, "id", getattr(target, "name", "")) for target in targets}
    for package in [p for p in FACTS["packages"] if p.startswith("types")]:
        official = {e[0] for e in FACTS["packages"][package]}
        names = {n for n in dir(theirs(package)) if n[:1].isupper()}
        assert names - official - excluded == set(), package
        for name in official:
            assert getattr(ours(package), name) is not None


def test_convenience_members() -> None:
    """Properties and methods that official models have beyond their fields."""
    for module in model_modules():
        for item in FACTS["types"][module]["body"]:
            if item[0] == "class":
                for member in item[5]:
                    assert hasattr(getattr(ours(module), item[1]), member), f"{module}.{item[1]}.{member}"


def test_sentinels_and_defaults() -> None:
    assert repr(oxide.NOT_GIVEN) == repr(openai.NOT_GIVEN)
    assert oxide.DEFAULT_MAX_RETRIES == openai.DEFAULT_MAX_RETRIES
    for limit in ("connect", "read", "write", "pool"):
        assert getattr(oxide.DEFAULT_TIMEOUT, limit) == getattr(openai.DEFAULT_TIMEOUT, limit)
    assert set(openai.RequestOptions.__annotations__) - set(oxide.RequestOptions.__annotations__) == {
        # How the official client hands events over; ours has one way.
        "synthesize_event_and_data",
        "stream_mode",
    }


def test_the_allow_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\nparity: differences that are meant")
        covered = [r for r in FACTS["resources"] if (r["module"], r["name"]) != CLIENT]
        print(f"  covered: {len(covered)} resources, {sum(len(r['methods']) for r in covered)} methods")
        for (module, cls, member), reason in sorted({**ALLOWED_METHODS, **ALLOWED_RESOURCES}.items()):
            print(f"  {module.removeprefix('resources.')}.{cls}.{member}: {reason}")
        for place, added in sorted({**additions.FIELDS, **additions.PARAMETERS}.items()):
            print(f"  {'.'.join(place)}: {', '.join(n for n, _ in added)}: the API's description has it")
        for name, reason in sorted(
            {**ALLOWED_NAMES, **ALLOWED_MEMBERS, **ALLOWED_PARAMETERS, **EXCLUDED_MODULES}.items()
        ):
            print(f"  {name}: {reason}")
