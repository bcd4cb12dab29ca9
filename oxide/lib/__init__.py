"""Clients of other servers of the API, below the names the official SDK has for their modules."""
