"""What the OpenAPI description has and the official SDK does not: optional, so that nothing else changes.

The coverage test names what is missing here; the parity tests print what is in here.
"""

from __future__ import annotations

from .extract import Facts

_WORDS = "Optional[List[Literal['item.input_audio_transcription.logprobs']]]"
_TRANSCRIPTION = "types.beta.realtime.transcription_session"

# (type module, class) -> [(field, annotation), ...]; fields of models are optional, keys of TypedDicts too.
FIELDS: dict[tuple[str, str], list[tuple[str, str]]] = {
    (
        "types.responses.response_function_call_arguments_done_event",
        "ResponseFunctionCallArgumentsDoneEvent",
    ): [("name", "Optional[str]")],
    (
        "types.beta.beta_response_function_call_arguments_done_event",
        "BetaResponseFunctionCallArgumentsDoneEvent",
    ): [("name", "Optional[str]")],
    ("types.beta.realtime.session_create_response", "SessionCreateResponse"): [
        ("id", "Optional[str]"),
        ("audio", "Optional[Audio]"),
        ("expires_at", "Optional[int]"),
        ("include", _WORDS),
        ("max_output_tokens", "Union[int, Literal['inf'], None]"),
        ("model", "Optional[str]"),
        ("object", "Optional[str]"),
        ("output_modalities", "Optional[List[Literal['text', 'audio']]]"),
    ],
    ("types.beta.realtime.session_create_params", "SessionCreateParams"): [
        ("prompt", "Optional[ResponsePromptParam]"),
        ("truncation", "RealtimeTruncationParam"),
    ],
    ("types.beta.realtime.session_create_params", "ClientSecret"): [("expires_at", "int"), ("value", "str")],
    (_TRANSCRIPTION, "InputAudioTranscription"): [("languages", "Optional[List[str]]")],
    (f"{_TRANSCRIPTION}_create_params", "InputAudioTranscription"): [
        ("delay", "Literal['minimal', 'low', 'medium', 'high', 'xhigh']"),
        ("keywords", "List[str]"),
        ("languages", "List[str]"),
    ],
}

# (resource module, class, method) -> [(parameter, annotation), ...]; left out unless given.
PARAMETERS: dict[tuple[str, str, str], list[tuple[str, str]]] = {
    ("resources.beta.realtime.sessions", "AsyncSessions", "create"): [
        ("prompt", "Optional[ResponsePromptParam] | NotGiven"),
        ("truncation", "RealtimeTruncationParam | NotGiven"),
    ],
}

# Where the names in the annotations above come from.
_SOURCES: dict[str, str] = {
    "Audio": "types.realtime.realtime_session_create_response",
    "List": "typing",
    "Literal": "typing_extensions",
    "Optional": "typing",
    "RealtimeTruncationParam": "types.realtime.realtime_truncation_param",
    "ResponsePromptParam": "types.responses.response_prompt_param",
    "Union": "typing",
}


def apply(resources: list[Facts], types: Facts) -> None:
    """Add them to the facts.

    Args:
      resources: facts of the resources; changed.
      types: facts of the type modules; changed.

    Raises:
      ValueError: the SDK has one of them by now, or lacks the class or method they belong to.
    """
    for (module, name), fields in FIELDS.items():
        described = types[module]
        found = [item for item in described["body"] if item[:2] == ["class", name]]
        if len(found) != 1:
            raise ValueError(f"additions: {module} has no class {name}")
        (item,) = found
        _refuse_known(f"{module}.{name}", [f[0] for f in item[4]], fields)
        default = None if any("TypedDict" in base for base in item[2]) else "None"
        item[4].extend([field, annotation, default] for field, annotation in fields)
        _import(described["imports"], fields)
    for (module, name, method_name), parameters in PARAMETERS.items():
        methods = [
            (facts, method)
            for facts in resources
            if (facts["module"], facts["name"]) == (module, name)
            for method in facts["methods"]
            if method["name"] == method_name
        ]
        if len(methods) != 1:
            raise ValueError(f"additions: {module}.{name} has no method {method_name}")
        facts, method = methods[0]
        _refuse_known(f"{module}.{name}.{method_name}", [p[0] for p in method["params"]], parameters)
        place = [p[0] for p in method["params"]].index("extra_headers")
        added = [[p, "keyword", annotation, "NOT_GIVEN"] for p, annotation in parameters]
        method["params"][place:place] = added
        method["body"].extend([p, p] for p, _ in parameters)
        _import(facts["imports"], parameters)


def _refuse_known(place: str, known: list[str], added: list[tuple[str, str]]) -> None:
    both = sorted({name for name, _ in added} & set(known))
    if both:
        raise ValueError(f"additions: {place} has {', '.join(both)} by now; take it out of additions.py")


def _import(imports: list[list[str | None]], added: list[tuple[str, str]]) -> None:
    known = {alias or name for _, name, alias in imports}
    for name, source in _SOURCES.items():
        if name not in known and any(name in annotation for _, annotation in added):
            imports.append([source, name, None])
