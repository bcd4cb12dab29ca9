"""Bodies of generated methods: what stands between the docstring and the next method."""

from __future__ import annotations

import re
from typing import cast

from .extract import Facts

_EXTRAS = "extra_headers, extra_query, extra_body, timeout"
_RESUME = "stream_resume"
_CHECKS = {"validate_response_format": "check_response_format"}


def statements(method: Facts) -> list[str]:
    """The lines of a method's body, not indented.

    Args:
      method: facts of the method.
    """
    if "helper" in method:
        return _helped(method)
    lines = requirements(method)
    body = _mapping(method, "body", lines)
    query = _mapping(method, "query", lines)
    path = re.sub(r"\{(\w+)\}", lambda m: "{segment(" + repr(m[1]) + ", " + m[1] + ")}", method["path"])
    path_text = f'f"{path}"' if path != method["path"] else repr(path)
    for header, kind, value in method["headers"]:
        given = repr(value) if kind == "value" else value
        lines.append(f"extra_headers = with_header(extra_headers, {header!r}, {given})")
    endpoint = f"_{method['name'].upper()}"
    if "chooser" in method:
        endpoint = f"{method['chooser'].partition(':')[2]}({body})"
    if any(name == _RESUME for name, *_ in method["params"]):
        params = query if body == "None" else body
        endpoint = f"{endpoint} if {_RESUME} is omit else {endpoint}.resuming({_RESUME}, {params})"
    if "page" in method:
        content = f", body={body}" if method["body"] else ""
        lines.append(f"return self._list({endpoint}, {path_text}, {query}, {_EXTRAS}{content})")
    else:
        # Also where it is None: the raw and the streaming view hand on what this returns.
        lines.append(
            f"return await self._call({endpoint}, {path_text}, {body}, {query}, {_stream(method)}, {_EXTRAS})"
        )
    return lines


def _stream(method: Facts) -> str:
    if not method.get("stream_cls"):
        return "False"
    return "True" if method["stream"] == "True" else "bool(stream)"


def _helped(method: Facts) -> list[str]:
    """A function of oxide does the work; it gets every parameter by name."""
    module, _, function = method["helper"].partition(":")
    given = ", ".join(f"{name!r}: {name}" for name, *_ in method["params"])
    wait = "await " if method["async"] else ""
    return [f"from {module} import {function}\n", f"return {wait}{function}(self, {{{given}}})"]


def requirements(method: Facts) -> list[str]:
    """Statements that check one of several sets of parameters to be complete, where Python does not."""
    native = {name for name, _, _, default in method["params"] if default is None}
    rest = [[name for name in names if name not in native] for names in method["required"]]
    if not rest or not all(rest):
        return []
    sets = ", ".join(f"{{{', '.join(f'{name!r}: {name}' for name in names)}}}" for names in rest)
    return [f"require({method['required']!r}, {sets})"]


def _mapping(method: Facts, where: str, lines: list[str]) -> str:
    """Statements that fill the body or the query; returns the expression that names it."""
    pairs = method[where]
    if not pairs:
        # A verb with a body gets one from extra_body alone; there is nothing to build.
        return "None"
    defaults = {name: default for name, _, _, default in method["params"]}
    annotations = {name: annotation or "" for name, _, annotation, _ in method["params"]}
    renamed: Facts = method.get("renamed", {}) if where == "body" else {}
    checked = any(c in _CHECKS for c in method["checks"])
    # A parameter may have that very name.
    local = where if where not in defaults else f"{where}_members"

    def value(name: str) -> str:
        return f"renamed({name}, {tuples(renamed[name])})" if name in renamed else name

    first = next((n for n, (_, name) in enumerate(pairs) if defaults.get(name) is not None), len(pairs))
    given = pairs[:first]
    lines.append(f"{local}: dict[str, object] = {{{', '.join(f'{k!r}: {value(n)}' for k, n in given)}}}")
    for key, name in pairs[first:]:
        if defaults.get(name) is None:
            lines.append(f"{local}[{key!r}] = {value(name)}")
            continue
        sentinel = "omit" if "Omit" in annotations[name] else "absent"
        lines.append(f"if {name} is not {sentinel} and {name} is not missing:")
        if checked and name == "response_format":
            lines.append("    check_response_format(response_format)")
        lines.append(f"    {local}[{key!r}] = {value(name)}")
    return local


def tuples(value: object) -> str:
    """Nested lists as the source of nested tuples."""
    if isinstance(value, (list, tuple)):
        return "(" + "".join(f"{tuples(item)}, " for item in cast("list[object]", value)) + ")"
    return repr(value)
