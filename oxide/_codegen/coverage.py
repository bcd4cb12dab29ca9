"""How much of the API the package reaches: operations, request members, response members.

    python -m oxide._codegen coverage

compares the methods, parameters and types as they are imported with the committed OpenAPI description, and
prints the percentages and whatever is missing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import typing_extensions

from .extract import Package
from .intermediate import Facts
from .spec import Description

_VERBS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}
_JSON, _EVENTS = "application/json", "text/event-stream"
_EXTRAS = frozenset(("extra_headers", "extra_query", "extra_body", "timeout"))
_DEEPEST = 12

# Operations that are the same as another one, and the method that reaches them.
SAME: dict[str, str] = {
    # The path that cancels a run has since got a name of its own; the method posts there.
    "POST /evals/{eval_id}/runs/{run_id}": "POST /evals/{eval_id}/runs/{run_id}/cancel",
}

# What is left as the official SDK has it, and why. Counted apart, and printed.
LEFT: dict[str, str] = {
    "POST /responses/compact: result.output.content": "programs annotate with the SDK's type of "
    "`output`; parts of a kind it lacks are objects whose members can all be read",
    "POST /responses/compact?beta=true: result.output.content": "as above",
    "POST /images/edits: images": "the JSON form, which refers to files; the method sends the files, "
    'and `client.post("/images/edits", body=..., cast_to=ImagesResponse)` the other form',
    "POST /images/edits: mask": "as above",
    "POST /images/edits: moderation": "as above",
    "POST /audio/speech: event": "the events of a speech are answered as the bytes they come in",
    "POST /realtime/sessions: voice": "programs annotate with the SDK's type; an object is sent as given",
}

Members = dict[str, list[Any]]


@dataclass
class Count:
    """How many there are, and which of them are not covered."""

    total: int = 0
    missing: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])

    def miss(self, place: str, why: str = "") -> None:
        """Note a member that is not covered, or is left out for a reason."""
        reason = next((r for start, r in LEFT.items() if place.startswith(start)), None)
        if reason is None:
            self.missing.append(place + why)
        else:
            self.left.append(place)
            self.total -= 1

    @property
    def percent(self) -> float:
        """Covered ones of a hundred."""
        return 100.0 * (self.total - len(self.missing)) / self.total if self.total else 100.0


@dataclass
class Report:
    """What is covered; ``anything`` names members below a place that is annotated ``object``."""

    operations: Count = field(default_factory=Count)
    requests: Count = field(default_factory=Count)
    responses: Count = field(default_factory=Count)
    anything: list[str] = field(default_factory=list[str])

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not (self.operations.missing or self.requests.missing or self.responses.missing)

    def lines(self) -> list[str]:
        """The percentages, and what is missing."""
        said: list[str] = []
        for name, words in (
            ("operations", "operations reachable by a method"),
            ("requests", "request members accepted"),
            ("responses", "response members typed"),
        ):
            count: Count = getattr(self, name)
            said.append(f"{words}: {count.percent:.2f} % of {count.total}")
            said += [f"  missing: {line}" for line in count.missing]
        left = [*self.requests.left, *self.responses.left]
        said.append(f"left as the official SDK has them: {len(left)} members")
        for start, reason in LEFT.items():
            said.append(f"  {start}: {sum(place.startswith(start) for place in left)}, {reason}")
        said.append(f"  ({len(self.anything)} more lie where the annotation says object: anything goes)")
        return said


def bare(operation: str) -> str:
    """Verb and path without the names of the path's parameters."""
    return re.sub(r"\{[^}]*\}", "{}", operation)


