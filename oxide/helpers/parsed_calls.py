"""`chat.completions.parse` and `responses.parse`: an answer is looked through once it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from oxide.errors import ContentFilterFinishReasonError, LengthFinishReasonError, mapping_of
from oxide.options import is_given, omit
from oxide.resources._base import Endpoint

from .given_tools import parse_arguments, tools_for_chat, tools_for_responses
from .parsing import (
    field_text,
    is_type,
    parse_text,
    type_to_response_format_param,
    wanted_type,
    with_text_format,
)

if TYPE_CHECKING:
    from oxide.options import Validation
    from oxide.transport.request import RawAnswer
    from oxide.types.chat.parsed_chat_completion import ParsedChatCompletion
    from oxide.types.responses.parsed_response import ParsedResponse

__all__ = ["finish_chat_completion", "finish_response", "parse_chat_completion", "parse_response"]

_EXTRAS = frozenset(("extra_headers", "extra_query", "extra_body", "timeout"))


class _Parsed(Endpoint[Any]):
    """An endpoint whose result is looked through after it was made, also by way of raw responses."""

    __slots__ = ("_finish",)

    def __init__(self, path: str, result: str, finish: Callable[[Any], None]) -> None:
        super().__init__("POST", path, result)
        self._finish = finish

    def maker(self) -> Callable[[RawAnswer, Validation], Any]:
        from oxide._convert import maker_for

        make, finish = maker_for(self.result), self._finish

        def parsed(answer: RawAnswer, validation: Validation) -> Any:
            result = make(answer, validation)
            finish(result)
            return result

        self.make = parsed
        return parsed


def body_of(given: Mapping[str, Any], *special: str) -> dict[str, Any]:
    """The parameters of a call that go into its body.

    Args:
      given: every parameter.
      special: names of those that do not.
    """
    # Most are left out, as `omit`: told before anything is called.
    return {
        name: value
        for name, value in given.items()
        if value is not omit and name not in special and name not in _EXTRAS and is_given(value)
    }


async def parse_chat_completion(resource: Any, given: Mapping[str, Any]) -> ParsedChatCompletion[Any]:
    """`POST /chat/completions` with content and arguments parsed.

    Args:
      resource: `client.chat.completions`.
      given: every parameter of the method.

    Returns:
      `ParsedChatCompletion`.

    Raises:
      SchemaError: the API would refuse the format's schema.
      LengthFinishReasonError, ContentFilterFinishReasonError: a choice was cut short.
      pydantic.ValidationError: what the model wrote does not fit.
      ValueError: a tool is no function, or not strict.
    """
    body, format, tools = chat_request(given)
    if tools is not None:
        _check_tools(tools)
    headers: dict[str, Any] = {
        "X-Stainless-Helper-Method": "chat.completions.parse",
        **(given["extra_headers"] or {}),
    }
    endpoint = _Parsed(
        "/chat/completions",
        "oxide.types.chat.parsed_chat_completion:ParsedChatCompletion",
        lambda completion: finish_chat_completion(completion, format, tools),
    )
    given = {**given, "extra_headers": headers}
    return cast(
        "ParsedChatCompletion[Any]", await _send(resource, endpoint, {**body, "stream": False}, given)
    )


async def _send(resource: Any, endpoint: Endpoint[Any], body: object, given: Mapping[str, Any]) -> Any:
    return await resource._call(
        endpoint,
        endpoint.path,
        body,
        None,
        False,
        given["extra_headers"],
        given["extra_query"],
        given["extra_body"],
        given["timeout"],
    )


def chat_request(given: Mapping[str, Any]) -> tuple[dict[str, Any], Any, list[Any] | None]:
    """The body of a chat call with a format, the type to parse its content into, and its tools.

    Args:
      given: every parameter of the method.

    Returns:
      The body; the type, None where content is not to be parsed; the tools, None where none were given.

    Raises:
      SchemaError: the API would refuse a schema.
    """
    format = given.get("response_format")
    tools = tools_for_chat(given.get("tools"))
    written = {**given, "response_format": type_to_response_format_param(format)}
    if tools is not None:
        written["tools"] = tools
    return body_of(written), format if is_type(format) else None, tools


def _check_tools(tools: Iterable[Any]) -> None:
    for tool in tools:
        if tool["type"] != "function":
            raise ValueError(
                f"a tool of type {tool['type']!r} cannot be parsed, only functions can: use `create`"
            )
        if tool["function"].get("strict") is not True:
            raise ValueError(
                f"the tool {tool['function']['name']!r} is not strict: set 'strict': True, or use `create`"
            )


def finish_chat_completion(completion: Any, format: Any, tools: Iterable[Any] | None) -> None:
    """Fill in the parsed parts of a completion.

    Args:
      completion: a `ParsedChatCompletion`.
      format: the type to parse content into; None parses none.
      tools: the tools of the call.

    Raises:
      LengthFinishReasonError, ContentFilterFinishReasonError: a choice was cut short.
      pydantic.ValidationError: what the model wrote does not fit.
    """
    from oxide.models.lazy import assign

    for choice in completion.choices:
        if choice.finish_reason == "length":
            raise LengthFinishReasonError(completion=completion)
        if choice.finish_reason == "content_filter":
            raise ContentFilterFinishReasonError(completion=completion)
        message = choice.message
        text = field_text(message, "content") if format is not None and not message.refusal else None
        assign(message, "parsed", parse_text(text, format) if text else None)
        calls: list[Any] = []
        for call in message.tool_calls or ():
            if call.type == "custom":
                # Custom tools take text, not arguments; the official SDK leaves them out as well.
                _warn(call.id)
                continue
            function = call.function
            arguments = parse_arguments(tools, function.name, function.arguments)
            assign(function, "parsed_arguments", arguments)
            calls.append(call)
        assign(message, "tool_calls", calls or None)


def _warn(call_id: str) -> None:
    import logging

    logging.getLogger("oxide.parsing").warning(
        "custom tool call %s is left out of the parsed completion", call_id
    )


async def parse_response(resource: Any, given: Mapping[str, Any]) -> ParsedResponse[Any]:
    """`POST /responses` with text and arguments parsed.

    Args:
      resource: `client.responses`.
      given: every parameter of the method.

    Returns:
      `ParsedResponse`.

    Raises:
      SchemaError: the API would refuse the format's schema.
      pydantic.ValidationError: what the model wrote does not fit.
      TypeError: `text_format` is no type, or `text.format` is given too.
    """
    body, format, tools = response_request(given)
    endpoint = _Parsed(
        "/responses",
        "oxide.types.responses.parsed_response:ParsedResponse",
        lambda response: finish_response(response, format, tools),
    )
    return cast("ParsedResponse[Any]", await _send(resource, endpoint, body, given))


def response_request(given: Mapping[str, Any]) -> tuple[dict[str, Any], Any, list[Any] | None]:
    """The body of a Responses call with a format, the type to parse its text into, and its tools.

    Args:
      given: every parameter of the method.

    Returns:
      The body; the type, None where text is not to be parsed; the tools, None where none were given.

    Raises:
      SchemaError: the API would refuse a schema.
      TypeError: `text_format` is no type, `text_format` and `text.format` are both given, or a plain-text
        update has a `parse_as`.
    """
    body = body_of(given, "text_format", "parse_as", "tools")
    format = wanted_type(given.get("text_format"))
    if format is not None or "text" in body:
        body["text"] = with_text_format(body.get("text"), format)
    tools = tools_for_responses(given.get("tools"))
    if tools is not None:
        body["tools"] = tools
    source: Any = mapping_of(given.get("extra_body")).get("input", body.get("input"))
    return body, _parse_as(given.get("parse_as"), format, source, body.get("text")), tools


def _parse_as(parse_as: Any, format: Any, source: Any, text: Any) -> Any:
    """The type to parse text into: a `configuration_update` in the input may have changed the format."""
    if parse_as is None:
        # Left out it is `omit`; None says that the text is to be left alone.
        return None
    wanted = wanted_type(parse_as, "parse_as")
    last = _last_format(source)
    if last is not None and last.get("type") == "text":
        if wanted is not None:
            raise TypeError("parse_as is given, but the input's configuration_update asks for plain text")
        return None
    if last is not None and format is not None and wanted is None and last != mapping_of(text).get("format"):
        raise TypeError(
            "the input's configuration_update asks for another format than text_format: "
            "pass parse_as=<its type>, or parse_as=None to read output_text"
        )
    return format if wanted is None else wanted


def _last_format(source: object) -> Mapping[str, Any] | None:
    for item in reversed(cast("list[object]", source) if isinstance(source, list) else []):
        update = mapping_of(item)
        if update.get("type") == "configuration_update":
            found = mapping_of(mapping_of(update.get("text")).get("format"))
            if found:
                return found
    return None


def finish_response(response: Any, format: Any, tools: Iterable[Any] | None) -> None:
    """Fill in the parsed parts of a response.

    Args:
      response: a `ParsedResponse`.
      format: the type to parse text into; None parses none.
      tools: the tools of the call.

    Raises:
      pydantic.ValidationError: what the model wrote does not fit.
    """
    from oxide.models.lazy import assign

    for item in response.output or ():
        if item.type == "message":
            # Commentary is no result: only text without a phase, or of the final answer, is parsed.
            final = item.phase in (None, "final_answer")
            for part in item.content or ():
                if part.type == "output_text":
                    wanted = format is not None and final
                    assign(part, "parsed", parse_text(field_text(part, "text"), format) if wanted else None)
        elif item.type == "function_call":
            arguments = parse_arguments(tools, item.name, item.arguments, namespace=item.namespace)
            assign(item, "parsed_arguments", arguments)
