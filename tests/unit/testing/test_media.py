"""The embedded server's embeddings, sound and pictures, and the forms they are asked for with."""

from __future__ import annotations

import struct
from base64 import b64decode
from typing import Any

import aiohttp
import pytest

from oxide.testing import Server


async def post(server: Server, path: str, **request: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.base_url}{path}", **request) as answer,
    ):
        kind = answer.content_type
        body = await answer.read()
        return answer.status, await answer.json() if kind == "application/json" else body


async def test_embeddings_are_those_of_their_text(oxide_server: Server) -> None:
    ask: dict[str, Any] = {"model": "m", "input": ["a", "b", "a"], "dimensions": 5}
    _, numbers = await post(oxide_server, "/embeddings", json=ask)
    first, second, third = (item["embedding"] for item in numbers["data"])
    assert first == third != second
    assert len(first) == 5
    _, packed = await post(oxide_server, "/embeddings", json={**ask, "encoding_format": "base64"})
    assert list(struct.unpack("<5f", b64decode(packed["data"][0]["embedding"]))) == first
    _, tokens = await post(oxide_server, "/embeddings", json={"model": "m", "input": [1, 2, 3]})
    assert [len(item["embedding"]) for item in tokens["data"]] == [1536]
    assert tokens["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/embeddings", {"model": "m"}, "input"),
        ("/embeddings", {"model": "m", "input": []}, "input"),
        ("/embeddings", {"model": "m", "input": "x", "dimensions": 0}, "dimensions"),
        ("/embeddings", {"model": "m", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        ("/audio/speech", {"model": "m"}, "input"),
        ("/audio/speech", {"model": "m", "input": "x", "response_format": "tape"}, "response_format"),
        ("/images/generations", {"model": "m"}, "prompt"),
    ],
)
async def test_what_is_refused(oxide_server: Server, path: str, body: Any, param: str) -> None:
    status, answer = await post(oxide_server, path, json=body)
    assert (status, answer["error"]["param"]) == (400, param)


async def test_forms(oxide_server: Server) -> None:
    form = aiohttp.FormData()
    form.add_field("model", "m")
    form.add_field("response_format", "verbose_json")
    form.add_field("file", b"--x\r\n\r\nbytes\r\n", filename="\u00e9.wav", content_type="audio/wav")
    status, answer = await post(oxide_server, "/audio/transcriptions", data=form)
    assert status == 200
    assert answer["segments"][0]["text"] == answer["text"]
    form = aiohttp.FormData()
    form.add_field("model", "m")
    form.add_field("prompt", "p", content_type="text/plain")
    status, answer = await post(oxide_server, "/audio/transcriptions", data=form)
    assert (status, answer["error"]["param"]) == (400, "file")
    status, answer = await post(oxide_server, "/images/edits", data=form)
    assert (status, answer["error"]["param"]) == (400, "image")
    cut = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    for body in (b"", b"junk", cut, cut.replace(b"name=", b"") + b"--b--"):
        head = {"Content-Type": "multipart/form-data; boundary=b"}
        status, _ = await post(oxide_server, "/audio/translations", data=body, headers=head)
        assert status == 400


async def test_pictures_are_coloured_by_their_prompt(oxide_server: Server) -> None:
    seen = set()
    for prompt in ("a", "b", "a"):
        _, answer = await post(oxide_server, "/images/generations", json={"model": "m", "prompt": prompt})
        seen.add(answer["data"][0]["b64_json"])
    assert len(seen) == 2
