"""Docstrings composed from facts: verb and path, parameters with type, unit and limit, result, errors."""

from __future__ import annotations

import textwrap
from typing import Any

from .annotations import phrase, unit_of
from .extract import Facts
from .render_bodies import requirements

_STANDARD = {
    "extra_headers": "headers of this call; `omit` as a value takes a default one away.",
    "extra_query": "query parameters of this call.",
    "stream_resume": (
        'whether a stream that breaks is picked up where it stopped; "events": it is, and says so with a '
        "StreamResumedEvent; left out, it is where the API keeps the events: of a response in the "
        "background, or one that is asked for by its id."
    ),
    "timeout": "seconds, or limits, of each attempt of this call; left out, the client's.",
}


def limit_words(limits: dict[str, Any]) -> list[str]:
    """Limits of a schema as short phrases."""
    words: list[str] = []
    low, high = limits.get("minimum"), limits.get("maximum")
    if low is not None and high is not None:
        words.append(f"{low} to {high}")
    elif low is not None:
        words.append(f"at least {low}")
    elif high is not None:
        words.append(f"at most {high}")
    for least, most, unit in (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items")):
        if most_value := limits.get(most):
            words.append(f"at most {most_value} {unit}")
        elif limits.get(least):
            words.append(f"at least {limits[least]} {unit}")
    if "maxProperties" in limits:
        words.append(f"at most {limits['maxProperties']} keys")
    if "default" in limits:
        words.append(f"default {limits['default']!r}")
    return words


def alike(method: Facts, siblings: list[Facts]) -> Facts:
    """The request a method makes: itself, or the sibling whose parameters it has most of."""
    if "path" in method:
        return method
    names = {name for name, *_ in method["params"]}

    def shared(other: Facts) -> int:
        return len(names & {name for name, *_ in other["params"]})

    return max((m for m in siblings if "path" in m), key=shared)


def summary(method: Facts, siblings: list[Facts]) -> str:
    """What a method is: its verb and path, or whose it is and who does the work.

    Args:
      method: facts of the method.
      siblings: every method of the resource.
    """
    request = alike(method, siblings)
    call = f"`{request['verb']} {request['path']}`"
    return call if request is method else f"`{method['name']}` over {call}"


def method_doc(method: Facts, siblings: list[Facts], indent: str) -> str:
    """The docstring of a generated method, quotes included, wrapped to 110 columns.

    Args:
      method: facts of the method.
      siblings: every method of the resource.
      indent: what stands before each line.
    """
    request = alike(method, siblings)
    path_parameters = [p for p, *_ in method["params"] if f"{{{p}}}" in request["path"]]
    lines = [f'"""{summary(method, siblings)}.', "", "Args:"]
    for name, _, annotation, _ in method["params"]:
        if name in _STANDARD:
            lines += _wrapped(f"    {name}: {_STANDARD[name]}", 110 - len(indent))
            continue
        if name == "extra_body":
            lines.append(f"    {name}: {_extra_body(request)}")
            continue
        words = [phrase(annotation or "object")]
        unit = unit_of(name)
        if unit and words[0].startswith(("int", "float")):
            words.append(f"in {unit}")
        words += limit_words(request.get("limits", {}).get(name, {}))
        if name in path_parameters:
            words.append("in the path, not empty")
        lines += _wrapped(f"    {name}: {', '.join(words)}.", 110 - len(indent))
    lines += ["", "Returns:", f"    {_returns(method)}", "", "Raises:"]
    lines += ["    APIStatusError: the answer has status 400 or above; the subclass tells which."]
    lines += ["    APIConnectionError: no answer, or not all of it; APITimeoutError: a limit ran out."]
    if path_parameters:
        lines.append(f"    ValueError: {' or '.join(path_parameters)} is empty.")
    if method.get("checks"):
        lines.append("    TypeError: `response_format` is a model class.")
    if any(name == "stream_resume" for name, *_ in method["params"]):
        lines.append("    ValueError: `stream_resume` without a stream, or with `store=False`.")
    if requirements(method):
        lines.append("    TypeError: parameters that belong together are not complete.")
    if method["deprecated"]:
        lines += ["", "Deprecated by the API; a call warns."]
    lines.append('"""')
    return "\n".join((indent + line).rstrip() for line in lines)


def _extra_body(request: Facts) -> str:
    if request["verb"] == "GET":
        return "refused with TypeError: this request has no body."
    kind = "form" if request.get("multipart") == "always" else "JSON body"
    return f"members added to the {kind}; they win over the parameters."


def _returns(method: Facts) -> str:
    if ("cast_to" not in method and "page" not in method) or "chooser" in method:
        return f"{phrase(method['returns'])}."
    if "page" in method:
        item = method["page"].partition("[")[2].rstrip("]")
        return f"A paginator: `await` it for the first page, or `async for` over every {item}."
    result = method["cast_to"]
    if method.get("stream_cls"):
        event = method["stream_cls"].partition("[")[2].rstrip("]")
        return f"{result}; with `stream=True` an AsyncStream of {event}."
    return "None." if result == "NoneType" else f"{result}."


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )
