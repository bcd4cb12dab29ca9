"""The decisions runner: the asynchronous names of the official SDK's `openai.lib.decisions_tool_runner`.

See :mod:`oxide.helpers.toolsets.decisions`.
"""

from ..helpers.toolsets.decisions import AsyncDecisionActionCandidate as AsyncDecisionActionCandidate
from ..helpers.toolsets.decisions import AsyncDecisionCandidate as AsyncDecisionCandidate
from ..helpers.toolsets.decisions import AsyncDecisionsToolRunner as AsyncDecisionsToolRunner
from ..helpers.toolsets.decisions import DecisionDoneCandidate as DecisionDoneCandidate
from ..helpers.toolsets.decisions import DecisionObservation as DecisionObservation
from ..helpers.toolsets.decisions import DecisionsRunnerParams as DecisionsRunnerParams
from ..helpers.toolsets.decisions import DecisionsRunResult as DecisionsRunResult
from ..helpers.toolsets.decisions import (
    DecisionsToolRunnerCancelledError as DecisionsToolRunnerCancelledError,
)
from ..helpers.toolsets.decisions import DecisionsToolRunnerError as DecisionsToolRunnerError

__all__ = [
    "AsyncDecisionActionCandidate",
    "AsyncDecisionCandidate",
    "AsyncDecisionsToolRunner",
    "DecisionDoneCandidate",
    "DecisionObservation",
    "DecisionsRunResult",
    "DecisionsRunnerParams",
    "DecisionsToolRunnerCancelledError",
    "DecisionsToolRunnerError",
]
