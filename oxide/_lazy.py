"""Names that are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, names: Mapping[str, str], explain: Callable[[str], str | None] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a package.

    Args:
      package: the package's ``__name__``.
      names: public name → module that holds it, absolute or relative to the package (``".client"``);
        ``module:Name`` where it has another name there, ``module:`` for the module itself.
      explain: gives the message for a name that is missing, or None for the usual one.

    Returns:
      The two functions, to be assigned in the package's ``__init__``. A name is looked up once, then it is an
      ordinary attribute of the package.
    """

    def __getattr__(name: str) -> Any:
        try:
            source = names[name]
        except KeyError:
            found = explain(name) if explain is not None and not name.startswith("_") else None
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message if found is None else f"{message}: {found}") from None
        module, colon, other = source.partition(":")
        value: Any = import_module(module, package)
        if other or not colon:
            value = getattr(value, other or name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return __getattr__, __dir__
