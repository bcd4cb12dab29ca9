"""Amazon Bedrock: the names of the official SDK's `openai.lib.bedrock`; see :mod:`oxide.bedrock`."""

from ..bedrock import AsyncBedrockOpenAI as AsyncBedrockOpenAI
from ..bedrock import AsyncBedrockTokenProvider as AsyncBedrockTokenProvider
from ..bedrock import AwsCredentialsProvider as AwsCredentialsProvider
from ..bedrock import BedrockTokenProvider as BedrockTokenProvider

__all__ = [
    "AsyncBedrockOpenAI",
    "AsyncBedrockTokenProvider",
    "AwsCredentialsProvider",
    "BedrockTokenProvider",
]
