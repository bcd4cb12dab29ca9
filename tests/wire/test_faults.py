"""Servers that break off, lie or speak something else: always our errors, with the cause attached."""

from __future__ import annotations

import asyncio
import pickle
from importlib.util import find_spec
from typing import Any

import pytest

from oxide.errors import APIConnectionError, APIStatusError, InternalServerError
from oxide.testing import Answer, Server
from oxide.timeouts import Timeout
from oxide.transport.request import HeaderBlock, LaneError, check_header

WIRE_LANES = [name for name in ("wire_c", "wire_py") if find_spec(f"oxide.transport.{name}") is not None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_breaks_off(wire: Any, raw_server: Any, data: bytes, stream: bool) -> None:
    server = await raw_server(data)
    if stream and b"\r\n\r\n" in data:
        answer = await wire.send(server.url, "POST", b"{}", stream=True)
        with pytest.raises(LaneError) as broken:
            await answer.read_all()
        assert broken.value.kind == "read"
        assert broken.value.bytes_received
        return
    with pytest.raises(APIConnectionError) as info:
        await wire.send(server.url, "POST", b"{}", stream=stream)
    assert type(info.value) is APIConnectionError
    assert info.value.__cause__ is not None
    assert info.value.request.method == "POST"
    assert server.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        HEAD + b"Content-Length: ten\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
async def test_what_is_not_http(wire: Any, raw_server: Any, data: bytes) -> None:
    server = await raw_server(data)
    with pytest.raises(APIConnectionError) as info:
        await wire.send(server.url, "POST", b"{}")
    assert type(info.value) is APIConnectionError


async def test_nobody_listens(wire: Any) -> None:
    with pytest.raises(APIConnectionError, match="could not connect") as info:
        await wire.send("http://127.0.0.1:9/v1")
    assert isinstance(info.value.__cause__, OSError)
    assert str(info.value).startswith("Connection error: could not connect: 127.0.0.1:9 [")
    with pytest.raises(APIConnectionError, match=r"could not connect: name\.invalid:80 \["):
        await wire.send("http://name.invalid/v1")
    # Not the TLS context, which says nothing to anybody.
    with pytest.raises(APIConnectionError, match=r"could not connect: 127\.0\.0\.1:9 \[") as info:
        await wire.send("https://127.0.0.1:9/v1")
    assert "ssl" not in str(info.value).lower()


async def test_a_reset_in_the_middle(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/f", Answer.text(b"x" * 1000, disconnect_after=500, reset=True), times=None)
    with pytest.raises(APIConnectionError, match="broke"):
        await wire.send(oxide_server.base_url + "/f", "POST", b"{}")


async def test_an_answer_before_the_request_was_read(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/f", Answer.error(413, early=True, close=True), times=None)
    with pytest.raises(APIStatusError) as info:
        await wire.send(oxide_server.base_url + "/f", "POST", bytes(200_000))
    assert info.value.status_code == 413


async def test_bytes_after_the_answer_end_the_connection(
    wire: Any, raw_server: Any, read_request: Any
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            # A second, unasked answer must never be taken for that of the next request.
            writer.write(HEAD + b"Content-Length: 2\r\n\r\nok" + HEAD + b"Content-Length: 4\r\n\r\nevil")
            await writer.drain()

    server = await raw_server(handler)
    for _ in range(3):
        answer = await wire.send(server.url, "POST", b"{}", max_retries=0)
        assert answer.content() == b"ok"
    assert server.connections == 3


@pytest.mark.parametrize("lane", WIRE_LANES, indirect=True)
async def test_bytes_that_come_while_idle_end_the_connection(
    wire: Any, raw_server: Any, read_request: Any
) -> None:
    # Not over the session lane: aiohttp's own pool takes such bytes for the next answer.
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(HEAD + b"Content-Length: 2\r\n\r\nok")
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(HEAD + b"Content-Length: 4\r\n\r\nevil")
            await writer.drain()

    server = await raw_server(handler)
    for _ in range(3):
        answer = await wire.send(server.url, "POST", b"{}", max_retries=0)
        assert answer.content() == b"ok"
        await asyncio.sleep(0.06)


async def test_an_answer_that_switches_protocols(wire: Any, raw_server: Any) -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
    server = await raw_server(head + b"Connection: upgrade\r\n\r\nabc")
    for stream in (False, True):
        with pytest.raises(APIConnectionError, match="not valid HTTP"):
            await wire.send(server.url, "POST", b"{}", stream=stream, timeout=Timeout(read=2))


async def test_html_with_an_error_status(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/f", Answer.html("<h1>Bad gateway</h1>", status=502), times=None)
    with pytest.raises(InternalServerError) as info:
        await wire.send(oxide_server.base_url + "/f")
    assert str(info.value) == "Error code: 502"
    assert "Bad gateway" in str(info.value.body)
    assert info.value.response.headers["content-type"].startswith("text/html")


async def test_errors_travel_without_secrets(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/f", Answer.error(401), times=None)
    secrets = {"Authorization": "Bearer sk-very-secret", "api-key": "sk-other"}
    with pytest.raises(APIStatusError) as info:
        await wire.send(oxide_server.base_url.replace("//", "//u:sk-url@") + "/f", headers=secrets)
    error = info.value
    request, response = error.request, error.response
    shown = f"{error!r}{error}{request!r}{request.headers!r}{response!r}{response.headers!r}"
    assert "sk-" not in shown
    assert error.request.headers["authorization"] == "Bearer sk-very-secret"
    data = pickle.dumps(error)
    assert b"sk-" not in data
    again = pickle.loads(data)
    assert (type(again), str(again), again.status_code, again.body) == (
        type(error),
        str(error),
        401,
        error.body,
    )
    assert again.request.headers["authorization"] == "<redacted>"
    with pytest.raises(APIConnectionError) as refused:
        await wire.send("http://127.0.0.1:9/", headers=secrets)
    assert b"sk-" not in pickle.dumps(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nX-B: c"),
        ("X-A", "a\n"),
        ("X-A", "a\r"),
        ("X-A", "a\0"),
        ("X-A\r\nX-B", "a"),
        ("X A", "a"),
        ("X-A:", "a"),
        ("", "a"),
        ("X-\xe9", "a"),
        ("X-A", "snow \N{SNOWMAN}"),
        ("X-A", "caf\xe9"),
    ],
)
def test_headers_that_would_break_out_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="invalid"):
        check_header(name, value)
    with pytest.raises(ValueError, match="invalid"):
        HeaderBlock([("Accept", "x"), (name, value)])
    with pytest.raises(ValueError, match="invalid"):
        HeaderBlock([("Accept", "x")]).merged({name: value})
