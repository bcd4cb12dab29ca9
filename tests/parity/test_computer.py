"""The computer toolset of the official SDK and oxide's, driven alike: what they do, give and refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oxide.helpers.computer_calls import ComputerUseError, actions_of, snapshot_call
from oxide.json import pad
from oxide.models import build
from oxide.types.responses import ResponseComputerToolCall

from .computer_cases import calls

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

from openai.lib import computer as official_computer  # noqa: E402
from openai.types.responses import ResponseComputerToolCall as OfficialCall  # noqa: E402

CALLS = list(calls())


def received(data: dict[str, Any]) -> ResponseComputerToolCall:
    """A call as the client makes it of an answer."""
    body = json.dumps(data).encode()
    made: ResponseComputerToolCall = build(ResponseComputerToolCall, pad(body), len(body))
    return made


def officially(data: dict[str, Any]) -> Any:
    """The actions as the official SDK takes them, or its refusal."""
    try:
        taken: Any = official_computer._snapshot_call(OfficialCall.construct(**data))
        return [action.to_dict() for action in official_computer._actions(taken)]
    except (official_computer.ComputerUseError, AttributeError, TypeError):
        # It asks anything for its type, and whatever that is whether it is in a set.
        return "refused"


def constructed(data: dict[str, Any]) -> ResponseComputerToolCall:
    """A call as a program makes it, with nothing checked."""
    return ResponseComputerToolCall.construct(**data)


@pytest.mark.parametrize("make", [received, constructed])
def test_what_a_call_has_to_hold(make: Any) -> None:
    refused = 0
    for data in CALLS:
        try:
            mine: Any = [action.to_dict() for action in actions_of(snapshot_call(make(data)))]
        except ComputerUseError as error:
            assert "computer call" in str(error)  # noqa: PT017
            mine = "refused"
        assert mine == officially(data), data
        refused += mine == "refused"
    assert 100 < refused < len(CALLS) - 100


def test_a_copy_shares_nothing() -> None:
    data = {"type": "computer_call", "id": "a", "call_id": "b", "status": "completed", "more": [1]}
    call = received({**data, "actions": [{"type": "keypress", "keys": ["a"]}]})
    copy = snapshot_call(call)
    call.actions[0].keys.append("b")  # type: ignore[index,union-attr]
    call.more.append(2)  # type: ignore[attr-defined]
    assert copy.to_dict() == {**data, "actions": [{"type": "keypress", "keys": ["a"]}]}
    assert copy.pending_safety_checks is None
    assert snapshot_call(call).to_dict()["actions"] == [{"type": "keypress", "keys": ["a", "b"]}]
