"""``count_cold BASE``: a first call in a new process, with callgrind's marks around its parts.

The call is divided by what is the same whatever oxide does: Python, asyncio, pydantic and a model class.
aiohttp comes in between and counts on neither side: at import it reads the system's certificates, of which
each machine has another number.
"""

from __future__ import annotations

import asyncio  # noqa: F401  # pyright: ignore[reportUnusedImport]
import os
import sys

import pydantic

PARTS = ("cold.pydantic", "cold.aiohttp", "cold.call")


class _Model(pydantic.BaseModel):
    """For the first one pydantic imports half of itself; it is not built, or plugins would be looked for."""

    model_config = pydantic.ConfigDict(defer_build=True)

    number: int


def main() -> None:
    """Import, call, leave marks behind."""
    # As in count_cases: nothing else calls ctermid.
    os.ctermid()
    # By way of oxide, which makes a TLS context of its own where somebody else has imported aiohttp.
    import bench.peers.cold
    import oxide.transport.tls  # noqa: F401  # pyright: ignore[reportUnusedImport]

    os.ctermid()
    bench.peers.cold.ask("oxide", "responses", sys.argv[1])
    os.ctermid()


if __name__ == "__main__":
    main()
