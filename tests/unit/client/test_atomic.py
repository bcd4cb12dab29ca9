"""Files that appear under their name only once they are complete."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from oxide._atomic import collect_into, write_into


async def pieces(*items: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for item in items:
        yield item
    if error is not None:
        raise error


def broken(*items: bytes) -> Iterator[bytes]:
    yield from items
    raise RuntimeError("broke off")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(RuntimeError, match="broke off"):
        write_into(target, broken(b"a"))
    assert list(tmp_path.iterdir()) == []
    write_into(target, [b"a", b"b"])
    assert target.read_bytes() == b"ab"
    with pytest.raises(RuntimeError, match="broke off"):
        write_into(str(target), broken(b"c"))
    assert target.read_bytes() == b"ab"
    assert list(tmp_path.iterdir()) == [target]


async def test_the_same_while_bytes_arrive(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(RuntimeError, match="broke off"):
        await collect_into(target, pieces(b"a" * 1_000_000, error=RuntimeError("broke off")))
    assert os.listdir(tmp_path) == []
    await collect_into(target, pieces(b"a" * 1_000_000, b"b", b""))
    assert target.read_bytes() == b"a" * 1_000_000 + b"b"
    await collect_into(target, pieces())
    assert target.read_bytes() == b""


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    write_into(tmp_path / "ours", [b""])
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_into(pipe, [b"a", b"b"])
    reader.join()
    assert read == [b"ab"]
    assert pipe.is_fifo()


def test_a_folder_that_takes_no_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "no new files here")

    target = tmp_path / "out"
    target.write_bytes(b"old and longer")
    monkeypatch.setattr(os, "open", refuse)
    write_into(target, [b"new"])
    assert target.read_bytes() == b"new"
    with pytest.raises(PermissionError):
        write_into(tmp_path / "other", [b"new"])


def test_a_full_disk(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        return
    with pytest.raises(OSError, match="No space left"):
        write_into("/dev/full", [b"x" * 100_000])
    with pytest.raises(OSError, match="No space left"):
        write_into("/dev/full", [b"x"])
    assert Path("/dev/full").exists()


@pytest.mark.parametrize("path", [7, None, object()])
def test_what_is_no_path(path: Any) -> None:
    with pytest.raises(TypeError):
        write_into(path, [b""])
