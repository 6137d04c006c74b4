"""Asking a large index: 10,000 shows of 100 slots, a quarter of them without a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from bench.invented import SLOTS, a_release, a_show, folder_name, slot_rows
from bench.measuring import Contestant, process_seconds, seconds, take_turns
from bench.plain_store import PlainStore
from bench.printing import note, table, times, verdict
from bench.workspace import Workspace, alfred

COUNT_MS_AT_MOST = 20.0
STALE_MS_AT_MOST = 10.0
LATEST = 100

PLAIN_PROCESS = """
import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT tmdb_id, season, number, air_date, title FROM slot WHERE path IS NULL AND air_date <= ?"
    " ORDER BY air_date DESC LIMIT ?", sys.argv[2:4])
keys = ("tmdb_id", "season", "episode", "air_date", "title")
print(json.dumps({"episodes": [dict(zip(keys, row)) for row in rows]}, indent=2))
"""


def run(workspace: Workspace) -> None:
    shows, rounds = workspace.size(10_000, 200), workspace.size(7, 2)
    root = workspace.new_library("wanted")
    path = workspace.folder / "wanted-plain.sqlite3"
    plain = PlainStore(path)
    with DotAlfredTVShowLibraryIndex(root) as index:
        _fill(index, plain, shows)
        note(f"{shows:,} shows, {shows * SLOTS:,} slots, {index.count_wanted():,} of them wanted")
        _queries(index, plain, rounds)
    plain.close()
    _processes(workspace, root, path, rounds)
    workspace.discard(root)
    path.unlink()


def _fill(index: DotAlfredTVShowLibraryIndex, plain: PlainStore, shows: int) -> None:
    for number in range(shows):
        info, release = a_show(number), a_release(number)
        index.upsert(info, release, path=folder_name(number), fetched_at=datetime.now(UTC))
        plain.upsert(slot_rows(info, release))
    plain.index_what_is_missing()


def _queries(index: DotAlfredTVShowLibraryIndex, plain: PlainStore, rounds: int) -> None:
    today = datetime.now(UTC).date().isoformat()
    later = datetime.now(UTC) + timedelta(days=1)
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object] | None, float | None]] = {
        "count what is wanted": (index.count_wanted, lambda: plain.count_missing(today), COUNT_MS_AT_MOST),
        f"the latest {LATEST} wanted": (
            lambda: list(islice(index.wanted(), LATEST)),
            lambda: plain.missing(today, limit=LATEST),
            None,
        ),
        "all wanted": (lambda: list(index.wanted()), lambda: plain.missing(today), None),
        "all entries": (lambda: list(index.entries()), None, None),
        "all ids, all stale": (
            lambda: list(index.candidates(true_until=later, now=later)),
            None,
            STALE_MS_AT_MOST,
        ),
    }
    rows = []
    for what, (ask, ask_plain, at_most) in pairs.items():
        contestants: dict[str, Contestant] = {"alfred": partial(seconds, ask)}
        if ask_plain is not None:
            contestants["plain"] = partial(seconds, ask_plain)
        samples = take_turns(contestants, rounds=rounds)
        ours, bound = samples["alfred"], samples.get("plain")
        rows.append(
            (
                what,
                ours.in_milliseconds(),
                bound.in_milliseconds() if bound else "",
                times(ours.over(bound)) if bound else "",
                verdict(ours.median * 1000, at_most) if at_most else "",
            )
        )
    table(("in one process", "alfred, ms", "plain table, ms", "alfred of plain", "goal, ms"), rows)


def _processes(workspace: Workspace, root: Path, path: Path, rounds: int) -> None:
    today = datetime.now(UTC).date().isoformat()
    environment = workspace.on_library(root)
    plain = [sys.executable, "-c", PLAIN_PROCESS, str(path), today]
    pairs = {
        f"alfred wanted --limit {LATEST}": (alfred("wanted", "--limit", str(LATEST)), [*plain, str(LATEST)]),
        "alfred wanted --json": (alfred("wanted", "--json"), [*plain, "-1"]),
        "alfred list": (alfred("list"), None),
    }
    rows = []
    for what, (ours, bound) in pairs.items():
        contestants: dict[str, Contestant] = {"alfred": partial(process_seconds, ours, environment)}
        if bound is not None:
            contestants["plain"] = partial(process_seconds, bound, environment)
        samples = take_turns(contestants, rounds=rounds)
        rows.append(
            (
                what,
                samples["alfred"].in_milliseconds(),
                samples["plain"].in_milliseconds() if bound else "",
                times(samples["alfred"].over(samples["plain"])) if bound else "",
            )
        )
    table(("whole process", "alfred, ms", "sqlite3 + json, ms", "alfred of plain"), rows)
