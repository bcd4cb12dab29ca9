"""Facts about resource classes: methods, overloads, parameters, verb, path, where each parameter goes."""

from __future__ import annotations

import ast
import re

from .config import CLIENT, LATER_NAMES, LATER_TEXT, OTHERWISE
from .extract import Facts, Package, defining_module, every_import, imports_of
from .mixins import mixins_of

_VERBS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}


class LeftOutError(Exception):
    """A method that is more than one request with a JSON answer; the message is the reason."""


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
        if not empty:
            return


def _class(package: Package, module: str, name: str) -> ast.ClassDef:
    for node in package.tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node
    raise ValueError(f"{module} has no class {name}")


def _resource(package: Package, module: str, name: str) -> Facts:
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
            facts["overloads"].append(_signature(item))
            continue
        try:
            facts.update(_implementation(item))
        except LeftOutError as reason:
            later[item.name] = str(reason)
    kept = [m for m in methods.values() if m["name"] not in later]
    return {
        "module": module,
        "name": name,
        "later": later,
        "absent": {},
        "imports": _needed(imports_of(package, module), kept),
        "children": children,
        "mixins": mixins,
        "views": {} if client else _views(package, module, name, {*written, *(m["name"] for m in kept)}),
        "methods": kept,
    }


def _views(package: Package, module: str, name: str, known: set[str]) -> Facts:
    """Methods that the raw and the streaming view of a resource offer, of those that are covered."""
    found: Facts = {}
    classes = {node.name for node in package.tree(module).body if isinstance(node, ast.ClassDef)}
    for view in ("Raw", "Streaming"):
        if f"{name}With{view}Response" not in classes:
            continue  # What opens WebSockets has no answers to look at.
        constructor = next(
            item
            for item in _class(package, module, f"{name}With{view}Response").body
            if isinstance(item, ast.FunctionDef) and item.name == "__init__"
        )
        targets = [ast.unparse(s.targets[0]) for s in constructor.body if isinstance(s, ast.Assign)]
        offered = [target.removeprefix("self.") for target in targets]
        found[view] = [method for method in offered if method in known]
    return found


def _needed(imports: list[list[str | None]], methods: list[Facts]) -> list[list[str | None]]:
    used: set[str] = set()
    for method in methods:
        for signature in [method, *method["overloads"]]:
            texts = [signature["returns"], *(p[2] for p in signature["params"])]
            texts += [method[k] for k in ("cast_to", "stream_cls", "page") if k in method]
            used |= {name for text in texts if text for name in names_in(text)}
    return [entry for entry in imports if (entry[2] or entry[1]) in used]


def _signature(item: ast.FunctionDef | ast.AsyncFunctionDef) -> Facts:
    params: list[list[str | None]] = []
    args = item.args
    if args.posonlyargs or args.vararg or args.kwarg:
        raise NotImplementedError(
            f"{item.name}: signature with *args, **kwargs or positional-only parameters"
        )
    missing: list[ast.expr | None] = [None] * (len(args.args) - len(args.defaults))
    for kind, arguments, defaults in (
        ("positional", args.args, [*missing, *args.defaults]),
        ("keyword", args.kwonlyargs, args.kw_defaults),
    ):
        for arg, default in zip(arguments, defaults, strict=True):
            if arg.arg == "self":
                continue
            annotation = ast.unparse(arg.annotation) if arg.annotation is not None else None
            text = ast.unparse(default) if default is not None else None
            params.append([arg.arg, kind, annotation, text])
    returns = ast.unparse(item.returns) if item.returns is not None else None
    return {"params": params, "returns": returns}


