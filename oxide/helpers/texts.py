"""The text of a response, out of its JSON: the native code where it is compiled, else its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oxide._backend import NATIVE

if TYPE_CHECKING:
    from .texts_py import output_text, response_id
elif NATIVE:
    from .texts_c import output_text, response_id
else:
    from .texts_py import output_text, response_id

__all__ = ["output_text", "response_id"]
