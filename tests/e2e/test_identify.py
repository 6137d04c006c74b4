"""Identify, as people and scripts use it: found, asked, corrected, refused."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from tests.e2e.alfred_process import (
    TOKEN,
    Shelf,
    put_episode,
    read_sidecar,
    without_roots_rights,
    write_invented_show,
)

OLD, NEW, LANTERNS = 1987, 2011, 303
DOWN = b"\x1b[B"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def provider_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provider")
    for tmdb_id, changes in (
        (OLD, {"name": "Harbour", "first_air_date": "1987-01-01", "overview": "Boats."}),
        (NEW, {"name": "Harbour", "first_air_date": "2011-01-01", "overview": "Boats, again."}),
        (LANTERNS, {"name": "The Lanterns", "external_ids": {"tvdb_id": 81, "imdb_id": "tt0000081"}}),
    ):
        write_invented_show(folder, tmdb_id)
        path = folder / "tv" / f"{tmdb_id}.json"
        body = json.loads(path.read_text()) | {"original_name": changes["name"]} | changes
        path.write_text(json.dumps(body))
    return folder


@pytest.fixture
def shelf(tmp_path: Path, tmdb: StandIn) -> Shelf:
    shelf = Shelf(tmp_path).init()
    shelf.variables |= {"ALFRED_TMDB_BASE_URL": tmdb.url, "ALFRED_TMDB_TOKEN": TOKEN}
    return shelf


def put(shelf: Shelf, *names: str) -> None:
    for name in names:
        put_episode(shelf.root / name, 1)


def identify(shelf: Shelf, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = shelf.alfred("identify", "--json", *arguments).ended(exit_code).json
    return document


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "index.sqlite3" not in path.name
    }


def sidecar(shelf: Shelf, name: str) -> dict[str, Any]:
    return read_sidecar(shelf.root / name / ".alfred" / "release.json")


def test_the_folders_without_an_id_are_identified_and_can_be_synced(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)", "lanterns", "Harbour", "Zzyzx", f"Known [tmdbid-{OLD}]")

    document = identify(shelf, exit_code=1)

    assert [(one["path"], one["tmdb_id"], one["decided_by"]) for one in document["identified"]] == [
        ("Harbour (2011)", NEW, "search"),
        ("lanterns", LANTERNS, "search"),
    ]
    assert [one["path"] for one in document["undecided"]] == ["Harbour", "Zzyzx"]
    assert {one["tmdb_id"] for one in document["undecided"][0]["candidates"]} == {OLD, NEW}
    assert document["requests"] > 0
    assert sidecar(shelf, "lanterns")["tmdb_id"] == LANTERNS
    shelf.alfred("sync", str(LANTERNS)).ended(0)
    assert shelf.show(LANTERNS)["episodes"]["on_disk"] == 1
    assert sidecar(shelf, "lanterns")["files"][0]["episode_ids"] == [1000 * LANTERNS + 1]


def test_candidates_come_with_all_that_is_needed_to_choose(shelf: Shelf) -> None:
    put(shelf, "Harbour")

    (proposal,) = identify(shelf, exit_code=1)["undecided"]

    assert (proposal["title"], proposal["year"]) == ("Harbour", None)
    candidate = next(one for one in proposal["candidates"] if one["tmdb_id"] == NEW)
    assert candidate == {
        "tmdb_id": NEW,
        "name": "Harbour",
        "original_name": "Harbour",
        "first_air_date": "2011-01-01",
        "overview": "Boats, again.",
        "url": f"https://www.themoviedb.org/tv/{NEW}",
        "score": 1.0,
        "scores": {"title": 1.0, "year": None, "numbers": 1.0},
    }


def test_ids_of_other_providers_are_followed(shelf: Shelf, tmdb: StandIn) -> None:
    put(shelf, "L1 {tvdb-81}", "L2")
    (shelf.root / "L2" / "tvshow.nfo").write_text('<tvshow><uniqueid type="imdb">tt0000081</uniqueid></tvshow>')

    found = identify(shelf)["identified"]

    assert [(one["tmdb_id"], one["decided_by"]) for one in found] == [(LANTERNS, "tvdb"), (LANTERNS, "imdb")]
    assert {request.path.split("/")[2] for request in tmdb.requests} == {"find"}


def test_a_rescan_never_asks_tmdb(shelf: Shelf, tmdb: StandIn) -> None:
    put(shelf, "L1 {tvdb-81}", "Harbour (2011)")

    assert shelf.rescan()["unidentified"] == ["Harbour (2011)", "L1 {tvdb-81}"]
    assert tmdb.total == 0


def test_a_dry_run_says_the_same_and_writes_nothing(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)")
    before = snapshot(shelf.root)

    (match,) = identify(shelf, "--dry-run")["identified"]

    assert match["tmdb_id"] == NEW
    assert snapshot(shelf.root) == before
    assert shelf.listed() == {}


def test_a_wrong_match_is_corrected_without_a_request_and_keeps_what_the_user_said(
    shelf: Shelf, tmdb: StandIn
) -> None:
    put(shelf, "Harbour")
    identify(shelf, "Harbour", "--tmdb-id", str(OLD))
    shelf.alfred("tag", str(OLD), "--add", "sea").ended(0)
    shelf.alfred("note", str(OLD), "with gran").ended(0)

    (match,) = identify(shelf, "Harbour", "--tmdb-id", str(NEW))["identified"]

    assert (match["tmdb_id"], match["previous"], match["decided_by"]) == (NEW, OLD, "you")
    entry = shelf.listed()[NEW]
    assert (entry["tags"], entry["note"], entry["state"]) == (["sea"], "with gran", "placeholder")
    assert shelf.states() == {OLD: "missing", NEW: "placeholder"}
    assert tmdb.total == 0
    shelf.alfred("check").ended(0)
    shelf.alfred("rescan").ended(0)
    assert shelf.states() == {OLD: "missing", NEW: "placeholder"}


def test_a_folder_that_has_an_id_keeps_it(shelf: Shelf, tmdb: StandIn) -> None:
    put(shelf, f"Known [tmdbid-{OLD}]")

    document = identify(shelf, f"Known [tmdbid-{OLD}]")

    assert document["unchanged"] == [{"path": f"Known [tmdbid-{OLD}]", "tmdb_id": OLD}]
    assert tmdb.total == 0
    assert identify(shelf) == {
        "identified": [],
        "unchanged": [],
        "undecided": [],
        "failed": [],
        "not_tried": [],
        "requests": 0,
    }


@pytest.mark.parametrize(
    "given", ["Harbour (2011)", "TV/Harbour (2011)", "{root}/Harbour (2011)", "TV/./Harbour (2011)/"]
)
def test_a_folder_is_found_from_here_and_from_the_root(given: str, shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)")

    (match,) = identify(shelf, given.format(root=shelf.root))["identified"]

    assert match["path"] == "Harbour (2011)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Nowhere", "there is no such folder"),
        ("/", "is not in the library"),
        ("TV", "is no show folder"),
        ("Harbour (2011)/Season 01", "is inside the show folder 'Harbour (2011)'"),
    ],
)
def test_what_is_no_show_folder_is_refused_before_anything_is_done(
    given: str, message: str, shelf: Shelf, tmdb: StandIn
) -> None:
    put(shelf, "Harbour (2011)")
    (shelf.root / "Harbour (2011)" / "Season 01").mkdir(exist_ok=True)

    run = shelf.alfred("identify", "Harbour (2011)", given).ended(2)

    assert message in run.stderr
    assert tmdb.total == 0
    assert shelf.listed() == {}


def test_an_id_without_a_folder_is_refused(shelf: Shelf) -> None:
    run = shelf.alfred("identify", "--tmdb-id", "5").ended(2)

    assert "name the folder too" in run.stderr


def test_without_a_token_it_says_where_to_get_one(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)")

    run = shelf.alfred("identify", env={"ALFRED_TMDB_TOKEN": ""}).ended(2)

    assert "ALFRED_TMDB_TOKEN" in run.stderr


def test_a_provider_that_cannot_be_reached_is_asked_once_for_all_folders(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)", "lanterns")

    shelf.variables["ALFRED_TMDB_BASE_URL"] = "http://127.0.0.1:9/3"

    document = identify(shelf, exit_code=4)

    assert [one["path"] for one in document["failed"]] == ["Harbour (2011)"]
    assert document["not_tried"] == ["lanterns"]


def test_a_root_that_is_offline_is_an_unavailable_library(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)")
    shelf.root.rename(shelf.folder / "elsewhere")

    shelf.alfred("identify").ended(5)


def test_hostile_nfo_files_say_nothing_and_harm_nothing(shelf: Shelf) -> None:
    put(shelf, "Bomb", "Binary", "Huge")
    (shelf.root / "Bomb" / "tvshow.nfo").write_text(
        '<!DOCTYPE a [<!ENTITY b "aaaaaaaaaa"><!ENTITY c "&b;&b;&b;&b;">'
        '<!ENTITY d SYSTEM "file:///etc/hostname">]><tvshow><tmdbid>&c;&d;</tmdbid></tvshow>'
    )
    (shelf.root / "Binary" / "tvshow.nfo").write_bytes(bytes(range(256)) * 4000)
    with (shelf.root / "Huge" / "tvshow.nfo").open("wb") as file:
        file.truncate(2_000_000_000)

    document = shelf.rescan()

    assert document["unidentified"] == ["Binary", "Bomb", "Huge"]
    assert document["broken"] == []


# --- on a terminal


def on_a_terminal(shelf: Shelf, arguments: Sequence[str], keys: Sequence[bytes]) -> tuple[str, int]:
    """Run Alfred on a terminal, press a key each time it waits, and return what is seen and the exit code."""
    argv = [sys.executable, "-m", "alfred", *arguments]
    environment = shelf.environment() | {
        "ALFRED_LIBRARY": str(shelf.root),
        "TERM": "xterm",
        "COLUMNS": "100",
        "LINES": "40",
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(shelf.folder)
        os.execve(argv[0], argv, environment)  # noqa: S606 - the program under test
    seen, waiting, deadline = b"", list(keys), time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.5)[0]:
            if waiting and b"Which show" in seen:
                os.write(terminal, waiting.pop(0))
            continue
        try:
            piece = os.read(terminal, 65_536)
        except OSError:
            break
        if b"\x1b[6n" in piece:  # it asks where the cursor is
            os.write(terminal, b"\x1b[1;1R")
        seen += piece
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return _ESCAPE.sub("", seen.decode(errors="replace")), os.waitstatus_to_exitcode(status)


def test_on_a_terminal_the_arrow_keys_choose_and_the_choice_is_written(shelf: Shelf) -> None:
    put(shelf, "Harbour")

    seen, exit_code = on_a_terminal(shelf, ["identify"], [DOWN, b"\r"])

    assert exit_code == 0, seen
    assert "Which show is Harbour?" in seen
    assert "Harbour (1987)" in seen
    assert f"themoviedb.org/tv/{OLD}" in seen
    assert sidecar(shelf, "Harbour")["tmdb_id"] in (OLD, NEW)


def test_on_a_terminal_a_folder_can_be_left_and_an_interrupt_ends_it(shelf: Shelf) -> None:
    put(shelf, "Harbour")
    up = b"\x1b[A"

    left, left_code = on_a_terminal(shelf, ["identify"], [up, b"\r"])
    ended, ended_code = on_a_terminal(shelf, ["identify"], [b"\x03"])

    assert (left_code, ended_code) == (1, 130), left + ended
    assert shelf.listed() == {}


def test_with_yes_nobody_is_asked(shelf: Shelf) -> None:
    put(shelf, "Harbour", "Harbour (1987)")

    seen, exit_code = on_a_terminal(shelf, ["identify", "--yes"], [])

    assert exit_code == 1
    assert "Which show" not in seen
    assert set(shelf.listed()) == {OLD}


def test_a_read_only_show_folder_gets_its_id_beside_this_machines_state(shelf: Shelf) -> None:
    put(shelf, "Harbour (2011)")
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("root may write to every folder, and setpriv is not there to give that up")
    shelf.prefix = prefix
    folder = shelf.root / "Harbour (2011)"
    folder.chmod(0o555)
    try:
        identify(shelf)
        assert not (folder / ".alfred").exists()
        shelf.alfred("rescan").ended(0)
        assert shelf.states() == {NEW: "placeholder"}
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
