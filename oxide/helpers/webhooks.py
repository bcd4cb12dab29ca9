"""`client.webhooks.unwrap` and `verify_signature`: deliveries by the Standard Webhooks specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidWebhookSignatureError

if TYPE_CHECKING:
    from ..client import AsyncOpenAI
    from ..options import HeadersLike
    from ..types.webhooks.unwrap_webhook_event import UnwrapWebhookEvent

__all__ = ["WebhookSignatures"]

_PREFIX = "whsec_"


def _header(headers: HeadersLike, name: str) -> str:
    """A header of the delivery, whatever the spelling of its name and the kind of mapping."""
    if isinstance(headers, Mapping):
        given = cast("Mapping[str, object]", headers)
        for key, value in given.items():
            if key.lower() == name and isinstance(value, str):
                return value
    get: Callable[[str], object] = cast("Any", headers).get
    for spelled in (name, name.upper(), "-".join(part.capitalize() for part in name.split("-"))):
        found = get(spelled)
        if isinstance(found, str) and found:
            return found
    raise ValueError(f"Could not find {name} header")


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret[len(_PREFIX) :])
    except ValueError:
        # The cause would name the secret's length and alphabet.
        raise ValueError("The webhook secret is not valid base64 after its `whsec_` prefix") from None


def _check(payload: str | bytes, headers: HeadersLike, secret: str, tolerance: float) -> None:
    signatures = _header(headers, "webhook-signature")
    timestamp = _header(headers, "webhook-timestamp")
    delivery = _header(headers, "webhook-id")
    try:
        sent = int(timestamp)
    except ValueError:
        raise InvalidWebhookSignatureError("Invalid webhook timestamp format") from None
    age = int(time.time()) - sent
    if age > tolerance:
        raise InvalidWebhookSignatureError("Webhook timestamp is too old")
    if -age > tolerance:
        raise InvalidWebhookSignatureError("Webhook timestamp is too new")
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    signed = f"{delivery}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
    matches = False
    for part in signatures.split():
        # Every one is compared, so that the time taken does not tell which one was right.
        given = part.removeprefix("v1,").encode("utf-8", "surrogateescape")
        matches |= hmac.compare_digest(expected, given)
    if not matches:
        raise InvalidWebhookSignatureError(
            "The given webhook signature does not match the expected signature"
        )


class WebhookSignatures:
    """What `client.webhooks` does without a request: check that a delivery is genuine, and read it."""

    if TYPE_CHECKING:
        _client: AsyncOpenAI

    def unwrap(
        self, payload: str | bytes, headers: HeadersLike, *, secret: str | None = None
    ) -> UnwrapWebhookEvent:
        """Check the signature of a delivery, then make its event.

        Args:
            payload: the request's body exactly as it came.
            headers: the request's headers, any mapping or object with `get`.
            secret: the endpoint's signing secret; left out, `webhook_secret` of the client.

        Returns:
            The event; its class follows from `type`, and a type this version does not know gives a generic
            model with the same members.

        Raises:
            InvalidWebhookSignatureError: the signature does not match, or the delivery is more than 5 minutes
                old or ahead.
            ValueError: a header or the secret is missing.
            APIResponseValidationError: the signature matches, but the body is not JSON, or no event.
        """
        self.verify_signature(payload, headers, secret=secret)
        from ..json import pad
        from ..models import build
        from ..types.webhooks import unwrap_webhook_event

        body = payload.encode() if isinstance(payload, str) else bytes(payload)
        event: Any = unwrap_webhook_event.UnwrapWebhookEvent
        found: UnwrapWebhookEvent = build(event, pad(body), len(body), validation=self._client.validation)
        return found

    def verify_signature(
        self, payload: str | bytes, headers: HeadersLike, *, secret: str | None = None, tolerance: int = 300
    ) -> None:
        """Check that a delivery was signed with the endpoint's secret.

        Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`; `webhook-signature` may hold several, one of
        which must match.

        Args:
            payload: the request's body exactly as it came.
            headers: the request's headers, any mapping or object with `get`.
            secret: the endpoint's signing secret; left out, `webhook_secret` of the client.
            tolerance: seconds a delivery may be old, or ahead of this machine's clock.

        Raises:
            InvalidWebhookSignatureError: the signature does not match, or the time is off.
            ValueError: a header or the secret is missing.
        """
        if secret is None:
            secret = self._client.webhook_secret
        if secret is None:
            raise ValueError(
                "No webhook secret: set OPENAI_WEBHOOK_SECRET, pass `webhook_secret` to the client, or "
                "`secret` to this method"
            )
        _check(payload, headers, secret, tolerance)
