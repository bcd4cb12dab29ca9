"""Webhook deliveries: the signature as the specification has it, times, secrets, and the events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from email.message import Message
from typing import Any

import openai
import pytest
from multidict import CIMultiDict

import oxide
from oxide import InvalidWebhookSignatureError
from oxide.types import webhooks as types

KEY = b"a key of some length that is not utf-8 \xff\x00"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = '{"id": "evt_1", "created_at": 1, "type": "response.completed", "data": {"id": "é"}}'


def sign(
    body: str = BODY, key: bytes = KEY, sent: int | None = None, delivery: str = "wh_1"
) -> dict[str, str]:
    sent = int(time.time()) if sent is None else sent
    digest = hmac.new(key, f"wh_1.{sent}.{body}".encode(), hashlib.sha256).digest()
    return {
        "webhook-id": "wh_1",
        "webhook-timestamp": str(sent),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def client(**options: Any) -> oxide.AsyncOpenAI:
    return oxide.AsyncOpenAI(api_key="k", webhook_secret=SECRET, **options)


def test_the_example_of_the_specification() -> None:
    """The published test vector of Standard Webhooks."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    client().webhooks.verify_signature(
        '{"test": 2432232314}',
        headers,
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        tolerance=10**10,
    )


@pytest.mark.parametrize("payload", [BODY, BODY.encode(), bytearray(BODY.encode())])
def test_a_genuine_delivery(payload: Any) -> None:
    event = client().webhooks.unwrap(payload, sign())
    assert isinstance(event, types.ResponseCompletedWebhookEvent)
    assert event.data.id == "é"
    assert event.to_dict() == json.loads(BODY)


@pytest.mark.parametrize(
    "kind",
    [
        dict,
        lambda h: {n.title(): v for n, v in h.items()},
        lambda h: {n.upper(): v for n, v in h.items()},
        CIMultiDict,
        lambda h: _message(h),
    ],
)
def test_headers_of_any_kind(kind: Any) -> None:
    assert client().webhooks.verify_signature(BODY, kind(sign())) is None


def _message(headers: dict[str, str]) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name.title()] = value
    return message


def test_one_of_several_signatures_is_enough() -> None:
    headers = sign()
    right = headers["webhook-signature"]
    wrong = sign(key=b"old")["webhook-signature"]
    headers["webhook-signature"] = f"v2,abc {wrong} v1,\udcff {right}"
    client().webhooks.verify_signature(BODY, headers)
    headers["webhook-signature"] = f"{wrong} {wrong}"
    with pytest.raises(InvalidWebhookSignatureError, match="does not match"):
        client().webhooks.verify_signature(BODY, headers)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "prefix", "cut", "empty"])
def test_anything_changed_is_refused(change: str) -> None:
    headers, body = sign(), BODY
    if change == "body":
        body = BODY + " "
    elif change == "webhook-timestamp":
        headers[change] = str(int(headers[change]) + 1)
    elif change == "prefix":
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    elif change == "cut":
        headers["webhook-signature"] = headers["webhook-signature"][:-1]
    elif change == "empty":
        headers["webhook-signature"] = "v1,"
    else:
        headers[change] += "x"
    with pytest.raises(InvalidWebhookSignatureError, match="does not match"):
        client().webhooks.unwrap(body, headers)


@pytest.mark.parametrize(("off", "word"), [(-301, "old"), (302, "new"), (-(10**9), "old"), (10**9, "new")])
def test_more_than_five_minutes_off_is_refused(off: int, word: str) -> None:
    headers = sign(sent=int(time.time()) + off)
    with pytest.raises(InvalidWebhookSignatureError, match=word):
        client().webhooks.unwrap(BODY, headers)
    client().webhooks.verify_signature(BODY, headers, tolerance=abs(off) + 10)


@pytest.mark.parametrize("off", [-298, 298])
def test_less_than_five_minutes_off_is_taken(off: int) -> None:
    client().webhooks.unwrap(BODY, sign(sent=int(time.time()) + off))


