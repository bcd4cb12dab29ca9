"""Public names in the places they have in the official SDK."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxide.helpers.parsing import ResponseFormatT as ResponseFormatT
    from oxide.helpers.parsing import type_to_response_format_param as type_to_response_format_param
    from oxide.helpers.tools import pydantic_function_tool as pydantic_function_tool
    from oxide.helpers.tools import pydantic_responses_function_tool as pydantic_responses_function_tool

    from . import azure as azure
    from . import bedrock as bedrock
    from . import beta as beta
    from . import browser as browser
    from . import computer as computer
    from . import decisions_tool_runner as decisions_tool_runner
    from . import responses_tool_runner as responses_tool_runner
    from . import streaming as streaming
    from . import tool_diagnostics as tool_diagnostics
else:
    from oxide._lazy import lazy_names

    _MODULES = (
        "azure",
        "bedrock",
        "beta",
        "browser",
        "computer",
        "decisions_tool_runner",
        "responses_tool_runner",
        "streaming",
        "tool_diagnostics",
    )
    _NAMES = {
        **{module: f".{module}:" for module in _MODULES},
        "ResponseFormatT": "oxide.helpers.parsing",
        "pydantic_function_tool": "oxide.helpers.tools",
        "pydantic_responses_function_tool": "oxide.helpers.tools",
        "type_to_response_format_param": "oxide.helpers.parsing",
    }
    __getattr__, __dir__ = lazy_names(__name__, _NAMES)

__all__ = [
    "ResponseFormatT",
    "pydantic_function_tool",
    "pydantic_responses_function_tool",
    "type_to_response_format_param",
]
