"""`stream` and `stream_fc` against the embedded server: early ends, bad ends, calls the moment they close."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pydantic
import pytest

import oxide
from oxide.testing import Answer, Server
from tests.parity.streams import Chat, Reply, chat, reply

MESSAGES: list[Any] = [{"role": "user", "content": "hi"}]
ARGUMENTS = ['{"city": "Paris"}', '{"city": "R\\"ome"}', "{}"]


class Weather(pydantic.BaseModel):
    city: str


def response_with_calls(arguments: list[str], end: str = "completed") -> list[dict[str, Any]]:
    made = Reply(random.Random(1))
    made.begin()
    made.reasoning(["think"])
    made.message([["I ", "look"]])
    made.calls(arguments)
    made.message([["after"]])
    if end:
        fields: dict[str, Any] = {}
        if end == "failed":
            fields = {"error": {"code": "server_error", "message": "it broke"}}
        elif end == "incomplete":
            fields = {"incomplete_details": {"reason": "content_filter"}}
        made.end(end, **fields)
    return made.events


def chat_with_calls(arguments: list[str], reason: str = "tool_calls") -> list[dict[str, Any]]:
    made = Chat(random.Random(1))
    made.chunk(0, {"role": "assistant", "content": "look"})
    made.chunk(0, {"reasoning_content": "think"})
    made.calls(0, arguments, interleaved=True)
    if reason:
        made.chunk(0, {}, finish_reason=reason)
    return made.events


def tools(*names: str) -> list[Any]:
    return [oxide.pydantic_function_tool(Weather, name=name) for name in names]


async def gather(calls: Any, seen: list[str]) -> None:
    async for call in calls:
        seen.append(call.arguments)


class TestCalls:
    async def test_of_a_response(self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
        oxide_server.script("/responses", Answer.sse(response_with_calls(ARGUMENTS)))
        calls = oxide_client.responses.stream_fc(model="m", input="hi", tools=tools("tool_0", "tool_1"))
        seen = [call async for call in calls]
        assert sorted((c.output_index, c.call_id, c.item_id, c.name, c.arguments) for c in seen) == [
            (i + 2, f"call_{i + 2}", f"fc_{i + 2}", f"tool_{i}", text) for i, text in enumerate(ARGUMENTS)
        ]
        by_name = {call.name: call for call in seen}
        assert by_name["tool_0"].parsed == Weather(city="Paris")
        assert by_name["tool_2"].parsed == {}
        assert calls.text == "I lookafter"
        assert calls.reasoning == "think"
        final = await calls.get_final_response()
        assert final.status == "completed"
        assert len(final.output) == 6

    async def test_of_a_chat(self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
        oxide_server.script("/chat/completions", Answer.sse(chat_with_calls(ARGUMENTS), done=True))
        calls = oxide_client.chat.completions.create_stream_fc(
            model="m", messages=MESSAGES, tools=tools("tool_0", "tool_1")
        )
        seen = [call async for call in calls]
        assert sorted((c.output_index, c.call_id, c.item_id, c.name, c.arguments) for c in seen) == [
            (i, f"call_{i}", None, f"tool_{i}", text) for i, text in enumerate(ARGUMENTS)
        ]
        assert {c.name: c for c in seen}["tool_1"].parsed == Weather(city='R"ome')
        assert (calls.text, calls.reasoning) == ("look", "think")
        final = await calls.get_final_completion()
        assert len(final.choices[0].message.tool_calls or ()) == 3

    @pytest.mark.parametrize("kind", ["responses", "chat"])
    async def test_the_moment_they_close(self, oxide_server: Server, kind: str) -> None:
        """The stream stops right behind the piece that closes a call; the call is there all the same."""
        if kind == "responses":
            events = response_with_calls(ARGUMENTS[:1])
            closing = [e["type"] for e in events].index("response.function_call_arguments.done") + 1
            answer = Answer.sse(events)
        else:
            events = chat_with_calls(ARGUMENTS[:1])
            closing = len(events) - 1
            answer = Answer.sse(events, done=True)
        stalled = answer.but(stall_after=sum(map(len, answer.body[:closing])))
        oxide_server.script("*", stalled)
        async with oxide.AsyncOpenAI(base_url=oxide_server.base_url, api_key="k") as client:
            calls: Any = (
                client.responses.stream_fc(model="m", input="hi")
                if kind == "responses"
                else client.chat.completions.stream_fc(model="m", messages=MESSAGES)
            )
            async for call in calls:
                assert call.arguments == ARGUMENTS[0]
                break
            # Leaving the loop closes the stream, though `calls` is still held.
            for _ in range(200):
                if oxide_server.journal[0].aborted:
                    break
                await asyncio.sleep(0.01)
            assert oxide_server.journal[0].aborted
            with pytest.raises(oxide.APIStreamTruncatedError):
                await (calls.get_final_response() if kind == "responses" else calls.get_final_completion())
            with pytest.raises(oxide.APIStreamTruncatedError):
                await gather(calls, [])

    async def test_arguments_that_do_not_fit(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        texts = ['{"city": 3}', '{"city": "x"', '{"city": "Rome"}']
        oxide_server.script("/responses", Answer.sse(response_with_calls(texts)))
        given = tools("tool_0", "tool_1", "tool_2")
        faults: dict[str, oxide.ToolArgumentsError] = {}
        parsed: list[Any] = []
        async for call in oxide_client.responses.stream_fc(model="m", input="hi", tools=given):
            try:
                parsed.append(call.parsed)
            except oxide.ToolArgumentsError as error:
                faults[call.name] = error
        assert parsed == [Weather(city="Rome")]
        assert faults["tool_0"].path == "city"
        assert faults["tool_0"].call_id == "call_2"
        assert faults["tool_1"].arguments == texts[1]
        assert "tool_1" in str(faults["tool_1"])

    @pytest.mark.parametrize(
        ("end", "error"),
        [
            ("failed", oxide.InternalServerError),
            ("incomplete", oxide.ContentFilterFinishReasonError),
            ("", oxide.APIStreamTruncatedError),
        ],
    )
    async def test_failures_raise_after_the_calls(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI, end: str, error: type[Exception]
    ) -> None:
        oxide_server.script("/responses", Answer.sse(response_with_calls(ARGUMENTS, end)))
        seen: list[str] = []
        calls = oxide_client.responses.stream_fc(model="m", input="hi")
        with pytest.raises(error):
            await gather(calls, seen)
        assert sorted(seen) == sorted(ARGUMENTS)
        with pytest.raises(error):
            await gather(calls, seen)
        assert len(seen) == len(ARGUMENTS)
        with pytest.raises(error):
            await calls.get_final_response()

    async def test_the_calls_that_arrived_stay_where_the_final_response_is_none(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        oxide_server.script("/responses", Answer.sse(response_with_calls(ARGUMENTS, "failed")))
        calls = oxide_client.responses.stream_fc(model="m", input="hi")
        with pytest.raises(oxide.InternalServerError):
            await calls.get_final_response()
        seen: list[str] = []
        with pytest.raises(oxide.InternalServerError):
            await gather(calls, seen)
        assert sorted(seen) == sorted(ARGUMENTS)

    async def test_a_request_that_failed_or_was_given_up_is_not_sent_again(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        closed = oxide_client.responses.stream_fc(model="m", input="hi")
        await closed.close()
        for read in (lambda: gather(closed, []), closed.get_final_response):
            with pytest.raises(oxide.OpenAIError, match="Closed before the request was sent"):
                await read()
        assert len(oxide_server.journal) == 0
        oxide_server.script("/responses", Answer.error(400, "no"))
        refused = oxide_client.responses.stream_fc(model="m", input="hi")
        for read in (lambda: gather(refused, []), refused.get_final_response, lambda: gather(refused, [])):
            with pytest.raises(oxide.BadRequestError):
                await read()
        assert len(oxide_server.journal) == 1

    async def test_choices_do_not_mix(self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
        made = Chat(random.Random(1))
        for index in range(2):
            made.chunk(index, {"role": "assistant", "content": ""})
        for piece in ("a", "b", "c"):
            made.chunk(1, {"content": piece.upper()})
            made.chunk(0, {"content": piece})
        made.calls(1, [ARGUMENTS[0]])
        made.calls(0, [ARGUMENTS[1]])
        for index in range(2):
            made.chunk(index, {}, finish_reason="tool_calls")
        oxide_server.script("/chat/completions", Answer.sse(made.events, done=True))
        calls = oxide_client.chat.completions.stream_fc(model="m", messages=MESSAGES, n=2)
        seen = [(call.choice_index, call.output_index, call.arguments) async for call in calls]
        assert seen == [(1, 0, ARGUMENTS[0]), (0, 0, ARGUMENTS[1])]
        assert calls.text == "abc"

    async def test_calls_that_had_closed_before(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        events = response_with_calls(ARGUMENTS)
        first = next(e for e in events if e["type"] == "response.function_call_arguments.done")
        oxide_server.script("*", Answer.sse(events))
        calls = oxide_client.responses.stream_fc(
            response_id="resp_1", starting_after=first["sequence_number"]
        )
        seen = [call.arguments async for call in calls]
        assert sorted(seen) == sorted(set(ARGUMENTS) - {first["arguments"]})
        assert calls.text == "after"
        assert len((await calls.get_final_response()).output) == 6
        for wrong in ("5", 5.0):
            with pytest.raises(TypeError, match=f"starting_after is {wrong!r}; it must be"):
                oxide_client.responses.stream_fc(response_id="r", starting_after=wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("whole", [True, False])
    async def test_calls_that_are_all_numbered_0(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI, whole: bool
    ) -> None:
        made = Chat(random.Random(1))
        pieces = [
            {"index": 0, "id": f"call_{i}", "type": "function", "function": {"name": "f", "arguments": text}}
            for i, text in enumerate(ARGUMENTS)
        ]
        if whole:
            made.chunk(0, {"tool_calls": pieces})
        else:
            for piece in pieces:
                text = piece["function"]["arguments"]  # type: ignore[index]
                made.chunk(0, {"tool_calls": [{**piece, "function": {"name": "f", "arguments": text[:3]}}]})
                made.chunk(0, {"tool_calls": [{"index": 0, "function": {"arguments": text[3:]}}]})
        made.chunk(0, {}, finish_reason="tool_calls")
        oxide_server.script("/chat/completions", Answer.sse(made.events, done=True), times=2)
        calls = oxide_client.chat.completions.stream_fc(model="m", messages=MESSAGES)
        seen = [(call.output_index, call.call_id, call.arguments) async for call in calls]
        assert seen == [(i, f"call_{i}", text) for i, text in enumerate(ARGUMENTS)]
        final = await calls.get_final_completion()
        found: Any = final.choices[0].message.tool_calls
        assert [(c.id, c.function.arguments) for c in found] == [s[1:] for s in seen]

    async def test_calls_that_only_the_end_completes(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        made = Chat(random.Random(1))
        for piece in (
            {"index": 0, "type": "function", "function": {"arguments": "{}"}},
            {"index": 0, "id": "late", "function": {"name": "named_late"}},
            {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            {"index": 2, "type": "function", "function": {"name": "no_id", "arguments": "{}"}},
            {"index": 3, "id": "open", "type": "function", "function": {"name": "h", "arguments": '{"a":'}},
        ):
            made.chunk(0, {"tool_calls": [piece]})
        oxide_server.script("/chat/completions", Answer.sse(made.events, done=True))
        calls = oxide_client.chat.completions.stream_fc(model="m", messages=MESSAGES)
        seen = [call async for call in calls]
        assert [(c.name, c.call_id) for c in seen] == [
            ("named_late", "late"), ("g", "b"), ("no_id", ""), ("h", "open"),
        ]  # fmt: skip
        with pytest.raises(oxide.ToolArgumentsError, match="h"):
            _ = seen[-1].parsed

    @pytest.mark.parametrize("index", ["left out", None, "first"])
    async def test_a_call_that_does_not_say_which_it_is(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI, index: Any
    ) -> None:
        events = chat_with_calls(ARGUMENTS[:1])
        for event in events:
            for call in event["choices"][0]["delta"].get("tool_calls", ()):
                call["index"] = index
                if index == "left out":
                    del call["index"]
        oxide_server.script("/chat/completions", Answer.sse(events, done=True))
        with pytest.raises(oxide.APIResponseValidationError, match="index"):
            await gather(oxide_client.chat.completions.stream_fc(model="m", messages=MESSAGES), [])

    @pytest.mark.parametrize(("reason", "error"), [
        ("length", oxide.LengthFinishReasonError), ("", oxide.APIStreamTruncatedError),
    ])  # fmt: skip
    async def test_failures_of_a_chat(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI, reason: str, error: type[Exception]
    ) -> None:
        events = chat_with_calls(['{"city": "Paris"}', '{"city": "Ro'], reason)
        oxide_server.script("/chat/completions", Answer.sse(events))
        seen: list[str] = []
        with pytest.raises(error):
            await gather(oxide_client.chat.completions.stream_fc(model="m", messages=MESSAGES), seen)
        assert seen == ['{"city": "Paris"}']

    async def test_nothing_is_sent_before_it_is_asked_for(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        oxide_client.responses.stream_fc(model="m", input="hi")
        oxide_client.responses.stream(model="m", input="hi")
        oxide_client.chat.completions.stream(model="m", messages=MESSAGES)
        assert len(oxide_server.journal) == 0


class TestStreams:
    async def test_leaving_early_closes(self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
        oxide_server.script("/chat/completions", Answer.sse(chat(1, "text"), gap=0.02, done=True))
        async with oxide_client.chat.completions.stream(model="m", messages=MESSAGES) as stream:
            async for _ in stream:
                break
        with pytest.raises(oxide.APIStreamTruncatedError, match="closed before it was complete"):
            await stream.get_final_completion()

    async def test_snapshot_of_the_moment(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        events = chat(1, "text")
        oxide_server.script("/chat/completions", Answer.sse(events, done=True))
        kept: list[Any] = []
        text = ""
        async with oxide_client.chat.completions.stream(model="m", messages=MESSAGES) as stream:
            with pytest.raises(RuntimeError, match="before the first chunk"):
                stream.current_completion_snapshot  # noqa: B018
            async for event in stream:
                if event.type == "content.delta":
                    text += event.delta
                    kept.append((event, text))
                    assert stream.current_completion_snapshot.choices[0].message.content == text
            assert await stream.until_done() is stream
        # Events read late tell what they would have told.
        assert [event.snapshot for event, _ in kept] == [said for _, said in kept]

    async def test_failed_responses_raise_at_the_end(
        self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI
    ) -> None:
        oxide_server.script("/responses", Answer.sse(reply(0, "failed")))
        async with oxide_client.responses.stream(model="m", input="hi") as stream:
            kinds = [event.type async for event in stream]
            assert kinds[-1] == "response.failed"
            with pytest.raises(oxide.InternalServerError, match="it broke"):
                await stream.get_final_response()

    async def test_parameters(self, oxide_client: oxide.AsyncOpenAI) -> None:
        responses: Any = oxide_client.responses
        with pytest.raises(ValueError, match="model must be provided"):
            responses.stream(input="hi")
        with pytest.raises(ValueError, match="response_id and starting_after are for a response that exists"):
            responses.stream(response_id="r", model="m")
        with pytest.raises(ValueError, match="starting_after needs"):
            responses.stream(starting_after=3)
        with pytest.raises(TypeError, match="text_format"):
            responses.stream(model="m", input="hi", text={"format": {"type": "text"}}, text_format=Weather)

    async def test_what_is_sent(self, oxide_server: Server, oxide_client: oxide.AsyncOpenAI) -> None:
        async with oxide_client.chat.completions.stream(
            model="m", messages=MESSAGES, response_format=Weather, tools=tools("w")
        ) as stream:
            await stream.until_done()
        async with oxide_client.responses.stream(model="m", input="hi", text_format=Weather) as other:
            await other.until_done()
        sent, second = (json.loads(request.body) for request in oxide_server.journal)
        assert sent["stream"] is True
        assert sent["response_format"]["json_schema"]["name"] == "Weather"
        assert sent["tools"][0]["function"]["name"] == "w"
        assert oxide_server.journal[0].headers["X-Stainless-Helper-Method"] == "chat.completions.stream"
        assert second["text"]["format"]["name"] == "Weather"
