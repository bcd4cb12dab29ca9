"""Requests through an HTTP proxy, plain and CONNECT, and who decides that."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from yarl import URL

from oxide.errors import APIConnectionError
from oxide.testing import Answer, Server
from oxide.transport import HTTPOptions
from oxide.transport.request import LaneError
from oxide.transport.settings import ProxyMap


class ProxyServer:
    """Forwards absolute-form requests and CONNECT tunnels; remembers the heads it saw."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.demand: str | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode("latin-1"))
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        if self.demand is not None and self.demand not in self.heads[-1]:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        tunnel = method == b"CONNECT"
        place = URL(("http://" if tunnel else "") + target.decode())
        upstream_reader, upstream = await asyncio.open_connection(place.host, place.port)
        if tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream.write(head.replace(target, place.raw_path_qs.encode(), 1))

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
            target.close()

        await asyncio.gather(pump(reader, upstream), pump(upstream_reader, writer))


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[ProxyServer]:
    proxy = ProxyServer()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    yield proxy
    server.close()


async def test_plain_http_goes_in_absolute_form(wire: Any, oxide_server: Server, proxy: ProxyServer) -> None:
    oxide_server.script("/p", {"a": 1}, times=None)
    wire.transport(proxy=proxy.url)
    for _ in range(2):
        answer = await wire.send(oxide_server.base_url + "/p?x=1", "POST", b"{}")
        assert answer.content() == b'{"a":1}'
    assert len(proxy.heads) == 1, "the connection to the proxy is kept"
    assert proxy.heads[0].startswith(f"POST {oxide_server.base_url}/p?x=1 HTTP/1.1\r\n")
    assert "proxy-authorization" not in proxy.heads[0].lower()
    await wire.transports[-1].close()


async def test_https_goes_through_a_tunnel(wire: Any, proxy: ProxyServer, tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        server.script("/p", {"a": 1}, times=None)
        wire.transport(proxy=proxy.url.replace("//", "//user:p%40ss@"), verify=str(tls_files.ca))
        for _ in range(2):
            answer = await wire.send(
                f"https://127.0.0.1:{server.port}/v1/p", "POST", b"{}", {"Authorization": "Bearer secret"}
            )
            assert answer.content() == b'{"a":1}'
        assert len(proxy.heads) == 1
        assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
        token = base64.b64encode(b"user:p@ss").decode()
        assert f"Proxy-Authorization: Basic {token}" in proxy.heads[0]
        assert "secret" not in proxy.heads[0]
        assert "proxy-authorization" not in server.journal[-1].headers
        await wire.transports[-1].close()


async def test_credentials_for_plain_http(wire: Any, oxide_server: Server, proxy: ProxyServer) -> None:
    token = base64.b64encode(b"u:pw").decode()
    proxy.demand = f"Basic {token}"
    wire.transport(proxy=proxy.url.replace("//", "//u:pw@"), proxy_headers={"X-Team": "7"})
    assert (await wire.send(oxide_server.base_url + "/models")).status == 200
    assert "X-Team: 7" in proxy.heads[0]
    await wire.transports[-1].close()


async def test_a_proxy_that_refuses(wire: Any, proxy: ProxyServer, tls_files: Any) -> None:
    proxy.demand = "nothing will do"
    wire.transport(proxy=proxy.url.replace("//", "//u:hidden@"))
    with pytest.raises(APIConnectionError, match="407") as info:
        await wire.send("https://127.0.0.1:1/v1/models")
    assert "hidden" not in f"{info.value!r}{info.value.__cause__!r}"


async def test_a_proxy_that_is_not_there(wire: Any, oxide_server: Server) -> None:
    wire.transport(proxy="http://127.0.0.1:9")
    with pytest.raises(APIConnectionError, match="proxy"):
        await wire.send(oxide_server.base_url + "/models")


@pytest.mark.parametrize(
    "target_is_secure",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                sys.version_info < (3, 11), reason="asyncio runs TLS inside TLS from Python 3.11 on"
            ),
        ),
    ],
)
async def test_a_proxy_behind_tls(
    wire: Any, oxide_server: Server, tls_files: Any, target_is_secure: bool
) -> None:
    proxy = ProxyServer()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls_files.server_context())
    proxy.port = server.sockets[0].getsockname()[1]
    wire.transport(proxy=f"https://127.0.0.1:{proxy.port}", verify=str(tls_files.ca))
    if target_is_secure:
        async with Server(ssl=tls_files.server_context()) as target:
            assert (await wire.send(f"https://127.0.0.1:{target.port}/v1/models")).status == 200
    else:
        assert (await wire.send(oxide_server.base_url + "/models")).status == 200
    assert len(proxy.heads) == 1
    await wire.transports[-1].close()
    server.close()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_the_environment_decides(
    wire: Any, oxide_server: Server, proxy: ProxyServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url)
    wire.transport()
    await wire.send(oxide_server.base_url + "/models")
    assert len(proxy.heads) == 1
    await wire.transports[-1].close()
    wire.transport(trust_env=False)
    await wire.send(oxide_server.base_url + "/models")
    assert len(proxy.heads) == 1
    monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1")
    wire.transport()
    await wire.send(oxide_server.base_url + "/models")
    assert len(proxy.heads) == 1


