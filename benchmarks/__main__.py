"""Measure and report (`make bench`, `make bench-quick`)."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import Bench, commit_of_ours
from benchmarks.findings import Results
from benchmarks.measure import ROOT, BenchError
from benchmarks.report import as_chart, as_json, as_text
from benchmarks.scenarios import ON_REQUEST, SCENARIOS

_FOLDER = ROOT / ".bench"
_RESULTS = Path(__file__).with_name("results.json")
_CHART = ROOT / "docs" / "benchmark.svg"
_REPEATS = 3
_BUSY_SHARE = 0.3


def main() -> int:
    """Run the scenarios that are asked for; return the exit code."""
    listed = "; ".join(f"{name}: {(scenario.__doc__ or '').strip()}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=f"{__doc__} Scenarios: {listed}")
    parser.add_argument("--quick", action="store_true", help="fewer records, one round")
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="this scenario (may be repeated)")
    parser.add_argument("--repeats", type=int, help=f"rounds; {_REPEATS} if not given, 1 with --quick")
    options = parser.parse_args()
    names = options.only or [name for name in SCENARIOS if name not in ON_REQUEST]
    bench = Bench(_FOLDER, repeats=options.repeats or (1 if options.quick else _REPEATS), quick=options.quick)
    about = _about(bench)
    load = os.getloadavg()[0]
    if load > _BUSY_SHARE * (os.cpu_count() or 1):
        _say(f"This machine is busy (load {load:.1f}): trust the ratios of CPU, not those of time.")
    results = Results()
    try:
        for name in names:
            sys.stderr.write(f"measuring {name} ...\n")
            results += SCENARIOS[name](bench)
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _say(as_text(results, quick=options.quick))
    whole = not options.quick and options.only is None
    path = _RESULTS if whole else _FOLDER / "results.json"
    path.write_text(as_json(results, about), encoding="utf-8")
    _say(f"\nWritten: {path.relative_to(ROOT)}")
    if whole:
        _CHART.parent.mkdir(exist_ok=True)
        foot = (
            f"Medians of {bench.repeats} rounds, Python {about['python']}, singer-sdk {about['singer_sdk']}. "
            "Bare loop: decode, build rows, post; no validation."
        )
        _CHART.write_text(as_chart(results.bars, "What runs of target-selligent take", foot), encoding="utf-8")
        _say(f"Written: {_CHART.relative_to(ROOT)}")
    return 0


def _about(bench: Bench) -> dict[str, object]:
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "singer_sdk": version("singer-sdk"),
        "target_selligent": version("target-selligent"),
        "commit": commit_of_ours(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 1),
        "rounds": bench.repeats,
        "quick": bench.quick,
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
