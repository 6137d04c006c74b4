"""Writing to the index: upserts of shows with 100 slots, in a small library and in one of 100 times its size."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, repeat
from pathlib import Path

from alfred.domain.library.release import SeriesRelease
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from bench.invented import SLOTS, a_release, a_show, folder_name, slot_rows
from bench.measuring import Contestant, Sample, seconds, take_turns
from bench.plain_store import PlainStore
from bench.printing import note, table, times, verdict, verdict_at_least
from bench.workspace import Workspace

GROWTH_AT_MOST = 1.15
UPSERTS_AT_LEAST = 2000.0
LOADS = 10

Content = Callable[[int, int], tuple[TVShowInfo, SeriesRelease]]
"""Takes the number of a show and an edition that was never written before."""


@dataclass(frozen=True, slots=True)
class Stores:
    """A library of some size in Alfred's index and in the plain store."""

    shows: int
    index: DotAlfredTVShowLibraryIndex
    plain: PlainStore


CHANGES: dict[str, Content] = {
    "unchanged": lambda number, _: (a_show(number), a_release(number)),
    "every file changed": lambda number, edition: (a_show(number), a_release(number, edition=edition)),
    "one season of five changed": lambda number, edition: (
        a_show(number, edition=edition, later_seasons_only=True),
        a_release(number),
    ),
    "every title changed": lambda number, edition: (a_show(number, edition=edition), a_release(number)),
}


def run(workspace: Workspace) -> None:
    small, large = workspace.size(100, 20), workspace.size(10_000, 200)
    folder = workspace.folder / "index"
    folder.mkdir()
    rounds, upserts = workspace.size(5, 2), workspace.size(1000, 40)
    note(f"{SLOTS} slots a show, three of four with a file; one transaction a show; {upserts} upserts a round")

    stores = [_open(workspace, folder, shows) for shows in (small, large)]
    loads = [_load(one) for one in stores]
    rows: list[tuple[str, ...]] = []
    for one, (alfred, plain) in zip(stores, loads, strict=True):
        what = f"{one.shows:,} shows, by tenths"
        rows.append((what, alfred.as_rate(), plain.as_rate(), times(alfred.over(plain))))
    table(("first load, shows/s", "alfred", "plain table", "alfred of plain"), rows)

    editions = count(1)
    rows = []
    for what, content in CHANGES.items():
        samples = _measure(stores, content, editions, upserts=upserts, rounds=rounds)
        rows.append(_row(what, samples))
        _restore(stores, upserts)
    table(
        (
            "upserts/s",
            f"alfred, {small:,} shows",
            f"alfred, {large:,}",
            f"plain table, {large:,}",
            "alfred of plain",
            "goal",
            f"cost at {large:,} of {small:,}",
            "goal",
        ),
        rows,
    )
    for one in stores:
        one.index.close()
        one.plain.close()
        workspace.discard(workspace.folder / f"index-{one.shows}")
    workspace.discard(folder)


def _open(workspace: Workspace, folder: Path, shows: int) -> Stores:
    root = workspace.new_library(f"index-{shows}")
    return Stores(shows, DotAlfredTVShowLibraryIndex(root), PlainStore(folder / f"plain-{shows}.sqlite3"))


def _load(stores: Stores) -> tuple[Sample, Sample]:
    """Fill both stores, a tenth at a time in turn, and return the shows a second of each tenth."""
    tenths = [
        range(start, start + stores.shows // LOADS) for start in range(0, stores.shows, stores.shows // LOADS)
    ]
    for_alfred, for_plain = iter(tenths), iter(tenths)
    contestants: dict[str, Contestant] = {
        "alfred": lambda: _alfred_rate(stores.index, _contents(next(for_alfred), CHANGES["unchanged"], repeat(0))),
        "plain": lambda: _plain_rate(stores.plain, _contents(next(for_plain), CHANGES["unchanged"], repeat(0))),
    }
    samples = take_turns(contestants, rounds=len(tenths), warm_ups=0)
    return samples["alfred"], samples["plain"]


def _measure(
    stores: Sequence[Stores], content: Content, editions: Iterator[int], *, upserts: int, rounds: int
) -> dict[str, Sample]:
    """Let Alfred at both sizes and the plain store at the larger one take turns."""
    small, large = stores
    contestants: dict[str, Contestant] = {
        "small": lambda: _alfred_rate(small.index, _contents(_some(small.shows, upserts), content, editions)),
        "large": lambda: _alfred_rate(large.index, _contents(_some(large.shows, upserts), content, editions)),
        "plain": lambda: _plain_rate(large.plain, _contents(_some(large.shows, upserts), content, editions)),
    }
    return take_turns(contestants, rounds=rounds)


def _restore(stores: Sequence[Stores], upserts: int) -> None:
    """Write the first edition again, so that each change is measured from the same state."""
    for one in stores:
        numbers = sorted(set(_some(one.shows, upserts)))
        _alfred_rate(one.index, _contents(numbers, CHANGES["unchanged"], repeat(0)))


def _some(shows: int, upserts: int) -> list[int]:
    """Choose the shows of a round: the same in each round, spread over the library, all before any comes again."""
    chosen = random.Random(shows).sample(range(shows), min(shows, upserts))
    return [chosen[place % len(chosen)] for place in range(upserts)]


def _contents(
    numbers: Iterable[int], content: Content, editions: Iterator[int]
) -> list[tuple[int, TVShowInfo, SeriesRelease]]:
    return [(number, *content(number, next(editions))) for number in numbers]


def _alfred_rate(
    index: DotAlfredTVShowLibraryIndex, contents: Sequence[tuple[int, TVShowInfo, SeriesRelease]]
) -> float:
    def work() -> None:
        for number, info, release in contents:
            index.upsert(info, release, path=folder_name(number), fetched_at=datetime.now(UTC))

    return len(contents) / seconds(work)


def _plain_rate(store: PlainStore, contents: Sequence[tuple[int, TVShowInfo, SeriesRelease]]) -> float:
    shows = [slot_rows(info, release) for _, info, release in contents]

    def work() -> None:
        for rows in shows:
            store.upsert(rows)

    return len(shows) / seconds(work)


def _row(what: str, samples: dict[str, Sample]) -> tuple[str, ...]:
    small, large, plain = samples["small"], samples["large"], samples["plain"]
    growth = small.over(large)
    return (
        what,
        small.as_rate(),
        large.as_rate(),
        plain.as_rate(),
        times(large.over(plain)),
        verdict_at_least(large.median, UPSERTS_AT_LEAST),
        times(growth),
        verdict(growth, GROWTH_AT_MOST),
    )
