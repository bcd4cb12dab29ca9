"""The same answers, made out of the API's description, read by the official SDK and by oxide."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
import warnings
from functools import partial
from typing import Any

import pytest

import oxide
from oxide._codegen.config import CLIENT
from oxide._codegen.coverage import bare
from oxide._codegen.facts import load
from oxide._codegen.intermediate import load as load_description
from oxide._codegen.spec import Description
from oxide.testing import Answer, Server
from tests.parity.samples import HOW, Answers, arguments, schema_of

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

DESCRIPTION = Description(load_description())
OPERATIONS = {bare(name): facts for name, facts in DESCRIPTION.facts["operations"].items()}
METHODS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (r, m)
    for r in load()["resources"]
    if (r["module"], r["name"]) != CLIENT
    for m in r["methods"]
    if "verb" in m
]
STREAMS = [(r, m) for r, m in METHODS if m.get("stream_cls")]
TERMINAL = re.compile(
    r"(response\.(completed|failed|incomplete)|error|done|.*\.completed|transcript\.text\.done)$"
)


def label(value: tuple[dict[str, Any], dict[str, Any]]) -> str:
    return f"{value[0]['module'].removeprefix('resources.')}.{value[1]['name']}"


def modules() -> list[str]:
    return list(dict.fromkeys(r["module"] for r, _ in METHODS))


def official(resource: dict[str, Any], method: dict[str, Any]) -> Any:
    cls = getattr(importlib.import_module(f"openai.{resource['module']}"), resource["name"])
    return inspect.unwrap(getattr(cls, method["name"]))


def single(annotation: Any) -> Any:
    """What a method returns where it does not stream; the page, where it returns a paginator."""
    if "AsyncPaginator" in getattr(typing.get_origin(annotation), "__name__", ""):
        return typing.get_args(annotation)[1]
    kinds = typing.get_args(annotation) if "Stream" in str(annotation) else ()
    return next((k for k in kinds if "AsyncStream" not in str(k)), annotation)


def schema_for(resource: dict[str, Any], method: dict[str, Any]) -> Any:
    """Schema of the answer; None where the method answers with bytes, or with nothing."""
    described = OPERATIONS.get(bare(f"{method['verb']} {method['path']}"))
    if described is not None:
        return described["answers"].get("application/json")
    result = typing.get_type_hints(official(resource, method))["return"]
    return schema_of(single(result)) if hasattr(single(result), "model_fields") else None


def said(result: Any) -> Any:
    """What a program reads: the dictionary, and the class of every object in it."""
    quiet: Any = {"mode": "json", "warnings": False}
    if hasattr(result, "to_dict"):
        return classes(result), result.to_dict(**quiet)
    if hasattr(result, "aread"):
        return result.content
    return [said(item) for item in result] if isinstance(result, list) else result


def classes(value: Any) -> Any:
    if hasattr(value, "model_fields_set"):
        names = [n for n in type(value).model_fields if n in value.model_fields_set]
        return type(value).__name__, {n: classes(getattr(value, n)) for n in names}
    if isinstance(value, list):
        return [classes(item) for item in value]
    return {k: classes(v) for k, v in value.items()} if isinstance(value, dict) else type(value).__name__


async def outcome(call: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return said(await call())
        except ValueError:
            return "ValueError", None


def alike(mine: Any, official: Any, what: str) -> None:
    """Fail where a program would see another value, or an object of another class.

    An object of a kind no type is known for is an `UnknownModel` here and the first of its union there; a
    field only oxide has is an untyped member there.
    """
    if not isinstance(official, tuple):
        assert mine == official, what
        return
    assert mine[1] == official[1], what
    pairs = [(mine[0], official[0], "")]
    while pairs:
        left, right, place = pairs.pop()
        if isinstance(right, tuple) and isinstance(left, tuple):
            if left[0] != "UnknownModel":
                assert left[0] == right[0], f"{what}: class of {place or 'the result'}"
                pairs += [(left[1][name], right[1][name], f"{place}.{name}") for name in right[1]]
        elif isinstance(right, list):
            assert len(left) == len(right), what
            pairs += [(a, b, f"{place}[{n}]") for n, (a, b) in enumerate(zip(left, right, strict=True))]
        else:
            assert left == right, f"{what}: {place}"


def client_of(module: Any, server: Server, **options: Any) -> Any:
    return module.AsyncOpenAI(
        api_key="k", admin_api_key="admin", base_url=server.base_url, max_retries=0, **options
    )


@pytest.mark.parametrize("module", modules())
async def test_every_answer_reads_the_same(oxide_server: Server, module: str) -> None:
    compared = 0
    # A member that may not be null is an error when it is read, unless nothing is to be checked.
    clients = [
        client_of(openai, oxide_server),
        client_of(oxide, oxide_server),
        client_of(oxide, oxide_server, validation="off"),
    ]
    try:
        for resource, method in METHODS:
            if resource["module"] != module or (schema := schema_for(resource, method)) is None:
                continue
            given = arguments(official(resource, method), method, "required")
            for how in HOW:
                answer = Answers(DESCRIPTION, how).value(schema)
                results: list[Any] = []
                for package, client in (
                    ("openai", clients[0]),
                    ("oxide", clients[2 if how == "all null" else 1]),
                ):
                    oxide_server.script("*", Answer.json(answer))
                    cls = getattr(importlib.import_module(f"{package}.{module}"), resource["name"])
                    results.append(await outcome(partial(getattr(cls(client), method["name"]), **given)))
                alike(results[1], results[0], f"{label((resource, method))}, {how}")
                compared += 1
    finally:
        for client in clients:
            await client.close()
    assert compared or all(
        m.get("cast_to") == "HttpxBinaryResponseContent" or schema_for(r, m) is None
        for r, m in METHODS
        if r["module"] == module
    )


def events_of(resource: dict[str, Any], method: dict[str, Any]) -> list[Any]:
    """Schemas of the events a method streams, one a kind."""
    described = OPERATIONS.get(bare(f"{method['verb']} {method['path']}"), {"answers": {}})
    schema = described["answers"].get("text/event-stream")
    if schema is None:
        hints = typing.get_type_hints(official(resource, method))["return"]
        kinds = (hints, *typing.get_args(hints))
        stream = next(k for k in kinds if "AsyncStream" in str(typing.get_origin(k)))
        schema = schema_of(typing.get_args(stream)[0])
    return Answers(DESCRIPTION, "maximal").kinds(schema)


def sent(event: Any) -> tuple[str, Any] | Any:
    """An event as the server sends it: assistants name them, the others say their type inside."""
    if isinstance(event, dict) and "event" in event and "data" in event:
        return event["event"], event["data"]
    return event


def streams() -> list[Any]:
    """Every method that streams; with one kind of answer where another has shown its events."""
    found: list[Any] = []
    shown: set[str] = set()
    for place in STREAMS:
        ways = HOW if place[1]["stream_cls"] not in shown else ("maximal",)
        shown.add(place[1]["stream_cls"])
        found += [pytest.param(place, how, id=f"{label(place)}-{how}") for how in ways]
    return found


@pytest.mark.parametrize(("place", "how"), streams())
async def test_every_event_reads_the_same(oxide_server: Server, place: Any, how: str) -> None:
    resource, method = place
    maker = Answers(DESCRIPTION, how)
    events = [sent(maker.plain(kind, ())) for kind in events_of(resource, method)]
    names = [event[0] if isinstance(event, tuple) else str(event.get("type", "")) for event in events]
    assert len(events) == len({*names}) or names == [""]
    last = [e for e, n in zip(events, names, strict=True) if TERMINAL.match(n)]
    others = [e for e, n in zip(events, names, strict=True) if not TERMINAL.match(n)]
    # What ends a stream comes last, so there is a stream for each.
    streams = [others, *([event] for event in last)]
    given = arguments(official(resource, method), method, "required")
    if "stream" in inspect.signature(official(resource, method)).parameters:
        given["stream"] = True
    results: list[list[Any]] = []
    for module, options in ((openai, {}), (oxide, {"validation": "off"} if how == "all null" else {})):
        got: list[Any] = []
        home = importlib.import_module(f"{module.__name__}.{resource['module']}")
        async with client_of(module, oxide_server, **options) as client:
            call = getattr(getattr(home, resource["name"])(client), method["name"])
            for stream in streams:
                oxide_server.script("*", Answer.sse(stream, done=True))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    answer = await call(**given)
                try:
                    got.append([said(event) async for event in answer])
                except oxide.APIError as error:
                    got.append(error)
        results.append(got)
    for mine, theirs in zip(results[1], results[0], strict=True):
        if isinstance(mine, oxide.APIError):
            # An event that says the stream failed is raised here, and yielded by the official client.
            ((_, event),) = theirs
            assert event.get("type", event.get("event")) == "error"
            assert event.get("data", event)["message"].strip() in str(mine)
            continue
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            alike(a, b, f"{label(place)}, {how}, {b}")
