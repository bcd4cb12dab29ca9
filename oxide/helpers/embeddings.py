"""Embeddings: asked for as base64, a tenth of the bytes to parse, and decoded when they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from oxide.options import NotGiven, Omit, omit
from oxide.resources._base import Endpoint

if TYPE_CHECKING:
    from array import array

    import numpy
    from numpy.typing import NDArray

    from oxide.options import Validation
    from oxide.transport.request import RawAnswer
    from oxide.types import CreateEmbeddingResponse

__all__ = ["EmbeddingMatrix", "EmbeddingVector", "embeddings_endpoint"]

_RESULT = "oxide.types.create_embedding_response:CreateEmbeddingResponse"


class EmbeddingVector:
    """What `Embedding` has beyond the fields of an answer."""

    # The list of floats may come as base64: see oxide.models.floats.
    __oxide_packed__ = frozenset({"embedding"})

    if TYPE_CHECKING:
        embedding: list[float]

    def to_numpy(self) -> NDArray[numpy.float32]:
        """The vector as an array of numpy.

        Out of an answer in base64, the default, no Python float is made: the array is the decoded bytes.

        Returns:
            A new one-dimensional array of float32.

        Raises:
            ImportError: numpy is not installed.
            APIResponseValidationError: the server sent something else than a vector.
        """
        np = _numpy()
        data = _packed(self)
        if data is None:
            return cast("NDArray[numpy.float32]", np.array(_list_of(self), dtype=np.float32))
        found: Any = np.frombuffer(data, dtype="<f4")
        return cast("NDArray[numpy.float32]", found)

    def to_array(self) -> array[float]:
        """The vector as an array of the standard library.

        Returns:
            A new `array.array` of singles (typecode ``f``).

        Raises:
            APIResponseValidationError: the server sent something else than a vector.
        """
        from array import array

        from oxide.models.floats import singles

        data = _packed(self)
        return array("f", _list_of(self)) if data is None else singles(data)


class EmbeddingMatrix:
    """What `CreateEmbeddingResponse` has beyond the fields of an answer."""

    if TYPE_CHECKING:
        data: list[Any]

    def to_numpy(self) -> NDArray[numpy.float32]:
        """All vectors as one array of numpy, a row for each input, in the order of `data`.

        Returns:
            A new array of float32, shape (inputs, dimensions).

        Raises:
            ImportError: numpy is not installed.
            ValueError: the vectors have different lengths.
            APIResponseValidationError: the server sent something else than vectors.
        """
        np = _numpy()
        rows = [item.to_numpy() for item in self.data]
        return cast("NDArray[numpy.float32]", np.stack(rows))


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError(
            "to_numpy() needs numpy: pip install 'oxide[numpy]', or use to_array() or the list in `embedding`"
        ) from error
    return numpy


def _packed(vector: EmbeddingVector) -> bytearray | None:
    """The singles as they came; None where the answer held numbers, or the object is none of an answer."""
    from oxide.models.floats import unpack
    from oxide.models.lazy import packed

    data = packed(vector, "embedding")
    if data is None and isinstance(cast("object", vector.embedding), str):
        return unpack(cast("str", vector.embedding))
    return data


def _list_of(vector: EmbeddingVector) -> list[float]:
    return vector.embedding


class _Decoded(Endpoint["CreateEmbeddingResponse"]):
    """Asked for as base64 by us: the user sees floats."""

    __slots__ = ()

    def maker(self) -> Callable[[RawAnswer, Validation], Any]:
        plain = super().maker()

        def make(answer: RawAnswer, validation: Validation) -> Any:
            result = plain(answer, validation)
            if not result.data:
                raise _empty(answer)
            return result

        self.make = make
        return make


class _Encoded(Endpoint["CreateEmbeddingResponse"]):
    """Asked for as base64 by the user: what came stays a string."""

    __slots__ = ()

    def maker(self) -> Callable[[RawAnswer, Validation], Any]:
        plain = super().maker()

        def make(answer: RawAnswer, validation: Validation) -> Any:
            from oxide.models import materialise

            result = plain(answer, "off" if validation == "off" else "lazy")
            for item in result.data or ():
                _keep_text(item)
                if validation == "eager":
                    materialise(item)
            if validation == "eager":
                materialise(result)
            return result

        self.make = make
        return make


def _keep_text(item: Any) -> None:
    from json import loads

    from oxide.models.lazy import note, raw_json

    text = raw_json(item)
    value = loads(text).get("embedding") if text is not None else None
    if isinstance(value, str):
        note(item, "embedding", value)


def _empty(answer: RawAnswer) -> Exception:
    from oxide.errors import EmptyEmbeddingsError

    return EmptyEmbeddingsError(answer.facts())


_DECODED = _Decoded("POST", "/embeddings", _RESULT)
_ENCODED = _Encoded("POST", "/embeddings", _RESULT)
_NUMBERS: Endpoint[CreateEmbeddingResponse] = Endpoint("POST", "/embeddings", _RESULT)


# In which the official SDK sends what a request has.
_ORDER = ("model", "input", "user", "dimensions", "encoding_format")


def embeddings_endpoint(body: dict[str, object]) -> Endpoint[CreateEmbeddingResponse]:
    """The operation `POST /embeddings` for a request; where none is given, base64 becomes its format.

    Args:
        body: the request, which is completed.

    Returns:
        The operation, which knows what the user is to see of the vectors.
    """
    for name in _ORDER:
        if name in body:
            body[name] = body.pop(name)
    wanted = body.get("encoding_format", omit)
    if isinstance(wanted, (Omit, NotGiven)):
        body["encoding_format"] = "base64"
        return _DECODED
    return _ENCODED if wanted == "base64" else _NUMBERS
