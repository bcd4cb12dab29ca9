"""The browser: the asynchronous names of the official SDK's `openai.lib.browser`.

See :mod:`oxide.helpers.toolsets.browser`.
"""

from ..helpers.toolsets import browser_types
from ..helpers.toolsets.browser import AsyncBrowserToolset as AsyncBrowserToolset
from ..helpers.toolsets.browser_members import BROWSER_MEMBERS as BROWSER_MEMBERS
from ..helpers.toolsets.browser_members import DEFAULT_BROWSER_MEMBERS as DEFAULT_BROWSER_MEMBERS
from ..helpers.toolsets.browser_types import *  # noqa: F403 (what it lists is listed below)

__all__ = ["BROWSER_MEMBERS", "DEFAULT_BROWSER_MEMBERS", "AsyncBrowserToolset"]
__all__ += browser_types.__all__
