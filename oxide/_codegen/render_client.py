"""The client's own resources from facts: the base class with a property each, and the client's views."""

from __future__ import annotations

from .extract import Facts
from .render_types import MARK

_VIEWS = (
    ("WithRawResponse", "WithRawResponse", "raw", "returning status, headers and body beside the result"),
    ("WithStreamedResponse", "WithStreamingResponse", "streaming", "leaving the body unread"),
)


def _imports(children: list[list[str]], suffix: str = "") -> list[str]:
    return [f"    from .{module} import {cls}{suffix}" for _, module, cls in children]


def resources(children: list[list[str]]) -> str:
    """`oxide/_resources.py`: what `AsyncOpenAI` inherits its resources from.

    Args:
      children: name, module and class of each.
    """
    lines = [
        MARK,
        '"""The resources of a client, made when first used."""\n',
        "from __future__ import annotations\n",
        "from functools import cached_property",
        "from typing import TYPE_CHECKING, Any\n",
        "from ._verbs import Verbs\n",
        "if TYPE_CHECKING:",
        *_imports(children),
        "",
        f"RESOURCES = frozenset({[name for name, *_ in children]!r})",
        '"""Names of the resources."""\n',
        "class ClientResources(Verbs):",
        '    """A client with every resource; the client itself comes after it."""\n',
        "    @property",
        "    def _self(self) -> Any:",
        "        # A resource takes AsyncOpenAI, which is this class with credentials.",
        "        return self",
    ]
    for name, module, cls in children:
        lines += [
            "",
            "    @cached_property",
            f"    def {name}(self) -> {cls}:",
            f'        """The resource `{name}`."""',
            f"        from .{module} import {cls}\n",
            f"        return {cls}(self._self)",
        ]
    return "\n".join(lines) + "\n"


def views(children: list[list[str]]) -> str:
    """`oxide/_views.py`: `client.with_raw_response` and `client.with_streaming_response`.

    Args:
      children: name, module and class of each.
    """
    lines = [
        MARK,
        '"""`client.with_raw_response` and `client.with_streaming_response`."""\n',
        "from __future__ import annotations\n",
        "from functools import cached_property",
        "from typing import TYPE_CHECKING\n",
        "if TYPE_CHECKING:",
        "    from .client import AsyncOpenAI",
        *(line for _, suffix, _, _ in _VIEWS for line in _imports(children, suffix)),
    ]
    for title, suffix, attribute, what in _VIEWS:
        lines += [
            "",
            f"class AsyncOpenAI{title}:",
            f'    """The client\'s resources, their methods {what}.\n',
            "    Args:",
            "      client: the client that sends the requests.",
            '    """\n',
            "    def __init__(self, client: AsyncOpenAI) -> None:",
            "        self._client = client",
        ]
        for name, _, cls in children:
            lines += [
                "",
                "    @cached_property",
                f"    def {name}(self) -> {cls}{suffix}:",
                f'        """The resource `{name}`."""',
                f"        return self._client.{name}.with_{attribute}_response",
            ]
    return "\n".join(lines) + "\n"


def render(facts: Facts) -> dict[str, str]:
    """Path below the repository → text, of the files about the client.

    Args:
      facts: those of the client, among the resources.
    """
    children = facts["children"]
    return {"oxide/_resources.py": resources(children), "oxide/_views.py": views(children)}
