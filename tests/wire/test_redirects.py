"""Redirects: what follows, what is left behind, where the transport refuses to go."""

from __future__ import annotations

from typing import Any

import pytest

from oxide.errors import APIConnectionError, APIStatusError
from oxide.testing import Answer, Server

SECRETS = {
    "Authorization": "Bearer k",
    "Cookie": "a=b",
    "OpenAI-Organization": "org",
    "OpenAI-Project": "proj",
    "api-key": "azure",
    "X-Plain": "stays",
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [307, 308])
async def test_method_and_body_are_kept(wire: Any, oxide_server: Server, status: int, stream: bool) -> None:
    oxide_server.script("/a", Answer.redirect("/v1/b?x=1", status))
    oxide_server.script("/b", {"here": True})
    answer = await wire.send(oxide_server.base_url + "/a", "POST", b'{"q":1}', SECRETS, stream=stream)
    await answer.read_all() if stream else None
    assert answer.content() == b'{"here":true}'
    first, second = oxide_server.journal
    assert (second.method, second.body, second.target) == ("POST", b'{"q":1}', "/v1/b?x=1")
    assert second.headers["content-type"] == "application/json"
    assert {k: second.headers[k.lower()] for k in SECRETS} == SECRETS, "the same origin"
    assert [(h.status_code, h.url) for h in answer.history] == [(status, oxide_server.base_url + "/a")]
    assert str(answer.url) == oxide_server.base_url + "/b?x=1"
    assert oxide_server.journal.connections == 1
    assert first.status == status


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (301, "PUT", "PUT"),
        (302, "GET", "GET"),
    ],
)
async def test_the_others_become_get(
    wire: Any, oxide_server: Server, status: int, method: str, then: str
) -> None:
    oxide_server.script("/a", Answer.redirect("b", status))
    oxide_server.script("/b", {})
    await wire.send(oxide_server.base_url + "/a", method, None if method == "GET" else b"{}")
    seen = oxide_server.journal[-1]
    assert seen.method == then
    assert seen.body == (b"{}" if then == "PUT" else b"")
    assert ("content-type" in seen.headers) == (then == "PUT")


async def test_credentials_never_follow_to_another_origin(wire: Any, oxide_server: Server) -> None:
    async def auth() -> str:
        return "Bearer fresh"

    async with Server() as other:
        other.script("/b", Answer.redirect(oxide_server.base_url + "/c", 307))
        oxide_server.script("/a", Answer.redirect(other.base_url + "/b", 307), times=None)
        oxide_server.script("/c", {"ok": True}, times=None)
        url = oxide_server.base_url + "/a"
        answer = await wire.send(url, "POST", b"{}", SECRETS, idempotency_key="k")
        assert answer.content() == b'{"ok":true}'
        for seen in (other.journal[-1], oxide_server.journal[-1]):
            assert seen.body == b"{}"
            assert seen.headers["x-plain"] == "stays"
            assert not {name.lower() for name in SECRETS if name != "X-Plain"} & set(seen.headers)
        assert len(answer.history) == 2
        other.script("/b", {"ok": True})
        plain = {k: v for k, v in SECRETS.items() if k != "Authorization"}
        await wire.send(url, "POST", b"{}", plain, auth=auth)
        assert oxide_server.journal.of("/a")[-1].headers["authorization"] == "Bearer fresh"
        assert "authorization" not in other.journal[-1].headers


@pytest.mark.parametrize("port_only", [True, False])
async def test_another_port_is_another_origin(wire: Any, oxide_server: Server, port_only: bool) -> None:
    async with Server() as other:
        host = "127.0.0.1" if port_only else "user:pw@127.0.0.1"
        other.script("/b", {})
        oxide_server.script("/a", Answer.redirect(f"http://{host}:{other.port}/v1/b"))
        await wire.send(oxide_server.base_url + "/a", headers=SECRETS)
        assert "authorization" not in other.journal[-1].headers


async def test_loops_and_chains_end(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/a", Answer.redirect("/v1/b"), times=None)
    oxide_server.script("/b", Answer.redirect("/v1/a"), times=None)
    with pytest.raises(APIConnectionError, match="in a loop"):
        await wire.send(oxide_server.base_url + "/a", max_retries=3)
    assert len(oxide_server.journal) == 2

    def onward(exchange: Any) -> Answer:
        return Answer.redirect(f"/v1/n?{len(oxide_server.journal)}")

    oxide_server.script("/n", onward, times=None)
    wire.transport(max_redirects=4)
    with pytest.raises(APIConnectionError, match="more than 4 redirects"):
        await wire.send(oxide_server.base_url + "/n", max_retries=3)
    assert len(oxide_server.journal.of("/n")) == 5


@pytest.mark.parametrize("place", ["ftp://127.0.0.1/x", "javascript:alert(1)", "http://", "http://[bad/"])
async def test_places_that_are_none(wire: Any, oxide_server: Server, place: str) -> None:
    oxide_server.script("/a", Answer.redirect(place), times=None)
    with pytest.raises(APIConnectionError, match="redirect"):
        await wire.send(oxide_server.base_url + "/a", max_retries=3)
    assert len(oxide_server.journal) == 1


async def test_without_a_place_or_without_leave_it_is_an_answer(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/a", Answer.text(b"moved", status=302), times=None)
    with pytest.raises(APIStatusError) as info:
        await wire.send(oxide_server.base_url + "/a")
    assert (info.value.status_code, info.value.body) == (302, "moved")
    oxide_server.script("/b", Answer.redirect("/v1/c"), times=None)
    for stream in (False, True):
        with pytest.raises(APIStatusError) as info:
            await wire.send(oxide_server.base_url + "/b", follow_redirects=False, stream=stream)
        assert info.value.status_code == 307
    assert len(oxide_server.journal) == 3


async def test_from_https_to_plain_http_is_refused(wire: Any, oxide_server: Server, tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as secure:
        secure.script("/a", Answer.redirect(oxide_server.base_url + "/b"))
        wire.transport(verify=str(tls_files.ca))
        with pytest.raises(APIConnectionError, match="from https to plain http"):
            await wire.send(f"https://127.0.0.1:{secure.port}/v1/a", "POST", b"{}")
    assert len(oxide_server.journal) == 0
