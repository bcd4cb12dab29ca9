"""Every generated method, called through the official SDK and through oxide: the requests are the same."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from typing import Any

import pytest

import oxide
from oxide._codegen.config import CLIENT
from oxide._codegen.facts import load
from oxide.testing import Answer, Server
from tests.parity.samples import arguments

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

RESOURCES = {
    f"{r['module'].removeprefix('resources.')}": r
    for r in load()["resources"]
    if r["methods"] and (r["module"], r["name"]) != CLIENT
}

# Each names itself and its version, and what it can decode; httpx names what HTTP/1.1 has by default.
OWN_HEADERS = {"user-agent", "x-stainless-package-version", "accept-encoding", "connection", "content-length"}


def request(record: Any) -> dict[str, Any]:
    headers = {n.lower(): v for n, v in record.headers.items() if n.lower() not in OWN_HEADERS}
    if headers.get("accept") == "text/event-stream":
        headers.pop("cache-control", None)  # Streams of ours ask not to be cached.
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
                    if "stream_cls" in method and method["stream"] == "True":
                        await results[-1].close()
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
