"""The doctor's instruments on real files: whatever is broken, they look at it and leave it as it is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alfred.application.exceptions import FormatTooNew, IndexCorrupt, IndexUnreadable, NotALibrary, RootOffline
from alfred.application.ports.health import IndexFacts, SettingsFacts, TokenFacts, TokenKind
from alfred.composition import check, initialise, open_library
from alfred.infrastructure.api.credentials import token_facts
from alfred.infrastructure.folders import DiskFolders
from alfred.infrastructure.persistence import mounts
from alfred.infrastructure.persistence.examination import DiskInstruments
from alfred.infrastructure.persistence.leftovers import find_leftovers, remove_abandoned
from alfred.infrastructure.persistence.sqlite.inspection import inspect_index
from alfred.settings import Settings, load_usable_settings
from tests.builders import FOLDER, NOW, SHOW_ID, a_show, days

HALF_WRITTEN = ".release.json.ab12_xyz.new"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with one show, rescanned and synced."""
    root = tmp_path / "tv"
    episode = root / FOLDER / "Season 01" / "Lamplighters S01E01.mkv"
    episode.parent.mkdir(parents=True)
    episode.write_text("x")
    initialise(root, settings_for(root), now=lambda: NOW)
    with open_library(root, settings_for(root), now=lambda: NOW) as library:
        library.rescan()
        library.index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        library.rescan()
    return root


def settings_for(root: Path) -> Settings:
    return Settings(state_dir=root.parent / "state")


def index_of(root: Path) -> Path:
    return root / ".alfred" / "index.sqlite3"


def inspect(root: Path, *, library_id: str | None = None) -> IndexFacts:
    path = index_of(root)
    if library_id is None:
        with closing(sqlite3.connect(path)) as connection:
            library_id = connection.execute("SELECT library_id FROM library").fetchone()[0]
    return inspect_index(path, root=root, library_id=library_id, now=NOW)


