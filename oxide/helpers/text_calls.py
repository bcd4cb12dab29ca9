"""Responses of which only the text, or only the id, is wanted: nothing else of the answer is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from oxide.options import not_given
from oxide.resources._base import AsyncAPIResource, Endpoint, non_empty

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from oxide.errors import OpenAIError
    from oxide.options import Body, Headers, NotGiven, Query, Validation
    from oxide.timeouts import TimeoutTypes
    from oxide.transport.request import RawAnswer
    from oxide.types.responses.response_create_params import ResponseCreateParamsNonStreaming

__all__ = ["ResponseTexts"]


class _Plucked(Endpoint[str]):
    """`POST /responses` with one str of the answer as its result."""

    __slots__ = ("_text",)

    def __init__(self, *, text: bool) -> None:
        super().__init__("POST", "/responses", str)
        self._text = text

    def maker(self) -> Callable[[RawAnswer, Validation], Any]:
        from .texts import output_text, response_id

        pluck = output_text if self._text else response_id

        def make(answer: RawAnswer, validation: Validation) -> str:
            try:
                found = pluck(answer.body, answer.length)
            except ValueError:
                found = None
            if found is None:
                raise self._error(answer, validation)
            return found

        self.make = make
        return make

    def _error(self, answer: RawAnswer, validation: Validation) -> OpenAIError:
        """Why the answer lacks what was asked for."""
        from oxide._convert import convert
        from oxide.errors import APIResponseValidationError, NoTextError
        from oxide.types.responses.response import Response

        from .response_end import bad_end

        # Read as `create` reads it: what is no JSON, or no response, raises here.
        response: Response = convert(answer, Response, validation)
        if self._text and response.status not in ("completed", None):
            return bad_end(response, answer.facts())
        name = "output" if self._text else "id"
        if getattr(response, name) is None:
            return APIResponseValidationError(message=f"response.{name} is missing: this is no response")
        return NoTextError(response)


_TEXT = _Plucked(text=True)
_ID = _Plucked(text=False)


@cache
def _names() -> frozenset[str]:
    """The parameters of `create`; the code knows them without their types being imported."""
    from oxide.resources.responses import AsyncResponses

    code = getattr(AsyncResponses.create, "__wrapped__", AsyncResponses.create).__code__
    return frozenset(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])


def _body(params: Any, name: str, *never: str) -> Any:
    for option in never:
        if params.get(option):
            raise TypeError(f"{name} waits for the whole answer: leave {option} out, or use create")
    if unknown := params.keys() - _names():
        raise TypeError(
            f"{name}() got an unexpected keyword argument {min(unknown)!r}; "
            "what servers know beyond the API goes into extra_body"
        )
    return params


class ResponseTexts(AsyncAPIResource):
    """`create` for hot loops that want one str of the answer."""

    async def create_text(
        self,
        *,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
        **params: Unpack[ResponseCreateParamsNonStreaming],
    ) -> str:
        """`POST /responses`, only the text of the answer.

        Args:
            extra_headers: headers of this call; `omit` as a value takes a default one away.
            extra_query: query parameters of this call.
            extra_body: members added to the JSON body; they win over the parameters.
            timeout: seconds, or limits, of each attempt of this call; left out, the client's.
            params: the parameters of `create`, but for `stream` and `background`.

        Returns:
            The text parts of every message, joined: what `create` gives as `output_text`.

        Raises:
            NoTextError: it has none, because the model refused, or wants tools called.
            APIStatusError: the answer has status 400 or above, or the response failed.
            LengthFinishReasonError, ContentFilterFinishReasonError: the response is incomplete.
            APIConnectionError: no answer, or not all of it; APITimeoutError: a limit ran out.
            TypeError: `stream` or `background` is given.
        """
        return await self._call(
            _TEXT,
            "/responses",
            _body(params, "create_text", "stream", "background"),
            None,
            False,
            extra_headers,
            extra_query,
            extra_body,
            timeout,
        )

    async def create_text_followup(
        self,
        previous_response_id: str,
        /,
        *,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
        **params: Unpack[ResponseCreateParamsNonStreaming],
    ) -> str:
        """`POST /responses` that follows another, only the text of the answer.

        Args:
            previous_response_id: the response it follows, stored before; see :meth:`create_stored_id`.
            extra_headers: headers of this call; `omit` as a value takes a default one away.
            extra_query: query parameters of this call.
            extra_body: members added to the JSON body; they win over the parameters.
            timeout: seconds, or limits, of each attempt of this call; left out, the client's.
            params: the parameters of `create`, but for `stream` and `background`.

        Returns:
            The text, as of :meth:`create_text`.

        Raises:
            ValueError: previous_response_id is empty.
            OpenAIError, TypeError: as :meth:`create_text`.
        """
        params["previous_response_id"] = non_empty("previous_response_id", previous_response_id)
        return await self.create_text(
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
            timeout=timeout,
            **params,
        )

    async def create_stored_id(
        self,
        *,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
        **params: Unpack[ResponseCreateParamsNonStreaming],
    ) -> str:
        """`POST /responses` with `store`, only the id of the answer.

        Args:
            extra_headers: headers of this call; `omit` as a value takes a default one away.
            extra_query: query parameters of this call.
            extra_body: members added to the JSON body; they win over the parameters.
            timeout: seconds, or limits, of each attempt of this call; left out, the client's.
            params: the parameters of `create`, but for `stream`; `store` is true.

        Returns:
            The id of the stored response.

        Raises:
            APIStatusError: the answer has status 400 or above.
            APIConnectionError: no answer, or not all of it; APITimeoutError: a limit ran out.
            TypeError: `stream` is given, or `store=False`.
        """
        body = _body(params, "create_stored_id", "stream")
        if params.setdefault("store", True) is not True:
            raise TypeError(
                f"store={params.get('store')!r}: only a stored response can be referred to by its id"
            )
        return await self._call(
            _ID, "/responses", body, None, False, extra_headers, extra_query, extra_body, timeout
        )
