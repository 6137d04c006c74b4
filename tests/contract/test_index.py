"""What every index does; the one in memory and the one in SQLite run the same suite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.history import EVENTS_KEPT, Event, PastEvent
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import Outlook
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.domain.work.lease import Claim
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.marker import create_marker
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_season, a_show, an_episode, days
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex

Index = FakeIndex | DotAlfredTVShowLibraryIndex


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
def index(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> Iterator[Index]:
    if request.param == "memory":
        yield FakeIndex(now=clock)
        return
    create_marker(tmp_path, now=NOW)
    with DotAlfredTVShowLibraryIndex(tmp_path, now=clock) as real:
        yield real


def a_presence(release: SeriesRelease, *, path: str = FOLDER, signature: str = "seen") -> ShowPresence:
    folder = KnownFolder(path=path, tmdb_id=release.tmdb_id, signature=signature, sidecar="1:1")
    return ShowPresence(name="The Lamplighters", path=path, folders=(folder,), release=release)


def test_an_unknown_show_is_none(index: Index) -> None:
    assert index.find_by_tmdb_id(SHOW_ID) is None
    assert index.presence.recorded_release(SHOW_ID) is None
    assert index.sync_record(SHOW_ID) == SyncRecord()
    assert index.presence.known_shows() == {}


def test_what_is_upserted_is_found(index: Index) -> None:
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)

    assert entry is not None
    assert (entry.tmdb_id, entry.name, entry.status) == (SHOW_ID, "The Lamplighters", "Returning Series")
    assert (entry.metadata.path, entry.metadata.fetched_at) == (FOLDER, NOW)
    assert entry.sync == SyncRecord(outcome=Outcome.OK)
    assert index.presence.recorded_release(SHOW_ID) == a_release(a_file(1, episode_ids=(10_101,)))


def test_a_moment_comes_back_to_the_microsecond(index: Index) -> None:
    moment = NOW.replace(microsecond=123_457)

    index.upsert(a_show(), None, path=FOLDER, fetched_at=moment)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.metadata.fetched_at == moment


def test_an_older_answer_never_replaces_a_newer_one(index: Index) -> None:
    index.upsert(a_show(name="Newer"), None, path=FOLDER, fetched_at=NOW)
    index.upsert(a_show(name="Older"), None, path=FOLDER, fetched_at=NOW - days(1))

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.name, entry.metadata.fetched_at) == ("Newer", NOW)


def test_an_answer_from_the_future_is_replaced(index: Index) -> None:
    index.upsert(a_show(name="From the future"), None, path=FOLDER, fetched_at=NOW + days(400))
    index.upsert(a_show(name="Now"), None, path=FOLDER, fetched_at=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.name, entry.metadata.fetched_at) == ("Now", NOW)


def test_a_failure_keeps_facts_files_and_user_metadata(index: Index) -> None:
    release = a_release(a_file(1, episode_ids=(10_101,)), user=UserMetadata(tags=("keep",), note="mine"))
    index.presence.record_presence(a_presence(release), now=NOW)
    index.upsert(a_show(), release, path=FOLDER, fetched_at=NOW)
    failure = SyncRecord(
        outcome=Outcome.FAILED,
        error_class="timeout",
        status_message="too slow",
        attempts=2,
        retry_after=NOW + days(1),
    )

    index.record_failure(SHOW_ID, failure, path=FOLDER)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.name == "The Lamplighters"
    assert entry.metadata.fetched_at == NOW
    assert entry.sync == failure == index.sync_record(SHOW_ID)
    assert index.presence.recorded_release(SHOW_ID) == release


def test_a_failure_of_an_unknown_show_makes_a_placeholder(index: Index) -> None:
    index.record_failure(SHOW_ID, SyncRecord(outcome=Outcome.DELISTED), path=FOLDER)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.status, entry.metadata.path) == ("unknown", FOLDER)
    assert entry.sync.outcome is Outcome.DELISTED


def test_a_success_clears_a_failure(index: Index) -> None:
    index.record_failure(SHOW_ID, SyncRecord(outcome=Outcome.FAILED, attempts=4), path=FOLDER)
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert index.sync_record(SHOW_ID) == SyncRecord(outcome=Outcome.OK)


def test_a_show_on_disk_is_a_placeholder_until_it_is_synced(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.status, entry.metadata.fetched_at) == ("unknown", None)
    assert entry.metadata.added_at == NOW
    assert set(index.presence.known_shows()) == {SHOW_ID}
    assert index.presence.known_folders()[FOLDER].signature == "seen"


def test_user_metadata_survives_a_sync(index: Index) -> None:
    user = UserMetadata(tags=("comfort", "watch again"), note="with the kids")
    index.presence.record_presence(a_presence(a_release(user=user)), now=NOW)

    index.upsert(a_show(), a_release(), path=FOLDER, fetched_at=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.user == user


def test_the_files_of_the_last_rescan_are_the_files(index: Index) -> None:
    gone = replace(a_file(2), status=FileStatus.MISSING, missing_since=NOW)
    index.presence.record_presence(a_presence(a_release(a_file(1), a_file(2))), now=NOW)
    index.presence.record_presence(a_presence(a_release(a_file(1), gone, a_file(3))), now=NOW)

    assert index.presence.recorded_release(SHOW_ID) == a_release(a_file(1), gone, a_file(3))
    assert index.presence.file_counts() == {SHOW_ID: {FileStatus.READY: 2, FileStatus.MISSING: 1}}


def test_the_episode_of_a_file_is_remembered_and_told_until_it_is_known(index: Index) -> None:
    found = a_release(a_file(1))
    index.presence.record_presence(a_presence(found), now=NOW)

    first = index.upsert(a_show(), found, path=FOLDER, fetched_at=NOW)
    again = index.upsert(a_show(overview="More."), found, path=FOLDER, fetched_at=NOW + days(1))

    assert first == a_release(a_file(1, episode_ids=(10_101,)))
    assert again is None
    assert [one.episode_id for one in index.presence.listed_episodes(SHOW_ID)] == [10_101, 10_102, 10_103]


def test_a_rescan_that_does_not_know_the_episode_of_a_file_does_not_forget_it(index: Index) -> None:
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)
    index.upsert(a_renumbered_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW + days(1))

    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW + days(2))

    assert index.presence.recorded_release(SHOW_ID) == a_release(a_file(1, episode_ids=(10_101,)))


def a_renumbered_show() -> TVShowInfo:
    """The first two episodes changed places."""
    one, two, three = (an_episode(number) for number in (1, 2, 3))
    episodes = (replace(two, number=1), replace(one, number=2), three)
    return a_show(seasons=(replace(a_season(), episodes=episodes),))


def test_a_folder_belongs_to_the_show_that_was_last_found_in_it(index: Index) -> None:
    other = TmdbId(777)
    index.presence.record_presence(a_presence(a_release()), now=NOW)
    index.presence.record_presence(a_presence(a_release(tmdb_id=other)), now=NOW)

    assert index.presence.known_folders()[FOLDER].tmdb_id == other


def test_several_shows_are_written_in_a_batch(index: Index) -> None:
    ids = [TmdbId(number) for number in range(1, 151)]
    with index.presence.batch():
        for tmdb_id in ids:
            index.presence.record_presence(a_presence(a_release(tmdb_id=tmdb_id), path=f"Show {tmdb_id}"), now=NOW)

    assert set(index.presence.known_shows()) == set(ids)


def test_an_unreadable_sidecar_breaks_an_entry_until_it_is_read_again(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)

    index.presence.record_unreadable_sidecar(SHOW_ID, "from a newer Alfred")
    assert index.sync_record(SHOW_ID).error_class == "sidecar"

    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
    assert index.sync_record(SHOW_ID) == SyncRecord(outcome=Outcome.OK)


def test_a_claim_is_held_until_its_owner_releases_it(index: Index) -> None:
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert index.claim(SHOW_ID, "nas:7:a", NOW)
    assert index.claims() == (Claim(SHOW_ID, "nas:7:a", NOW),)
    assert not index.claim(SHOW_ID, "nas:8:b", NOW + days(1))
    assert not index.claim(SHOW_ID, "nas:7:a", NOW + days(1))
    assert not index.release(SHOW_ID, "nas:8:b")
    assert index.claims() == (Claim(SHOW_ID, "nas:7:a", NOW),)

    assert index.release(SHOW_ID, "nas:7:a")
    assert not index.release(SHOW_ID, "nas:7:a")
    assert index.claims() == ()
    assert index.claim(SHOW_ID, "nas:8:b", NOW + days(1))


def test_a_show_that_is_not_known_cannot_be_claimed(index: Index) -> None:
    assert not index.claim(SHOW_ID, "nas:7:a", NOW)
    assert index.claims() == ()


def test_a_claim_shows_in_the_entry_and_survives_what_is_written_under_it(index: Index) -> None:
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
    index.claim(SHOW_ID, "nas:7:a", NOW)

    index.upsert(a_show(name="Another"), None, path=FOLDER, fetched_at=NOW + days(1))
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.metadata.claimed_at, entry.metadata.claimed_by) == (NOW, "nas:7:a")


def test_files_in_processing_are_listed_by_show_and_path(index: Index) -> None:
    other = TmdbId(77)
    moment = NOW.replace(microsecond=5)
    stuck = [replace(a_file(number), status=FileStatus.PROCESSING, processing_since=moment) for number in (1, 2)]
    elsewhere = replace(stuck[0], folder="Other")
    index.presence.record_presence(a_presence(a_release(stuck[1], a_file(3), stuck[0])), now=NOW)
    index.presence.record_presence(a_presence(a_release(elsewhere, tmdb_id=other), path="Other"), now=NOW)

    assert index.presence.processing_files() == [(other, elsewhere), (SHOW_ID, stuck[0]), (SHOW_ID, stuck[1])]


def test_files_are_written_without_a_word_on_the_presence_of_their_show(index: Index) -> None:
    stuck = replace(a_file(1), status=FileStatus.PROCESSING, processing_since=NOW)
    failed = replace(a_file(1), status=FileStatus.FAILED, status_message="gone")
    index.presence.record_presence(a_presence(a_release(stuck, a_file(2))), now=NOW)
    index.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)

    index.presence.write_files(a_release(failed, a_file(2)))

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.metadata.missing_since == NOW
    assert index.presence.recorded_release(SHOW_ID) == a_release(failed, a_file(2))


def test_files_of_a_show_that_is_not_known_are_not_written(index: Index) -> None:
    index.presence.write_files(a_release(a_file(1)))

    assert index.find_by_tmdb_id(SHOW_ID) is None


# --- history


def told(index: Index, tmdb_id: TmdbId | None = SHOW_ID) -> list[str]:
    """Return the kinds of an entry's events, the oldest first."""
    return [one.event.kind for one in index.history(tmdb_id)][::-1]