def alter(root: Path, *statements: str) -> None:
    with closing(sqlite3.connect(index_of(root), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def instruments(root: Path | None, *, state_dir: Path | None = None) -> DiskInstruments:
    place = root or Path("/nowhere")
    return DiskInstruments(
        root=root,
        no_root=None if root else NotALibrary("none named"),
        index=index_of(place),
        state_dir=state_dir or place.parent / "state",
        folders=DiskFolders(place),
        settings=SettingsFacts("settings.toml"),
        token=TokenFacts(kind=TokenKind.MISSING),
        now=lambda: NOW,
    )


# --- the index


def test_a_sound_index_has_nothing_against_it(root: Path) -> None:
    facts = inspect(root)

    assert facts == IndexFacts(
        path=str(index_of(root)),
        schema=facts.newest_schema,
        newest_schema=facts.newest_schema,
        file_system=mounts.file_system_of(root),
        journal_mode=facts.wanted_journal_mode,
        wanted_journal_mode="delete" if mounts.is_network(root) else "wal",
    )
    assert not facts.must_be_made_anew


def test_an_index_that_is_not_there(root: Path) -> None:
    index_of(root).unlink()

    facts = inspect(root, library_id="any")

    assert (facts.is_there, facts.must_be_made_anew) == (False, True)
    assert not index_of(root).exists()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0"])
def test_an_index_without_anything_in_it(root: Path, content: bytes) -> None:
    index_of(root).write_bytes(content)

    facts = inspect(root, library_id="any")

    assert (facts.error is None or isinstance(facts.error, IndexCorrupt), facts.must_be_made_anew) == (True, True)


def test_an_index_that_is_no_database_is_left_as_it_is(root: Path) -> None:
    index_of(root).write_bytes(b"not a database " * 1000)

    facts = inspect(root, library_id="any")

    assert isinstance(facts.error, IndexCorrupt)
    assert index_of(root).read_bytes() == b"not a database " * 1000
    assert not list(root.glob(".alfred/*corrupt*"))


def test_an_index_with_a_torn_page(root: Path) -> None:
    alter(root, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = delete")
    content = bytearray(index_of(root).read_bytes())
    for page in range(5, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    index_of(root).write_bytes(content)

    assert inspect(root, library_id="any").must_be_made_anew


def test_an_index_whose_own_index_lacks_a_row_is_damaged(root: Path) -> None:
    """A quick check does not see this; only the whole one does."""
    alter(
        root,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master "
        "SET sql = replace(sql, '(verified_at, fetched_at, tmdb_id)', '(tmdb_id, fetched_at, verified_at)') "
        "WHERE name = 'show_by_age'",
    )

    facts = inspect(root, library_id="any")

    assert facts.faults
    assert facts.must_be_made_anew


def test_rows_that_point_to_nothing(root: Path) -> None:
    alter(root, "PRAGMA foreign_keys = OFF", "INSERT INTO tag VALUES (1, 4711, 'lost'), (1, 4712, 'lost')")

    facts = inspect(root)

    assert (facts.dangling, facts.must_be_made_anew) == ({"tag": 2}, False)


def test_an_index_of_a_newer_alfred(root: Path) -> None:
    alter(root, "PRAGMA user_version = 99")

    assert isinstance(inspect(root).error, FormatTooNew)


def test_an_index_that_is_a_folder_cannot_be_read(root: Path) -> None:
    index_of(root).unlink()
    index_of(root).mkdir()

    facts = inspect(root, library_id="any")

    assert isinstance(facts.error, IndexUnreadable)
    assert not facts.must_be_made_anew


def test_an_index_that_knows_another_library_here(root: Path) -> None:
    facts = inspect(root, library_id="someone else")

    assert not facts.knows_library
    assert facts.other_library


def test_an_index_that_knows_nobody_here(root: Path) -> None:
    alter(root, "UPDATE library SET root = '/elsewhere'")

    facts = inspect(root, library_id="someone else")

    assert (facts.knows_library, facts.other_library) == (False, None)


def test_a_journal_mode_that_the_file_system_does_not_want(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alter(root, "PRAGMA journal_mode = delete")
    assert inspect(root).journal_mode == "delete"
    alter(root, "PRAGMA journal_mode = wal")
    assert inspect(root).journal_mode == "wal"

    table = root.parent / "mountinfo"
    table.write_text("1 0 0:1 / / rw - nfs4 server:/tv rw\n")
    monkeypatch.setattr(mounts, "MOUNT_TABLE", table)

    facts = inspect(root)
    assert (facts.file_system, facts.journal_mode, facts.wanted_journal_mode) == ("nfs4", "wal", "delete")


def test_facts_from_the_future(root: Path) -> None:
    with open_library(root, settings_for(root), now=lambda: NOW + days(3)) as library:
        library.index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW + days(3))

    assert inspect(root).fetched_in_future == (SHOW_ID,)


def test_an_index_that_somebody_writes_to_is_read_as_it_was_before(root: Path) -> None:
    with closing(sqlite3.connect(index_of(root), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM entry")

        facts = inspect(root)

        assert facts.error is None
        assert not facts.must_be_made_anew
        writer.execute("ROLLBACK")


def test_looking_changes_no_file(root: Path) -> None:
    (root / FOLDER / ".alfred" / HALF_WRITTEN).write_text("{")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and "-" not in path.suffix}

    instruments(root).gather()
    check(root, settings_for(root), now=lambda: NOW)

    assert {path: path.read_bytes() for path in before} == before
    assert {path for path in root.rglob("*") if path.is_file() and "-" not in path.suffix} == set(before)


# --- root, marker, state folder, disks


def test_a_library_that_is_as_it_should_be(root: Path) -> None:
    facts = instruments(root).gather()

    assert facts.root.error is None
    assert (facts.root.path, facts.root.created, facts.root.is_writable) == (
        str(root),
        "2026-06-01T12:00:00Z",
        True,
    )
    assert facts.state_dir.problem is None
    assert facts.index is not None
    assert facts.index.knows_library
    assert [space.path for space in facts.spaces] == [str(root)]
    assert facts.spaces[0].total > facts.spaces[0].free > 0


def test_a_library_that_nobody_named(tmp_path: Path) -> None:
    facts = instruments(None, state_dir=tmp_path).gather()

    assert isinstance(facts.root.error, NotALibrary)
    assert (facts.root.path, facts.index) == (None, None)
    assert [space.path for space in facts.spaces] == [str(tmp_path)]


def _lose_root(root: Path) -> None:
    root.rename(root.with_name("elsewhere"))


def _lose_marker(root: Path) -> None:
    (root / ".alfred" / "library.json").unlink()


def _damage_marker(root: Path) -> None:
    (root / ".alfred" / "library.json").write_text('{"format": 1, "libr')


def _renew_marker(root: Path) -> None:
    (root / ".alfred" / "library.json").write_text('{"format": 99}')


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_lose_root, RootOffline.code),
        (_lose_marker, NotALibrary.code),
        (_damage_marker, "library_unavailable"),
        (_renew_marker, FormatTooNew.code),
    ],
)
def test_a_root_that_cannot_be_used_is_a_fact_and_no_crash(
    root: Path, harm: Callable[[Path], None], code: str
) -> None:
    harm(root)

    facts = instruments(root).gather()

    assert facts.root.error is not None
    assert (facts.root.error.code, facts.index) == (code, None)


def test_a_state_folder_that_is_yet_to_be_made_is_all_right(tmp_path: Path) -> None:
    facts = instruments(None, state_dir=tmp_path / "a" / "b").gather()

    assert (facts.state_dir.path, facts.state_dir.problem) == (str(tmp_path / "a" / "b"), None)


def test_a_file_in_the_place_of_the_state_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")

    facts = instruments(None, state_dir=tmp_path / "a" / "b").gather()

    assert str(facts.state_dir.problem).startswith(f"{tmp_path / 'a'} is not a folder")


# --- leftovers


def age(path: Path, span: timedelta) -> Path:
    moment = (NOW - span).timestamp()
    os.utime(path, (moment, moment), follow_symlinks=False)
    return path


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        (HALF_WRITTEN, True),
        (".library.json.00000000.new", True),
        (".README.txt.abcdefgh.new", True),
        (f".{'0a' * 16}.json.abcdefgh.new", True),
        ("release.json", False),
        ("release.json.new", False),
        (".release.json.new", False),
        (".release.json.ab12_xyz.new.mkv", False),
        (".my.release.json.ab12_xyz.new", False),
        (".release.json.AB12_XYZ.new", False),
    ],
)
def test_only_half_written_files_of_our_own_are_abandoned(tmp_path: Path, name: str, *, is_ours: bool) -> None:
    (tmp_path / name).write_text("x")
    age(tmp_path / name, timedelta(hours=2))

    facts = find_leftovers(tmp_path, [tmp_path], now=NOW)
    remove_abandoned(tmp_path, [name], now=NOW)

    assert facts.abandoned == ((name,) if is_ours else ())
    assert (tmp_path / name).exists() != is_ours


