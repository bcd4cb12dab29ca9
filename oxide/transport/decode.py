"""Content codings: gzip, deflate, br and zstd where installed, bounded against decompression bombs."""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol

from .request import LaneError

__all__ = ["Decoder", "accept_encoding", "decoder_for"]

_PIECE: Final = 512
"""Input bytes per step for decompressors that cannot bound their own output: a zstd block of 4 bytes can grow
to 128 KiB, so 512 bytes overshoot a limit by 16 MiB at most."""
_STEP: Final = 256 * 1024
"""Output bytes per step for those that can."""


class Decoder(Protocol):
    """Turns the bytes of one body from its coding into plain bytes."""

    def decompress(self, data: bytes, /) -> bytes:
        """Decode the next piece.

        Args:
            data: bytes as received.

        Raises:
            LaneError: the data is broken (``decode``) or grows above the limit (``too_large``).
        """
        ...

    def flush(self) -> bytes:
        """Decode what is left at the end of the body.

        Raises:
            LaneError: the body ended before its coding did.
        """
        ...


def _first(*names: str) -> Any:
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(names[-1])


def _brotli() -> Any:
    return _first("brotli", "brotlicffi")


def _zstd() -> Callable[[], Any]:
    # compression.zstd is in the standard library from Python 3.14 on.
    found = _first("zstandard", "compression.zstd")
    maker: Callable[[], Any] = found.ZstdDecompressor
    return maker().decompressobj if hasattr(maker, "decompressobj") else maker


@functools.cache
def _installed() -> tuple[str, ...]:
    names = ["gzip", "deflate"]
    for name, load in (("br", _brotli), ("zstd", _zstd)):
        try:
            load()
        except ImportError:
            continue
        names.append(name)
    return tuple(names)


@functools.cache
def accept_encoding() -> str:
    """The value for Accept-Encoding: the codings this installation can decode.

    Returns:
        ``gzip, deflate`` and, where installed, ``br`` and ``zstd``.
    """
    return ", ".join(_installed())


class _Stage:
    """One coding of one body."""

    def __init__(self, coding: str, limit: int | None) -> None:
        self._coding = coding
        self._limit = limit
        self._total = 0
        self._ended = False
        self._started = False

    def _broken(self, cause: BaseException | None = None) -> LaneError:
        return LaneError(
            "decode", f"the body is not valid {self._coding} data", bytes_received=True, cause=cause
        )

    def _grown(self, out: list[bytes], data: bytes) -> None:
        self._total += len(data)
        if self._limit is not None and self._total > self._limit:
            raise LaneError(
                "too_large",
                f"the {self._coding} body grows above the limit of {self._limit} bytes",
                bytes_received=True,
            )
        if data:
            out.append(data)

    def decompress(self, data: bytes, /) -> bytes:
        out: list[bytes] = []
        if data:
            self._started = True
            try:
                self._step(data, out)
            except LaneError:
                raise
            except Exception as exc:  # each library has an error type of its own
                raise self._broken(exc) from exc
        return out[0] if len(out) == 1 else b"".join(out)

    def _step(self, data: bytes, out: list[bytes]) -> None:
        raise NotImplementedError

    def flush(self) -> bytes:
        if self._started and not self._ended:
            raise LaneError(
                "decode", f"the {self._coding} body ended in the middle of its data", bytes_received=True
            )
        return b""


class _Zlib(_Stage):
    def __init__(self, coding: str, limit: int | None) -> None:
        super().__init__(coding, limit)
        self._object: Any = zlib.decompressobj(31) if coding == "gzip" else None

    def _step(self, data: bytes, out: list[bytes]) -> None:
        while data:
            if self._object is None:
                # "deflate" means zlib, and some servers send it raw.
                self._object = zlib.decompressobj(15 if data[0] & 0x0F == 8 else -15)
            elif self._ended:
                if self._coding != "gzip" or not data.strip(b"\0"):
                    return
                self._object = zlib.decompressobj(31)
                self._ended = False
            step = _STEP if self._limit is None else min(_STEP, self._limit - self._total + 1)
            self._grown(out, self._object.decompress(data, step))
            if self._object.eof:
                self._ended = True
                data = self._object.unused_data
            else:
                data = self._object.unconsumed_tail


class _Brotli(_Stage):
    def __init__(self, coding: str, limit: int | None) -> None:
        super().__init__(coding, limit)
        self._object = _brotli().Decompressor()

    def _step(self, data: bytes, out: list[bytes]) -> None:
        if hasattr(self._object, "can_accept_more_data"):
            piece = self._object.process(data, output_buffer_limit=_STEP)
            # can_accept_more_data() may be true while output is still to come.
            while piece:
                self._grown(out, piece)
                piece = self._object.process(b"", output_buffer_limit=_STEP)
        else:
            for i in range(0, len(data), _PIECE):
                self._grown(out, self._object.process(data[i : i + _PIECE]))
        self._ended = self._object.is_finished()


class _Zstd(_Stage):
    def __init__(self, coding: str, limit: int | None) -> None:
        super().__init__(coding, limit)
        self._make = _zstd()
        self._object = self._make()

    def _step(self, data: bytes, out: list[bytes]) -> None:
        for i in range(0, len(data), _PIECE):
            piece = data[i : i + _PIECE]
            while piece:
                if self._ended:
                    self._object = self._make()
                self._grown(out, self._object.decompress(piece))
                self._ended = self._object.eof
                piece = self._object.unused_data if self._ended else b""


class _Chain:
    """Several codings, undone in the reverse of the order they were applied in."""

    def __init__(self, stages: list[_Stage]) -> None:
        self._stages = stages

    def decompress(self, data: bytes, /) -> bytes:
        for stage in self._stages:
            data = stage.decompress(data)
        return data

    def flush(self) -> bytes:
        for stage in self._stages:
            stage.flush()
        return b""


_STAGES: dict[str, type[_Stage]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "br": _Brotli,
    "zstd": _Zstd,
}


def decoder_for(encoding: str, limit: int | None = None) -> Decoder | None:
    """A decoder for one body.

    Args:
        encoding: value of Content-Encoding.
        limit: bytes the decoded body may have.

    Returns:
        None when nothing needs decoding.

    Raises:
        LaneError: ``decode``: a coding that is unknown or not installed.
    """
    stages: list[_Stage] = []
    for part in reversed(encoding.split(",")):
        coding = part.strip().lower()
        if coding in ("", "identity"):
            continue
        stage = _STAGES.get(coding)
        if stage is None or (coding in ("br", "zstd") and coding not in _installed()):
            raise LaneError(
                "decode",
                f"the content coding {coding!r} is not among those decoded here: {accept_encoding()}",
                bytes_received=True,
            )
        stages.append(stage("gzip" if coding == "x-gzip" else coding, limit))
    if not stages:
        return None
    return stages[0] if len(stages) == 1 else _Chain(stages)
