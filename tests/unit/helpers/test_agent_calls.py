"""What an agent tells the model of a call, what it adds up, and what it refuses to begin with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import oxide
from oxide.helpers.agent_calls import add_usage, sendable, told
from oxide.types.responses import ResponseInputImage, ResponseInputText

TEXT = {"type": "input_text", "text": "seen"}
IMAGE = {"type": "input_image", "detail": "low", "image_url": "data:image/png;base64,AA=="}


class Shown(BaseModel):
    type: Literal["input_text"] = "input_text"
    text: str


class Kind(BaseModel):
    type: list[str]


@dataclass
class Point:
    x: float


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ("text", "text"),
        (b"text \xc3\xa9", "text \xe9"),
        ("caf\udce9 \xe9 \U0001f600", "caf\\udce9 \xe9 \U0001f600"),
        (None, "null"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (Point(1.5), '{"x":1.5}'),
        (Kind(type=["a"]), '{"type":["a"]}'),
        ({"type": ["input_text"]}, '{"type":["input_text"]}'),
        ([], "[]"),
        ([math.inf, -math.inf, math.nan], '["Infinity","-Infinity","NaN"]'),
        (TEXT, [TEXT]),
        ([TEXT, IMAGE], [TEXT, IMAGE]),
        ((TEXT,), [TEXT]),
        ([TEXT, "text"], '[{"type":"input_text","text":"seen"},"text"]'),
        (ResponseInputText(type="input_text", text="seen"), [TEXT]),
        ([Shown(text="seen"), TEXT], [TEXT, TEXT]),
        (
            [ResponseInputImage(type="input_image", detail="low", image_url="data:image/png;base64,AA==")],
            [IMAGE],
        ),
    ],
)
def test_outputs(result: Any, output: Any) -> None:
    assert sendable(result) == output


@pytest.mark.parametrize("result", [b"\xff\x00", object(), {"a": object()}])
def test_what_cannot_be_said(result: Any) -> None:
    with pytest.raises(ValueError, match=r"utf-8|serialize"):
        sendable(result)


def group(*errors: Exception, name: str = "in a group") -> Exception:
    """As Python 3.11 and its backport have it."""
    error = RuntimeError(name)
    error.exceptions = errors  # type: ignore[attr-defined]
    return error


def test_failures() -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert told(ValueError("no such city")) == "Error: ValueError: no such city"
    assert told(ValueError()) == "Error: ValueError"
    assert told(FileNotFoundError("caf\udce9")) == "Error: FileNotFoundError: caf\\udce9"
    assert told(Unspeakable()) == "Error: Unspeakable: it cannot be shown"
    inner = group(KeyError("b"), Unspeakable(), name="deeper")
    assert told(group(ValueError("a"), inner)) == (
        "Error: RuntimeError: in a group: ValueError: a; "
        "RuntimeError: deeper: KeyError: 'b'; Unspeakable: it cannot be shown"
    )
    odd = ValueError("has other ones")
    odd.exceptions = "none"  # type: ignore[attr-defined]
    assert told(odd) == "Error: ValueError: has other ones"


def test_usage_adds_numbers_and_keeps_flags() -> None:
    total: dict[str, Any] = {"total_tokens": 0}
    more = {"total_tokens": 3, "cost": 0.25, "is_byok": True, "tier": "a", "none": None, "details": {"x": 1}}
    add_usage(total, more)
    add_usage(total, {**more, "is_byok": False, "tier": None})
    assert total == {"total_tokens": 6, "cost": 0.5, "is_byok": False, "tier": "a", "details": {"x": 2}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"max_turn": 3}, "agent\\(\\) got an unexpected keyword argument 'max_turn'.*extra_body"),
        (
            {"parallel_tool_calls": False},
            "'parallel_tool_calls' is the agent's own to send: use parallel_tools",
        ),
        ({"stream": True}, "'stream' is the agent's own"),
        ({"response_id": "resp_1"}, "'response_id' is the agent's own"),
        ({"starting_after": 1}, "'starting_after' is the agent's own"),
    ],
)
def test_parameters_that_no_turn_can_have(
    oxide_client: oxide.AsyncOpenAI, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(TypeError, match=says):
        oxide_client.agent("m", input="i", **given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"max_turns": 0}, "max_turns=0: at least 1 is needed, and a whole number"),
        ({"max_turns": 1.5}, "max_turns=1.5: at least 1"),
        ({"max_parallel_tools": 0}, "max_parallel_tools=0: at least 1"),
        ({"tool_timeout": 0}, "tool_timeout=0: more than 0 seconds"),
        ({"tool_timeout": -5}, "tool_timeout=-5: more than 0 seconds"),
        ({"tool_timeout": math.nan}, "tool_timeout=nan: more than 0 seconds"),
    ],
)
def test_limits_that_are_none(oxide_client: oxide.AsyncOpenAI, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        oxide_client.agent("m", input="i", **given)
