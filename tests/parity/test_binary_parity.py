"""Binary answers: the members of the official objects, and every method that gives one."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import oxide
import oxide._binary
import oxide._codegen
from oxide.testing import Answer, Server

legacy = pytest.importorskip("openai._legacy_response", reason="the official SDK is a test dependency")
responses = importlib.import_module("openai._response")

FACTS = json.loads((Path(oxide._codegen.__file__).parent / "facts.json").read_text("utf-8"))
METHODS = [
    (resource["module"], resource["name"], method)
    for resource in FACTS["resources"]
    for method in resource["methods"]
    if "HttpxBinaryResponseContent" in str(method["returns"])
]
CLASSES = [
    (legacy.HttpxBinaryResponseContent, oxide.HttpxBinaryResponseContent),
    (responses.AsyncBinaryAPIResponse, oxide._binary.AsyncBinaryAPIResponse),
    (responses.AsyncStreamedBinaryAPIResponse, oxide._binary.AsyncStreamedBinaryAPIResponse),
]


@pytest.mark.parametrize(("official", "ours"), CLASSES, ids=lambda c: c.__name__)
def test_members(official: type[Any], ours: type[Any]) -> None:
    for name in dir(official):
        if name.startswith("_"):
            continue
        theirs, mine = (inspect.getattr_static(cls, name) for cls in (official, ours))
        assert isinstance(theirs, property) == isinstance(mine, property), name
        if isinstance(theirs, property):
            continue
        assert inspect.iscoroutinefunction(theirs) == inspect.iscoroutinefunction(mine), name
        assert hasattr(theirs, "__deprecated__") == hasattr(mine, "__deprecated__"), name
        shapes = [
            [(p.name, p.kind, p.default) for p in inspect.signature(inspect.unwrap(f)).parameters.values()]
            for f in (theirs, mine)
        ]
        assert shapes[0] == shapes[1], name


def test_there_are_as_many_methods_as_in_the_official_sdk() -> None:
    source = Path(inspect.getfile(legacy)).parent / "resources"
    wanted = sum(
        line.strip() == "cast_to=_legacy_response.HttpxBinaryResponseContent,"
        for file in source.rglob("*.py")
        for line in file.read_text("utf-8").splitlines()
    )
    assert 2 * len(METHODS) == wanted > 10


def called(part: Any) -> str:
    return str(part["name"] if isinstance(part, dict) else part)


@pytest.mark.filterwarnings("ignore:.*is deprecated by the API:DeprecationWarning")
@pytest.mark.parametrize(("module", "name", "method"), METHODS, ids=called)
async def test_every_binary_method(
    oxide_server: Server, oxide_client: oxide.AsyncOpenAI, tmp_path: Path, module: str, name: str, method: Any
) -> None:
    data = b"\xff\xd8" * 1000
    headers = {"Content-Type": "application/octet-stream"}
    oxide_server.script("*", Answer((data,), headers=headers), times=None)
    resource = getattr(importlib.import_module(f"oxide.{module}"), name)(oxide_client)
    given = {n: "x" for n, _, _, default in method["params"] if default is None}
    whole = await getattr(resource, method["name"])(**given)
    assert type(whole) is oxide.HttpxBinaryResponseContent
    assert whole.content == data
    raw = await getattr(resource.with_raw_response, method["name"])(**given)
    assert raw.parse().content == data
    async with getattr(resource.with_streaming_response, method["name"])(**given) as response:
        assert type(response) is oxide._binary.AsyncStreamedBinaryAPIResponse
        await response.stream_to_file(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data
    assert len({request.headers["Accept"] for request in oxide_server.journal}) == 1
