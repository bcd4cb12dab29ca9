"""Touching a resource imports the modules of that resource: for every resource of the client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

import oxide

# A child of one process for each resource: a new process each would take minutes.
PROGRAM = """
import json, os, sys
import oxide
client = oxide.AsyncOpenAI(api_key="k")
paths = json.loads(sys.argv[1])
before = set(sys.modules)
for path in paths:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        chain = [client]
        for name in path.split("."):
            chain.append(getattr(chain[-1], name))
        loaded = sorted(set(sys.modules) - before)
        homes = sorted({cls.__module__ for found in chain for cls in type(found).__mro__})
        with os.fdopen(write, "w") as out:
            json.dump({"loaded": loaded, "homes": homes}, out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        print(path, answer.read(), sep="\\t")
    os.waitpid(child, 0)
"""

# Not asyncio, and ssl with it: typing_extensions.deprecated loads them, and no request goes without.
HEAVY = {"aiohttp", "httptools", "openai", "orjson", "pydantic", "pydantic_core", "yarl"}


def below(resource: Any, prefix: str = "") -> Iterator[str]:
    """The paths of all resources below one, the client at first."""
    for cls in type(resource).__mro__:
        for name, value in vars(cls).items():
            if isinstance(value, cached_property) and not name.startswith(("_", "with_")):
                yield prefix + name
                yield from below(getattr(resource, name), f"{prefix}{name}.")


def packages(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[: n + 1]) for n in range(len(parts))}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the check forks a process for each resource")
def test_touching_a_resource_imports_only_its_modules() -> None:
    paths = sorted(set(below(oxide.AsyncOpenAI(api_key="k"))))
    assert len(paths) >= 100
    assert {"responses.input_items", "beta.threads.runs.steps", "admin.organization.projects"} <= set(paths)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(paths)], capture_output=True, text=True, check=True
    )
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert [path for path, _ in lines] == paths
    surplus: dict[str, list[str]] = {}
    for path, answer in lines:
        found = json.loads(answer)
        own = {"oxide.resources"}.union(*map(packages, found["homes"]))
        more = {
            name
            for name in found["loaded"]
            if name.split(".")[0] in HEAVY
            or (name.startswith(("oxide.resources.", "oxide.types", "oxide.models")) and name not in own)
        }
        if more:
            surplus[path] = sorted(more)
    assert not surplus, "\n".join(f"{path}: {', '.join(more)}" for path, more in surplus.items())
