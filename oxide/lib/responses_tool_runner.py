"""The runner of tools for Responses, by the official SDK's path."""

from oxide.helpers.runner.budget import AsyncContextBudget as AsyncContextBudget
from oxide.helpers.runner.budget import ContextBudgetDecision as ContextBudgetDecision
from oxide.helpers.runner.budget import ContextBudgetSnapshot as ContextBudgetSnapshot
from oxide.helpers.runner.errors import ToolRunnerCancelledError as ToolRunnerCancelledError
from oxide.helpers.runner.errors import ToolRunnerError as ToolRunnerError
from oxide.helpers.runner.functions import AsyncRegisteredFunction as AsyncRegisteredFunction
from oxide.helpers.runner.functions import EarlyExecution as EarlyExecution
from oxide.helpers.runner.ledger import AsyncResponsesToolLedger as AsyncResponsesToolLedger
from oxide.helpers.runner.ledger import ResponsesToolCheckpoint as ResponsesToolCheckpoint
from oxide.helpers.runner.loop import AsyncResponsesToolRunner as AsyncResponsesToolRunner
from oxide.helpers.runner.turn import ResponsesRunnerTurn as ResponsesRunnerTurn

__all__ = [
    "AsyncContextBudget",
    "AsyncRegisteredFunction",
    "AsyncResponsesToolLedger",
    "AsyncResponsesToolRunner",
    "ContextBudgetDecision",
    "ContextBudgetSnapshot",
    "EarlyExecution",
    "ResponsesRunnerTurn",
    "ResponsesToolCheckpoint",
    "ToolRunnerCancelledError",
    "ToolRunnerError",
]
