"""Event handlers of the Assistants API, by the official SDK's path."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxide.helpers.assistants import AsyncAssistantEventHandler as AsyncAssistantEventHandler
    from oxide.helpers.assistants import AsyncAssistantEventHandlerT as AsyncAssistantEventHandlerT
    from oxide.helpers.assistants import AsyncAssistantStreamManager as AsyncAssistantStreamManager
else:
    from oxide._lazy import lazy_names

    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "AsyncAssistantEventHandler": "oxide.helpers.assistants",
            "AsyncAssistantEventHandlerT": "oxide.helpers.assistants",
            "AsyncAssistantStreamManager": "oxide.helpers.assistants",
        },
    )

__all__ = ["AsyncAssistantEventHandler", "AsyncAssistantEventHandlerT", "AsyncAssistantStreamManager"]
