"""Embeddings over each lane: asked for as base64, read as floats, numpy arrays, or as asked for."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import oxide
from oxide.errors import EmptyEmbeddingsError
from oxide.models.lazy import is_lazy
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")


@pytest_asyncio.fixture
async def client(lane: str, oxide_server: Server) -> AsyncIterator[oxide.AsyncOpenAI]:
    async with oxide.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url, max_retries=0) as client:
        yield client


def coded(*values: float) -> str:
    return b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def answer(*embeddings: Any) -> Answer:
    data = [{"object": "embedding", "index": i, "embedding": e} for i, e in enumerate(embeddings)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer.json({"object": "list", "data": data, "model": "m", "usage": usage})


async def test_base64_is_asked_for_and_floats_are_read(client: Any, oxide_server: Server) -> None:
    response = await client.embeddings.create(model="m", input=["a", "b"], dimensions=64)
    assert oxide_server.journal[0].json() == {
        "model": "m",
        "input": ["a", "b"],
        "dimensions": 64,
        "encoding_format": "base64",
    }
    first, second = response.data
    assert is_lazy(first)
    assert len(first.embedding) == len(second.embedding) == 64
    assert math.isclose(sum(x * x for x in first.embedding), 1.0, rel_tol=1e-5)
    assert first.embedding != second.embedding
    assert response.usage.total_tokens == 2
    assert response._request_id


@pytest.mark.parametrize("sent", [coded(1.5, -2.0), [1.5, -2]], ids=["base64", "numbers"])
@pytest.mark.parametrize("wanted", [None, "float", "base64"])
async def test_as_the_official_sdk(client: Any, oxide_server: Server, sent: Any, wanted: str | None) -> None:
    oxide_server.script("/embeddings", answer(sent, sent), times=None)
    given: dict[str, Any] = {} if wanted is None else {"encoding_format": wanted}
    async with openai.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as official:
        theirs = await official.embeddings.create(model="m", input="x", user="u", **given)
        raw_theirs = await official.embeddings.with_raw_response.create(model="m", input="x", **given)
    for validation in ("lazy", "eager", "off"):
        if wanted == "float" and isinstance(sent, str):
            continue  # a server that does not do as asked: official gives the string, oxide the floats
        own = client.with_options(validation=validation)
        ours = await own.embeddings.create(model="m", input="x", user="u", **given)
        raw = await own.embeddings.with_raw_response.create(model="m", input="x", **given)
        assert ours.data[0].embedding == theirs.data[0].embedding
        assert type(ours.data[0].embedding) is type(theirs.data[0].embedding)
        assert ours.to_dict(warnings=False) == theirs.to_dict(warnings=False)
        assert ours.model_dump_json(warnings=False) == theirs.model_dump_json(warnings=False)
        assert raw.parse().to_dict(warnings=False) == raw_theirs.parse().to_dict(warnings=False)
        assert oxide_server.journal[-2].json() == oxide_server.journal[0].json()
    async with client.embeddings.with_streaming_response.create(model="m", input="x", **given) as unread:
        parsed = await unread.parse()
    if wanted != "float" or not isinstance(sent, str):
        assert parsed.to_dict(warnings=False) == theirs.to_dict(warnings=False)


async def test_arrays(client: Any, oxide_server: Server) -> None:
    import numpy

    vectors = [[1.5, -2.0, 0.25], [0.0, 4.0, -8.0]]
    for given in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
        sent = vectors if given == {"encoding_format": "float"} else [coded(*v) for v in vectors]
        oxide_server.script("/embeddings", answer(*sent))
        response = await client.embeddings.create(model="m", input=["a", "b"], **given)
        matrix = response.to_numpy()
        assert matrix.dtype == numpy.float32
        assert matrix.tolist() == vectors
        row = response.data[1].to_numpy()
        assert row.dtype == numpy.float32
        assert row.tolist() == vectors[1]
        row[0] = 7.0  # its own, and not read-only
        assert response.data[1].to_numpy()[0] == 0.0
        assert response.data[0].to_array().typecode == "f"
        assert response.data[0].to_array().tolist() == vectors[0]
        if given != {"encoding_format": "base64"}:
            response.data[0].embedding = [9.0]
            assert response.data[0].to_numpy().tolist() == [9.0]
            assert response.data[0].to_array().tolist() == [9.0]
    made = oxide.types.Embedding(embedding=[1.0], index=0, object="embedding")
    assert made.to_numpy().tolist() == [1.0]


async def test_vectors_of_different_lengths_are_no_matrix(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/embeddings", answer(coded(1.0), coded(1.0, 2.0)))
    response = await client.embeddings.create(model="m", input=["a", "b"])
    with pytest.raises(ValueError, match="shape"):
        response.to_numpy()


def test_without_numpy_the_message_says_what_to_do() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from oxide.types import Embedding\n"
        "e = Embedding(embedding=[1.5], index=0, object='embedding')\n"
        "assert e.to_array().tolist() == [1.5]\n"
        "try: e.to_numpy()\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'oxide[numpy]'" in run.stdout


def test_numpy_is_not_imported_before_it_is_asked_for() -> None:
    code = (
        "import sys, oxide, oxide.resources.embeddings, oxide.helpers.embeddings\n"
        "from oxide.types import CreateEmbeddingResponse\n"
        "print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("bad", "received"),
    [
        ("%%%%", "a string of 4 characters that is not base64"),
        ("AAAA", "base64 of 3 bytes, which is no multiple of 4"),
        ([1.0, None], "null"),
    ],
)
async def test_what_is_no_vector_is_named(client: Any, oxide_server: Server, bad: Any, received: str) -> None:
    oxide_server.script("/embeddings", answer(coded(1.0), bad), times=None)
    response = await client.embeddings.create(model="m", input=["a", "b"])
    for read in (lambda: response.data[1].embedding, lambda: response.data[1].to_numpy()):
        with pytest.raises(oxide.APIResponseValidationError) as info:
            read()
        assert info.value.path is not None
        assert info.value.path.startswith("data[1].embedding")
        assert info.value.received == received
    eager = client.with_options(validation="eager")
    with pytest.raises(oxide.APIResponseValidationError) as info:
        await eager.embeddings.create(model="m", input=["a", "b"])
    assert info.value.request.url.endswith("/embeddings")


async def test_no_vector_at_all(client: Any, oxide_server: Server) -> None:
    oxide_server.script("/embeddings", answer(), times=None)
    async with openai.AsyncOpenAI(api_key="k", base_url=oxide_server.base_url) as official:
        with pytest.raises(ValueError, match="embedding"):
            await official.embeddings.create(model="m", input="x")
    with pytest.raises(EmptyEmbeddingsError, match="embedding for each input") as info:
        await client.embeddings.create(model="m", input="x")
    assert isinstance(info.value, ValueError)
    assert info.value.response is not None
    assert info.value.response.request is not None
    assert (await client.embeddings.create(model="m", input="x", encoding_format="float")).data == []


async def test_a_large_answer(client: Any, oxide_server: Server) -> None:
    inputs = [f"text {i}" for i in range(40)]
    response = await client.embeddings.create(model="m", input=inputs, dimensions=3072)
    assert [e.index for e in response.data] == list(range(40))
    assert response.to_numpy().shape == (40, 3072)
    numbers = await client.embeddings.create(
        model="m", input=inputs, dimensions=3072, encoding_format="float"
    )
    assert numbers.to_dict(warnings=False) == response.to_dict(warnings=False)
