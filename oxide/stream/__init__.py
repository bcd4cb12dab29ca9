"""Bytes to events: the decoder, the iterator and the public stream. Nothing here loads asyncio or aiohttp."""
