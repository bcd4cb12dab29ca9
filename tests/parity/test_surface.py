"""Every public module of the official SDK, its names, views, constants: there too, or named with a reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
import warnings
from typing import Any

import pytest

import oxide
from oxide._codegen.config import CLIENT, EXCLUDED_MODULES
from oxide._codegen.facts import load

from .shapes import normal

openai = pytest.importorskip("openai", reason="the official SDK is a test dependency")

FACTS = load()

# Modules without a counterpart, with what is below them; each with its reason.
ALLOWED_MODULES = {
    **EXCLUDED_MODULES,
    **{
        f"{resource['module'].rpartition('.')[0] or 'resources'}.{child}": reason
        for resource in FACTS["resources"]
        for child, reason in resource["absent"].items()
    },
    "helpers.local_audio_player": "plays through sounddevice and numpy: not an API client's",
    "helpers.microphone": "records through sounddevice and numpy: not an API client's",
    "lib.live": "WebSocket sessions: not there yet",
    "lib.realtime_translation": "WebSocket sessions: not there yet",
    "lib.responses_websocket": "WebSocket sessions: not there yet",
}
ALLOWED_NAMES = {
    "BaseAzureClient": "what the synchronous and the asynchronous client share; there is one",
    "LocalAudioPlayer": "plays through sounddevice and numpy: not an API client's",
    "Microphone": "records through sounddevice and numpy: not an API client's",
}
WEBSOCKETS = ("ConnectionManager", "Connection", "Reconnecting", "WebSocketConnection", "WebsocketConnection")


def modules() -> list[str]:
    found: list[str] = []
    for module in pkgutil.walk_packages(openai.__path__, "openai."):
        parts = module.name.split(".")[1:]
        if not any(part.startswith("_") for part in parts):
            found.append(".".join(parts))
    return sorted(found)


def allowed(module: str) -> str | None:
    return next((r for m, r in ALLOWED_MODULES.items() if module == m or module.startswith(f"{m}.")), None)


def public(module: types.ModuleType) -> list[str]:
    """Names a module offers: those it lists, or those it defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    own = ("openai.types", "openai.resources", module.__name__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and str(getattr(value, "__module__", "")).startswith(own)
    ]


def synchronous(module: types.ModuleType, name: str) -> bool:
    """Whether a name is the synchronous half of a pair."""
    stem = name.removeprefix("Sync")
    return any(hasattr(module, twin) for twin in (f"Async{stem}", f"Async{name}", f"async_{name}"))


def of_what_is_absent(module: str, name: str) -> bool:
    """Whether a name is that of a resource which is left out with a reason, or of its views."""
    bare = name.replace("WithRawResponse", "").replace("WithStreamingResponse", "").removeprefix("Async")
    gone = {
        place.rpartition(".")[2].replace("_", "") for place in ALLOWED_MODULES if place.startswith(module)
    }
    return bare.lower() in gone


def test_every_public_module_and_its_names() -> None:
    gone: list[str] = []
    missing: list[str] = []
    for module in modules():
        if allowed(module):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            official = importlib.import_module(f"openai.{module}")
        try:
            mine = importlib.import_module(f"oxide.{module}")
        except ModuleNotFoundError:
            gone.append(module)
            continue
        for name in public(official):
            known = hasattr(mine, name) or synchronous(official, name) or of_what_is_absent(module, name)
            known = known or name in ALLOWED_NAMES
            if not known and not any(part in name for part in WEBSOCKETS):
                missing.append(f"{module}.{name}")
    assert not gone
    assert not missing


def test_the_allow_list_names_only_what_is_there() -> None:
    known = modules()
    for module in ALLOWED_MODULES:
        assert any(m == module or m.startswith(f"{module}.") for m in known), module


def test_what_is_there_is_not_on_the_allow_list() -> None:
    """An entry skips a whole module: none may stay once the module exists."""
    for module in ALLOWED_MODULES:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"oxide.{module}")


def test_aliases_say_the_same() -> None:
    """Names of type modules that are not classes: unions, literals, lists of them."""
    compared = 0
    for module, facts in FACTS["types"].items():
        for kind, name, *_ in facts["body"]:
            if kind == "alias":
                left = getattr(importlib.import_module(f"oxide.{module}"), name)
                right = getattr(importlib.import_module(f"openai.{module}"), name)
                assert normal(left) == normal(right), f"{module}.{name}"
                compared += 1
    assert compared > 500


@pytest.mark.parametrize("view", ["Raw", "Streaming"])
def test_views_offer_the_same(view: str) -> None:
    client: Any = oxide.AsyncOpenAI(api_key="k", admin_api_key="k")
    other: Any = openai.AsyncOpenAI(api_key="k", admin_api_key="k")
    for resource in FACTS["resources"]:
        if (resource["module"], resource["name"]) == CLIENT or view not in resource["views"]:
            continue
        name = f"{resource['name']}With{view}Response"
        left, right = (
            getattr(importlib.import_module(f"{package}.{resource['module']}"), resource["name"])(c)
            for package, c in (("oxide", client), ("openai", other))
        )
        views = [getattr(r, f"with_{view.lower()}_response") for r in (left, right)]
        offered = [
            {n for n in (*vars(v), *vars(type(v))) if not n.startswith("_")} - {"with_raw_response"}
            for v in views
        ]
        assert offered[1] - offered[0] <= {*resource["later"], *resource["absent"]}, name
        assert offered[0] <= offered[1], name


def test_page_classes() -> None:
    mine, official = importlib.import_module("oxide.pagination"), importlib.import_module("openai.pagination")
    pages = [name for name in official.__all__ if name.startswith("Async")]
    assert len(pages) == 5
    for name in pages:
        left, right = getattr(mine, name), getattr(official, name)
        assert set(right.model_fields) <= set(left.model_fields), name
        for method in ("has_next_page", "next_page_info", "get_next_page", "iter_pages"):
            assert callable(getattr(left, method)), name
            assert inspect.iscoroutinefunction(getattr(left, method)) == inspect.iscoroutinefunction(
                getattr(right, method)
            ), f"{name}.{method}"


def test_constants() -> None:
    same = ("DEFAULT_MAX_RETRIES", "VERSION")
    assert oxide.__version__ == oxide.VERSION
    for name, value in vars(openai).items():
        if name.isupper() and isinstance(value, (int, float, str)) and name not in same:
            assert getattr(oxide, name, None) == value, name
    assert oxide.__version__ == importlib.import_module("oxide.version").VERSION


PACKAGES = [
    *("auth", "errors", "extras", "hooks", "lib", "pagination", "providers", "schema"),
    *("resources", "testing", "types", "version", "lib.azure", "lib.bedrock", "lib.beta", "lib.streaming"),
]


@pytest.mark.parametrize("module", PACKAGES)
def test_a_module_is_there_without_an_import_of_its_own(module: str) -> None:
    code = f"import sys, oxide; assert 'oxide.{module}' not in sys.modules; print(oxide.{module}.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == f"oxide.{module}", run.stderr


def test_modules_of_the_official_package_are_among_them() -> None:
    code = "import openai, types; found = dict(vars(openai)); print(*(n for n in found "
    code += "if n[0] != '_' and isinstance(found[n], types.ModuleType)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split()
    assert set(run.stdout.split()) <= set(PACKAGES)


def test_the_allow_list_of_modules_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\nparity: modules and names that are meant to be missing")
        for name, reason in sorted({**ALLOWED_MODULES, **ALLOWED_NAMES}.items()):
            print(f"  {name}: {reason}")
