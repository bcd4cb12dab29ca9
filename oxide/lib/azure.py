"""Azure: the names of the official SDK's `openai.lib.azure`; see :mod:`oxide.azure`."""

from ..azure import API_KEY_SENTINEL as API_KEY_SENTINEL
from ..azure import AsyncAzureADTokenProvider as AsyncAzureADTokenProvider
from ..azure import AsyncAzureOpenAI as AsyncAzureOpenAI
from ..azure import AzureADTokenProvider as AzureADTokenProvider
from ..azure import MutuallyExclusiveAuthError as MutuallyExclusiveAuthError

__all__ = [
    "API_KEY_SENTINEL",
    "AsyncAzureADTokenProvider",
    "AsyncAzureOpenAI",
    "AzureADTokenProvider",
    "MutuallyExclusiveAuthError",
]
