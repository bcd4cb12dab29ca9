"""The hierarchy is the official one; messages, fields and pickles as programs expect them."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from oxide import errors
from oxide._faults import class_for_status, not_json, status_error, stream_error
from oxide.helpers.function_calls import FunctionCall
from oxide.transport.facts import RequestFacts, ResponseFacts
from oxide.transport.mapping import FINAL_KINDS, api_error
from oxide.transport.request import LaneError

REQUEST = RequestFacts("POST", "https://api.example.com/v1", [("Authorization", "Bearer sk-1")])
OFFICIAL = sorted(
    name
    for name in openai.__all__
    if isinstance(value := getattr(openai, name), type) and issubclass(value, Exception)
)


def facts(status: int, content: bytes = b"", **headers: str) -> ResponseFacts:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return ResponseFacts(status, pairs, content, request=REQUEST)


@pytest.mark.parametrize("name", OFFICIAL)
def test_hierarchy_and_constructors_are_the_official_ones(name: str) -> None:
    theirs, ours = getattr(openai, name), getattr(errors, name)
    assert name in errors.__all__
    assert [b.__name__ for b in ours.__mro__] == [b.__name__ for b in theirs.__mro__]
    if theirs.__init__ in (Exception.__init__, ValueError.__init__):
        return
    expected = inspect.signature(theirs.__init__).parameters
    found = inspect.signature(ours.__init__).parameters
    for parameter in expected.values():
        assert found[parameter.name].kind == parameter.kind
        if parameter.default is not inspect.Parameter.empty:
            assert found[parameter.name].default == parameter.default
    for parameter in found.values():
        if parameter.name not in expected:
            assert parameter.default is not inspect.Parameter.empty, "additions are optional"


def official_http() -> Any:
    """The HTTP library the installed official client is built on."""
    names = [base.__module__.partition(".")[0] for base in openai.DefaultHttpxClient.__mro__]
    return importlib.import_module(next(name for name in names if name.startswith("httpx")))


BODIES = [
    b'{"error": {"message": "m", "code": "c", "type": "t", "param": "p"}}',
    b'{"error": {"message": "m", "code": 42, "type": null, "param": null}}',
    b'{"message": "top", "code": "c"}',
    b'{"error": {"code": "c"}}',
    b'{"error": {"message": ""}}',
    b'{"error": {"message": 5}}',
    b'{"error": "text"}',
    b'{"error": null}',
    b'{"detail": "x"}',
    b"[1]",
    b'"s"',
    b"",
    b"  plain  ",
    b"<html>x</html>",
]


@pytest.mark.parametrize("body", BODIES)
def test_answers_become_the_errors_of_the_official_client(body: bytes) -> None:
    http, client = official_http(), openai.OpenAI(api_key="k")
    for status in (400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 503):
        request = http.Request("POST", "https://x/")
        response = http.Response(status, request=request, content=body, headers={"x-request-id": "r-1"})
        theirs: Any = client._make_status_error_from_response(response)
        ours = status_error(facts(status, body, x_request_id="r-1"))
        assert type(ours).__name__ == type(theirs).__name__
        for name in ("message", "status_code", "request_id", "body", "code", "param", "type", "args"):
            assert getattr(ours, name) == getattr(theirs, name), name
        assert str(ours) == str(theirs)
    client.close()


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n[0].isupper()])
def test_every_error_can_be_pickled_and_copied(name: str) -> None:
    kind = getattr(errors, name)
    values: dict[str, Any] = {
        "message": "m",
        "request": REQUEST,
        "response": facts(400),
        "body": {"code": "c"},
        "completion": {"usage": 1},
        "unsent_messages": ["a"],
        "data": b"<html>",
        "partial": [1],
        "path": "a[0].b",
        "rule": "type",
        "tool": "weather",
        "arguments": "{",
        "reason": "r",
        "turns": 2,
        "calls": [FunctionCall("call_1", None, "weather", "{}", 0)],
    }
    item = SimpleNamespace(type="mcp_approval_request", id="mcpr_1")
    waiting = {"response": SimpleNamespace(id="resp_1", output=[item]), "items": [item], "outputs": []}
    values |= waiting if name in ("InputRequiredError", "NoTextError") else {}
    wanted = inspect.signature(kind.__init__).parameters
    given = {n: v for n, v in values.items() if n in wanted}
    error = kind(**given) if given else kind("m")
    error.extra = "kept"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert (str(again), again.args, again.extra) == (str(error), error.args, "kept")
        assert vars(again).keys() == vars(error).keys()
    assert b"sk-1" not in pickle.dumps(error)
    assert "sk-1" not in repr(error)


def test_texts() -> None:
    assert str(errors.APIConnectionError(request=REQUEST)) == "Connection error."
    assert str(errors.APITimeoutError(REQUEST)) == "Request timed out."
    late = errors.APITimeoutError(request=REQUEST, limit="stream_idle", seconds=5, elapsed=65.43)
    assert "between two events of 5 s ran out (stream_idle), 65.4 s after the call began" in str(late)
    assert (late.limit, late.seconds, late.elapsed) == ("stream_idle", 5, 65.43)
    cut = errors.APIStreamTruncatedError(request=REQUEST, partial={"text": "so far"})
    assert cut.partial == {"text": "so far"}
    assert isinstance(cut, errors.APIConnectionError)
    page = errors.APIResponseNotJSONError(b"<!doctype html>" + b"x" * 100, response=facts(200))
    assert "an HTML page" in str(page)
    assert page.data.startswith(b"<!doctype")
    assert page.status_code == 200
    assert "not JSON" in str(not_json(b"{oops", ValueError("v")))
    wrong = errors.APIResponseValidationError(
        None, 5, message="m", path="output[3].type", expected="str", received="int"
    )
    assert (wrong.path, wrong.expected, wrong.received, wrong.status_code) == (
        "output[3].type",
        "str",
        "int",
        200,
    )


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"message": "m", "code": "rate_limit_exceeded"}, "RateLimitError", 429),
        ({"message": "m", "type": "insufficient_quota"}, "RateLimitError", 429),
        ({"message": "m", "code": "unheard", "type": "invalid_request_error"}, "BadRequestError", 400),
        ({"message": "m", "type": "server_error"}, "InternalServerError", 500),
        ({"message": "m", "code": 429}, "RateLimitError", 429),
        ({"message": "m", "code": "404"}, "NotFoundError", 404),
        ({"message": "m", "status": 401}, "AuthenticationError", 401),
        ({"message": "m", "code": "unheard"}, "APIError", None),
        ({"message": "m", "code": True}, "APIError", None),
        ({}, "APIError", None),
        ("text", "APIError", None),
    ],
)
def test_errors_inside_streams_have_their_class(body: Any, kind: str, status: int | None) -> None:
    error = stream_error(body, b"raw")
    assert type(error).__name__ == kind
    assert getattr(error, "status_code", None) == status
    assert error.raw == b"raw"
    assert str(error) == (
        "m" if isinstance(body, dict) and body else body or "An error occurred during streaming"
    )
    error.attach(REQUEST, facts(200, x_request_id="r"))
    assert error.request is REQUEST
    if status is not None:
        assert (error.response.status_code, error.request_id) == (200, "r")  # type: ignore[attr-defined]
        assert error.status_code == status  # type: ignore[attr-defined]
    assert type(pickle.loads(pickle.dumps(error))) is type(error)


def test_classes_by_status() -> None:
    assert class_for_status(599) is errors.InternalServerError
    assert class_for_status(302) is errors.APIStatusError


def test_lane_failures_become_api_errors() -> None:
    cause = OSError("why")
    for kind in ("connect", "tls", "proxy", "write", "read", "protocol", "decode", "closed", "redirect"):
        error = api_error(LaneError(kind, "detail", cause=cause), REQUEST, 1.0)
        assert type(error) is errors.APIConnectionError
        assert "detail" in str(error)
        assert error.__cause__ is cause
        assert error.request is REQUEST
    late = api_error(LaneError("timeout", limit="read", seconds=3), REQUEST, 3.5)
    assert isinstance(late, errors.APITimeoutError)
    assert (late.limit, late.seconds, late.elapsed) == ("read", 3, 3.5)
    assert isinstance(late.__cause__, LaneError)
    assert isinstance(api_error(LaneError("too_large"), REQUEST), errors.APIResponseValidationError)
    assert {"closed", "too_large", "redirect"} == FINAL_KINDS


@pytest.mark.parametrize(
    ("kind", "reused", "received", "stale"),
    [
        ("read", True, False, True),
        ("write", True, False, True),
        ("read", True, True, False),
        ("read", False, False, False),
        ("timeout", True, False, False),
        ("connect", True, False, False),
    ],
)
def test_what_counts_as_a_stale_connection(kind: Any, reused: bool, received: bool, stale: bool) -> None:
    assert LaneError(kind, reused=reused, bytes_received=received).stale is stale


def test_importing_the_errors_loads_nothing_heavy() -> None:
    code = (
        "import sys, oxide.errors, oxide._faults, oxide.timeouts, oxide.transport.request, oxide.transport\n"
        "heavy = {'aiohttp', 'pydantic', 'httpx', 'asyncio', 'yarl', 'orjson'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("[]\n", "")
