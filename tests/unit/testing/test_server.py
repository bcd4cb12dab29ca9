"""The life of the embedded server, its scripts and its journal."""

from __future__ import annotations

import asyncio
import io
import sys
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import openai
import orjson
import pytest

from oxide.testing import Answer, RecordedRequest, Server


async def get(server: Server, path: str = "/models", **options: Any) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(server.base_url + path, **options) as answer:
        return answer.status, await answer.read()


# --- the official client


async def test_official_client_retries(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    oxide_server.script("/responses", Answer.error(429, retry_after=0.01), Answer.drop())
    answer = await official.responses.create(model="m", input="hi")
    assert answer.output_text
    assert answer._request_id == oxide_server.journal.last.request_id
    assert [r.status for r in oxide_server.journal] == [429, None, 200]
    assert oxide_server.journal.connections == 2


async def test_official_client_streams_scripted_events(
    oxide_server: Server, official: openai.AsyncOpenAI
) -> None:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    oxide_server.script("/chat/completions", Answer.sse([chunk, {**chunk, "id": "d"}], done=True))
    stream = await official.chat.completions.create(model="m", messages=[], stream=True)
    assert [c.id async for c in stream] == ["c", "d"]


def test_official_synchronous_client_and_the_thread() -> None:
    with Server.thread(api_key="k") as server, openai.OpenAI(api_key="k", base_url=server.base_url) as client:
        server.script("/models", {"object": "list", "data": []})
        assert client.models.list().data == []
        assert client.responses.create(model="m", input="x").output_text
        assert len(server.journal) == 2
        assert server.call(lambda inner: inner.accepted) == 1
    with pytest.raises(RuntimeError, match="does not run"):
        server.call(lambda inner: inner)


# --- life


async def test_loopback_unless_told_otherwise() -> None:
    async with Server() as server:
        assert server.base_url == f"http://127.0.0.1:{server.port}/v1"
        with pytest.raises(OSError, match="in use"):
            await Server(port=server.port).start()
        with pytest.raises(RuntimeError, match="already"):
            await server.start()
    with pytest.raises(OSError, match="Connect"):
        await get(server)


async def test_can_be_started_again() -> None:
    server = Server()
    for _ in range(2):
        await server.start()
        assert (await get(server))[0] == 200
        await server.stop()
    await server.stop()


async def test_ipv6() -> None:
    async with Server(host="::1") as server:
        assert server.base_url.startswith("http://[::1]:")
        assert (await get(server))[0] == 200


async def test_all_interfaces_only_when_asked() -> None:
    async with Server(host="0.0.0.0") as server:
        assert server.origin == f"http://127.0.0.1:{server.port}"
        assert (await get(server))[0] == 200


async def test_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "oxide.sock")
    async with (
        Server(unix=path) as server,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        session.get(server.base_url + "/models") as answer,
    ):
        assert answer.status == 200


async def test_tls(tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context()) as server:
        assert server.base_url.startswith("https://")
        assert (await get(server, ssl=tls_files.client_context()))[0] == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await get(server)


async def test_tls_with_a_client_certificate(tls_files: Any) -> None:
    async with Server(ssl=tls_files.server_context(demand_client=True)) as server:
        assert (await get(server, ssl=tls_files.client_context(with_certificate=True)))[0] == 200
        with pytest.raises((aiohttp.ClientError, OSError)):
            await get(server, ssl=tls_files.client_context())


def test_thread_reports_why_it_cannot_start() -> None:
    with Server.thread() as server, pytest.raises(OSError, match="in use"):
        Server.thread(port=server.server.port).start()


def test_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bench_setup.py").write_text(
        "def go(server):\n    server.script('/models', {'from': 'setup'}, times=None)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Server.process(setup="bench_setup:go", tokens=3, echo=False, uvloop=True) as server:
        assert server.pid
        for _ in range(2):
            with urllib.request.urlopen(server.base_url + "/models") as answer:
                assert orjson.loads(answer.read()) == {"from": "setup"}
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.pid


def test_process_reports_that_it_cannot_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="status 1"):
        Server.process(setup="nonsense").start()
    assert "module:function" in capfd.readouterr().err


# --- scripts


async def test_scripts_queue_up(oxide_server: Server) -> None:
    oxide_server.script("/a", {"n": 1}, {"n": 2}, times=2)
    oxide_server.script("/v1/a", {"n": 3}, times=None)
    oxide_server.script("/a", {"n": 4})
    assert oxide_server.unused == 3
    found = [orjson.loads((await get(oxide_server, "/a"))[1])["n"] for _ in range(6)]
    assert found == [1, 1, 2, 2, 3, 3]
    assert oxide_server.unused == 1
    oxide_server.reset()
    assert (await get(oxide_server, "/a"))[0] == 404
    assert len(oxide_server.journal) == 1


async def test_the_last_answer_for_ever(oxide_server: Server) -> None:
    oxide_server.script("*", {"n": 1}, {"n": 2}, times=None)
    found = [orjson.loads((await get(oxide_server, f"/{i}"))[1])["n"] for i in range(3)]
    assert found == [1, 2, 2]


async def test_script_for_one_method_and_beside_v1(oxide_server: Server) -> None:
    oxide_server.script("/models", {"posted": True}, method="post")
    assert b"posted" not in (await get(oxide_server))[1]
    oxide_server.script("/health", Answer.text("ok"))
    async with aiohttp.ClientSession() as session, session.get(oxide_server.origin + "/health") as answer:
        assert await answer.text() == "ok"
    assert oxide_server.unused == 1


