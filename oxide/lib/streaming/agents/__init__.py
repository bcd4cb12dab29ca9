"""Streams of agent sessions, under the official SDK's names."""

from __future__ import annotations

from oxide.helpers.hosted.dispatch import AsyncToolHandler as AsyncToolHandler
from oxide.helpers.hosted.dispatch import ToolOutput as ToolOutput
from oxide.helpers.hosted.sessions import AsyncAgentSessionStream as AsyncAgentSessionStream
