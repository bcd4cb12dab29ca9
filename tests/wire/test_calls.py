"""Requests and answers as they are when nothing goes wrong."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from yarl import URL

from oxide.errors import APIConnectionError, OpenAIError
from oxide.testing import Answer, Server
from oxide.transport import HTTPOptions, Transport


async def test_a_call_carries_its_headers_and_body(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/things", {"a": 1})
    answer = await wire.send(
        oxide_server.base_url + "/things?x=%20y&z[]=1", "POST", b'{"q":1}', {"X-Own": "a, b"}
    )
    assert answer.status == 200
    assert answer.content() == b'{"a":1}'
    assert len(answer.body) == answer.length + 64
    seen = oxide_server.journal[-1]
    assert seen.method == "POST"
    assert seen.body == b'{"q":1}'
    assert seen.target == "/v1/things?x=%20y&z%5B%5D=1"
    assert seen.headers["x-own"] == "a, b"
    assert seen.headers["x-stainless-retry-count"] == "0"
    assert seen.headers["content-length"] == "7"
    assert seen.headers["host"] == f"127.0.0.1:{oxide_server.port}"
    assert "user-agent" not in seen.headers, "the caller decides"


async def test_facts_have_the_names_programs_read(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/things", Answer.json({"a": 1}, headers={"X-Two": "1", "Set-Cookie": "a=b"}))
    facts = (
        await wire.send(oxide_server.base_url + "/things", headers={"Authorization": "Bearer k"})
    ).facts()
    assert facts.status_code == 200
    assert facts.json() == {"a": 1}
    assert facts.headers["X-TWO"] == facts.headers["x-two"] == "1"
    assert facts.http_version == "HTTP/1.1"
    assert facts.elapsed.total_seconds() > 0
    assert facts.request.method == "GET"
    assert facts.request.url == oxide_server.base_url + "/things"
    assert facts.request.headers["authorization"] == "Bearer k"
    assert facts.request.headers["x-stainless-retry-count"] == "0"
    assert "Bearer k" not in repr(facts.request.headers)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
async def test_bodies_of_each_framing_and_size(
    wire: Any, oxide_server: Server, framing: Any, size: int
) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    oxide_server.script("/blob", Answer.text(body, framing=framing), times=None)
    for _ in range(2):
        answer = await wire.send(oxide_server.base_url + "/blob")
        assert answer.content() == body
        assert answer.body[answer.length :] == bytes(64)
    assert oxide_server.journal.connections == (2 if framing == "close" else 1)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 2_500_000])
async def test_request_bodies_of_each_size(wire: Any, oxide_server: Server, size: int) -> None:
    body = b"z" * size
    oxide_server.script("/up", {"ok": True})
    await wire.send(oxide_server.base_url + "/up", "POST", body)
    assert oxide_server.journal[-1].body == body
    assert oxide_server.journal[-1].headers["content-length"] == str(size)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_methods(wire: Any, oxide_server: Server, method: str) -> None:
    oxide_server.script("/m", {"ok": True}, times=None)
    await wire.send(oxide_server.base_url + "/m", method)
    seen = oxide_server.journal[-1]
    assert seen.method == method
    if method != "DELETE":  # where both are right
        assert seen.headers.get("content-length", "none") == ("none" if method == "GET" else "0")


async def test_head_204_and_304_have_no_body(wire: Any, raw_server: Any, read_request: Any) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        await read_request(reader)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    server = await raw_server(handler)
    assert (await wire.send(server.url, "HEAD")).length == 0
    answer = await wire.send(server.url, "DELETE")
    assert (answer.status, answer.length, answer.is_reused) == (204, 0, True)
    assert (await wire.send(server.url)).content() == b"ok"
    assert server.connections == 1


async def test_informational_answers_are_passed_over(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/i", Answer.json({"a": 1}, interim=[(103, {"link": "x"}), (102, {})]))
    answer = await wire.send(oxide_server.base_url + "/i")
    assert (answer.status, answer.content()) == (200, b'{"a":1}')


async def test_an_answer_cut_at_every_byte(wire: Any, oxide_server: Server) -> None:
    cuts = list(range(1, 160, 3))
    oxide_server.script("/c", Answer.json({"a": "é" * 5}, framing="chunked", wire_splits=cuts), times=None)
    answer = await wire.send(oxide_server.base_url + "/c")
    assert answer.facts().json() == {"a": "é" * 5}


async def test_connections_are_kept_and_never_pipelined(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/k", Answer.json({"a": 1}, delay=0.01), times=None)
    for _ in range(3):
        await wire.send(oxide_server.base_url + "/k")
    assert oxide_server.journal.connections == 1
    answers = await asyncio.gather(*(wire.send(oxide_server.base_url + "/k") for _ in range(20)))
    assert {a.status for a in answers} == {200}
    assert 1 < oxide_server.journal.connections <= 20


async def test_connection_close_is_obeyed(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/k", Answer.json({"a": 1}, close=True), times=None)
    for _ in range(2):
        assert not (await wire.send(oxide_server.base_url + "/k")).is_reused
    assert oxide_server.journal.connections == 2


async def test_http_1_0(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/old", Answer.json({"a": 1}, http="1.0"))
    answer = await wire.send(oxide_server.base_url + "/old")
    assert (answer.http_version, answer.content()) == ("HTTP/1.0", b'{"a":1}')


async def test_streams_deliver_as_it_comes(wire: Any, oxide_server: Server, sink: Any) -> None:
    oxide_server.script("/s", Answer.sse([{"n": i} for i in range(50)]), times=None)
    answer = await wire.send(oxide_server.base_url + "/s", stream=True)
    assert (answer.status, answer.length) == (200, 0)
    pieces = [piece async for piece in answer.aiter_bytes()]
    whole = b"".join(pieces)
    assert whole.count(b"data:") == 50
    assert len(pieces) > 1
    answer = await wire.send(oxide_server.base_url + "/s", stream=True)
    await answer.read_all()
    assert answer.content() == whole
    answer = await wire.send(oxide_server.base_url + "/s", stream=True)
    answer.bind(sink)
    await sink.ended.wait()
    assert (sink.error, bytes(sink.data)) == (None, whole)
    assert oxide_server.journal.connections == 1


async def test_a_stream_given_up_half_way_closes_its_connection(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/s", Answer.sse([{"n": i} for i in range(5)], gap=0.02), times=None)
    for way in ("release", "abort"):
        answer = await wire.send(oxide_server.base_url + "/s", stream=True)
        async for _ in answer.aiter_bytes():
            break
        getattr(answer, way)()
    await oxide_server.journal.settle(2)
    assert [e.aborted for e in oxide_server.journal] == [True, True]


async def test_back_pressure_reaches_the_server(
    wire: Any, raw_server: Any, read_request: Any, sink: Any
) -> None:
    sent = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(400):
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    server = await raw_server(handler)
    answer = await wire.send(server.url, stream=True)
    answer.bind(sink)
    answer.pause_reading()
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.15)
    assert sent < 400 * 65536, "the server was never held up"
    held = len(sink.data)
    await asyncio.sleep(0.05)
    assert len(sink.data) == held
    answer.resume_reading()
    await sink.ended.wait()
    assert (sink.error, len(sink.data)) == (None, 400 * 65536)


async def test_ipv6(wire: Any) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    async with Server(host="::1") as server:
        server.script("/six", {"a": 6})
        answer = await wire.send(f"http://[::1]:{server.port}/v1/six")
        assert answer.content() == b'{"a":6}'
        assert server.journal[-1].headers["host"] == f"[::1]:{server.port}"


async def test_unix_sockets(wire: Any, tmp_path: Any) -> None:
    path = str(tmp_path / "s")
    async with Server(unix=path) as server:
        server.script("/u", {"a": 1}, times=None)
        wire.transport(uds=path)
        for _ in range(2):
            assert (await wire.send("http://localhost/v1/u")).content() == b'{"a":1}'
        assert server.journal.connections == 1
        assert server.journal[-1].headers["host"] == "localhost"
        with pytest.raises(APIConnectionError, match="plain HTTP"):
            await wire.send("https://localhost/v1/u")


async def test_the_users_own_session(oxide_server: Server) -> None:
    calls: list[str] = []

    async def middleware(request: Any, handler: Any) -> Any:
        calls.append(request.method)
        return await handler(request)

    oxide_server.script("/own", Answer.json({"a": 1}, headers={"Set-Cookie": "k=v"}), times=None)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(
        middlewares=(middleware,), headers={"X-Mine": "1"}, raise_for_status=True, cookie_jar=jar
    ) as session:
        transport = Transport(session)
        from oxide.timeouts import Timeout
        from oxide.transport.request import HeaderBlock, PreparedRequest

        def request() -> PreparedRequest:
            return PreparedRequest(
                "GET", URL(oxide_server.base_url + "/own"), HeaderBlock(), None, Timeout(5)
            )

        await transport.request(request())
        await transport.request(request())
        assert calls == ["GET", "GET"]
        assert oxide_server.journal[-1].headers["x-mine"] == "1"
        assert oxide_server.journal[-1].headers["cookie"] == "k=v"
        await transport.close()
        assert not session.closed, "the session is its maker's"
        await session.close()
        with pytest.raises(APIConnectionError, match="http_client is closed"):
            await Transport(session).request(request())


async def test_a_session_of_another_loop_is_refused() -> None:
    def make() -> aiohttp.ClientSession:
        async def inner() -> aiohttp.ClientSession:
            session = aiohttp.ClientSession()
            await session.close()
            return session

        return asyncio.run(inner())

    session = await asyncio.to_thread(make)
    transport = Transport(session)
    from oxide.timeouts import Timeout
    from oxide.transport.request import HeaderBlock, PreparedRequest

    with pytest.raises(OpenAIError, match="another event loop"):
        await transport.request(
            PreparedRequest("GET", URL("http://127.0.0.1:1/"), HeaderBlock(), None, Timeout(1))
        )


async def test_an_unknown_lane_is_refused(monkeypatch: pytest.MonkeyPatch, wire: Any) -> None:
    monkeypatch.setenv("OXIDE_LANE", "fast")
    with pytest.raises(OpenAIError, match="OXIDE_LANE"):
        await wire.send("http://127.0.0.1:1/")


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="limit must be"):
        HTTPOptions(limit=0)
    with pytest.raises(ValueError, match="socks5"):
        HTTPOptions(proxy="socks5://127.0.0.1:1")
    with pytest.raises(ValueError, match="exclude"):
        HTTPOptions(proxy="http://127.0.0.1:1", uds="/tmp/s")
    assert "pw" not in repr(HTTPOptions(proxy="http://u:pw@127.0.0.1:1"))
