"""Shapes of generated methods that the first resources did not have: other pages, set headers, warnings."""

from __future__ import annotations

import subprocess
import sys

import pytest

import oxide
from oxide.options import not_given, omit
from oxide.resources._base import with_header
from oxide.testing import Answer, Server


async def test_pages_that_name_their_cursor(oxide_server: Server) -> None:
    first = {"object": "page", "data": [{"results": []}], "has_more": True, "next": "p2"}
    last = {"object": "page", "data": [{"results": []}], "has_more": False, "next": "p3"}
    async with oxide.AsyncOpenAI(api_key="k", admin_api_key="a", base_url=oxide_server.base_url) as client:
        oxide_server.script("*", Answer.json(first), Answer.json(last))
        groups = client.admin.organization.groups.list(limit=1)
        assert len([group async for group in groups]) == 2
        asked = [request.target.partition("?")[2] for request in oxide_server.journal]
        assert asked == ["limit=1", "limit=1&after=p2"]
        assert {request.headers["authorization"] for request in oxide_server.journal} == {"Bearer a"}


async def test_items_of_a_conversation_continue_after_last_id(oxide_server: Server) -> None:
    message = {"id": "m_1", "type": "message", "role": "user", "content": [], "status": "completed"}
    first = {"object": "list", "data": [message], "has_more": True, "last_id": "cursor"}
    last = {"object": "list", "data": [], "has_more": False}
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        oxide_server.script("*", Answer.json(first), Answer.json(last))
        page = await client.conversations.items.list("conv_1")
        assert page.has_next_page()
        assert (await page.get_next_page()).data == []
        assert oxide_server.journal[-1].target.endswith("?after=cursor")


async def test_a_list_asked_for_with_a_body(oxide_server: Server) -> None:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        oxide_server.script("*", Answer.json({"object": "list", "data": []}), times=2)
        assert (await client.vector_stores.search("vs_1", query="words")).data == []
        raw = await client.vector_stores.with_raw_response.search("vs_1", query="words")
        assert raw.status_code == 200
        assert [request.json() for request in oxide_server.journal] == [{"query": "words"}] * 2


async def test_deprecated_methods_warn(oxide_server: Server) -> None:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        oxide_server.script("*", Answer.json({"id": "thread_1"}), times=2)
        with pytest.warns(DeprecationWarning, match="AsyncThreads.retrieve"):
            await client.beta.threads.retrieve("thread_1")
        with pytest.warns(DeprecationWarning, match="AsyncThreads.retrieve"):
            await client.beta.threads.with_raw_response.retrieve("thread_1")
        assert oxide_server.journal[0].headers["openai-beta"] == "assistants=v2"
        assert oxide_server.journal[1].headers["openai-beta"] == "assistants=v2"


async def test_a_parameter_that_is_a_header(oxide_server: Server) -> None:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        oxide_server.script("*", Answer.json({"id": "r"}))
        await client.beta.responses.retrieve("r", betas=["responses_multi_agent=v1"], extra_query={"x": 1})
        assert oxide_server.journal[0].headers["openai-beta"] == "responses_multi_agent=v1"
        assert oxide_server.journal[0].target.endswith("/responses/r?beta=true&x=1")


def test_headers_that_a_method_sets() -> None:
    assert with_header(None, "A", "1") == {"A": "1"}
    assert with_header({"A": "2"}, "A", "1") == {"A": "2"}
    assert with_header({"B": "2"}, "A", ["x", "y"]) == {"A": "x,y", "B": "2"}
    for absent in (None, omit, not_given):
        assert with_header({"B": "2"}, "A", absent) == {"B": "2"}


async def test_assistant_events_arrive_as_objects(oxide_server: Server) -> None:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as client:
        run = 'event: thread.run.created\ndata: {"id": "run_1", "object": "thread.run"}\n\n'
        done = "event: done\ndata: [DONE]\n\n"
        oxide_server.script("*", Answer.text(run + done, headers={"content-type": "text/event-stream"}))
        with pytest.warns(DeprecationWarning, match="AsyncRuns.create"):
            stream = await client.beta.threads.runs.create("t", assistant_id="a", stream=True)
        events = [event async for event in stream]
    assert [(event.event, event.data.id) for event in events] == [("thread.run.created", "run_1")]


def test_touching_one_resource_loads_only_its_modules() -> None:
    code = (
        "import sys, oxide; c = oxide.AsyncOpenAI(api_key='k'); c.vector_stores.files;"
        "print(*[n for n in sys.modules if n.startswith(('oxide.resources.', 'oxide.types.'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = {n for n in run.stdout.split() if not n.split(".")[-1].startswith("_")}
    assert found == {
        "oxide.resources.vector_stores",
        "oxide.resources.vector_stores.files",
        "oxide.resources.vector_stores.vector_stores",
    }
