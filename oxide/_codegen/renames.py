"""Request fields that have another name on the wire: where they are inside a parameter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .extract import Facts
from .render_types import defining

Rename = tuple[tuple[str, ...], str]

_LISTS = ("List", "Iterable", "SequenceNotStr", "Sequence")
_CHOICES = ("Optional", "Union", "Annotated", "Required", "NotRequired")


def renames(annotation: str, module: str, types: Facts, imports: dict[str, tuple[str, str]]) -> list[Rename]:
    """Paths of the keys to rename in a parameter, each with the name on the wire; the longest come first.

    Args:
      annotation: the parameter's, as text.
      module: the module it stands in.
      types: facts of every type module.
      imports: what the names of that module are: name → (module, name there).
    """
    walk = _Walk(types)
    found = dict.fromkeys(walk.annotation(ast.parse(annotation, mode="eval").body, module, imports, ()))
    return sorted(found, key=lambda rename: (-len(rename[0]), rename))


class _Walk:
    def __init__(self, types: Facts) -> None:
        self.types = types
        self.inside: list[tuple[str, str]] = []

    def annotation(
        self, node: ast.expr, module: str, imports: dict[str, tuple[str, str]], path: tuple[str, ...]
    ) -> Iterator[Rename]:
        if isinstance(node, ast.BinOp):
            yield from self.annotation(node.left, module, imports, path)
            yield from self.annotation(node.right, module, imports, path)
        elif isinstance(node, ast.Subscript):
            head = ast.unparse(node.value)
            items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if head in _LISTS:
                yield from self.annotation(items[0], module, imports, (*path, "<array>"))
            elif head in _CHOICES:
                for item in items:
                    yield from self.annotation(item, module, imports, path)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from self.annotation(ast.parse(node.value, mode="eval").body, module, imports, path)
        elif isinstance(node, ast.Name):
            source, name = imports.get(node.id, (module, node.id))
            yield from self.name(*defining(self.types, source, name), path)
        elif isinstance(node, ast.Attribute):
            source, name = imports.get(ast.unparse(node.value), ("", ""))
            yield from self.name(f"{source}.{name}", node.attr, path)

    def name(self, module: str, name: str, path: tuple[str, ...]) -> Iterator[Rename]:
        facts = self.types.get(module)
        if facts is None or (module, name) in self.inside:
            return
        imports = {alias or original: (source, original) for source, original, alias in facts["imports"]}
        self.inside.append((module, name))
        for item in facts["body"]:
            if item[1] != name:
                continue
            if item[0] == "alias":
                yield from self.annotation(ast.parse(item[3], mode="eval").body, module, imports, path)
                continue
            for base in item[2]:
                yield from self.annotation(ast.parse(base, mode="eval").body, module, imports, path)
            for field, annotation, _ in item[4]:
                if alias := re.search(r"PropertyInfo\(alias='([^']+)'", annotation):
                    yield (*path, field), alias[1]
                yield from self.annotation(
                    ast.parse(annotation, mode="eval").body, module, imports, (*path, field)
                )
        self.inside.pop()
