"""What the helpers take and give beyond the official SDK, as the README says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter
from typing_extensions import assert_type

import oxide
from oxide import (
    AgentEvent,
    AgentRun,
    AsyncOpenAI,
    AsyncStream,
    FunctionCall,
    StreamResumedEvent,
    ToolFinishedEvent,
    ToolStartedEvent,
    TurnFinishedEvent,
    openai_tool,
)
from oxide.lib.streaming.responses import AsyncResponseStreamManager
from oxide.lib.streaming.responses import ResponseStreamEvent as HelperEvent
from oxide.types.beta import BetaResponseStreamEvent
from oxide.types.responses import Response, ResponseStreamEvent

client = AsyncOpenAI()
messages: Any = []


class Forecast(BaseModel):
    """What a model is asked to write."""

    city: str


@dataclass
class Place:
    """The same, without pydantic."""

    city: str


@openai_tool
async def weather(city: str) -> str:
    """The weather in a city."""
    return city


def hour(zone: str) -> int:
    """The hour in a time zone."""
    return len(zone)


async def formats() -> None:
    several = TypeAdapter(list[Forecast])
    response = await client.responses.parse(model="m", input="hi", text_format=several)
    assert_type(response.output_parsed, list[Forecast] | None)
    place = await client.responses.parse(model="m", input="hi", text_format=Place)
    assert_type(place.output_parsed, Place | None)
    completion = await client.chat.completions.parse(model="m", messages=messages, response_format=several)
    assert_type(completion.choices[0].message.parsed, list[Forecast] | None)
    of_place = await client.chat.completions.parse(model="m", messages=messages, response_format=Place)
    assert_type(of_place.choices[0].message.parsed, Place | None)
    async with client.responses.stream(model="m", input="hi", text_format=several) as stream:
        assert_type((await stream.get_final_response()).output_parsed, list[Forecast] | None)
    async with client.chat.completions.stream(
        model="m", messages=messages, response_format=several
    ) as chunks:
        assert_type((await chunks.get_final_completion()).choices[0].message.parsed, list[Forecast] | None)


async def tools() -> None:
    responses, completions = client.responses, client.chat.completions
    await responses.parse(model="m", input="hi", text_format=Forecast, tools=[weather, hour, Forecast])
    await completions.parse(model="m", messages=messages, tools=[weather, hour, Forecast])
    async with responses.stream(model="m", input="hi", tools=[weather], stream_resume=True) as stream:
        await stream.until_done()
    async with completions.stream(model="m", messages=messages, tools=[weather]) as chunks:
        await chunks.until_done()
    async for call in responses.stream_fc(model="m", input="hi", tools=[weather, {"type": "web_search"}]):
        assert_type(call.name, str)
    async for call in completions.stream_fc(model="m", messages=messages, tools=[weather]):
        assert_type(call.arguments, str)
    await responses.create(model="m", input="hi", tools=[weather.schema])
    await completions.create(model="m", messages=messages, tools=[weather.chat_schema])


async def resumed(told: bool) -> None:
    responses = client.responses
    plain = await responses.create(model="m", input="hi", stream=True, stream_resume=True)
    assert_type(plain, AsyncStream[ResponseStreamEvent])
    either = await responses.create(model="m", input="hi", stream=told, stream_resume=told)
    assert_type(either, Response | AsyncStream[ResponseStreamEvent])
    for asked in (
        await responses.create(model="m", input="hi", stream=True, stream_resume="events"),
        await responses.retrieve("r", stream=True, stream_resume="events"),
    ):
        async for event in asked:
            if event.type == "oxide.stream.resumed":
                assert_type(event, StreamResumedEvent)
    beta = await client.beta.responses.create(model="m", input="hi", stream=True, stream_resume="events")
    assert_type(beta, AsyncStream[BetaResponseStreamEvent | StreamResumedEvent])
    # Who does not ask has the official events alone: a program that looks at each kind is complete.
    manager = responses.stream(model="m", input="hi", text_format=Forecast, stream_resume=True)
    assert_type(manager, AsyncResponseStreamManager[Forecast])
    async with manager as stream:
        async for helped in stream:
            assert_type(helped, HelperEvent[Forecast])
    async with responses.stream(model="m", input="hi", text_format=Forecast, stream_resume="events") as more:
        async for all_of_them in more:
            assert_type(all_of_them, HelperEvent[Forecast] | StreamResumedEvent)
    calls = responses.stream_fc(model="m", input="hi", stream_resume="events")
    async for call in calls:
        assert_type(call, FunctionCall)
    assert_type(calls.resumed, list[StreamResumedEvent])


async def agent() -> None:
    async with client.agent("m", input="hi", tools=[weather]) as run:
        assert_type(run, AgentRun)
        async for event in run:
            assert_type(event, AgentEvent)
            if event.type == "agent.tool.started":
                assert_type(event, ToolStartedEvent)
                assert_type(event.call, FunctionCall)
            elif event.type == "agent.tool.finished":
                assert_type(event, ToolFinishedEvent)
            elif event.type == "agent.turn.finished":
                assert_type(event, TurnFinishedEvent)


def modules() -> None:
    oxide.AsyncOpenAI(provider=oxide.providers.bedrock(region="us-east-1"))
    assert_type(oxide.VERSION, str)
