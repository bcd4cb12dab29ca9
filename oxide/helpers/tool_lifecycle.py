"""What runners and toolsets share: one call at a time, closing, and how they call the user's code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from typing_extensions import TypedDict

from oxide._client_options import headers_over
from oxide.options import is_given

if TYPE_CHECKING:
    from oxide.client import AsyncOpenAI

__all__ = ["CloseStatus", "ToolLifecycle", "callable_flavor", "invoke", "rotated_idempotency_headers"]


class CloseStatus(TypedDict):
    """What `close()` found: nothing under way, or a call that still runs to its end.

    Source: same name and key as in the official SDK.
    """

    status: Literal["closed", "draining"]


class ToolLifecycle:
    """Lets one call in at a time, and none once closed.

    Args:
      name: what it guards, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # A close may come from any thread.
        self._lock = Lock()
        self._active = False
        self._closed = False

    def enter(self) -> None:
        """Begin a call.

        Raises:
          RuntimeError: it is closed, or another call is under way.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self._name}: closed, make a new one")
            if self._active:
                raise RuntimeError(f"{self._name}: another call is under way, and it serves one at a time")
            self._active = True

    def exit(self) -> None:
        """End the call."""
        with self._lock:
            self._active = False

    def close(self) -> CloseStatus:
        """Let no further call in; one that is under way goes on."""
        with self._lock:
            self._closed = True
            return {"status": "draining" if self._active else "closed"}


def invoke(handler: Callable[..., Any], *args: Any, cancelled: Callable[[], bool] | None) -> Any:
    """Call a handler; one that has a parameter `cancelled` left gets that too.

    Args:
      handler: code of the user's.
      args: what it is called with.
      cancelled: says whether the run is to stop; None where nothing can stop it.

    Returns:
      What the handler returns.
    """
    if _takes_cancelled(handler, args):
        return handler(*args, cancelled=cancelled)
    return handler(*args)


def _takes_cancelled(handler: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):
        return False
    parameter = signature.parameters.get("cancelled")
    if parameter is None or parameter.kind not in (
        parameter.KEYWORD_ONLY,
        parameter.POSITIONAL_OR_KEYWORD,
    ):
        return False
    return "cancelled" not in signature.bind_partial(*args).arguments


_SAYS_NOTHING = ("Any", "typing.Any", "object", "builtins.object")


def callable_flavor(method: Callable[..., Any]) -> bool | None:
    """Whether a method has to be awaited, found without calling it.

    Args:
      method: a method of a driver, wrapped or not.

    Returns:
      None where neither its code nor its annotation tells.
    """
    target: Any = inspect.unwrap(method)
    if inspect.iscoroutinefunction(target):
        return True
    if not inspect.isroutine(target) and inspect.iscoroutinefunction(inspect.unwrap(target.__call__)):
        return True
    try:
        returns = inspect.signature(target).return_annotation
    except (TypeError, ValueError):
        return None
    if returns in (inspect.Signature.empty, Any, object):
        return None
    text = str(returns)
    if text in _SAYS_NOTHING:
        return None
    return any(name in text for name in ("Awaitable[", "Coroutine[", "Future["))


def rotated_idempotency_headers(
    client: AsyncOpenAI, extra: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The `extra_headers` of a run's next request, with a key of its own where the run has one.

    An idempotency key stands for one request: the following one under the same key would be answered with
    the first one's answer.

    Args:
      client: the client; the key may be among its default headers.
      extra: `extra_headers` of the run.

    Returns:
      The headers; None where there are none to pass.
    """
    given = client._custom_headers  # pyright: ignore[reportPrivateUsage]
    headers = headers_over(given, extra)
    keys = [value for name, value in headers.items() if name.lower() == "idempotency-key"]
    if not any(is_given(key) for key in keys):
        return None if extra is None else dict(extra)
    return headers_over(extra or {}, {"Idempotency-Key": f"oxide-run-{uuid4()}"})
