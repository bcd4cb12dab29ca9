"""Every generated method, called through the official SDK and through oxide: the requests are the same."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import typing
import warnings
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any

import pytest
import typing_extensions

import oxide
from oxide._codegen.config import CLIENT
from oxide._codegen.facts import load
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

RESOURCES = {
    f"{r['module'].removeprefix('resources.')}": r
    for r in load()["resources"]
    if r["methods"] and (r["module"], r["name"]) != CLIENT
}

# Each names itself and its version, and what it can decode; httpx names what HTTP/1.1 has by default.
OWN_HEADERS = {"user-agent", "x-stainless-package-version", "accept-encoding", "connection", "content-length"}
EXTRAS = ("extra_headers", "extra_query", "extra_body", "timeout")
DEEP = 4


def sample(annotation: Any, last: bool, depth: int = 0) -> Any:
    """A value of a type.

    Args:
        annotation: as `typing.get_type_hints` gives it.
        last: take the last alternative of a union, not the first; and the optional keys of objects.
        depth: how many objects it is inside of.
    """
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired):
        return sample(args[0], last, depth)
    if origin is typing.Literal:
        return args[-1 if last else 0]
    if origin is typing.Union or isinstance(annotation, UnionType):
        kinds = [a for a in args if getattr(a, "__name__", "") not in ("Omit", "NotGiven", "NoneType")]
        if bytes in kinds:
            # The official client refuses the references that its own types allow beside files.
            kinds = [a for a in kinds if not typing_extensions.is_typeddict(a)]
        return sample(kinds[-1 if last else 0], last, depth) if kinds else None
    if origin in (list, Iterable, Sequence) or (origin and origin.__name__ in ("SequenceNotStr", "Iterable")):
        return [sample(args[0], last, depth + 1)]
    if origin in (dict, Mapping):
        return {"a key é": sample(args[1], last, depth + 1)}
    if typing_extensions.is_typeddict(annotation):
        hints = typing_extensions.get_type_hints(annotation, include_extras=True)
        keys = annotation.__required_keys__ if depth > DEEP else hints
        return {key: sample(hints[key], last, depth + 1) for key in hints if key in keys}
    if isinstance(annotation, typing.TypeVar):
        return "t"
    if typing.IO in (origin, annotation) or annotation is bytes:
        return b"\0a file\r\n"
    if origin is tuple:
        return ('a "file".png', b"its content", "image/png", {"X-Own": "1"})[: len(args)]
    samples: dict[Any, Any] = {str: "a/é b", int: 3, float: 0.5, bool: True, object: {"free": [1, None]}}
    return samples[annotation]


def arguments(function: Any, facts: dict[str, Any], how: str) -> dict[str, Any]:
    inner = inspect.unwrap(function)
    hints = typing.get_type_hints(inner, include_extras=True)
    given: dict[str, Any] = {}
    headers = {which for _, kind, which in facts["headers"] if kind == "parameter"}
    needed = facts["required"][0] if facts["required"] else ()
    for name, parameter in inspect.signature(inner).parameters.items():
        if name in ("self", "stream", *EXTRAS):
            continue
        if how != "required" or parameter.default is parameter.empty or name in needed:
            value = sample(hints[name], how == "last")
            given[name] = "key-1" if name in headers and isinstance(value, str) else value
    return given


def request(record: Any) -> dict[str, Any]:
    headers = {n.lower(): v for n, v in record.headers.items() if n.lower() not in OWN_HEADERS}
    form = re.match("multipart/form-data; boundary=([0-9a-f]{32})$", headers.get("content-type", ""))
    if form is not None:
        headers["content-type"] = "a form"
        body: Any = record.body.replace(form[1].encode(), b"boundary")
    else:
        body = json.loads(record.body) if record.body else None
    order = list(body) if isinstance(body, dict) else None
    return {"line": f"{record.method} {record.target}", "headers": headers, "body": body, "order": order}


@pytest.mark.parametrize("name", list(RESOURCES))
async def test_every_method_sends_the_same(oxide_server: Server, name: str) -> None:
    facts = RESOURCES[name]
    answer = {"id": "x_1", "object": "list", "data": [], "own": 1}
    if name == "embeddings":
        # An answer without any is an error there.
        answer = {**answer, "data": [{"embedding": [0.5], "index": 0, "object": "embedding"}]}
    oxide_server.script("*", Answer.json(answer), times=None)
    clients: list[tuple[Any, Any]] = []
    for module in (openai, oxide):
        client = module.AsyncOpenAI(
            api_key="k",
            admin_api_key="admin",
            organization="o",
            base_url=oxide_server.base_url,
            max_retries=0,
        )
        cls = getattr(importlib.import_module(f"{module.__name__}.{facts['module']}"), facts["name"])
        clients.append((client, cls(client)))
    results: list[Any] = []
    calls: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for method in facts["methods"]:
            if "helper" in method:
                continue  # More than one request, or one made by hand: compared in tests of their own.
            for how in ("required", "first", "last"):
                given = arguments(getattr(type(clients[0][1]), method["name"]), method, how)
                calls.append(f"{method['name']}, {how}")
                for _, resource in clients:
                    results.append(await getattr(resource, method["name"])(**given))
    for client, _ in clients:
        await client.close()
    assert len(oxide_server.journal) == len(results)
    for number, call in enumerate(calls):
        official, mine = 2 * number, 2 * number + 1
        assert request(oxide_server.journal[mine]) == request(oxide_server.journal[official]), call
        assert type(results[mine]).__name__ == type(results[official]).__name__, call
        if hasattr(results[official], "to_dict"):
            quiet: Any = {"mode": "json", "warnings": False}
            assert results[mine].to_dict(**quiet) == results[official].to_dict(**quiet), call
