"""Computer, browser and decisions: drivers and callbacks as programs write them."""

from __future__ import annotations

from typing import TypeAlias

from oxide import AsyncComputerToolset, AsyncOpenAI
from oxide.lib.browser import (
    AsyncBrowserToolset,
    BrowserConfirmContext,
    BrowserReadConfirmContext,
    BrowserReadV1,
    BrowserState,
    ClickInput,
    NavigateInput,
    ReadPageInput,
)
from oxide.lib.computer import ComputerActionInput, ComputerUseError, Screenshot
from oxide.lib.decisions_tool_runner import (
    AsyncDecisionCandidate,
    AsyncDecisionsToolRunner,
    DecisionObservation,
    DecisionsRunResult,
    DecisionsToolRunnerError,
)
from oxide.types.responses import (
    Response,
    ResponseComputerToolCall,
    computer_action,
    response_computer_tool_call,
)
from oxide.types.responses.response_input_param import ComputerCallOutput, FunctionCallOutput

Click: TypeAlias = "computer_action.Click | response_computer_tool_call.ActionClick"
DoubleClick: TypeAlias = "computer_action.DoubleClick | response_computer_tool_call.ActionDoubleClick"
Drag: TypeAlias = "computer_action.Drag | response_computer_tool_call.ActionDrag"
Keypress: TypeAlias = "computer_action.Keypress | response_computer_tool_call.ActionKeypress"
Move: TypeAlias = "computer_action.Move | response_computer_tool_call.ActionMove"
Scroll: TypeAlias = "computer_action.Scroll | response_computer_tool_call.ActionScroll"
Type: TypeAlias = "computer_action.Type | response_computer_tool_call.ActionType"
Wait: TypeAlias = "computer_action.Wait | response_computer_tool_call.ActionWait"


class Desktop:
    def __init__(self) -> None:
        self.done: list[str] = []

    async def click(self, action: Click) -> None:
        self.done.append(f"{action.button} at {action.x + 1}, {action.y}")

    async def double_click(self, action: DoubleClick) -> None:
        self.done.append(",".join(action.keys or []))

    async def drag(self, action: Drag) -> None:
        self.done.append(str(sum(point.x for point in action.path)))

    async def keypress(self, action: Keypress) -> None:
        self.done.append("+".join(action.keys))

    async def move(self, action: Move) -> None:
        self.done.append(f"{action.x}")

    async def scroll(self, action: Scroll) -> None:
        self.done.append(f"{action.scroll_x}, {action.scroll_y}")

    async def type(self, action: Type) -> None:
        self.done.append(action.text.upper())

    async def wait(self, action: Wait) -> None:
        self.done.append(action.type)

    async def screenshot(self) -> Screenshot:
        return {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}


async def approve(call: ResponseComputerToolCall) -> bool:
    return all(check.code != "malicious" for check in call.pending_safety_checks)


async def before(action: ComputerActionInput) -> bool:
    return action.type != "type" or "password" not in action.text


async def use_the_computer(client: AsyncOpenAI) -> str:
    toolset = AsyncComputerToolset(Desktop())
    try:
        response: Response = await toolset.run(
            client,
            {"model": "m", "input": "Book a table", "reasoning": {"effort": "low"}},
            max_steps=5,
            approve_safety_checks=approve,
            before_action=before,
            cancelled=lambda: False,
            on_diagnostic=lambda diagnostic: print(diagnostic["stage"], diagnostic["duration_ms"] + 1),
        )
    except ComputerUseError as error:
        return error.response.id if error.response is not None else str(error)
    outputs: list[ComputerCallOutput] = [
        await toolset.execute(item) for item in response.output if item.type == "computer_call"
    ]
    print(outputs[0]["output"].get("image_url"), toolset.close()["status"])
    return response.output_text


class Page:
    async def state(self) -> BrowserState:
        return {"tabs": [{"id": "1", "title": "", "url": "https://example.com", "active": True}]}

    async def navigate(self, action: NavigateInput) -> None:
        print(action["url"].lower(), action["tab_id"])

    async def click(self, action: ClickInput) -> None:
        print(action["target"].lower())

    async def read_page(self, action: ReadPageInput) -> BrowserReadV1:
        return {
            "version": 1,
            "text": action["filter"],
            "elements": [{"ref": "e1", "role": "button", "label": "Go"}],
            "omitted": ["private"],
        }


async def confirm(context: BrowserConfirmContext) -> bool:
    return context["state"]["tabs"][0]["active"] and context["member"] == "click"


async def confirm_all(context: BrowserConfirmContext | BrowserReadConfirmContext) -> bool:
    state = context["state"]
    return state is None or bool(state["tabs"])


async def allowed(context: BrowserConfirmContext, url: str) -> bool:
    return url.startswith("https://")


async def use_the_browser(client: AsyncOpenAI) -> list[FunctionCallOutput]:
    toolset = AsyncBrowserToolset(Page(), confirm=confirm, url_policy=allowed)
    careful = AsyncBrowserToolset(
        Page(), members=["read_page"], confirm_reads=["read_page"], confirm=confirm_all
    )
    response = await client.responses.create(model="m", input="x", tools=[*toolset.tools, *careful.tools])
    return [await toolset.execute(item) for item in response.output if item.type == "function_call"]


async def observe() -> DecisionObservation:
    return [{"type": "input_text", "text": "the page"}]


async def act() -> None:
    print("done")


async def candidates(observation: DecisionObservation) -> list[AsyncDecisionCandidate]:
    return [
        {"id": "a", "description": "book it", "execute": act},
        {"id": "done", "description": "it is booked", "done": True},
    ]


async def verify(observation: DecisionObservation) -> bool:
    return observation != ""


async def decide(client: AsyncOpenAI) -> list[str]:
    runner = AsyncDecisionsToolRunner(observe=observe, candidates=candidates, verify=verify)
    try:
        result: DecisionsRunResult = await runner.run(
            client, {"model": "m", "input": "Book a table"}, max_steps=3
        )
    except DecisionsToolRunnerError as error:
        return [error.reason, *error.attempted_candidate_ids]
    return [result["status"], *result["completed_candidate_ids"], result["decisions"][0].model]
