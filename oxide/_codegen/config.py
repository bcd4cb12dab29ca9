"""What is generated and what is left out, with the reason."""

from __future__ import annotations

GENERATOR_VERSION = 1


# The class every resource is reached from.
CLIENT = ("_client", "AsyncOpenAI")

# Why a method is left out, by what its name says; the first that fits.
LATER_NAMES: tuple[tuple[str, str], ...] = (
    (r"parse", "structured outputs"),
    (r"connect|sideband|.*_connection", "WebSocket sessions"),
    (r"stream|.*_stream", "stream accumulators"),
    (r"poll|.*_poll|wait_for_processing", "polling helpers"),
    (r"upload.*", "uploads"),
)

# Why a method is left out, by what its body holds; the first that fits.
LATER_TEXT: tuple[tuple[str, str], ...] = (
    ("multipart/form-data", "multipart uploads"),
    ("HttpxBinaryResponseContent", "binary answers"),
    ("prepare_embedding_request", "embeddings as base64"),
    ("stream_mode", "agent session streams"),
    ("_create_response_format_type", "several response formats"),
)
RENAMED = "request fields with another name on the wire"
OTHERWISE = "not a plain call"

# Modules left out, with the reason (shown by the parity tests).
EXCLUDED_MODULES: dict[str, str] = {
    "types.responses.parsed_response": "structured outputs",
    "types.chat.parsed_chat_completion": "structured outputs",
    "types.chat.parsed_function_tool_call": "structured outputs",
    "types.websocket_connection_options": "WebSocket sessions",
    "types.websocket_reconnection": "WebSocket sessions",
}

# Hand-written bases that come before BaseModel: (type module, class) -> (module, mixin).
MIXINS: dict[tuple[str, str], tuple[str, str]] = {
    ("types.responses.response", "Response"): ("oxide.helpers.properties", "ResponseProperties"),
    ("types.beta.agent_session_message", "AgentSessionMessage"): (
        "oxide.helpers.properties",
        "SessionMessageProperties",
    ),
}

# Hand-written methods of a resource: (SDK module, class) -> [(oxide module, mixin class), ...]. The resource
# inherits from them, in this order; a method one of them defines is not generated.
RESOURCE_MIXINS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("resources.webhooks.webhooks", "AsyncWebhooks"): [("oxide.helpers.webhooks", "WebhookSignatures")],
}

# The SDK's private modules and where the same names live in oxide.
MODULE_MAP: dict[str, str] = {
    "_models": "oxide.models",
    "_utils": "oxide.models",
    "_types": "oxide.options",
    "_streaming": "oxide.stream",
    "_base_client": "oxide.pagination",
    "pagination": "oxide.pagination",
}
