"""Streamed chat completions, by the official SDK's path."""

from oxide.helpers.chat_events import ChatCompletionStreamEvent as ChatCompletionStreamEvent
from oxide.helpers.chat_events import ChunkEvent as ChunkEvent
from oxide.helpers.chat_events import ContentDeltaEvent as ContentDeltaEvent
from oxide.helpers.chat_events import ContentDoneEvent as ContentDoneEvent
from oxide.helpers.chat_events import (
    FunctionToolCallArgumentsDeltaEvent as FunctionToolCallArgumentsDeltaEvent,
)
from oxide.helpers.chat_events import (
    FunctionToolCallArgumentsDoneEvent as FunctionToolCallArgumentsDoneEvent,
)
from oxide.helpers.chat_events import LogprobsContentDeltaEvent as LogprobsContentDeltaEvent
from oxide.helpers.chat_events import LogprobsContentDoneEvent as LogprobsContentDoneEvent
from oxide.helpers.chat_events import LogprobsRefusalDeltaEvent as LogprobsRefusalDeltaEvent
from oxide.helpers.chat_events import LogprobsRefusalDoneEvent as LogprobsRefusalDoneEvent
from oxide.helpers.chat_events import (
    ParsedChatCompletionMessageSnapshot as ParsedChatCompletionMessageSnapshot,
)
from oxide.helpers.chat_events import ParsedChatCompletionSnapshot as ParsedChatCompletionSnapshot
from oxide.helpers.chat_events import ParsedChoiceSnapshot as ParsedChoiceSnapshot
from oxide.helpers.chat_events import RefusalDeltaEvent as RefusalDeltaEvent
from oxide.helpers.chat_events import RefusalDoneEvent as RefusalDoneEvent
from oxide.helpers.chat_stream import AsyncChatCompletionStream as AsyncChatCompletionStream
from oxide.helpers.chat_stream import AsyncChatCompletionStreamManager as AsyncChatCompletionStreamManager
from oxide.helpers.chat_stream import ChatCompletionStreamState as ChatCompletionStreamState
