"""What is generated and what is left out, with the reason."""

from __future__ import annotations

GENERATOR_VERSION = 1


# The class every resource is reached from.
CLIENT = ("_client", "AsyncOpenAI")

# Why a method is left out, by what its name says; the first that fits.
LATER_NAMES: tuple[tuple[str, str], ...] = ((r"connect|sideband|.*_connection", "WebSocket sessions"),)

OTHERWISE = "not a plain call"
CHOSEN = "a result that depends on a parameter"

# Modules left out, with the reason (shown by the parity tests).
EXCLUDED_MODULES: dict[str, str] = {
    "types.websocket_connection_options": "WebSocket sessions",
    "types.websocket_reconnection": "WebSocket sessions",
}

# Hand-written bases that come before BaseModel: (type module, class) -> (module, mixin); a generic one,
# with the class's parameters, after them, as pydantic wants it.
MIXINS: dict[tuple[str, str], tuple[str, str]] = {
    ("types.responses.response", "Response"): ("oxide.helpers.properties", "ResponseProperties"),
    ("types.embedding", "Embedding"): ("oxide.helpers.embeddings", "EmbeddingVector"),
    ("types.create_embedding_response", "CreateEmbeddingResponse"): (
        "oxide.helpers.embeddings",
        "EmbeddingMatrix",
    ),
    ("types.beta.beta_response", "BetaResponse"): ("oxide.helpers.properties", "ResponseProperties"),
    ("types.beta.agent_session_message", "AgentSessionMessage"): (
        "oxide.helpers.properties",
        "SessionMessageProperties",
    ),
    **{
        ("types.responses.parsed_response", name): ("oxide.helpers.parsed", mixin)
        for name, mixin in (
            ("ParsedResponse", "ParsedOutput[ContentType]"),
            ("ParsedResponseFunctionToolCall", "ParsedCall"),
            ("ParsedResponseOutputMessage", "ParsedMessage"),
            ("ParsedResponseOutputText", "ParsedText"),
        )
    },
}

_CHAT = "resources.chat.completions.completions"
_RESPONSES = "resources.responses.responses"
_BETA_RESPONSES = "resources.beta.responses.responses"
_RUNS = "resources.beta.threads.runs.runs"

# Hand-written methods of a resource: (SDK module, class) -> [(oxide module, mixin class), ...]. The resource
# inherits from them, in this order; a method one of them defines is not generated.
RESOURCE_MIXINS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("resources.beta.agents.sessions.artifacts", "AsyncArtifacts"): [
        ("oxide.helpers.hosted.artifacts", "ArtifactResults")
    ],
    ("resources.webhooks.webhooks", "AsyncWebhooks"): [("oxide.helpers.webhooks", "WebhookSignatures")],
    ("resources.responses.responses", "AsyncResponses"): [("oxide.helpers.text_calls", "ResponseTexts")],
}

