# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""What a stream has said so far. See accumulate_py for what each name means; this module only answers sooner."""
cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF

from oxide.models.lazy_c cimport ClassPlan, Later, assembled, class_plan, extended, given

from oxide.errors import APIResponseValidationError
from oxide.helpers import chat_calls
from oxide.models.convert import ABSENT

cdef extern from "Python.h":
    void PyUnicode_Append(PyObject **left, object right)

cdef frozenset _WHOLE = frozenset(("id", "role", "type"))


@cython.no_gc
@cython.final
cdef class Text:
    cdef PyObject *head         # a str of our own, grown in place where nobody else holds it
    cdef list pieces
    cdef readonly Py_ssize_t length

    def __cinit__(self, str text not None=""):
        Py_INCREF(text)
        self.head = <PyObject *>text
        self.pieces = []
        self.length = len(text)

    def __dealloc__(self):
        Py_XDECREF(self.head)

    cpdef append(self, str piece):
        self.pieces.append(piece)
        self.length += len(piece)

    cpdef str upto(self, Py_ssize_t length):
        cdef str head
        if self.head == NULL:
            raise MemoryError
        if length > len(<str>self.head):
            more = self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)
            # Errors leave NULL behind, and the exception.
            PyUnicode_Append(&self.head, more)
            if self.head == NULL:
                raise MemoryError
            self.pieces.clear()
        head = <str>self.head
        return head if length == len(head) else head[:length]

    @property
    def text(self):
        return self.upto(self.length)


@cython.no_gc
@cython.final
cdef class TextAt(Later):
    cdef Text text
    cdef Py_ssize_t length

    def __init__(self, Text text not None, Py_ssize_t length):
        self.text = text
        self.length = length

    cpdef object resolve(self):
        return self.text.upto(self.length)


@cython.no_gc
@cython.final
cdef class ParsedAt(Later):
    cdef Text text
    cdef Py_ssize_t length

    def __init__(self, Text text not None, Py_ssize_t length):
        self.text = text
        self.length = length

    cpdef object resolve(self):
        from oxide.helpers.parsing import partial_json

        text = self.text.upto(self.length)
        return partial_json(text) if text.strip() else None


@cython.final
cdef class Prefix(Later):
    cdef list items
    cdef Py_ssize_t length

    def __init__(self, list items not None, Py_ssize_t length):
        self.items = items
        self.length = length

    cpdef object resolve(self):
        return self.items[:self.length]


class Indexed(dict):
    pass


cdef inline TextAt text_at(Text text):
    cdef TextAt made = TextAt.__new__(TextAt)
    made.text = text
    made.length = text.length
    return made


cdef inline ParsedAt parsed_at(Text text):
    cdef ParsedAt made = ParsedAt.__new__(ParsedAt)
    made.text = text
    made.length = text.length
    return made


cdef inline Prefix prefix(list items):
    cdef Prefix made = Prefix.__new__(Prefix)
    made.items = items
    made.length = len(items)
    return made


cpdef object plain(object value):
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in (<dict>value).items()}
    if isinstance(value, list):
        return [plain(item) for item in <list>value]
    if hasattr(value, "model_fields_set"):
        return {key: plain(item) for key, item in given(value).items()}
    return value


cpdef object freeze(object value):
    if type(value) is Text:
        return (<Text>value).upto((<Text>value).length)
    if isinstance(value, Indexed):
        return [freeze((<dict>value)[index]) for index in sorted(value)]
    if isinstance(value, dict):
        return {key: freeze(item) for key, item in (<dict>value).items()}
    if isinstance(value, list):
        return [freeze(item) for item in <list>value]
    return value


cpdef merge(dict acc, dict delta):
    for key, value in delta.items():
        old = acc.get(key)
        if old is None:
            acc[key] = begun(key, value)
        elif value is None:
            continue
        elif type(old) is Text:
            if isinstance(value, str):
                (<Text>old).append(value)
        elif isinstance(value, str):
            if isinstance(old, str) and value:
                acc[key] = value
        elif isinstance(value, (int, float)):
            if key == "index" or isinstance(value, bool):
                acc[key] = value
            elif isinstance(old, (int, float)):
                acc[key] = old + value
        elif isinstance(old, Indexed):
            merge_items(<dict>old, value)
        elif isinstance(old, list):
            if isinstance(value, list):
                (<list>old).extend(plain(value))
        elif isinstance(old, dict):
            merge(<dict>old, members_of(value))


cdef dict members_of(object value):
    if isinstance(value, dict):
        return <dict>value
    return given(value) if hasattr(value, "model_fields_set") else {}


cdef object begun(str key, object value):
    cdef dict made
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return value if key in _WHOLE else Text(value)
    if isinstance(value, list):
        for item in <list>value:
            if "index" in members_of(item):
                items = Indexed()
                merge_items(<dict>items, value)
                return items
        return plain(value)
    made = {}
    merge(made, members_of(value))
    return made


