"""The decisions runner: the asynchronous names of the official SDK's `openai.lib.decisions_tool_runner`.

See :mod:`oxide.helpers.decisions`.
"""

from ..helpers.decisions import AsyncDecisionActionCandidate as AsyncDecisionActionCandidate
from ..helpers.decisions import AsyncDecisionCandidate as AsyncDecisionCandidate
from ..helpers.decisions import AsyncDecisionsToolRunner as AsyncDecisionsToolRunner
from ..helpers.decisions import DecisionDoneCandidate as DecisionDoneCandidate
from ..helpers.decisions import DecisionObservation as DecisionObservation
from ..helpers.decisions import DecisionsRunnerParams as DecisionsRunnerParams
from ..helpers.decisions import DecisionsRunResult as DecisionsRunResult
from ..helpers.decisions import DecisionsToolRunnerCancelledError as DecisionsToolRunnerCancelledError
from ..helpers.decisions import DecisionsToolRunnerError as DecisionsToolRunnerError

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
