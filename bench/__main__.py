"""``python -m bench``: oxide beside other clients, in alternation, against one server."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
import time
from pathlib import Path

from bench import report
from bench.runner import PEERS, ROOT, Run
from bench.targets import missed
from bench.workloads import WORKLOADS


def chosen(known: tuple[str, ...], wanted: str | None, what: str) -> list[str]:
    """The names among ``known`` that comma-separated patterns name; all of them without patterns."""
    if wanted is None:
        return list(known)
    out = [name for name in known if any(fnmatch.fnmatch(name, pattern) for pattern in wanted.split(","))]
    if not out:
        raise SystemExit(f"no {what} matches {wanted!r}; there are {', '.join(known)}")
    return out


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser("python -m bench", description=__doc__, epilog=report.workloads(),
                                   formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    made.add_argument("--only", metavar="PATTERNS", help="workloads, comma-separated; * matches")
    made.add_argument("--peers", metavar="PATTERNS", help=f"peers among {', '.join(PEERS)}")
    made.add_argument("--rounds", type=int, default=15, help="alternating rounds (default 15)")
    made.add_argument("--budget", type=float, default=0.12, help="CPU seconds per sample (default 0.12)")
    made.add_argument(
        "--seconds", type=float, default=30.0, help="after these, 5 rounds are enough (default 30)"
    )
    made.add_argument("--quick", action="store_true", help="3 rounds of 0.05 s: a glance, not a measurement")
    made.add_argument("--json", type=Path, metavar="FILE", help="keep the results here too")
    made.add_argument("--load", type=Path, metavar="FILE", help="print kept results instead of measuring")
    made.add_argument("--compare", type=Path, metavar="OLD", help="print ratios beside those of kept results")
    made.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    made.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    made.add_argument("--readme", action="store_true", help="print the table of the README, nothing else")
    made.add_argument("--python39", metavar="PATH", help="a CPython 3.9 for openai-oxide's wheel")
    return made


def main(argv: list[str] | None = None) -> int:
    """Measure, print, keep; the exit status."""
    args = parser().parse_args(argv)
    if args.load:
        results = json.loads(args.load.read_text(encoding="utf-8"))
    else:
        rounds, budget = (3, 0.05) if args.quick else (args.rounds, args.budget)
        run = Run(
            chosen(PEERS, args.peers, "peer"),
            chosen(tuple(WORKLOADS), args.only, "workload"),
            rounds,
            budget,
            args.python39,
            args.seconds,
            lambda line: print(line, file=sys.stderr, flush=True),
        )
        results = run.results()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        keep = [ROOT / "bench/results" / f"{stamp}.json", *([args.json] if args.json else [])]
        for path in keep:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if args.readme:
        print(report.readme_table(results))
        return 0
    print(report.legend(results), report.table(results, args.markdown), sep="\n\n")
    if args.compare:
        print("\n" + report.comparison(json.loads(args.compare.read_text(encoding="utf-8")), results))
    complaints = missed(results)
    if args.check and complaints:
        print("\n" + "\n".join(complaints))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
