"""Tags and notes: what the user says of a show outlives whatever happens to index, sidecar and folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from tests.e2e.alfred_process import (
    TOKEN,
    Shelf,
    name_of,
    put_episode,
    read_sidecar,
    without_roots_rights,
    write_invented_show,
)

TAGS = ["comfort", "with the kids"]
NOTE = 'Grandma\'s favourite: "the sea"\nwatch it in winter ❄'


@pytest.fixture(scope="module")
def provider_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provider")
    for tmdb_id in (1, 2):
        write_invented_show(folder, tmdb_id)
    return folder


@pytest.fixture
def shelf(tmp_path: Path, tmdb: StandIn) -> Shelf:
    shelf = Shelf(tmp_path).init()
    shelf.variables |= {"ALFRED_TMDB_BASE_URL": tmdb.url, "ALFRED_TMDB_TOKEN": TOKEN}
    shelf.add(1, 2)
    return shelf.rescanned()


@pytest.fixture
def tagged(shelf: Shelf) -> Shelf:
    """A library whose show 1 has tags and a note."""
    with shelf.opened() as library:
        one = next(entry.tmdb_id for entry in library.index.entries() if entry.tmdb_id.value == 1)
        library.tag(one, add=TAGS)
        library.note(one, NOTE)
    return shelf


def said(shelf: Shelf, tmdb_id: int = 1) -> tuple[list[str], str | None]:
    entry = shelf.listed("--all")[tmdb_id]
    return entry["tags"], entry["note"]


# --- the commands


def test_tags_are_added_removed_and_listed(shelf: Shelf) -> None:
    added = shelf.alfred("tag", "1", "--add", "b", "--add", "a", "--json").ended(0)
    assert added.json == {"tmdb_id": 1, "tags": ["a", "b"], "note": None}
    shelf.alfred("tag", "1", "--add", "c", "--remove", "b").ended(0)
    assert shelf.alfred("tag", "1").ended(0).stdout == "1: a, c\n"
    assert read_sidecar(shelf.sidecar(1))["user"]["tags"] == ["a", "c"]

    assert shelf.alfred("note", "1", NOTE, "--json").ended(0).json["note"] == NOTE
    assert said(shelf) == (["a", "c"], NOTE)
    shelf.alfred("note", "1", "").ended(0)
    assert said(shelf) == (["a", "c"], None)


def test_list_gives_the_shows_that_have_every_tag_asked_for(shelf: Shelf) -> None:
    shelf.alfred("tag", "1", "--add", "sea", "--add", "comfort").ended(0)
    shelf.alfred("tag", "2", "--add", "comfort").ended(0)

    assert set(shelf.listed("--tag", "comfort")) == {1, 2}
    assert set(shelf.listed("--tag", "comfort", "--tag", "sea")) == {1}
    assert set(shelf.listed("--tag", "Comfort")) == set()
    shelf.take_away(1)
    shelf.rescanned()
    assert set(shelf.listed("--tag", "sea")) == set()
    assert set(shelf.listed("--tag", "sea", "--all")) == {1}


@pytest.mark.parametrize("bad", ["", "   ", "x" * 101, "two\nlines", "bell\a"])
def test_a_tag_that_is_none_is_refused_and_nothing_is_written(shelf: Shelf, bad: str) -> None:
    before = shelf.sidecar(1).read_bytes()

    run = shelf.alfred("tag", "1", "--add", "fine", "--add", bad).ended(2)

    assert len(run.stderr.splitlines()) == 1
    assert said(shelf) == ([], None)
    assert shelf.sidecar(1).read_bytes() == before


def test_a_show_that_is_not_in_the_library_cannot_be_tagged(shelf: Shelf) -> None:
    assert shelf.alfred("tag", "77", "--add", "x").ended(3).stderr.startswith("alfred: no show with TMDB id 77")
    shelf.alfred("note", "77", "x").ended(3)


# --- what they outlive


def _rescan(shelf: Shelf) -> None:
    put_episode(shelf.show_folder(1), 3)
    shelf.rescan()


def _sync(shelf: Shelf) -> None:
    shelf.alfred("sync", "1").ended(0)
    shelf.alfred("sync", "1", "--force").ended(0)
    assert shelf.show(1)["name"] == "Provider's 1"


def _failed_sync(shelf: Shelf) -> None:
    shelf.alfred("sync", "1", env={"ALFRED_TMDB_TOKEN": "a-token-that-is-refused"}).ended(4)
    assert shelf.states()[1] == "broken"


def _loss_of_the_index(shelf: Shelf) -> None:
    shelf.lose_index()


def _damage_to_the_index(shelf: Shelf) -> None:
    shelf.index.write_bytes(b"SQLite format 3\0" + os.urandom(20_000))
    for beside in ("-wal", "-shm"):
        shelf.index.with_name(shelf.index.name + beside).unlink(missing_ok=True)


def _loss_of_the_sidecar(shelf: Shelf) -> None:
    shelf.sidecar(1).unlink()


def _loss_of_the_sidecar_and_a_sync(shelf: Shelf) -> None:
    shelf.sidecar(1).unlink()
    shelf.alfred("sync", "1").ended(0)


def _an_empty_sidecar(shelf: Shelf) -> None:
    shelf.sidecar(1).write_bytes(b"")


def _a_sidecar_cut_short(shelf: Shelf) -> None:
    content = shelf.sidecar(1).read_bytes()
    shelf.sidecar(1).write_bytes(content[: len(content) // 3])


def _a_sidecar_cut_short_and_loss_of_the_index(shelf: Shelf) -> None:
    content = shelf.sidecar(1).read_bytes()
    shelf.sidecar(1).write_bytes(content[: content.index(b'"files"')])
    shelf.lose_index()


def _a_rename(shelf: Shelf) -> None:
    shelf.show_folder(1).rename(shelf.root / "A new name")


def _a_rename_and_loss_of_the_index(shelf: Shelf) -> None:
    shelf.show_folder(1).rename(shelf.root / "A new name")
    shelf.lose_index()


def _missing_and_back(shelf: Shelf) -> None:
    shelf.take_away(1)
    assert shelf.rescan()["missing"] == [1]
    assert said(shelf) == (TAGS, NOTE)
    (shelf.folder / "away" / name_of(1)).rename(shelf.root / "Back under another name")


def _missing_and_loss_of_the_index_and_back(shelf: Shelf) -> None:
    shelf.take_away(1)
    shelf.rescan()
    shelf.lose_index()
    assert set(shelf.listed("--all")) == {2}
    shelf.bring_back(1)


def _a_new_copy_of_the_show_without_its_sidecar(shelf: Shelf) -> None:
    shelf.lose(1)
    shelf.rescan()
    put_episode(shelf.root / "Downloaded again [tmdbid-1]", 1)


def _another_copy_of_the_show(shelf: Shelf) -> None:
    put_episode(shelf.root / "Also here [tmdbid-1]", 1)


HAPPENINGS = [
    _rescan,
    _sync,
    _failed_sync,
    _loss_of_the_index,
    _damage_to_the_index,
    _loss_of_the_sidecar,
    _loss_of_the_sidecar_and_a_sync,
    _an_empty_sidecar,
    _a_sidecar_cut_short,
    _a_sidecar_cut_short_and_loss_of_the_index,
    _a_rename,
    _a_rename_and_loss_of_the_index,
    _missing_and_back,
    _missing_and_loss_of_the_index_and_back,
    _a_new_copy_of_the_show_without_its_sidecar,
    _another_copy_of_the_show,
]


@pytest.mark.parametrize("happens", HAPPENINGS, ids=lambda value: value.__name__.strip("_").replace("_", " "))
def test_tags_and_note_outlive(tagged: Shelf, happens: Callable[[Shelf], None]) -> None:
    happens(tagged)
    tagged.alfred("rescan", "--quiet")

    assert said(tagged) == (TAGS, NOTE)
    for sidecar in tagged.root.glob("*/.alfred/release.json"):
        document = read_sidecar(sidecar)
        if document["tmdb_id"] == 1:
            assert (document["user"]["tags"], document["user"]["note"]) == (TAGS, NOTE)
    tagged.lose_index()
    assert said(tagged) == (TAGS, NOTE), "the sidecar alone has them"
    tagged.rescan()
    assert said(tagged) == (TAGS, NOTE)


# --- the newest copy wins


def test_a_tag_that_was_removed_does_not_come_back_from_an_older_sidecar(tagged: Shelf) -> None:
    older = tagged.folder / "backup.json"
    shutil.copy2(tagged.sidecar(1), older)
    tagged.alfred("tag", "1", *(f"--remove={tag}" for tag in TAGS)).ended(0)
    tagged.alfred("note", "1", "").ended(0)

    shutil.copy(older, tagged.sidecar(1))
    tagged.rescan()

    assert said(tagged) == ([], None)
    assert read_sidecar(tagged.sidecar(1))["user"]["tags"] == []


def test_a_tag_that_was_removed_does_not_come_back_from_a_damaged_sidecar(tagged: Shelf) -> None:
    damaged = tagged.sidecar(1).read_bytes()[:-20]
    tagged.alfred("tag", "1", "--remove", TAGS[0]).ended(0)

    tagged.sidecar(1).write_bytes(damaged)
    tagged.rescan(exit_code=1)

    assert said(tagged)[0] == TAGS[1:]


def test_a_tag_that_was_removed_while_the_show_was_away_stays_removed_when_it_is_back(tagged: Shelf) -> None:
    tagged.take_away(1)
    tagged.rescan()
    tagged.alfred("tag", "1", "--remove", TAGS[0], "--add", "gone for now").ended(0)

    tagged.bring_back(1)
    assert tagged.rescan()["restored"] == [1]

    assert said(tagged)[0] == ["gone for now", TAGS[1]] == read_sidecar(tagged.sidecar(1))["user"]["tags"]


def test_an_older_index_does_not_bring_a_removed_tag_back(tagged: Shelf) -> None:
    older = tagged.folder / "index backup"
    shutil.copy2(tagged.index, older)
    tagged.alfred("tag", "1", "--remove", TAGS[0], "--add", "new").ended(0)
    tagged.lose_index()
    shutil.copy2(older, tagged.index)

    tagged.rescan()

    assert said(tagged)[0] == ["new", TAGS[1]]


def test_a_tag_on_top_of_an_older_index_keeps_what_the_sidecar_has(tagged: Shelf) -> None:
    older = tagged.folder / "index backup"
    shutil.copy2(tagged.index, older)
    tagged.alfred("tag", "1", "--add", "from another machine").ended(0)
    tagged.lose_index()
    shutil.copy2(older, tagged.index)

    tagged.alfred("tag", "1", "--add", "here").ended(0)

    assert said(tagged)[0] == [TAGS[0], "from another machine", "here", TAGS[1]]


def test_a_tag_is_kept_though_the_clock_went_back(shelf: Shelf) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    with shelf.opened(now=lambda: ahead) as library:
        entry = next(library.index.entries())
        library.tag(entry.tmdb_id, add=["from the future"])
    shelf.alfred("tag", "1", "--add", "now").ended(0)
    shelf.alfred("tag", "1", "--remove", "from the future").ended(0)

    shelf.rescan()

    assert said(shelf)[0] == ["now"]
    assert read_sidecar(shelf.sidecar(1))["user"]["tags"] == ["now"]


def test_tags_written_into_the_sidecar_by_hand_are_taken_over(shelf: Shelf) -> None:
    document = read_sidecar(shelf.sidecar(1))
    document["user"] = {"tags": ["by hand"], "note": "mine"}
    shelf.sidecar(1).write_text(json.dumps(document), encoding="utf-8")

    shelf.rescan()

    assert said(shelf) == (["by hand"], "mine")


def test_a_sidecar_of_a_newer_alfred_is_left_alone_and_its_tag_waits_in_the_index(shelf: Shelf) -> None:
    document = read_sidecar(shelf.sidecar(1)) | {"format": 99}
    shelf.sidecar(1).write_text(json.dumps(document), encoding="utf-8")
    newer = shelf.sidecar(1).read_bytes()

    shelf.alfred("tag", "1", "--add", "patient").ended(0)
    shelf.rescan(exit_code=1)

    assert said(shelf)[0] == ["patient"]
    assert shelf.sidecar(1).read_bytes() == newer


# --- folders that cannot be written


@pytest.fixture
def bound(tagged: Shelf) -> Iterator[Shelf]:
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("the tests run as root, and nothing here can take a process root's rights away")
    tagged.prefix = prefix
    yield tagged
    _set_writable(tagged.show_folder(1), yes=True)


def _set_writable(folder: Path, *, yes: bool) -> None:
    for path in (folder, folder / ".alfred"):
        if path.exists():
            path.chmod(0o755 if yes else 0o555)


def _copies_in_state(shelf: Shelf) -> list[dict[str, Any]]:
    return [read_sidecar(path) for path in (shelf.state / "sidecars").rglob("*.json")]


def test_a_folder_that_became_read_only_keeps_new_tags_on_this_machine(bound: Shelf) -> None:
    _set_writable(bound.show_folder(1), yes=False)

    tagging = bound.alfred("tag", "1", "--add", "new", "--remove", TAGS[0]).ended(0)
    assert "cannot be written: sidecars go to" in tagging.stderr
    wanted = (["new", TAGS[1]], NOTE)
    assert said(bound) == wanted
    assert [copy["user"]["tags"] for copy in _copies_in_state(bound)] == [wanted[0]]
    for _ in range(2):
        assert bound.rescan()["changed"] == [], "it is not written again and again"

    bound.lose_index()
    assert said(bound) == wanted
    bound.rescan()
    assert said(bound) == wanted

    _set_writable(bound.show_folder(1), yes=True)
    bound.alfred("tag", "1", "--add", "writable").ended(0)
    assert read_sidecar(bound.sidecar(1))["user"]["tags"] == ["new", TAGS[1], "writable"]
    assert _copies_in_state(bound) == [], "the second copy is gone, so that it can never win"


def test_a_folder_that_was_always_read_only_is_adopted_and_tagged(bound: Shelf) -> None:
    _set_writable(bound.show_folder(1), yes=True)
    shutil.rmtree(bound.show_folder(1) / ".alfred")
    bound.lose_index()
    _set_writable(bound.show_folder(1), yes=False)
    bound.rescan()
    bound.alfred("tag", "1", "--add", "kept here").ended(0)

    bound.lose_index()
    bound.rescan()

    assert said(bound)[0] == ["kept here"]
    assert not (bound.show_folder(1) / ".alfred").exists()


def test_a_damaged_sidecar_in_a_read_only_folder_is_salvaged(bound: Shelf) -> None:
    bound.sidecar(1).write_bytes(bound.sidecar(1).read_bytes()[:-20])
    _set_writable(bound.show_folder(1), yes=False)
    bound.lose_index()

    bound.alfred("rescan", "--quiet")
    assert said(bound) == (TAGS, NOTE)
    bound.lose_index()
    bound.rescan()
    assert said(bound) == (TAGS, NOTE)