@pytest.mark.parametrize(("span", "is_old"), [(61, True), (59, False), (-60, False)])
def test_a_young_file_may_still_be_written(tmp_path: Path, span: int, *, is_old: bool) -> None:
    (tmp_path / HALF_WRITTEN).write_text("x")
    age(tmp_path / HALF_WRITTEN, timedelta(minutes=span))

    assert bool(find_leftovers(tmp_path, [tmp_path], now=NOW).abandoned) == is_old
    remove_abandoned(tmp_path, [HALF_WRITTEN], now=NOW)
    assert (tmp_path / HALF_WRITTEN).exists() != is_old


def test_a_folder_and_a_link_by_that_name_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    (tmp_path / HALF_WRITTEN).symlink_to(tmp_path / "precious")
    age(tmp_path / HALF_WRITTEN, timedelta(days=2))
    other = tmp_path / ".release.json.00000000.new"
    other.mkdir()
    age(other, timedelta(days=2))

    remove_abandoned(tmp_path, [HALF_WRITTEN, other.name], now=NOW)

    assert find_leftovers(tmp_path, [tmp_path], now=NOW).abandoned == ()
    assert (tmp_path / HALF_WRITTEN).is_symlink()
    assert other.is_dir()


def test_leftovers_are_found_in_every_folder_of_ours(root: Path) -> None:
    places = [root / FOLDER / ".alfred", root / ".alfred"]
    for place in places:
        (place / HALF_WRITTEN).write_text("x")
        age(place / HALF_WRITTEN, timedelta(hours=2))
    for name in ("index.sqlite3.backup-v1", "index.sqlite3.corrupt-20260101T000000Z"):
        (root / ".alfred" / name).write_text("x")
    (root / FOLDER / ".alfred" / "release.json.corrupt-20260101T000000Z-1").write_text("x")

    found = instruments(root).gather().leftovers

    assert found.abandoned == (f".alfred/{HALF_WRITTEN}", f"{FOLDER}/.alfred/{HALF_WRITTEN}")
    assert found.kept_aside == (
        ".alfred/index.sqlite3.backup-v1",
        ".alfred/index.sqlite3.corrupt-20260101T000000Z",
        f"{FOLDER}/.alfred/release.json.corrupt-20260101T000000Z-1",
    )


# --- settings and token


def test_settings_that_are_right_are_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("workers = 3\n")

    settings, problems = load_usable_settings({"ALFRED_TMDB_LANGUAGE": "de"}, file=file)

    assert (settings.workers, settings.tmdb_language, problems) == (3, "de", ())


def test_what_is_right_in_broken_settings_is_used(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('workers = 0\nlibrary = "/tv"\nlibrarry = "/tw"\n')

    settings, problems = load_usable_settings({"ALFRED_TMDB_TIMEOUT_SECONDS": "soon"}, file=file)

    assert (settings.library, settings.workers, settings.tmdb_timeout_seconds) == (Path("/tv"), 8, 10.0)
    unknown, workers, timeout = problems
    assert "librarry" in unknown
    assert workers.startswith(f"workers in {file} must be a whole number from 1 to 64")
    assert timeout.startswith("ALFRED_TMDB_TIMEOUT_SECONDS must be a number of seconds")


@pytest.mark.parametrize("content", [b"workers = = 3", b"\xff\xfe"])
def test_a_settings_file_that_cannot_be_read_leaves_the_environment(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)

    settings, problems = load_usable_settings({"ALFRED_WORKERS": "3"}, file=file)

    assert (settings.workers, len(problems)) == (3, 1)


def test_a_wrong_token_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("tmdb_token = 4711\n")

    _, (problem,) = load_usable_settings({}, file=file)

    assert "4711" not in problem


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (None, TokenKind.MISSING),
        ("  ", TokenKind.MISSING),
        ("0123456789abcdefABCDEF0123456789", TokenKind.V3),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiIxIn0.x-Yz_0123456789", TokenKind.V4),
        ("0123456789abcdef", TokenKind.UNUSUAL),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiIxIn0.x-Yz_0123456789", TokenKind.UNUSABLE),
        ("schlüssel", TokenKind.UNUSABLE),
    ],
)
def test_a_token_is_told_by_its_looks(token: str | None, kind: TokenKind) -> None:
    assert token_facts(token) == TokenFacts(kind=kind)