def methods_by_operation(package: Package) -> dict[str, list[tuple[str, str, str]]]:
    """Verb and path → (module, class, method) of every method of the SDK that sends it.

    Args:
      package: the official SDK; its sources are parsed, nothing is run.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    root = package.root
    for path in sorted((root / "resources").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for cls in package.tree(module).body:
            if not isinstance(cls, ast.ClassDef) or "AsyncAPIResource" not in map(ast.unparse, cls.bases):
                continue
            for method in cls.body:
                if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for operation in _sent(method):
                        found.setdefault(bare(operation), []).append((module, cls.name, method.name))
    return found


def _sent(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for call in ast.walk(method):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        name, keywords = call.func.attr, {k.arg: k.value for k in call.keywords}
        if name in _VERBS or name == "_get_api_list":
            verb = _VERBS.get(name, "GET")
            if "method" in keywords:
                verb = str(ast.literal_eval(keywords["method"])).upper()
            place = call.args[0]
            node = place.args[0] if isinstance(place, ast.Call) else place
            yield f"{verb} {ast.literal_eval(node)}"


class _Names(dict[str, Any]):
    """Every name a module imports, those for type checkers too, brought in when asked for."""

    def __init__(self, module: str) -> None:
        loaded = importlib.import_module(module)
        super().__init__(vars(loaded))
        self.sources: dict[str, tuple[str, str]] = {}
        for node in ast.walk(ast.parse(Path(cast(str, loaded.__file__)).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                package = loaded.__package__ or ""
                source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                self.sources.update({a.asname or a.name: (source, a.name) for a in node.names})

    def __missing__(self, name: str) -> Any:
        source, there = self.sources[name]
        module = importlib.import_module(source)
        found = getattr(module, there) if hasattr(module, there) else None
        self[name] = found or importlib.import_module(f"{source}.{there}")
        return self[name]


_namespace = cache(_Names)


def hints(function: Any) -> dict[str, Any]:
    """Annotations of a method as objects, whether or not its module imports them at run time."""
    inner = inspect.unwrap(function)
    names = _namespace(inner.__module__)
    return {
        name: eval(text, {}, names) if isinstance(text, str) else text
        for name, text in inner.__annotations__.items()
        if name not in _EXTRAS
    }


def parts(annotation: Any) -> list[Any]:
    """The alternatives of an annotation: unions and aliases taken apart."""
    origin = typing.get_origin(annotation)
    args = typing.get_args(annotation)
    if origin in (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired):
        return parts(args[0])
    if origin is typing.Union or isinstance(annotation, types.UnionType):
        return [part for arg in args for part in parts(arg)]
    return [annotation]


def holders(annotation: Any) -> set[Any]:
    """Models and TypedDicts at a place, lists and dictionaries looked through; ``object`` for anything."""
    found: set[Any] = set()
    for part in parts(annotation):
        args = typing.get_args(part)
        if part in (object, Any) or isinstance(part, typing.TypeVar):
            found.add(object)
        elif typing_extensions.is_typeddict(part) or hasattr(part, "model_fields"):
            found.add(part)
        elif typing.get_origin(part) not in (None, typing.Literal):
            for arg in args:
                found |= holders(arg)
    return found


@cache
def members(cls: Any) -> dict[str, Any]:
    """Name on the wire → annotation of every field; a property is one too."""
    if hasattr(cls, "model_fields"):
        found = {f.alias or name: f.annotation for name, f in cls.model_fields.items()}
        properties = inspect.getmembers(cls, lambda value: isinstance(value, property))
        own = {
            n: hints(p.fget).get("return", object) for n, p in properties if not n.startswith(("_", "model_"))
        }
        return {**own, **found}
    keys: dict[str, Any] = {}
    for name, annotation in typing_extensions.get_type_hints(cls, include_extras=True).items():
        notes = getattr(annotation, "__metadata__", ())
        for inner in typing.get_args(annotation):
            notes = (*notes, *getattr(inner, "__metadata__", ()))
        aliases = [str(note.alias) for note in notes if getattr(note, "alias", None)]
        keys[aliases[0] if aliases else name] = annotation
    return keys


def _literals(annotation: Any) -> set[Any]:
    if typing.get_origin(annotation) is typing.Literal:
        return set(typing.get_args(annotation))
    return {value for arg in typing.get_args(annotation) for value in _literals(arg)}


@cache
def _constants(cls: Any, name: str) -> frozenset[Any]:
    """Values a member may have where its annotation lists them."""
    return frozenset(_literals(members(cls)[name]))


class Coverage:
    """Compares one package with the OpenAPI description.

    Args:
      package: import name of what is measured, ``oxide``.
      sdk: sources of the official SDK, which say what method sends what operation.
      described: the intermediate OpenAPI description.
    """

    def __init__(self, package: str, sdk: Package, described: Facts) -> None:
        self.package = package
        self.description = Description(described)
        self.calls = methods_by_operation(sdk)
        self.report = Report()
        self._seen: set[Any] = set()
        self._held: dict[int, tuple[Any, set[Any]]] = {}
        self._known: dict[str | int, list[Members]] = {}

    def run(self) -> Report:
        """Compare everything."""
        for operation, facts in self.description.facts["operations"].items():
            self.report.operations.total += 1
            calls = self.calls.get(bare(str(SAME.get(operation, operation))), [])
            found = [method for call in calls for method in self._method(*call)]
            if not found:
                self.report.operations.missing.append(f"{operation} ({facts['id']})")
            else:
                self._operation(operation, facts, [hints(method) for method in found])
        self._webhooks()
        return self.report

    def _method(self, module: str, cls: str, name: str) -> list[Any]:
        place = f"{self.package}.{module}"
        if importlib.util.find_spec(place) is None:
            return []
        owner = getattr(importlib.import_module(place), cls, None)
        return [getattr(owner, name)] if hasattr(owner, name) else []

    def _operation(self, name: str, facts: Facts, signatures: list[dict[str, Any]]) -> None:
        accepted: dict[str, list[Any]] = {}
        for signature in signatures:
            for parameter, annotation in signature.items():
                accepted.setdefault(parameter, []).append(annotation)
        returned = [part for a in accepted.pop("return", []) for part in parts(a)]
        for parameter in facts["parameters"]:
            if parameter["in"] != "path":
                key = parameter["name"].removesuffix("[]").replace("openai-beta", "betas")
                self._request(f"{name}: {key}", key, [parameter], accepted)
        for schema in facts.get("body", {}).values():
            for variant in self.alternatives(schema):
                for key, schemas in variant.items():
                    self._request(f"{name}: {key}", key, schemas, accepted)
        for media, schema in facts["answers"].items():
            streamed = [p for p in returned if "AsyncStream" in str(typing.get_origin(p))]
            if media == _EVENTS:
                self._place([schema], streamed, f"{name}: event", self.report.responses)
            elif media == _JSON:
                single = [p for p in returned if p not in streamed]
                self._place([schema], [_page(p) for p in single], f"{name}: result", self.report.responses)

    def _webhooks(self) -> None:
        module = importlib.import_module(f"{self.package}.types.webhooks")
        for name, content in self.description.facts["webhooks"].items():
            for schema in content.values():
                self._place([schema], [module.UnwrapWebhookEvent], f"webhook {name}", self.report.responses)

    def _request(self, place: str, key: str, schemas: list[Any], accepted: dict[str, list[Any]]) -> None:
        self.report.requests.total += 1
        if key not in accepted:
            self.report.requests.miss(place)
        else:
            self._place(schemas, accepted[key], place, self.report.requests)

    def alternatives(self, given: Any, depth: int = 0) -> list[Members]:
        """The objects a schema allows: name of each member → its schemas. Lists are looked through."""
        if depth > _DEEPEST:
            return []
        if _name(given) in self._known:
            return self._known[_name(given)]
        schema = self.description.resolve(given)
        own: Members = {name: [part] for name, part in schema.get("properties", {}).items()}
        several: list[Members] = []
        for part in schema.get("allOf", []):
            inner = self.alternatives(part, depth + 1)
            if len(inner) == 1:
                for name, schemas in inner[0].items():
                    own.setdefault(name, []).extend(schemas)
            else:
                several += inner
        for part in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
            several += self.alternatives(part, depth + 1)
        found = [{**own, **{k: [*own.get(k, []), *v] for k, v in one.items()}} for one in several] or [own]
        for key in ("items", "additionalProperties"):
            found += self.alternatives(schema.get(key), depth + 1)
        self._known[_name(given)] = [{k: _once(v) for k, v in one.items()} for one in found if one]
        return self._known[_name(given)]

    def _place(self, schemas: list[Any], annotations: list[Any], place: str, count: Count) -> None:
        """Compare what may stand at a place with what its annotations say."""
        found = frozenset(h for a in _once(annotations) for h in self._holders(a))
        key = (frozenset(_name(schema) for schema in schemas), found, id(count))
        if key in self._seen:
            return
        self._seen.add(key)
        variants = [variant for schema in _once(schemas) for variant in self.alternatives(schema)]
        anything = object in found
        typed = {cls: members(cls) for cls in found - {object}}
        for variant in variants:
            fitting = self._fitting(variant, typed)
            for name, inner in variant.items():
                annotated = [typed[cls][name] for cls in fitting if name in typed[cls]]
                if annotated:
                    count.total += 1
                    self._place(inner, annotated, f"{place}.{name}", count)
                elif anything:
                    self.report.anything.append(f"{place}.{name}")
                else:
                    count.total += 1
                    classes = ", ".join(sorted(cls.__name__ for cls in fitting)[:3]) or "no type has the tag"
                    count.miss(f"{place}.{name}", f" ({classes})")

    def _holders(self, annotation: Any) -> set[Any]:
        """`holders`, remembered: hashing a union of a hundred types takes longer than looking at it."""
        if id(annotation) not in self._held:
            self._held[id(annotation)] = (annotation, holders(annotation))
        return self._held[id(annotation)][1]

    def _fitting(self, variant: Members, typed: dict[Any, dict[str, Any]]) -> list[Any]:
        """The classes a variant may become: those whose constants agree with the variant's."""
        tags: dict[str, Any] = {}
        for name, schemas in variant.items():
            for part in map(self.description.resolve, schemas):
                values = part.get("enum", [part["const"]] if "const" in part else [])
                if len(values) == 1:
                    tags[name] = values[0]
        literals = {
            cls: {n: _constants(cls, n) for n in tags if n in fields} for cls, fields in typed.items()
        }
        agreeing = [c for c in typed if all(not v or tags[n] in v for n, v in literals[c].items())]
        return [c for c in agreeing if tags.keys() <= literals[c].keys()] or agreeing


def _name(schema: Any) -> str | int:
    """What tells a schema from another: its reference, or that it is itself."""
    return (
        str(cast(Facts, schema)["$ref"])
        if isinstance(schema, dict) and "$ref" in schema
        else id(cast(object, schema))
    )


def _once(things: list[Any]) -> list[Any]:
    """The same things without repetitions; references with the same target are the same."""
    return list({_name(thing): thing for thing in things}.values())


def _page(annotation: Any) -> Any:
    """The page a paginator gives; what is no paginator is itself."""
    origin = typing.get_origin(annotation)
    return (
        typing.get_args(annotation)[1] if getattr(origin, "__name__", "") == "AsyncPaginator" else annotation
    )


def measure(package: str = "oxide", sdk: str = "openai") -> Report:
    """Compare a package with the committed description.

    Args:
      package: import name of what is measured.
      sdk: import name of the official SDK.
    """
    from .intermediate import load

    return Coverage(package, Package(sdk), load()).run()
