"""The committed intermediate description: gathered from the SDK and the OpenAPI document, compact, sorted."""

from __future__ import annotations

import json
from pathlib import Path

from .config import EXCLUDED_MODULES, GENERATOR_VERSION, RESOURCES, TYPE_PACKAGES
from .extract import Facts, Package, defining_module, package_exports, type_closure, type_module
from .extract_resources import names_in, resource
from .spec import Description

FACTS_FILE = Path(__file__).with_name("facts.json")


def gather(sdk: str, spec: Path | None, previous: Facts | None) -> Facts:
    """Read everything the renderers need.

    Args:
      sdk: import name of the official SDK.
      spec: the OpenAPI document, or None to keep what the previous facts say about limits.
      previous: the facts committed so far.

    Returns:
      The facts, ready to be written.
    """
    package = Package(sdk)
    description = Description(spec) if spec is not None else None
    old = previous or {}
    resources = [resource(package, r) for r in RESOURCES]
    limits = _limits(resources, description, old)
    for facts in resources:
        for method in facts["methods"]:
            method["limits"] = limits.get(f"{method['verb']} {method['path']}", {})
    modules = _type_modules(package, resources)
    types = {m: type_module(package, m) for m in modules}
    return {
        "generator": GENERATOR_VERSION,
        "sdk": {"name": sdk, "version": package.version()},
        "spec": (
            {"version": description.version, "sha256": description.sha256} if description else old.get("spec")
        ),
        "limits": limits,
        "resources": [_without_limits(r) for r in resources],
        "packages": _packages(package, resources, set(modules)),
        "types": types,
    }


def _without_limits(facts: Facts) -> Facts:
    methods = [{k: v for k, v in m.items() if k != "limits"} for m in facts["methods"]]
    return {**facts, "methods": methods}


def _limits(resources: list[Facts], description: Description | None, old: Facts) -> Facts:
    if description is None:
        return dict(old.get("limits", {}))
    found: Facts = {}
    for facts in resources:
        for method in facts["methods"]:
            limits = description.limits(method["verb"], method["path"])
            known = {p[0] for p in method["params"]}
            limits = {k: v for k, v in sorted(limits.items()) if k in known}
            if limits:
                found[f"{method['verb']} {method['path']}"] = limits
    return dict(sorted(found.items()))


def _type_modules(package: Package, resources: list[Facts]) -> list[str]:
    roots = [m for p in TYPE_PACKAGES for m in package.modules_in(p)]
    for facts in resources:
        used: set[str] = set()
        for method in facts["methods"]:
            for signature in [method, *method["overloads"]]:
                used.add(signature["returns"])
                used.update(p[2] for p in signature["params"] if p[2])
            used.update(method[k] for k in ("cast_to", "stream_cls", "page") if k in method)
        names = {name for text in used for name in names_in(text)}
        for source, name, alias in facts["imports"]:
            if source.startswith("types") and (alias or name) in names:
                roots.append(defining_module(package, source, name))
    return type_closure(package, sorted(set(roots)), EXCLUDED_MODULES)


def _packages(package: Package, resources: list[Facts], modules: set[str]) -> Facts:
    """Exports of every package that holds something generated."""
    places = {m.rpartition(".")[0] for m in modules} | {r["module"].rpartition(".")[0] for r in resources}
    places |= {p.split(".")[0] for p in places}
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
    """The committed facts.

    Raises:
      FileNotFoundError: there are none yet; run ``python -m oxide._codegen sync``.
    """
    facts: Facts = json.loads(FACTS_FILE.read_text("utf-8"))
    return facts


def dump(facts: Facts) -> str:
    """The facts as text: one line an entry, so that a diff names what changed."""
    sections: list[str] = []
    for key, value in facts.items():
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
