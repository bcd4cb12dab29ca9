"""What passes between a browser toolset, its driver and the program: states, reports, inputs, contexts."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, Protocol, TypeAlias

from typing_extensions import NotRequired, TypedDict

from oxide._error_base import OpenAIError
from oxide.types.responses.response_input_image_content_param import ResponseInputImageContentParam

__all__ = [
    "AsyncBrowserClickDriver",
    "AsyncBrowserDriver",
    "AsyncBrowserNavigationDriver",
    "AsyncBrowserReadDriver",
    "AsyncBrowserScreenshotDriver",
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


class BrowserError(OpenAIError):
    """A refusal whose text the model may read; a driver raises it to tell the model what went wrong.

    Source: same name as in the official SDK.
    """


class BrowserCancelledError(OpenAIError, RuntimeError):
    """A call was cancelled before there was anything to send back.

    Source: same name as in the official SDK.
    """


class BrowserUseError(OpenAIError, RuntimeError):
    """A call, or what a driver gave, is not of the shape it has to be; nothing of it goes to the model.

    oxide's: the official toolset raises RuntimeError.
    """


class BrowserTab(TypedDict):
    """One tab, and whether it is the one in use. Of `url` the model is shown the origin only.

    Source: this and the following have the names and keys of the official SDK.
    """

    id: str
    title: str
    url: str
    active: bool


class BrowserTabChange(TypedDict):
    """A tab came, went, was switched to, or went elsewhere. `sequence` numbers all changes, from 1."""

    type: Literal["tab_opened", "tab_closed", "tab_switched", "navigation"]
    sequence: int
    tab_id: str


class BrowserNavigationRefused(TypedDict):
    """The driver did not let a tab go somewhere."""

    type: Literal["navigation_refused"]
    sequence: int
    tab_id: str | None
    reason: Literal["policy", "unsupported"]


class BrowserDialogDismissed(TypedDict):
    """The driver closed a dialog of the page; `kind` is that of the dialog."""

    type: Literal["dialog_dismissed"]
    sequence: int
    tab_id: str
    kind: Literal["alert", "confirm", "prompt", "beforeunload", "other"]


class BrowserDownload(TypedDict):
    """A download began, ended, or was not let through."""

    type: Literal["download"]
    sequence: int
    tab_id: str | None
    status: Literal["blocked", "started", "completed", "failed"]


BrowserStateChange: TypeAlias = (
    BrowserTabChange | BrowserNavigationRefused | BrowserDialogDismissed | BrowserDownload
)
"""Something that happened in the browser, numbered."""


class BrowserObservationV1(TypedDict):
    """What happened since the driver began: the latest changes, and how many earlier ones are left out.

    `sequence` counts all changes, those in `dropped_changes` included; `title_truncated` says that a title of
    a tab was cut.
    """

    version: Literal[1]
    sequence: int
    dropped_changes: int
    title_truncated: bool
    changes: list[BrowserStateChange]


class BrowserState(TypedDict):
    """The tabs, and what happened where the driver keeps track of it."""

    tabs: list[BrowserTab]
    observation: NotRequired[BrowserObservationV1]


class BrowserReadOption(TypedDict):
    """One choice of a list; `selected` is for lists that take several."""

    label: str
    value: str
    selected: NotRequired[bool]


ReadRole: TypeAlias = Literal["button", "textbox", "combobox", "checkbox", "radio", "slider", "listbox"]
ReadOmission: TypeAlias = Literal[
    "report_limit",
    "text_limit",
    "target_limit",
    "work_limit",
    "frame_limit",
    "unsupported_root",
    "unsupported_control",
    "remote_action",
    "private",
    "value",
    "name_limit",
]


class BrowserReadElement(TypedDict):
    """A control of a page, under the reference that actions name it by, of at most 256 bytes in UTF-8.

    `label` has at most as many, `value` at most 512; `checked` is for check boxes and radio buttons.
    """

    ref: str
    role: ReadRole
    label: str
    value: NotRequired[str]
    options: NotRequired[list[BrowserReadOption]]
    checked: NotRequired[bool]


class BrowserReadV1(TypedDict):
    """A page as a driver reads it: text, controls, and why anything is left out, each reason once."""

    version: Literal[1]
    text: str
    elements: list[BrowserReadElement]
    omitted: list[ReadOmission]


class BrowserReadScope(TypedDict):
    """A region of a page that can be read by itself; nothing can be done to it."""

    ref: str
    label: str


class BrowserScopedReadV1(BrowserReadV1):
    """A page, or a region of it, with the regions inside."""

    scopes: list[BrowserReadScope]


class _FileOutcome(TypedDict):
    version: Literal[1]
    cleanup: Literal["not_started", "pending", "completed"]


class _FileCompleted(_FileOutcome):
    status: Literal["completed"]
    effect: Literal["completed"]


class _FileRefused(_FileOutcome):
    status: Literal["refused"]
    effect: Literal["none"]


class _FileUnknown(_FileOutcome):
    status: Literal["unknown"]
    effect: Literal["unknown"]


class _FileInterrupted(_FileOutcome):
    status: Literal["interrupted"]
    effect: Literal["none", "unknown"]


BrowserFileOutcome: TypeAlias = _FileCompleted | _FileRefused | _FileUnknown | _FileInterrupted
"""How an upload or a download ended."""


class BrowserFileInput(TypedDict):
    """A file that the program allowed."""

    grant_id: str


class TabInput(TypedDict):
    """A tab; None is the active one."""

    tab_id: str | None


class ZoomInput(TabInput):
    """A part of the viewport in pixels: left, top, right, bottom."""

    region: list[int]


class NavigateInput(TabInput):
    """Where a tab is to go."""

    url: str


class ReadPageInput(TabInput):
    """How much of a page to read: everything, or what can be acted upon."""

    filter: Literal["all", "interactive"]


class ReadPageScopedInput(ReadPageInput):
    """Which region to read, None to find out which there are, and how many levels of it, from 1 to 32."""

    root: str | None
    depth: int


class ReadDiagnosticsInput(TabInput):
    """Which messages to read, and how many at most, from 1 to 100."""

    source: Literal["console", "network"]
    limit: int


class RunScriptInput(TabInput):
    """A script, and the milliseconds it may take, from 1 to 30,000."""

    source: str
    timeout_ms: int


class FindInput(TabInput):
    """What to look for."""

    query: str


class ClickInput(TabInput):
    """The control, by its reference."""

    target: str


class BrowserPoint(TypedDict):
    """A place in the viewport, in pixels."""

    x: int
    y: int


class ClickAtInput(TabInput):
    """Where in the viewport to click, in pixels, how often, with which button and keys."""

    x: int
    y: int
    button: Literal["left", "right", "middle"]
    click_count: Literal[1, 2, 3]
    keys: list[Literal["Control", "Alt", "Meta", "Shift"]]


class HoverAtInput(TabInput):
    """Where in the viewport to point, in pixels."""

    x: int
    y: int


class SetCheckedInput(ClickInput):
    """Whether a box is to be ticked."""

    checked: bool


class DragPathInput(TabInput):
    """Where to pull along, 2 to 100 points, with which keys."""

    path: list[BrowserPoint]
    keys: list[Literal["Control", "Alt", "Meta", "Shift"]]


class HoldKeysInput(TabInput):
    """Which keys to hold, 1 to 8, for how many milliseconds, from 1 to 3,000."""

    keys: list[str]
    duration_ms: int


class TypeInput(TabInput):
    """What to write, into which control; None is the one with the focus."""

    text: str
    target: str | None


class KeyInput(TabInput):
    """Which keys to press together."""

    keys: list[str]


class ScrollInput(TabInput):
    """Which way to scroll, and how far; in what unit is the driver's to say, as the schema does not."""

    direction: Literal["up", "down", "left", "right"]
    amount: int


