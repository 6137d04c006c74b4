"""Batches that ask TMDB for less than everything: its list of changes, and conditional requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alfred.application.tv_shows.refresh import RefreshReport
from alfred.composition import Library, initialise
from alfred.demo.faults import Fault, Refuse
from alfred.demo.stand_in import StandIn
from alfred.domain.library.entry import EntryState, Outcome
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.settings import Settings
from tests.e2e.alfred_process import write_invented_show
from tests.fakes.clock import FakeClock

START = datetime(2026, 5, 1, 15, tzinfo=UTC)
CHANGED_IN_ALL = 4000


class World:
    """A library, a stand-in for TMDB, and a clock for both."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START)
        self.folder = folder
        self.root = folder / "TV"
        self.root.mkdir()
        self.server = StandIn(folder / "tmdb", aliases=lambda _id: 1, today=lambda: self.clock().date())
        self.settings = Settings(state_dir=folder / "state", tmdb_token="a.token", tmdb_requests_per_second=1000)  # noqa: S106
        write_invented_show(folder / "tmdb", 1)

    def start(self) -> None:
        self.settings = replace(self.settings, tmdb_base_url=self.server.url)
        initialise(self.root, self.settings, now=self.clock)

    @contextmanager
    def library(self) -> Iterator[Library]:
        library = Library(self.root, self.settings, now=self.clock)
        try:
            yield library
        finally:
            library.close()

    def adopt(self, shows: int) -> None:
        """Put shows into the index with facts of now, without asking for them."""
        with self.library() as library, library.index.exclusive():
            for number in range(1, shows + 1):
                info = TVShowInfo(tmdb_id=TmdbId(number), name=f"Show {number}", status="Ended")
                library.index.upsert(info, None, path=f"Show {number}", fetched_at=self.clock())

    def refresh(self, *, force: bool = False, max_requests: int | None = None) -> RefreshReport:
        with self.library() as library:
            return library.refresh(library.refresh_rule(force=force), max_requests=max_requests)

    def change(self, ids: list[int], *, days: int = 1) -> None:
        for position, tmdb_id in enumerate(ids):
            day = self.clock().date() - timedelta(days=position % days)
            self.server.changed.setdefault(day, []).append(tmdb_id)

    def statuses(self) -> list[int | None]:
        seen = [request.status for request in self.server.requests]
        self.server.requests.clear()
        return seen

    def rename(self, name: str) -> None:
        file = self.folder / "tmdb" / "tv" / "1.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "name": name}))
        self.server.reload()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    made = World(tmp_path)
    with made.server:
        made.start()
        yield made


# --- the list of changes


