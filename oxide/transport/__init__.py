"""Sockets to bytes: lanes, retry, limits, redirects. This file loads no aiohttp; its modules do."""