def test_the_first_adoption_and_the_first_sync_are_one_event_each(index: Index) -> None:
    user = UserMetadata(tags=("keep",), note="mine", changed_at=NOW)
    release = a_release(a_file(1), a_file(2), user=user)

    index.presence.record_presence(a_presence(release), now=NOW)
    index.upsert(a_show(), release, path=FOLDER, fetched_at=NOW)

    synced, added = index.history(SHOW_ID)
    assert added == PastEvent(SHOW_ID, "The Lamplighters", NOW, Event("added", {"path": FOLDER}))
    assert synced.event == Event("synced", {"seasons": 1, "episodes": 3})


def test_a_first_sync_of_an_unknown_show_adopts_it(index: Index) -> None:
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)

    assert told(index) == ["added", "synced"]


def test_what_changes_nothing_is_not_told(index: Index, clock: FakeClock) -> None:
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)
    before = list(index.history())

    clock.advance(days=8)
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=clock())
    index.upsert(a_show(overview="Said better."), None, path=FOLDER, fetched_at=clock())
    index.upsert(a_show(name="Older"), None, path=FOLDER, fetched_at=NOW - days(1))
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=clock())
    index.presence.mark_presence(PresenceChange(restored=(SHOW_ID,)), now=clock())
    index.presence.write_user(SHOW_ID, UserMetadata())

    assert list(index.history()) == before


