"""The built-in behaviour: a small, deterministic model behind the OpenAI API.

Rules, so that a test can rely on them:
- The answer is `reply` (or the last user text with `echo`), word by word; `max_tokens` and its relatives cut
  it.
- Tools are called when there are some, `tool_choice` is not `"none"` and the last message is not a result of
  one: the chosen or first function, with arguments that fit its schema. After a result the answer is text.
- A JSON schema as response format is answered with a value that fits it.
- Files are kept, also those uploaded in parts, and given back; a file put into a vector store is in progress
  for the first look and completed from the second on.
- Embeddings are the same for the same text, speech is silence, what is heard is `reply`, a picture is a
  pixel.
- Requests that OpenAI would refuse (no model, no messages, not JSON, unknown ids, wrong key) are refused
  alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Any, cast

import orjson

from ._json import array, obj
from ._refusal import Refusal, wrong_type
from ._text import REPLY, stretch, tokenize
from .answers import Answer, sse_bytes
from .chat import ChatCompletions
from .files import Files
from .journal import RecordedRequest
from .media import Media
from .responses import Responses
from .vector_stores import VectorStores

__all__ = ["Api"]

MODELS = ("oxide-mock", "oxide-mock-mini", "oxide-mock-reasoning")
CREATED = 1_700_000_000


class Api:
    """The endpoints and their state; arguments as in `Server`."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        models: Sequence[str] | None = None,
        reply: str | Callable[[RecordedRequest], str] | None = None,
        echo: bool = False,
        tokens: int | None = None,
        tokens_per_second: float | None = None,
        first_token: float = 0.0,
        cut: int | None = None,
        keep: int | None = None,
    ) -> None:
        if tokens_per_second is not None and tokens_per_second <= 0:
            raise ValueError(f"tokens_per_second must be positive, not {tokens_per_second}")
        self.api_key = api_key
        self.models = models
        self.reply = REPLY if reply is None else reply
        self.echo = echo
        self.tokens = tokens
        self.gap = None if tokens_per_second is None else 1 / tokens_per_second
        self.first_token = first_token
        self.cut = cut
        self.chat = ChatCompletions(self)
        self.responses = Responses(self, keep)
        responses = self.responses
        media = Media(self)
        self.files = Files()
        self.vector_stores = VectorStores(self.files)
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            ("GET", re.compile(r"/v1/models"), self._list_models),
            ("GET", re.compile(r"/v1/models/(.+)"), self._retrieve_model),
            ("POST", re.compile(r"/v1/chat/completions"), self.chat.create),
            ("POST", re.compile(r"/v1/responses"), responses.create),
            ("GET", re.compile(r"/v1/responses/([^/]+)"), responses.retrieve),
            ("DELETE", re.compile(r"/v1/responses/([^/]+)"), responses.delete),
            ("POST", re.compile(r"/v1/responses/([^/]+)/cancel"), responses.cancel),
            ("GET", re.compile(r"/v1/responses/([^/]+)/input_items"), responses.input_items),
            ("POST", re.compile(r"/v1/embeddings"), media.embeddings),
            ("POST", re.compile(r"/v1/audio/speech"), media.speech),
            ("POST", re.compile(r"/v1/audio/transcriptions"), media.transcriptions),
            ("POST", re.compile(r"/v1/audio/translations"), media.translations),
            ("POST", re.compile(r"/v1/images/generations"), media.generate),
            ("POST", re.compile(r"/v1/images/edits"), media.edit),
            *self.files.routes(),
            *self.vector_stores.routes(),
        ]

    def clear(self) -> None:
        """Forget stored responses, files and vector stores."""
        self.responses.clear()
        self.files.clear()
        self.vector_stores.clear()

    def headers(self, record: RecordedRequest) -> dict[str, str]:
        """Headers that every answer carries."""
        return {
            "x-request-id": record.request_id or "",
            "openai-version": "2020-10-01",
            "openai-processing-ms": "1",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-limit-tokens": "2000000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-remaining-tokens": str(max(0, 2_000_000 - len(record.body) // 4)),
            "x-ratelimit-reset-requests": "6ms",
            "x-ratelimit-reset-tokens": "1m20s",
        }

    def answer(self, record: RecordedRequest) -> Answer:
        """What the API says to a request."""
        try:
            self._check_key(record)
            return self._route(record)
        except Refusal as refusal:
            return refusal.answer

    def _route(self, record: RecordedRequest) -> Answer:
        allowed: list[str] = []
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(record.path)
            if found is None:
                continue
            if method == record.method or (method, record.method) == ("GET", "HEAD"):
                return handler(record, *found.groups())
            allowed.append(method)
        if allowed:
            raise Refusal(
                405,
                f"Not allowed to {record.method} on {record.path} (HINT: use {' or '.join(allowed)})",
                code="method_not_supported",
                headers={"Allow": ", ".join(allowed)},
            )
        raise Refusal(404, f"Invalid URL ({record.method} {record.path})")

    def _check_key(self, record: RecordedRequest) -> None:
        if self.api_key is None:
            return
        scheme, _, key = record.headers.get("Authorization", "").partition(" ")
        if not key:
            raise Refusal(401, "No API key was sent: use a header 'Authorization: Bearer KEY'.")
        if scheme.lower() != "bearer" or not compare_digest(key.strip().encode(), self.api_key.encode()):
            raise Refusal(401, "Incorrect API key provided.", code="invalid_api_key")

    def _list_models(self, record: RecordedRequest) -> Answer:
        names = MODELS if self.models is None else self.models
        return Answer.json({"object": "list", "data": [_model(name) for name in names]})

    def _retrieve_model(self, record: RecordedRequest, name: str) -> Answer:
        if name not in (MODELS if self.models is None else self.models):
            raise _no_model(name)
        return Answer.json(_model(name))

    def body(self, record: RecordedRequest, required: str) -> dict[str, Any]:
        """The request body, checked for what every create call needs.

        Args:
            required: name of the second required parameter.
        Raises:
            Refusal: with the error OpenAI gives.
        """
        try:
            body = record.json()
        except orjson.JSONDecodeError:
            raise Refusal(400, "We could not parse the JSON body of your request.") from None
        if not isinstance(body, dict):
            raise Refusal(400, "The JSON body of your request is not an object.")
        body = obj(cast("object", body))
        model = body.get("model")
        if not model:
            raise Refusal(
                400, "Missing required parameter: 'model'.", code="missing_required_parameter", param="model"
            )
        if not isinstance(model, str):
            raise wrong_type("model", "a string", model)
        if self.models is not None and model not in self.models:
            raise _no_model(model)
        if required not in body:
            raise Refusal(
                400,
                f"Missing required parameter: '{required}'.",
                code="missing_required_parameter",
                param=required,
            )
        _check_ranges(body)
        return body

    def words(self, record: RecordedRequest, last_user: str, limit: int | None) -> tuple[list[str], bool]:
        """The tokens of a text answer, and whether `limit` cut them."""
        reply = self.reply(record) if callable(self.reply) else self.reply
        words = tokenize(last_user if self.echo else reply)
        if self.tokens is not None:
            words = stretch(words, self.tokens)
        if limit is not None and limit < len(words):
            return words[:limit], True
        return words, False

    def stream(self, events: Sequence[Any], *, done: bool) -> Answer:
        """A stream at the pace of this server: a token a beat, with what surrounds it in the same write."""
        if not self.gap or self.cut is not None:
            answer = Answer.sse(events, done=done, gap=self.gap, first_byte=self.first_token)
            if self.cut is None:
                return answer
            return answer.but(disconnect_after=sum(map(len, answer.body[: self.cut])))
        beats: list[bytes] = []
        tokens = 0
        for event in events:
            token = _is_token(obj(event))
            if not beats or (token and tokens):
                beats.append(b"")
            beats[-1] += sse_bytes(event)
            tokens += token
        return Answer.sse(beats, done=done, gap=self.gap, first_byte=self.first_token)

    def whole(self, value: Mapping[str, Any]) -> Answer:
        """A JSON answer after the time to the first token."""
        return Answer.json(value, delay=self.first_token)


def _is_token(event: Mapping[str, Any]) -> bool:
    """Whether an event brings text or a piece of arguments."""
    choices = array(event.get("choices"))
    if choices:
        delta = obj(obj(choices[0]).get("delta"))
        return bool(delta.get("content") or delta.get("tool_calls"))
    return str(event.get("type")).endswith(".delta")


def _check_ranges(body: Mapping[str, Any]) -> None:
    for name, low, high in _RANGES:
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(name, "a number", value)
        if not low <= value <= high:
            side, bound = ("below_min", f">= {low:g}") if value < low else ("above_max", f"<= {high:g}")
            kind = "integer" if isinstance(value, int) else "decimal"
            raise Refusal(
                400,
                f"Invalid '{name}': expected a value {bound}, but got {value} instead.",
                code=f"{kind}_{side}_value",
                param=name,
            )


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "oxide"}


def _no_model(name: str) -> Refusal:
    return Refusal(
        404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found"
    )


_INF = float("inf")
_RANGES = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("n", 1, 128),
    ("max_tokens", 1, _INF),
    ("max_completion_tokens", 1, _INF),
    ("max_output_tokens", 1, _INF),
)
