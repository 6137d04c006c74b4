"""``python -m bench [NAME]... [--quick]``: measure, print tables, fail nothing."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from bench.printing import heading, note
from bench.workspace import machine, open_workspace

BENCHMARKS = {
    "startup": "bench.startup",
    "rescan": "bench.rescan",
    "index": "bench.index",
    "wanted": "bench.wanted",
    "requests": "bench.tmdb_requests",
    "refresh": "bench.refresh",
    "limiter": "bench.limiter",
    "provider": "bench.provider",
    "names": "bench.names",
}
BODIES = Path(__file__).resolve().parents[2] / "shared" / "tmdb"


def main() -> None:
    """Run the benchmarks that were named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, print tables, fail nothing.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds, to see that all works")
    parser.add_argument("--bodies", type=Path, default=BODIES, help="recorded bodies of TMDB for 'requests'")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}: there are {', '.join(BENCHMARKS)}")
    with open_workspace(quick=options.quick, bodies=options.bodies) as workspace:
        print(machine(workspace.folder), flush=True)
        if options.quick:
            note("quick: the sizes are small, so that figures and goals mean little")
        for name in options.names or BENCHMARKS:
            module = importlib.import_module(BENCHMARKS[name])
            heading(f"{name}: {str(module.__doc__).splitlines()[0]}")
            module.run(workspace)


if __name__ == "__main__":
    main()
