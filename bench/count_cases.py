"""What is counted under callgrind: small fixed bodies of the hot path, each run N and M times between marks.

Run by ``bench.counts``; by itself (``python -m bench.count_cases``) it only shows that every case runs.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import shapes

Body = Callable[[int], None]


@dataclass(frozen=True)
class Case:
    """One body to count.

    Attributes:
        name: Its key in ``limits.json``.
        make: Prepares and returns the body, which takes the number of operations to run.
        n: Operations of the short run.
        m: Operations of the long run; the difference of both runs, divided by ``m - n``, is the count.
        about: What one operation is.
        per: What one operation counts for, such as the events of a stream.
    """

    name: str
    make: Callable[[str], Body]
    n: int
    m: int
    about: str
    per: int = 1


CASES: dict[str, Case] = {}
_cleanups: list[Callable[[], object]] = []
REFERENCES = ("ref.python", "ref.orjson")


def case(
    name: str, n: int, m: int, about: str, per: int = 1
) -> Callable[[Callable[[str], Body]], Callable[[str], Body]]:
    """Register the decorated maker of a body; it gets the base address of the bench's server."""

    def register(make: Callable[[str], Body]) -> Callable[[str], Body]:
        CASES[name] = Case(name, make, n, m, about, per)
        return make

    return register


def _repeated(operation: Callable[[], Any]) -> Body:
    def body(times: int) -> None:
        for _ in range(times):
            operation()

    return body


def _event() -> bytes:
    return shapes.responses_events(6)[3].split(b"data: ", 1)[1].rstrip()


@case("ref.python", 200, 1_200, "a loop of plain Python: tells one interpreter build from another")
def _python(_: str) -> Body:
    words = shapes.text(__import__("random").Random(1), 400)

    def operation() -> int:
        counts: dict[str, int] = {}
        for word in words.split():
            counts[word] = counts.get(word, 0) + 1
        return sum(counts.values())

    return _repeated(operation)


@case(
    "ref.orjson",
    200,
    1_200,
    "orjson.loads of one event: a yardstick for machines without limits of their own",
)
def _orjson(_: str) -> Body:
    import orjson

    event = _event()
    return _repeated(lambda: orjson.loads(event))


@case("json.pluck", 200, 1_200, "one field of a small event")
def _pluck(_: str) -> Body:
    from oxide import json

    event = _event()
    return _repeated(lambda: json.pluck(event, "delta"))


@case("json.loads", 200, 1_200, "a small event as a dict")
def _loads(_: str) -> Body:
    from oxide import json

    event = _event()
    return _repeated(lambda: json.loads(event))


@case("sse.decode", 10, 60, "one named event out of the decoder, fed in reads of 16 KB", per=256)
def _decode(_: str) -> Body:
    from oxide.stream.sse import SSEDecoder

    reads = shapes.regrouped(shapes.responses_events(256), 16_384)

    def operation() -> None:
        decoder = SSEDecoder()
        for data in reads:
            decoder.feed(data)
        decoder.close()

    return _repeated(operation)


@case("event.responses", 200, 1_200, "one text delta made an object, `type` and `delta` read")
def _responses_event(_: str) -> Body:
    from oxide.models import EventFactory
    from oxide.types.responses import ResponseStreamEvent

    factory = EventFactory(ResponseStreamEvent)
    data = _event()

    def operation() -> int:
        event: Any = factory.make_event("response.output_text.delta", data)
        return len(event.type) + len(event.delta)

    return _repeated(operation)


@case("event.chat", 200, 1_200, "one chat chunk made an object, the delta's content read")
def _chat_event(_: str) -> Body:
    from oxide.models import EventFactory
    from oxide.types.chat import ChatCompletionChunk

    factory = EventFactory(ChatCompletionChunk)
    data = shapes.chat_chunks(6)[3][6:].rstrip()

    def operation() -> int:
        chunk: Any = factory.make_event(None, data)
        return len(chunk.choices[0].delta.content)

    return _repeated(operation)


@case("answer.chat", 100, 600, "a short chat completion made an object, its text read")
def _chat_answer(_: str) -> Body:
    from oxide.json import pad
    from oxide.models import build
    from oxide.types.chat import ChatCompletion

    text = shapes.dumps(shapes.chat_answer())
    body = pad(text)
    return _repeated(lambda: len(build(ChatCompletion, body, len(text)).choices[0].message.content))


def _big(read: Callable[[Any], object]) -> Body:
    from oxide.json import pad
    from oxide.models import build
    from oxide.types.responses import Response

    text = shapes.dumps(shapes.big_response())
    body = pad(text)
    return _repeated(lambda: read(build(Response, body, len(text))))


@case("answer.288k.id", 20, 120, "one field of a 288 KB response")
def _big_id(_: str) -> Body:
    return _big(lambda response: response.id)


@case("answer.288k.output", 20, 120, "len(r.output) of a 288 KB response: 180 items")
def _big_output(_: str) -> Body:
    return _big(lambda response: len(response.output))


