"""Real TLS with an authority of our own: verified unless told otherwise."""

from __future__ import annotations

import ssl
import subprocess
import sys
from typing import Any

import pytest

from oxide._files import content_of
from oxide.errors import APIConnectionError, APIStatusError, OpenAIError
from oxide.testing import Answer, Server
from oxide.transport import HTTPOptions
from oxide.transport.tls import context_for


async def test_an_unknown_authority_is_refused(wire: Any, tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        with pytest.raises(APIConnectionError, match="TLS") as info:
            await wire.send(f"https://127.0.0.1:{server.port}/v1/models")
        assert "certificate" in str(info.value).lower()
        assert isinstance(info.value.__cause__, OSError)
        assert not server.journal


async def test_a_custom_authority(wire: Any, tls_files: Any, tmp_path: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        server.script("/t", Answer.json({"a": "x" * 300_000}), times=None)
        url = f"https://localhost:{server.port}/v1/t"
        for verify in (str(tls_files.ca), tls_files.ca, tls_files.client_context()):
            wire.transport(verify=verify)
            for _ in range(2):
                answer = await wire.send(url, "POST", b"y" * 300_000)
                assert answer.length > 300_000
        assert server.journal.connections == 3
        server.script("/s", Answer.sse([{"n": 1}, {"n": 2}]))
        answer = await wire.send(f"https://localhost:{server.port}/v1/s", stream=True)
        assert b"".join([p async for p in answer.aiter_bytes()]).count(b"data:") == 2


async def test_the_environment_may_name_the_authority(
    wire: Any, tls_files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_files.ca))
    async with Server(ssl=tls_files.server_context()) as server:
        assert (await wire.send(f"https://127.0.0.1:{server.port}/v1/models")).status == 200


async def test_a_wrong_name_is_refused(wire: Any, tls_files: Any) -> None:
    async with Server(host="127.0.0.2", ssl=tls_files.server_context()) as server:
        wire.transport(verify=str(tls_files.ca))
        with pytest.raises(APIConnectionError, match="TLS"):
            await wire.send(f"https://127.0.0.2:{server.port}/v1/models")
        assert not server.journal


async def test_verification_can_be_switched_off(wire: Any, tls_files: Any) -> None:
    async with Server(host="127.0.0.2", ssl=tls_files.server_context()) as server:
        wire.transport(verify=False)
        assert (await wire.send(f"https://127.0.0.2:{server.port}/v1/models")).status == 200


async def test_client_certificates(wire: Any, tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context(demand_client=True)) as server:
        url = f"https://127.0.0.1:{server.port}/v1/models"
        wire.transport(verify=str(tls_files.ca))
        with pytest.raises(APIConnectionError):
            await wire.send(url)
        wire.transport(verify=str(tls_files.ca), cert=(str(tls_files.client_cert), str(tls_files.client_key)))
        assert (await wire.send(url)).status == 200
        wire.transport(verify=tls_files.client_context(with_certificate=True))
        assert (await wire.send(url)).status == 200


async def test_plain_http_on_a_tls_port_and_the_reverse(
    wire: Any, tls_files: Any, oxide_server: Server
) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        with pytest.raises(APIConnectionError):
            await wire.send(f"http://127.0.0.1:{server.port}/v1/models")
    with pytest.raises(APIConnectionError, match="TLS"):
        await wire.send(f"https://127.0.0.1:{oxide_server.port}/v1/models")


def test_contexts_are_shared(tls_files: Any) -> None:
    assert context_for(HTTPOptions()) is context_for(HTTPOptions())
    own = context_for(HTTPOptions(verify=str(tls_files.ca)))
    assert own is context_for(HTTPOptions(verify=tls_files.ca))
    assert own is not context_for(HTTPOptions())
    assert own.verify_mode is ssl.CERT_REQUIRED
    assert own.check_hostname
    loose = context_for(HTTPOptions(verify=False))
    assert loose.verify_mode is ssl.CERT_NONE
    given = ssl.create_default_context()
    assert context_for(HTTPOptions(verify=given)) is given


ONE_CONTEXT = """
import os, ssl, sys

made = []
real = ssl.create_default_context
ssl.create_default_context = lambda *given, **named: made.append(given) or real(*given, **named)
{before}
from oxide.transport import HTTPOptions
from oxide.transport.tls import context_for

found = context_for(HTTPOptions())
import aiohttp
print(len(made), found is True)
os.environ["SSL_CERT_FILE"] = sys.argv[1]
print(len(made), context_for(HTTPOptions()) is True)
"""


def test_one_context_serves_aiohttp_and_us(tls_files: Any) -> None:
    """Where oxide imports aiohttp; where somebody did before, what its context holds is not known."""

    def run(before: str) -> list[str]:
        program = [sys.executable, "-c", ONE_CONTEXT.format(before=before), str(tls_files.ca)]
        return subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()

    assert run("") == ["1 True", "1 False"]
    assert run("import aiohttp") == ["2 False", "2 False"]


async def test_a_file_that_is_no_certificate(wire: Any, tmp_path: Any) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    wire.transport(verify=tmp_path / "ca.pem")
    with pytest.raises(OpenAIError, match="TLS settings"):
        await wire.send("https://127.0.0.1:9/")


def test_a_missing_file_says_so() -> None:
    with pytest.raises(FileNotFoundError):
        context_for(HTTPOptions(verify="/nonexistent/ca.pem"))


async def test_a_body_read_while_it_is_sent(wire: Any, tls_files: Any, zeros: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        server.script("/t", Answer.json({}), times=None)
        server.script("/no", Answer.error(413, message="too much", early=True), times=None)
        wire.transport(verify=str(tls_files.ca))
        url = f"https://localhost:{server.port}/v1"
        for pieces in (1, 100):
            source = content_of(zeros(pieces).once(), whole=False)
            assert (await wire.send(f"{url}/t", "POST", source)).status == 200
            assert server.journal[-1].body == bytes(pieces * 64 * 1024)
        source = content_of(zeros(2000).once(), whole=False)
        with pytest.raises(APIStatusError, match="too much"):
            await wire.send(f"{url}/no", "POST", source)
