"""What the compiled core dispatches to on this machine."""

# cython: language_level=3
from oxide.csrc cimport (
    ox_cpu_machine,
    ox_kernels,
    ox_kernels_active,
    ox_kernels_forced,
    ox_kernels_usable,
)


def machine() -> str:
    """The processor family this module was compiled for: ``x86_64``, ``aarch64`` or ``other``."""
    return ox_cpu_machine().decode()


def usable_rows() -> list[str]:
    """Names of the instruction-set rows this machine can run, best first; ``scalar`` is always the last."""
    cdef const ox_kernels *rows[8]
    cdef size_t n = ox_kernels_usable(rows, 8)
    return [rows[i].name.decode() for i in range(n)]


def active_row() -> str | None:
    """Name of the row in use; None when ``OXIDE_ISA`` names one that is not usable here."""
    cdef const ox_kernels *row = ox_kernels_active()
    return None if row == NULL else row.name.decode()


def forced_row() -> str | None:
    """The value of ``OXIDE_ISA`` as the compiled core sees it; None when unset or empty."""
    cdef const char *name = ox_kernels_forced()
    return None if name == NULL else name.decode("utf-8", "replace")
