"""What every error of oxide is; the errors are in `oxide.errors`."""

from __future__ import annotations

from typing import Any

__all__ = ["OpenAIError", "reduced"]


def _restore(cls: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def reduced(error: BaseException) -> tuple[Any, ...]:
    """What pickles and copies an error whose constructor takes other arguments than its `args`."""
    return (_restore, (type(error), error.args, dict(error.__dict__)))


class OpenAIError(Exception):
    """Base of every error oxide raises; picklable, credentials stay behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        return reduced(self)
