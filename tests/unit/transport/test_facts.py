"""Headers and facts: names programs know from httpx, no secrets on show."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest

from oxide.errors import APIStatusError, InternalServerError, NotFoundError
from oxide.transport.facts import Headers, RequestFacts, ResponseFacts, redact_url
from oxide.transport.request import HeaderBlock

PAIRS = [(b"X-One", b"1"), (b"Set-Cookie", b"a=b"), (b"x-one", b"2, 3"), (b"Caf\xe9", b"\xe9")]


def test_headers_are_a_mapping_without_case() -> None:
    headers = Headers(PAIRS)
    assert headers["x-one"] == headers["X-ONE"] == "1, 2, 3"
    assert headers.get("absent") is None
    assert headers.get("absent", "d") == "d"
    assert "X-oNe" in headers
    assert 5 not in headers
    assert list(headers) == ["x-one", "set-cookie", "caf\xe9"]
    assert len(headers) == 3
    assert dict(headers.items())["caf\xe9"] == "\xe9"
    assert headers.get_list("x-one") == headers.getall("x-one") == ["1", "2, 3"]
    assert headers.get_list("x-one", split_commas=True) == ["1", "2", "3"]
    assert headers.get_list("absent") == []
    assert headers.multi_items()[2] == ("x-one", "2, 3")
    assert headers.raw == PAIRS
    with pytest.raises(KeyError):
        headers["absent"]
    assert headers == Headers([("x-ONE", "1"), ("X-one", "2, 3"), ("SET-cookie", "a=b"), ("CAF\xe9", "\xe9")])
    assert Headers([("A", "1")]) == {"a": "1"}
    assert Headers([("A", "1")]) != {"a": "2"}
    assert Headers([("A", "1")]) != 1
    assert Headers() == {}


@pytest.mark.parametrize(
    "name", ["Authorization", "api-key", "X-API-Key", "Cookie", "Set-Cookie", "Proxy-Authorization"]
)
def test_secrets_are_not_shown_and_do_not_travel(name: str) -> None:
    headers = Headers([(name, "sk-secret"), ("X-Plain", "shown")])
    assert headers[name] == "sk-secret"
    assert "sk-secret" not in repr(headers)
    assert "shown" in repr(headers)
    for again in (pickle.loads(pickle.dumps(headers)), copy.deepcopy(headers)):
        assert again[name] == "<redacted>"
        assert again["x-plain"] == "shown"
    assert "sk-secret" not in repr(HeaderBlock([(name, "sk-secret")]))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/p?q#f", "https://h/p?q#f"),
        ("https://user:pw@h:1/p", "https://<redacted>@h:1/p"),
        ("https://u@h", "https://<redacted>@h"),
        ("https://h/p@q", "https://h/p@q"),
        ("https://h?x=a@b", "https://h?x=a@b"),
        ("no url", "no url"),
    ],
)
def test_urls_lose_their_password(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_response_facts() -> None:
    request = RequestFacts("POST", "https://u:pw@h/x", [("Authorization", "Bearer k")], b"question")
    facts = ResponseFacts(
        404,
        [(b"Content-Type", b"application/json; charset=latin-1")],
        b'{"a": "\xe9"}',
        request=request,
        elapsed=timedelta(seconds=1),
    )
    assert (facts.status_code, facts.reason_phrase, facts.is_success, facts.is_error) == (
        404,
        "Not Found",
        False,
        True,
    )
    assert facts.encoding == "latin-1"
    assert facts.text == '{"a": "\xe9"}'
    assert facts.read() == facts.content
    assert facts.url == "https://u:pw@h/x"
    assert facts.is_closed
    assert repr(facts) == "<Response [404 Not Found]>"
    assert repr(request) == "<Request('POST', 'https://<redacted>@h/x')>"
    again = pickle.loads(pickle.dumps(facts))
    assert (again.status_code, again.content, again.elapsed) == (404, facts.content, timedelta(seconds=1))
    assert again.request.headers["authorization"] == "<redacted>"
    assert again.request.url == "https://<redacted>@h/x"
    assert again.request.content == b"", "conversations do not travel with errors"


def test_response_facts_with_little_in_them() -> None:
    facts = ResponseFacts(799, content=b"\xff[1]")
    assert (facts.reason_phrase, facts.url, facts.encoding) == ("", "", "utf-8")
    assert facts.text == "\ufffd[1]"
    assert ResponseFacts(200, [("Content-Type", "text/x; charset=nonsense")], b"a").text == "a"
    assert repr(facts) == "<Response [799]>"
    with pytest.raises(ValueError, match="codec"):
        facts.json()
    assert ResponseFacts(200, content=b"[1]").json() == [1]


async def test_closing_facts_and_raising_for_their_status() -> None:
    fine = ResponseFacts(204)
    assert fine.raise_for_status() is fine
    fine.close()
    await fine.aclose()
    assert fine.is_closed
    for status, error in ((302, APIStatusError), (404, NotFoundError), (503, InternalServerError)):
        bad = ResponseFacts(
            status, content=b'{"error":{"message":"no"}}', request=RequestFacts("GET", "https://h")
        )
        with pytest.raises(error, match="no") as caught:
            bad.raise_for_status()
        assert caught.value.response is bad


def test_header_blocks() -> None:
    block = HeaderBlock([("Accept", "a"), ("X-One", "1"), ("accept", "b")])
    assert block.wire == b"accept: b\r\nX-One: 1\r\n"
    assert block.pairs == (("accept", "b"), ("X-One", "1"))
    assert block.get("ACCEPT") == "b"
    assert block.get("absent") is None
    assert block.merged({}) is block
    changed = block.merged({"X-ONE": None, "New": "n", "Accept": "c"})
    assert changed.wire == b"New: n\r\nAccept: c\r\n"
    assert block.without(["accept"]).wire == b"X-One: 1\r\n"
    assert HeaderBlock().wire == b""
