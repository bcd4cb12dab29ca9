"""What the checkers infer: each `reveal_type` is compared with the one of the official SDK."""

# pyright: reportDeprecated=false
from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from typing_extensions import reveal_type

from oxide import AsyncOpenAI
from oxide.pagination import AsyncCursorPage
from oxide.types import Model


class Forecast(BaseModel):
    """What a model is asked to write."""

    city: str


client = AsyncOpenAI()
messages: Any = []


async def calls(stream: bool) -> None:
    completions, responses = client.chat.completions, client.responses
    reveal_type(await completions.create(model="m", messages=messages))
    reveal_type(await completions.create(model="m", messages=messages, stream=True))
    reveal_type(await completions.create(model="m", messages=messages, stream=stream))
    completion = await completions.create(model="m", messages=messages)
    reveal_type(completion.choices[0].message.tool_calls)
    reveal_type(completion.choices[0].finish_reason)
    reveal_type(completion.usage)
    reveal_type(completion.to_dict())
    reveal_type(completions.list(limit=1))
    reveal_type(await responses.create(model="m", input="hi"))
    reveal_type(await responses.create(model="m", input="hi", stream=True))
    reveal_type(await responses.create(model="m", input="hi", stream=stream))
    response = await responses.retrieve("r")
    reveal_type(response.output)
    reveal_type(response.output_text)
    reveal_type(response.usage)
    reveal_type(response.tool_choice)
    reveal_type(response.status)
    reveal_type(responses.input_items.list("r"))
    reveal_type(await responses.input_items.list("r"))
    reveal_type(await client.embeddings.create(model="m", input="a"))
    reveal_type(await client.images.generate(prompt="p"))
    reveal_type(await client.images.generate(prompt="p", stream=True))
    reveal_type(await client.audio.transcriptions.create(model="whisper-1", file=b""))
    reveal_type(await client.audio.transcriptions.create(model="m", file=b"", response_format="text"))
    reveal_type(await client.audio.transcriptions.create(model="m", file=b"", response_format="verbose_json"))
    reveal_type(await client.audio.transcriptions.create(model="m", file=b"", stream=True))
    reveal_type(await client.audio.speech.create(model="m", input="i", voice="alloy"))
    reveal_type(await client.files.create(file=b"", purpose="batch"))
    reveal_type(client.files.list())
    reveal_type(await client.files.content("f"))
    reveal_type(await client.files.wait_for_processing("f"))
    reveal_type(await client.batches.retrieve("b"))
    reveal_type((await client.batches.list()).data)
    reveal_type(client.fine_tuning.jobs.list())
    reveal_type(await client.vector_stores.search("v", query="q"))
    reveal_type(await client.moderations.create(input="i"))
    reveal_type(client.models.list())
    reveal_type(await client.videos.create(prompt="p"))
    reveal_type(await client.conversations.items.retrieve("i", conversation_id="c"))
    reveal_type(await client.beta.threads.runs.create("t", assistant_id="a"))
    reveal_type(await client.beta.threads.runs.create("t", assistant_id="a", stream=True))
    reveal_type(client.admin.organization.projects.list())
    reveal_type(await client.get("/x", cast_to=dict[str, int]))
    reveal_type(client.get_api_list("/x", model=Model, page=AsyncCursorPage[Model]))


async def views() -> None:
    reveal_type(await client.responses.with_raw_response.retrieve("r"))
    reveal_type((await client.models.with_raw_response.list()).parse())
    reveal_type((await client.embeddings.with_raw_response.create(model="m", input="a")).parse())
    async with client.files.with_streaming_response.content("f") as opened:
        reveal_type(opened.headers)
        reveal_type(opened.status_code)
        reveal_type(await opened.json())
    stream = await client.responses.create(model="m", input="hi", stream=True)
    async for event in stream:
        reveal_type(event.type)
        if event.type == "response.output_item.added":
            reveal_type(event.item)
    async for chunk in await client.chat.completions.create(model="m", messages=messages, stream=True):
        reveal_type(chunk.choices[0].delta)
        reveal_type(chunk.usage)
    page = await client.files.list()
    reveal_type(page.next_page_info())
    reveal_type(await page.get_next_page())
    async for file in page:
        reveal_type(file)


async def helpers() -> None:
    parsed = await client.responses.parse(model="m", input="hi", text_format=Forecast)
    reveal_type(parsed)
    reveal_type(parsed.output_parsed)
    reveal_type((await client.responses.parse(model="m", input="hi")).output_parsed)
    completion = await client.chat.completions.parse(model="m", messages=messages, response_format=Forecast)
    reveal_type(completion)
    reveal_type(completion.choices[0].message.parsed)
    async with client.responses.stream(model="m", input="hi", text_format=Forecast) as stream:
        reveal_type(stream)
        async for event in stream:
            reveal_type(event.type == "response.created")
            if event.type == "response.output_text.delta":
                reveal_type(event)
                reveal_type(event.snapshot)
                reveal_type(event.delta)
            elif event.type == "response.function_call_arguments.delta":
                reveal_type(event)
                reveal_type(event.snapshot)
            elif event.type == "response.output_item.added":
                reveal_type(event.item)
            elif event.type == "response.completed":
                reveal_type(event)
                reveal_type(event.response.output_parsed)
            elif event.type == "response.reasoning_text.delta":
                reveal_type(event)
        final = await stream.get_final_response()
        reveal_type(final)
        reveal_type(final.output_parsed)
        reveal_type(await stream.until_done())
    async with client.responses.stream(model="m", input="hi") as plain:
        reveal_type(plain)
        reveal_type((await plain.get_final_response()).output_parsed)
    async with client.chat.completions.stream(
        model="m", messages=messages, response_format=Forecast
    ) as chunks:
        reveal_type(chunks)
        async for told in chunks:
            reveal_type(told)
            if told.type == "chunk":
                reveal_type(told.snapshot)
            elif told.type == "content.delta":
                reveal_type(told.snapshot)
                reveal_type(told.parsed)
            elif told.type == "content.done":
                reveal_type(told.parsed)
            elif told.type == "tool_calls.function.arguments.done":
                reveal_type(told.parsed_arguments)
        reveal_type(chunks.current_completion_snapshot)
        reveal_type((await chunks.get_final_completion()).choices[0].message.parsed)
