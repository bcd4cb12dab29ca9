"""The workloads: what is asked, what the server sends back in which pieces, what the client reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench import shapes


@dataclass(frozen=True)
class Workload:
    """One thing to measure.

    Attributes:
        name: Name on the command line; for HTTP workloads also the first segment of the path asked for.
        kind: ``call``, ``stream``, ``helper`` (a stream helper), ``sequential``, ``parallel``, ``idle``,
            ``import`` or ``cold``.
        api: ``chat``, ``responses``, ``parse`` or ``embeddings``: the method called and the fields read.
        request: Name of the request body in ``shapes.REQUESTS``.
        answer: Makes the body as the list of HTTP chunks to send (one for a plain answer).
        sent: ``bulk`` (handed to the kernel in one go), ``pieces`` (one write per turn of the server's loop),
            ``paced`` (one write per millisecond) or ``held`` (the first chunk at once, the rest on release).
        times: Calls in one operation (sequential, parallel) or streams opened (idle).
        about: One line for the table.
    """

    name: str
    kind: str
    api: str
    request: str
    answer: Callable[[], list[bytes]]
    sent: str = "bulk"
    times: int = 1
    about: str = ""

    @property
    def streamed(self) -> bool:
        """True when the answer is an event stream."""
        return self.kind in ("stream", "helper", "idle")


def _chat() -> list[bytes]:
    return [shapes.dumps(shapes.chat_answer())]


def _responses() -> list[bytes]:
    return [shapes.dumps(shapes.responses_answer())]


def _big() -> list[bytes]:
    return [shapes.dumps(shapes.big_response())]


def _structured() -> list[bytes]:
    return [shapes.dumps(shapes.structured_response())]


def _embeddings() -> list[bytes]:
    return [shapes.dumps(shapes.embeddings_answer())]


def _held() -> list[bytes]:
    events = shapes.responses_events(4)
    return [events[0], b"".join(events[1:])]


def _call(name: str, api: str, request: str, about: str, answer: Callable[[], list[bytes]]) -> Workload:
    return Workload(name, "call", api, request, answer, about=about)


def _stream(name: str, events: Callable[[], list[bytes]], about: str, sent: str = "bulk") -> Workload:
    api = name.split("-")[0]
    return Workload(
        name, "stream", api, "tiny" if api == "chat" else "tiny-responses", events, sent, about=about
    )


def _16k(events: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    return lambda: shapes.regrouped(events(), 16_384)


def _chat_114() -> list[bytes]:
    return shapes.chat_chunks(114)


def _chat_10k() -> list[bytes]:
    return shapes.chat_chunks(10_000)


def _message_10k() -> list[bytes]:
    return shapes.message_events(10_000)


def _responses_10k() -> list[bytes]:
    return shapes.responses_events(10_000)


_ALL = (
    _call("tiny", "chat", "tiny", "one small chat call, the answer's text read", _chat),
    _call("tiny-responses", "responses", "tiny-responses", "one small Responses call", _responses),
    _call("medium", "chat", "medium", "148 KB request: 20 messages, 5 tools", _chat),
    _call("heavy", "chat", "heavy", "648 KB request: 320 messages, 42 tools", _chat),
    _call("response-288k", "responses", "tiny-responses", "288 KB answer, len(r.output) read", _big),
    _call(
        "parse-300k",
        "parse",
        "tiny-responses",
        "300 KB structured answer as a model, validated by all",
        _structured,
    ),
    _call(
        "embeddings",
        "embeddings",
        "embeddings",
        "2,048 vectors of 1,536 floats as lists",
        _embeddings,
    ),
    _stream("chat-114-one", lambda: [b"".join(_chat_114())], "114 chunks in one write"),
    _stream("chat-114-chunks", _chat_114, "114 chunks, one HTTP chunk each"),
    _stream("chat-114-paced", _chat_114, "one chunk per millisecond: each is a read of its own", "paced"),
    _stream("responses-106", shapes.agent_events, "106 events without event: lines, one HTTP chunk each"),
    _stream("responses-10k-chunks", _responses_10k, "10,000 events, one HTTP chunk each"),
    _stream("responses-10k-16k", _16k(_responses_10k), "the same bytes in 16 KB writes", "pieces"),
    _stream("chat-10k-chunks", _chat_10k, "10,000 chunks, one HTTP chunk each"),
    _stream("chat-10k-16k", _16k(_chat_10k), "the same bytes in 16 KB writes", "pieces"),
    Workload(
        "chat-helper-10k",
        "helper",
        "chat",
        "tiny",
        _chat_10k,
        about="10,000 chunks through the stream helper, every snapshot read",
    ),
    Workload(
        "responses-helper-10k",
        "helper",
        "responses",
        "tiny-responses",
        _message_10k,
        about="10,000 deltas through the stream helper, every snapshot read",
    ),
    Workload(
        "sequential-20", "sequential", "chat", "tiny", _chat, times=20, about="20 calls one after another"
    ),
    Workload("parallel-50", "parallel", "chat", "tiny", _chat, times=50, about="50 calls at once"),
    Workload("idle-1000", "idle", "responses", "tiny-responses", _held, "held", 1000, "1,000 open streams"),
    Workload("import", "import", "chat", "tiny", _chat, about="import and construct, in a new process"),
    Workload(
        "cold", "cold", "responses", "tiny-responses", _responses, about="import to first responses.create"
    ),
    Workload("cold-chat", "cold", "chat", "tiny", _chat, about="import to first chat.completions.create"),
)
WORKLOADS: dict[str, Workload] = {w.name: w for w in _ALL}


def head(workload: Workload, pieces: list[bytes]) -> bytes:
    """The status line and headers of the answer, as many as the real API sends."""
    kind = b"text/event-stream; charset=utf-8" if workload.streamed else b"application/json"
    size = b"Transfer-Encoding: chunked" if workload.streamed else b"Content-Length: %d" % len(pieces[0])
    lines = (
        b"HTTP/1.1 200 OK",
        b"Date: Sat, 06 Jun 2026 12:00:00 GMT",
        b"Content-Type: " + kind,
        size,
        b"Connection: keep-alive",
        b"openai-organization: org-bench",
        b"openai-processing-ms: 42",
        b"openai-version: 2020-10-01",
        b"x-ratelimit-limit-requests: 10000",
        b"x-ratelimit-limit-tokens: 2000000",
        b"x-ratelimit-remaining-requests: 9999",
        b"x-ratelimit-remaining-tokens: 1999990",
        b"x-ratelimit-reset-requests: 6ms",
        b"x-ratelimit-reset-tokens: 0s",
        b"x-request-id: req_0123456789abcdef0123456789abcdef",
        b"strict-transport-security: max-age=31536000; includeSubDomains; preload",
        b"",
        b"",
    )
    return b"\r\n".join(lines)


def chunked(pieces: list[bytes]) -> list[bytes]:
    """Each piece as one HTTP chunk, with the terminating chunk added to the last."""
    out = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    out[-1] += b"0\r\n\r\n"
    return out


def wire_answer(workload: Workload) -> list[bytes]:
    """The whole answer as the list of byte strings the server writes, the head in front of the first."""
    pieces = workload.answer()
    start = head(workload, pieces)
    sent = chunked(pieces) if workload.streamed else pieces
    if workload.sent == "bulk":
        return [start + b"".join(sent)]
    return [start + sent[0], *sent[1:]]