def test_a_sync_tells_what_the_provider_changed(index: Index, clock: FakeClock) -> None:
    index.upsert(a_show(seasons=(a_season(1), a_season(2))), None, path=FOLDER, fetched_at=NOW)
    clock.advance(days=8)
    changed = a_show(
        name="Lamplighters", status="Ended", seasons=(a_season(2, episodes=5), a_season(3, episodes=1))
    )

    index.upsert(changed, None, path=FOLDER, fetched_at=clock())

    past = list(index.history(SHOW_ID, since=clock()))
    assert {one.name for one in past} == {"Lamplighters"}
    assert [one.event for one in reversed(past)] == [
        Event("renamed", {"from": "The Lamplighters", "to": "Lamplighters"}),
        Event("status_changed", {"from": "Returning Series", "to": "Ended"}),
        Event("season_added", {"seasons": (3,)}),
        Event("season_removed", {"seasons": (1,)}),
        Event("episodes_added", {"count": 3}),
        Event("episodes_removed", {"count": 3}),
    ]


def test_files_that_come_go_and_come_back_are_told_once_a_rescan(index: Index) -> None:
    gone = [replace(a_file(number), status=FileStatus.MISSING, missing_since=NOW) for number in (1, 2)]
    index.presence.record_presence(a_presence(a_release()), now=NOW)

    for files in ([a_file(1), a_file(2)], gone, [a_file(1), gone[1], a_file(3)]):
        index.presence.record_presence(a_presence(a_release(*files)), now=NOW)

    events = [one.event for one in index.history(SHOW_ID)][::-1]
    paths = [a_file(number).library_path for number in (1, 2, 3)]
    assert events[1:] == [
        Event("files_gained", {"count": 2, "paths": tuple(paths[:2])}),
        Event("files_lost", {"count": 2, "paths": tuple(paths[:2])}),
        Event("files_gained", {"count": 1, "paths": (paths[2],)}),
        Event("files_restored", {"count": 1, "paths": (paths[0],)}),
    ]


