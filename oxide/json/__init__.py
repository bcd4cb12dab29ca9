"""JSON: whole documents, single fields, lazy views and request bodies.

Compiled over simdjson where the native backend is in use, over the standard library otherwise; both read what
``json.loads`` reads and raise what it raises. ``implementation()`` says which one it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE
from oxide.json.encode import dumps
from oxide.json.json_py import PADDING

if NATIVE and not TYPE_CHECKING:
    from oxide.json.json_c import implementation, loads, pad, pluck
    from oxide.json.view_c import View, view
else:
    from oxide.json.json_py import View, implementation, loads, pad, pluck, view

__all__ = ["PADDING", "View", "dumps", "implementation", "loads", "pad", "pluck", "view"]