def _implementation(item: ast.FunctionDef | ast.AsyncFunctionDef) -> Facts:
    for pattern, reason in LATER_NAMES:
        if re.fullmatch(pattern, item.name):
            raise LeftOutError(reason)
    text = ast.unparse(item)
    for part, reason in LATER_TEXT:
        if part in text:
            raise LeftOutError(reason)
    headers, checks = _steps(item)
    decorators = [ast.unparse(d) for d in item.decorator_list]
    call = _request_call(item)
    facts: Facts = {
        "async": isinstance(item, ast.AsyncFunctionDef),
        "deprecated": any("deprecated" in d for d in decorators),
        "required": [ast.literal_eval(a) for d in item.decorator_list for a in _required(d)],
        **_signature(item),
    }
    keywords = {kw.arg: kw.value for kw in call.keywords}
    attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if attribute == "_get_api_list":
        method = keywords.get("method")
        facts["verb"] = str(ast.literal_eval(method)).upper() if method is not None else "GET"
        facts["page"] = ast.unparse(keywords["page"])
    elif attribute in _VERBS:
        facts["verb"] = _VERBS[attribute]
        facts["cast_to"] = _unwrapped(keywords["cast_to"])
        if "stream_cls" in keywords:
            facts["stream_cls"] = ast.unparse(keywords["stream_cls"])
    else:
        raise LeftOutError(OTHERWISE)
    facts["path"] = _path(call.args[0])
    facts["body"] = _keys(keywords.get("body"))
    options = keywords.get("options")
    assert isinstance(options, ast.Call)
    settings = {kw.arg: kw.value for kw in options.keywords}
    if unknown := settings.keys() - _SETTINGS:
        raise LeftOutError(f"{OTHERWISE}: {', '.join(sorted(str(name) for name in unknown))}")
    facts["query"] = _keys(settings.get("query"))
    facts["security"] = ast.literal_eval(settings["security"]) if "security" in settings else {}
    facts["headers"] = headers
    facts["checks"] = checks
    return facts


_SETTINGS = frozenset(
    (
        "extra_headers",
        "extra_query",
        "extra_body",
        "timeout",
        "query",
        "security",
        "synthesize_event_and_data",
    )
)


def _steps(item: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[list[list[str]], list[str]]:
    """Headers and checks of a method whose other statements are only those every method has.

    Raises:
      LeftOutError: a statement that is none of them.
    """
    headers: list[list[str]] = []
    checks: list[str] = []
    for statement in item.body[:-1]:
        text = ast.unparse(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.If) and "Expected a non-empty value" in text:
            continue
        if isinstance(statement, ast.Expr) and text.startswith("validate_response_format("):
            checks.append("validate_response_format")
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            if ast.unparse(statement.targets[0]) != "extra_headers":
                raise LeftOutError(OTHERWISE)
            headers += _headers(statement.value)
        else:
            raise LeftOutError(OTHERWISE)
    return headers, checks


def _headers(node: ast.Dict) -> list[list[str]]:
    """``[name, "value" or "parameter", which]`` of the headers a method sets by itself."""
    found: list[list[str]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            found.append([str(ast.literal_eval(key)), "value", str(ast.literal_eval(value))])
        elif isinstance(value, ast.Call) and ast.unparse(value.func) == "strip_not_given":
            given = value.args[0]
            assert isinstance(given, ast.Dict)
            for name, source in zip(given.keys, given.values, strict=True):
                parameter = re.search(r"is_given\((\w+)\)", ast.unparse(source))
                which = parameter[1] if parameter else ast.unparse(source)
                found.append([str(ast.literal_eval(name)) if name else "", "parameter", which])
        elif "extra_headers" not in ast.unparse(value):
            raise LeftOutError(OTHERWISE)
    return found


def _required(node: ast.expr) -> list[ast.expr]:
    """The alternatives of a ``required_args`` decorator."""
    return node.args if isinstance(node, ast.Call) and ast.unparse(node.func) == "required_args" else []


def _request_call(item: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.Call:
    for statement in reversed(item.body):
        if isinstance(statement, ast.Return):
            value = statement.value
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "cast":
                value = value.args[1]
            if isinstance(value, ast.Await):
                value = value.value
            if isinstance(value, ast.Call):
                return value
    raise LeftOutError(OTHERWISE)


def _unwrapped(node: ast.expr) -> str:
    """``cast(Any, X)`` is ``X``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
        node = node.args[1]
    return ast.unparse(node)


def _path(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "path_template":
        return str(ast.literal_eval(node.args[0]))
    raise NotImplementedError(f"path {ast.unparse(node)}")


def _keys(node: ast.expr | None) -> list[list[str]]:
    """``[key on the wire, parameter]`` of a body or query literal, in the order it is sent."""
    if node is None:
        return []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            return [
                [str(ast.literal_eval(k)), ast.unparse(v)]
                for k, v in zip(inner.keys, inner.values, strict=True)
                if k is not None
            ]
    raise LeftOutError(OTHERWISE)


def names_in(text: str) -> set[str]:
    """Identifiers used in an annotation (``module.Name`` gives ``module``)."""
    return set(re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", text)))
