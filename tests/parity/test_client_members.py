"""`client.request`, `get_api_list` and `qs` through the official SDK and through oxide: the same requests."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import oxide
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

OPTIONS: dict[str, dict[str, Any]] = {
    "get": {"method": "get", "url": "/things", "params": {"a": ["x", "y"], "b": {"c": True}}},
    "post": {"method": "POST", "url": "/things", "json_data": {"é": 1}, "extra_json": {"more": [None]}},
    "headers": {"method": "delete", "url": "/things/1", "headers": {"X-Own": "1", "Accept": "text/plain"}},
    "key": {"method": "post", "url": "/things", "json_data": {}, "idempotency_key": "once", "timeout": 7.5},
    "content": {"method": "put", "url": "/raw", "content": b"\x00\x01", "headers": {"Content-Type": "x/y"}},
    "form": {
        "method": "post",
        "url": "/forms",
        "json_data": {"purpose": "p"},
        "files": {"file": ("n.txt", b"text")},
        "headers": {"Content-Type": "multipart/form-data"},
    },
    "head": {"method": "patch", "url": "/things/1", "json_data": [1, 2]},
    "admin": {"method": "get", "url": "/admin", "security": {"admin_api_key_auth": True}},
}
SEEN = ("accept", "content-type", "authorization", "x-own", "x-stainless-read-timeout")


def clients(server: Server) -> list[tuple[Any, Any]]:
    """Each package with a client of its own."""
    more: dict[str, Any] = {"api_key": "k", "admin_api_key": "a", "base_url": server.base_url}
    return [(package, package.AsyncOpenAI(**more)) for package in (openai, oxide)]


def models(package: Any) -> Any:
    return importlib.import_module(f"{package.__name__}._models")


def told(server: Server) -> list[Any]:
    """What came, in words that can be compared."""
    found: list[Any] = []
    for request in server.journal:
        headers = {n: request.headers.get(n) for n in SEEN}
        kind = str(headers["content-type"])
        boundary = kind.rpartition("boundary=")[2].encode()
        body = request.body.replace(boundary, b"-") if "boundary=" in kind else request.body
        headers["content-type"] = kind.partition(";")[0]
        found.append((request.method, request.target, headers, body))
    return found


@pytest.mark.parametrize("name", OPTIONS)
async def test_request(oxide_server: Server, name: str) -> None:
    oxide_server.script("*", Answer.json({"id": "t_1", "n": [1, 2.5]}), times=2)
    results: list[Any] = []
    for package, client in clients(oxide_server):
        options = models(package).FinalRequestOptions.construct(**OPTIONS[name])
        results.append(await client.request(object, options))
        await client.close()
    official, mine = told(oxide_server)
    assert mine == official
    assert results[0] == results[1] == {"id": "t_1", "n": [1, 2.5]}


async def test_a_request_is_sent_as_often_as_its_options_say(oxide_server: Server) -> None:
    oxide_server.script("*", Answer.error(500, retry_after=0.01), times=99)
    for package, client in clients(oxide_server):
        options = models(package).FinalRequestOptions(method="get", url="/things", max_retries=1)
        with pytest.raises(package.InternalServerError):
            await client.request(object, options)
        await client.close()
    assert len(oxide_server.journal) == 4


async def test_a_requested_stream(oxide_server: Server) -> None:
    oxide_server.script("*", Answer.sse([{"n": 1}, {"n": 2}], done=True), times=2)
    for package, client in clients(oxide_server):
        options = models(package).FinalRequestOptions(method="post", url="/events", json_data={})
        stream = await client.request(object, options, stream=True, stream_cls=package.AsyncStream[object])
        assert [event async for event in stream] == [{"n": 1}, {"n": 2}]
        await client.close()


def test_options_that_are_none_of_a_request() -> None:
    assert oxide.FinalRequestOptions is models(oxide).FinalRequestOptions
    options = oxide.FinalRequestOptions(method="get", url="/x", timeout=None, deadline=None)
    assert options.options() == {"timeout": None, "deadline": None}
    with pytest.raises(TypeError, match="stream_mode"):
        oxide.FinalRequestOptions.construct(method="get", url="/x", stream_mode="events")


PAGES = [
    Answer.json({"object": "list", "data": [{"id": "m_1"}, {"id": "m_2"}], "has_more": True}),
    Answer.json({"object": "list", "data": [{"id": "m_3"}], "has_more": False}),
]


@pytest.mark.parametrize("method", ["get", "post"])
async def test_get_api_list(oxide_server: Server, method: str) -> None:
    seen: list[list[str]] = []
    for package, client in clients(oxide_server):
        for page in PAGES:
            oxide_server.script("*", page)
        model = importlib.import_module(f"{package.__name__}.types").Model
        cursor = importlib.import_module(f"{package.__name__}.pagination").AsyncCursorPage
        paginator = client.get_api_list(
            "/things",
            model=model,
            page=cursor[model],
            method=method,
            body={"filter": 1} if method == "post" else None,
            options={"params": {"limit": 2, "after": "m_0"}, "headers": {"X-Own": "1"}},
        )
        items = [item async for item in paginator]
        assert {type(item) for item in items} == {model}
        seen.append([item.id for item in items])
        await client.close()
    assert seen == [["m_1", "m_2", "m_3"]] * 2
    requests = told(oxide_server)
    for official, mine in zip(requests[:2], requests[2:], strict=True):
        assert (mine[0], sorted(mine[1].split("&")), *mine[2:]) == (
            official[0],
            sorted(official[1].split("&")),
            *official[2:],
        )


async def test_a_page_class_without_items_takes_the_model(oxide_server: Server) -> None:
    for page in PAGES:
        oxide_server.script("*", page)
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        model = oxide.types.Model
        paginator = client.get_api_list("/things", model=model, page=oxide.pagination.AsyncCursorPage)
        items = [item async for item in paginator]
    assert [(type(item), item.id) for item in items] == [(model, f"m_{n}") for n in (1, 2, 3)]


async def test_a_list_keeps_its_options_on_every_page(oxide_server: Server) -> None:
    oxide_server.script("*", Answer.json({"object": "list", "data": [{"id": "m_1"}], "has_more": True}))
    oxide_server.script("*", Answer.error(500), times=9)
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        page = await client.get_api_list(
            "/things",
            model=oxide.types.Model,
            page=oxide.pagination.AsyncCursorPage[oxide.types.Model],
            options={"max_retries": 0},
        )
        with pytest.raises(oxide.InternalServerError):
            await page.get_next_page()
    assert len(oxide_server.journal) == 2


PARAMS: dict[str, Any] = {
    "plain": {"a": 1, "b": 1.5, "c": "x y&é", "d": True, "e": None},
    "lists": {"a": [1, None, "x"], "b": [], "c": (True, False)},
    "mappings": {"a": {"b": {"c": 1}, "d": None}, "e": {"f": [1, {"g": 2}]}},
    "lists of lists": {"a": [[1, 2], [3]]},
}


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("nested", ["brackets", "dots"])
@pytest.mark.parametrize("arrays", ["brackets", "indices", "repeat", "comma"])
def test_queries(name: str, arrays: Any, nested: Any) -> None:
    official, mine = (package.AsyncOpenAI(api_key="k").qs for package in (openai, oxide))
    written = mine.stringify(PARAMS[name], array_format=arrays, nested_format=nested)
    assert written == official.stringify(PARAMS[name], array_format=arrays, nested_format=nested)
    assert mine.parse(written) == official.parse(written)
    assert mine.stringify(PARAMS[name]) == official.stringify(PARAMS[name])
    assert mine.stringify_items(PARAMS[name]) == official.stringify_items(PARAMS[name])


def test_an_unknown_format_is_refused() -> None:
    writer: Any = oxide.AsyncOpenAI(api_key="k").qs
    with pytest.raises(ValueError, match="array_format is one of"):
        writer.stringify({"a": [1]}, array_format="semicolons")
    with pytest.raises(ValueError, match="nested_format is one of"):
        writer.stringify({"a": {"b": 1}}, nested_format="slashes")
