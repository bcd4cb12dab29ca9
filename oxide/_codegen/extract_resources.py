"""Facts about resource classes: their methods, what they inherit, what is below them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from .config import (
    CHOOSERS,
    CLIENT,
    EXTRA_METHODS,
    EXTRA_PARAMETERS,
    EXTRA_RESULTS,
    HELPER_METHODS,
    OWN_NAMES,
    WIDER,
)
from .extract import Facts, Package, defining_module, every_import
from .extract_methods import BINARY, LeftOutError, called, implementation, signature, why
from .mixins import mixins_of


def resources(package: Package) -> list[Facts]:
    """Facts of every resource below the client, parents first; those without a method left are gone.

    Raises:
      ValueError: a class is not where its import says.
    """
    module, name = CLIENT
    found: dict[tuple[str, str], Facts] = {}
    todo = [(module, name)]
    while todo:
        place = todo.pop(0)
        if place not in found:
            found[place] = _resource(package, *place)
            todo += [(m, c) for _, m, c in found[place]["children"]]
    _prune(found)
    return list(found.values())


def _prune(found: dict[tuple[str, str], Facts]) -> None:
    while True:
        empty = [k for k, f in found.items() if not (f["methods"] or f["children"] or f["mixins"])]
        for place in empty:
            gone = found.pop(place)
            reasons = sorted({*gone["later"].values(), *gone["absent"].values()})
            for facts in found.values():
                for child in [c for c in facts["children"] if tuple(c[1:]) == place]:
                    facts["children"].remove(child)
                    facts["absent"][child[0]] = ", ".join(reasons)
                    for offered in facts["views"].values():
                        if child[0] in offered:
                            offered.remove(child[0])
        if not empty:
            return


def _class(package: Package, module: str, name: str) -> ast.ClassDef:
    for node in package.tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise ValueError(f"{module} has no class {name}")


def _resource(package: Package, module: str, name: str) -> Facts:
    """Facts of one class; the client itself has children alone."""
    children: list[list[str]] = []
    methods: dict[str, Facts] = {}
    later: dict[str, str] = {}
    places = every_import(package, module)
    client = (module, name) == CLIENT
    mixins = mixins_of(module, name)
    written = {method for mixin in mixins for method in mixin["methods"]}
    for item in _class(package, module, name).body:
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) or item.name.startswith("_"):
            continue
        decorators = [ast.unparse(d) for d in item.decorator_list]
        if "cached_property" in decorators:
            if not item.name.startswith("with_") and item.returns is not None:
                cls = ast.unparse(item.returns)
                children.append([item.name, defining_module(package, *places[cls]), cls])
            continue
        if client or item.name in written:
            continue
        facts = methods.setdefault(item.name, {"name": item.name, "overloads": []})
        if "overload" in decorators:
            facts["overloads"].append(signature(item))
            continue
        place = (module, name, item.name)
        try:
            helper = HELPER_METHODS.get(place)
            facts.update(
                {**called(item), "helper": helper} if helper else implementation(item, place in CHOOSERS)
            )
        except LeftOutError as reason:
            later[item.name] = why(item, reason)
        if place in CHOOSERS:
            facts["chooser"] = CHOOSERS[place]
        if place in EXTRA_PARAMETERS and "params" in facts:
            for shape in (facts, *facts["overloads"]):
                at = [param[0] for param in shape["params"]].index("extra_headers")
                shape["params"][at:at] = EXTRA_PARAMETERS[place]
    _widen((module, name), methods)
    places.update({known: (source, known) for known, source in OWN_NAMES.items()})
    kept = [m for m in methods.values() if m["name"] not in later]
    extra = _extra_methods(module, name, methods, places)
    _tell_results_apart((module, name), methods)
    kept += extra
    known = {*written, *(m["name"] for m in kept), *(child[0] for child in children)}
    return {
        "module": module,
        "name": name,
        "later": later,
        "absent": {},
        "extra": [method["name"] for method in extra],
        "imports": _needed(package, places, kept),
        "children": children,
        "mixins": mixins,
        "views": {} if client else _views(package, module, name, known),
        "methods": kept,
    }


def _widen(place: tuple[str, str], methods: Facts) -> None:
    """Write what parameters of `WIDER` take here into their annotations."""
    names, wider = WIDER.get(place, ((), {}))
    for method in (methods[name] for name in names):
        for shape in (method, *method["overloads"]):
            shape["params"] = [[n, kind, widened(said, wider), d] for n, kind, said, d in shape["params"]]


def _tell_results_apart(place: tuple[str, str], methods: Facts) -> None:
    """Give the overloads of a method the results of `EXTRA_RESULTS`."""
    for (module, cls, method), (name, value, without, result, more) in EXTRA_RESULTS.items():
        if (module, cls) != place:
            continue
        found: list[Facts] = []
        for shape in methods[method]["overloads"]:
            params = [[n, kind, without if n == name else said, d] for n, kind, said, d in shape["params"]]
            if result not in shape["returns"]:
                params = [parameter for parameter in params if parameter[0] != name]
            found.append({**shape, "params": params})
            if result == shape["returns"]:
                told = [[n, kind, value, None] if n == name else [n, kind, s, d] for n, kind, s, d in params]
                found.append({"params": told, "returns": more})
        methods[method]["overloads"] = found
        # Checkers want what an implementation returns to take in what its overloads do.
        methods[method]["returns"] = methods[method]["returns"].replace(result, more)


def widened(annotation: str | None, wider: Mapping[str, str]) -> str | None:
    """An annotation with what `wider` writes in place of its parts."""
    for official, ours in wider.items():
        annotation = annotation and annotation.replace(official, ours)
    return annotation


def _extra_methods(module: str, name: str, methods: Facts, places: dict[str, tuple[str, str]]) -> list[Facts]:
    """Methods of oxide's own that take the parameters of an official one; their types join the imports."""
    found: list[Facts] = []
    for (place, cls, method), (like, helper, returns) in EXTRA_METHODS.items():
        if (place, cls) == (module, name):
            alike = methods[like]
            source, _, result = returns.partition(":")
            places[re.split(r"\W", result)[0]] = (source, re.split(r"\W", result)[0])
            overloads = [{**o, "returns": result} for o in alike["overloads"]]
            facts = {"name": method, "overloads": overloads, "params": alike["params"], "returns": result}
            found.append({**facts, "async": False, "deprecated": False, "required": [], "helper": helper})
    return found


