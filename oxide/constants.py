"""Numbers and addresses a client starts from; where the official client has them, they are its values."""

from __future__ import annotations

from typing import Final, Literal

from .timeouts import DEFAULT_TIMEOUT

__all__ = [
    "DATA_RESIDENCY_URLS",
    "DEFAULT_BASE_URL",
    "DEFAULT_MAX_EVENT",
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "MTLS_RESIDENCY_URLS",
    "RAW_RESPONSE_HEADER",
    "DataResidency",
]

DEFAULT_MAX_RETRIES: Final = 2
"""How often a failed request is tried again."""

DEFAULT_MAX_EVENT: Final = 64 << 20
"""Bytes an event of a stream, or one line, may have: a partial image is an event of many megabytes."""

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
"""Where requests go when neither `base_url`, `data_residency` nor `OPENAI_BASE_URL` says otherwise."""

RAW_RESPONSE_HEADER: Final = "X-Stainless-Raw-Response"
"""Never sent: in `extra_headers` it asks for the raw (`raw`, `true`) or the unread (`stream`) response."""

DataResidency = Literal["global", "us", "eu", "ae", "au", "in", "jp"]
"""Region whose endpoint is used."""

DATA_RESIDENCY_URLS: Final[dict[str, str]] = {
    "global": DEFAULT_BASE_URL,
    **{r: f"https://{r}.api.openai.com/v1" for r in ("us", "eu", "ae", "au", "in", "jp")},
}
"""Region → base URL."""

MTLS_RESIDENCY_URLS: Final[dict[str, str]] = {
    "global": "https://mtls.api.openai.com/v1",
    **{r: f"https://mtls-{r}.api.openai.com/v1" for r in ("us", "eu")},
}
"""Region → base URL where clients authenticate with a certificate."""
