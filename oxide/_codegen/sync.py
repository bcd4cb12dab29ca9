"""Write the generated files, or say in what they differ."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from . import facts as facts_module
from . import intermediate, render_client, render_unions
from .compact import compacted
from .config import CLIENT
from .extract import Facts
from .render_resources import ResourceWriter
from .render_types import MARK, package, target_module, type_modules

ROOT = Path(__file__).resolve().parents[2]
# The project's own settings, said here so that an installed package can be checked too.
_RUFF = [
    "--isolated",
    *("--config", "line-length=110"),
    *("--config", 'target-version="py310"'),
    *("--config", 'lint.isort.known-first-party=["oxide"]'),
]


def render(facts: Facts) -> dict[str, str]:
    """Every generated Python file, not yet formatted: path below the repository → text."""
    files: dict[str, str] = {}
    for module in facts["types"]:
        for place, text in type_modules(module, facts["types"]).items():
            files[f"{place.replace('.', '/')}.py"] = text
    for place, text in render_unions.module(facts["types"], facts["resources"]).items():
        files[f"{place.replace('.', '/')}.py"] = text
    for entry in facts["resources"]:
        if (entry["module"], entry["name"]) == CLIENT:
            files.update(render_client.render(entry))
            continue
        limits = facts["limits"]
        methods = [
            {**m, "limits": limits.get(f"{m.get('verb')} {m.get('path')}", {})} for m in entry["methods"]
        ]
        writer = ResourceWriter({**entry, "methods": methods})
        for module, text in writer.render().items():
            files[f"{module.replace('.', '/')}.py"] = text
    for place, exports in facts["packages"].items():
        pairs = [(public, target_module(source)) for public, source, _ in exports]
        for module, text in package(place, pairs).items():
            files[f"{module.replace('.', '/')}.py"] = text
    return files


def formatted(files: dict[str, str]) -> dict[str, str]:
    """The same files as the project's formatter leaves them.

    Raises:
      RuntimeError: the formatter is missing, or refuses a file.
    """
    if importlib.util.find_spec("ruff") is None:
        raise RuntimeError("ruff is not installed; run: pip install ruff")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        # Unused names go first: an import that was wrapped once stays wrapped.
        fixes = (["check", "--select", rule, "--fix", "--quiet"] for rule in ("F401", "I"))
        for command in (*fixes, ["format", "--quiet"]):
            run = subprocess.run(
                [sys.executable, "-m", "ruff", *command, *_RUFF, "--no-cache", str(root)],
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode:
                raise RuntimeError(f"ruff {command[0]}: {run.stdout}{run.stderr}")
        return {name: compacted((root / name).read_text("utf-8")) for name in files}


def wanted(facts: Facts, described: Facts) -> dict[str, str]:
    """Every generated file with its final text, those the facts are committed in included.

    Args:
      facts: what the SDK says.
      described: what the OpenAPI description says.
    """
    files = formatted(render(facts))
    for path, text in (
        (facts_module.FACTS_FILE, facts_module.dump(facts)),
        (facts_module.PIN_FILE, facts_module.dump_pin(facts)),
        (intermediate.SPEC_FILE, intermediate.dump(described)),
    ):
        files[path.relative_to(ROOT).as_posix()] = text
    return files


def stale() -> list[str]:
    """Files of the package, of its types and of its resources that carry the generator's mark."""
    mark = MARK.split(" from ")[0].rsplit(" ", 1)[0]
    package = ROOT / "oxide"
    paths = [*package.glob("*.py"), *(p for n in ("types", "resources") for p in (package / n).rglob("*.py"))]
    found = [p for p in paths if p.read_text("utf-8").startswith(mark)]
    return sorted(p.relative_to(ROOT).as_posix() for p in found)


def write(files: dict[str, str]) -> list[str]:
    """Make the tree equal to the files.

    Returns:
      Paths that changed, went or came.
    """
    changed: list[str] = []
    for name in stale():
        if name not in files:
            (ROOT / name).unlink()
            changed.append(name)
    for name, text in files.items():
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed


def drift(files: dict[str, str]) -> list[str]:
    """Paths whose content is not what the facts give."""
    wrong = [n for n, t in files.items() if not (ROOT / n).exists() or (ROOT / n).read_text("utf-8") != t]
    return sorted({*wrong, *(n for n in stale() if n not in files)})
