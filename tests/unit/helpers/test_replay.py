"""Items of a conversation as data, and the checks they pass before they are sent back."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from oxide.errors import APIResponseValidationError
from oxide.helpers.replay import (
    as_received,
    native_message_faults,
    native_reasoning_faults,
    replay_items,
    snapshot_request,
    wire_item,
)
from oxide.json import pad
from oxide.models import build, construct, set_request_id
from oxide.options import omit
from oxide.types.responses import Response, ResponseFunctionToolCall

SCORE = {"token": "a", "bytes": [97], "logprob": -1}
MESSAGE: dict[str, Any] = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "phase": "commentary",
    "content": [
        {"type": "refusal", "refusal": "no"},
        {
            "type": "output_text",
            "text": "a",
            "annotations": [
                {"type": "file_citation", "file_id": "f", "filename": "n", "index": 1},
                {"type": "url_citation", "title": "t", "url": "u", "start_index": 1, "end_index": 2},
                {"type": "file_path", "file_id": "f", "index": 1},
                {
                    "type": "container_file_citation",
                    "container_id": "c",
                    "file_id": "f",
                    "filename": "n",
                    "start_index": 1,
                    "end_index": 2,
                },
            ],
            "logprobs": [{**SCORE, "top_logprobs": [SCORE]}],
        },
    ],
}
REASONING: dict[str, Any] = {
    "id": "r",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "s"}],
    "content": [{"type": "reasoning_text", "text": "t"}],
    "encrypted_content": "e",
    "status": "completed",
}


def changed(item: Any, path: tuple[Any, ...], value: Any) -> Any:
    item = deepcopy(item)
    place = item
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return item


def place_of(path: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def test_a_message() -> None:
    assert not [*native_message_faults(MESSAGE)]
    assert not [*native_message_faults(changed(MESSAGE, ("content", 1, "logprobs"), None))]


TEXT = ("content", 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), 1),
        (("role",), "user"),
        (("status",), "done"),
        (("phase",), "other"),
        (("content",), "text"),
        (("content", 0), "text"),
        (("content", 0, "refusal"), None),
        (("content", 0, "type"), "other"),
        ((*TEXT, "text"), None),
        ((*TEXT, "annotations"), None),
        ((*TEXT, "annotations", 0, "type"), "other"),
        ((*TEXT, "annotations", 0, "filename"), 1),
        ((*TEXT, "annotations", 0, "index"), True),
        ((*TEXT, "annotations", 1, "end_index"), "2"),
        ((*TEXT, "annotations", 2, "file_id"), None),
        ((*TEXT, "annotations", 3, "container_id"), None),
        ((*TEXT, "logprobs"), {}),
        ((*TEXT, "logprobs", 0, "token"), 1),
        ((*TEXT, "logprobs", 0, "bytes"), None),
        ((*TEXT, "logprobs", 0, "bytes", 0), "a"),
        ((*TEXT, "logprobs", 0, "logprob"), float("-inf")),
        ((*TEXT, "logprobs", 0, "top_logprobs"), None),
        ((*TEXT, "logprobs", 0, "top_logprobs", 0, "logprob"), "1"),
    ],
)
def test_a_message_that_is_none(path: tuple[Any, ...], value: Any) -> None:
    assert next(native_message_faults(changed(MESSAGE, path, value)))[0] == place_of(path)


def test_reasoning() -> None:
    assert not [*native_reasoning_faults(REASONING)]
    assert not [*native_reasoning_faults({"id": "r", "summary": []})]
    assert not [*native_reasoning_faults(changed(REASONING, ("encrypted_content",), None))]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), None),
        (("summary",), None),
        (("summary", 0, "type"), "text"),
        (("summary", 0, "text"), 1),
        (("content",), None),
        (("content", 0, "type"), "summary_text"),
        (("encrypted_content",), 1),
        (("status",), None),
    ],
)
def test_reasoning_that_is_none(path: tuple[Any, ...], value: Any) -> None:
    assert next(native_reasoning_faults(changed(REASONING, path, value)))[0] == place_of(path)


def test_items_as_input() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "id": None}
    extra = {"created_by": "u", "parsed_arguments": {"a": 1}, "unknown": [1]}
    item = construct(ResponseFunctionToolCall, {**call, **extra})
    del call["id"]
    assert wire_item(item) == {**call, "unknown": [1]}
    part = {"type": "output_text", "text": "a", "annotations": [], "parsed": {"a": 1}}
    response = construct(Response, {"output": [{**MESSAGE, "content": [part]}]})
    del part["parsed"]
    assert replay_items(response.output) == [{**MESSAGE, "content": [part]}]


def test_a_request_nobody_can_change() -> None:
    timeout = {"connect": 1}
    params: dict[str, Any] = {
        "model": "m",
        "store": omit,
        "input": ({"role": "user", "content": c} for c in "ab"),
        "tools": [{"type": "function", "name": "f", "strict": omit}],
        "extra_headers": {"A": omit},
        "timeout": timeout,
    }
    kept = snapshot_request(params)
    params["tools"][0]["name"] = "g"
    timeout["connect"] = 2
    assert kept == {
        "model": "m",
        "input": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
        "tools": [{"type": "function", "name": "f"}],
        "extra_headers": {"A": omit},
        "timeout": {"connect": 1},
    }


@pytest.mark.parametrize("read", [False, True])
def test_an_answer_as_it_was_received(read: bool) -> None:
    data = {
        "id": 5,
        "status": "odd",
        "output": [{**MESSAGE, "later": [1]}],
        "temperature": "hot",
        "new": {"a": 1},
    }
    body = json.dumps(data).encode()
    answer: Response = build(Response, pad(body), len(body))
    set_request_id(answer, "req_1")
    assert as_received(answer).to_dict(warnings=False) == data
    copy = as_received(answer)
    assert copy._request_id == "req_1"
    with pytest.raises(APIResponseValidationError, match="temperature"):
        _ = answer.temperature
    message = copy.output[0]
    assert message.type == "message"
    message.content.clear()
    assert as_received(answer).to_dict(warnings=False) == data


def test_an_answer_that_was_changed_keeps_the_change() -> None:
    body = json.dumps({"id": "r", "output": [MESSAGE], "status": "completed"}).encode()
    answer: Response = build(Response, pad(body), len(body))
    answer.status = "failed"
    copy = as_received(answer)
    assert copy.status == "failed"
    assert copy.output == answer.output
    assert copy.output[0] is not answer.output[0]
