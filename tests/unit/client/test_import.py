"""What importing oxide and making a client costs, and which names it offers."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import pytest

import oxide

_PROBE = """
import json, os, sys
os.environ.pop("OPENAI_BASE_URL", None)
import oxide
oxide.AsyncOpenAI(api_key="x")
peak = 0
if os.path.exists("/proc/self/status"):
    peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
print(json.dumps({"modules": sorted(sys.modules), "kilobytes": peak}))
"""

PUBLIC = """
APIConnectionError APIError APIResponseNotJSONError APIResponseValidationError APIStatusError
APIStreamTruncatedError APITimeoutError AgentEvent AgentRun AsyncAPIResponse AsyncAzureOpenAI
AsyncBedrockOpenAI
AsyncClient AsyncComputerDriver AsyncComputerToolset AsyncOpenAI AsyncStream
AuthenticationError BadRequestError BaseModel ConflictError ContentFilterFinishReasonError
DEFAULT_MAX_RETRIES DEFAULT_TIMEOUT DataResidency FinalRequestOptions
FunctionCall FunctionTool HTTPOptions HTTPResponse Hooks
HttpxBinaryResponseContent InputRequiredError InternalServerError
InvalidWebhookSignatureError LengthFinishReasonError MaxTurnsExceededError
NOT_GIVEN NoTextError NoneType NotFoundError NotGiven OAuthError
Omit OpenAIError PermissionDeniedError PollTimeoutError RateLimitError RequestOptions RetryPolicy
SchemaError StreamResumedEvent Timeout
ToolArgumentsError ToolFinishedEvent ToolStartedEvent TurnFinishedEvent UnprocessableEntityError
WebSocketConnectionClosedError WebSocketQueueFullError __title__ __version__
cpu_features file_from_path not_given omit openai_tool
pydantic_function_tool pydantic_responses_function_tool types
"""


def test_a_client_loads_neither_aiohttp_nor_pydantic_and_stays_small() -> None:
    run = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    loaded = {name.split(".")[0] for name in found["modules"]}
    assert not loaded & {
        "aiohttp",
        "pydantic",
        "pydantic_core",
        "asyncio",
        "orjson",
        "yarl",
        "ssl",
        "httptools",
    }
    assert found["kilobytes"] < 30 * 1024
    lazy = (
        "oxide.auth",
        "oxide.azure",
        "oxide.bedrock",
        "oxide.lib",
        "oxide.providers",
        "botocore",
        "google",
    )
    assert not [n for n in found["modules"] if n.startswith(lazy)]
    resources = {n for n in found["modules"] if n.startswith(("oxide.resources.", "oxide.types."))}
    assert resources == {"oxide.resources._base"}


def test_touching_one_type_does_not_load_the_others() -> None:
    code = "import sys; from oxide.types.responses import ResponseUsage; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    types = {name for name in run.stdout.split() if name.startswith("oxide.types.")}
    assert types == {"oxide.types.responses", "oxide.types.responses.response_usage"}


def test_public_names_are_these() -> None:
    assert sorted(oxide.__all__) == sorted(PUBLIC.split())
    for name in oxide.__all__:
        assert getattr(oxide, name) is not None
    assert set(oxide.__all__) <= set(dir(oxide))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        oxide.Nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", ["chat", "responses", "files", "embeddings", "beta"])
def test_there_is_no_client_behind_the_module(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"client = oxide\.AsyncOpenAI\(\), and use client\.{name}$"):
        getattr(oxide, name)


def test_there_are_no_settings_on_the_module() -> None:
    import openai

    options = set(inspect.signature(openai.AsyncOpenAI.__init__).parameters)
    for name in (
        "api_key",
        "base_url",
        "organization",
        "timeout",
        "max_retries",
        "http_client",
        "default_query",
    ):
        assert name in options
        for touch in (lambda n: getattr(oxide, n), lambda n: setattr(oxide, n, "x")):
            with pytest.raises(AttributeError, match=rf"oxide\.AsyncOpenAI\({name}=\.\.\.\)"):
                touch(name)
    for name in ("api_type", "api_version", "azure_endpoint"):
        with pytest.raises(AttributeError, match=r"oxide\.AsyncAzureOpenAI\(\.\.\.\)"):
            setattr(oxide, name, "x")
    assert "api_key" not in vars(oxide)
