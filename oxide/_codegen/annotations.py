"""What an annotation says, in words a docstring can use."""

from __future__ import annotations

import ast

_UNITS = {
    "tokens": "tokens",
    "ms": "milliseconds",
    "seconds": "seconds",
    "minutes": "minutes",
    "bytes": "bytes",
    "logprobs": "entries a token",
}


_SAID = {
    "FileTypes": "file (bytes, file object, path, or a tuple of name, content, media type and headers)",
}


def phrase(annotation: str) -> str:
    """``Optional[Literal['a', 'b']] | Omit`` becomes ``"a" or "b", or None``."""
    return _say(ast.parse(annotation, mode="eval").body)


def unit_of(name: str) -> str | None:
    """Unit told by the last word of a parameter's name (``max_output_tokens`` → tokens)."""
    return _UNITS.get(name.rsplit("_", 1)[-1]) if "_" in name else None


def _say(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp):
        return _either([*_flatten(node)])
    if isinstance(node, ast.Subscript):
        return _subscript(node)
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant):
        return "None" if node.value is None else str(node.value)
    text = ast.unparse(node)
    return _SAID.get(text, text)


def _value(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return f'"{node.value}"'
    return ast.unparse(node)


def _subscript(node: ast.Subscript) -> str:
    head = ast.unparse(node.value)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if head == "Optional":
        return _either(_flatten(node))
    if head == "Union":
        return _either(list(items))
    if head == "Literal":
        return " or ".join(_value(item) for item in items)
    if head in ("List", "Iterable", "SequenceNotStr", "Sequence"):
        return f"list of {_say(items[0])}"
    if head == "Dict":
        return f"dict of {_say(items[0])} to {_say(items[1])}"
    return ast.unparse(node)


def _flatten(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_flatten(node.left), *_flatten(node.right)]
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Optional":
        return [*_flatten(node.slice), ast.Constant(None)]
    return [node]


def _either(nodes: list[ast.expr]) -> str:
    words: list[str] = []
    for node in nodes:
        word = _say(node)
        if word not in ("Omit", "NotGiven") and word not in words:
            words.append(word)
    none = "None" in words
    words = [w for w in words if w != "None"]
    return " or ".join(words) + (", or None" if none else "")
