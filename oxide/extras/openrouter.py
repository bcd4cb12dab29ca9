"""OpenRouter: provider preferences, fallback models, sessions and traces, attribution of an application.

    shop = openrouter.headers(title="Shop")
    client = AsyncOpenAI(base_url=openrouter.BASE_URL, api_key=key, default_headers=shop)
    extra = openrouter.extra_body(provider={"sort": "throughput", "zdr": True}, session_id="agent-7")
    await client.chat.completions.create(model="z-ai/glm-4.6", messages=messages, extra_body=extra)

Sources: https://openrouter.ai/docs/guides/routing/provider-selection,
https://openrouter.ai/docs/guides/features/broadcast/overview, https://openrouter.ai/docs/app-attribution
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypedDict

if TYPE_CHECKING:
    from .anthropic import CacheControl

__all__ = [
    "BASE_URL",
    "MaxPrice",
    "Percentiles",
    "ProviderPreferences",
    "Sort",
    "Trace",
    "extra_body",
    "headers",
]

BASE_URL: Final = "https://openrouter.ai/api/v1"
"""For `AsyncOpenAI(base_url=...)`."""

Quantization = Literal["int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown"]
SortBy = Literal["price", "throughput", "latency"]


class MaxPrice(TypedDict, total=False):
    """The most to pay, in US dollars: a million tokens of `prompt` and `completion`, an `image`, an `audio`
    unit, a `request`.
    """

    prompt: float
    completion: float
    image: float
    audio: float
    request: float


class Percentiles(TypedDict, total=False):
    """A threshold for each percentile of what an endpoint measured lately."""

    p50: float
    p75: float
    p90: float
    p99: float


class Sort(TypedDict, total=False):
    """How endpoints are sorted: `by` what, and whether each model's are sorted apart (`partition`)."""

    by: SortBy
    partition: Literal["model", "none"]


class ProviderPreferences(TypedDict, total=False):
    """Which providers may serve a request: the `provider` member of its body.

    `order`: slugs to try first, in that order. `only`, `ignore`: slugs allowed and not. `allow_fallbacks`: go
    on to others when those fail. `require_parameters`: only providers that know all its parameters.
    `data_collection`: "deny" leaves out those that may keep prompts; `zdr`: only endpoints that keep nothing.
    `enforce_distillable_text`: only models whose output may train others. `quantizations`: allowed ones.
    `sort`: by price, throughput or latency, without load balancing. `max_price`: more than that fails.
    `preferred_min_throughput` (tokens a second) and `preferred_max_latency` (seconds): endpoints beyond these
    come last.
    """

    order: Sequence[str]
    only: Sequence[str]
    ignore: Sequence[str]
    allow_fallbacks: bool
    require_parameters: bool
    data_collection: Literal["allow", "deny"]
    zdr: bool
    enforce_distillable_text: bool
    quantizations: Sequence[Quantization]
    sort: SortBy | Sort
    max_price: MaxPrice
    preferred_min_throughput: float | Percentiles
    preferred_max_latency: float | Percentiles


class Trace(TypedDict, total=False):
    """Names under which a request is sent on to observability platforms."""

    trace_id: str
    trace_name: str
    span_name: str
    generation_name: str
    parent_span_id: str


def extra_body(
    *,
    provider: ProviderPreferences | None = None,
    models: Sequence[str] | None = None,
    session_id: str | None = None,
    trace: Trace | Mapping[str, object] | None = None,
    cache_control: CacheControl | None = None,
) -> dict[str, object]:
    """The members of a body that only OpenRouter knows, for `extra_body=`.

    Args:
      provider: which providers may serve the request.
      models: models to fall back to, in that order.
      session_id: groups the requests of a conversation or an agent; OpenRouter takes 128 characters.
      trace: names for observability platforms, and metadata of yours.
      cache_control: caches the prompt of an Anthropic model up to its last part that can be cached.

    Returns:
      What was given; nothing is checked here.
    """
    given: dict[str, object] = {
        "provider": provider,
        "models": None if models is None else list(models),
        "session_id": session_id,
        "trace": trace,
        "cache_control": cache_control,
    }
    return {name: value for name, value in given.items() if value is not None}


def headers(
    *, referer: str | None = None, title: str | None = None, categories: Sequence[str] | None = None
) -> dict[str, str]:
    """Headers that attribute requests to an application, for `default_headers=`.

    Args:
      referer: its address; OpenRouter's identifier of the application (`HTTP-Referer`).
      title: its name (`X-OpenRouter-Title`).
      categories: of the marketplace, such as "cli-agent" (`X-OpenRouter-Categories`).
    """
    given = {
        "HTTP-Referer": referer,
        "X-OpenRouter-Title": title,
        "X-OpenRouter-Categories": None if categories is None else ",".join(categories),
    }
    return {name: value for name, value in given.items() if value is not None}
