"""``python -m bench.counts``: instructions per operation of the hot path, against stored limits.

callgrind's counts do not depend on the load of the machine, but do on the compiler and the build of Python.
``limits.json`` keeps them by Python version and architecture, together with two reference counts that tell
whether this is the same kind of build. Where it is not, each case is compared as a multiple of ``ref.orjson``
counted in the same run, with more slack.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.count_cases import CASES, REFERENCES
from bench.count_cold import PARTS
from bench.runner import ROOT, command, server

LIMITS = ROOT / "bench/limits.json"
SAME_BUILD = 0.02
# How the reads of a socket fall is not the same every time.
LOOPBACK = ("call.", "stream.")


@dataclass(frozen=True)
class Verdict:
    """One case beside its limit.

    Attributes:
        name: The case.
        counted: Instructions per operation.
        stored: The stored count, scaled to this run's reference on another build; None without one.
        limit: What ``counted`` may reach.
    """

    name: str
    counted: float
    stored: float | None
    limit: float | None

    @property
    def failed(self) -> bool:
        """True when the limit is exceeded."""
        return self.limit is not None and self.counted > self.limit


def key() -> str:
    """What limits are stored under: implementation, minor version and architecture."""
    return (
        f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}-{platform.machine().lower()}"
    )


def total(text: str) -> int:
    """The instruction count of one callgrind dump.

    Raises:
        ValueError: It has no ``totals:`` line.
    """
    for line in text.splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise ValueError("a callgrind dump without totals")


def per_operation(dumps: list[int], names: list[str]) -> dict[str, float]:
    """Counts per operation from the dumps: for each case what came before, the short run, the long run.

    Raises:
        ValueError: There are not three dumps for each case.
    """
    if len(dumps) != 3 * len(names):
        raise ValueError(f"{len(dumps)} dumps for {len(names)} cases")
    out = {}
    for i, name in enumerate(names):
        _, short, long = dumps[3 * i : 3 * i + 3]
        out[name] = (long - short) / (CASES[name].m - CASES[name].n) / CASES[name].per
    return out


def measure(names: list[str], keep: Path | None = None) -> dict[str, float]:
    """Count the cases in one process under callgrind.

    Args:
        names: Cases, in the order to run them.
        keep: Folder for callgrind's dumps (``callgrind_annotate`` reads them); a temporary one when None.

    Returns:
        Instructions per operation by name.

    Raises:
        SystemExit: valgrind is missing, or the process failed.
    """
    with server() as base:
        return per_operation(_dumps(["bench.count_cases", base, *names], 3 * len(names), keep), names)


def measure_cold(keep: Path | None = None) -> dict[str, float]:
    """Count the parts of a first call in a new process.

    Args:
        keep: Folder for callgrind's dumps; a temporary one when None.

    Returns:
        Instructions by part.

    Raises:
        SystemExit: valgrind is missing, or the process failed.
    """
    with server() as base:
        address = f"{base}/cold/v1"
        # Not counted: byte code gets compiled, whatever the environment says of keeping it.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run(command(sys.executable, "bench.count_cold", address), check=True, env=env)
        return dict(zip(PARTS, _dumps(["bench.count_cold", address], len(PARTS), keep), strict=True))


def _dumps(module: list[str], count: int, keep: Path | None) -> list[int]:
    """Run a module of the bench under callgrind; the count of each part that ends with a mark."""
    if shutil.which("valgrind") is None:
        raise SystemExit("instruction counts need valgrind: apt-get install valgrind")
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("callgrind.out*"):
            old.unlink()
        dump = folder / "callgrind.out"
        argv = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={dump}", "--dump-before=ctermid"]
        argv += command(sys.executable, *module)
        # PYTHONMALLOC stays as it is in use: pymalloc's instructions are part of what an operation costs.
        env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(argv, env=env, cwd=temporary, capture_output=True, text=True)
        if ran.returncode:
            raise SystemExit(f"the counted process failed:\n{ran.stdout}{ran.stderr}")
        return [total((folder / f"callgrind.out.{i}").read_text()) for i in range(1, count + 1)]


def same_build(counts: dict[str, float], stored: dict[str, float]) -> bool:
    """True when the references count as they did when the limits were stored."""
    return all(abs(counts[name] / stored[name] - 1) <= SAME_BUILD for name in REFERENCES)


def judge(counts: dict[str, float], limits: dict[str, Any], where: str) -> tuple[str, list[Verdict]]:
    """Compare counts with limits.

    Args:
        counts: Instructions per operation, the references among them.
        limits: The content of ``limits.json``.
        where: The key of this Python and machine.

    Returns:
        How it was compared, in words, and a verdict for each case.
    """
    known = limits["counts"].get(where)
    if known is not None and same_build(counts, known):
        near, far = limits["tolerance"], limits["loopback_tolerance"]
        how = f"{where}: compared with stored counts, {near:.0%} slack ({far:.0%} over loopback)"
        return how, [
            _verdict(name, value, known.get(name), 1 + (far if name.startswith(LOOPBACK) else near))
            for name, value in counts.items()
        ]
    base = known or limits["counts"].get(limits["default"], {})
    scale = counts["ref.orjson"] / base.get("ref.orjson", counts["ref.orjson"])
    slack = 1 + limits["ratio_tolerance"]
    why = "another build of Python" if known is not None else "no counts stored"
    how = f"{where}: {why}; compared as multiples of ref.orjson, {limits['ratio_tolerance']:.0%} slack"
    verdicts = []
    for name, value in counts.items():
        stored = base.get(name)
        reference = name in REFERENCES
        verdicts.append(_verdict(name, value, None if stored is None or reference else stored * scale, slack))
    return how, verdicts


def quotients(counts: dict[str, float], bounds: dict[str, float]) -> list[Verdict]:
    """One case as a multiple of another, which no build of Python changes much.

    Args:
        counts: Instructions per operation.
        bounds: The largest multiple by ``dividend / divisor``.
    """
    out = []
    for name, bound in bounds.items():
        dividend, divisor = name.split(" / ")
        if dividend in counts and divisor in counts:
            out.append(Verdict(name, counts[dividend] / counts[divisor], None, bound))
    return out


def _verdict(name: str, counted: float, stored: float | None, slack: float) -> Verdict:
    return Verdict(name, counted, stored, None if stored is None else stored * slack)


def show(verdicts: list[Verdict]) -> str:
    """A table of the verdicts."""
    width = max(24, *(len(v.name) + 2 for v in verdicts))
    lines = [f"{'case':{width}s}{'counted':>12s}{'stored':>12s}{'limit':>12s}"]
    for v in verdicts:
        figures = (v.counted, v.stored, v.limit)
        texts = ["–" if x is None else f"{x:,.3f}" if " / " in v.name else f"{x:,.0f}" for x in figures]
        mark = "  EXCEEDED" if v.failed else ""
        lines.append(f"{v.name:{width}s}" + "".join(f"{text:>12s}" for text in texts) + mark)
    return "\n".join(lines)


def updated(limits: dict[str, Any], where: str, counts: dict[str, float]) -> dict[str, Any]:
    """``limits`` with this build's counts in place of the old ones; cases not counted keep theirs."""
    kept = {name: value for name, value in limits["counts"].get(where, {}).items() if name in CASES}
    rounded = {name: round(value) for name, value in counts.items()}
    return {**limits, "counts": {**limits["counts"], where: dict(sorted({**kept, **rounded}.items()))}}


