"""The browser: the asynchronous names of the official SDK's `openai.lib.browser`.

See :mod:`oxide.helpers.toolsets.browser`.
"""

from ..helpers.toolsets.browser import AsyncBrowserToolset as AsyncBrowserToolset
from ..helpers.toolsets.browser_members import BROWSER_MEMBERS as BROWSER_MEMBERS
from ..helpers.toolsets.browser_members import DEFAULT_BROWSER_MEMBERS as DEFAULT_BROWSER_MEMBERS
from ..helpers.toolsets.browser_types import AsyncBrowserClickDriver as AsyncBrowserClickDriver
from ..helpers.toolsets.browser_types import AsyncBrowserDriver as AsyncBrowserDriver
from ..helpers.toolsets.browser_types import AsyncBrowserNavigationDriver as AsyncBrowserNavigationDriver
from ..helpers.toolsets.browser_types import AsyncBrowserReadDriver as AsyncBrowserReadDriver
from ..helpers.toolsets.browser_types import AsyncBrowserScreenshotDriver as AsyncBrowserScreenshotDriver
from ..helpers.toolsets.browser_types import BrowserCancelledError as BrowserCancelledError
from ..helpers.toolsets.browser_types import BrowserConfirmContext as BrowserConfirmContext
from ..helpers.toolsets.browser_types import BrowserDialogDismissed as BrowserDialogDismissed
from ..helpers.toolsets.browser_types import BrowserDownload as BrowserDownload
from ..helpers.toolsets.browser_types import BrowserError as BrowserError
from ..helpers.toolsets.browser_types import BrowserFileInput as BrowserFileInput
from ..helpers.toolsets.browser_types import BrowserFileOutcome as BrowserFileOutcome
from ..helpers.toolsets.browser_types import BrowserNavigationRefused as BrowserNavigationRefused
from ..helpers.toolsets.browser_types import BrowserObservationV1 as BrowserObservationV1
from ..helpers.toolsets.browser_types import BrowserPoint as BrowserPoint
from ..helpers.toolsets.browser_types import BrowserReadConfirmContext as BrowserReadConfirmContext
from ..helpers.toolsets.browser_types import BrowserReadElement as BrowserReadElement
from ..helpers.toolsets.browser_types import BrowserReadOption as BrowserReadOption
from ..helpers.toolsets.browser_types import BrowserReadScope as BrowserReadScope
from ..helpers.toolsets.browser_types import BrowserReadV1 as BrowserReadV1
from ..helpers.toolsets.browser_types import BrowserScopedReadV1 as BrowserScopedReadV1
from ..helpers.toolsets.browser_types import BrowserState as BrowserState
from ..helpers.toolsets.browser_types import BrowserStateChange as BrowserStateChange
from ..helpers.toolsets.browser_types import BrowserTab as BrowserTab
from ..helpers.toolsets.browser_types import BrowserTabChange as BrowserTabChange
from ..helpers.toolsets.browser_types import BrowserUseError as BrowserUseError
from ..helpers.toolsets.browser_types import ClickAtInput as ClickAtInput
from ..helpers.toolsets.browser_types import ClickInput as ClickInput
from ..helpers.toolsets.browser_types import DragPathInput as DragPathInput
from ..helpers.toolsets.browser_types import FindInput as FindInput
from ..helpers.toolsets.browser_types import HoldKeysInput as HoldKeysInput
from ..helpers.toolsets.browser_types import HoverAtInput as HoverAtInput
from ..helpers.toolsets.browser_types import KeyInput as KeyInput
from ..helpers.toolsets.browser_types import NavigateInput as NavigateInput
from ..helpers.toolsets.browser_types import NewTabInput as NewTabInput
from ..helpers.toolsets.browser_types import ReadDiagnosticsInput as ReadDiagnosticsInput
from ..helpers.toolsets.browser_types import ReadPageInput as ReadPageInput
from ..helpers.toolsets.browser_types import ReadPageScopedInput as ReadPageScopedInput
from ..helpers.toolsets.browser_types import RunScriptInput as RunScriptInput
from ..helpers.toolsets.browser_types import ScrollInput as ScrollInput
from ..helpers.toolsets.browser_types import SelectOptionInput as SelectOptionInput
from ..helpers.toolsets.browser_types import SetCheckedInput as SetCheckedInput
from ..helpers.toolsets.browser_types import TabInput as TabInput
from ..helpers.toolsets.browser_types import TypeInput as TypeInput
from ..helpers.toolsets.browser_types import WaitForInput as WaitForInput
from ..helpers.toolsets.browser_types import ZoomInput as ZoomInput

__all__ = [
    "BROWSER_MEMBERS",
    "DEFAULT_BROWSER_MEMBERS",
    "AsyncBrowserClickDriver",
    "AsyncBrowserDriver",
    "AsyncBrowserNavigationDriver",
    "AsyncBrowserReadDriver",
    "AsyncBrowserScreenshotDriver",
    "AsyncBrowserToolset",
    "BrowserCancelledError",
    "BrowserConfirmContext",
    "BrowserDialogDismissed",
    "BrowserDownload",
    "BrowserError",
    "BrowserFileInput",
    "BrowserFileOutcome",
    "BrowserNavigationRefused",
    "BrowserObservationV1",
    "BrowserPoint",
    "BrowserReadConfirmContext",
    "BrowserReadElement",
    "BrowserReadOption",
    "BrowserReadScope",
    "BrowserReadV1",
    "BrowserScopedReadV1",
    "BrowserState",
    "BrowserStateChange",
    "BrowserTab",
    "BrowserTabChange",
    "BrowserUseError",
    "ClickAtInput",
    "ClickInput",
    "DragPathInput",
    "FindInput",
    "HoldKeysInput",
    "HoverAtInput",
    "KeyInput",
    "NavigateInput",
    "NewTabInput",
    "ReadDiagnosticsInput",
    "ReadPageInput",
    "ReadPageScopedInput",
    "RunScriptInput",
    "ScrollInput",
    "SelectOptionInput",
    "SetCheckedInput",
    "TabInput",
    "TypeInput",
    "WaitForInput",
    "ZoomInput",
]
