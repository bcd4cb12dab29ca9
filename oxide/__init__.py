"""An OpenAI client for Python whose hot path is compiled."""