class WaitForInput(TabInput):
    """Which text to wait for, and for how many milliseconds at most, from 1 to 30,000."""

    text: str
    timeout_ms: int


class SelectOptionInput(ClickInput):
    """Which values to choose in a list."""

    values: list[str]


class NewTabInput(TypedDict):
    """Where a new tab is to go; None is nowhere."""

    url: str | None


class BrowserConfirmContext(TypedDict):
    """What a program is asked to allow: an action with its arguments, and the tabs as they were last seen.

    `call_id` is that of the call. The page may have changed since; what may only be done to a certain page is
    for the driver to check.
    """

    member: str
    arguments: dict[str, object]
    state: BrowserState
    call_id: str


class BrowserReadConfirmContext(TypedDict):
    """A read that a program is asked to allow, before anything is looked at."""

    member: str
    arguments: dict[str, object]
    state: None
    call_id: str
    phase: Literal["before_read"]


class AsyncBrowserDriver(Protocol):
    """What a program gives a browser toolset to act with; it has a method for each member it can do.

    A method takes one argument, the input of its member, and may take `cancelled`. It gives text, None, a
    read report, an image or a file outcome, by member.

    Source: this and the following have the names and methods of the official SDK.
    """

    async def state(self) -> BrowserState:
        """Look at the tabs; before and after each call.

        Returns:
          The tabs as they are now.
        """
        ...


class AsyncBrowserReadDriver(AsyncBrowserDriver, Protocol):
    """A driver that can read pages."""

    @abstractmethod
    async def read_page(self, action: ReadPageInput) -> str | BrowserReadV1 | None:
        """Read a page.

        Args:
          action: which tab, and how much of it.

        Returns:
          Text, or a report with the controls; None where there is nothing to say.
        """


class AsyncBrowserNavigationDriver(AsyncBrowserDriver, Protocol):
    """A driver that can go to addresses."""

    @abstractmethod
    async def navigate(self, action: NavigateInput) -> None:
        """Go to an address.

        Args:
          action: the tab, and the address.
        """


class AsyncBrowserClickDriver(AsyncBrowserDriver, Protocol):
    """A driver that can click."""

    @abstractmethod
    async def click(self, action: ClickInput) -> None:
        """Click a control.

        Args:
          action: the tab, and the reference that a report gave the control.
        """


class AsyncBrowserScreenshotDriver(AsyncBrowserDriver, Protocol):
    """A driver that can take screenshots."""

    @abstractmethod
    async def screenshot(self, action: TabInput) -> ResponseInputImageContentParam:
        """Take a picture.

        Args:
          action: the tab.

        Returns:
          What it shows: `type`, and `image_url` (an address or data URL) or `file_id`.
        """
