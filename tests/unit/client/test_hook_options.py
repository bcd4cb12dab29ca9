"""What `hooks=` takes, what copies do with it, and that a client without hooks knows nothing of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from oxide import AsyncAzureOpenAI, AsyncOpenAI, Hooks
from oxide._observe import HookSet
from oxide.hooks import HOOK_NAMES, RequestInfo


class Counter:
    """A hook by its method alone."""

    def __init__(self) -> None:
        self.requests = 0

    def on_request(self, request: RequestInfo) -> None:
        self.requests += 1


class OnlyErrors(Hooks):
    """A hook that leaves the other methods of the base as they are."""

    async def on_error(self, error: Any) -> None: ...


class Nothing:
    """No hook."""


def made(**options: Any) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="k", **options)


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ([Nothing()], "Nothing is no hook: it has none of on_request, on_response"),
        ([Counter(), None], "NoneType is no hook"),
        ([Counter], r"pass Counter\(\), not the class Counter"),
        (Counter(), "hooks must be a list of objects, not Counter"),
        ("on_request", "hooks must be a list of objects, not str"),
    ],
)
def test_what_is_no_hook_is_refused(hooks: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        made(hooks=hooks)
    with pytest.raises(TypeError, match=message):
        made().copy(hooks=hooks)


def test_only_methods_of_its_own_are_called() -> None:
    found = HookSet((OnlyErrors(), Counter()))
    assert {name: len(getattr(found, name[3:])) for name in HOOK_NAMES} == {
        "on_request": 1,
        "on_response": 0,
        "on_retry": 0,
        "on_error": 1,
        "on_stream_event": 0,
    }
    assert found.streams
    assert not HookSet((Counter(),)).streams


def test_copies() -> None:
    one, other = Counter(), Counter()
    client = made(hooks=[one])
    assert client.hooks == (one,)
    assert client.copy().hooks == client.with_options(timeout=1).hooks == (one,)
    assert client.with_options(hooks=[*client.hooks, other]).hooks == (one, other)
    assert client.with_options(hooks=None).hooks == client.copy(hooks=[]).hooks == ()
    assert client.hooks == (one,)
    client.hooks = [other]
    assert client.hooks == (other,)
    azure = AsyncAzureOpenAI(azure_endpoint="https://x.example", api_key="k", api_version="1", hooks=[one])
    assert azure.hooks == azure.with_options(timeout=1).hooks == (one,)
    assert azure.with_options(hooks=[other]).hooks == (other,)


async def test_a_hook_that_was_set_later_hears_of_later_calls(oxide_client: AsyncOpenAI) -> None:
    counter = Counter()
    await oxide_client.models.list()
    oxide_client.hooks = (counter,)
    await oxide_client.models.list()
    await oxide_client.with_options(hooks=None).models.list()
    assert counter.requests == 1


def test_a_client_without_hooks_loads_nothing_of_them() -> None:
    code = "import sys, oxide; oxide.AsyncOpenAI(api_key='k').copy(); print('oxide.hooks' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]
