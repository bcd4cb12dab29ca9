"""Mistakes that both checkers must see; each line says which."""

from __future__ import annotations

from oxide import AsyncOpenAI

client = AsyncOpenAI(api_key="k")


async def wrong() -> None:
    await client.responses.create(model="gpt-4o", nothing=1)  # ERROR: no such parameter
    await client.responses.create(model=1)  # ERROR: type of model
    await client.chat.completions.create(model="gpt-4o")  # ERROR: messages missing
    await client.chat.completions.create(model="m", messages=[{"role": "nobody"}])  # ERROR: no such role
    response = await client.responses.create(model="gpt-4o", input="hi")
    async for _ in response:  # ERROR: not a stream
        pass
    print(response.no_such_field)  # ERROR: no such field
    stream = await client.responses.create(model="gpt-4o", stream=True)
    print(stream.output_text)  # ERROR: a stream has no text
    await client.responses.create(model="m", input="hi", stream_resume=True)  # ERROR: nothing to resume
    AsyncOpenAI(validation="sometimes")  # ERROR: no such mode
