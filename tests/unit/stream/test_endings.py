"""What is kept for the error of a stream that ends badly."""

from __future__ import annotations

from oxide.stream import endings


def test_what_several_connections_delivered_is_one_whole() -> None:
    def partial(*data: bytes, count: int | None = None) -> endings.Partial:
        return endings.Partial(
            len(data) if count is None else count, [(None, d) for d in data], make, b"rest"
        )

    def make(name: str | None, data: bytes) -> bytes:
        return data

    first = partial(b"1", b"2", b"3")
    both = partial(b"2", b"3", b"4").behind(first, 2)
    assert (both.count, both.raw, both.complete, both.rest) == (4, [b"1", b"2", b"3", b"4"], True, b"rest")
    assert partial(b"2").behind(first, 3).raw == first.raw
    # What a connection has dropped itself leaves a hole before which nothing is of use.
    holed = partial(b"9", count=6).behind(first)
    assert (holed.count, holed.raw, holed.complete) == (9, [b"9"], False)
    half = b"x" * (endings.LOG_SIZE // 2)
    full = partial(half, b"y").behind(partial(b"0", half))
    assert (full.count, full.raw, full.complete) == (4, [half, b"y"], False)
    assert partial(b"1").behind(None).raw == [b"1"]
