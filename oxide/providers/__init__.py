"""Where else the API is served: `AsyncOpenAI(provider=bedrock(...))`, `AsyncOpenAI(provider=vertex(...))`."""

# Not lazily: the modules have the names of their functions, and whichever is bound last is found.
from .bedrock import bedrock as bedrock
from .vertex import vertex as vertex

__all__ = ["bedrock", "vertex"]
