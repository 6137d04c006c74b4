"""Long lives of a library on a real disk, against a simple model of what must hold.

Folders move, vanish and come back; files come and go; shows are tagged, synced, pruned; sidecars are damaged and
the index is lost. Whatever the order: what the user said is there as long as one copy of it is, every entry is in
exactly the state that the model gives it, and a prune deletes what it listed.

``ALFRED_TEST_LIVES`` gives the number of lives; a few by default, thousands for a proof.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alfred.application.exceptions import ProviderError, RefusedToMark, ShowNotFoundInLibrary
from alfred.composition import Library, initialise
from alfred.domain.library.entry import EntryState, derive_state
from alfred.domain.library.placement import SlotState
from alfred.domain.library.release import FileStatus
from alfred.domain.shared.value_objects import TmdbId
from alfred.settings import Settings
from tests.builders import NOW, a_show
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider

LIVES = int(os.environ.get("ALFRED_TEST_LIVES", "40"))
STEPS = 30
IDS = (1, 2, 3, 4, 5, 6, 7)
PLACES = ("Show {0} [tmdbid-{0}]", "Renamed {0}", "A-F/Deep {0}", "Everybody's name")
TAGS = ("comfort", "sea", "with the kids")
TTL_DAYS = 7
LISTED_EPISODES = (1, 2, 3)

ids = st.sampled_from(IDS)
places = st.sampled_from(PLACES)
episodes = st.integers(1, 4)


@dataclass(frozen=True)
class Said:
    """One copy of what the user said.

    Attributes:
        turn: when it was said; None where that is not known any more.
    """

    turn: int | None = None
    tags: frozenset[str] = frozenset()
    note: str | None = None


def newest(*copies: Said | None) -> Said:
    dated = [copy for copy in copies if copy is not None and copy.turn is not None]
    if dated:
        return max(dated, key=lambda copy: copy.turn or 0)
    return next((copy for copy in copies if copy is not None and (copy.tags or copy.note)), Said())


@dataclass
class OnDisk:
    """A show folder, in the library or taken away.

    Attributes:
        path: relative to the root; None while it is away.
        sidecar: "whole", "cut" (tags can be salvaged), "ruined", or "none".
        copy: what the sidecar says, where it can be read.
    """

    path: str | None
    episodes: set[int] = field(default_factory=set)
    sidecar: str = "none"
    copy: Said = Said()

    @property
    def readable(self) -> Said | None:
        return self.copy if self.sidecar == "whole" else None

    @property
    def salvaged(self) -> Said | None:
        return replace(self.copy, turn=None) if self.sidecar == "cut" else self.readable


@dataclass
class Known:
    """An entry of the index.

    Attributes:
        path: where the index thinks the show is.
    """

    path: str
    copy: Said = Said()
    missing_since: datetime | None = None
    fetched_at: datetime | None = None
    outcome: str = ""

    def state(self, now: datetime) -> EntryState:
        if self.missing_since:
            return EntryState.MISSING
        if self.outcome == "failed":
            return EntryState.BROKEN
        if self.outcome == "delisted":
            return EntryState.DELISTED
        if self.fetched_at is None:
            return EntryState.PLACEHOLDER
        return EntryState.STALE if (now - self.fetched_at).days >= TTL_DAYS else EntryState.FRESH


class LibraryLife(RuleBasedStateMachine):
    """A library, the disk it is on, and the model of both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="library-life-"))
        self.root = self.folder / "TV"
        self.away = self.folder / "away"
        self.settings = Settings(state_dir=self.folder / "state", tmdb_cache_ttl_days=TTL_DAYS)
        self.clock = FakeClock()
        self.provider = FakeProvider(*(a_show(TmdbId(number)) for number in IDS))
        self.disk: dict[int, OnDisk] = {}
        self.index: dict[int, Known] = {}
        self.turn = 0
        self.library: Library | None = None

    def teardown(self) -> None:
        if self.library is not None:
            self.library.close()
        shutil.rmtree(self.folder)

    # --- helpers

    @property
    def open(self) -> Library:
        assert self.library is not None
        return self.library

    def reopen(self) -> None:
        if self.library is not None:
            self.library.close()
        self.library = Library(self.root, self.settings, now=self.clock)
        self.library.__dict__["provider"] = self.provider

    @property
    def present(self) -> dict[int, OnDisk]:
        return {tmdb_id: show for tmdb_id, show in self.disk.items() if show.path is not None}

    def is_free(self, path: str) -> bool:
        return all(show.path != path for show in self.disk.values())

    def at(self, tmdb_id: int) -> Path:
        path = self.disk[tmdb_id].path
        return self.away / str(tmdb_id) if path is None else self.root / path

    def sidecar_of(self, tmdb_id: int) -> Path:
        return self.at(tmdb_id) / ".alfred" / "release.json"

    def put_episode(self, tmdb_id: int, episode: int) -> None:
        file = self.at(tmdb_id) / "Season 01" / f"S01E{episode:02d}.mkv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x" * (10 * tmdb_id + episode), encoding="utf-8")
        settled = 1_600_000_000 + 10 * tmdb_id + episode
        os.utime(file, (settled, settled))
        self.disk[tmdb_id].episodes.add(episode)

    def some(self, *, away: bool) -> list[int]:
        return [tmdb_id for tmdb_id, show in self.disk.items() if (show.path is None) is away]

    # --- what happens

    @initialize()
    def begin(self) -> None:
        self.root.mkdir()
        self.away.mkdir()
        initialise(self.root, self.settings, now=self.clock)
        self.reopen()

    @rule(tmdb_id=ids, place=places, first=st.sets(episodes, min_size=1))
    def copy_a_new_show(self, tmdb_id: int, place: str, first: set[int]) -> None:
        path = place.format(tmdb_id)
        if tmdb_id in self.disk or not self.is_free(path):
            return
        self.disk[tmdb_id] = OnDisk(path)
        for episode in sorted(first):
            self.put_episode(tmdb_id, episode)
        (self.at(tmdb_id) / "tvshow.nfo").write_text(f"<tmdbid>{tmdb_id}</tmdbid>", encoding="utf-8")

    @rule(tmdb_id=ids, place=places)
    def move(self, tmdb_id: int, place: str) -> None:
        path = place.format(tmdb_id)
        if tmdb_id in self.disk and self.is_free(path):
            source = self.at(tmdb_id)
            target = self.root / path
            target.parent.mkdir(exist_ok=True)
            source.rename(target)
            self.disk[tmdb_id].path = path

    @rule(chosen=st.sets(ids, min_size=1))
    def take_away(self, chosen: set[int]) -> None:
        for tmdb_id in chosen & set(self.some(away=False)):
            self.at(tmdb_id).rename(self.away / str(tmdb_id))
            self.disk[tmdb_id].path = None

    @rule(tmdb_id=ids)
    def delete_for_good(self, tmdb_id: int) -> None:
        if tmdb_id in self.disk:
            shutil.rmtree(self.at(tmdb_id))
            del self.disk[tmdb_id]

    @rule(tmdb_id=ids, episode=episodes, comes=st.booleans())
    def a_file_comes_or_goes(self, tmdb_id: int, episode: int, comes: bool) -> None:
        if tmdb_id not in self.disk:
            return
        if comes:
            self.put_episode(tmdb_id, episode)
        elif episode in self.disk[tmdb_id].episodes and len(self.disk[tmdb_id].episodes) > 1:
            (self.at(tmdb_id) / "Season 01" / f"S01E{episode:02d}.mkv").unlink()
            self.disk[tmdb_id].episodes.discard(episode)

    @rule(tmdb_id=ids, how=st.sampled_from(["cut", "ruined", "none"]))
    def a_sidecar_is_damaged(self, tmdb_id: int, how: str) -> None:
        if tmdb_id not in self.disk or self.disk[tmdb_id].sidecar != "whole":
            return
        sidecar = self.sidecar_of(tmdb_id)
        content = sidecar.read_bytes()
        if how == "none":
            sidecar.unlink()
        else:
            sidecar.write_bytes(content[: content.index(b'"files"')] if how == "cut" else b"\0" * 77)
        self.disk[tmdb_id].sidecar = how

    @rule(whole=st.booleans())
    def the_index_is_lost(self, whole: bool) -> None:
        self.open.close()
        index = self.root / ".alfred" / "index.sqlite3"
        for path in index.parent.glob(index.name + "*"):
            path.unlink()
        if not whole:
            index.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
        self.reopen()
        self.index = {
            tmdb_id: Known(show.path or "", copy=show.copy)
            for tmdb_id, show in self.present.items()
            if show.sidecar == "whole"
        }

    @rule()
    def the_index_is_damaged_where_nothing_is_read(self) -> None:
        """Only facts, files and how syncs ended are lost with it."""
        self.open.index.heal()
        for known in self.index.values():
            known.fetched_at, known.outcome = None, ""
        for tmdb_id, show in self.present.items():
            if show.sidecar == "whole":
                known = self.index.setdefault(tmdb_id, Known(""))
                known.path, known.missing_since = show.path or "", None
                known.copy = newest(show.copy, known.copy)

    @rule(hours=st.sampled_from([1, 30, 24 * 8, 24 * 100]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule(hours=st.integers(1, 48))
    def the_library_is_opened_again(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        self.reopen()

    # --- what the user does

    @rule(
        tmdb_id=ids,
        add=st.sets(st.sampled_from(TAGS)),
        remove=st.sets(st.sampled_from(TAGS)),
        note=st.sampled_from([None, "", "mine", "hers"]),
    )
    def tag_or_note(self, tmdb_id: int, add: set[str], remove: set[str], note: str | None) -> None:
        known = self.index.get(tmdb_id)
        if known is None:
            with pytest.raises(ShowNotFoundInLibrary):
                self.open.tag(TmdbId(tmdb_id), add=add)
            return
        show = self.disk.get(tmdb_id)
        in_reach = show if show and show.path == known.path and show.readable else None
        before = newest(known.copy, in_reach.readable if in_reach else None)
        if note is None:
            answer = self.open.tag(TmdbId(tmdb_id), add=add, remove=remove)
            after = replace(before, tags=(before.tags | add) - remove)
        else:
            answer = self.open.note(TmdbId(tmdb_id), note)
            after = replace(before, note=note or None)
        assert (frozenset(answer.tags), answer.note) == (after.tags, after.note)
        if after != before:
            self.turn += 1
            known.copy = replace(after, turn=self.turn)
            if in_reach:
                in_reach.copy = known.copy

    @rule(tmdb_id=ids, answer=st.sampled_from(["", "", "timeout", "http_5xx"]), force=st.booleans())
    def sync(self, tmdb_id: int, answer: str, force: bool) -> None:
        self.provider.failure = ProviderError("it failed", error_class=answer) if answer else None
        known, show = self.index.get(tmdb_id), self.present.get(tmdb_id)
        readable = show.readable if show else None
        if known is None and readable is None:
            with pytest.raises(ShowNotFoundInLibrary):
                self.open.sync(TmdbId(tmdb_id), force=force)
            return
        fetched_at = known.fetched_at if known else None
        is_fresh = fetched_at is not None and (self.clock() - fetched_at).days < TTL_DAYS
        if known is None and show is not None:
            known = self.index[tmdb_id] = Known(show.path or "")
            known.copy = Said() if answer or readable is None else readable
        assert known is not None
        if is_fresh and not force:
            self.open.sync(TmdbId(tmdb_id))
        elif answer:
            with pytest.raises(ProviderError):
                self.open.sync(TmdbId(tmdb_id), force=force)
            known.outcome = "failed"
        else:
            self.open.sync(TmdbId(tmdb_id), force=force)
            known.outcome, known.fetched_at = "ok", self.clock()

    # --- rescans

    def settle(self, tmdb_id: int) -> None:
        """Bring the model of one show to where a look at its folder brings it."""
        show, known = self.present.get(tmdb_id), self.index.get(tmdb_id)
        if show is None:
            if known is not None:
                known.missing_since = known.missing_since or self.clock()
            return
        copy = newest(show.salvaged, known.copy if known else None)
        known = self.index.setdefault(tmdb_id, Known(""))
        known.path, known.missing_since, known.copy = show.path or "", None, copy
        show.copy, show.sidecar = copy, "whole"

    @rule(accept=st.booleans())
    def rescan(self, accept: bool) -> None:
        vanished = {
            tmdb_id
            for tmdb_id, known in self.index.items()
            if known.missing_since is None and tmdb_id not in self.present
        }
        before = sum(known.missing_since is None for known in self.index.values())
        refused = bool(vanished) and (not self.present or (len(vanished) >= 5 and 5 * len(vanished) > before))
        restored = {tmdb_id for tmdb_id in self.present if tmdb_id in self.index} - {
            tmdb_id for tmdb_id, known in self.index.items() if known.missing_since is None
        }
        added = set(self.present) - set(self.index)
        planned = self.open.rescan(dry_run=True, accept_missing=accept)
        assert (planned.refused is not None) == (refused and not accept)
        if refused and not accept:
            with pytest.raises(RefusedToMark):
                self.open.rescan()
            return
        assert self.open.rescan(accept_missing=accept) == planned
        assert {tmdb_id.value for tmdb_id in planned.missing} == vanished
        assert {tmdb_id.value for tmdb_id in planned.restored} == restored
        assert {tmdb_id.value for tmdb_id in planned.added} == added
        for tmdb_id in set(self.index) | set(self.present):
            self.settle(tmdb_id)
        self.disk_and_index_agree()

    @rule(tmdb_id=ids)
    def rescan_one(self, tmdb_id: int) -> None:
        if tmdb_id not in self.present and tmdb_id not in self.index:
            with pytest.raises(ShowNotFoundInLibrary):
                self.open.rescan_show(TmdbId(tmdb_id))
            return
        self.open.rescan_show(TmdbId(tmdb_id))
        self.settle(tmdb_id)

    def disk_and_index_agree(self) -> None:
        for tmdb_id, show in self.present.items():
            entry = self.open.index.find_by_tmdb_id(TmdbId(tmdb_id))
            release = self.open.index.presence.recorded_release(TmdbId(tmdb_id))
            assert entry is not None
            assert release is not None
            assert entry.metadata.path == show.path
            ready = {file.name.episodes[0] for file in release.files if file.status is FileStatus.READY}
            assert ready == show.episodes
            if self.index[tmdb_id].fetched_at is not None:
                slots = self.open.index.show(TmdbId(tmdb_id)).seasons[0].episodes
                filled = {slot.number for slot in slots if slot.state is SlotState.ON_DISK}
                assert filled == show.episodes & set(LISTED_EPISODES)
        again = self.open.rescan(dry_run=True)
        assert (again.added, again.changed, again.restored, again.missing, again.broken) == ((),) * 5

    # --- prune

    @precondition(lambda self: any(known.missing_since for known in self.index.values()))
    @rule(days=st.sampled_from([1, 7, 90]))
    def prune(self, days: int) -> None:
        limit = self.clock() - timedelta(days=days)
        plan = self.open.plan_prune(timedelta(days=days))
        listed = {
            tmdb_id
            for tmdb_id, known in self.index.items()
            if known.missing_since and known.missing_since <= limit and tmdb_id not in self.present
        }
        assert {tmdb_id.value for tmdb_id in plan.shows} == listed
        self.every_entry_is_as_the_model_says()
        self.open.prune(plan)
        for tmdb_id in listed:
            del self.index[tmdb_id]

    # --- what always holds

    @invariant()
    def every_entry_is_as_the_model_says(self) -> None:
        if self.library is None:
            return
        entries = {entry.tmdb_id.value: entry for entry in self.library.index.entries()}
        assert set(entries) == set(self.index)
        now = self.clock()
        for tmdb_id, known in self.index.items():
            entry = entries[tmdb_id]
            said = (frozenset(entry.user.tags), entry.user.note)
            assert said == (known.copy.tags, known.copy.note), f"user metadata of {tmdb_id}"
            assert entry.metadata.missing_since == known.missing_since
            assert derive_state(entry.standing, ttl_days=TTL_DAYS, now=now) is known.state(now)
        shown = {entry.tmdb_id.value for entry in self.library.index.entries(include_missing=False)}
        assert shown == {tmdb_id for tmdb_id, known in self.index.items() if known.missing_since is None}
        assert {episode.tmdb_id.value for episode in self.library.index.wanted()} <= shown


LibraryLife.TestCase.settings = settings(
    max_examples=LIVES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestLibraryLife = LibraryLife.TestCase


# --- what the lives have shown once


@pytest.fixture
def life() -> Iterator[LibraryLife]:
    life = LibraryLife()
    life.begin()
    yield life
    life.teardown()


def slots(life: LibraryLife, tmdb_id: int) -> list[str]:
    [season] = life.open.index.show(TmdbId(tmdb_id)).seasons
    return [slot.state.value for slot in season.episodes]


def test_a_show_that_was_synced_while_it_was_missing_has_its_files_again_when_it_is_back(
    life: LibraryLife,
) -> None:
    life.copy_a_new_show(1, PLACES[0], {1, 2})
    life.copy_a_new_show(2, PLACES[0], {1})
    life.rescan(accept=False)
    life.sync(1, "", force=False)
    life.take_away({1})
    life.rescan(accept=False)
    life.sync(1, "", force=True)

    life.move(1, PLACES[0])
    life.rescan(accept=False)

    assert slots(life, 1) == ["on_disk", "on_disk", "wanted"]


def test_a_folder_that_was_away_only_during_a_sync_has_its_files_again(life: LibraryLife) -> None:
    life.copy_a_new_show(1, PLACES[0], {1, 2})
    life.rescan(accept=False)
    life.take_away({1})
    life.sync(1, "", force=True)
    life.move(1, PLACES[0])

    life.rescan(accept=False)

    assert slots(life, 1) == ["on_disk", "on_disk", "wanted"]


def test_a_sync_keeps_the_record_of_files_whose_folder_is_gone(life: LibraryLife) -> None:
    life.copy_a_new_show(1, PLACES[0], {1})
    other = life.root / "Other disk [tmdbid-1]" / "S01E02.mkv"
    other.parent.mkdir()
    other.write_text("x", encoding="utf-8")
    os.utime(other, (1_600_000_000, 1_600_000_000))
    life.open.rescan()
    shutil.rmtree(other.parent)
    life.open.rescan()

    life.open.sync(TmdbId(1))
    assert slots(life, 1) == ["on_disk", "missing", "wanted"]
    life.open.rescan()
    assert slots(life, 1) == ["on_disk", "missing", "wanted"]


@pytest.mark.parametrize("answer", ["", "timeout"])
def test_tags_of_a_show_that_was_synced_before_any_rescan_outlive_another_tag(
    life: LibraryLife, answer: str
) -> None:
    life.copy_a_new_show(1, PLACES[0], {1})
    life.rescan(accept=False)
    life.tag_or_note(1, {"sea"}, set(), None)
    life.take_away({1})
    life.the_index_is_lost(whole=True)
    life.move(1, PLACES[1])
    life.sync(1, answer, force=False)

    life.tag_or_note(1, {"comfort"}, set(), None)
    life.rescan(accept=False)

    entry = life.open.index.find_by_tmdb_id(TmdbId(1))
    assert entry is not None
    assert entry.user.tags == ("comfort", "sea")


def test_the_model_begins_with_the_time_of_the_clock(life: LibraryLife) -> None:
    assert life.clock() == NOW
