"""The retry policy against the official client's own answers, and its arithmetic."""

from __future__ import annotations

import importlib
import time
from email.utils import formatdate
from typing import Any

import openai
import pytest

from oxide._faults import status_error
from oxide.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
)
from oxide.transport.facts import RequestFacts, ResponseFacts
from oxide.transport.retry import DefaultRetryPolicy, retry_after

REQUEST = RequestFacts("POST", "https://api.example.com/v1")
HEADERS: list[dict[str, str]] = [
    {},
    {"x-should-retry": "true"},
    {"x-should-retry": "false"},
    {"x-should-retry": "True"},
    {"retry-after": "120"},
    {"retry-after": "120.001"},
    {"retry-after": "500"},
    {"retry-after": "500", "x-should-retry": "true"},
    {"retry-after-ms": "120000"},
    {"retry-after-ms": "120001"},
    {"retry-after-ms": "1", "retry-after": "500"},
    {"retry-after": "nan"},
    {"retry-after": "-3"},
    {"retry-after": "soon"},
    {"retry-after": formatdate(time.time() + 500, usegmt=True)},
]


def error(status: int, headers: dict[str, str]) -> APIStatusError:
    return status_error(ResponseFacts(status, list(headers.items()), request=REQUEST))


@pytest.fixture(scope="module")
def official() -> Any:
    return openai.AsyncOpenAI(api_key="k")


def official_http() -> Any:
    """The HTTP library the installed official client is built on."""
    names = [base.__module__.partition(".")[0] for base in openai.DefaultHttpxClient.__mro__]
    return importlib.import_module(next(name for name in names if name.startswith("httpx")))


def official_response(status: int, headers: dict[str, str]) -> Any:
    return official_http().Response(status, headers=headers)


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_decides_as_the_official_client(official: Any, headers: dict[str, str]) -> None:
    for status in (400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 599):
        expected = official._should_retry(official_response(status, headers))
        found = DefaultRetryPolicy().should_retry(error(status, headers), attempt=0, max_retries=2)
        assert found == expected, status


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_waits_as_the_official_client(official: Any, headers: dict[str, str]) -> None:
    found = retry_after(error(429, headers).response.headers)
    expected = official._parse_retry_after_header(official_response(429, headers).headers)
    if expected is None or expected != expected:
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(
    ("attempt", "base"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (5000, 8.0)]
)
def test_doubles_to_eight_seconds_with_jitter(attempt: int, base: float) -> None:
    policy = DefaultRetryPolicy()
    waits = [policy.delay(error(500, {}), attempt=attempt) for _ in range(300)]
    assert base * 0.75 <= min(waits) < base * 0.8
    assert base * 0.95 < max(waits) <= base


@pytest.mark.parametrize(
    ("header", "wait"), [("0.5", 0.5), ("120", 120.0), ("0", None), ("-1", None), ("121", None)]
)
def test_honours_what_lies_between_zero_and_two_minutes(header: str, wait: float | None) -> None:
    found = DefaultRetryPolicy(jitter=0).delay(error(429, {"retry-after": header}), attempt=0)
    assert found == (0.5 if wait is None else wait)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (APIConnectionError(request=REQUEST), True),
        (APITimeoutError(REQUEST), True),
        (APIResponseValidationError(None, None), False),
        (APIError("x", REQUEST, body=None), False),
    ],
    ids=lambda v: type(v).__name__,
)
def test_without_a_status(failure: APIError, expected: bool) -> None:
    assert DefaultRetryPolicy().should_retry(failure, attempt=0, max_retries=1) is expected
    assert not DefaultRetryPolicy().should_retry(failure, attempt=1, max_retries=1)


def test_settings() -> None:
    policy = DefaultRetryPolicy(initial=0.1, maximum=0.2, jitter=0)
    assert [policy.delay(error(500, {}), attempt=n) for n in range(3)] == [0.1, 0.2, 0.2]
    for wrong in ({"initial": -1}, {"maximum": -1}, {"jitter": 2}):
        with pytest.raises(ValueError, match="must be"):
            DefaultRetryPolicy(**wrong)