def main(argv: list[str] | None = None) -> int:
    """Count, compare, perhaps store; the exit status."""
    epilog = "\n".join(f"{c.name:24s}{c.about}" for c in CASES.values())
    epilog += f"\n{'cold.call':24s}a first responses.create() in a new process, and what oxide imports for it"
    parser = argparse.ArgumentParser(
        "python -m bench.counts",
        description=__doc__,
        epilog=epilog,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--only", metavar="PATTERNS", help="cases, comma-separated; * matches")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a limit is exceeded")
    parser.add_argument(
        "--update", action="store_true", help="store the counts as the new limits of this build"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep callgrind's dumps here")
    args = parser.parse_args(argv)
    patterns = args.only.split(",") if args.only else ["*"]
    names = [c for c in CASES if c in REFERENCES or any(fnmatch.fnmatch(c, pattern) for pattern in patterns)]
    counts = measure(names, args.keep)
    limits: dict[str, Any] = json.loads(LIMITS.read_text(encoding="utf-8"))
    if args.update:
        LIMITS.write_text(json.dumps(updated(limits, key(), counts), indent=1) + "\n", encoding="utf-8")
        limits = json.loads(LIMITS.read_text(encoding="utf-8"))
    how, verdicts = judge(counts, limits, key())
    # Of what is imported every build has its own count; the parts are held to each other alone.
    cold = any(fnmatch.fnmatch("cold.call", pattern) for pattern in patterns)
    verdicts += quotients({**counts, **(measure_cold() if cold else {})}, limits["quotients"])
    print(how, show(verdicts), sep="\n")
    failed = [v.name for v in verdicts if v.failed]
    if args.check and failed:
        print(
            f"{len(failed)} over the limit: {', '.join(failed)}. If that is meant, --update them and say why."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
