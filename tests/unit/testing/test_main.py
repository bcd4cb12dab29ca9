"""`python -m oxide.testing` as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request

import pytest

COMMAND = [sys.executable, "-m", "oxide.testing"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--reply", "hi"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        url = child.stdout.readline().strip()
        with urllib.request.urlopen(url + "/models") as answer:
            assert answer.status == 200
        child.send_signal(number)
        assert child.wait(timeout=10) == 0
        assert child.stderr.read() == ""


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        (["--host", "203.0.113.1"], 1, "oxide.testing:"),
        (["--setup", "no.such:thing"], 1, "No module"),
        (["--setup", "os:name"], 1, "no function name"),
        (["--tokens-per-second", "0"], 1, "positive"),
        (["--nonsense"], 2, "unrecognized"),
    ],
)
def test_errors_are_one_line(options: list[str], status: int, text: str) -> None:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == status
    assert text in done.stderr
    assert "Traceback" not in done.stderr
