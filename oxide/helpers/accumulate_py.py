"""What a stream has said so far, kept so that a delta costs the same whether it is the first or the last.

The twin of `accumulate_c`, and its oracle. Nothing here waits for anything.
"""

from __future__ import annotations

from typing import Any, cast

from oxide.errors import APIResponseValidationError
from oxide.models.convert import ABSENT
from oxide.models.lazy import Later, assemble, given

from .chat_calls import index_of, told_apart
from .closing_py import ArgumentScan

__all__ = [
    "ArgumentScan", "ChatChoice", "ChatTool", "Indexed", "ParsedAt", "Prefix", "Text", "TextAt",
    "chat_events", "freeze", "merge", "plain", "plan_of", "response_events", "taken",
]  # fmt: skip

_WHOLE = frozenset({"id", "role", "type"})


class Text:
    """A text that grows at its end; what it was at any earlier length can still be read.

    Args:
        text: what it begins with.
    """

    __slots__ = ("_head", "_pieces", "length")

    def __init__(self, text: str = "") -> None:
        self._head = text
        self._pieces: list[str] = []
        self.length = len(text)

    def append(self, piece: str) -> None:
        """Add to the end."""
        self._pieces.append(piece)
        self.length += len(piece)

    def upto(self, length: int) -> str:
        """The first so many characters."""
        if length > len(self._head):
            self._head += "".join(self._pieces)
            self._pieces.clear()
        return self._head if length == len(self._head) else self._head[:length]

    @property
    def text(self) -> str:
        """All of it."""
        return self.upto(self.length)


class TextAt(Later):
    """The text up to a place, made when it is read."""

    __slots__ = ("_length", "_text")

    def __init__(self, text: Text, length: int) -> None:
        self._text = text
        self._length = length

    def resolve(self) -> Any:
        """The text."""
        return self._text.upto(self._length)


class ParsedAt(TextAt):
    """What is complete of the JSON up to a place, parsed when it is read."""

    __slots__ = ()

    def resolve(self) -> Any:
        """The value; None where there is none yet."""
        from oxide.helpers.parsing import partial_json

        text = self._text.upto(self._length)
        return partial_json(text) if text.strip() else None


class Prefix(Later):
    """The first items of a list that grows."""

    __slots__ = ("_items", "_length")

    def __init__(self, items: list[Any], length: int) -> None:
        self._items = items
        self._length = length

    def resolve(self) -> list[Any]:
        """The items."""
        return self._items[: self._length]


class Indexed(dict[int, Any]):
    """A list whose items come in pieces, each naming its index."""


def _is(value: Any, kind: type) -> bool:
    # Without telling type checkers, which would go on to ask what is inside.
    return isinstance(value, kind)


def plain(value: Any) -> Any:
    """A value without models: their members by JSON key.

    Args:
        value: a model, a list or dict of them, or anything else.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("dict[str, Any]", value).items()}
    if _is(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "model_fields_set"):
        return {key: plain(item) for key, item in given(value).items()}
    return value


def freeze(value: Any) -> Any:
    """What was merged, as values that have stopped growing.

    Args:
        value: what `merge` filled.
    """
    if isinstance(value, Text):
        return value.text
    if isinstance(value, Indexed):
        return [freeze(value[index]) for index in sorted(value)]
    if isinstance(value, dict):
        return {key: freeze(item) for key, item in cast("dict[str, Any]", value).items()}
    if _is(value, list):
        return [freeze(item) for item in value]
    return value


def merge(acc: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta: strings and numbers to what there is, items of lists where their index says.

    Args:
        acc: what there is; strings in it become `Text`.
        delta: what came, by JSON key; models in it are read.
    """
    for key, value in delta.items():
        old = acc.get(key)
        if old is None:
            acc[key] = _begun(key, value)
        elif value is None:
            continue
        elif isinstance(old, Text):
            if isinstance(value, str):
                old.append(value)
        elif isinstance(value, str):
            if isinstance(old, str) and value:
                acc[key] = value
        elif isinstance(value, int | float):
            if key == "index" or isinstance(value, bool):
                acc[key] = value
            elif isinstance(old, int | float):
                acc[key] = old + value
        elif isinstance(old, Indexed):
            _merge_items(old, value)
        elif _is(old, list):
            if _is(value, list):
                old.extend(plain(value))
        elif isinstance(old, dict):
            merge(cast("dict[str, Any]", old), _members(value))


