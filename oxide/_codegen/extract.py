"""Facts from the installed official SDK: names, fields, annotations, signatures. No prose is read.

Sources are parsed, never executed: importing 134 resources only to look at their annotations takes seconds,
and the annotation text is what has to be written out again.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Facts = dict[str, Any]


class Package:
    """The sources of an installed package.

    Args:
      name: import name, e.g. ``openai``.

    Raises:
      ModuleNotFoundError: the package is not installed; the message names the command that installs it.
    """

    def __init__(self, name: str) -> None:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"{name!r} is not installed; run: pip install openai (see pyproject.toml)"
            )
        self.root = Path(spec.origin).parent
        self._trees: dict[str, ast.Module] = {}

    def path(self, module: str) -> Path:
        """File of a dotted module below the package (``types.chat`` is its ``__init__.py``)."""
        base = self.root.joinpath(*module.split("."))
        return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")

    def tree(self, module: str) -> ast.Module:
        """Parsed source of a module, cached."""
        if module not in self._trees:
            self._trees[module] = ast.parse(self.path(module).read_text("utf-8"))
        return self._trees[module]

    def is_package(self, module: str) -> bool:
        """Whether the dotted name is a folder."""
        return self.root.joinpath(*module.split(".")).is_dir()

    def modules_in(self, package: str) -> list[str]:
        """Dotted names of the public modules directly in a package, sorted."""
        folder = self.root.joinpath(*package.split("."))
        return sorted(f"{package}.{p.stem}" for p in folder.glob("*.py") if p.stem != "__init__")

    def packages_below(self, package: str) -> list[str]:
        """A package and every package below it, sorted."""
        folder = self.root.joinpath(*package.split("."))
        inits = folder.rglob("__init__.py")
        return sorted(".".join(p.parent.relative_to(self.root).parts) for p in inits)

    def version(self) -> str:
        """The package's own version."""
        for node in self.tree("_version").body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id == "__version__":
                    return str(node.value.value)
        raise ValueError("no __version__ in the SDK")


def absolute(package: Package, module: str, node: ast.ImportFrom) -> str:
    """The module an import refers to, dotted from the package's root; foreign modules as they are."""
    if node.level == 0:
        return node.module or ""
    parts = module.split(".")
    if not package.is_package(module):
        parts = parts[:-1]
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def imports_of(package: Package, module: str) -> list[list[str | None]]:
    """All ``from X import a as b`` of a module: ``[X, a, b or None]``; ``__future__`` is left out."""
    found: list[list[str | None]] = []
    for node in package.tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            source = absolute(package, module, node)
            found.extend([source, alias.name, alias.asname] for alias in node.names)
    return found


def every_import(package: Package, module: str) -> dict[str, tuple[str, str]]:
    """Local name → (module, name there) of the imports anywhere in a module, inside functions too."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(package.tree(module)):
        if isinstance(node, ast.ImportFrom):
            source = absolute(package, module, node)
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, (source, alias.name))
    return found


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def type_module(package: Package, module: str) -> Facts:
    """Facts of one module below ``types``: imports, exported names, classes with fields, aliases."""
    tree = package.tree(module)
    body: list[list[Any]] = []
    exported: list[str] = []
    future = False
    plain: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            future = future or node.module == "__future__"
        elif isinstance(node, ast.Import):
            plain.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            body.append(_class(node, module))
        elif isinstance(node, ast.Assign):
            target = ast.unparse(node.targets[0])
            if target == "__all__":
                exported = list(ast.literal_eval(node.value))
            else:
                body.append(["alias", target, None, ast.unparse(node.value)])
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            body.append(
                ["alias", ast.unparse(node.target), ast.unparse(node.annotation), ast.unparse(node.value)]
            )
        elif not _docstring(node):
            raise NotImplementedError(f"{module}: {ast.unparse(node)[:80]}")
    facts: Facts = {"future": future, "imports": imports_of(package, module), "all": exported, "body": body}
    return {**facts, "plain": plain} if plain else facts


def _class(node: ast.ClassDef, module: str) -> list[Any]:
    fields: list[list[str | None]] = []
    members: list[str] = []
    checked: dict[str, str] = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            fields.append(_field(item))
        elif isinstance(item, ast.FunctionDef):
            members.append(item.name)
        elif isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "__test__":
            continue  # It tells pytest that a class named Test… is none of its tests.
        elif isinstance(item, ast.Assign) and ast.unparse(item.targets[0]).startswith("__"):
            members.append(ast.unparse(item.targets[0]))
        elif isinstance(item, ast.If) and "__pydantic_extra__" in ast.unparse(item):
            continue  # Unknown fields are kept by every model here.
        elif isinstance(item, ast.If) and item.orelse and ast.unparse(item.test) == "TYPE_CHECKING":
            fields += [_field(n) for n in item.orelse if isinstance(n, ast.AnnAssign)]
            typed = [n for n in item.body if isinstance(n, ast.AnnAssign)]
            checked.update({ast.unparse(n.target): ast.unparse(n.annotation) for n in typed})
        elif not (_docstring(item) or isinstance(item, ast.Pass)):
            raise NotImplementedError(f"{module}.{node.name}: {ast.unparse(item)[:80]}")
    bases = [ast.unparse(base) for base in node.bases]
    keywords = {kw.arg or "**": ast.unparse(kw.value) for kw in node.keywords}
    found: list[Any] = ["class", node.name, bases, keywords, fields, members]
    # Annotations that only type checkers see.
    return [*found, checked] if checked else found


def _field(node: ast.AnnAssign) -> list[str | None]:
    default = ast.unparse(node.value) if node.value is not None else None
    return [ast.unparse(node.target), ast.unparse(node.annotation), default]


def type_closure(package: Package, roots: Iterable[str], excluded: Iterable[str]) -> list[str]:
    """Every module below ``types`` that the roots import, directly or not; excluded ones are not followed."""
    skip = set(excluded)
    seen: set[str] = set()
    todo = [root for root in roots if root not in skip]
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        for source, name, _ in imports_of(package, module):
            if source and source.startswith("types"):
                target = defining_module(package, source, name or "")
                if target not in skip and not package.is_package(target):
                    todo.append(target)
    return sorted(seen)


def package_exports(package: Package, module: str) -> list[list[str]]:
    """What a package's ``__init__`` re-exports: ``[public name, module, name there]``, in order."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(package.tree(module)):
        if isinstance(node, ast.ImportFrom) and node.level:
            source = absolute(package, module, node)
            for alias in node.names:
                # What is imported under a private name is only a base of what has the public one.
                public = (alias.asname or alias.name).lstrip("_")
                found.setdefault(public, [public, defining_module(package, source, alias.name), alias.name])
    return list(found.values())


def defining_module(package: Package, source: str, name: str) -> str:
    """The module that defines a name: re-exports are followed, a submodule is itself."""
    while package.is_package(source):
        inner = f"{source}.{name}"
        if package.path(inner).exists():
            return inner
        nodes = (n for n in ast.walk(package.tree(source)) if isinstance(n, ast.ImportFrom) and n.level)
        for node in nodes:
            if any((a.asname or a.name) == name for a in node.names):
                source = absolute(package, source, node)
                break
        else:
            return source
    return source
