"""Names that are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a package.

    Args:
      package: the package's ``__name__``.
      names: public name → module that holds it, absolute or relative to the package (``".client"``);
        ``module:Name`` where it has another name there, ``module:`` for the module itself.

    Returns:
      The two functions, to be assigned in the package's ``__init__``. A name is looked up once, then it is an
      ordinary attribute of the package.
    """

    def __getattr__(name: str) -> Any:
        try:
            source = names[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        module, colon, other = source.partition(":")
        value: Any = import_module(module, package)
        if other or not colon:
            value = getattr(value, other or name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return __getattr__, __dir__
