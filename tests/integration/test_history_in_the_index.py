"""History in a real index: in the transaction of the change, shared facts, opened again, found by an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.history import EVENTS_KEPT, Event
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.marker import create_marker
from alfred.infrastructure.persistence.sqlite import statements as sql
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_season, a_show, days
from tests.fakes.clock import FakeClock


def open_index(root: Path, *, location: Path | None = None) -> DotAlfredTVShowLibraryIndex:
    root.mkdir(exist_ok=True)
    if not (root / ".alfred").exists():
        create_marker(root, now=NOW)
    return DotAlfredTVShowLibraryIndex(root, location=location, now=FakeClock())


@pytest.fixture
def index(tmp_path: Path) -> Iterator[DotAlfredTVShowLibraryIndex]:
    with open_index(tmp_path / "TV") as opened:
        yield opened


def a_presence(release: SeriesRelease, *, path: str = FOLDER) -> ShowPresence:
    folder = KnownFolder(path=path, tmdb_id=release.tmdb_id, signature="seen", sidecar="1:1")
    return ShowPresence(name="The Lamplighters", path=path, folders=(folder,), release=release)


def kinds(index: DotAlfredTVShowLibraryIndex, tmdb_id: TmdbId | None = SHOW_ID) -> list[str]:
    return [one.event.kind for one in index.history(tmdb_id)][::-1]


def plan_of(index: DotAlfredTVShowLibraryIndex, statement: str) -> str:
    values = (1,) * statement.count("?")
    return " | ".join(row[3] for row in index._database.all(f"EXPLAIN QUERY PLAN {statement}", values))


def test_history_is_there_when_the_index_is_opened_again(tmp_path: Path) -> None:
    with open_index(tmp_path) as first:
        first.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)
        first.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        before = list(first.history())

    with open_index(tmp_path) as again:
        assert list(again.history()) == before
    assert [one.event.kind for one in before] == ["synced", "added"]


def test_a_change_that_is_rolled_back_is_not_told(index: DotAlfredTVShowLibraryIndex) -> None:
    index.presence.record_presence(a_presence(a_release()), now=NOW)

    def half_a_rescan() -> None:
        with index.presence.exclusive():
            index.presence.record_presence(a_presence(a_release(a_file(1)), path="Elsewhere"), now=NOW)
            index.presence.write_user(SHOW_ID, UserMetadata(tags=("lost",), changed_at=NOW))
            index.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)
            raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        half_a_rescan()

    assert kinds(index) == ["added"]
    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.metadata.path, entry.metadata.missing_since) == (FOLDER, None)


def test_a_lost_index_takes_the_history_with_it(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.presence.record_presence(a_presence(a_release()), now=NOW)
    for file in (tmp_path / ".alfred").glob("index.sqlite3*"):
        file.unlink()

    with open_index(tmp_path) as again:
        assert list(again.history()) == []


def test_what_the_provider_changed_is_told_in_every_library_that_shares_the_facts(tmp_path: Path) -> None:
    shared = tmp_path / "index.sqlite3"
    with open_index(tmp_path / "A", location=shared) as one, open_index(tmp_path / "B", location=shared) as other:
        for index in (one, other):
            index.presence.record_presence(a_presence(a_release()), now=NOW)
        one.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        one.upsert(a_show(status="Ended"), None, path=FOLDER, fetched_at=NOW)
        other.presence.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)

        assert kinds(one) == ["added", "synced", "status_changed"]
        assert kinds(other) == ["added", "synced", "status_changed", "marked_missing"]


def test_a_season_that_could_not_be_had_loses_no_episodes(index: DotAlfredTVShowLibraryIndex) -> None:
    index.upsert(a_show(seasons=(a_season(1), a_season(2))), None, path=FOLDER, fetched_at=NOW)
    partial = a_show(seasons=(a_season(1, episodes=4), replace(a_season(2), episodes=None)))
    index.upsert(partial, None, path=FOLDER, fetched_at=NOW)

    assert next(index.history(SHOW_ID)).event == Event("episodes_added", {"count": 1})
    assert kinds(index) == ["added", "synced", "episodes_added"]


def test_a_name_in_any_script_is_kept_as_it_is(index: DotAlfredTVShowLibraryIndex) -> None:
    index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
    index.upsert(a_show(name='Caf\u00e9 "\u2028" \U0001f525'), None, path=FOLDER, fetched_at=NOW)

    assert next(index.history(SHOW_ID)).event.detail["to"] == 'Caf\u00e9 "\u2028" \U0001f525'


def test_a_full_history_loses_its_oldest_when_many_shows_are_marked(index: DotAlfredTVShowLibraryIndex) -> None:
    full, short = TmdbId(1), TmdbId(2)
    for tmdb_id in (full, short):
        index.presence.record_presence(a_presence(a_release(tmdb_id=tmdb_id), path=f"Show {tmdb_id}"), now=NOW)
    for number in range(EVENTS_KEPT):
        user = UserMetadata(note=str(number), changed_at=NOW + days(number))
        index.presence.write_user(full, user)

    index.presence.mark_presence(PresenceChange(vanished=(full, short)), now=NOW)

    assert len(list(index.history(full))) == EVENTS_KEPT
    assert kinds(index, full)[-1] == "marked_missing"
    assert kinds(index, short) == ["added", "marked_missing"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("EVENTS_OF_SHOW", "SEARCH v USING PRIMARY KEY (library=? AND tmdb_id=?)"),
        ("EVENTS", "SEARCH v USING INDEX event_by_time (library=? AND at>?)"),
        ("LAST_EVENT", "SEARCH event USING PRIMARY KEY (library=? AND tmdb_id=?)"),
        ("DROP_OLD_EVENTS", "SEARCH event USING PRIMARY KEY (library=? AND tmdb_id=? AND number<?)"),
        ("LIBRARIES_OF_SHOW", "SEARCH e USING PRIMARY KEY (library=? AND tmdb_id=?)"),
    ],
)
def test_no_statement_of_the_history_reads_all_of_it(
    index: DotAlfredTVShowLibraryIndex, name: str, part: str
) -> None:
    plan = plan_of(index, getattr(sql, name))

    assert part in plan
    assert "SCAN e" not in plan
    assert "TEMP B-TREE" not in plan
