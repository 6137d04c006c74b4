"""The index as a file: opened, healed, upgraded, shared, refused; and what it costs to write to it."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

from alfred.application.exceptions import (
    AlfredError,
    FormatTooNew,
    IndexBusy,
    IndexCorrupt,
    IndexUnreadable,
    NotALibrary,
    RootOffline,
)
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.entry import EpisodeCounts
from alfred.domain.library.history import EventKind
from alfred.domain.library.placement import SlotState
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.domain.library.views import ShowView
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence import mounts
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex, library_of_index
from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars
from alfred.infrastructure.persistence.files import keep_aside
from alfred.infrastructure.persistence.marker import create_marker, marker_path, read_marker
from alfred.infrastructure.persistence.sqlite import database as database_module
from alfred.infrastructure.persistence.sqlite import opening
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.database import Database
from alfred.infrastructure.persistence.sqlite.presence import BLOCKS_PER_TRANSACTION
from alfred.infrastructure.persistence.sqlite.schema import MIGRATIONS, migrate, refuse_newer, upgrade, version_of
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_season, a_show, an_episode, days
from tests.fakes.clock import FakeClock

USER = UserMetadata(tags=("comfort", "sea"), note="with the kids")
PAGE = 4096

Index = DotAlfredTVShowLibraryIndex
P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "TV"
    root.mkdir()
    create_marker(root, now=NOW)
    return root


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def index(root: Path, clock: FakeClock) -> Iterator[Index]:
    with DotAlfredTVShowLibraryIndex(root, now=clock) as index:
        yield index


def file_of(root: Path) -> Path:
    return root / ".alfred/index.sqlite3"


def opened(root: Path, **options: Any) -> Index:
    return DotAlfredTVShowLibraryIndex(root, now=FakeClock(), **options)


def a_presence(release: SeriesRelease, *, path: str = FOLDER) -> ShowPresence:
    folder = KnownFolder(path=path, tmdb_id=release.tmdb_id, signature="seen", sidecar="1:1")
    return ShowPresence(name="The Lamplighters", path=path, folders=(folder,), release=release)


def query(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def everything_of(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    names = [name for (name,) in query(file, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(query(file, f"SELECT * FROM {name}"), key=repr) for name in names}  # noqa: S608


def states(view: ShowView) -> dict[tuple[int, int], SlotState]:
    return {(season.number, slot.number): slot.state for season in view.seasons for slot in season.episodes}


# --- opening


def test_an_index_is_made_once_and_opened_again_without_a_write(root: Path) -> None:
    opened(root).close()
    before = file_of(root).read_bytes(), file_of(root).stat().st_mtime_ns

    with opened(root) as index:
        assert list(index.entries()) == []

    assert (file_of(root).read_bytes(), file_of(root).stat().st_mtime_ns) == before
    assert query(file_of(root), "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert sorted(path.name for path in file_of(root).parent.iterdir()) == [
        "README.txt",
        "index.sqlite3",
        "library.json",
    ]


def test_without_a_marker_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotALibrary):
        opened(tmp_path)
    with pytest.raises(RootOffline):
        opened(tmp_path / "unplugged")

    assert list(tmp_path.iterdir()) == []


def test_a_newer_index_is_refused_and_left_as_it_is(root: Path) -> None:
    opened(root).close()
    with closing(sqlite3.connect(file_of(root))) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = file_of(root).read_bytes()

    for options in ({}, {"read_only_will_do": True}):
        with pytest.raises(FormatTooNew, match="newer Alfred"):
            opened(root, **options)

    assert file_of(root).read_bytes() == before


def test_an_index_that_another_process_holds_is_waited_for_and_then_said(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.05)
    with opened(root) as other, closing(sqlite3.connect(file_of(root), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexBusy):
            other.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        holder.execute("ROLLBACK")
        other.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert index.find_by_tmdb_id(SHOW_ID) is not None


def test_a_library_that_moved_is_the_same_library(root: Path) -> None:
    with opened(root) as index:
        index.presence.record_presence(a_presence(a_release(a_file(1), user=USER)), now=NOW)
    moved = root.with_name("TV on a bigger disk")
    root.rename(moved)

    with opened(moved) as index:
        entry = index.find_by_tmdb_id(SHOW_ID)

    assert entry is not None
    assert entry.user == USER
    assert len(query(file_of(moved), "SELECT * FROM library")) == 1
    assert library_of_index(moved) == read_marker(moved).library_id


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [(kind, ("wal", 1)) for kind in ("ext4", "btrfs", "overlay")]
    + [(kind, ("delete", 2)) for kind in ("nfs", "nfs4", "cifs", "fuse.sshfs", "9p")],
)
def test_the_journal_is_chosen_by_the_file_system(
    kind: str, chosen: tuple[str, int], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, synchronous = chosen
    point = str(root).replace(" ", "\\040")
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {point} rw shared:3 - {kind} server:/tv rw\n")
    monkeypatch.setattr(mounts, "MOUNT_TABLE", table)

    with opened(root) as index:
        index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        assert index._database.one("PRAGMA journal_mode") == (journal,)
        assert index._database.one("PRAGMA synchronous") == (synchronous,)
        assert file_of(root).with_name("index.sqlite3-wal").exists() is (journal == "wal")


def test_an_index_that_moves_to_a_share_changes_its_journal(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(root) as index:
        index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
    table = tmp_path / "mountinfo"
    table.write_text("1 0 8:1 / / rw - nfs4 server:/tv rw\n")
    monkeypatch.setattr(mounts, "MOUNT_TABLE", table)

    with opened(root) as index:
        assert index._database.one("PRAGMA journal_mode") == ("delete",)
        assert index.find_by_tmdb_id(SHOW_ID) is not None


def test_names_that_a_url_would_take_for_its_own_are_paths(tmp_path: Path) -> None:
    root = tmp_path / "TV? 100% #1 & more"
    root.mkdir()
    create_marker(root, now=NOW)

    with opened(root) as index:
        index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)

    assert file_of(root).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [root.name]


# --- healing


def with_sidecars(root: Path, count: int = 3) -> None:
    sidecars = DotAlfredSidecars(root, now=FakeClock())
    for number in range(1, count + 1):
        folder = f"Show {number}"
        (root / folder).mkdir()
        sidecars.write(folder, a_release(a_file(1, folder=folder), tmdb_id=TmdbId(number), user=USER))


def is_as_the_sidecars_say(index: Index, count: int = 3) -> None:
    entries = list(index.entries())
    assert [entry.tmdb_id.value for entry in entries] == list(range(1, count + 1))
    for entry in entries:
        assert (entry.status, entry.user, entry.name) == ("unknown", USER, f"Show {entry.tmdb_id}")
        assert index.presence.recorded_release(entry.tmdb_id) == a_release(
            a_file(1, folder=entry.metadata.path), tmdb_id=entry.tmdb_id, user=USER
        )
    assert {folder.signature for folder in index.presence.known_folders().values()} <= {""}


def kept_aside(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(file_of(root).parent.glob("index.sqlite3.corrupt-*"))]


DAMAGE: list[Callable[[bytes], bytes]] = [
    lambda content: content[::-1],
    lambda content: content[: len(content) // 2],
    lambda content: content[:100],
    lambda content: b"\0" * len(content),
    lambda content: content[:PAGE] + b"\xff" * (len(content) - PAGE),
]


@pytest.mark.parametrize("nth", range(len(DAMAGE)))
def test_a_damaged_index_is_made_anew_from_the_sidecars(
    nth: int, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_sidecars(root)
    opened(root).close()
    spoilt = DAMAGE[nth](file_of(root).read_bytes())
    file_of(root).write_bytes(spoilt)

    with opened(root) as index:
        is_as_the_sidecars_say(index)

    assert kept_aside(root) == [spoilt]
    assert "index.sqlite3.corrupt-20260601T120000Z" in caplog.text


def test_a_deleted_index_is_made_anew_from_the_sidecars(root: Path) -> None:
    with_sidecars(root)

    with opened(root) as index:
        is_as_the_sidecars_say(index)

    assert kept_aside(root) == []


def test_a_sidecar_that_cannot_be_read_does_not_keep_an_index_from_healing(root: Path) -> None:
    with_sidecars(root)
    (root / "Show 3/.alfred/release.json").write_bytes(b"garbage")

    with opened(root) as index:
        is_as_the_sidecars_say(index, 2)


def test_without_its_root_a_damaged_index_is_not_touched(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "index.sqlite3"
    opened(root, location=elsewhere).close()
    elsewhere.write_bytes(b"garbage" * 1000)
    marker_path(root).unlink()

    with pytest.raises(IndexCorrupt):
        opened(root, location=elsewhere)

    assert elsewhere.read_bytes() == b"garbage" * 1000


def furnished(root: Path) -> None:
    """Fill an index with a few hundred slots, so that its tables have pages of their own."""
    with opened(root) as index, index.presence.batch():
        for number in range(1, 13):
            tmdb_id, folder = TmdbId(number), f"Show {number}"
            shows = tuple(a_season(season, episodes=12) for season in range(4))
            files = tuple(a_file(at, season=season, folder=folder) for season in (1, 2) for at in range(1, 11))
            release = a_release(*files, tmdb_id=tmdb_id, user=USER)
            index.presence.record_presence(a_presence(release, path=folder), now=NOW)
            index.upsert(a_show(tmdb_id, seasons=shows), release, path=folder, fetched_at=NOW)


def use(index: Index) -> None:
    """Ask an index for all it knows."""
    for entry in list(index.entries()):
        index.show(entry.tmdb_id)
        index.find_by_tmdb_id(entry.tmdb_id)
        index.presence.recorded_release(entry.tmdb_id)
        index.sync_record(entry.tmdb_id)
        index.presence.folders_of(entry.tmdb_id)
    list(index.wanted())
    index.count_wanted()
    index.presence.known_folders()
    index.presence.known_shows()
    index.presence.file_counts()
    index.presence.processing_files()
    list(index.history())
    index.claims()
    list(index.candidates(true_until=NOW, now=NOW))


def test_any_page_may_be_damaged(root: Path) -> None:
    furnished(root)
    whole = file_of(root).read_bytes()
    randomness = random.Random(7)  # noqa: S311  (the same damage in each run)
    pages = len(whole) // PAGE
    assert pages > 20

    healed = 0
    for page in range(2, pages + 1):
        at = (page - 1) * PAGE
        damage = randomness.choice([randomness.randbytes(PAGE), b"\0" * PAGE, b"\xff" * PAGE])
        file_of(root).write_bytes(whole[:at] + damage + whole[at + PAGE :])
        healed += heals_in_use(root, f"page {page}")
    assert healed > pages // 2


def test_any_byte_may_be_damaged(root: Path) -> None:
    furnished(root)
    whole = file_of(root).read_bytes()
    randomness = random.Random(8)  # noqa: S311  (the same damage in each run)

    for _ in range(150):
        at = randomness.randrange(PAGE, len(whole))
        spoilt = bytearray(whole)
        spoilt[at] ^= 1 << randomness.randrange(8)
        file_of(root).write_bytes(spoilt)
        heals_in_use(root, f"byte {at}")


def heals_in_use(root: Path, where: str) -> bool:
    """Use an index that may be damaged, healing it where it says so; nothing else may come of it."""
    for name in ("-wal", "-shm"):
        file_of(root).with_name(f"index.sqlite3{name}").unlink(missing_ok=True)
    try:
        with opened(root) as index:
            try:
                use(index)
            except IndexCorrupt:
                index.heal()
                use(index)
                return True
    except Exception as error:
        raise AssertionError(where) from error
    finally:
        for aside in file_of(root).parent.glob("*.corrupt-*"):
            aside.unlink()
    return False


def test_many_heal_one_index_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_sidecars(root)
    monkeypatch.setattr(opening, "keep_aside", slowly(keep_aside))
    for round_ in range(5):
        spoilt = b"garbage %d" % round_ * 1000
        file_of(root).write_bytes(spoilt)
        for name in ("-wal", "-shm"):
            file_of(root).with_name(f"index.sqlite3{name}").unlink(missing_ok=True)
        ready = threading.Barrier(4)
        problems: list[BaseException] = []

        def heal(ready: threading.Barrier = ready, problems: list[BaseException] = problems) -> None:
            ready.wait()
            try:
                with opened(root) as index:
                    is_as_the_sidecars_say(index)
            except BaseException as error:  # noqa: BLE001  (shown by the test's own thread)
                problems.append(error)

        threads = [threading.Thread(target=heal) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert len(kept_aside(root)) == round_ + 1
        assert spoilt in kept_aside(root)


def slowly(function: Callable[P, T]) -> Callable[P, T]:
    """Leave others the time to look at what is half done."""

    def slow(*args: P.args, **kwargs: P.kwargs) -> T:
        result = function(*args, **kwargs)
        time.sleep(0.01)
        return result

    return slow


def test_one_that_has_the_damaged_index_open_follows_one_that_healed_it(root: Path) -> None:
    with_sidecars(root)
    furnished(root)
    whole = file_of(root).read_bytes()
    root_page = query(file_of(root), "SELECT rootpage FROM sqlite_master WHERE name = 'file'")[0][0]
    at = (root_page - 1) * PAGE
    file_of(root).write_bytes(whole[:at] + b"\xff" * PAGE + whole[at + PAGE :])

    with opened(root) as first, opened(root) as second:
        for index in (first, second):
            with pytest.raises(IndexCorrupt):
                index.presence.recorded_release(TmdbId(1))
        first.heal()
        first.upsert(a_show(TmdbId(1), name="Synced"), None, path="Show 1", fetched_at=NOW)
        second.heal()
        entry = second.find_by_tmdb_id(TmdbId(1))

    assert entry is not None
    assert entry.name == "Synced"
    assert len(kept_aside(root)) == 1


# --- migrations

SECOND = """
ALTER TABLE show ADD COLUMN homepage TEXT NOT NULL DEFAULT '';
CREATE TABLE lore (tmdb_id INTEGER PRIMARY KEY, text TEXT NOT NULL);
INSERT INTO lore SELECT tmdb_id, name FROM show;
"""


def test_an_older_index_is_upgraded_after_a_copy_was_made(root: Path) -> None:
    with opened(root) as index:
        index.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)
    before = everything_of(file_of(root))
    database = Database(file_of(root))

    upgrade(database, (MIGRATIONS[0], SECOND))

    assert version_of(database) == 2
    assert database.all("SELECT * FROM lore") == [(SHOW_ID.value, "The Lamplighters")]
    database.close()
    copy = file_of(root).with_name("index.sqlite3.backup-v1")
    assert everything_of(copy) == before
    assert query(copy, "PRAGMA user_version") == [(1,)]
    after = everything_of(file_of(root))
    assert after["entry"] == before["entry"]
    assert after["episode"] == before["episode"]


def test_an_upgrade_that_fails_leaves_the_index_as_it_was(root: Path) -> None:
    with opened(root) as index:
        index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
    before = everything_of(file_of(root))
    with closing(Database(file_of(root))) as database:
        with pytest.raises(IndexUnreadable):
            upgrade(database, (MIGRATIONS[0], SECOND, "CREATE TABLE show (again INTEGER)"))
        assert version_of(database) == 1

    assert everything_of(file_of(root)) == before


def test_an_index_of_today_is_not_upgraded(root: Path) -> None:
    opened(root).close()
    with closing(Database(file_of(root))) as database:
        upgrade(database)
        refuse_newer(database)
        with pytest.raises(FormatTooNew):
            refuse_newer(database, ())

    assert not list(file_of(root).parent.glob("*.backup-*"))


def test_a_new_index_goes_through_all_migrations(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "new.sqlite3", create=True)) as database:
        with database.transaction():
            migrate(database, (MIGRATIONS[0], SECOND))
        assert version_of(database) == 2
        assert database.all("SELECT * FROM lore") == []


# --- query plans


def plan(index: Index, statement: str, values: tuple[object, ...]) -> list[str]:
    return [row[3] for row in index._database.all(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize("analysed", [False, True])
def test_wanted_and_stale_are_answered_from_covering_indexes(root: Path, analysed: bool) -> None:
    furnished(root)
    with opened(root) as index:
        if analysed:
            index._database.execute("ANALYZE")
        wanted = plan(index, sql.WANTED, (1, "2026-06-01", 1))
        count = plan(index, sql.COUNT_WANTED, (1, "2026-06-01"))
        stale = plan(index, sql.CANDIDATES_BY_AGE, (19, 1, 0, 0, 0))

    assert any("COVERING INDEX wanted_slot (library=? AND air_date<?)" in step for step in wanted)
    assert any("COVERING INDEX wanted_slot (library=? AND air_date<?)" in step for step in count)
    assert any("INDEX show_by_age" in step for step in stale)
    assert "SEARCH o USING PRIMARY KEY (library=? AND tmdb_id=?)" in count, "slots of missing shows, show by show"
    for steps in (wanted, count):
        scans = [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]
        assert not [step for step in scans if "entry" not in step], steps
    assert not [step for step in stale if "TEMP B-TREE" in step]


@pytest.mark.parametrize("statement", ["FOLDERS_OF_SHOW", "FILES", "SLOT_FILES", "OPEN_SLOTS", "TAGS_OF_SHOW"])
def test_what_belongs_to_one_show_is_found_by_its_key(statement: str, root: Path) -> None:
    furnished(root)
    with opened(root) as index:
        steps = plan(index, getattr(sql, statement), (1, 3))

    assert all(step.startswith("SEARCH") for step in steps if "TEMP B-TREE" not in step), steps
    assert any("library=? AND tmdb_id=?" in step for step in steps)


# --- what an upsert writes


def rows_written(index: Index, work: Callable[[], object]) -> int:
    connection = index._database._connection
    before = connection.total_changes
    work()
    return connection.total_changes - before


def upserting(index: Index, **changes: Any) -> Callable[[], object]:
    show = a_show(seasons=(a_season(1, episodes=50), a_season(2, episodes=50)))
    release = a_release(*(a_file(at) for at in range(1, 31)))
    moment = changes.pop("fetched_at", NOW)
    return lambda: index.upsert(replace(show, **changes), release, path=FOLDER, fetched_at=moment)


def test_an_upsert_that_changes_nothing_touches_no_slot(index: Index, root: Path) -> None:
    first = rows_written(index, upserting(index))
    before = everything_of(file_of(root))

    second = rows_written(index, upserting(index, fetched_at=NOW + days(1)))

    assert first > 200
    assert second == 2  # when it was fetched, and that the sync went well
    after = everything_of(file_of(root))
    assert {name for name in after if after[name] != before[name]} == {"show"}


def test_an_upsert_writes_the_rows_that_changed(index: Index) -> None:
    upserting(index)()
    season = a_season(2, episodes=50)
    episodes = season.episodes or ()
    other = replace(season, episodes=(*episodes[:-1], replace(episodes[-1], title="Renamed")))

    renamed = rows_written(index, upserting(index, seasons=(a_season(1, episodes=50), other)))

    assert renamed <= 4


def test_a_new_air_date_moves_one_slot(index: Index, clock: FakeClock) -> None:
    upserting(index)()
    assert index.count_wanted() == 70
    season = a_season(2, episodes=50)
    episodes = season.episodes or ()
    moved = replace(season, episodes=(*episodes[:-1], replace(episodes[-1], air_date=date(2027, 1, 1))))

    written = rows_written(index, upserting(index, seasons=(a_season(1, episodes=50), moved)))

    assert written <= 6
    assert index.count_wanted() == 69
    clock.advance(days=365)
    assert index.count_wanted() == 70


def test_what_is_wanted_of_missing_shows_is_neither_listed_nor_counted(index: Index) -> None:
    for number in (8, 9):
        index.upsert(a_show(TmdbId(number)), a_release(tmdb_id=TmdbId(number)), path=f"{number}", fetched_at=NOW)
    of_both, of_one = index.count_wanted(), len(list(index.wanted(TmdbId(8))))
    counts = []
    for change in (PresenceChange(vanished=(TmdbId(8),)), PresenceChange(restored=(TmdbId(8),))):
        index.presence.mark_presence(change, now=NOW)
        counts.append(index.count_wanted())
        assert len(list(index.wanted())) == counts[-1]

    assert of_one > 0
    assert counts == [of_both - of_one, of_both]


def test_a_presence_that_changes_nothing_writes_no_file(index: Index) -> None:
    release = a_release(*(a_file(at) for at in range(1, 31)))
    first = rows_written(index, lambda: index.presence.record_presence(a_presence(release), now=NOW))

    second = rows_written(index, lambda: index.presence.record_presence(a_presence(release), now=NOW))

    assert first > 30
    assert second <= 3


# --- facts and files


def test_a_season_that_could_not_be_had_keeps_its_known_episodes(index: Index) -> None:
    whole = (a_season(0, episodes=2), a_season(1), a_season(2))
    release = a_release(a_file(1, season=2))
    index.upsert(a_show(seasons=whole), release, path=FOLDER, fetched_at=NOW)
    before = index.show(SHOW_ID)

    partly = (a_season(0, episodes=2), a_season(1), a_season(2, episodes=3))
    unavailable = (*partly[:2], replace(partly[2], episodes=None))
    for day in (1, 2):
        index.upsert(a_show(seasons=unavailable), release, path=FOLDER, fetched_at=NOW + days(day))

        assert index.show(SHOW_ID) == before
        entry = index.find_by_tmdb_id(SHOW_ID)
        assert entry is not None
        assert (entry.episodes.total, entry.episodes.on_disk) == (8, 1)
        assert entry.sync.status_message == "episodes of season 2 could not be had"

    index.upsert(
        a_show(seasons=(*whole[:2], a_season(2, episodes=4))), release, path=FOLDER, fetched_at=NOW + days(3)
    )
    entry = index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.episodes.total, entry.sync.status_message) == (9, None)
    assert states(index.show(SHOW_ID))[2, 4] is SlotState.WANTED


def test_an_episode_that_moved_out_of_an_unavailable_season_is_there_once(index: Index) -> None:
    index.upsert(a_show(seasons=(a_season(1), a_season(2))), None, path=FOLDER, fetched_at=NOW)
    second = a_season(2).episodes or ()
    moved = replace(a_season(1), episodes=(*(a_season(1).episodes or ()), replace(second[0], number=4)))

    index.upsert(
        a_show(seasons=(moved, replace(a_season(2), episodes=None))), None, path=FOLDER, fetched_at=NOW + days(1)
    )

    assert set(states(index.show(SHOW_ID))) == {(1, 1), (1, 2), (1, 3), (1, 4), (2, 2), (2, 3)}


def test_a_season_that_is_no_longer_listed_takes_its_episodes_along(index: Index) -> None:
    release = a_release(a_file(1, season=2))
    index.upsert(a_show(seasons=(a_season(1), a_season(2))), release, path=FOLDER, fetched_at=NOW)

    index.upsert(a_show(), release, path=FOLDER, fetched_at=NOW + days(1))

    view = index.show(SHOW_ID)
    assert [season.number for season in view.seasons] == [1]
    assert [one.file for one in view.unmatched] == [replace(a_file(1, season=2), episode_ids=(10201,))]


def test_an_unavailable_season_that_was_never_had_is_there_without_episodes(index: Index) -> None:
    index.upsert(
        a_show(seasons=(a_season(1), replace(a_season(2), episodes=None))), None, path=FOLDER, fetched_at=NOW
    )

    assert [(season.number, len(season.episodes)) for season in index.show(SHOW_ID).seasons] == [(1, 3), (2, 0)]


def test_an_entry_whose_sidecar_is_gone_shows_no_files_until_a_rescan(index: Index) -> None:
    release = a_release(a_file(1), a_file(99), user=USER)
    index.presence.record_presence(a_presence(release), now=NOW)
    index.upsert(a_show(), release, path=FOLDER, fetched_at=NOW)
    full = index.show(SHOW_ID)
    assert states(full)[1, 1] is SlotState.ON_DISK
    assert [one.file for one in full.unmatched] == [a_file(99)]

    for fetched_at in (NOW + days(1), NOW + days(2)):
        index.upsert(a_show(), None, path=FOLDER, fetched_at=fetched_at)
        bare = index.show(SHOW_ID)
        assert set(states(bare).values()) == {SlotState.WANTED}
        assert bare.unmatched == ()
        entry = index.find_by_tmdb_id(SHOW_ID)
        assert entry is not None
        assert (entry.user, entry.episodes) == (USER, EpisodeCounts(total=3, aired=3, on_disk=0))

    index.presence.record_presence(a_presence(release), now=NOW)
    assert index.show(SHOW_ID) == full


def test_with_its_root_offline_an_entry_keeps_its_files(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kept" / "index.sqlite3"
    elsewhere.parent.mkdir()
    release = a_release(a_file(1), user=USER)
    with opened(root, location=elsewhere) as index:
        index.presence.record_presence(a_presence(release), now=NOW)
        index.upsert(a_show(), release, path=FOLDER, fetched_at=NOW)
        full = index.show(SHOW_ID)
    marker_path(root).unlink()

    with opened(root, location=elsewhere) as index:
        index.upsert(a_show(name="Renamed"), None, path=FOLDER, fetched_at=NOW + days(1))
        entry = index.find_by_tmdb_id(SHOW_ID)
        assert entry is not None
        assert (entry.name, entry.user, entry.episodes.on_disk) == ("Renamed", USER, 1)
        assert index.show(SHOW_ID) == full
        recorded = index.presence.recorded_release(SHOW_ID)
        assert recorded is not None
        assert [file.path for file in recorded.files] == [file.path for file in release.files]


def test_two_libraries_in_one_index_share_facts_and_nothing_else(tmp_path: Path) -> None:
    roots = [tmp_path / "disk 1", tmp_path / "disk 2"]
    for root in roots:
        root.mkdir()
        create_marker(root, now=NOW)
    location = tmp_path / "index.sqlite3"
    with opened(roots[0], location=location) as first:
        first.presence.record_presence(a_presence(a_release(a_file(1), user=USER)), now=NOW)
        first.upsert(a_show(), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)
        with opened(roots[1], location=location) as second:
            assert second.find_by_tmdb_id(SHOW_ID) is None
            assert second.presence.known_shows() == {}
            second.presence.record_presence(a_presence(a_release(a_file(2))), now=NOW)
            entries = [index.find_by_tmdb_id(SHOW_ID) for index in (first, second)]
            shown = [states(index.show(SHOW_ID)) for index in (first, second)]

    assert [entry and entry.metadata.fetched_at for entry in entries] == [NOW, NOW]
    assert [entry and entry.user for entry in entries] == [USER, UserMetadata()]
    assert [[at for at, state in slots.items() if state is SlotState.ON_DISK] for slots in shown] == [
        [(1, 1)],
        [(1, 2)],
    ]


def test_two_rows_for_one_number_are_two_slots(index: Index) -> None:
    twins = (an_episode(1), an_episode(1, episode_id=77, title="The other first"))
    season = replace(a_season(1), episodes=twins)

    index.upsert(a_show(seasons=(season,)), a_release(a_file(1)), path=FOLDER, fetched_at=NOW)

    (shown,) = index.show(SHOW_ID).seasons
    assert [(slot.number, slot.title) for slot in shown.episodes] == [(1, "The other first"), (1, "Title 1.1")]


def test_a_batch_that_breaks_off_keeps_whole_groups_of_shows(index: Index) -> None:
    def write(count: int) -> None:
        with index.presence.batch():
            for number in range(1, count + 1):
                presence = a_presence(a_release(tmdb_id=TmdbId(number)), path=f"{number}")
                with index.presence.exclusive():
                    index.presence.record_presence(presence, now=NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(151)

    whole = 151 // BLOCKS_PER_TRANSACTION * BLOCKS_PER_TRANSACTION
    assert set(index.presence.known_shows()) == {TmdbId(number) for number in range(1, whole + 1)}
    index.presence.record_presence(a_presence(a_release()), now=NOW)
    assert SHOW_ID in index.presence.known_shows()


def test_marking_and_restoring_many_is_one_transaction_that_reads_no_entry_by_itself(index: Index) -> None:
    ids = tuple(TmdbId(number) for number in range(1, 301))
    with index.presence.batch():
        for tmdb_id in ids:
            index.presence.record_presence(a_presence(a_release(tmdb_id=tmdb_id), path=f"{tmdb_id}"), now=NOW)
    said: list[str] = []
    index._database._connection.set_trace_callback(said.append)

    index.presence.mark_presence(PresenceChange(vanished=ids), now=NOW)
    index.presence.mark_presence(PresenceChange(restored=ids), now=NOW)

    index._database._connection.set_trace_callback(None)
    statements = [statement for statement in said if not statement.startswith("INSERT INTO marked_show")]
    assert len(statements) < 30
    assert statements.count("COMMIT") == 2
    assert all(entry.metadata.missing_since is None for entry in index.entries())
    assert sum(event.event.kind == EventKind.MARKED_MISSING for event in index.history()) == len(ids)


def test_a_full_disk_leaves_the_index_as_it_was(index: Index, root: Path) -> None:
    upserting(index)()
    before = everything_of(file_of(root))
    pages = index._database.one("PRAGMA page_count")
    assert pages is not None
    index._database.execute(f"PRAGMA max_page_count = {pages[0]}")

    with pytest.raises(AlfredError, match="disk is full"):
        index.upsert(
            a_show(TmdbId(9), overview="x" * 100_000), a_release(tmdb_id=TmdbId(9)), path="9", fetched_at=NOW
        )

    assert everything_of(file_of(root)) == before
    index._database.execute("PRAGMA max_page_count = 1000000")
    index.upsert(a_show(TmdbId(9)), a_release(tmdb_id=TmdbId(9)), path="9", fetched_at=NOW)
    assert TmdbId(9) in index.presence.known_shows()


def test_what_one_process_wrote_another_reads_at_once(root: Path, index: Index) -> None:
    with opened(root) as other:
        index.presence.record_presence(a_presence(a_release(a_file(1))), now=NOW)

        assert other.presence.file_counts() == {SHOW_ID: {FileStatus.READY: 1}}


def test_a_lost_marker_finds_its_id_in_the_index(root: Path, tmp_path: Path) -> None:
    opened(root).close()
    library_id = read_marker(root).library_id

    marker_path(root).unlink()

    assert library_of_index(root) == library_id
    assert library_of_index(tmp_path) is None
    file_of(root).write_bytes(b"garbage")
    assert library_of_index(root) is None