@pytest.mark.parametrize("days", [1, 3, 14])
@pytest.mark.parametrize("shows", [50, 500, 5000])
def test_a_batch_takes_no_more_requests_with_the_list_than_by_its_plan(
    world: World, shows: int, days: int
) -> None:
    world.adopt(shows)
    world.settings = replace(world.settings, tmdb_cache_ttl_days=days)
    world.clock.advance(days=days)
    changed = list(range(1, shows // 5 + 1))
    world.change(changed + list(range(100_000, 100_000 + CHANGED_IN_ALL - len(changed))), days=days)

    report = world.refresh()

    if shows == 50:  # too few for a list of 40 pages: after the first one they are fetched
        assert (report.refreshed, report.unchanged, report.requests) == (50, 0, 51)
        assert "40 pages, for 50 shows" in str(report.note)
    else:
        assert (report.refreshed, report.unchanged) == (len(changed), shows - len(changed))
        assert report.requests == 40 + len(changed)
        assert report.note is None
    assert world.server.total == report.requests
    with world.library() as library:
        assert list(library.plan_refresh(library.refresh_rule())) == []


def test_the_list_is_read_once_by_two_batches_in_an_hour(world: World) -> None:
    world.adopt(500)
    world.clock.advance(days=8)
    world.change(list(range(1, 401)))

    first = world.refresh(max_requests=54)
    again = world.refresh()

    assert (first.unchanged, first.requests, first.left) == (100, 54, 350)
    assert (again.refreshed, again.requests) == (350, 350)


def test_facts_of_half_a_year_are_fetched_whatever_the_list_says(world: World) -> None:
    world.adopt(200)
    world.change([100_000])
    fetched = 0
    for _ in range(24):
        world.clock.advance(days=8)
        world.change([100_000])
        fetched += world.refresh().refreshed

    assert fetched == 200


def test_forced_shows_are_fetched_whatever_the_list_says(world: World) -> None:
    world.adopt(100)
    world.change([100_000])

    report = world.refresh(force=True)

    assert (report.refreshed, report.requests) == (100, 100)


def test_a_list_that_fails_is_said_and_everything_is_fetched(world: World) -> None:
    world.adopt(60)
    world.clock.advance(days=8)
    world.change([100_000])
    world.server.faults.append(Fault(Refuse(404, 34), path=lambda path: path.endswith("/changes")))

    report = world.refresh()

    assert (report.refreshed, report.unchanged, report.requests) == (60, 0, 61)
    assert str(report.note).startswith("the list of changes was of no use")


# --- conditional requests


def test_a_show_that_did_not_change_is_confirmed_without_its_body(world: World) -> None:
    world.adopt(1)
    world.clock.advance(days=8)
    first = world.refresh()
    fetched_at = world.clock()
    world.clock.advance(days=8)
    second = world.refresh()

    assert world.statuses() == [200, 304]
    assert (first.refreshed, first.unchanged) == (1, 0)
    assert (second.refreshed, second.unchanged, second.requests, second.failed) == (0, 1, 1, ())
    with world.library() as library:
        entry = library.index.find_by_tmdb_id(TmdbId(1))
    assert entry is not None
    assert (entry.metadata.fetched_at, entry.metadata.verified_at) == (fetched_at, world.clock())


def test_a_show_that_changed_is_written(world: World) -> None:
    world.adopt(1)
    world.clock.advance(days=8)
    world.refresh()
    world.rename("Another name")
    world.clock.advance(days=8)
    report = world.refresh()

    assert world.statuses() == [200, 200]
    assert report.refreshed == 1
    with world.library() as library:
        entry = library.index.find_by_tmdb_id(TmdbId(1))
    assert entry is not None
    assert entry.name == "Another name"


def test_sync_asks_conditionally_too_unless_it_is_forced(world: World) -> None:
    world.adopt(1)
    with world.library() as library:
        for force in (False, False, True):
            world.clock.advance(days=8)
            entry = library.sync(TmdbId(1), force=force).entry
            assert entry.metadata.verified_at == world.clock()

    assert world.statuses() == [200, 304, 200]


def test_a_confirmation_ends_a_failure(world: World) -> None:
    world.adopt(1)
    world.clock.advance(days=8)
    world.refresh()
    world.clock.advance(days=8)
    world.server.faults.append(Fault(Refuse(400, 18), times=1))
    assert len(world.refresh().failed) == 1
    world.clock.advance(days=2)
    report = world.refresh()

    assert world.statuses() == [200, 400, 304]
    assert report.unchanged == 1
    with world.library() as library:
        record = library.index.sync_record(TmdbId(1))
        planned = list(library.plan_refresh(library.refresh_rule(states=list(EntryState))))
    assert (record.outcome, record.error_class, record.attempts) == (Outcome.OK, None, 0)
    assert [one.state for one in planned] == [EntryState.FRESH]


def test_half_a_year_of_confirmations_ends_with_a_whole_answer(world: World) -> None:
    world.adopt(1)
    for _ in range(25):
        world.clock.advance(days=8)
        world.refresh()

    assert world.statuses() == [200, *[304] * 22, 200, 304]
