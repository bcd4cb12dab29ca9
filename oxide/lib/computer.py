"""The computer tool: the asynchronous names of the official SDK's `openai.lib.computer`.

See :mod:`oxide.helpers.computer`.
"""

from ..helpers.computer import AsyncComputerDriver as AsyncComputerDriver
from ..helpers.computer import AsyncComputerToolset as AsyncComputerToolset
from ..helpers.computer import Screenshot as Screenshot
from ..helpers.computer_calls import ComputerActionInput as ComputerActionInput
from ..helpers.computer_calls import ComputerUseError as ComputerUseError

__all__ = [
    "AsyncComputerDriver",
    "AsyncComputerToolset",
    "ComputerActionInput",
    "ComputerUseError",
    "Screenshot",
]
