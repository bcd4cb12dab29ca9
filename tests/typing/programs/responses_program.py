"""A program written for the official SDK, only its import changed."""

from __future__ import annotations

import asyncio

from typing_extensions import assert_type

from oxide import NOT_GIVEN, AsyncOpenAI, AsyncStream, NotGiven, omit
from oxide.types.responses import (
    Response,
    ResponseInputParam,
    ResponseOutputItem,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    ToolParam,
)

client = AsyncOpenAI(api_key="k", timeout=20.0, max_retries=3)

TOOLS: list[ToolParam] = [
    {
        "type": "function",
        "name": "weather",
        "description": "Weather at a place",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
        "strict": True,
    }
]


async def plain() -> str:
    history: ResponseInputParam = [{"role": "user", "content": "hi"}]
    response = await client.responses.create(model="gpt-4o", input=history, tools=TOOLS, temperature=0.1)
    assert_type(response, Response)
    assert_type(response.output_text, str)
    assert_type(response.output, list[ResponseOutputItem])
    for item in response.output:
        if item.type == "function_call":
            assert_type(item.arguments, str)
            history.append({"type": "function_call_output", "call_id": item.call_id, "output": "sunny"})
        elif item.type == "message":
            for part in item.content:
                if part.type == "output_text":
                    print(part.text)
    return response.output_text


async def streamed() -> None:
    stream = await client.responses.create(model="gpt-4o", input="hi", stream=True)
    assert_type(stream, AsyncStream[ResponseStreamEvent])
    async with stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                assert_type(event, ResponseTextDeltaEvent)
                print(event.delta, end="")
            elif event.type == "response.completed":
                assert_type(event.response, Response)


async def either(stream: bool, text: str | NotGiven = NOT_GIVEN) -> None:
    result = await client.responses.create(model="gpt-4o", input="hi", stream=stream)
    assert_type(result, Response | AsyncStream[ResponseStreamEvent])
    print(text)


async def others() -> None:
    response = await client.responses.retrieve("resp_1", include=["file_search_call.results"])
    assert_type(response, Response)
    assert_type(await client.responses.cancel("resp_1"), Response)
    await client.responses.delete("resp_1")
    async for item in client.responses.input_items.list("resp_1", limit=10, order="asc", after=omit):
        print(item.type)
    again = await client.with_options(max_retries=0).responses.retrieve("resp_1", stream=True)
    assert_type(again, AsyncStream[ResponseStreamEvent])


async def raw() -> None:
    response = await client.responses.with_raw_response.retrieve("resp_1")
    print(response.headers.get("x-request-id"), response.status_code, response.http_request.url)
    created = await client.responses.with_raw_response.create(model="gpt-4o", input="hi")
    assert_type(created.parse(), Response)
    async with client.responses.with_streaming_response.create(model="gpt-4o", input="hi") as unread:
        print(unread.headers["content-type"])
        async for line in unread.iter_lines():
            print(line)
        assert_type(await unread.parse(), Response)


if __name__ == "__main__":
    asyncio.run(plain())