# Methods with the official signature whose body is a function of oxide: (SDK module, class, method) ->
# "module:function". It is called as function(resource, {parameter: value, ...}) with every parameter.
HELPER_METHODS: dict[tuple[str, str, str], str] = {
    ("resources.chat.completions.completions", "AsyncCompletions", "parse"): (
        "oxide.helpers.parsed_calls:parse_chat_completion"
    ),
    ("resources.responses.responses", "AsyncResponses", "parse"): "oxide.helpers.parsed_calls:parse_response",
    ("resources.beta.agents.sessions.sessions", "AsyncSessions", "create"): (
        "oxide.helpers.hosted.sessions:create_session"
    ),
    ("resources.beta.agents.sessions.sessions", "AsyncSessions", "stream"): (
        "oxide.helpers.hosted.sessions:stream_session"
    ),
    ("resources.files", "AsyncFiles", "wait_for_processing"): "oxide.helpers.polling:wait_for_processing",
    ("resources.uploads.uploads", "AsyncUploads", "upload_file_chunked"): (
        "oxide.helpers.uploads:upload_file_chunked"
    ),
    **{
        (
            "resources.beta.agents.environments.files",
            "AsyncFiles",
            method,
        ): f"oxide.helpers.hosted.files:{method}"
        for method in ("prepare", "prepare_directory", "upload")
    },
    ("resources.realtime.calls", "AsyncCalls", "create"): "oxide.helpers.uploads:create_call",
    ("resources.videos", "AsyncVideos", "poll"): "oxide.helpers.polling:poll_video",
    ("resources.videos", "AsyncVideos", "create_and_poll"): "oxide.helpers.polling:create_and_poll_video",
    **{
        (
            "resources.vector_stores.files",
            "AsyncFiles",
            method,
        ): f"oxide.helpers.polling:{method}_vector_store_file"
        for method in ("poll", "create_and_poll", "upload", "upload_and_poll")
    },
    ("resources.vector_stores.file_batches", "AsyncFileBatches", "poll"): (
        "oxide.helpers.polling:poll_batch"
    ),
    ("resources.vector_stores.file_batches", "AsyncFileBatches", "create_and_poll"): (
        "oxide.helpers.polling:create_and_poll_batch"
    ),
    ("resources.vector_stores.file_batches", "AsyncFileBatches", "upload_and_poll"): (
        "oxide.helpers.uploads:upload_and_poll_batch"
    ),
    ("resources.beta.threads.runs.runs", "AsyncRuns", "poll"): "oxide.helpers.polling:poll_run",
    ("resources.beta.threads.runs.runs", "AsyncRuns", "create_and_poll"): (
        "oxide.helpers.polling:create_and_poll_run"
    ),
    ("resources.beta.threads.runs.runs", "AsyncRuns", "submit_tool_outputs_and_poll"): (
        "oxide.helpers.polling:submit_tool_outputs_and_poll"
    ),
    ("resources.beta.threads.threads", "AsyncThreads", "create_and_run_poll"): (
        "oxide.helpers.polling:create_and_run_poll"
    ),
    (_CHAT, "AsyncCompletions", "stream"): "oxide.helpers.chat_completions:stream",
    (_RESPONSES, "AsyncResponses", "stream"): "oxide.helpers.responses:stream",
    (_RUNS, "AsyncRuns", "create_and_stream"): "oxide.helpers.assistants:run_stream",
    (_RUNS, "AsyncRuns", "stream"): "oxide.helpers.assistants:run_stream",
    (
        _RUNS,
        "AsyncRuns",
        "submit_tool_outputs_stream",
    ): "oxide.helpers.assistants:submit_tool_outputs_stream",
    (
        "resources.beta.threads.threads",
        "AsyncThreads",
        "create_and_run_stream",
    ): "oxide.helpers.assistants:create_and_run_stream",
}

# Parameters that take more than the official ones, for checkers too: (SDK module, class) -> methods, and what
# is written in place of what in the annotations of their parameters.
WIDER: dict[tuple[str, str], tuple[tuple[str, ...], dict[str, str]]] = {
    (_CHAT, "AsyncCompletions"): (
        ("parse", "stream"),
        {
            "type[ResponseFormatT]": "type[ResponseFormatT] | TypeAdapter[ResponseFormatT]",
            "Iterable[ChatCompletionToolUnionParam]": "Iterable[ChatCompletionToolUnionParam | PythonTool]",
        },
    ),
    (_RESPONSES, "AsyncResponses"): (
        ("parse", "stream"),
        {
            "type[TextFormatT]": "type[TextFormatT] | TypeAdapter[TextFormatT]",
            "type | ": "type | TypeAdapter[Any] | ",
            "Iterable[ParseableToolParam]": "Iterable[ParseableToolParam | PythonTool]",
        },
    ),
}

