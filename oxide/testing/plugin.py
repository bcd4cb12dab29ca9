"""The pytest plugin: fixtures `oxide_server` and `oxide_client`.

pytest loads this module at every start, so it imports nothing but pytest; what the fixtures need is imported
when the test session is configured to run them, the server and the client when a test asks for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import NoReturn

import pytest

__all__ = ["pytest_configure"]

_HELP = (
    "the fixture {name!r} is asynchronous and nothing here runs asynchronous fixtures: "
    "pip install pytest-asyncio "
    "(or, in synchronous tests, use `with oxide.testing.Server.thread() as server:`)"
)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker `oxide_server`; register the fixtures in a form the installed plugins can run."""
    config.addinivalue_line(
        "markers", "oxide_server(**options): arguments of oxide.testing.Server for the fixture oxide_server"
    )
    if config.pluginmanager.hasplugin("asyncio"):
        form: object = import_module("oxide.testing._fixtures_asyncio")
    elif config.pluginmanager.hasplugin("anyio"):
        form = import_module("oxide.testing._fixtures")
    else:
        form = _Missing()
    config.pluginmanager.register(form, "oxide-fixtures")


class _Missing:
    """Fixtures that say what to install, where no plugin runs asynchronous ones."""

    @pytest.fixture
    def oxide_server(self) -> NoReturn:
        """Fails with the command that makes this fixture work."""
        pytest.fail(_HELP.format(name="oxide_server"), pytrace=False)

    @pytest.fixture
    def oxide_client(self) -> NoReturn:
        """Fails with the command that makes this fixture work."""
        pytest.fail(_HELP.format(name="oxide_client"), pytrace=False)
