"""Agent sessions over the wire, compared with the official SDK: the same requests, events and results."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

import oxide
from oxide.lib.beta import agents
from oxide.testing import Answer, Server

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

PLACE: Any = {"type": "reference", "environment_id": "env_1"}
SESSION: dict[str, Any] = {
    "id": "sess_1",
    "object": "agent.session",
    "status": "idle",
    "required_actions": [],
}
TURN: dict[str, Any] = {
    "id": "turn_1", "agent_id": "a", "created_at": 1, "object": "agent.session.turn", "session_id": "sess_1",
    "status": "in_progress",
}  # fmt: skip
CALL: dict[str, Any] = {
    "id": "i_1", "type": "function_call", "name": "add", "call_id": "call_1", "turn_id": "turn_1",
    "status": "in_progress", "arguments": '{"a": 2, "b": 3}',
}  # fmt: skip


class Answered(pydantic.BaseModel):
    total: int


def event(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e_{number}", "type": kind, "session_id": "sess_1", **fields}


def message(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"m_{text}", "type": "message", "role": "assistant", "status": "completed", "turn_id": "turn_1",
        "content": [{"type": "output_text", "text": text, "annotations": []}], **fields,
    }  # fmt: skip


def events(*middle: dict[str, Any], status: str = "completed") -> list[dict[str, Any]]:
    ended = {**TURN, "status": status}
    return [
        event(1, "agent.session.created", session=SESSION),
        event(2, "agent.session.turn.created", turn=TURN, turn_id="turn_1"),
        *middle,
        event(98, f"agent.session.turn.{status}", turn=ended, turn_id="turn_1"),
        event(99, "agent.session.idle", session=SESSION),
    ]


ITEMS = (
    event(3, "agent.session.turn.item.done", item=message("thinking", phase="commentary"), output_index=0),
    event(4, "agent.session.turn.item.done", item=message('{"total": 5}'), output_index=1),
    event(5, "error", error={"code": "soft", "message": "one tool was slow", "type": "server_error"}),
)


def sse(rows: list[dict[str, Any]]) -> Answer:
    return Answer.sse([(row["type"], row) for row in rows])


def clients(server: Server) -> list[Any]:
    options: dict[str, Any] = {"api_key": "k", "base_url": server.base_url, "max_retries": 0}
    return [openai.AsyncOpenAI(**options), oxide.AsyncOpenAI(**options)]


async def test_events_and_result_of_a_new_session(oxide_server: Server) -> None:
    seen: list[Any] = []
    for client in clients(oxide_server):
        async with client:
            oxide_server.script("/agents/sessions", sse(events(*ITEMS)))
            stream = await client.beta.agents.sessions.create(
                environment=PLACE,
                agent={"model": "m", "compaction": {"async_": True}},
                input="add",
                stream=True,
            )
            stream.with_result_collection()
            kinds = [e.type async for e in stream]
            result = await stream.get_final_result()
            assert await stream.get_final_result() is result
            names = result.turn_id, result.session_id, result.output_text, len(result.messages)
            seen.append((kinds, names, result.turn.status, result.messages[0].to_dict()))
    assert seen[0] == seen[1]
    assert seen[1][0] == [row["type"] for row in events(*ITEMS)], "an error among the events is an event"
    bodies = [json.loads(record.body) for record in oxide_server.journal]
    assert bodies[0] == bodies[1]
    assert bodies[1]["agent"]["compaction"] == {"async": True}
    assert {record.headers["openai-beta"] for record in oxide_server.journal} == {"agents=v1"}


async def test_a_result_of_a_type(oxide_server: Server) -> None:
    formats: list[Any] = []
    for client in clients(oxide_server):
        async with client:
            oxide_server.script("/agents/sessions", sse(events(*ITEMS)))
            stream = await client.beta.agents.sessions.create(
                environment=PLACE, agent={"model": "m"}, input="add", stream=True, output_type=Answered
            )
            assert (await stream.get_final_result()).output_parsed == Answered(total=5)
            formats.append(json.loads(oxide_server.journal[-1].body)["agent"]["text"])
            with pytest.raises(ValueError, match="not both"):
                await client.beta.agents.sessions.create(
                    environment=PLACE,
                    agent={"model": "m", "text": {"format": {"type": "text"}}},
                    output_type=Answered,
                )
            with pytest.raises(TypeError):
                await client.beta.agents.sessions.create(
                    environment=PLACE, agent={"model": "m"}, output_type=int
                )
    assert formats[0] == formats[1]


async def test_a_result_that_does_not_fit(oxide_server: Server) -> None:
    client = clients(oxide_server)[1]
    async with client:
        done = event(4, "agent.session.turn.item.done", item=message("secret words"), output_index=1)
        oxide_server.script("/agents/sessions", sse(events(done)))
        stream = await client.beta.agents.sessions.create(
            environment=PLACE, agent={}, stream=True, output_type=Answered
        )
        with pytest.raises(agents.AgentOutputParseError) as caught:
            await stream.get_final_result()
        assert caught.value.result.output_text == "secret words"
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (events(*ITEMS, status="failed"), "failed"),
        (events(*ITEMS, status="cancelled"), "cancelled"),
        (events(*ITEMS)[:4], "incomplete"),
        (
            [
                *events()[:2],
                event(
                    7,
                    "agent.session.requires_action",
                    session={**SESSION, "required_actions": [{**CALL, "type": "function_call"}]},
                ),
            ],
            "requires_action",
        ),
        ([*events()[:2], event(7, "agent.session.failed", session=SESSION)], "failed"),
    ],
)
async def test_no_result(oxide_server: Server, rows: list[dict[str, Any]], reason: str) -> None:
    async def outcome(client: Any) -> tuple[object, ...]:
        oxide_server.script("/agents/sessions", sse(rows))
        stream = await client.beta.agents.sessions.create(environment=PLACE, agent={}, stream=True)
        module = importlib.import_module(f"{type(client).__module__.split('.')[0]}.lib.beta.agents")
        with pytest.raises(module.AgentTurnResultError) as caught:
            await stream.get_final_result()
        error = caught.value
        return error.reason, error.turn_id, error.session_id, len(error.messages), str(error)

    seen: list[Any] = []
    for client in clients(oxide_server):
        async with client:
            seen.append(await outcome(client))
    assert seen[0] == seen[1]
    assert seen[1][0] == reason


async def test_handlers_run_between_events(oxide_server: Server) -> None:
    added = event(30, "agent.session.turn.item.added", item=CALL, turn_id="turn_1", output_index=0)
    refused = {"error": {"code": "invalid_request_error", "message": "Unknown pending tool call: call_1"}}
    sent: list[Any] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            oxide_server.script("/agents/sessions", sse(events(added, added, *ITEMS)))
            oxide_server.script(
                "/agents/sessions/sess_1/events",
                Answer.json(refused, status=400),
                Answer(status=204, framing="length"),
            )

            async def add(arguments: dict[str, Any]) -> dict[str, Any]:
                return {"sum": arguments["a"] + arguments["b"]}

            stream = await client.beta.agents.sessions.create(
                environment=PLACE,
                agent={},
                stream=True,
                tool_handlers={"add": add},
                extra_headers={"Idempotency-Key": "own"},
            )
            await stream.get_final_result()
            results = oxide_server.journal[start + 1 :]
            assert len({record.headers["idempotency-key"] for record in results}) == 1
            assert results[0].headers["idempotency-key"] != "own", "that one is the session's"
            sent.append([json.loads(record.body) for record in results])
            with pytest.raises(ValueError, match="requires stream=True"):
                await client.beta.agents.sessions.create(
                    environment=PLACE, agent={}, tool_handlers={"add": add}
                )
    assert sent[0] == sent[1]
    assert len(sent[1]) == 2, "the result came before the server waited for it, and was sent once more"
    assert sent[1][0]["events"][0]["output"] == '{"sum":5}'


async def test_a_turn_of_an_idle_session(oxide_server: Server) -> None:
    told: list[Any] = []
    sent: list[Any] = []
    for client in clients(oxide_server):
        start = len(oxide_server.journal)
        async with client:
            added = event(30, "agent.session.turn.item.added", item=CALL, turn_id="turn_1", output_index=0)
            rows = events(added, *ITEMS)
            oxide_server.script("/agents/sessions/sess_1", Answer.json(SESSION))
            place = "/agents/sessions/sess_1/events"
            oxide_server.script(place, sse([rows[0], *rows]), method="GET")
            oxide_server.script(place, Answer(status=204, framing="length"), method="POST", times=2)

            def failing(arguments: dict[str, Any]) -> str:
                raise KeyError("a secret")

            def tell(error: Any) -> None:
                told.append((error.stage, type(error.error), error.tool_name, error.call_id))

            async with client.beta.agents.sessions.stream(
                "sess_1", input="add", tool_handlers={"add": failing}, on_tool_error=tell
            ) as stream:
                stream.with_result_collection()
                kinds = [e.type async for e in stream]
                assert kinds == [row["type"] for row in rows], "what comes twice is handed out once"
                assert (await stream.get_final_result()).output_text == '{"total": 5}'
            records = oxide_server.journal[start:]
            sent.append([(r.method, r.target, json.loads(r.body) if r.body else None) for r in records])
            oxide_server.script("/agents/sessions/sess_1", Answer.json({**SESSION, "status": "in_progress"}))
            with pytest.raises(ValueError, match="idle session"):
                async with client.beta.agents.sessions.stream("sess_1", input="add"):
                    pass
            with pytest.raises(ValueError, match="must not be empty"):
                client.beta.agents.sessions.stream("sess_1", input="")
    assert sent[0] == sent[1]
    assert "secret" not in json.dumps(sent)
    assert told == [("execution", KeyError, "add", "call_1")] * 2


async def test_a_subscription_ends_where_the_server_ends_it(oxide_server: Server) -> None:
    for client in clients(oxide_server):
        async with client:
            oxide_server.script("/agents/sessions/sess_1/events", sse(list(ITEMS)))
            stream = await client.beta.agents.sessions.events.stream("sess_1", include_obfuscation=False)
            assert [e.type async for e in stream] == [row["type"] for row in ITEMS]
    assert {r.target for r in oxide_server.journal} == {
        "/v1/agents/sessions/sess_1/events?include_obfuscation=false"
    }


async def test_artifacts_of_a_turn(oxide_server: Server, tmp_path: Path) -> None:
    client = clients(oxide_server)[1]
    row = {
        "id": "art_1",
        "session_id": "sess_1",
        "turn_id": "turn_1",
        "path": "/out/a.txt",
        "object": "artifact",
    }
    page = {"object": "list", "data": [{**row, "turn_id": "other"}, row], "has_more": False}
    async with client:
        oxide_server.script("/agents/sessions", sse(events(*ITEMS)))
        stream = await client.beta.agents.sessions.create(environment=PLACE, agent={}, stream=True)
        files = client.beta.agents.sessions.artifacts.for_result(await stream.get_final_result())
        oxide_server.script("/agents/sessions/sess_1/artifacts", Answer.json(page), times=None)
        place = "/agents/sessions/sess_1/artifacts/art_1/content"
        oxide_server.script(place, Answer((b"the ", b"bytes")), Answer((b"the bytes",)))
        assert (await files.content("/out/a.txt")).read() == b"the bytes"
        found = await files.download("/out/a.txt", to=tmp_path / "a.txt")
        assert found.id == "art_1"
        assert (tmp_path / "a.txt").read_bytes() == b"the bytes"
        with pytest.raises(ValueError, match=r"has no artifacts at .*, one is needed"):
            await files.content("/out/b.txt")