cdef int merge_items(dict items, object value) except -1:
    cdef dict members
    if not isinstance(value, list):
        return 0
    for item in <list>value:
        members = members_of(item)
        index = members.get("index")
        if not isinstance(index, int):
            index = len(items)
        entry = items.get(index)
        if entry is None:
            entry = items[index] = {}
        merge(<dict>entry, members)
    return 0


@cython.no_gc
@cython.final
cdef class ArgumentScan:
    cdef readonly bint closed
    cdef bint quoted, escaped
    cdef Py_ssize_t depth

    cpdef bint feed(self, str piece) except -1:
        cdef bint before = self.closed
        cdef Py_UCS4 mark
        for mark in piece:
            if self.escaped:
                self.escaped = False
            elif self.quoted:
                if mark == u'"':
                    self.quoted = False
                elif mark == u"\\":
                    self.escaped = True
            elif mark == u'"':
                self.quoted = True
            elif mark == u"{" or mark == u"[":
                self.depth += 1
            elif mark == u"}" or mark == u"]":
                self.depth -= 1
                if self.depth == 0:
                    self.closed = True
            elif mark == u"\\":
                self.escaped = True
        return self.closed and not before


@cython.final
cdef class ChatTool:
    cdef readonly Py_ssize_t index, since
    cdef readonly dict entry
    cdef public dict function
    cdef public Text arguments
    cdef readonly ArgumentScan scan
    cdef public object strict
    cdef public bint done
    cdef public object parsed

    def __init__(self, Py_ssize_t index, dict entry, Py_ssize_t since):
        self.index = index
        self.entry = entry
        self.since = since
        self.scan = ArgumentScan()

    @property
    def name(self):
        return self.name_text()

    cdef str name_text(self):
        name = self.function.get("name") if self.function is not None else None
        return (<Text>name).upto((<Text>name).length) if type(name) is Text else ""


@cython.final
cdef class ChatChoice:
    cdef readonly object index
    cdef readonly dict base
    cdef readonly Py_ssize_t chunks
    cdef readonly dict message
    cdef public Text content, refusal
    cdef public object finish_reason
    cdef public dict logprobs
    cdef public list content_logprobs, refusal_logprobs
    cdef readonly dict tools, places
    cdef public ChatTool current
    cdef public bint content_done, refusal_done, content_logprobs_done, refusal_logprobs_done
    cdef public object parsed

    def __init__(self, index, dict base):
        self.index = index
        self.base = base
        self.chunks = 1
        self.message = {}
        self.tools = {}
        self.places = {}


cdef class ChatFields:
    cdef public object chunk_event, content_delta_event, snapshot_later, latest, moderation
    cdef public dict choices
    cdef public bint rich


cpdef list chat_events(ChatFields state, chunk):
    cdef list events = [assembled(<ClassPlan?>state.chunk_event, ("chunk", chunk, state.snapshot_later))]
    if state.latest is None:
        (<object>state).begin(chunk)
    state.latest = chunk
    moderation = chunk.moderation
    if moderation is not None:
        state.moderation = moderation
    for raw in <list?>chunk.choices:
        choice_events(state, raw, events)
    return events


def streamed_chat_events(state, raw):
    return chat_events(state, raw) if raw.object == "chat.completion.chunk" else []


cdef int choice_events(ChatFields state, object raw, list events) except -1:
    cdef ChatChoice choice
    cdef ChatTool tool
    cdef dict delta
    cdef Text text
    cdef list items
    index = raw.index
    found = state.choices.get(index)
    if found is None:
        base = given(raw)
        base.pop("delta", None)
        if "logprobs" in base:
            base["logprobs"] = None
        found = state.choices[index] = ChatChoice(index, base)
    else:
        (<ChatChoice>found).chunks += 1
    choice = <ChatChoice>found
    raw_delta = raw.delta
    delta = {} if raw_delta is None else given(raw_delta)
    tools = delta.get("tool_calls")
    if tools and (len(<list?>tools) > 1 or choice.places or (
            choice.current is not None and choice.current.scan.closed)):
        tools = delta["tool_calls"] = chat_calls.told_apart(choice, tools)
    merge(choice.message, delta)
    content = delta.get("content")
    refusal = delta.get("refusal")
    logprobs = raw.logprobs
    if content is not None and choice.content is None:
        choice.content = choice.message["content"]
    if refusal is not None and choice.refusal is None:
        choice.refusal = choice.message["refusal"]
    if tools:
        add_tools(state, choice, <list?>tools)
    reason = raw.finish_reason
    if reason:
        choice.finish_reason = reason
        (<object>state).finish(choice)
    if logprobs is not None:
        add_logprobs(choice, logprobs)
    text = choice.content
    if content is not None and text is not None:
        parsed = None
        if state.rich and (choice.refusal is None or choice.refusal.length == 0):
            parsed = parsed_at(text)
        events.append(assembled(
            <ClassPlan?>state.content_delta_event, ("content.delta", content, text_at(text), parsed)
        ))
    text = choice.refusal
    if refusal is not None and text is not None:
        events.append(assembled(
            <ClassPlan?>(<object>state).refusal_delta_event, ("refusal.delta", refusal, text_at(text))
        ))
    if tools:
        tool_events(state, choice, <list>tools, events)
    if logprobs is not None:
        items = choice.content_logprobs
        if logprobs.content and items is not None:
            events.append(assembled(
                <ClassPlan?>(<object>state).content_logprobs_event, ("logprobs.content.delta", logprobs.content, prefix(items))
            ))
        items = choice.refusal_logprobs
        if logprobs.refusal and items is not None:
            events.append(assembled(
                <ClassPlan?>(<object>state).refusal_logprobs_event, ("logprobs.refusal.delta", logprobs.refusal, prefix(items))
            ))
    if tools:
        for call in <list>tools:
            tool = <ChatTool>choice.tools[members_of(call)["index"]]
            if choice.current is not tool:
                (<object>state).moved_on(choice, events)
                choice.current = tool
    if choice.finish_reason is not None:
        (<object>state).ended(choice, events)
    return 0


