"""Streams of agent sessions, under the official SDK's names."""

from __future__ import annotations

from oxide.helpers.agent_dispatch import AsyncToolHandler as AsyncToolHandler
from oxide.helpers.agent_dispatch import ToolOutput as ToolOutput
from oxide.helpers.agent_sessions import AsyncAgentSessionStream as AsyncAgentSessionStream