async def test_streams_and_redirects_through_a_proxy(
    wire: Any, oxide_server: Server, proxy: ProxyServer
) -> None:
    oxide_server.script("/a", Answer.redirect("/v1/b"))
    oxide_server.script("/b", Answer.sse([{"n": 1}]))
    wire.transport(proxy=proxy.url)
    answer = await wire.send(oxide_server.base_url + "/a", stream=True)
    assert b"data:" in b"".join([p async for p in answer.aiter_bytes()])
    assert len(answer.history) == 1
    await wire.transports[-1].close()


@pytest.mark.parametrize(
    ("rules", "url", "direct"),
    [
        ("*", "http://api.example.com/", True),
        ("example.com", "http://example.com/", True),
        ("example.com", "http://api.example.com/", True),
        (".example.com", "http://api.example.com/", True),
        ("*.example.com", "http://api.example.com/", True),
        ("example.com", "http://notexample.com/", False),
        ("EXAMPLE.com", "http://Example.COM/", True),
        ("example.com:8080", "http://example.com:8080/", True),
        ("example.com:8080", "http://example.com/", False),
        ("10.0.0.0/8", "http://10.20.30.40/", True),
        ("10.0.0.0/8", "http://11.0.0.1/", False),
        ("127.0.0.1", "http://127.0.0.1:9/", True),
        ("::1", "http://[::1]/", True),
        ("[::1]", "http://[::1]:5/", True),
        ("a, b ,c.d", "http://c.d/", True),
        ("", "http://a/", False),
    ],
)
def test_no_proxy(rules: str, url: str, direct: bool) -> None:
    proxies = ProxyMap(HTTPOptions(), {"http_proxy": "proxy:3128", "no_proxy": rules})
    found = proxies.lookup(URL(url))
    assert (found is None) == direct
    if found is not None:
        assert found.url == URL("http://proxy:3128")


def test_the_environment_is_read_with_care() -> None:
    cgi = {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}
    assert ProxyMap(HTTPOptions(), cgi).lookup(URL("http://a/")) is None
    both = {"https_proxy": "http://s:1", "all_proxy": "http://all:1"}
    proxies = ProxyMap(HTTPOptions(), both)
    assert proxies.lookup(URL("https://a/")).url.host == "s"  # type: ignore[union-attr]
    assert proxies.lookup(URL("http://a/")).url.host == "all"  # type: ignore[union-attr]
    assert ProxyMap(HTTPOptions(uds="/s"), both).lookup(URL("http://a/")) is None
    with pytest.raises(LaneError, match="socks5"):
        ProxyMap(HTTPOptions(), {"all_proxy": "socks5://a:1"}).lookup(URL("http://a/"))


async def test_a_socks_proxy_in_the_environment_is_named(
    wire: Any, oxide_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(APIConnectionError, match="socks5"):
        await wire.send(oxide_server.base_url + "/models")