def test_a_show_that_comes_back_under_another_name_is_restored_and_moved_and_gains_nothing(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
    index.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)
    there = a_release(a_file(1, folder="Elsewhere"))

    index.presence.record_presence(a_presence(there, path="Elsewhere"), now=NOW)
    index.presence.mark_presence(PresenceChange(restored=(SHOW_ID,)), now=NOW)

    assert told(index) == ["added", "marked_missing", "restored", "folder_moved"]


def test_marking_and_restoring_in_bulk_is_told_of_each_show_once(index: Index) -> None:
    ids = tuple(TmdbId(number) for number in range(1, 31))
    for tmdb_id in ids:
        index.presence.record_presence(a_presence(a_release(tmdb_id=tmdb_id), path=f"Show {tmdb_id}"), now=NOW)

    for _ in range(2):
        index.presence.mark_presence(PresenceChange(vanished=ids[:20]), now=NOW + days(1))
    index.presence.mark_presence(PresenceChange(restored=ids[10:]), now=NOW + days(2))

    assert told(index, ids[0]) == ["added", "marked_missing"]
    assert told(index, ids[15]) == ["added", "marked_missing", "restored"]
    assert told(index, ids[25]) == ["added"]


def test_a_failure_is_told_when_its_class_changes_and_when_it_is_over(index: Index) -> None:
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
    for number, error_class in enumerate(["timeout", "timeout", "http_5xx", "http_5xx"], start=1):
        failure = SyncRecord(outcome=Outcome.FAILED, error_class=error_class, status_message="no", attempts=number)
        index.record_failure(SHOW_ID, failure, path=FOLDER)
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert [one.event for one in index.history(SHOW_ID)][2::-1] == [
        Event("sync_failed", {"error_class": "timeout", "message": "no"}),
        Event("sync_failed", {"error_class": "http_5xx", "message": "no"}),
        Event("sync_recovered", {"error_class": "http_5xx"}),
    ]


def test_a_show_that_was_never_known_to_the_provider_is_added_and_delisted(index: Index) -> None:
    record = SyncRecord(outcome=Outcome.DELISTED, error_class="not_found", status_message="no such show")
    for _ in range(2):
        index.record_failure(SHOW_ID, record, path=FOLDER)

    assert told(index) == ["added", "delisted"]


def test_what_the_user_said_is_told(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release()), now=NOW)
    index.presence.write_user(SHOW_ID, UserMetadata(tags=("a", "b"), note="one", changed_at=NOW))
    index.presence.write_user(SHOW_ID, UserMetadata(tags=("b",), note="one", changed_at=NOW + days(1)))
    index.presence.write_user(SHOW_ID, UserMetadata(tags=("z",), changed_at=NOW - days(1)))

    assert [one.event for one in index.history(SHOW_ID)][::-1][1:] == [
        Event("tagged", {"added": ("a", "b"), "removed": ()}),
        Event("noted", {"from": None, "to": "one"}),
        Event("tagged", {"added": (), "removed": ("a",)}),
    ]


def test_an_unreadable_sidecar_does_not_fill_the_history(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
    index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)
    for _ in range(3):
        index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
        index.presence.record_unreadable_sidecar(SHOW_ID, "from a newer Alfred")
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert told(index) == ["added", "synced"]


def test_an_entry_keeps_its_last_events_whoever_writes_them(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release()), now=NOW)
    for number in range(EVENTS_KEPT + 10):
        user = UserMetadata(note=str(number), changed_at=NOW + days(number))
        index.presence.write_user(SHOW_ID, user)
    index.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)
    index.presence.mark_presence(PresenceChange(restored=(SHOW_ID,)), now=NOW)

    kept = [one.event for one in index.history(SHOW_ID)]
    assert len(kept) == EVENTS_KEPT
    assert [event.kind for event in kept[:2]] == ["restored", "marked_missing"]
    assert kept[2].detail["to"] == str(EVENTS_KEPT + 9)
    assert kept[-1].detail["to"] == "12"


