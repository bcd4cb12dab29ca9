"""Facts about one method of a resource: signature, verb, path, where each parameter goes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from .config import CHOSEN, LATER_NAMES, OTHERWISE
from .extract import Facts

Function = ast.FunctionDef | ast.AsyncFunctionDef

BINARY = "HttpxBinaryResponseContent"

_VERBS = {"_get": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH", "_delete": "DELETE"}
_SETTINGS = frozenset(
    (
        *("extra_headers", "extra_query", "extra_body", "timeout", "query", "security"),
        # How the official client hands events over; ours has one way.
        *("synthesize_event_and_data", "stream_mode"),
        # What a chooser's endpoint does in oxide.
        "post_parser",
    )
)


class LeftOutError(Exception):
    """A method that is more than one request with an answer; the message is the reason."""


@dataclass
class Steps:
    """What the statements before the request do."""

    headers: list[list[str]] = field(default_factory=list[list[str]])
    """``[name, "value" or "parameter", which]``."""
    checks: list[str] = field(default_factory=list[str])
    body: ast.Dict | None = None
    files: list[list[str]] = field(default_factory=list[list[str]])
    """Where files sit in the body."""
    multipart: str = ""
    """``always``, or ``files``: only when a file was given."""


def signature(item: Function) -> Facts:
    """Parameters and result of a function, as text.

    Raises:
      NotImplementedError: it has parameters no generated method can have.
    """
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
            text = ast.unparse(default) if default is not None else None
            params.append([arg.arg, kind, _annotation(arg.annotation), text])
    return {"params": params, "returns": _annotation(item.returns)}


def _annotation(node: ast.expr | None) -> str | None:
    return ast.unparse(node).replace("_legacy_response.", "") if node is not None else None


def called(item: Function) -> Facts:
    """What holds for every method, whoever writes its body."""
    decorators = [ast.unparse(d) for d in item.decorator_list]
    return {
        "async": isinstance(item, ast.AsyncFunctionDef),
        "deprecated": any("deprecated" in d for d in decorators),
        "required": [ast.literal_eval(a) for d in item.decorator_list for a in _required(d)],
        **signature(item),
    }


def implementation(item: Function, chosen: bool) -> Facts:
    """Facts of a method that is one request.

    Args:
      item: the method.
      chosen: its result depends on a parameter, and there is a function that knows how.

    Raises:
      LeftOutError: it is more than that.
    """
    steps = _steps(item)
    call = _request_call(item)
    facts = called(item)
    keywords = {kw.arg: kw.value for kw in call.keywords}
    attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if attribute == "_get_api_list":
        method = keywords.get("method")
        facts["verb"] = str(ast.literal_eval(method)).upper() if method is not None else "GET"
        facts["page"] = ast.unparse(keywords["page"])
    elif attribute in _VERBS:
        facts["verb"] = _VERBS[attribute]
        facts["cast_to"] = _unwrapped(keywords["cast_to"]).replace("_legacy_response.", "")
        if not (chosen or re.fullmatch(r"[\w\[\], ]+", facts["cast_to"])):
            raise LeftOutError(CHOSEN)
        if "stream_cls" in keywords:
            facts["stream_cls"] = ast.unparse(keywords["stream_cls"])
            facts["stream"] = ast.unparse(keywords["stream"])
    else:
        raise LeftOutError(OTHERWISE)
    facts["path"] = _path(call.args[0])
    facts["body"] = _keys(steps.body or keywords.get("body"))
    options = keywords.get("options")
    assert isinstance(options, ast.Call)
    settings = {kw.arg: kw.value for kw in options.keywords}
    if unknown := settings.keys() - _SETTINGS:
        raise LeftOutError(f"{OTHERWISE}: {', '.join(sorted(str(name) for name in unknown))}")
    if "post_parser" in settings and not chosen:
        raise LeftOutError(CHOSEN)
    facts["query"] = _keys(settings.get("query"))
    facts["security"] = ast.literal_eval(settings["security"]) if "security" in settings else {}
    if "stream_mode" in settings and ast.literal_eval(settings["stream_mode"]) == "events":
        facts["subscription"] = True
    facts["headers"] = steps.headers
    facts["checks"] = steps.checks
    if steps.files:
        facts["files"] = steps.files
        facts["multipart"] = steps.multipart
    return facts


def why(item: Function, error: LeftOutError) -> str:
    """The reason a method is left out, by its name where that says more."""
    return next((r for pattern, r in LATER_NAMES if re.fullmatch(pattern, item.name)), str(error))


def _steps(item: Function) -> Steps:
    """What a method does before its request.

    Raises:
      LeftOutError: a statement that no generated method has.
    """
    steps = Steps()
    for statement in item.body[:-1]:
        text = ast.unparse(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.If) and "Expected a non-empty value" in text:
            continue
        if isinstance(statement, ast.If) and text.startswith(("if files:", "if extracted_files:")):
            steps.multipart = "files"
        elif isinstance(statement, ast.Expr) and text.startswith("validate_response_format("):
            steps.checks.append("validate_response_format")
        elif isinstance(statement, ast.Assign):
            _assigned(steps, ast.unparse(statement.targets[0]), statement.value)
        else:
            raise LeftOutError(OTHERWISE)
    return steps


def _assigned(steps: Steps, target: str, value: ast.expr) -> None:
    if target == "extra_headers" and isinstance(value, ast.Dict):
        found = _headers(value)
        if ["Content-Type", "value", "multipart/form-data"] in found:
            # The boundary belongs to it: what writes the body sets it.
            steps.multipart = "always"
        else:
            steps.headers += found
        return
    name = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    if isinstance(value, ast.Call) and name == "deepcopy_with_paths":
        body, paths = value.args
        assert isinstance(body, ast.Dict)
        steps.body = body
        steps.files = ast.literal_eval(paths)
    elif isinstance(value, ast.Call) and target == "_runtime_context":
        steps.body = next(arg for arg in value.args if isinstance(arg, ast.Dict))
    elif name != "extract_files":
        raise LeftOutError(OTHERWISE)


def _headers(node: ast.Dict) -> list[list[str]]:
    """``[name, "value" or "parameter", which]`` of the headers a method sets by itself."""
    found: list[list[str]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            if not isinstance(value, ast.Constant):
                raise LeftOutError(OTHERWISE)
            found.append([str(ast.literal_eval(key)), "value", str(value.value)])
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


def _request_call(item: Function) -> ast.Call:
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
