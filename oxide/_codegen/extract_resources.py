"""Facts about resource classes: methods, overloads, parameters, verb, path, where each parameter goes."""

from __future__ import annotations

import ast
import re

from .config import ResourceSpec
from .extract import Facts, Package, imports_of

_VERBS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}


def resource(package: Package, spec: ResourceSpec) -> Facts:
    """Facts of one resource class.

    Raises:
      ValueError: the class is not in the module.
    """
    for node in package.tree(spec.module).body:
        if isinstance(node, ast.ClassDef) and node.name == spec.name:
            return _resource(package, spec, node)
    raise ValueError(f"{spec.module} has no class {spec.name}")


def _resource(package: Package, spec: ResourceSpec, node: ast.ClassDef) -> Facts:
    children: list[list[str]] = []
    methods: dict[str, Facts] = {}
    for item in node.body:
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        decorators = [ast.unparse(d) for d in item.decorator_list]
        if "cached_property" in decorators:
            if not item.name.startswith("with_") and item.returns is not None:
                children.append([item.name, ast.unparse(item.returns)])
            continue
        if item.name in spec.later or item.name.startswith("_"):
            continue
        facts = methods.setdefault(item.name, {"name": item.name, "overloads": []})
        if "overload" in decorators:
            facts["overloads"].append(_signature(item))
        else:
            facts.update(_implementation(item))
    return {
        "module": spec.module,
        "name": spec.name,
        "later": spec.later,
        "imports": imports_of(package, spec.module),
        "children": children,
        "methods": list(methods.values()),
    }


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
    else:
        facts["verb"] = _VERBS[attribute]
        facts["cast_to"] = _unwrapped(keywords["cast_to"])
        if "stream_cls" in keywords:
            facts["stream_cls"] = ast.unparse(keywords["stream_cls"])
    facts["path"] = _path(call.args[0])
    facts["body"] = _keys(keywords.get("body"))
    options = keywords.get("options")
    assert isinstance(options, ast.Call)
    settings = {kw.arg: kw.value for kw in options.keywords}
    facts["query"] = _keys(settings.get("query"))
    facts["security"] = ast.literal_eval(settings["security"]) if "security" in settings else {}
    facts["checks"] = [
        ast.unparse(s.value.func)
        for s in item.body
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)
    ]
    return facts


def _required(node: ast.expr) -> list[ast.expr]:
    """The alternatives of a ``required_args`` decorator."""
    return node.args if isinstance(node, ast.Call) and ast.unparse(node.func) == "required_args" else []


def _request_call(item: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.Call:
    for statement in reversed(item.body):
        if isinstance(statement, ast.Return):
            value = statement.value
            if isinstance(value, ast.Await):
                value = value.value
            if isinstance(value, ast.Call):
                return value
    raise NotImplementedError(f"{item.name}: no request call at its end")


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
    raise NotImplementedError(f"body {ast.unparse(node)[:80]}")


def names_in(text: str) -> set[str]:
    """Identifiers used in an annotation (``module.Name`` gives ``module``)."""
    return set(re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", text)))
