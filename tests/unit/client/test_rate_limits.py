"""Rate limits out of the headers of answers: durations, unknown values, what is kept and shared."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from oxide import AsyncOpenAI, rate_limits
from oxide.rate_limits import RateLimits, note, parse_duration, parse_limits

FULL = [
    (b"Date", b"Sat, 01 Jan 2000 00:00:00 GMT"),
    (b"X-RateLimit-Limit-Requests", b"500"),
    (b"x-ratelimit-limit-tokens", b"30000"),
    (b"x-ratelimit-remaining-requests", b"499"),
    (b"x-ratelimit-remaining-tokens", b"29984"),
    (b"x-ratelimit-reset-requests", b"120ms"),
    (b"x-ratelimit-reset-tokens", b"6m0s"),
]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("6.5s", 6.5),
        ("1m20s", 80.0),
        ("1h", 3600.0),
        ("1h2m3.5s", 3723.5),
        ("1d2h", 93600.0),
        ("0s", 0.0),
        ("17.25ms", 0.01725),
        ("1m0.5s", 60.5),
        ("250us", 0.00025),
        ("800ns", 8e-07),
        (" 2s ", 2.0),
        ("59.7", 59.7),
        ("10", 10.0),
        ("", None),
        ("soon", None),
        ("-1s", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1s?", None),
        ("1 s", None),
        ("1x", None),
        ("9" * 400 + "h", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    found = parse_duration(text)
    assert found is None if seconds is None else found == pytest.approx(seconds)


def test_all_the_headers() -> None:
    at = 946_684_800.0
    found = parse_limits(FULL, at)
    assert found.updated_at == datetime(2000, 1, 1, tzinfo=timezone.utc)
    assert (found.requests.limit, found.requests.remaining) == (500, 499)
    assert found.requests.reset_after == pytest.approx(0.12)
    assert (found.tokens.limit, found.tokens.remaining, found.tokens.reset_after) == (30000, 29984, 360.0)
    assert found.tokens.reset_at == found.updated_at + timedelta(minutes=6)
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in FULL) + b"\r\n"
    assert repr(parse_limits(head, at)) == repr(found)
    assert "remaining=29984" in repr(found)


@pytest.mark.parametrize("value", [b"-1", b"0", b"", b"many", b"1e6", b"9" * 5000])
def test_what_is_not_known_is_none(value: bytes) -> None:
    found = parse_limits([(b"x-ratelimit-limit-tokens", value), (b"x-ratelimit-remaining-requests", value)])
    assert found.tokens.limit is found.requests.remaining is found.requests.reset_after is None
    assert found.requests.reset_at is None


def test_a_bounded_number_of_models_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(rate_limits, "time", lambda: next(clock))
    heads: Any = {}
    note(heads, "often", FULL)
    for n in range(200):
        note(heads, f"model-{n}", FULL)
        note(heads, "often", FULL)
    assert len(RateLimits(heads)) == rate_limits.MAX_MODELS
    assert "often" in RateLimits(heads)
    assert "model-199" in RateLimits(heads)
    assert "model-0" not in RateLimits(heads)


async def test_a_client_knows_the_limits_of_its_models(oxide_client: AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "hi"}]
    assert dict(oxide_client.rate_limits) == {}
    with pytest.raises(KeyError):
        oxide_client.rate_limits["gpt-4o"]
    await oxide_client.chat.completions.create(model="gpt-4o", messages=messages)
    async for _ in await oxide_client.responses.create(model="gpt-5", input="hi", stream=True):
        pass
    await oxide_client.models.list()
    assert set(oxide_client.rate_limits) == {"gpt-4o", "gpt-5"}
    assert len(oxide_client.rate_limits) == 2
    found = oxide_client.rate_limits["gpt-4o"]
    assert found.requests.limit == 10000
    assert found.tokens.reset_after is not None
    assert found.updated_at.tzinfo is not None
    assert "gpt-5" in repr(oxide_client.rate_limits)


def test_copies_of_an_account_share_them() -> None:
    client = AsyncOpenAI(api_key="k")
    copy = client.with_options(max_retries=0, timeout=5)
    note(copy._rates, "m", FULL)
    assert client.rate_limits["m"].requests.limit == 500
    others: list[Any] = [
        {"api_key": "o"},
        {"organization": "o"},
        {"project": "o"},
        {"base_url": "http://x/v1"},
    ]
    for other in others:
        assert dict(client.copy(**other).rate_limits) == {}
