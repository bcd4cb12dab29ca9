"""Every page class over the wire, walked through the official SDK and through oxide: requests, items, end."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import oxide
from oxide._codegen.facts import load
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

Answers = list[dict[str, Any]]


def listing(page: str) -> tuple[str, str, str]:
    """A list method whose parameters are all optional, of a page class."""
    for resource in load()["resources"]:
        for method in resource["methods"]:
            optional = all(default is not None for _, _, _, default in method["params"])
            if method["deprecated"]:
                continue
            if str(method.get("page")).startswith(f"{page}[") and (optional or "{" in method["path"]):
                return resource["module"], resource["name"], method["name"]
    raise LookupError(page)


def item(number: int) -> dict[str, Any]:
    return {"id": f"x_{number}", "object": "thing", "type": "message", "created": number}


def body(numbers: list[int], **fields: Any) -> dict[str, Any]:
    return {"object": "list", "data": [item(n) for n in numbers], **fields}


# Page class -> answers of a list in three pages, the last one without items.
WALKS: dict[str, Answers] = {
    "AsyncPage": [body([1, 2])],
    "AsyncCursorPage": [body([1, 2], has_more=True), body([3]), body([], has_more=False)],
    "AsyncConversationCursorPage": [
        body([1, 2], has_more=True, last_id="c_2"), body([3], last_id="c_3"), body([]),
    ],
    "AsyncNextCursorPage": [body([1, 2], has_more=True, next="n_2"), body([3], next="n_3"), body([])],
    "AsyncTokenPage": [body([1, 2], has_more=True, next="t_2"), body([3], next="t_3"), body([])],
}  # fmt: skip
ENDS: dict[str, dict[str, Any]] = {
    "the server says so": body([1], has_more=False, last_id="c", next="n"),
    "no cursor": {"object": "list", "data": [{"object": "thing"}], "has_more": True},
    "a null cursor": {**body([], has_more=True), "data": [{"id": None}], "last_id": None, "next": None},
    "no items": body([], has_more=True, last_id="c", next="n"),
    "null data": {"object": "list", "data": None, "has_more": None},
}


def clients(server: Server) -> list[Any]:
    options: dict[str, Any] = {"api_key": "k", "admin_api_key": "a", "base_url": server.base_url}
    return [openai.AsyncOpenAI(**options), oxide.AsyncOpenAI(**options)]


def method(client: Any, page: str, view: str = "") -> Any:
    module, cls, name = listing(page)
    package = type(client).__module__.split(".")[0]
    resource: Any = getattr(importlib.import_module(f"{package}.{module}"), cls)(client)
    bound = getattr(getattr(resource, view) if view else resource, name)
    facts = next(r for r in load()["resources"] if (r["module"], r["name"]) == (module, cls))
    params = next(m["params"] for m in facts["methods"] if m["name"] == name)
    needed = {p[0]: "p 1" for p in params if p[3] is None}
    limited = {"limit": 2} if "limit" in [p[0] for p in params] else {}

    def call(**extra: Any) -> Any:
        return bound(**needed, **limited, **extra)

    return call


def ids(items: Any) -> list[Any]:
    return [read(i, "id") for i in items]


def read(model: Any, name: str) -> Any:
    """A member; None where oxide refuses what the official client lets through unchecked."""
    try:
        return getattr(model, name, None)
    except oxide.APIResponseValidationError:
        return None


def told(page: Any) -> tuple[Any, ...]:
    info = page.next_page_info()
    return (
        type(page).__name__.partition("[")[0],
        ids(read(page, "data") or []),
        page.has_next_page(),
        info and info.params,
    )


def sent(server: Server, start: int) -> list[tuple[str, str, str | None]]:
    records = server.journal[start:]
    return [(r.method, r.target, r.headers.get("x-own")) for r in records]


@pytest.mark.parametrize("page", list(WALKS))
async def test_a_walk_over_everything(oxide_server: Server, page: str) -> None:
    seen: list[Any] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            oxide_server.script("*", *[Answer.json(a) for a in WALKS[page]])
            call = method(client, page)
            options: Any = {"extra_headers": {"X-Own": "1"}, "extra_query": {"own": ["a", "b"]}}
            items = [i async for i in call(**options)]
            seen.append((ids(items), sent(oxide_server, start)))
    assert seen[0] == seen[1]
    assert seen[1][0] == [f"x_{n + 1}" for n in range(len(seen[1][0]))]
    assert len(seen[1][1]) == len(WALKS[page]), "each page was asked for once"
    assert {own for *_, own in seen[1][1]} == {"1"}, "every request has the headers of the call"


@pytest.mark.parametrize("page", list(WALKS))
async def test_page_by_page(oxide_server: Server, page: str) -> None:
    seen: list[Any] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            oxide_server.script(
                "*", *[Answer.json(a) for a in WALKS[page]], *[Answer.json(a) for a in WALKS[page]]
            )
            call = method(client, page)
            current = await call()
            pages = [told(current)]
            while current.has_next_page():
                current = await current.get_next_page()
                pages.append(told(current))
            again = await call()
            walked = [told(p) async for p in again.iter_pages()]
            seen.append((pages, walked, sent(oxide_server, start)))
    assert seen[0] == seen[1]
    assert seen[1][0] == seen[1][1]


@pytest.mark.parametrize("end", list(ENDS))
@pytest.mark.parametrize("page", list(WALKS))
async def test_where_a_list_ends(oxide_server: Server, page: str, end: str) -> None:
    seen: list[Any] = []
    for client in clients(oxide_server):
        async with client:
            oxide_server.script("*", Answer.json(ENDS[end]))
            last = await method(client, page)()
            assert not last.has_next_page()
            outcome: Any = last.next_page_info() and last.next_page_info().params
            if outcome is None:
                with pytest.raises(RuntimeError) as caught:
                    await last.get_next_page()
                outcome = str(caught.value)
            seen.append((told(last), outcome))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("page", list(WALKS))
async def test_pages_of_raw_answers_go_on(oxide_server: Server, page: str) -> None:
    seen: list[Any] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            oxide_server.script("*", *[Answer.json(a) for a in WALKS[page][:2]])
            raw = await method(client, page, "with_raw_response")()
            first = raw.parse()
            pages = [told(first)]
            if first.has_next_page():
                pages.append(told(await first.get_next_page()))
            seen.append((pages, sent(oxide_server, start)))
    assert seen[0] == seen[1]


async def test_a_cursor_of_the_caller_names_the_first_page_alone(oxide_server: Server) -> None:
    targets: list[list[str]] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            oxide_server.script("*", *[Answer.json(a) for a in WALKS["AsyncCursorPage"]])
            await drained(client.files.list(extra_query={"after": "x_0"}))
            targets.append([record.target for record in oxide_server.journal[start:]])
    assert targets[0] == targets[1]
    assert [target.partition("?")[2] for target in targets[1]] == ["after=x_0", "after=x_2", "after=x_3"]


async def drained(items: Any) -> None:
    async for _ in items:
        pass
