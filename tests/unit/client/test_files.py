"""What counts as a file, how parameters are searched for files, how forms are written and read anew."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest

import oxide
from oxide._files import content_of, extract_files, file_from_path
from oxide._multipart import Multipart, boundary_of, form_body


def test_files_are_found_along_their_paths() -> None:
    deep = {
        "a": {"files": [{"data": b"1", "n": 1}, {"data": b"2"}], "rest": [1]},
        "b": b"3",
        "c": [b"4", b"5"],
    }
    before = repr(deep)
    rest, files = extract_files(deep, [("a", "files", "<array>", "data"), ("b",), ("c", "<array>"), ("d",)])
    assert files == [
        ("a[files][][data]", b"1"),
        ("a[files][][data]", b"2"),
        ("b", b"3"),
        ("c[]", b"4"),
        ("c[]", b"5"),
    ]
    assert rest == {"a": {"files": [{"n": 1}, {}], "rest": [1]}}
    assert repr(deep) == before
    assert extract_files({"f": oxide.omit}, [("f",)]) == ({}, [])
    assert extract_files({"f": {"id": "video_1"}}, [("f",)]) == ({"f": {"id": "video_1"}}, [])
    with pytest.raises(RuntimeError, match=r"`a\[\]` .* <class 'int'> .*pathlib.Path"):
        extract_files({"a": [3]}, [("a",)])


def test_file_from_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    assert (
        file_from_path(str(tmp_path / "a.txt")) == oxide.file_from_path(tmp_path / "a.txt") == ("a.txt", b"x")
    )


def test_boundaries() -> None:
    assert boundary_of('multipart/form-data; charset=x; Boundary="a b"') == "a b"
    assert boundary_of("multipart/form-data") is None
    assert boundary_of("multipart/form-data; boundary=") is None


def test_small_forms_in_memory_are_bytes() -> None:
    made = form_body({"a": 1}, {"f": b"x" * 1000}, (), "", False)
    assert made is not None
    assert isinstance(made[1], bytes)
    large = form_body({"a": 1}, {"f": b"x" * 2_000_000}, (), "", False)
    assert large is not None
    assert isinstance(large[1], Multipart)
    assert form_body({"a": 1}, None, [("f",)], "", False) is None


async def read_all(source: Any) -> tuple[int | None, bytes]:
    reader = await source.open()
    pieces = bytearray()
    while piece := await reader.read():
        assert len(piece) <= 256 * 1024
        pieces += piece
    await reader.close()
    await reader.close()
    return reader.length, bytes(pieces)


async def test_a_form_knows_its_length_and_reads_the_same_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(700_000))
    with path.open("rb") as file, tempfile.SpooledTemporaryFile() as spooled:
        spooled.write(b"spooled")
        files = [path, file, io.BytesIO(b"memory"), b"bytes", bytearray(b"more"), spooled]
        form = Multipart({"x": [1, {"y": None, "z": ""}]}, [("f", f) for f in files], "B")
        length, first = await read_all(form)
        assert length == len(first)
        assert (await read_all(form))[1] == first
        assert not form.once
        assert form.small() is None
    assert first.startswith(b'--B\r\nContent-Disposition: form-data; name="x[]"\r\n\r\n1\r\n--B\r\n')
    assert b'name="x[][z]"\r\n\r\n\r\n--B' in first
    assert first.endswith(b"spooled\r\n--B--\r\n")


async def test_a_fifo_has_no_length(tmp_path: Path) -> None:
    import os
    import threading

    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(b"through a pipe"))
    writer.start()
    length, data = await read_all(content_of(path, whole=True))
    writer.join()
    assert (length, data) == (None, b"through a pipe")


async def test_a_read_that_never_ends_holds_up_nothing(tmp_path: Path) -> None:
    import os

    path = tmp_path / "fifo"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    reader = await content_of(path, whole=True).open()
    task = asyncio.create_task(reader.read())  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(reader.close(), 1)
    os.write(held, b"x")
    os.close(held)


async def test_bodies_are_sent_from_where_a_file_stands(tmp_path: Path) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    content = content_of(file, whole=False)
    assert await read_all(content) == (6, b"456789")
    assert await read_all(content) == (6, b"456789")
    assert await read_all(content_of(file, whole=True)) == (10, b"0123456789")


@pytest.mark.parametrize("text", [io.StringIO("x"), "text-file"])
def test_text_is_refused(tmp_path: Path, text: Any) -> None:
    if text == "text-file":
        (tmp_path / "t").write_text("x")
        text = (tmp_path / "t").open()
    with text, pytest.raises(TypeError, match=r"`f`.* gives text: .*(io\.BytesIO|'rb')"):
        Multipart({}, [("f", text)])


async def test_what_cannot_be_read_says_so() -> None:
    class Text:
        def read(self, size: int) -> str:
            return "text"

    class Nothing:
        def read(self, size: int) -> None:
            return None

    for value, message in ((Text(), "gives text"), (Nothing(), "gave NoneType, not bytes")):
        reader = await content_of(value, whole=True).open()
        with pytest.raises(TypeError, match=message):
            await reader.read()
    with pytest.raises(TypeError, match="not int"):
        content_of(3, whole=True)
    with pytest.raises(TypeError, match=r"`f`: .*not int"):
        Multipart({}, [("f", ("name", 3))])
    with pytest.raises(TypeError, match="tuple of 1"):
        Multipart({}, [("f", ("name",))])
    with pytest.raises(TypeError, match="`a`: bytes is a file"):
        Multipart({"a": b"x"}, [])
    with pytest.raises(ValueError, match="invalid header name 'a b'"):
        Multipart({}, [("f", ("n", b"", None, {"a b": "c"}))])
    with pytest.raises(ValueError, match="control character"):
        Multipart({}, [("f", ("n", b"", None, {"a": "c\r\nd"}))])


async def test_once_means_once() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.left = [b"abc", b""]

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self.left.pop(0)

    form = Multipart({}, [("f", Pipe())], "B")
    assert (form.once, form.spent) == (True, "")
    length, data = await read_all(form)
    assert length is None
    assert b"abc" in data
    assert "the Pipe given cannot be read a second time: pass bytes" in form.spent
    with pytest.raises(OSError, match="second time"):
        await read_all(form)
