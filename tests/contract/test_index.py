"""What every index does; the one in memory and the one in SQLite run the same suite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.marker import create_marker
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_show, days
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
    assert index.presence.recorded_release(SHOW_ID) == a_release(a_file(1))


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
    release = a_release(a_file(1), user=UserMetadata(tags=("keep",), note="mine"))
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