def _over_loopback(workload: str, base: str, call: Callable[[Any], Callable[[], Any]] | None = None) -> Body:
    from bench.peers.host import make, operation, repeat
    from bench.workloads import WORKLOADS

    loop = asyncio.new_event_loop()
    peer: Any = make("oxide", WORKLOADS[workload], base)
    loop.run_until_complete(peer.start())
    op = operation(peer) if call is None else call(peer)

    def body(times: int) -> None:
        loop.run_until_complete(repeat(op, times))

    def close() -> None:
        loop.run_until_complete(peer.stop())
        loop.close()

    _cleanups.append(close)
    return body


@case("call.chat", 50, 250, "chat.completions.create() over loopback, its text read")
def _call(base: str) -> Body:
    return _over_loopback("tiny", base)


@case("call.responses", 50, 250, "responses.create() over loopback, its output_text read")
def _response(base: str) -> Body:
    def call(peer: Any) -> Callable[[], Any]:
        async def operation() -> int:
            return len((await peer._respond(**peer.request)).output_text)

        return operation

    return _over_loopback("tiny-responses", base, call)


@case("call.text", 50, 250, "the same with responses.create_text()")
def _text(base: str) -> Body:
    def call(peer: Any) -> Callable[[], Any]:
        create_text = peer._client.responses.create_text

        async def operation() -> int:
            return len(await create_text(**peer.request))

        return operation

    return _over_loopback("tiny-responses", base, call)


@case("call.heavy", 5, 25, "the same with a request of 648 KB")
def _heavy(base: str) -> Body:
    return _over_loopback("heavy", base)


@case("stream.responses", 1, 3, "one event of responses.create(stream=True) over loopback", per=10_000)
def _stream_responses(base: str) -> Body:
    return _over_loopback("responses-10k-chunks", base)


@case("stream.chat", 1, 3, "one chunk of chat.completions.create(stream=True) over loopback", per=10_000)
def _stream_chat(base: str) -> Body:
    return _over_loopback("chat-10k-chunks", base)


def _helped(state: Any, handle: str, made: list[Any]) -> None:
    add = getattr(state, handle)
    for raw in made:
        for event in add(raw):
            event.type  # noqa: B018


def _chat_helper(_: str) -> Body:
    from oxide.helpers.chat_stream import ChatCompletionStreamState
    from oxide.models import EventFactory
    from oxide.types.chat import ChatCompletionChunk

    factory: Any = EventFactory(ChatCompletionChunk)
    first, *some = [factory.make_event(None, raw[6:].rstrip()) for raw in shapes.chat_chunks(66)[:65]]

    def body(times: int) -> None:
        state: Any = ChatCompletionStreamState()
        _helped(state, "handle_chunk", [first, *(some * (times // 64 + 1))[:times]])
        assert state.current_completion_snapshot.choices[0].message.content

    return body


def _responses_helper(_: str) -> Body:
    from oxide.helpers.response_stream import ResponseStreamState
    from oxide.models import EventFactory
    from oxide.types.responses import ResponseStreamEvent

    factory: Any = EventFactory(ResponseStreamEvent)
    raws = [raw.split(b"data: ", 1)[1].rstrip() for raw in shapes.message_events(64)[:67]]
    opening, some = ([factory.make_event(None, raw) for raw in part] for part in (raws[:3], raws[3:]))

    def body(times: int) -> None:
        _helped(ResponseStreamState(), "handle_event", [*opening, *(some * (times // 64 + 1))[:times]])

    return body


# Each helper twice: over the first 10,000 deltas of a stream and over the second. The two agree where a delta
# costs the same wherever it stands, so that 20,000 take twice as long as 10,000.
for _name, _maker in (("chat", _chat_helper), ("responses", _responses_helper)):
    case(f"helper.{_name}", 100, 10_100, f"one {_name} delta through the stream helper, of the first 10,000")(
        _maker
    )
    case(f"helper.{_name}.second", 10_100, 20_100, "the same, of the second 10,000")(_maker)


# Last: large answers change where malloc takes memory from, and with it what growing a large body costs.
@case("parse.validate", 5, 25, "model_validate_json of the text of a structured answer of 300 KB")
def _validate(_: str) -> Body:
    from bench.structured import Report

    text = shapes.structured_response()["output"][0]["content"][0]["text"]
    return _repeated(lambda: Report.model_validate_json(text))


@case(
    "parse.call",
    5,
    25,
    "responses.parse() of that answer, over loopback: to be 1.15 times that",
)
def _parse(base: str) -> Body:
    return _over_loopback("parse-300k", base)


def clean() -> None:
    """Close what the cases opened."""
    while _cleanups:
        _cleanups.pop()()


def run(names: list[str], base: str, mark: Callable[[], object]) -> None:
    """Run the cases in order; three marks around the two runs of each."""
    gc.collect()
    gc.disable()
    for name in names:
        found = CASES[name]
        body = found.make(base)
        body(found.n)
        mark()
        body(found.n)
        mark()
        body(found.m)
        mark()
    gc.enable()
    clean()


def main() -> None:
    """``count_cases BASE NAME…``: run the cases against the server at ``BASE``."""
    # callgrind dumps its counters each time libc's ctermid() is entered: nothing else calls it, and CPython
    # does so directly (a call through ctypes switches stacks and is not seen as one).
    run(sys.argv[2:], sys.argv[1], os.ctermid)


if __name__ == "__main__":
    main()
