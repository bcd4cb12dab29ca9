"""Hosted agents, `client.beta.agents`: their sessions, files, artifacts and tools."""
