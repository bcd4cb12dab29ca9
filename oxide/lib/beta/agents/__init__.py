"""Helpers of hosted agents."""

from oxide.helpers.agent_files import AgentFilePreparationError as AgentFilePreparationError
from oxide.helpers.agent_files import AgentFileStagingError as AgentFileStagingError
from oxide.helpers.agent_files import PreparedAgentFiles as PreparedAgentFiles
from oxide.helpers.agent_files import StagedAgentFile as StagedAgentFile
