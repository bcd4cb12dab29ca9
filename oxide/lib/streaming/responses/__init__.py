"""Streamed responses, by the official SDK's path."""

from oxide.helpers.response_events import (
    ResponseFunctionCallArgumentsDeltaEvent as ResponseFunctionCallArgumentsDeltaEvent,
)
from oxide.helpers.response_events import ResponseStreamEvent as ResponseStreamEvent
from oxide.helpers.response_events import ResponseTextDeltaEvent as ResponseTextDeltaEvent
from oxide.helpers.response_events import ResponseTextDoneEvent as ResponseTextDoneEvent
from oxide.helpers.response_events import StreamResumedEvent as StreamResumedEvent
from oxide.helpers.response_stream import AsyncResponseStream as AsyncResponseStream
from oxide.helpers.response_stream import AsyncResponseStreamManager as AsyncResponseStreamManager
from oxide.helpers.response_stream import ResponseStreamState as ResponseStreamState
