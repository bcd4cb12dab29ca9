"""Assistants, threads and runs, with streams; only the import is another one."""

# pyright: reportDeprecated=false
from __future__ import annotations

from typing_extensions import assert_type, override

from oxide import AsyncAssistantEventHandler, AsyncOpenAI, AsyncStream
from oxide.types.beta import Assistant, AssistantStreamEvent, Thread
from oxide.types.beta.threads import Message, Run, Text, TextDelta
from oxide.types.beta.threads.run_submit_tool_outputs_params import ToolOutput
from oxide.types.beta.threads.runs import RunStep, ToolCall

client = AsyncOpenAI()


class Printer(AsyncAssistantEventHandler):
    @override
    async def on_text_created(self, text: Text) -> None:
        print(text.value)

    @override
    async def on_text_delta(self, delta: TextDelta, snapshot: Text) -> None:
        print(delta.value, snapshot.value)

    @override
    async def on_tool_call_created(self, tool_call: ToolCall) -> None:
        print(tool_call.type)

    @override
    async def on_event(self, event: AssistantStreamEvent) -> None:
        if event.event == "thread.run.requires_action":
            assert_type(event.data, Run)


async def assistants() -> None:
    assistant = await client.beta.assistants.create(
        model="gpt-4o",
        name="a",
        tools=[{"type": "code_interpreter"}, {"type": "file_search", "file_search": {"max_num_results": 3}}],
        tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}},
        response_format="auto",
    )
    assert_type(assistant, Assistant)
    thread = await client.beta.threads.create(messages=[{"role": "user", "content": "hi"}])
    assert_type(thread, Thread)
    message = await client.beta.threads.messages.create(thread.id, role="user", content="and this")
    assert_type(message, Message)
    for block in message.content:
        if block.type == "text":
            print(block.text.value, [note.text for note in block.text.annotations])
        elif block.type == "image_file":
            print(block.image_file.file_id)
    run = await client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert_type(run, Run)
    if run.status == "requires_action" and run.required_action:
        outputs: list[ToolOutput] = [
            {"tool_call_id": call.id, "output": call.function.arguments}
            for call in run.required_action.submit_tool_outputs.tool_calls
        ]
        run = await client.beta.threads.runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread.id, tool_outputs=outputs
        )
    async for step in client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc"):
        assert_type(step, RunStep)
        if step.step_details.type == "tool_calls":
            print([call.type for call in step.step_details.tool_calls])
    async for earlier in client.beta.threads.messages.list(thread.id, run_id=run.id):
        print(earlier.role, earlier.created_at)
    await client.beta.threads.delete(thread.id)


async def streamed(thread: Thread, assistant: Assistant) -> None:
    stream = await client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, stream=True)
    assert_type(stream, AsyncStream[AssistantStreamEvent])
    async for event in stream:
        if event.event == "thread.message.delta":
            for part in event.data.delta.content or []:
                if part.type == "text" and part.text:
                    print(part.text.value)
    async with client.beta.threads.runs.stream(
        thread_id=thread.id, assistant_id=assistant.id, event_handler=Printer()
    ) as handler:
        assert_type(handler, Printer)
        await handler.until_done()
    async with client.beta.threads.create_and_run_stream(assistant_id=assistant.id) as events:
        async for text in events.text_deltas:
            assert_type(text, str)
        print((await events.get_final_run()).usage)
