"""The committed intermediate description: gathered from the SDK and the OpenAPI document, compact, sorted."""

from __future__ import annotations

import json
from pathlib import Path

from . import additions
from .config import CLIENT, EXCLUDED_MODULES, GENERATOR_VERSION
from .extract import Facts, Package, package_exports, type_closure, type_module
from .extract_resources import resources as all_resources
from .renames import renames
from .spec import Description

FACTS_FILE = Path(__file__).with_name("facts.json")
PIN_FILE = Path(__file__).with_name("pin.json")
_PINNED = ("generator", "sdk", "spec")


def gather(sdk: str, described: Facts) -> Facts:
    """Read everything the renderers need.

    Args:
      sdk: import name of the official SDK.
      described: the intermediate OpenAPI description.

    Returns:
      The facts, ready to be written.
    """
    package = Package(sdk)
    resources = all_resources(package)
    roots = [m for p in package.packages_below("types") for m in package.modules_in(p)]
    modules = type_closure(package, roots, EXCLUDED_MODULES)
    types = {m: type_module(package, m) for m in modules}
    additions.apply(resources, types)
    for facts in resources:
        _note_renamed(facts, types)
    return {
        "generator": GENERATOR_VERSION,
        "sdk": {"name": sdk, "version": package.version()},
        "spec": {"version": described["version"], "sha256": described["sha256"]},
        "limits": _limits(resources, Description(described)),
        "resources": resources,
        "packages": _packages(package, resources, set(modules)),
        "types": types,
    }


def _note_renamed(resource: Facts, types: Facts) -> None:
    """Note the fields inside body parameters that have another name on the wire.

    A request is written as it is given, so such a field would be sent under its Python name.
    """
    imports = {alias or name: (source, name) for source, name, alias in resource["imports"]}
    for method in resource["methods"]:
        sent = {name for _, name in method.get("body", ())}
        found = {
            name: renames(annotation, resource["module"], types, imports)
            for name, _, annotation, _ in method["params"]
            if name in sent and annotation
        }
        if any(found.values()):
            method["renamed"] = {name: paths for name, paths in found.items() if paths}


def _limits(resources: list[Facts], description: Description) -> Facts:
    found: Facts = {}
    for facts in resources:
        for method in facts["methods"]:
            if "path" not in method:
                continue
            limits = description.limits(method["verb"], method["path"])
            known = {p[0] for p in method["params"]}
            limits = {k: v for k, v in sorted(limits.items()) if k in known}
            if limits:
                found[f"{method['verb']} {method['path']}"] = limits
    return dict(sorted(found.items()))


def _packages(package: Package, resources: list[Facts], modules: set[str]) -> Facts:
    """Exports of every package that holds something generated."""
    resources = [r for r in resources if (r["module"], r["name"]) != CLIENT]
    places = {*package.packages_below("types"), *(r["module"].rpartition(".")[0] for r in resources)}
    # A package without a module of its own still has to be one.
    places |= {".".join(p.split(".")[:n]) for p in places for n in range(1, p.count(".") + 1)}
    classes = {r["module"] for r in resources}
    skipped = {r["module"]: r["name"] for r in resources}
    found: Facts = {}
    for place in sorted(places):
        entries: list[list[str]] = []
        for public, source, name in package_exports(package, place):
            if source in modules or (source in classes and name.startswith(skipped[source])):
                entries.append([public, source, name])
        found[place] = entries
    return found


def load() -> Facts:
    """The committed facts, and what they were made from.

    Raises:
      FileNotFoundError: there are none yet; run ``python -m oxide._codegen sync --spec openapi.json``.
    """
    return {**json.loads(PIN_FILE.read_text("utf-8")), **json.loads(FACTS_FILE.read_text("utf-8"))}


def dump_pin(facts: Facts) -> str:
    """Versions of generator, SDK and OpenAPI description the facts were made from, as text."""
    return json.dumps({key: facts[key] for key in _PINNED}, indent=1) + "\n"


def dump(facts: Facts) -> str:
    """The facts as text: one line an entry, so that a diff names what changed."""
    sections: list[str] = []
    for key, value in facts.items():
        if key in _PINNED:
            continue
        if key in ("types", "packages", "limits"):
            rows = ",\n".join(f"  {json.dumps(k)}: {_compact(v)}" for k, v in value.items())
            sections.append(f"{json.dumps(key)}: {{\n{rows}\n }}")
        elif key == "resources":
            sections.append(f'"resources": [\n{_resource_rows(value)}\n ]')
        else:
            sections.append(f"{json.dumps(key)}: {_compact(value)}")
    return "{\n " + ",\n ".join(sections) + "\n}\n"


def _resource_rows(resources: list[Facts]) -> str:
    rows: list[str] = []
    for facts in resources:
        head = _compact({k: v for k, v in facts.items() if k != "methods"})[:-1]
        methods = ",\n    ".join(_compact(m) for m in facts["methods"])
        rows.append(f'  {head}, "methods": [\n    {methods}\n  ]}}')
    return ",\n".join(rows)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
