"""Resource modules from facts: endpoints, overloads, methods, raw and streaming views."""

from __future__ import annotations

import re

from .config import OWN_NAMES
from .extract import Facts
from .extract_methods import BINARY
from .extract_resources import names_in
from .render_bodies import statements, tuples
from .render_docs import method_doc, summary
from .render_types import MARK, target_module

_VIEWS = (
    ("raw", "Raw", "The same methods, returning status, headers and body beside the result."),
    ("streaming", "Streaming", "The same methods as context managers that leave the body unread."),
)
_BASE = (
    "AsyncAPIResource",
    "Endpoint",
    "absent",
    "check_response_format",
    "missing",
    "renamed",
    "require",
    "segment",
    "with_header",
)
_STREAMED = "AsyncStreamedBinaryAPIResponse"
_RESPONSE = (
    "to_custom_streamed_response_wrapper",
    "to_raw_response_wrapper",
    "to_streamed_response_wrapper",
)
# Lines that methods may take in one file.
_ROOM = 340


class ResourceWriter:
    """Writes one resource class.

    Args:
      facts: facts of the resource.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.resources = class_places(facts)
        self.origins = {alias or name: (source, name) for source, name, alias in facts["imports"]}
        self.used: set[str] = set()
        self.runtime: list[str] = []
        self.choosers = [m["chooser"] for m in facts["methods"] if "chooser" in m]

    def render(self) -> dict[str, str]:
        """Module → source text, not yet formatted.

        A method with overloads is some hundreds of lines: it gets a module of its own, whose class the
        resource inherits from. So do the methods of a resource that has too many of them for one file.
        """
        module = f"oxide.{self.facts['module']}"
        package, _, stem = module.rpartition(".")
        files: dict[str, str] = {}
        bases: list[str] = []
        for mixin in self.facts["mixins"]:
            bases.append(mixin["name"])
            self.runtime.append(f"from {mixin['module']} import {mixin['name']}")
        groups, own = self._groups()
        for group in groups:
            first = group[0]["name"]
            base = f"{self.facts['name']}{first.title().replace('_', '')}"
            part = f"{package}._{stem}_{first}"
            files[part] = self._part(base, group)
            bases.append(base)
            self.runtime.append(f"from {part} import {base}")
        files[module] = self._main(bases, own)
        return files

    def _groups(self) -> tuple[list[list[Facts]], list[Facts]]:
        """Methods by the module they go to: parts, and what stays in the resource's own."""
        plain = [m for m in self.facts["methods"] if not m["overloads"]]
        groups = [[m] for m in self.facts["methods"] if m["overloads"]]
        room = _ROOM - 28 * len(self.facts["children"]) - 2 * len(self.facts["methods"])
        if sum(_length(m) for m in plain) <= room:
            return groups, plain
        size = _ROOM
        for method in plain:
            if size + _length(method) > _ROOM:
                groups.append([])
                size = 0
            groups[-1].append(method)
            size += _length(method)
        return groups, []

    def _head(self, doc: str) -> list[str]:
        lines = [
            MARK,
            f'"""{doc}"""\n',
            "from __future__ import annotations",
            "from typing import Any, Dict, Iterable, List, Literal, Mapping, Optional, Sequence, Union",
            "from typing import TYPE_CHECKING, overload",
            "from functools import cached_property",
            "from oxide.options import NOT_GIVEN, not_given, omit",
            *(f"from oxide._response import {name}" for name in _RESPONSE),
            f"from oxide._binary import {_STREAMED}",
            # One line each: a line too long would be wrapped, and stay so once the unused names are gone.
            *(f"from oxide.resources._base import {name}" for name in _BASE),
            "from typing_extensions import deprecated",
            *self.runtime,
            *(f"from {ref.replace(':', ' import ')}" for ref in self.choosers),
            "if TYPE_CHECKING:",
            "    import os",
            "    from os import PathLike",
            "    from oxide.timeouts import TimeoutTypes",
            *self._type_imports(),
        ]
        self.used = set()
        return lines

    def _part(self, base: str, methods: list[Facts]) -> str:
        endpoints = self._endpoints(methods)
        body = "\n\n".join(self._method(m) for m in methods)
        doc = summary(methods[0], self.facts["methods"])
        doc += f" and {len(methods) - 1} more" if len(methods) > 1 else ""
        cls = f'class {base}(AsyncAPIResource):\n    """{doc}, part of `{self.facts["name"]}`."""\n'
        return "\n".join([*self._head(f"{doc}."), "\n", *endpoints, "\n", cls, body, ""])

    def _main(self, bases: list[str], methods: list[Facts]) -> str:
        name = self.facts["name"]
        endpoints = self._endpoints(methods)
        body = "\n\n".join(self._method(m) for m in methods)
        children = "\n\n".join(self._child(n, c) for n, _, c in self.facts["children"])
        views = [self._view(raw) for raw in (True, False)]
        paths = [m["path"].split("/{")[0].partition("?")[0] for m in self.facts["methods"] if "path" in m]
        doc = f"Methods below `{min(paths, key=len)}`." if paths else "Groups the resources below it."
        accessors = "\n\n".join(
            f"    @cached_property\n    def with_{kind}_response(self) -> {name}With{title}Response:\n"
            f'        """{what}"""\n        return {name}With{title}Response(self)'
            for kind, title, what in _VIEWS
        )
        exported = [name, f"{name}WithRawResponse", f"{name}WithStreamingResponse"]
        quiet = any(m["deprecated"] for m in self.facts["methods"])
        head = self._head(f"`{self.facts['module'].removeprefix('resources.')}`: {doc}")
        if len(bases) == len(self.facts["mixins"]):
            bases = [*bases, "AsyncAPIResource"]
        cls = f'class {name}({", ".join(bases)}):\n    """{doc}"""\n'
        parts = [f"\n__all__ = {exported!r}\n", *endpoints, "\n", cls, children, "\n", accessors, "\n", body]
        if quiet:
            # The views name methods that warn when they are called.
            head.insert(2, "# pyright: reportDeprecated=false\n")
        return "\n".join([*head, *parts, "\n", *views])

    def _type_imports(self) -> list[str]:
        lines: list[str] = []
        for name in sorted(self.used):
            if name in self.resources:
                lines.append(f"    from {self.resources[name]} import {name}")
            elif name in self.origins:
                source, original = self.origins[name]
                target = target_module(source)
                if target.startswith("oxide") or source in OWN_NAMES.values():
                    lines.append(
                        f"    from {target} import {original}" + (f" as {name}" if name != original else "")
                    )
        return lines

    def _note(self, text: str) -> str:
        self.used |= names_in(text)
        return text

    def _endpoints(self, methods: list[Facts]) -> list[str]:
        return [self._endpoint(m) for m in methods if "chooser" not in m and "helper" not in m]

    def _endpoint(self, method: Facts) -> str:
        constant = f"_{method['name'].upper()}"
        result = method["page"].partition("[")[2][:-1] if "page" in method else method["cast_to"]
        arguments = [repr(method["verb"]), repr(method["path"]), repr(self._reference(result))]
        if "files" in method:
            arguments.append(f"files={tuples(method['files'])}")
            if method["multipart"] != "always":
                arguments.append(f"multipart={method['multipart']!r}")
        if method.get("stream_cls"):
            event = method["stream_cls"].partition("[")[2][:-1]
            arguments.append(f"stream={self._reference(event)!r}")
        if "page" in method:
            arguments.append(f"page={method['page'].partition('[')[0]!r}")
        if method.get("subscription"):
            arguments.append("subscription=True")
        if method["security"].get("admin_api_key_auth"):
            arguments.append("admin=True")
        kind = method["page"] if "page" in method else method["returns"]
        return f"{constant}: Endpoint[{self._note(kind)}] = Endpoint({', '.join(arguments)})"

    def _reference(self, name: str) -> str:
        """``module:Name`` for lazy import; builtins have no module."""
        if name == "NoneType":
            return ""
        if name not in self.origins:
            return f"builtins:{name}"
        source, original = self.origins[name]
        return f"{target_module(source)}:{original}"

    def _child(self, name: str, cls: str) -> str:
        module = self.resources[cls]
        self.used.add(cls)
        return (
            f"    @cached_property\n    def {name}(self) -> {cls}:\n"
            f'        """`{name}` below this resource."""\n'
            f"        from {module} import {cls}\n\n        return {cls}(self._client)"
        )

    def _deprecated(self, method: Facts, overload: bool = False) -> list[str]:
        if not method["deprecated"]:
            return []
        text = f"`{self.facts['name']}.{method['name']}` is deprecated by the API."
        return [f"    @deprecated({text!r}{', category=None' if overload else ''})"]

    def _parameters(self, signature: Facts) -> str:
        parts = ["self"]
        keyword = False
        for name, kind, annotation, default in signature["params"]:
            if kind == "keyword" and not keyword:
                parts.append("*")
                keyword = True
            text = annotation
            if name == "timeout":
                text = "TimeoutTypes | NotGiven"
            parts.append(f"{name}: {self._note(text)}" + (f" = {default}" if default is not None else ""))
        return ", ".join(parts)

    def _method(self, method: Facts) -> str:
        prefix = "async " if method["async"] else ""
        lines: list[str] = []
        for overload in method["overloads"]:
            lines += [
                "    @overload",
                *self._deprecated(method, True),
                f"    {prefix}def {method['name']}({self._parameters(overload)}) -> "
                f"{self._note(overload['returns'])}: ...\n",
            ]
        returns = self._note(method["returns"])
        lines += self._deprecated(method)
        lines.append(f"    {prefix}def {method['name']}({self._parameters(method)}) -> {returns}:")
        lines.append(method_doc(method, self.facts["methods"], " " * 8))
        lines += [f"        {line}" for line in statements(method)]
        return "\n".join(lines)

    def _view(self, raw: bool) -> str:
        name, title = self.facts["name"], "Raw" if raw else "Streaming"
        wrapper = "to_raw_response_wrapper" if raw else "to_streamed_response_wrapper"
        attribute = re.sub(r"(?<!^)([A-Z])", r"_\1", name.removeprefix("Async")).lower()
        lines = [
            f"class {name}With{title}Response:",
            f'    """`{name}` through `.with_{title.lower()}_response`."""\n',
            f"    def __init__(self, {attribute}: {name}) -> None:",
            f"        self._{attribute} = {attribute}",
        ]
        binary = {m["name"] for m in self.facts["methods"] if str(m["returns"]).rpartition(".")[2] == BINARY}
        offered = self.facts["views"][title]
        children = [child for child in self.facts["children"] if child[0] in offered]
        for method in [m for m in offered if m not in {child[0] for child in children}]:
            if not raw and method in binary:
                call = f"to_custom_streamed_response_wrapper({attribute}.{method}, {_STREAMED})"
            else:
                call = f"{wrapper}({attribute}.{method})"
            lines.append(f"        self.{method} = {call}")
        for child, _, cls in children:
            view = f"{cls}With{title}Response"
            self.used.add(cls)
            lines += [
                "",
                "    @cached_property",
                f"    def {child}(self) -> {view}:",
                f'        """`{child}` below this resource."""',
                f"        from {self.resources[cls]} import {view}\n",
                f"        return {view}(self._{attribute}.{child})",
            ]
            self.used.add(view)
        return "\n".join(lines) + "\n\n"


def class_places(facts: Facts) -> dict[str, str]:
    """Class name → oxide module, of the resource itself, of those below it and of their views."""
    found: dict[str, str] = {}
    for _, module, name in [*facts["children"], ["", facts["module"], facts["name"]]]:
        for suffix in ("", "WithRawResponse", "WithStreamingResponse"):
            found[name + suffix] = f"oxide.{module}"
    return found


def _length(method: Facts) -> int:
    """About how many lines a method takes once formatted."""
    signatures = [method, *method["overloads"]]
    lines = sum(len(s["params"]) + 5 for s in signatures) + len(method["params"]) + 30
    if "helper" in method:
        return lines + len(method["params"])
    return lines + 2 * len(method["body"] + method["query"]) + len(method["headers"])
