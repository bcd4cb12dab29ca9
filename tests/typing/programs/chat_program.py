"""A program written for the official SDK, only its import changed."""

from __future__ import annotations

import asyncio

from typing_extensions import assert_type

import oxide
from oxide import AsyncOpenAI, AsyncStream
from oxide.types import CompletionUsage, Model
from oxide.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessageParam,
    ChatCompletionToolParam,
)
from oxide.types.chat.chat_completion import Choice
from oxide.types.shared_params import FunctionDefinition


async def key() -> str:
    return "k"


client = AsyncOpenAI(api_key=key, base_url="http://127.0.0.1:8000/v1", default_headers={"X-A": "b"})


async def plain() -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]
    function: FunctionDefinition = {"name": "f", "parameters": {"type": "object"}}
    tools: list[ChatCompletionToolParam] = [{"type": "function", "function": function}]
    try:
        completion = await client.chat.completions.create(
            model="gpt-4o", messages=messages, tools=tools, logit_bias={"1": 2}, stop=["x"], n=1
        )
    except oxide.RateLimitError as error:
        print(error.status_code, error.response.headers.get("retry-after"), error.code, error.request_id)
        return
    except oxide.APIConnectionError as error:
        print(error.request.url, error.__cause__)
        return
    assert_type(completion, ChatCompletion)
    assert_type(completion.choices[0], Choice)
    assert_type(completion.choices[0].message.content, str | None)
    assert_type(completion.usage, CompletionUsage | None)
    for call in completion.choices[0].message.tool_calls or []:
        if call.type == "function":
            assert_type(call.function.arguments, str)
    print(completion.model_dump_json(indent=2), completion.to_dict())


async def streamed() -> None:
    stream = await client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert_type(stream, AsyncStream[ChatCompletionChunk])
    async for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="")
    await stream.close()


async def models() -> None:
    async for model in client.models.list():
        assert_type(model, Model)
    page = await client.models.list()
    assert_type(page.data, list[Model])
    if page.has_next_page():
        page = await page.get_next_page()
    found = await client.get("/models", cast_to=Model, options={"timeout": 3.0, "max_retries": 0})
    assert_type(found, Model)
    events = await client.post(
        "/chat/completions", cast_to=object, body={}, stream=True, stream_cls=AsyncStream[ChatCompletionChunk]
    )
    assert_type(events, AsyncStream[ChatCompletionChunk])


async def main() -> None:
    async with client:
        await plain()


if __name__ == "__main__":
    asyncio.run(main())
