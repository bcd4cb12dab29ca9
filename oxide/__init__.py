"""An OpenAI client for Python whose hot path is compiled.

`from oxide import AsyncOpenAI` takes the place of `from openai import AsyncOpenAI`. Every public name is here
and is imported when first used: importing oxide and making a client loads neither aiohttp nor pydantic.
"""

from typing import TYPE_CHECKING

from ._version import __title__ as __title__
from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import auth as auth
    from . import errors as errors
    from . import extras as extras
    from . import hooks as hooks
    from . import lib as lib
    from . import pagination as pagination
    from . import providers as providers
    from . import resources as resources
    from . import schema as schema
    from . import testing as testing
    from . import types as types
    from . import version as version
    from ._binary import HttpxBinaryResponseContent as HttpxBinaryResponseContent
    from ._files import file_from_path as file_from_path
    from ._models import FinalRequestOptions as FinalRequestOptions
    from ._response import AsyncAPIResponse as AsyncAPIResponse
    from .azure import AsyncAzureOpenAI as AsyncAzureOpenAI
    from .bedrock import AsyncBedrockOpenAI as AsyncBedrockOpenAI
    from .client import AsyncClient as AsyncClient
    from .client import AsyncOpenAI as AsyncOpenAI
    from .constants import DEFAULT_MAX_RETRIES as DEFAULT_MAX_RETRIES
    from .constants import DEFAULT_TIMEOUT as DEFAULT_TIMEOUT
    from .constants import DataResidency as DataResidency
    from .cpu import cpu_features as cpu_features
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIError as APIError
    from .errors import APIResponseNotJSONError as APIResponseNotJSONError
    from .errors import APIResponseValidationError as APIResponseValidationError
    from .errors import APIStatusError as APIStatusError
    from .errors import APIStreamTruncatedError as APIStreamTruncatedError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ConflictError as ConflictError
    from .errors import ContentFilterFinishReasonError as ContentFilterFinishReasonError
    from .errors import InputRequiredError as InputRequiredError
    from .errors import InternalServerError as InternalServerError
    from .errors import InvalidWebhookSignatureError as InvalidWebhookSignatureError
    from .errors import LengthFinishReasonError as LengthFinishReasonError
    from .errors import MaxTurnsExceededError as MaxTurnsExceededError
    from .errors import NoTextError as NoTextError
    from .errors import NotFoundError as NotFoundError
    from .errors import OAuthError as OAuthError
    from .errors import OpenAIError as OpenAIError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import PollTimeoutError as PollTimeoutError
    from .errors import RateLimitError as RateLimitError
    from .errors import SchemaError as SchemaError
    from .errors import ToolArgumentsError as ToolArgumentsError
    from .errors import UnprocessableEntityError as UnprocessableEntityError
    from .errors import WebSocketConnectionClosedError as WebSocketConnectionClosedError
    from .errors import WebSocketQueueFullError as WebSocketQueueFullError
    from .helpers.agent import AgentEvent as AgentEvent
    from .helpers.agent import AgentRun as AgentRun
    from .helpers.agent_events import ToolFinishedEvent as ToolFinishedEvent
    from .helpers.agent_events import ToolStartedEvent as ToolStartedEvent
    from .helpers.agent_events import TurnFinishedEvent as TurnFinishedEvent
    from .helpers.assistants import AsyncAssistantEventHandler as AsyncAssistantEventHandler
    from .helpers.function_calls import FunctionCall as FunctionCall
    from .helpers.response_events import StreamResumedEvent as StreamResumedEvent
    from .helpers.tools import FunctionTool as FunctionTool
    from .helpers.tools import openai_tool as openai_tool
    from .helpers.tools import pydantic_function_tool as pydantic_function_tool
    from .helpers.tools import pydantic_responses_function_tool as pydantic_responses_function_tool
    from .helpers.toolsets.computer import AsyncComputerDriver as AsyncComputerDriver
    from .helpers.toolsets.computer import AsyncComputerToolset as AsyncComputerToolset
    from .hooks import Hooks as Hooks
    from .models import BaseModel as BaseModel
    from .options import NOT_GIVEN as NOT_GIVEN
    from .options import NoneType as NoneType
    from .options import NotGiven as NotGiven
    from .options import Omit as Omit
    from .options import RequestOptions as RequestOptions
    from .options import not_given as not_given
    from .options import omit as omit
    from .stream import AsyncStream as AsyncStream
    from .timeouts import Timeout as Timeout
    from .transport.facts import ResponseFacts as HTTPResponse
    from .transport.retry import RetryPolicy as RetryPolicy
    from .transport.settings import HTTPOptions as HTTPOptions
    from .version import VERSION as VERSION
