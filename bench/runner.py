"""Starts the server and the peers, lets them take turns, and gathers what they measured."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.peers.host import MODULES, ONLY
from bench.stats import operations, ratios, spread
from bench.workloads import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent
OURS = "oxide"
RUST_PACKAGE = "openai-oxide==0.17.0"
# The project's root goes last: an installed oxide, with its compiled modules, must win over the source tree.
_BOOT = (
    "import runpy, sys; sys.path.append({root!r}); sys.argv = {argv!r}; "
    "runpy.run_module({module!r}, run_name='__main__')"
)


class PeerFailed(Exception):
    """A peer answered with an error or its process ended."""


def command(python: str, module: str, *args: str) -> list[str]:
    """The command line that runs a module of the bench with the project's root last on the path."""
    return [python, "-c", _BOOT.format(root=str(ROOT), argv=[module, *args], module=module)]


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run ``bench.server`` in its own process; yields its base address."""
    with tempfile.TemporaryDirectory() as elsewhere:
        process = subprocess.Popen(
            command(sys.executable, "bench.server"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=elsewhere,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()


class LivePeer:
    """A peer's process and the line protocol spoken with it."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self.python = python
        self._where = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            command(python, "bench.peers.host", name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._where.name,
        )

    def tell(self, **what: Any) -> dict[str, Any]:
        """Send one command and wait for its answer.

        Raises:
            PeerFailed: The peer could not do it, or is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerFailed("its process ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed("its process ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._where.cleanup()


def rust_python(given: str | None, cache: Path) -> str:
    """A CPython 3.9 with openai-oxide installed in a private environment below ``cache``.

    Raises:
        PeerFailed: There is no Python 3.9, or the wheel could not be installed.
    """
    found = given or shutil.which("python3.9")
    if found is None:
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        found = next((str(p) for p in sorted(pyenv.glob("3.9.*/bin/python3.9"))), None)
    if found is None:
        raise PeerFailed("needs CPython 3.9 (give --python39 PATH)")
    venv = cache / "rust-venv"
    python = venv / "bin" / "python"
    installed = venv / RUST_PACKAGE
    if not installed.exists():
        try:
            subprocess.run(
                [found, "-m", "venv", "--clear", str(venv)], check=True, capture_output=True, timeout=120
            )
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", RUST_PACKAGE]
            subprocess.run(pip, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise PeerFailed(f"could not install {RUST_PACKAGE} for {found}: {error}") from error
        installed.touch()
    return str(python)


def machine() -> str:
    """The processor's name and the number of cores."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count()} cores"