@pytest.mark.parametrize("stamp", ["", "soon", "1.5", "0x10"])
def test_a_time_that_is_none(stamp: str) -> None:
    with pytest.raises((InvalidWebhookSignatureError, ValueError)):
        client().webhooks.unwrap(BODY, {**sign(), "webhook-timestamp": stamp})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = sign()
    del headers[name]
    for kind in (dict, CIMultiDict, _message):
        with pytest.raises(ValueError, match=name):
            client().webhooks.verify_signature(BODY, kind(headers))


def test_where_the_secret_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = sign(key=b"plain secret")
    client().webhooks.verify_signature(BODY, headers, secret="plain secret")
    with pytest.raises(InvalidWebhookSignatureError):
        client().webhooks.verify_signature(BODY, headers)
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", "plain secret")
    made = oxide.AsyncOpenAI(api_key="k")
    made.webhooks.verify_signature(BODY, headers)
    made.copy(webhook_secret=SECRET).webhooks.verify_signature(BODY, sign())
    monkeypatch.delenv("OPENAI_WEBHOOK_SECRET")
    with pytest.raises(ValueError, match="OPENAI_WEBHOOK_SECRET") as info:
        oxide.AsyncOpenAI(api_key="k").webhooks.unwrap(BODY, headers)
    assert not isinstance(info.value, InvalidWebhookSignatureError)


def test_a_secret_that_cannot_be_decoded_is_not_shown() -> None:
    with pytest.raises(ValueError, match="base64") as info:
        client().webhooks.unwrap(BODY, sign(), secret="whsec_AAAAA")
    assert "AAAAA" not in str(info.value)
    assert info.value.__cause__ is None


def test_a_genuine_body_that_is_no_event() -> None:
    for body in ("<html>", "", "{", "[1]", '"x"'):
        with pytest.raises(oxide.APIResponseValidationError):
            client(validation="eager").webhooks.unwrap(body, sign(body))


def test_an_event_of_a_newer_server() -> None:
    body = '{"id": "evt_1", "type": "moon.landed", "data": {"id": "x", "own": [1]}, "more": null}'
    event: Any = client().webhooks.unwrap(body, sign(body))
    assert event.type == "moon.landed"
    assert event.to_dict() == json.loads(body)


def test_every_event_type_has_its_class() -> None:
    """The same classes as the official SDK's, each found by its `type`."""
    from typing import get_args

    from openai.types.webhooks import UnwrapWebhookEvent

    theirs = openai.AsyncOpenAI(api_key="k", webhook_secret=SECRET)
    members = get_args(get_args(UnwrapWebhookEvent)[0])
    assert len(members) > 25
    for cls in members:
        tag = get_args(cls.model_fields["type"].annotation)[0]
        body = json.dumps({"id": "evt_1", "created_at": 7, "type": tag, "data": {"id": "x_1"}})
        event = client().webhooks.unwrap(body, sign(body))
        official = theirs.webhooks.unwrap(body, sign(body))
        assert type(event).__name__ == type(official).__name__ == cls.__name__
        assert event.to_dict() == official.to_dict()


def test_refusals_are_the_official_ones() -> None:
    theirs = openai.AsyncOpenAI(api_key="k", webhook_secret=SECRET)
    for headers in (
        sign(sent=1),
        sign(sent=10**10),
        sign(key=b"other"),
        {**sign(), "webhook-timestamp": "x"},
        {"webhook-id": "x"},
    ):
        with pytest.raises(ValueError) as official:  # noqa: PT011 (compared below)
            theirs.webhooks.unwrap(BODY, headers)
        with pytest.raises(ValueError) as mine:  # noqa: PT011
            client().webhooks.unwrap(BODY, headers)
        assert type(mine.value).__name__ == type(official.value).__name__
        assert str(mine.value) == str(official.value)
