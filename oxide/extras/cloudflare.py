"""Cloudflare AI Gateway: its address and its headers.

    client = AsyncOpenAI(
        base_url=cloudflare.gateway_url(account, "prod"),
        default_headers=cloudflare.gateway_headers(token=token, cache_ttl=3600),
    )

Sources: https://developers.cloudflare.com/ai-gateway/glossary/,
https://developers.cloudflare.com/ai-gateway/chat-completion/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, TypedDict

from ..resources._base import segment

__all__ = ["CustomCost", "gateway_headers", "gateway_url"]


class CustomCost(TypedDict, total=False):
    """What a request costs, in US dollars: for each token in and out, or in all."""

    per_token_in: float
    per_token_out: float
    total_cost: float


def gateway_url(account_id: str, gateway_id: str, provider: str = "openai") -> str:
    """The address of a gateway, for `base_url=`.

    Args:
      account_id: the Cloudflare account.
      gateway_id: name of the gateway.
      provider: whose API stands behind it: `openai`, `azure-openai/resource/deployment`, `openrouter`,
        `groq` …; `compat` for all of them in one, models named `provider/model` there.

    Raises:
      ValueError: a part is empty.
    """
    parts = [segment("account_id", account_id), segment("gateway_id", gateway_id)]
    parts += [segment("provider", part) for part in provider.split("/")]
    return "https://gateway.ai.cloudflare.com/v1/" + "/".join(parts)


def gateway_headers(
    *,
    token: str | None = None,
    cache_ttl: int | None = None,
    cache_key: str | None = None,
    skip_cache: bool | None = None,
    collect_log: bool | None = None,
    metadata: Mapping[str, str | int | float | bool] | None = None,
    custom_cost: CustomCost | None = None,
    request_timeout: float | None = None,
    max_attempts: int | None = None,
    retry_delay: float | None = None,
    backoff: Literal["constant", "linear", "exponential"] | None = None,
) -> dict[str, str]:
    """What a gateway is told, for `default_headers=` or a call's `extra_headers=`.

    Args:
      token: for a gateway that asks for one of its own (`cf-aig-authorization`).
      cache_ttl: seconds an answer is cached.
      cache_key: names the cached answer, instead of the request itself.
      skip_cache: ask the provider whatever is cached.
      collect_log: whether the request is logged, instead of the gateway's setting.
      metadata: tags of the request, for its log.
      custom_cost: what the request costs, instead of the list price.
      request_timeout: seconds the provider may take to begin its answer.
      max_attempts: how often the gateway itself asks the provider.
      retry_delay: seconds between these attempts.
      backoff: how that delay grows.

    Returns:
      A header for each argument given.
    """

    def flag(value: bool | None) -> str | None:
        return None if value is None else "true" if value else "false"

    def milliseconds(seconds: float | None) -> str | None:
        return None if seconds is None else str(round(seconds * 1000))

    def written(value: object) -> str | None:
        # Escaped to ASCII: other characters cannot stand in a header.
        return None if value is None else json.dumps(value, separators=(",", ":"), allow_nan=False)

    given = {
        "cf-aig-authorization": None if token is None else f"Bearer {token}",
        "cf-aig-cache-ttl": None if cache_ttl is None else str(cache_ttl),
        "cf-aig-cache-key": cache_key,
        "cf-aig-skip-cache": flag(skip_cache),
        "cf-aig-collect-log": flag(collect_log),
        "cf-aig-metadata": written(metadata),
        "cf-aig-custom-cost": written(custom_cost),
        "cf-aig-request-timeout": milliseconds(request_timeout),
        "cf-aig-max-attempts": None if max_attempts is None else str(max_attempts),
        "cf-aig-retry-delay": milliseconds(retry_delay),
        "cf-aig-backoff": backoff,
    }
    return {name: value for name, value in given.items() if value is not None}
