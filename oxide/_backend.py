"""Chooses between the compiled modules and their pure-Python twins, once for the process.

``OXIDE_BACKEND=native|python`` forces the choice, ``OXIDE_ISA=avx2|neon|scalar`` the instruction set of the
compiled one. A choice that cannot be honoured raises ImportError here; it never falls through to another.
"""

from __future__ import annotations

import os
from importlib import import_module

__all__ = ["BACKEND", "FORCED", "NATIVE"]


def _native_available() -> bool:
    try:
        import_module("oxide.cpu_c")
    except ModuleNotFoundError as exc:
        if exc.name != "oxide.cpu_c":
            raise
        return False
    return True


def _choose(forced: str, isa: str) -> bool:
    if forced not in ("", "native", "python"):
        raise ImportError(
            f"OXIDE_BACKEND={forced!r} is not a backend: set it to 'native' or 'python', or unset it"
        )
    native = forced != "python" and _native_available()
    if forced == "native" and not native:
        raise ImportError(
            "OXIDE_BACKEND=native, but oxide was installed without its compiled modules: "
            "install a wheel for this platform, or gcc and g++ and then "
            "`pip install --force-reinstall oxide`; OXIDE_BACKEND=python uses the pure modules"
        )
    if not native:
        if isa:
            raise ImportError(
                f"OXIDE_ISA={isa!r} needs the compiled backend, and the pure one is in use: "
                "unset OXIDE_ISA, or set OXIDE_BACKEND=native"
            )
        return False
    from oxide import cpu_c

    if cpu_c.active_row() is None:
        raise ImportError(
            f"OXIDE_ISA={isa!r} is not usable on this machine: choose one of "
            f"{', '.join(cpu_c.usable_rows())}, or unset it for the best one"
        )
    return True


FORCED: bool = bool(os.environ.get("OXIDE_BACKEND"))
"""Whether ``OXIDE_BACKEND`` made the choice."""

NATIVE: bool = _choose(os.environ.get("OXIDE_BACKEND", ""), os.environ.get("OXIDE_ISA", ""))
"""Whether the compiled modules are in use."""

BACKEND: str = "native" if NATIVE else "python"
"""``"native"`` or ``"python"``."""