class Run:
    """One side-by-side run."""

    def __init__(
        self,
        peers: list[str],
        workloads: list[str],
        rounds: int,
        budget: float,
        python39: str | None = None,
        seconds: float = 30.0,
        say: Callable[[str], None] = print,
    ) -> None:
        self.workloads = [WORKLOADS[name] for name in workloads]
        self.rounds = rounds
        self.budget = budget
        self.seconds = seconds
        self.say = say
        self.pythons: dict[str, str] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.skipped: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        for peer in peers:
            try:
                self.pythons[peer] = (
                    rust_python(python39, ROOT / "bench/results") if peer == "rust" else sys.executable
                )
            except PeerFailed as why:
                self.skipped[peer] = str(why)
                say(f"skipping {peer}: {why}")

    def results(self) -> dict[str, Any]:
        """Run everything; the results as they are kept in JSON."""
        done: dict[str, Any] = {}
        live: dict[str, LivePeer] = {}
        with server() as base:
            try:
                for workload in self.workloads:
                    samples = self._measured(workload, base, live)
                    done[workload.name] = self._summary(samples)
                    self.say(_progress(workload.name, done[workload.name]))
            finally:
                for peer in live.values():
                    peer.close()
        return {"meta": self._meta(), "workloads": done}

    def _meta(self) -> dict[str, Any]:
        return {
            "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
            "machine": machine(),
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
            "rounds": self.rounds,
            "peers": list(self.pythons),
            "versions": self.versions,
            "skipped": self.skipped,
            "failed": self.failed,
        }

    def _measured(
        self, workload: Workload, base: str, live: dict[str, LivePeer]
    ) -> dict[str, list[dict[str, Any]]]:
        peers = [p for p in self.pythons if ONLY.get(p, workload.api) == workload.api]
        if workload.kind in ("import", "cold"):
            return self._rounds(
                workload, {p: self._new_process(p, workload, base) for p in peers if p != "floor"}
            )
        if workload.kind == "idle":
            return self._rounds(workload, {p: self._idle(p, workload, base) for p in peers})
        takers: dict[str, Callable[[], dict[str, Any]]] = {}
        for name in peers:
            if workload.kind == "helper" and name not in (OURS, "official"):
                continue
            try:
                takers[name] = self._ready(name, workload, base, live)
            except PeerFailed as why:
                self._fail(name, workload, why)
        return self._rounds(workload, takers)

    def _fail(self, peer: str, workload: Workload, why: PeerFailed) -> None:
        self.failed[f"{workload.name}/{peer}"] = str(why)
        self.say(f"{workload.name}: {peer} failed: {why}")

    def _ready(
        self, name: str, workload: Workload, base: str, live: dict[str, LivePeer]
    ) -> Callable[[], dict[str, Any]]:
        if name not in live:
            live[name] = LivePeer(name, self.pythons[name])
        peer = live[name]
        try:
            self.versions[name] = peer.tell(do="open", workload=workload.name, base=base)["versions"]
            first = peer.tell(do="run", n=1)
            warm = peer.tell(do="run", n=operations(first["cpu"], first["wall"], self.budget, 50))
        except PeerFailed:
            live.pop(name).close()
            raise
        n = operations(warm["cpu"], warm["wall"], self.budget)
        if n > 1:
            peer.tell(do="run", n=n)
        return lambda: peer.tell(do="run", n=n)

    def _idle(self, name: str, workload: Workload, base: str) -> Callable[[], dict[str, Any]]:
        def once() -> dict[str, Any]:
            # A new process each time: memory once taken from the system is not taken again.
            peer = LivePeer(name, self.pythons[name])
            try:
                self.versions[name] = peer.tell(do="open", workload=workload.name, base=base)["versions"]
                return peer.tell(do="idle")
            finally:
                peer.close()

        return once

    def _new_process(self, name: str, workload: Workload, base: str) -> Callable[[], dict[str, Any]]:
        script = str(ROOT / "bench/peers/cold.py")

        def once() -> dict[str, Any]:
            what = "import" if workload.kind == "import" else workload.api
            argv = [self.pythons[name], "-I", script, name, what, f"{base}/{workload.name}/v1"]
            ran = subprocess.run(argv, capture_output=True, text=True, timeout=60)
            if ran.returncode:
                raise PeerFailed((ran.stderr.strip().splitlines() or ["no output"])[-1])
            answer: dict[str, Any] = json.loads(ran.stdout)
            return answer

        return once

    def _rounds(
        self, workload: Workload, takers: dict[str, Callable[[], dict[str, Any]]]
    ) -> dict[str, list[dict[str, Any]]]:
        once = workload.kind in ("idle", "import", "cold")
        if once:
            # Byte code gets compiled and files get cached in a turn that does not count.
            takers = {name: take for name, take in takers.items() if self._turn(name, workload, take)}
        rounds = max(3, self.rounds // 2) if once else self.rounds
        least = 3 if once else min(5, rounds)
        samples: dict[str, list[dict[str, Any]]] = {name: [] for name in takers}
        start = time.monotonic()
        for done in range(rounds):
            if done >= least and time.monotonic() - start > self.seconds:
                break
            for name in list(samples):
                sample = self._turn(name, workload, takers[name])
                if sample is None:
                    del samples[name]
                else:
                    samples[name].append(sample)
        values = {name: taken[0]["value"] for name, taken in samples.items() if name != "floor"}
        if len(set(values.values())) > 1 and workload.kind != "import":
            raise SystemExit(f"{workload.name}: the peers did not read the same: {values}")
        return samples

    def _turn(
        self, name: str, workload: Workload, take: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        try:
            return take()
        except PeerFailed as why:
            self._fail(name, workload, why)
            return None

    @staticmethod
    def _summary(samples: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
        peers: dict[str, Any] = {}
        for name, taken in samples.items():
            peers[name] = {
                key: spread([sample[key] for sample in taken])
                for key in ("cpu", "wall", "bytes", "open_cpu", "idle_cpu")
                if key in taken[0]
            }
            peers[name]["n"] = taken[0]["n"]
            peers[name]["samples"] = [sample["cpu"] for sample in taken]
        ours = peers.get(OURS)
        against = {
            name: ratios(ours["samples"], found["samples"])
            for name, found in peers.items()
            if ours is not None and name != OURS
        }
        return {"peers": peers, "ratios": against}


def _progress(name: str, summary: dict[str, Any]) -> str:
    cells = (f"{peer} {found['cpu']['median'] * 1e6:,.0f} µs" for peer, found in summary["peers"].items())
    return f"{name}: " + ", ".join(cells)


PEERS = tuple(MODULES)
