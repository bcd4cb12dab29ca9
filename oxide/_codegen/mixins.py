"""Hand-written methods of resources: what a mixin of `RESOURCE_MIXINS` defines, read from its source."""

from __future__ import annotations

import ast
from pathlib import Path

from .config import RESOURCE_MIXINS
from .extract import Facts

ROOT = Path(__file__).resolve().parents[2]


def mixins_of(module: str, name: str) -> list[Facts]:
    """The mixins of a resource class: where each is and what it defines.

    Args:
      module: the SDK's module of the resource.
      name: the resource class.

    Returns:
      Facts with `module`, `name` and `methods`, in the order they are inherited in.
    """
    found: list[Facts] = []
    for place, mixin in RESOURCE_MIXINS.get((module, name), ()):
        found.append({"module": place, "name": mixin, "methods": public_methods(place, mixin)})
    return found


def public_methods(module: str, name: str) -> list[str]:
    """Names of the public methods of a class of oxide, those of bases in the same file included.

    Args:
      module: dotted name, such as ``oxide.helpers.polling``.
      name: the class.

    Raises:
      FileNotFoundError: there is no such module.
      ValueError: it has no such class.
    """
    tree = ast.parse(ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        raise ValueError(f"{module} has no class {name}; see RESOURCE_MIXINS in oxide/_codegen/config.py")
    found: dict[str, None] = {}
    todo = [name]
    while todo:
        node = classes[todo.pop()]
        for item in node.body:
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and not item.name.startswith("_"):
                found[item.name] = None
        todo += [base for base in map(ast.unparse, node.bases) if base in classes]
    return list(found)
