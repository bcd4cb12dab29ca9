"""Runs of tools for Responses: functions, a model's tool, both toolsets, a ledger, a budget, turns."""

from __future__ import annotations

from contextlib import aclosing
from typing import Literal

import pydantic

from oxide import AsyncOpenAI
from oxide.lib import pydantic_responses_function_tool
from oxide.lib.browser import AsyncBrowserToolset
from oxide.lib.computer import AsyncComputerToolset
from oxide.lib.responses_tool_runner import (
    AsyncContextBudget,
    AsyncRegisteredFunction,
    AsyncResponsesToolLedger,
    AsyncResponsesToolRunner,
    ContextBudgetDecision,
    ContextBudgetSnapshot,
    ResponsesToolCheckpoint,
    ToolRunnerCancelledError,
    ToolRunnerError,
)
from oxide.lib.tool_diagnostics import ToolDiagnostic
from oxide.types.responses import ResponseComputerToolCall, ResponseFunctionToolCall
from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from oxide.types.responses.response_output_item import McpApprovalRequest


class Lookup(pydantic.BaseModel):
    city: str


async def weather(arguments: dict[str, object]) -> str:
    return str(arguments["city"])


async def lookup(arguments: Lookup) -> str:
    return arguments.city


async def save(checkpoint: ResponsesToolCheckpoint) -> None:
    print(checkpoint["revision"], checkpoint["phase"])


async def approve(request: McpApprovalRequest) -> bool:
    return request.name == "look"


async def early(call: ResponseFunctionToolCall | ResponseComputerToolCall) -> Literal["execute", "defer"]:
    return "defer" if call.type == "computer_call" else "execute"


def compact(snapshot: ContextBudgetSnapshot) -> ContextBudgetDecision:
    return {"drop_call_ids": snapshot["eligible_call_ids"]}


def told(diagnostic: ToolDiagnostic) -> None:
    print(diagnostic["stage"], diagnostic["reason"])


async def main(
    client: AsyncOpenAI, browser: AsyncBrowserToolset, computer: AsyncComputerToolset
) -> tuple[str, ...]:
    runner = AsyncResponsesToolRunner(
        browser=browser,
        computer=computer,
        functions=[
            AsyncRegisteredFunction(
                {"type": "function", "name": "weather", "parameters": {}, "strict": True},
                weather,
                allow_output_override=True,
            ),
            AsyncRegisteredFunction.from_tool(
                pydantic_responses_function_tool(Lookup), execute=lookup, independent=True
            ),
        ],
        early_execution={"functions": ["weather"]},
    )
    params: ResponseCreateParamsNonStreaming = {"model": "gpt-5", "input": "How is Oslo?"}
    budget: AsyncContextBudget = {"max_input_bytes": 9000, "max_input_images": 2, "compact": compact}
    try:
        response = await runner.run(
            client,
            params,
            ledger=AsyncResponsesToolLedger("run", save),
            context_budget=budget,
            approve_mcp=approve,
            before_early_call=early,
            on_diagnostic=told,
        )
        print(response.output_text)
        async with aclosing(runner.iterate(client, params, stream=True, eager=True)) as turns:
            async for turn in turns:
                turn.append_user_text("go on")
                turn.supply_outputs([{"type": "function_call_output", "call_id": "c", "output": "o"}])
                print(turn.response.id, turn.step, turn.final, turn.tools_executed)
    except ToolRunnerError as error:
        return error.attempted_call_ids
    except ToolRunnerCancelledError as error:
        return error.completed_call_ids
    return (runner.close()["status"],)
