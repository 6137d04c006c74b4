"""One process that asks a limiter for as many turns as it gets: ``limiter_worker.py LIMITER FOLDER RATE SECONDS``.

Prints ``ready``, waits for a line, and prints when each turn came.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Take turns until the time is up."""
    name, folder, rate, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    take = _alfred(folder, rate) if name == "alfred" else _pyrate(folder, rate, shared="SQLite" in name)
    print("ready", flush=True)
    sys.stdin.readline()
    moments = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        take()
        moments.append(time.monotonic())
    print(json.dumps(moments))


def _alfred(folder: Path, rate: int) -> Callable[[], object]:
    limits: Any = importlib.import_module("alfred.infrastructure.persistence.state.rate_limit")
    take: Callable[[], object] = limits.RateLimit(folder, provider="tmdb", requests_per_second=rate).wait_for_turn
    return take


def _pyrate(folder: Path, rate: int, *, shared: bool) -> Callable[[], object]:
    pyrate: Any = importlib.import_module("pyrate_limiter")
    rates = [pyrate.Rate(rate, pyrate.Duration.SECOND)]
    if shared:
        bucket = pyrate.SQLiteBucket.init_from_file(rates, db_path=str(folder / "bucket"), use_file_lock=True)
        limiter = pyrate.Limiter(bucket)
    else:
        limiter = pyrate.Limiter(rates[0])
    return lambda: limiter.try_acquire("tmdb")


if __name__ == "__main__":
    main()