cdef int add_logprobs(ChatChoice choice, object logprobs) except -1:
    cdef bint first = choice.logprobs is None
    if first:
        choice.logprobs = given(logprobs)
    content = logprobs.content
    if content or (first and content is not None):
        if choice.content_logprobs is None:
            choice.content_logprobs = []
        choice.content_logprobs.extend(content)
    refusal = logprobs.refusal
    if refusal or (first and refusal is not None):
        if choice.refusal_logprobs is None:
            choice.refusal_logprobs = []
        choice.refusal_logprobs.extend(refusal)
    return 0


cdef object index_of(dict call):
    index = call.get("index")
    if type(index) is int:
        return index
    return chat_calls.index_of(call)


cdef int add_tools(object state, ChatChoice choice, list calls) except -1:
    cdef ChatTool tool
    cdef dict members
    entries = choice.message["tool_calls"]
    for call in calls:
        members = members_of(call)
        index = index_of(members)
        found = choice.tools.get(index)
        if found is None:
            found = choice.tools[index] = ChatTool(index, entries[index], choice.chunks)
        tool = <ChatTool>found
        if tool.function is None:
            tool.function = tool.entry.get("function")
        if tool.arguments is None and tool.function is not None:
            tool.arguments = tool.function.get("arguments")
        piece = members_of(members.get("function")).get("arguments")
        if piece and tool.scan.feed(piece):
            state.closed.append((choice, tool))
    return 0


cdef int tool_events(object state, ChatChoice choice, list calls, list events) except -1:
    cdef ChatTool tool
    cdef dict members
    cdef Text text
    cdef ClassPlan plan = <ClassPlan?>state.tool_delta_event
    for call in calls:
        members = members_of(call)
        tool = <ChatTool>choice.tools[members["index"]]
        function = members.get("function")
        if function is None or tool.entry.get("type") not in ("function", None):
            continue
        if tool.strict is None and tool.name_text():
            tool.strict = state.tool_is_strict(tool.name_text())
        text = tool.arguments
        events.append(assembled(plan, (
            "tool_calls.function.arguments.delta",
            tool.name_text(),
            tool.index,
            "" if text is None else text_at(text),
            parsed_at(text) if tool.strict and text is not None and text.length else tool.parsed,
            members_of(function).get("arguments") or "",
        )))
    return 0


def response_events(state, event):
    cdef str kind = event.type
    if kind == "response.output_text.delta":
        text = (<dict>state.texts).get((event.output_index, event.content_index))
        if text is None:
            text = state.open_text(event)
        return [text_delta(<ClassPlan?>state.text_event, event, <Text>text, state.text_fields)]
    if kind == "response.function_call_arguments.delta":
        text = (<dict>state.arguments).get(event.output_index)
        if text is None:
            text = state.open_arguments(event)
        return [text_delta(<ClassPlan?>state.arguments_event, event, <Text>text, state.arguments_fields)]
    return state.handle(event)


cdef object text_delta(ClassPlan plan, object event, Text text, tuple names):
    cdef list values
    text.append(event.delta)
    made = extended(plan, event, "snapshot", text_at(text))
    if made is not None:
        return made
    values = []
    for name in names:
        values.append(text_at(text) if name == "snapshot" else taken(event, name))
    return assembled(plan, tuple(values))


cpdef object taken(object event, str name):
    try:
        return getattr(event, name)
    except APIResponseValidationError:
        return ABSENT


def plan_of(cls):
    return class_plan(cls)
