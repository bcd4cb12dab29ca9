"""Keeps long generated files below the limit of 500 lines: lists and imports are set more tightly."""

from __future__ import annotations

import re
import textwrap

LIMIT = 480
_OFF = "# The lists below are set tightly on purpose.\n# fmt: off\n# isort: off\n"
_ON = "# fmt: on\n# isort: on\n"


def compacted(text: str) -> str:
    """A formatted type module or package with its imports on single lines and its name lists wrapped.

    Args:
      text: source, as the formatter leaves it; below the limit it is returned as it is.
    """
    if text.count("\n") <= LIMIT:
        return text
    text = re.sub(r"import \(\n\s+([^()]+?),?\n\s*\)", lambda m: f"import {_joined(m[1])}", text)
    text = re.sub(r"__all__ = \[\n([^\]]+?)\]", lambda m: f"__all__ = [\n{_filled(m[1], 4)}\n]", text)
    text = re.sub(r"_NAMES = \{\n([^}]+?)\s*\}", lambda m: f"_NAMES = {{\n{_filled(m[1], 8)}\n    }}", text)
    mark, doc, rest = text.split("\n\n", 2)
    name_list = re.search(r"__all__ = \[\n[^\]]+\]\n", rest)
    if name_list is None:
        if rest.count("\n") > LIMIT:
            rest = re.sub(_SIGNATURE, lambda m: f"{m[1]}{_parameters(m[2])}{m[3]}", rest)
        return f"{mark}\n\n{doc}\n\n{_OFF}\n{rest}"
    head, body = rest[: name_list.end()], rest[name_list.end() :]
    if head.count("\n") + body.count("\n") > LIMIT:
        union = r"Union\[\n((?:        [\w.]+,\n)+)    \]"
        body = re.sub(union, lambda m: f"Union[\n{_filled(m[1], 8)}\n    ]", body)
        body = re.sub(r'(\n    """[^"\n]+""")\n\n', r"\1\n", body)
        return f"{mark}\n\n{doc}\n\n{_OFF}\n{head}{body}"
    return f"{mark}\n\n{doc}\n\n{_OFF}\n{head}{_ON}{body}"


_SIGNATURE = r"(    (?:async )?def \w+\(\n)((?: {8}.*\n)+?)(    \) -> )"


def _parameters(lines: str) -> str:
    joined = _joined(lines).replace("[ ", "[").replace(", ]", "]")
    return f"{_filled(joined, 8)}\n"


def _joined(names: str) -> str:
    return " ".join(names.split())


def _filled(entries: str, indent: int) -> str:
    # An entry such as `"A": ".b"` stays on one line: its space is not a place to break at.
    joined = " ".join(entry.strip().replace(": ", ":\x00") for entry in entries.strip().splitlines())
    filled = textwrap.fill(
        joined,
        108,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace("\x00", " ")