# Parameters of oxide's own, before `extra_headers`: (SDK module, class, method) -> [[name, kind, annotation,
# default], ...]. `stream_resume` of a plain request is what `Endpoint.resuming` takes.
EXTRA_PARAMETERS: dict[tuple[str, str, str], list[list[str | None]]] = {
    (module, "AsyncResponses", method): [
        ["stream_resume", "keyword", "bool | Literal['events'] | Omit", "omit"]
    ]
    for module, methods in (
        (_RESPONSES, ("create", "retrieve", "stream")),
        (_BETA_RESPONSES, ("create", "retrieve")),
    )
    for method in methods
}

# Such a parameter, one of whose values changes the result, for checkers: (SDK module, class, method) -> (the
# parameter, that value, its annotation without it, the result without it, the result with it). There is an
# overload with the value for every one with that result; one whose result is another lacks the parameter.
EXTRA_RESULTS: dict[tuple[str, str, str], tuple[str, str, str, str, str]] = {
    (module, "AsyncResponses", method): (
        *("stream_resume", "Literal['events']", "bool | Omit"),
        f"{result}]",
        f"{result}{more} StreamResumedEvent]",
    )
    for module, method, result, more in (
        (_RESPONSES, "create", "AsyncStream[ResponseStreamEvent", " |"),
        (_RESPONSES, "retrieve", "AsyncStream[ResponseStreamEvent", " |"),
        (_RESPONSES, "stream", "AsyncResponseStreamManager[TextFormatT", ","),
        (_BETA_RESPONSES, "create", "AsyncStream[BetaResponseStreamEvent", " |"),
        (_BETA_RESPONSES, "retrieve", "AsyncStream[BetaResponseStreamEvent", " |"),
    )
}

# Where the names are that `WIDER` and `EXTRA_RESULTS` write.
OWN_NAMES = {
    "PythonTool": "oxide.helpers.tools",
    "StreamResumedEvent": "oxide.helpers.response_events",
    "TypeAdapter": "pydantic",
}

# Methods of oxide's own with the parameters of an official one: (SDK module, class, name) -> (the official
# method, "module:function" as above, "module:Result" as it is annotated).
EXTRA_METHODS: dict[tuple[str, str, str], tuple[str, str, str]] = {
    **{
        (_CHAT, "AsyncCompletions", name): (
            "stream",
            "oxide.helpers.chat_completions:stream_fc",
            "oxide.helpers.function_calls:AsyncChatFunctionCalls",
        )
        for name in ("stream_fc", "create_stream_fc")
    },
    **{
        (_RESPONSES, "AsyncResponses", name): (
            "stream",
            "oxide.helpers.responses:stream_fc",
            "oxide.helpers.function_calls:AsyncResponseFunctionCalls",
        )
        for name in ("stream_fc", "create_stream_fc")
    },
}

# Requests whose result depends on a parameter: (SDK module, class, method) -> "module:function", which takes
# the body, may change it, and returns the Endpoint.
CHOOSERS: dict[tuple[str, str, str], str] = {
    ("resources.embeddings", "AsyncEmbeddings", "create"): "oxide.helpers.embeddings:embeddings_endpoint",
    ("resources.audio.transcriptions", "AsyncTranscriptions", "create"): (
        "oxide.helpers.audio:transcription_endpoint"
    ),
    (
        "resources.audio.translations",
        "AsyncTranslations",
        "create",
    ): "oxide.helpers.audio:translation_endpoint",
}

# The SDK's private modules and where the same names live in oxide.
MODULE_MAP: dict[str, str] = {
    "_models": "oxide.models.generated",
    "_utils": "oxide.models",
    "_types": "oxide.options",
    "_streaming": "oxide.stream",
    "_base_client": "oxide.pagination",
    "_legacy_response": "oxide._binary",
    "lib._parsing": "oxide.helpers.parsing",
    "lib.beta.agents._files": "oxide.helpers.hosted.files",
    "lib._parsing._responses": "oxide.helpers.parsing",
    "lib._parsing._completions": "oxide.helpers.parsing",
    "pagination": "oxide.pagination",
}
