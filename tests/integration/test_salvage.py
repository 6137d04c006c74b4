"""A damaged index still gives what nothing else holds: the tags, notes and history of shows that are away."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from alfred.application.exceptions import IndexCorrupt
from alfred.composition import Library, initialise
from alfred.domain.shared.value_objects import TmdbId
from alfred.settings import Settings
from tests.builders import NOW

SHOWS = 12
AWAY = TmdbId(1007)
PAGE = 4096


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    """A library of twelve shows with tags and notes, of which one went missing a day ago."""
    root = tmp_path / "TV"
    root.mkdir()
    initialise(root, settings, now=lambda: NOW)
    for number in range(1001, 1001 + SHOWS):
        folder = root / f"Show {number} [tmdbid-{number}]"
        folder.mkdir()
        (folder / f"Show {number} S01E01.mkv").write_bytes(b"x")
    with opened(root, settings) as library:
        library.rescan()
        for number in range(1001, 1001 + SHOWS):
            library.tag(TmdbId(number), add=["mine", f"tag {number}"])
            library.note(TmdbId(number), f"note {number}")
    shutil.rmtree(root / f"Show {AWAY} [tmdbid-{AWAY}]")
    with opened(root, settings, later=timedelta(days=1)) as library:
        library.rescan()
    return root


def opened(root: Path, settings: Settings, *, later: timedelta = timedelta()) -> closing[Library]:
    return closing(Library(root, settings, now=lambda: NOW + later))


def index_of(root: Path) -> Path:
    return root / ".alfred" / "index.sqlite3"


def test_a_missing_show_keeps_its_tags_note_and_history(root: Path, settings: Settings) -> None:
    with opened(root, settings) as library:
        before = library.index.find_by_tmdb_id(AWAY)
        history = list(library.index.history(AWAY))
        library.index.heal()
        after = library.index.find_by_tmdb_id(AWAY)

        assert before is not None
        assert after is not None
        assert after.metadata.missing_since == NOW + timedelta(days=1)
        assert (after.user, after.metadata) == (before.user, before.metadata)
        assert after.user.tags == ("mine", f"tag {AWAY}")
        assert list(library.index.history(AWAY)) == history


def test_an_index_that_cannot_be_opened_gives_what_a_copy_of_it_can(root: Path, settings: Settings) -> None:
    with index_of(root).open("r+b") as file:
        file.seek(0, 2)
        file.truncate(file.tell() - PAGE)

    with opened(root, settings) as library:
        assert len(list(library.index.entries())) >= SHOWS - 1
        assert list(index_of(root).parent.glob("index.sqlite3.corrupt-*"))


def test_shows_that_are_there_are_as_their_sidecars_say(root: Path, settings: Settings) -> None:
    with opened(root, settings) as library:
        library.index.heal()
        entry = library.index.find_by_tmdb_id(TmdbId(1001))

        assert entry is not None
        assert entry.user.tags == ("mine", "tag 1001")
        assert entry.user.note == "note 1001"
        assert entry.metadata.missing_since is None
        assert entry.metadata.added_at == NOW


def test_what_is_read_from_the_sidecars_again_is_no_event(root: Path, settings: Settings) -> None:
    with opened(root, settings) as library:
        history = list(library.index.history())
        library.index.heal()

        assert list(library.index.history()) == history


def test_tags_that_are_damaged_are_those_of_the_sidecars(root: Path, settings: Settings) -> None:
    with closing(sqlite3.connect(index_of(root))) as database:
        [(page,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tag'")
    with index_of(root).open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xee" * PAGE)

    with opened(root, settings) as library:
        library.index.heal()
        entries = {entry.tmdb_id.value: entry.user for entry in library.index.entries()}

    assert entries.pop(AWAY.value).note == f"note {AWAY}"
    assert {number: user.tags for number, user in entries.items()} == {
        number: ("mine", f"tag {number}") for number in entries
    }


def test_a_show_that_was_away_and_is_back_is_whole_again(root: Path, settings: Settings) -> None:
    with opened(root, settings, later=timedelta(days=2)) as library:
        library.index.heal()
        folder = root / "Under another name {tmdb-1007}"
        folder.mkdir()
        (folder / "S01E01.mkv").write_bytes(b"x")

        assert library.rescan().restored == (AWAY,)
        entry = library.index.find_by_tmdb_id(AWAY)
        assert entry is not None
        assert entry.user.note == f"note {AWAY}"
        assert entry.metadata.missing_since is None


def test_any_page_may_be_damaged_and_other_pages_still_give_what_they_hold(root: Path, settings: Settings) -> None:
    whole = index_of(root).read_bytes()
    randomness = random.Random(11)  # noqa: S311  (the same damage in each run)
    kept = 0
    pages = range(1, len(whole) // PAGE)
    for page in pages:
        for aside in index_of(root).parent.glob("index.sqlite3*"):
            aside.unlink()
        damage = randomness.randbytes(PAGE)
        index_of(root).write_bytes(whole[: page * PAGE] + damage + whole[(page + 1) * PAGE :])
        with opened(root, settings) as library:
            try:
                kept += is_kept(library)
            except IndexCorrupt:
                library.index.heal()
                kept += is_kept(library)
    assert kept >= 0.7 * len(pages)


def is_kept(library: Library) -> bool:
    entries = {entry.tmdb_id: entry for entry in library.index.entries()}
    assert set(entries) - {AWAY} == {TmdbId(number) for number in range(1001, 1001 + SHOWS)} - {AWAY}
    list(library.index.history())
    return AWAY in entries and entries[AWAY].user.note == f"note {AWAY}"
