"""Turns kept results into a table, and two sets of results into a comparison."""

from __future__ import annotations

from typing import Any

from bench.targets import TARGETS
from bench.workloads import WORKLOADS

README_PEERS = {
    "aiohttp": "aiohttp + orjson, untyped",
    "official": "official SDK",
    "rust": "openai-oxide's wheel",
}
"""Peers that the README compares with, and how it calls them."""


def duration(seconds: float) -> str:
    """Seconds with three digits and a fitting unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale or unit == "µs":
            value = seconds / scale
            return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    raise AssertionError


def size(count: float) -> str:
    """Bytes in KB or MB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"


def _rows(results: dict[str, Any]) -> list[list[str]]:
    peers = results["meta"]["peers"]
    rows = [["workload", *peers, "target", "measured (min – max)", ""]]
    for name, measured in results["workloads"].items():
        cells = [name]
        for peer in peers:
            found = measured["peers"].get(peer)
            cells.append("–" if found is None else duration(found["cpu"]["median"]))
        targets = [t for t in TARGETS if t.workload == name]
        if not targets:
            ratio = measured["ratios"].get("aiohttp")
            rows.append([*cells, "", _ratio(ratio, "aiohttp") if ratio else "", ""])
        for i, target in enumerate(targets):
            value = target.value(measured)
            if value is None:
                shown, verdict = "", "not measured"
            else:
                verdict = "met" if value <= target.bound else "MISSED"
                shown = size(value) if target.what == "bytes" else _ratio(measured["ratios"][target.against])
            rows.append([*(cells if i == 0 else [""] * len(cells)), target.label(), shown, verdict])
        memory = {
            peer: found["bytes"]["median"] for peer, found in measured["peers"].items() if "bytes" in found
        }
        if memory:
            what = "  memory/stream" if name.startswith("idle") else "  peak memory"
            rows.append([what, *(size(memory[p]) if p in memory else "–" for p in peers), "", "", ""])
    return rows


def _ratio(ratio: dict[str, float], against: str = "") -> str:
    tail = f" × {against}" if against else ""
    return f"{ratio['median']:.3f} ({ratio['min']:.3f} – {ratio['max']:.3f}){tail}"


def table(results: dict[str, Any], markdown: bool = False) -> str:
    """The results as text: CPU time per operation of each peer, the targets and what was measured."""
    rows = _rows(results)
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first = row[0].ljust(widths[0])
        middle = (cell.rjust(width) for cell, width in zip(row[1:-3], widths[1:-3], strict=True))
        last = (cell.ljust(width) for cell, width in zip(row[-3:], widths[-3:], strict=True))
        lines.append("  ".join([first, *middle, *last]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def readme_table(results: dict[str, Any]) -> str:
    """The table of the README: what oxide costs for each workload, and that divided by each peer's cost."""
    peers = [p for p in README_PEERS if any(p in found["ratios"] for found in results["workloads"].values())]
    lines = ["| workload | oxide | " + " | ".join(f"÷ {README_PEERS[p]}" for p in peers) + " |"]
    lines.append("|---" * (2 + len(peers)) + "|")
    for name, measured in results["workloads"].items():
        about = WORKLOADS[name].about
        if alone := measured["ratios"].get("pydantic"):
            about += f"; {_ratio(alone)} × the validation alone"
        cells = [f"`{name}`: {about}", duration(measured["peers"]["oxide"]["cpu"]["median"])]
        for peer in peers:
            ratio = measured["ratios"].get(peer)
            cells.append(
                "–" if ratio is None else f"{ratio['median']:.3f} ({ratio['min']:.3f} – {ratio['max']:.3f})"
            )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def legend(results: dict[str, Any]) -> str:
    """What was run, on what, and what each workload is."""
    meta = results["meta"]
    lines = [
        "CPU time of the client process per operation (user + system), "
        f"medians of up to {meta['rounds']} alternating rounds.",
        f"{meta['machine']}, {meta['system']}, Python {meta['python']}, {meta['date']}",
    ]
    lines += [
        f"{peer}: " + ", ".join(f"{k} {v}" for k, v in found.items())
        for peer, found in meta["versions"].items()
    ]
    lines += [f"skipped {peer}: {why}" for peer, why in meta["skipped"].items()]
    lines += [f"failed {where}: {why}" for where, why in meta["failed"].items()]
    return "\n".join(lines)


def workloads() -> str:
    """The list of workloads with a line about each."""
    return "\n".join(f"{name:22s}{workload.about}" for name, workload in WORKLOADS.items())


def comparison(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Ratios of two kept results side by side: only ratios travel between runs, never microseconds."""
    lines = [f"{'workload':22s}{'against':18s}{'old':>8s}{'new':>8s}{'change':>9s}"]
    for name, measured in new["workloads"].items():
        before = old["workloads"].get(name, {"ratios": {}})["ratios"]
        for against, ratio in measured["ratios"].items():
            if against in before:
                a, b = before[against]["median"], ratio["median"]
                lines.append(f"{name:22s}{against:18s}{a:8.3f}{b:8.3f}{100 * (b / a - 1):+8.1f}%")
    return "\n".join(lines)
