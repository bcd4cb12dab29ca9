"""One request to a token endpoint, and what its answer means (RFC 6749 §5, RFC 8693)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from yarl import URL

from .._headers import user_agent
from ..errors import APIConnectionError, APIError, APIStatusError, OAuthError, OpenAIError
from ..timeouts import Timeout
from ..transport.facts import RequestFacts, ResponseFacts, redact_url
from ..transport.request import HeaderBlock, PreparedRequest
from ..transport.retry import DefaultRetryPolicy
from .tokens import ExchangeUnavailableError

if TYPE_CHECKING:
    from .._connections import Connections

__all__ = ["GRANT_TYPE", "exchange", "granted"]

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
"""RFC 8693 §2.1."""

_REFUSALS = (400, 401, 403)


class _Policy(DefaultRetryPolicy):
    def should_retry(self, error: APIError, *, attempt: int, max_retries: int) -> bool:
        if isinstance(error, APIStatusError) and error.status_code in _REFUSALS:
            return False
        return super().should_retry(error, attempt=attempt, max_retries=max_retries)


async def exchange(
    connections: Connections, url: str, parameters: Mapping[str, str], max_retries: int
) -> ResponseFacts:
    """Ask a token endpoint.

    Args:
      connections: those of the client.
      url: the endpoint.
      parameters: the JSON body.
      max_retries: how often to try again after connection errors, 408, 409, 429 and ≥ 500.

    Returns:
      Facts about the answer, whatever its status; those of the request lack the body, which holds a token.

    Raises:
      APIConnectionError: no answer.
    """
    headers = HeaderBlock(
        (
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
            ("User-Agent", user_agent("WorkloadIdentity")),
        )
    )
    prepared = PreparedRequest(
        "POST",
        URL(url),
        headers,
        json.dumps(parameters).encode(),
        Timeout.of(10.0),
        max_retries=max_retries,
        retry_policy=_Policy(),
        follow_redirects=False,
        retry_count_header=False,
    )
    failure: APIConnectionError | None = None
    facts: ResponseFacts | None = None
    try:
        facts = (await connections.open().request(prepared)).facts()
    except APIStatusError as error:
        facts = error.response
    except APIConnectionError as error:
        failure = error
    # Out here, so that no error's context leads back to the body sent.
    bare = RequestFacts("POST", url, headers.pairs)
    if facts is None:
        assert failure is not None
        failure.request = bare
        raise failure
    facts.request = bare
    return facts


def body_of(facts: ResponseFacts) -> object:
    """The decoded body, or None where it is not JSON.

    Args:
      facts: the endpoint's answer.
    """
    try:
        return facts.json() if facts.content else None
    except ValueError:
        return None


def granted(facts: ResponseFacts, *, bare_errors: bool = False) -> Mapping[str, Any]:
    """The answer of a token endpoint that gave a token.

    Args:
      facts: the endpoint's answer.
      bare_errors: keep nothing of an error but its code.

    Raises:
      OAuthError: status 400, 401 or 403.
      OpenAIError: another status, or an answer without a token.
    """
    body = body_of(facts)
    status = facts.status_code
    endpoint = redact_url(facts.url)
    if status in _REFUSALS:
        if bare_errors:
            code = cast("Mapping[str, Any]", body).get("error") if isinstance(body, Mapping) else None
            body = {"error": code} if isinstance(code, str) else None
        raise OAuthError(response=facts, body=body)
    if not facts.is_success:
        if status in (408, 409, 429) or status >= 500:
            raise ExchangeUnavailableError(
                f"{endpoint} could not exchange the identity now (status {status}): try again later."
            )
        raise OpenAIError(
            f"{endpoint} did not exchange the identity (status {status}): is this the token endpoint?"
        )
    if body is None:
        raise OpenAIError(f"{endpoint} granted a token, but its answer is empty or not JSON.")
    if not isinstance(body, Mapping):
        raise OpenAIError(f"{endpoint} granted a token, but its answer is not a JSON object.")
    found = cast("Mapping[str, Any]", body)
    token = found.get("access_token")
    if not isinstance(token, str) or not token:
        raise OpenAIError(f"{endpoint} granted a token, but `access_token` is not a non-empty string.")
    return found
