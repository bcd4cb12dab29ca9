"""Raw answers, errors, options, other endpoints, Azure and webhooks; only the import is another one."""

from __future__ import annotations

from typing_extensions import assert_type

import oxide
from oxide import AsyncAzureOpenAI, AsyncOpenAI, Timeout
from oxide.types import Model
from oxide.types.chat import ChatCompletion
from oxide.types.responses import Response

client = AsyncOpenAI(
    api_key="k",
    organization="o",
    project="p",
    base_url="http://127.0.0.1:8000/v1",
    timeout=Timeout(10.0, connect=2.0),
    max_retries=1,
    default_headers={"X-A": "b"},
    default_query={"v": "1"},
    webhook_secret="whsec_AAAA",
)


async def raw() -> None:
    answer = await client.chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "hi"}]
    )
    assert_type(answer.parse(), ChatCompletion)
    assert_type(answer.headers.get("x-request-id"), str | None)
    assert_type(answer.status_code, int)
    assert_type(answer.text, str)
    async with client.responses.with_streaming_response.create(model="m", input="hi") as opened:
        async for line in opened.iter_lines():
            assert_type(line, str)
        assert_type(await opened.parse(), Response)


async def errors() -> None:
    try:
        await client.models.retrieve("m", timeout=3.0, extra_headers={"X": "y"}, extra_query={"a": 1})
    except (oxide.AuthenticationError, oxide.PermissionDeniedError) as error:
        print(error.status_code, error.request_id)
    except oxide.RateLimitError as error:
        print(error.code, error.param, error.type, error.response.headers["retry-after"])
    except oxide.APITimeoutError as error:
        print(error.request.method, error.message)
    except oxide.APIStatusError as error:
        assert_type(error.body, object | None)
        assert_type(error.message, str)
    except (oxide.LengthFinishReasonError, oxide.ContentFilterFinishReasonError) as error:
        print(str(error))
    except oxide.OpenAIError as error:
        print(error)


async def options() -> None:
    async with client.with_options(timeout=5, max_retries=5) as other:
        assert_type(other, AsyncOpenAI)
        assert_type(await other.models.retrieve("m"), Model)
    copied = client.copy(api_key="l", set_default_headers={"X": "y"})
    print(copied.base_url, copied.api_key, copied.max_retries, copied.organization)
    found = await client.get("/models/m", cast_to=Model)
    assert_type(found, Model)
    made = await client.post("/own", body={"a": 1}, cast_to=dict[str, object], options={"timeout": 2})
    assert_type(made, dict[str, object])
    await client.close()


async def hook(payload: bytes, headers: dict[str, str]) -> None:
    event = client.webhooks.unwrap(payload, headers)
    if event.type == "response.completed":
        await client.responses.retrieve(event.data.id)
    elif event.type == "batch.failed":
        print(event.data.id, event.created_at)
    client.webhooks.verify_signature(payload, headers, tolerance=60)


async def token() -> str:
    return "t"


async def azure() -> None:
    other = AsyncAzureOpenAI(
        azure_endpoint="https://e.example",
        azure_deployment="d",
        api_version="2024-10-21",
        azure_ad_token_provider=token,
    )
    completion = await other.chat.completions.create(model="d", messages=[{"role": "user", "content": "hi"}])
    assert_type(completion, ChatCompletion)
    await other.with_options(max_retries=0).close()
