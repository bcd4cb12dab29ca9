"""What is generated: the resources, the type packages, and what is left out with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field

GENERATOR_VERSION = 1


@dataclass(frozen=True)
class ResourceSpec:
    """One resource class of the official SDK to be generated.

    Attributes:
      module: dotted module below the SDK's package, e.g. ``resources.responses.responses``.
      name: class name, e.g. ``AsyncResponses``.
      later: methods that belong to a later part of the project, with the reason; they are not generated.
    """

    module: str
    name: str
    later: dict[str, str] = field(default_factory=lambda: {})


RESOURCES: tuple[ResourceSpec, ...] = (
    ResourceSpec("resources.models", "AsyncModels"),
    ResourceSpec("resources.chat.chat", "AsyncChat"),
    ResourceSpec(
        "resources.chat.completions.completions",
        "AsyncCompletions",
        later={"parse": "structured outputs", "stream": "stream accumulators"},
    ),
    ResourceSpec("resources.chat.completions.messages", "AsyncMessages"),
    ResourceSpec(
        "resources.responses.responses",
        "AsyncResponses",
        later={
            "parse": "structured outputs",
            "stream": "stream accumulators",
            "connect": "WebSocket sessions",
        },
    ),
    ResourceSpec("resources.responses.input_items", "AsyncInputItems"),
    ResourceSpec("resources.responses.input_tokens", "AsyncInputTokens"),
)

# Packages generated as a whole, so that every name a program imports from them is there.
TYPE_PACKAGES: tuple[str, ...] = ("types.responses", "types.chat", "types.shared", "types.shared_params")

# Modules left out, with the reason (shown by the parity tests).
EXCLUDED_MODULES: dict[str, str] = {
    "types.responses.parsed_response": "structured outputs",
    "types.chat.parsed_chat_completion": "structured outputs",
    "types.chat.parsed_function_tool_call": "structured outputs",
}

# Hand-written bases that come before BaseModel: (type module, class) -> (module, mixin).
MIXINS: dict[tuple[str, str], tuple[str, str]] = {
    ("types.responses.response", "Response"): ("oxide.helpers.properties", "ResponseProperties"),
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
