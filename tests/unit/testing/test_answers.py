"""What an answer is on the wire."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import brotli
import orjson
import pytest
import zstandard

from oxide.testing import Answer
from oxide.testing.answers import coerce, sse_bytes


def head_of(answer: Answer, *, keep_alive: bool = True) -> list[str]:
    return answer.head({"x-request-id": "req_1"}, keep_alive=keep_alive).decode().split("\r\n")


def test_json_has_a_length_and_goes_out_in_one_write() -> None:
    answer = Answer.json({"a": 1})
    assert head_of(answer) == [
        "HTTP/1.1 200 OK",
        "x-request-id: req_1",
        "Content-Length: 7",
        "Content-Type: application/json",
        "",
        "",
    ]
    assert answer.framed == (b'{"a":1}',)
    assert answer.in_one


def test_bytes_are_json_already() -> None:
    assert Answer.json(b'{"broken').body == (b'{"broken',)


def test_header_given_twice_and_replaced() -> None:
    answer = Answer.text("x", headers=[("X-A", "1"), ("X-A", "2"), ("X-Request-Id", "mine")])
    lines = head_of(answer)
    assert lines.count("X-A: 1") == lines.count("X-A: 2") == lines.count("X-Request-Id: mine") == 1
    assert "x-request-id: req_1" not in lines


def test_a_wrong_length_can_be_claimed() -> None:
    assert "Content-Length: 99" in head_of(Answer.text("x", headers={"Content-Length": "99"}))
    assert "Content-Length: 1" not in head_of(Answer.text("x", headers={"content-length": "99"}))


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer.text("x", close=True), "Connection: close"),
        (Answer.text("x", framing="close"), "Connection: close"),
        (Answer.text("x", http="1.0"), "Connection: keep-alive"),
        (Answer.text("x", 299), "HTTP/1.1 299 "),
        (Answer.text("x", reason="Fine"), "HTTP/1.1 200 Fine"),
        (Answer.html(), "Content-Type: text/html; charset=utf-8"),
        (Answer.redirect("/there", 308), "Location: /there"),
        (Answer.sse([]), "Transfer-Encoding: chunked"),
        (Answer.text("x", encoding="gzip"), "Content-Encoding: gzip"),
    ],
)
def test_head(answer: Answer, line: str) -> None:
    assert line in head_of(answer)


def test_connection_close_where_the_request_asked_for_it() -> None:
    assert "Connection: close" in head_of(Answer.text("x"), keep_alive=False)


def test_no_body_and_no_length_with_204() -> None:
    answer = Answer.text("", 204)
    assert not [line for line in head_of(answer) if line.startswith(("Content-Length", "Transfer"))]
    assert answer.framed == ()


def test_interim_answers_come_first() -> None:
    lines = head_of(Answer.text("x", interim=[(103, {"Link": "</a>"}), (102, {})]))
    assert lines[:6] == [
        "HTTP/1.1 103 Early Hints",
        "Link: </a>",
        "",
        "HTTP/1.1 102 Processing",
        "",
        "HTTP/1.1 200 OK",
    ]


def test_chunked_framing() -> None:
    answer = Answer((b"abc", b"", b"defgh"))
    assert answer.framed == (b"3\r\nabc\r\n", b"5\r\ndefgh\r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"a": 1}, b'data: {"a":1}\n\n'),
        ({"type": "t", "a": 1}, b'event: t\ndata: {"type":"t","a":1}\n\n'),
        ({"type": "t", "object": "o"}, b'data: {"type":"t","object":"o"}\n\n'),
        ("two\nlines", b"data: two\ndata: lines\n\n"),
        (("ping", {}), b"event: ping\ndata: {}\n\n"),
        (b": raw\r\n\r\n", b": raw\r\n\r\n"),
        ("", b"data: \n\n"),
    ],
)
def test_event(event: object, expected: bytes) -> None:
    assert sse_bytes(event) == expected  # type: ignore[arg-type]


def test_named_can_be_forced() -> None:
    assert Answer.sse([{"type": "t"}], named=False).body == (b'data: {"type":"t"}\n\n',)
    assert Answer.sse([{"type": "t", "object": "o"}], named=True).body[0].startswith(b"event: t\n")


def test_done() -> None:
    assert Answer.sse([{}], done=True).body[-1] == b"data: [DONE]\n\n"


def test_splits_cut_the_body_and_count_body_bytes() -> None:
    answer = Answer.sse(["abc", "def"], splits=[3, 1, 3, 0, 999])
    assert answer.body == (b"d", b"at", b"a: abc\n\ndata: def\n\n")


def test_truncate_ends_the_message_cleanly() -> None:
    answer = Answer.sse(["abc", "def"], truncate=13)
    assert answer.framed == (b"b\r\ndata: abc\n\n\r\n", b"2\r\nda\r\n", b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("encoding", "decode"),
    [
        ("gzip", gzip.decompress),
        ("deflate", zlib.decompress),
        ("br", brotli.decompress),
        ("zstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    ],
)
def test_encoding_flushes_after_each_piece(encoding: str, decode: object) -> None:
    answer = Answer.sse(["first", "second"], encoding=encoding)
    assert decode(b"".join(answer.body)) == b"data: first\n\ndata: second\n\n"  # type: ignore[operator]
    assert len(answer.body) == 3
    assert all(answer.body[:2])


def test_error_has_the_shape_of_the_api() -> None:
    answer = Answer.error(429, "slow down", retry_after=0.25)
    assert orjson.loads(answer.body[0]) == {
        "error": {"message": "slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    }
    assert "Retry-After: 0.25" in head_of(answer)
    assert "retry-after-ms: 250" in head_of(answer)


def test_retry_after_as_a_date_and_in_whole_seconds() -> None:
    assert "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT" in head_of(
        Answer.error(503, retry_after="Fri, 31 Dec 1999 23:59:59 GMT")
    )
    lines = head_of(Answer.error(429, retry_after=2))
    assert "Retry-After: 2" in lines
    assert not [line for line in lines if line.startswith("retry-after-ms")]


@pytest.mark.parametrize(("status", "kind"), [(418, "invalid_request_error"), (599, "server_error")])
def test_error_of_an_unusual_status(status: int, kind: str) -> None:
    assert orjson.loads(Answer.error(status).body[0])["error"]["type"] == kind


def test_raw_is_the_whole_answer() -> None:
    answer = Answer.raw(b"HTTP/1.1 200 OK\r\n", b"\r\n")
    assert answer.head({"x": "y"}, keep_alive=True) == b""
    assert answer.framed == (b"HTTP/1.1 200 OK\r\n", b"\r\n")


def test_callable_pieces_are_asked_for_each_time() -> None:
    asked: list[int] = []

    def pieces() -> Iterator[bytes]:
        asked.append(1)
        yield b"data: 1\n\n"

    answer = Answer.sse(pieces)
    assert answer.plain_stream
    for _ in range(2):
        assert [b"".join(f) for f in answer.frames()] == [b"9\r\ndata: 1\n\n\r\n", b"0\r\n\r\n"]
    assert len(asked) == 2


def test_but_changes_a_copy() -> None:
    answer = Answer.json({})
    assert answer.but(status=500).status == 500
    assert answer.status == 200


def test_coerce() -> None:
    assert coerce({"a": 1}).body == (b'{"a":1}',)
    assert coerce([{"a": 1}]).body == (b'data: {"a":1}\n\n',)
    with pytest.raises(TypeError, match="not int"):
        coerce(1)  # type: ignore[arg-type]