def _members(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    return given(value) if hasattr(value, "model_fields_set") else {}


def _begun(key: str, value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value if key in _WHOLE else Text(value)
    if _is(value, list):
        if any("index" in _members(item) for item in value):
            items = Indexed()
            _merge_items(items, value)
            return items
        return plain(value)
    begun: dict[str, Any] = {}
    merge(begun, _members(value))
    return begun


def _merge_items(items: Indexed, value: Any) -> None:
    if not _is(value, list):
        return
    for item in value:
        members = _members(item)
        index = members.get("index")
        if not isinstance(index, int):
            index = len(items)
        entry = items.get(index)
        if entry is None:
            entry = items[index] = {}
        merge(cast("dict[str, Any]", entry), members)


class ChatTool:
    """A tool call of a choice.

    Attributes:
        index: its place among the calls.
        entry: what came of it, merged.
        since: the chunk of its choice that it came with.
        function: the function's part of it, None until one came.
        arguments: its arguments so far.
        scan: tells when they have closed.
        strict: whether what is complete of them is parsed on the way; None until its name is known.
        done, parsed: whether its end was told, and what they were parsed into.
    """

    __slots__ = ("arguments", "done", "entry", "function", "index", "parsed", "scan", "since", "strict")

    def __init__(self, index: int, entry: dict[str, Any], since: int) -> None:
        self.index = index
        self.entry = entry
        self.since = since
        self.function: dict[str, Any] | None = None
        self.arguments: Text | None = None
        self.scan = ArgumentScan()
        self.strict: bool | None = None
        self.done = False
        self.parsed: Any = None

    @property
    def name(self) -> str:
        """The function's name so far."""
        name = self.function.get("name") if self.function is not None else None
        return name.text if isinstance(name, Text) else ""


class ChatChoice:
    """A choice of a chat.

    Attributes:
        index: its number.
        base: what its first chunk said of it, but for the delta.
        chunks, message: how many there were, and the message so far, merged.
        content, refusal: its text and its refusal, None before any came.
        finish_reason: why it ended.
        logprobs: what stands beside the two lists below; None before any came.
        content_logprobs, refusal_logprobs: those of the text, those of the refusal.
        tools: its calls by index; `places`: their index where a server gave another's.
        current: the call that the latest piece belonged to.
        content_done, refusal_done, content_logprobs_done, refusal_logprobs_done: ends that were told.
        parsed: what the text was parsed into.
    """

    __slots__ = (
        "base", "chunks", "content", "content_done", "content_logprobs", "content_logprobs_done", "current",
        "finish_reason", "index", "logprobs", "message", "parsed", "places", "refusal", "refusal_done",
        "refusal_logprobs", "refusal_logprobs_done", "tools",
    )  # fmt: skip

    def __init__(self, index: int, base: dict[str, Any]) -> None:
        self.index = index
        self.base = base
        self.chunks = 1
        self.message: dict[str, Any] = {}
        self.content: Text | None = None
        self.refusal: Text | None = None
        self.finish_reason: str | None = None
        self.logprobs: dict[str, Any] | None = None
        self.content_logprobs: list[Any] | None = None
        self.refusal_logprobs: list[Any] | None = None
        self.tools: dict[int, ChatTool] = {}
        self.places: dict[int, int] = {}
        self.current: ChatTool | None = None
        self.content_done = False
        self.refusal_done = False
        self.content_logprobs_done = False
        self.refusal_logprobs_done = False
        self.parsed: Any = None


class ChatFields:
    """What `chat_events` reads and writes for every chunk; the rest of a chat's state is the subclass's.

    Attributes:
        chunk_event, content_delta_event: classes of events; `snapshot_later`: makes their snapshots.
        latest, moderation, choices, rich: the latest two, choices by index, whether the text is parsed.
    """

    chunk_event: Any
    content_delta_event: Any
    snapshot_later: Any
    latest: Any
    moderation: Any
    choices: dict[int, ChatChoice]
    rich: bool


def chat_events(state: Any, chunk: Any) -> list[Any]:
    """Add a chunk to a chat and tell what it means.

    Args:
        state: the chat: `choices` (by index), `begin(chunk)`, `finish(choice)`, `moved_on(choice, events)`,
            `ended(choice, events)`, `tool_is_strict(name)`, `rich`, `latest`, `moderation`, `closed`,
            `snapshot_later` and the event classes.
        chunk: the chunk.

    Returns:
        The events, first the chunk's own.
    """
    events: list[Any] = [assemble(state.chunk_event, ("chunk", chunk, state.snapshot_later))]
    if state.latest is None:
        state.begin(chunk)
    state.latest = chunk
    if chunk.moderation is not None:
        state.moderation = chunk.moderation
    for raw in chunk.choices:
        _choice_events(state, raw, events)
    return events


def streamed_chat_events(state: Any, raw: Any) -> list[Any]:
    """The same for what a server streams: Azure sends results of its content filter as chunks of no kind.

    Args:
        state, raw: the chat and the chunk; one of another kind stands for no events.
    """
    return chat_events(state, raw) if raw.object == "chat.completion.chunk" else []


def _choice_events(state: Any, raw: Any, events: list[Any]) -> None:
    choice: ChatChoice | None = state.choices.get(raw.index)
    if choice is None:
        base = given(raw)
        base.pop("delta", None)
        if "logprobs" in base:
            base["logprobs"] = None
        choice = state.choices[raw.index] = ChatChoice(raw.index, base)
    else:
        choice.chunks += 1
    delta = {} if raw.delta is None else given(raw.delta)
    tools, logprobs = delta.get("tool_calls"), raw.logprobs
    if tools and (len(tools) > 1 or choice.places or (choice.current and choice.current.scan.closed)):
        tools = delta["tool_calls"] = told_apart(choice, tools)
    merge(choice.message, delta)
    content, refusal = delta.get("content"), delta.get("refusal")
    if content is not None and choice.content is None:
        choice.content = choice.message["content"]
    if refusal is not None and choice.refusal is None:
        choice.refusal = choice.message["refusal"]
    if tools:
        _add_tools(state, choice, tools)
    if raw.finish_reason:
        choice.finish_reason = raw.finish_reason
        state.finish(choice)
    if logprobs is not None:
        _add_logprobs(choice, logprobs)
    text = choice.content
    if content is not None and text is not None:
        rich = state.rich and (choice.refusal is None or choice.refusal.length == 0)
        parsed = ParsedAt(text, text.length) if rich else None
        values: tuple[Any, ...] = ("content.delta", content, TextAt(text, text.length), parsed)
        events.append(assemble(state.content_delta_event, values))
    text = choice.refusal
    if refusal is not None and text is not None:
        values = ("refusal.delta", refusal, TextAt(text, text.length))
        events.append(assemble(state.refusal_delta_event, values))
    if tools:
        _tool_events(state, choice, tools, events)
    if logprobs is not None:
        items = choice.content_logprobs
        if logprobs.content and items is not None:
            values = ("logprobs.content.delta", logprobs.content, Prefix(items, len(items)))
            events.append(assemble(state.content_logprobs_event, values))
        items = choice.refusal_logprobs
        if logprobs.refusal and items is not None:
            values = ("logprobs.refusal.delta", logprobs.refusal, Prefix(items, len(items)))
            events.append(assemble(state.refusal_logprobs_event, values))
    if tools:
        for call in tools:
            tool = choice.tools[_members(call)["index"]]
            if choice.current is not tool:
                state.moved_on(choice, events)
                choice.current = tool
    if choice.finish_reason is not None:
        state.ended(choice, events)


def _add_logprobs(choice: ChatChoice, logprobs: Any) -> None:
    first = choice.logprobs is None
    if first:
        choice.logprobs = given(logprobs)
    # Of the first ones an empty list stays, as with the official SDK.
    if logprobs.content or (first and logprobs.content is not None):
        choice.content_logprobs = choice.content_logprobs or []
        choice.content_logprobs.extend(logprobs.content)
    if logprobs.refusal or (first and logprobs.refusal is not None):
        choice.refusal_logprobs = choice.refusal_logprobs or []
        choice.refusal_logprobs.extend(logprobs.refusal)


def _add_tools(state: Any, choice: ChatChoice, calls: list[Any]) -> None:
    entries = choice.message["tool_calls"]
    for call in calls:
        members = _members(call)
        index = index_of(members)
        tool = choice.tools.get(index)
        if tool is None:
            tool = choice.tools[index] = ChatTool(index, entries[index], choice.chunks)
        if tool.function is None:
            tool.function = tool.entry.get("function")
        if tool.arguments is None and tool.function is not None:
            tool.arguments = tool.function.get("arguments")
        piece = _members(members.get("function")).get("arguments")
        if piece and tool.scan.feed(piece):
            state.closed.append((choice, tool))


def _tool_events(state: Any, choice: ChatChoice, calls: list[Any], events: list[Any]) -> None:
    for call in calls:
        members = _members(call)
        tool = choice.tools[members["index"]]
        function = members.get("function")
        if function is None or tool.entry.get("type") not in ("function", None):
            continue
        if tool.strict is None and tool.name:
            tool.strict = state.tool_is_strict(tool.name)
        text = tool.arguments
        length = 0 if text is None else text.length
        values = (
            "tool_calls.function.arguments.delta",
            tool.name,
            tool.index,
            "" if text is None else TextAt(text, length),
            ParsedAt(text, length) if tool.strict and text is not None and length else tool.parsed,
            _members(function).get("arguments") or "",
        )
        events.append(assemble(state.tool_delta_event, values))


def response_events(state: Any, event: Any) -> list[Any]:
    """Add an event to a response and tell what it means.

    Args:
        state: the response: `texts` by output and content index, `arguments` by output index,
            `open_text(event)`, `open_arguments(event)`, `handle(event)` for every other event, the event
            classes, and the names of the fields they take over.
        event: the event.

    Returns:
        The events.
    """
    kind = event.type
    if kind == "response.output_text.delta":
        text = state.texts.get((event.output_index, event.content_index))
        if text is None:
            text = state.open_text(event)
        return [_text_delta(state.text_event, event, text, state.text_fields)]
    if kind == "response.function_call_arguments.delta":
        text = state.arguments.get(event.output_index)
        if text is None:
            text = state.open_arguments(event)
        return [_text_delta(state.arguments_event, event, text, state.arguments_fields)]
    found: list[Any] = state.handle(event)
    return found


def _text_delta(cls: Any, event: Any, text: Text, names: tuple[str, ...]) -> Any:
    text.append(event.delta)
    values = [TextAt(text, text.length) if name == "snapshot" else taken(event, name) for name in names]
    return assemble(cls, tuple(values))


def plan_of(cls: Any) -> Any:
    """What a state names a class of events by: the backend's own form of it.

    Args:
        cls: the class.
    """
    return cls


def taken(event: Any, name: str) -> Any:
    """A field of an event, `ABSENT` where it is missing or wrong: its reader is told, if there is one.

    Args:
        event: the event.
        name: the field.
    """
    try:
        return getattr(event, name)
    except APIResponseValidationError:
        return ABSENT