else:
    from ._lazy import lazy_names
    from ._module import explain_missing, refuse_settings

    _NAMES = {
        **{
            module: f".{module}:"
            for module in (
                "auth",
                "errors",
                "extras",
                "hooks",
                "lib",
                "pagination",
                "providers",
                "resources",
                "schema",
                "testing",
                "types",
                "version",
            )
        },
        "VERSION": ".version",
        "AgentEvent": ".helpers.agent",
        "AgentRun": ".helpers.agent",
        "AsyncAPIResponse": "._response",
        "AsyncAzureOpenAI": ".azure",
        "AsyncBedrockOpenAI": ".bedrock",
        "AsyncClient": ".client",
        "AsyncComputerDriver": ".helpers.toolsets.computer",
        "AsyncComputerToolset": ".helpers.toolsets.computer",
        "AsyncOpenAI": ".client",
        "AsyncStream": ".stream",
        "BaseModel": ".models",
        "DEFAULT_MAX_RETRIES": ".constants",
        "DEFAULT_TIMEOUT": ".constants",
        "DataResidency": ".constants",
        "HTTPOptions": ".transport.settings",
        "HttpxBinaryResponseContent": "._binary",
        "HTTPResponse": ".transport.facts:ResponseFacts",
        "Hooks": ".hooks",
        "NOT_GIVEN": ".options",
        "NoneType": ".options",
        "NotGiven": ".options",
        "Omit": ".options",
        "RequestOptions": ".options",
        "RetryPolicy": ".transport.retry",
        "Timeout": ".timeouts",
        "FinalRequestOptions": "._models",
        "FunctionCall": ".helpers.function_calls",
        "FunctionTool": ".helpers.tools",
        "StreamResumedEvent": ".helpers.response_events",
        "ToolFinishedEvent": ".helpers.agent_events",
        "ToolStartedEvent": ".helpers.agent_events",
        "TurnFinishedEvent": ".helpers.agent_events",
        "cpu_features": ".cpu",
        "file_from_path": "._files",
        "AsyncAssistantEventHandler": ".helpers.assistants",
        "openai_tool": ".helpers.tools",
        "pydantic_function_tool": ".helpers.tools",
        "pydantic_responses_function_tool": ".helpers.tools",
        "not_given": ".options",
        "omit": ".options",
        **dict.fromkeys(
            (
                "APIConnectionError",
                "APIError",
                "APIResponseNotJSONError",
                "APIResponseValidationError",
                "APIStatusError",
                "APIStreamTruncatedError",
                "APITimeoutError",
                "AuthenticationError",
                "BadRequestError",
                "ConflictError",
                "ContentFilterFinishReasonError",
                "InputRequiredError",
                "InternalServerError",
                "InvalidWebhookSignatureError",
                "LengthFinishReasonError",
                "NotFoundError",
                "OAuthError",
                "OpenAIError",
                "PermissionDeniedError",
                "MaxTurnsExceededError",
                "NoTextError",
                "PollTimeoutError",
                "RateLimitError",
                "SchemaError",
                "ToolArgumentsError",
                "UnprocessableEntityError",
                "WebSocketConnectionClosedError",
                "WebSocketQueueFullError",
            ),
            ".errors",
        ),
    }
    __getattr__, __dir__ = lazy_names(__name__, _NAMES, explain_missing)
    refuse_settings(__name__)

__all__ = [
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "NOT_GIVEN",
    "APIConnectionError",
    "APIError",
    "APIResponseNotJSONError",
    "APIResponseValidationError",
    "APIStatusError",
    "APIStreamTruncatedError",
    "APITimeoutError",
    "AgentEvent",
    "AgentRun",
    "AsyncAPIResponse",
    "AsyncAzureOpenAI",
    "AsyncBedrockOpenAI",
    "AsyncClient",
    "AsyncComputerDriver",
    "AsyncComputerToolset",
    "AsyncOpenAI",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "BaseModel",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "DataResidency",
    "FinalRequestOptions",
    "FunctionCall",
    "FunctionTool",
    "HTTPOptions",
    "HTTPResponse",
    "Hooks",
    "HttpxBinaryResponseContent",
    "InputRequiredError",
    "InternalServerError",
    "InvalidWebhookSignatureError",
    "LengthFinishReasonError",
    "MaxTurnsExceededError",
    "NoTextError",
    "NoneType",
    "NotFoundError",
    "NotGiven",
    "OAuthError",
    "Omit",
    "OpenAIError",
    "PermissionDeniedError",
    "PollTimeoutError",
    "RateLimitError",
    "RequestOptions",
    "RetryPolicy",
    "SchemaError",
    "StreamResumedEvent",
    "Timeout",
    "ToolArgumentsError",
    "ToolFinishedEvent",
    "ToolStartedEvent",
    "TurnFinishedEvent",
    "UnprocessableEntityError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
    "__title__",
    "__version__",
    "cpu_features",
    "file_from_path",
    "not_given",
    "omit",
    "openai_tool",
    "pydantic_function_tool",
    "pydantic_responses_function_tool",
    "types",
]
