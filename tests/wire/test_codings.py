"""Content codings, over bodies and streams, whole, broken and malicious."""

from __future__ import annotations

import gzip
import os
import zlib
from typing import Any

import pytest

from oxide.errors import APIConnectionError, APIResponseValidationError
from oxide.testing import Answer, Server
from oxide.transport.decode import accept_encoding, decoder_for
from oxide.transport.request import LaneError

CODINGS = accept_encoding().split(", ")
BODY = b'{"text":"' + b"lorem ipsum " * 20_000 + b'"}'


def test_this_run_knows_all_four() -> None:
    assert CODINGS == ["gzip", "deflate", "br", "zstd"]


@pytest.mark.parametrize("coding", CODINGS)
async def test_bodies(wire: Any, oxide_server: Server, coding: Any) -> None:
    oxide_server.script("/c", Answer.text(BODY, encoding=coding), times=None)
    for _ in range(2):
        answer = await wire.send(oxide_server.base_url + "/c")
        assert answer.content() == BODY
        assert answer.body[answer.length :] == bytes(64)
    assert oxide_server.journal[-1].headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert oxide_server.journal.connections == 1


@pytest.mark.parametrize("coding", CODINGS)
async def test_streams_are_decoded_as_they_come(
    wire: Any, oxide_server: Server, coding: Any, sink: Any
) -> None:
    events = [{"n": i} for i in range(30)]
    oxide_server.script("/c", Answer.sse(events, encoding=coding), times=None)
    answer = await wire.send(oxide_server.base_url + "/c", stream=True)
    pieces = [piece async for piece in answer.aiter_bytes()]
    assert b"".join(pieces).count(b"data:") == 30
    assert len(pieces) > 5, "not held back to the end"
    answer = await wire.send(oxide_server.base_url + "/c", stream=True)
    answer.bind(sink)
    await sink.ended.wait()
    assert sink.error is None
    assert bytes(sink.data) == b"".join(pieces)
    assert oxide_server.journal.connections == 1


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("stream", [False, True])
async def test_cut_off_data_is_an_error(wire: Any, oxide_server: Server, coding: Any, stream: bool) -> None:
    oxide_server.script(
        "/c", Answer.text(os.urandom(30_000), encoding=coding, truncate=10_000, framing="chunked")
    )
    if stream:
        answer = await wire.send(oxide_server.base_url + "/c", stream=True)
        with pytest.raises(LaneError, match=r"ended in the middle"):
            await answer.read_all()
    else:
        with pytest.raises(APIConnectionError, match="ended in the middle"):
            await wire.send(oxide_server.base_url + "/c")


@pytest.mark.parametrize("coding", CODINGS)
async def test_garbage_is_an_error(wire: Any, oxide_server: Server, coding: str) -> None:
    oxide_server.script("/c", Answer.text(b"\xff" * 5000, headers={"Content-Encoding": coding}), times=None)
    with pytest.raises(APIConnectionError, match=f"not valid {coding} data"):
        await wire.send(oxide_server.base_url + "/c")


async def test_an_unknown_coding_is_named(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.text(b"x", headers={"Content-Encoding": "lzma"}), times=None)
    with pytest.raises(APIConnectionError, match=r"'lzma'.*gzip"):
        await wire.send(oxide_server.base_url + "/c")


@pytest.mark.parametrize("coding", CODINGS)
async def test_bombs_stop_at_the_limit(wire: Any, oxide_server: Server, coding: Any) -> None:
    oxide_server.script("/c", Answer.text(bytes(8_000_000), encoding=coding), times=None)
    wire.transport(max_body=1_000_000)
    with pytest.raises(APIResponseValidationError, match="too large"):
        await wire.send(oxide_server.base_url + "/c", max_retries=3)
    assert len(oxide_server.journal) == 1


async def test_errors_are_decoded_too(wire: Any, oxide_server: Server) -> None:
    oxide_server.script("/c", Answer.error(400, encoding="gzip"), times=None)
    for stream in (False, True):
        with pytest.raises(Exception, match="Error code: 400 - "):
            await wire.send(oxide_server.base_url + "/c", stream=stream)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("identity", BODY),
        ("", BODY),
        ("GZIP", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:])),
        ("gzip", gzip.compress(BODY) + bytes(20)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", _raw_deflate(BODY)),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
    ],
)
@pytest.mark.parametrize("step", [1_000_000, 977, 1])
def test_decoders(coding: str, data: bytes, step: int) -> None:
    decoder = decoder_for(coding)
    if decoder is None:
        assert coding in ("identity", "")
        return
    out = b"".join(decoder.decompress(data[i : i + step]) for i in range(0, len(data), step))
    assert out + decoder.flush() == BODY


@pytest.mark.parametrize("coding", CODINGS)
def test_an_empty_body_needs_no_coding(coding: str) -> None:
    decoder = decoder_for(coding)
    assert decoder is not None
    assert decoder.decompress(b"") == b""
    assert decoder.flush() == b""
