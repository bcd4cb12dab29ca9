"""Hosted agents: files, results of turns, their artifacts and streams, under the official SDK's names."""

from __future__ import annotations

from oxide.helpers.hosted.artifacts import AsyncAgentResultArtifacts as AsyncAgentResultArtifacts
from oxide.helpers.hosted.dispatch import AgentToolError as AgentToolError
from oxide.helpers.hosted.dispatch import AsyncToolErrorHandler as AsyncToolErrorHandler
from oxide.helpers.hosted.files import AgentFilePreparationError as AgentFilePreparationError
from oxide.helpers.hosted.files import AgentFileStagingError as AgentFileStagingError
from oxide.helpers.hosted.files import PreparedAgentFiles as PreparedAgentFiles
from oxide.helpers.hosted.files import StagedAgentFile as StagedAgentFile
from oxide.helpers.hosted.results import AgentOutputParseError as AgentOutputParseError
from oxide.helpers.hosted.results import AgentTurnResult as AgentTurnResult
from oxide.helpers.hosted.results import AgentTurnResultError as AgentTurnResultError
from oxide.helpers.hosted.results import OutputT as OutputT
from oxide.helpers.hosted.results import agent_text_format as agent_text_format
from oxide.helpers.hosted.sessions import AsyncAgentSessionEventStream as AsyncAgentSessionEventStream
from oxide.helpers.hosted.tools import FunctionTool as FunctionTool
from oxide.helpers.hosted.tools import function_tool as function_tool
from oxide.helpers.hosted.tools import pydantic_function_tool as pydantic_function_tool
