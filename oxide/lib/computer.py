"""The computer tool: the asynchronous names of the official SDK's `openai.lib.computer`.

See :mod:`oxide.helpers.toolsets.computer`.
"""

from ..helpers.toolsets.computer import AsyncComputerDriver as AsyncComputerDriver
from ..helpers.toolsets.computer import AsyncComputerToolset as AsyncComputerToolset
from ..helpers.toolsets.computer import Screenshot as Screenshot
from ..helpers.toolsets.computer_calls import ComputerActionInput as ComputerActionInput
from ..helpers.toolsets.computer_calls import ComputerUseError as ComputerUseError

__all__ = [
    "AsyncComputerDriver",
    "AsyncComputerToolset",
    "ComputerActionInput",
    "ComputerUseError",
    "Screenshot",
]
