"""The command line as its users run it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from importlib.metadata import entry_points, version
from typing import Any

import pytest

from oxide.testing import Answer, Server

COMMAND = [sys.executable, "-m", "oxide.cli"]
KEY = "sk-do-not-print-me"


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "OXIDE"))}
    return {**kept, "COLUMNS": "200", **more}


def oxide(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], status: int, pattern: str) -> None:
    lines = done.stderr.strip().splitlines()
    assert done.returncode == status, done.stderr
    assert len(lines) == 1, done.stderr
    assert re.search(pattern, lines[0]), lines[0]


def test_entry_point() -> None:
    (found,) = entry_points(group="console_scripts", name="oxide")
    from oxide.cli import main

    assert found.load() is main


def test_version_and_help() -> None:
    assert oxide("--version").stdout == f"oxide {version('oxide')}\n"
    done = oxide("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("demo", "doctor", "serve-mock"))
    assert oxide().returncode == 2
    assert oxide("demo", "--nonsense").returncode == 2


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_missing_extra(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from oxide.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_one_line(done, 1, rf"needs {missing}: pip install 'oxide\[cli\]'")
    assert done.stdout == ""


# --- doctor


def test_doctor() -> None:
    done = oxide("doctor")
    assert done.returncode == 0, done.stderr
    found = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.stdout.splitlines())
    assert found["oxide"] == version("oxide")
    assert found["aiohttp"] == version("aiohttp")
    assert found["implementation"] in ("native", "python")
    assert ssl.OPENSSL_VERSION in found["tls"]
    assert "gzip (zlib)" in found["content codings"]
    if found["implementation"] == "native":
        assert "(in use)" in found["instruction sets"]
        assert "scalar" in found["instruction sets"]
        assert re.match(r"\d+\.\d+\.\d+ \w+", found["simdjson"])


def test_doctor_json() -> None:
    done = oxide("doctor", "--json", OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://x/v1")
    facts = json.loads(done.stdout)
    assert facts["problems"] == []
    assert facts["environment"] == {"OPENAI_BASE_URL": "http://x/v1", "OPENAI_API_KEY": "set"}
    assert KEY not in done.stdout + done.stderr
    assert facts["event_loop"]["default"].startswith("asyncio.")
    assert set(facts["decoders"]) == {"gzip", "deflate", "br", "zstd"}
    assert facts["packages"]["orjson"] == version("orjson")
    assert facts["python"]["gil"] is getattr(sys, "_is_gil_enabled", lambda: True)()


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("scheme", ["https://", ""])
def test_doctor_keeps_passwords_to_itself(form: tuple[str, ...], scheme: str) -> None:
    done = oxide("doctor", *form, OPENAI_BASE_URL=f"{scheme}someone:hunter2@host/v1")
    assert "hunter2" not in done.stdout + done.stderr
    assert f"{scheme}<redacted>@host/v1" in done.stdout, "which server is used must still be seen"


def test_doctor_with_the_pure_modules() -> None:
    facts = json.loads(oxide("doctor", "--json", OXIDE_BACKEND="python").stdout)
    assert facts["oxide"]["implementation"] == facts["oxide"]["forced"] == "python"
    assert facts["oxide"]["isa"] is None


@pytest.mark.parametrize(
    ("variable", "value"), [("OXIDE_BACKEND", "fast"), ("OXIDE_ISA", "sse9"), ("OXIDE_BACKEND", "Native")]
)
def test_doctor_reports_a_choice_that_cannot_be_honoured(variable: str, value: str) -> None:
    done = oxide("doctor", **{variable: value})
    assert_one_line(done, 1, f"{variable}='{value}'")
    assert "problem" in done.stdout
    assert "aiohttp" in done.stdout, "the report is printed all the same"


def test_doctor_names_old_and_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    from oxide.cli import facts

    versions = {"aiohttp": "3.9.5", "httptools": "0.6.4", "orjson": "3.10.0rc1", "pydantic": "2.10"}
    monkeypatch.setattr(facts, "_installed", versions.get)
    monkeypatch.setattr(
        facts,
        "requires",
        lambda _: [*(f"{n}>=3.10" for n in ("aiohttp", "yarl")), "orjson>=3.10", "x; extra"],
    )
    assert facts._too_old() == [
        "aiohttp 3.9.5 is older than 3.10: pip install 'aiohttp>=3.10'",
        "yarl is missing: pip install 'yarl>=3.10'",
    ]


# --- demo


@pytest.mark.slow
def test_demo_embedded() -> None:
    start = time.monotonic()
    done = oxide("demo")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert time.monotonic() - start < 30
    steps = dict(re.findall(r"^(\w+) +(.+)$", done.stdout, re.M))
    assert "the embedded server, http://127.0.0.1:" in steps["server"]
    assert re.search(r"responses\.create: \d+ ms, 160 tokens, request req_\w+", steps["call"])
    assert re.search(r"first token after \d+ ms, 168 events, \d+ events per second", steps["stream"])
    waited = re.search(r"429 then 200: waited (\S+) s", steps["retry"])
    assert waited is not None
    assert 1.2 <= float(waited[1]) < 3
    assert "the same connection" in steps["retry"]
    assert re.search(r"20,008 events.* per second, \S+ µs of CPU", steps["burst"])
    assert steps["machine"].startswith(("native", "python"))


@pytest.mark.slow
def test_demo_with_chat() -> None:
    done = oxide("demo", "--api", "chat")
    assert done.returncode == 0, done.stderr
    assert "chat.completions.create" in done.stdout
    assert "20,002 events" in done.stdout


@pytest.mark.slow
def test_demo_is_live_on_a_terminal() -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "demo"], env=environment(TERM="xterm-256color"), stdin=slave, stdout=slave, stderr=slave
    ) as child:
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 30)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # Linux reports the end of a terminal as an error.
                break
            if not data:
                break
            shown += data
        assert child.wait(timeout=10) == 0
    os.close(master)
    text = shown.decode()
    assert text.count("events, ") > 5, "the stream is redrawn while it runs"
    assert "Retry-After 1.2 s: the client waits" in text
    assert "\x1b[" in text


def test_demo_against_another_server() -> None:
    with Server.thread(api_key=KEY, models=["first", "second"]) as server:
        done = oxide("demo", "--base-url", server.base_url, "--api-key", KEY)
        assert done.returncode == 0, done.stderr
        assert "a 429 is only forced on the embedded server" in done.stdout
        assert "burst" not in done.stdout
        assert KEY not in done.stdout + done.stderr
        assert [r.path for r in server.journal] == ["/v1/models", "/v1/responses", "/v1/responses"]
        assert {r.status for r in server.journal} == {200}
        assert {r.json()["model"] for r in server.journal[1:]} == {"first"}
        done = oxide("demo", "--base-url", server.base_url, "--model", "second", OPENAI_API_KEY=KEY)
        assert done.returncode == 0, done.stderr
        assert server.journal.last.json()["model"] == "second"
        assert len(server.journal) == 5, "a model that was named is not looked up"


Setup = Callable[[Server], None]


def bad_key(server: Server) -> None:
    server.script("*", Answer.error(401, f"Incorrect key: {KEY}."), times=None)


def no_responses_api(server: Server) -> None:
    server.script("/responses", Answer.error(404, "No such thing."), times=None)


def no_models(server: Server) -> None:
    server.script("/models", {"object": "list", "data": []})


def web_page(server: Server) -> None:
    server.script("/responses", Answer.html(), times=None)


def silence(server: Server) -> None:
    server.script("/responses", Answer.hang(), times=None)


def truncated_stream(server: Server) -> None:
    created = {"type": "response.created", "response": {}, "sequence_number": 0}
    server.script("/responses", {"id": "r", "output": []}, Answer.sse([created]))


FAILURES: list[tuple[Setup, list[str], str]] = [
    (bad_key, [], r"model: AuthenticationError.*Incorrect key: \*\*\*\. \(is the key right\?\)"),
    (no_responses_api, [], "call: NotFoundError.*--api chat"),
    (no_models, [], "lists no models.*--model"),
    (web_page, ["--model", "m"], "call: "),
    (silence, ["--model", "m", "--timeout", "0.2"], "call: APITimeoutError"),
    (truncated_stream, ["--model", "m"], "stream: APIStreamTruncatedError"),
]


@pytest.mark.parametrize(("setup", "options", "pattern"), FAILURES)
def test_demo_failures_are_one_line(setup: Setup, options: list[str], pattern: str) -> None:
    with Server.thread() as server:
        server.call(lambda inner: setup(inner))
        done = oxide("demo", "--base-url", server.base_url, "--api-key", KEY, *options)
        assert_one_line(done, 1, pattern)
        assert KEY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_demo_without_a_server() -> None:
    done = oxide("demo", "--base-url", "http://127.0.0.1:1/v1", "--api-key", KEY)
    assert_one_line(done, 1, r"oxide: demo: model: APIConnectionError from http://127\.0\.0\.1:1/v1")


def test_demo_without_a_key() -> None:
    assert_one_line(
        oxide("demo", "--base-url", "http://127.0.0.1:1/v1"), 2, "--api-key or set OPENAI_API_KEY"
    )


@pytest.mark.slow
def test_demo_interrupted() -> None:
    with Server.thread() as server:
        # It waits for an answer that does not come, however slow the machine is.
        server.script("*", Answer.json({}, delay=60), times=None)
        command = [*COMMAND, "demo", "--base-url", server.base_url, "--api-key", KEY]
        # A test run in the background of a shell ignores SIGINT, and its children would inherit that.
        with subprocess.Popen(
            command,
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as child:
            assert child.stderr is not None
            end = time.monotonic() + 30
            while not len(server.journal) and time.monotonic() < end:
                time.sleep(0.05)
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=15) == 130
            assert "Traceback" not in child.stderr.read()


# --- serve-mock


def post(url: str, key: str = "k") -> tuple[int, Any]:
    data = json.dumps({"model": "m", "input": "hello"}).encode()
    request = urllib.request.Request(
        url + "/responses", data, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "serve-mock", *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_mock(number: signal.Signals) -> None:
    with start("--echo", "--api-key", KEY, "--fault", "429", "--fault", "500") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        url = child.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        assert [post(url, KEY)[0] for _ in range(2)] == [429, 500]
        status, body = post(url, KEY)
        assert (status, body["output"][0]["content"][0]["text"]) == (200, "hello")
        assert post(url, "wrong")[0] == 401
        child.send_signal(number)
        assert child.wait(timeout=10) == 0
        shown = child.stderr.read()
    assert re.search(r"POST /v1/responses 429 \d+\.\d ms", shown)
    assert KEY not in shown
    assert "Traceback" not in shown


def test_serve_mock_quiet_and_paced() -> None:
    with start("--quiet", "--reply", "a b", "--first-token", "0.2", "--model", "m") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        url = child.stdout.readline().strip()
        began = time.monotonic()
        status, body = post(url)
        assert time.monotonic() - began >= 0.2
        assert (status, body["output"][0]["content"][0]["text"]) == (200, "a b")
        child.terminate()
        assert child.wait(timeout=10) == 0
        assert child.stderr.read() == ""


def test_serve_mock_says_when_others_can_reach_it() -> None:
    with start("--host", "0.0.0.0") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        assert "other machines can reach this server" in child.stderr.readline()
        child.terminate()
        assert child.wait(timeout=10) == 0


def test_serve_mock_errors() -> None:
    with Server.thread() as server:
        done = oxide("serve-mock", "--port", str(server.server.port))
    assert_one_line(done, 1, "oxide: serve-mock: .*in use")
    assert_one_line(oxide("serve-mock", "--setup", "nothing"), 1, "module:function")
    assert oxide("serve-mock", "--port", "70000").returncode == 2
