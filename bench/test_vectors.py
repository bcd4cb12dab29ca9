"""One embedding out of a body, under pytest-benchmark: oxide, the official SDK, orjson on numbers."""

from __future__ import annotations

import base64
import random
import time
from array import array
from collections.abc import Callable
from typing import Any

import orjson
import pytest


def bodies(size: int) -> tuple[bytes, bytes]:
    """The same answer with base64 and with numbers."""
    rng = random.Random(size)
    vector = array("f", [rng.gauss(0.0, 0.025) for _ in range(size)])

    def answer(embedding: object) -> bytes:
        item = {"object": "embedding", "index": 0, "embedding": embedding}
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return orjson.dumps({"object": "list", "data": [item], "model": "m", "usage": usage})

    return answer(base64.b64encode(vector.tobytes()).decode()), answer(vector.tolist())


def oxide_list(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """Base64 to a list in oxide."""
    from oxide.models import build
    from oxide.types import CreateEmbeddingResponse

    body = packed + bytes(64)
    return lambda: build(CreateEmbeddingResponse, body, len(packed)).data[0].embedding


def oxide_numbers(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """Plain numbers to a list in oxide."""
    return oxide_list(numbers, packed)


def oxide_numpy(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """Base64 to an array of numpy in oxide."""
    from oxide.models import build
    from oxide.types import CreateEmbeddingResponse

    body = packed + bytes(64)
    return lambda: build(CreateEmbeddingResponse, body, len(packed)).data[0].to_numpy()


def official(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """What the official SDK does, with numpy installed or without."""
    import json

    from openai import omit
    from openai._models import construct_type
    from openai.lib._parsing._embeddings import parse_embedding_response
    from openai.types import CreateEmbeddingResponse

    def read() -> Any:
        made: Any = construct_type(type_=CreateEmbeddingResponse, value=json.loads(packed))
        return parse_embedding_response(made, encoding_format=omit).data[0].embedding

    return read


def official_array(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """The same without numpy."""
    return official(packed, numbers)


def orjson_numbers(packed: bytes, numbers: bytes) -> Callable[[], Any]:
    """Plain numbers to a list by orjson, untyped."""
    return lambda: orjson.loads(numbers)["data"][0]["embedding"]


READERS = (oxide_list, oxide_numpy, oxide_numbers, official, official_array, orjson_numbers)


@pytest.mark.benchmark(timer=time.process_time, disable_gc=False)
@pytest.mark.parametrize("reader", READERS, ids=lambda r: r.__name__)
@pytest.mark.parametrize("size", [1536, 3072])
def test_vectors(benchmark: Any, monkeypatch: pytest.MonkeyPatch, reader: Any, size: int) -> None:
    benchmark.group = f"{size} dimensions"
    if reader is official_array:
        monkeypatch.setattr("openai.lib._parsing._embeddings.has_numpy", lambda: False)
    read = reader(*bodies(size))
    got = benchmark.pedantic(read, rounds=30, iterations=100, warmup_rounds=1)
    assert list(got) == list(orjson_numbers(*bodies(size))())
