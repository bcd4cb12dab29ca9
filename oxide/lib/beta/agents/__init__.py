"""Hosted agents: files, results of turns, their artifacts and streams, under the official SDK's names."""

from __future__ import annotations

from oxide.helpers.agent_artifacts import AsyncAgentResultArtifacts as AsyncAgentResultArtifacts
from oxide.helpers.agent_dispatch import AgentToolError as AgentToolError
from oxide.helpers.agent_dispatch import AsyncToolErrorHandler as AsyncToolErrorHandler
from oxide.helpers.agent_files import AgentFilePreparationError as AgentFilePreparationError
from oxide.helpers.agent_files import AgentFileStagingError as AgentFileStagingError
from oxide.helpers.agent_files import PreparedAgentFiles as PreparedAgentFiles
from oxide.helpers.agent_files import StagedAgentFile as StagedAgentFile
from oxide.helpers.agent_results import AgentOutputParseError as AgentOutputParseError
from oxide.helpers.agent_results import AgentTurnResult as AgentTurnResult
from oxide.helpers.agent_results import AgentTurnResultError as AgentTurnResultError
from oxide.helpers.agent_results import OutputT as OutputT
from oxide.helpers.agent_results import agent_text_format as agent_text_format
from oxide.helpers.agent_sessions import AsyncAgentSessionEventStream as AsyncAgentSessionEventStream
from oxide.helpers.agent_tools import FunctionTool as FunctionTool
from oxide.helpers.agent_tools import function_tool as function_tool
from oxide.helpers.agent_tools import pydantic_function_tool as pydantic_function_tool
