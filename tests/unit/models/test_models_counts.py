"""Reading one field of a large answer costs what finding it costs, counted in instructions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# What a read may add to finding the field: its plan, one string, the instance's dict. Measured: 1,150.
CONSTANT = 3_000

SCRIPT = """
import json, sys
from typing import Any
from oxide.models import BaseModel, build

class Part(BaseModel):
    text: str
    tags: list[str]

class Answer(BaseModel):
    id: str
    output: list[Part]
    status: str

size, times, read = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "read"
part = {"text": "lorem ipsum " * 40, "tags": ["a", "b"]}
count = max(1, size // len(json.dumps(part)))
text = json.dumps({"id": "resp_1", "output": [part] * count, "status": "completed"}).encode()
body, length = text + bytes(64), len(text)
build(Answer, body, length).status
for _ in range(times):
    answer = build(Answer, body, length)
    if read:
        answer.status
"""


def counted(tmp_path: Path, *arguments: object) -> int:
    tool = shutil.which("valgrind")
    if tool is None:
        pytest.fail("instruction counts need valgrind: apt-get install valgrind")
    script = tmp_path / "count.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [tool, "--tool=callgrind", f"--callgrind-out-file={tmp_path / 'out'}", sys.executable, script,
         *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_reading_one_field_of_300_kb_costs_a_constant_above_finding_it(tmp_path: Path) -> None:
    # Building an answer finds its fields, in one pass.
    few, many = 5, 25
    built = counted(tmp_path, 300_000, many, "build")
    finding = (built - counted(tmp_path, 300_000, few, "build")) // (many - few)
    reading = (counted(tmp_path, 300_000, many, "read") - built) // many
    print(f"finding the fields of 300 KB: {finding}; reading one: {reading} instructions")
    assert finding <= 3 * 300_000
    assert reading <= CONSTANT