async def test_functions_as_answers(oxide_server: Server) -> None:
    async def later(request: RecordedRequest) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"q": request.query["q"]}

    oxide_server.script("/f", lambda request: Answer.text(request.path), later)
    assert (await get(oxide_server, "/f"))[1] == b"/v1/f"
    assert (await get(oxide_server, "/f?q=%C3%BC"))[1] == '{"q":"ü"}'.encode()


def test_script_checks_its_arguments() -> None:
    server = Server()
    with pytest.raises(ValueError, match="at least one"):
        server.script("/x")
    with pytest.raises(ValueError, match="times"):
        server.script("/x", {}, times=0)
    with pytest.raises(TypeError, match="not int"):
        server.script("/x", 5)  # type: ignore[arg-type]


# --- journal


async def test_record(oxide_server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.post(
                oxide_server.base_url + "/a%20b?x=1&x=2",
                json={"k": "v"},
                headers={"Authorization": "Bearer sec"},
            ) as answer:
                await answer.read()
    first, second = await oxide_server.journal.settle(2)
    assert (first.index, second.index) == (0, 1)
    assert first.connection == second.connection == 1
    assert (first.method, first.path, first.target) == ("POST", "/v1/a b", "/v1/a%20b?x=1&x=2")
    assert first.query.getall("x") == ["1", "2"]
    assert first.headers["authorization"] == "Bearer sec"
    assert first.json() == {"k": "v"}
    assert first.json() is first.json()
    assert first.received <= first.answered <= first.finished  # type: ignore[operator]
    assert (first.status, first.scripted, first.aborted, first.done) == (404, False, False, True)
    shown = first.as_dict()
    assert orjson.dumps(shown)
    assert ("Authorization", "***") in shown["headers"]
    assert shown["body"] == '{"k":"v"}' or shown["body"] == '{"k": "v"}'


async def test_journal(oxide_server: Server) -> None:
    journal = oxide_server.journal
    with pytest.raises(IndexError):
        _ = journal.last
    await get(oxide_server)
    await get(oxide_server, "/x")
    assert [r.path for r in journal.of("/models")] == ["/v1/models"]
    assert journal.of("/models", "post") == []
    assert journal[-1] is journal.last
    assert [r.index for r in journal[0:]] == [0, 1]
    assert journal.connections == oxide_server.accepted == 2
    assert "GET /v1/x → 404" in repr(journal)
    with pytest.raises(TimeoutError, match="2 of 3"):
        await journal.settle(3, timeout=0.01)
    journal.clear()
    await get(oxide_server)
    assert journal.last.index == 2


async def test_binary_body_is_left_out_of_the_printout(oxide_server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(oxide_server.base_url, data=b"\xff") as answer,
    ):
        await answer.read()
    assert oxide_server.journal.last.as_dict()["body"] is None
    with pytest.raises(ValueError, match="UTF-8"):
        oxide_server.journal.last.json()


async def test_large_body(oxide_server: Server) -> None:
    big = b"x" * (5 << 20)
    async with (
        aiohttp.ClientSession() as session,
        session.post(oxide_server.base_url, data=io.BytesIO(big)) as answer,
    ):
        await answer.read()
    assert oxide_server.journal.last.body == big


async def test_client_that_leaves_while_sending(oxide_server: Server) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    writer.write(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    await oxide_server.journal.arrived(1)
    writer.close()
    (record,) = await oxide_server.journal.settle(1)
    assert record.aborted
    assert record.status is None


async def test_client_that_leaves_a_stream(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    oxide_server.script("/chat/completions", Answer.sse([{}] * 1000, gap=0.01))
    async with await official.chat.completions.create(model="m", messages=[], stream=True) as stream:
        async for _ in stream:
            break
    (record,) = await oxide_server.journal.settle(1)
    assert record.aborted
    assert record.status == 200


async def test_close_connections(oxide_server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(oxide_server.base_url + "/models") as answer:
                await answer.read()
            assert oxide_server.open_connections == 1
            assert oxide_server.close_connections() == 1
            await asyncio.sleep(0.01)
            assert oxide_server.open_connections == 0
    assert oxide_server.accepted == 2


async def test_finished_is_told(oxide_server: Server) -> None:
    seen: list[RecordedRequest] = []
    oxide_server.on_finished = seen.append
    await get(oxide_server)
    assert seen == [oxide_server.journal.last]


@pytest.mark.oxide_server(keep_alive=0.05)
async def test_idle_connections_are_closed(oxide_server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", oxide_server.port)
    writer.write(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(reader.read(), 2)
    writer.close()


async def test_many_connections(oxide_server: Server) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one() -> int:
            async with session.get(oxide_server.base_url + "/models") as answer:
                await answer.read()
                return answer.status

        assert set(await asyncio.gather(*(one() for _ in range(300)))) == {200}


def test_lazy_package() -> None:
    import oxide.testing

    assert set(oxide.testing.__all__) <= set(dir(oxide.testing))
    with pytest.raises(AttributeError, match="nothing"):
        _ = oxide.testing.nothing
    assert sys.modules["oxide.testing.server"].Server is oxide.testing.Server


@pytest.mark.oxide_server(keep=2)
async def test_only_the_newest_are_kept(oxide_server: Server, official: openai.AsyncOpenAI) -> None:
    made = [await official.responses.create(model="m", input="x") for _ in range(3)]
    assert [r.index for r in oxide_server.journal] == [1, 2]
    assert (await official.responses.retrieve(made[1].id)).id == made[1].id
    with pytest.raises(openai.NotFoundError):
        await official.responses.retrieve(made[0].id)