def test_the_history_of_all_shows_is_told_by_time_and_from_any_moment_on(index: Index, clock: FakeClock) -> None:
    ids = [TmdbId(number) for number in (3, 1, 2)]
    for tmdb_id in ids:
        presence = a_presence(a_release(tmdb_id=tmdb_id), path=f"Show {tmdb_id}")
        index.presence.record_presence(presence, now=clock())
        clock.advance(days=1)

    assert [one.tmdb_id for one in index.history()] == ids[::-1]
    assert [one.tmdb_id for one in index.history(since=NOW + days(1))] == [ids[2], ids[1]]
    assert list(index.history(ids[0], since=NOW + days(1))) == []
    assert list(index.history(SHOW_ID)) == []


def test_a_pruned_entry_takes_its_history_along(index: Index) -> None:
    index.presence.record_presence(a_presence(a_release()), now=NOW)
    index.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)
    index.presence.forget((SHOW_ID,), missing_before=NOW + days(1))
    assert list(index.history()) == []

    index.presence.record_presence(a_presence(a_release()), now=NOW)
    assert told(index) == ["added"]


# --- batches


def candidates(index: Index, *, true_until: datetime = NOW, now: datetime = NOW) -> list[int]:
    return [found.tmdb_id.value for found in index.candidates(true_until=true_until, now=now)]


def test_candidates_are_those_without_facts_and_then_the_oldest(index: Index, clock: FakeClock) -> None:
    for number, age in ((1, 3), (2, 9), (3, 6)):
        index.upsert(a_show(TmdbId(number)), None, path=f"Show {number}", fetched_at=NOW - days(age))
    index.presence.record_presence(a_presence(a_release(tmdb_id=TmdbId(9))), now=NOW)
    clock.advance(seconds=1)

    assert candidates(index) == [9, 2, 3, 1]


def test_a_candidate_has_what_its_state_depends_on(index: Index) -> None:
    late = tuple(a_season(number, episodes=0) for number in (0, 18, 19, 2020))
    coming = a_season(1, episodes=0)
    airs = an_episode(1, air_date=(NOW + days(3)).date())
    untitled = an_episode(2, title="", air_date=(NOW - days(30)).date())
    show = a_show(seasons=(*late, replace(coming, episodes=(airs, untitled))))
    index.upsert(show, a_release(a_file(1)), path=FOLDER, fetched_at=NOW - days(1))
    index.claim(SHOW_ID, "here:1:then", NOW)

    found = index.candidate(SHOW_ID)
    entry = index.find_by_tmdb_id(SHOW_ID)

    assert found is not None
    assert entry is not None
    assert (found.name, found.path, found.later_seasons) == ("The Lamplighters", FOLDER, 2)
    assert found.standing == entry.standing
    assert found.standing.outlook == Outlook(((NOW + days(3)).date(),), (NOW - days(30)).date())
    assert found.claim == Claim(SHOW_ID, "here:1:then", NOW)
    assert list(index.candidates(true_until=NOW, now=NOW)) == [found]
    assert index.candidate(TmdbId(4711)) is None


def test_what_is_verified_is_as_if_it_had_been_fetched_then_and_keeps_the_time_of_its_fetch(index: Index) -> None:
    for number in (1, 2, 3):
        index.upsert(a_show(TmdbId(number)), None, path=f"Show {number}", fetched_at=NOW - days(10 - number))

    index.stamp_verified([TmdbId(1), TmdbId(3)], at=NOW - days(1))
    index.stamp_verified([TmdbId(1)], at=NOW - days(4))  # says nothing new

    stamped = [index.find_by_tmdb_id(TmdbId(number)) for number in (1, 2, 3)]
    assert [entry and entry.metadata.verified_at for entry in stamped] == [
        NOW - days(1),
        NOW - days(8),
        NOW - days(1),
    ]
    assert [entry and entry.metadata.fetched_at for entry in stamped] == [NOW - days(age) for age in (9, 8, 7)]
    assert candidates(index) == [2, 1, 3]


def test_a_fetch_counts_as_verified(index: Index) -> None:
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW - days(9))
    index.stamp_verified([SHOW_ID], at=NOW - days(3))
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.metadata.fetched_at, entry.metadata.verified_at) == (NOW, NOW)