def _views(package: Package, module: str, name: str, known: set[str]) -> Facts:
    """What the raw and the streaming view of a resource offer, methods and resources, of what is covered."""
    found: Facts = {}
    classes = {node.name: node for node in package.tree(module).body if isinstance(node, ast.ClassDef)}
    for view in ("Raw", "Streaming"):
        if f"{name}With{view}Response" not in classes:
            continue  # What opens WebSockets has no answers to look at.
        offered: list[str] = []
        for item in classes[f"{name}With{view}Response"].body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                targets = [ast.unparse(s.targets[0]) for s in item.body if isinstance(s, ast.Assign)]
                offered += [target.removeprefix("self.") for target in targets]
            elif isinstance(item, ast.FunctionDef):
                offered.append(item.name)
        found[view] = [member for member in offered if member in known]
    return found


def _needed(
    package: Package, places: dict[str, tuple[str, str]], methods: list[Facts]
) -> list[list[str | None]]:
    """Imports of what the signatures and results name, from where it is defined."""
    used: set[str] = set()
    for method in methods:
        for shape in [method, *method["overloads"]]:
            texts: list[str | None] = [shape["returns"], *(p[2] for p in shape["params"])]
            texts += [method[k] for k in ("cast_to", "stream_cls", "page") if k in method]
            used |= {name for text in texts if text for name in names_in(text)}
    if BINARY in used:
        places = {**places, BINARY: ("_legacy_response", BINARY)}
    found: list[list[str | None]] = []
    for name, (source, original) in sorted(places.items()):
        if name in used:
            place = defining_module(package, source, original) if source.startswith("types") else source
            if place == f"{source}.{original}":
                place = source  # The name is that of a module.
            found.append([place, original, name if name != original else None])
    return found


def names_in(text: str) -> set[str]:
    """Identifiers used in an annotation (``module.Name`` gives ``module``)."""
    return set(re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", text)))
