"""What Alfred says where things are not as they should be: the command it names must be the one that helps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from tests.e2e.alfred_process import TOKEN, Run, Shelf, name_of, put_episode, write_invented_show


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A library with seven shows."""
    shelf = Shelf(tmp_path, variables={"ALFRED_TMDB_TOKEN": TOKEN})
    shelf.init()
    shelf.add(1, 2, 3, 4, 5, 6, 7)
    return shelf.rescanned()


@pytest.fixture
def tmdb(shelf: Shelf) -> Iterator[StandIn]:
    provider = shelf.folder / "provider"
    write_invented_show(provider, 1)
    with StandIn(provider, tokens=[TOKEN]) as server:
        shelf.variables["ALFRED_TMDB_BASE_URL"] = server.url
        yield server


def findings(shelf: Shelf, *, exit_code: int = 1) -> dict[str, dict[str, Any]]:
    document = shelf.alfred("doctor", "--json").ended(exit_code).json
    return {one["code"]: one for one in document["findings"]}


def replace_with_dead_links(shelf: Shelf, *tmdb_ids: int) -> None:
    away = shelf.take_away(*tmdb_ids)
    for tmdb_id in tmdb_ids:
        shelf.show_folder(tmdb_id).symlink_to(away / name_of(tmdb_id))
    away.rename(shelf.folder / "unmounted")


def empty(shelf: Shelf, *tmdb_ids: int) -> None:
    for tmdb_id in tmdb_ids:
        for path in shelf.show_folder(tmdb_id).rglob("*.mkv"):
            path.unlink()


# --- check and doctor


def test_folders_behind_dead_links_are_said(shelf: Shelf) -> None:
    replace_with_dead_links(shelf, 1, 2, 3)

    check = shelf.alfred("check", "--json").ended(1).json
    finding = findings(shelf)["not_seen"]
    people = shelf.alfred("check").ended(1).stdout

    assert check["differences"] == []
    assert [one["path"] for one in check["broken"]] == [name_of(1), name_of(2), name_of(3)]
    assert finding["severity"] == "warning"
    assert name_of(1) in finding["message"]
    assert f"broken  {name_of(2)}: the link leads nowhere" in people


def test_a_season_behind_a_dead_link_is_said(shelf: Shelf) -> None:
    (shelf.show_folder(1) / "Season 02").symlink_to(shelf.folder / "unmounted")

    (broken,) = shelf.alfred("check", "--json").ended(1).json["broken"]

    assert broken["path"] == f"{name_of(1)}/Season 02"


def test_many_lost_folders_lead_to_the_disks_first(shelf: Shelf) -> None:
    shelf.take_away(1, 2, 3, 4, 5)

    finding = findings(shelf)["folder_gone"]

    assert finding["message"].startswith("5 of 7 folders are gone")
    assert finding["remedy"].startswith("check that every disk is there;")
    assert finding["remedy"].endswith(": alfred rescan --accept-missing")
    shelf.rescan(exit_code=6)
    assert shelf.alfred("check").ended(1).stdout.startswith("5 differences in 7 folders:\n")


def test_one_lost_folder_leads_to_a_rescan(shelf: Shelf) -> None:
    shelf.take_away(1)

    finding = findings(shelf)["folder_gone"]

    assert (finding["remedy"], finding["message"].split(":")[0]) == (
        "alfred rescan", "1 of 7 folders is gone since the last rescan"
    )  # fmt: skip


def test_a_folder_that_is_back_needs_a_rescan_alone(shelf: Shelf) -> None:
    shelf.take_away(1)
    shelf.rescan()
    shelf.bring_back(1)

    assert findings(shelf)["folder_back"]["remedy"] == "alfred rescan"
    assert shelf.rescan()["restored"] == [1]
    findings(shelf, exit_code=0)


def test_a_root_without_a_marker_is_to_be_mounted_first(shelf: Shelf) -> None:
    shelf.marker.unlink()

    remedy = findings(shelf, exit_code=5)["not_a_library"]["remedy"]

    assert remedy.startswith("mount its disk; ")


def test_a_check_of_another_library_says_so_at_once(shelf: Shelf) -> None:
    body = json.loads(shelf.marker.read_text())
    shelf.marker.write_text(json.dumps(body | {"library_id": "11111111-2222-3333-4444-555555555555"}))

    errors = [shelf.alfred(command, "--json").ended(5).json["error"] for command in ("check", "rescan")]

    assert errors[0] == errors[1]
    assert errors[0]["code"] == "wrong_library"


def test_a_dry_run_without_a_repair_is_wrong_usage(shelf: Shelf) -> None:
    error = shelf.alfred("doctor", "--dry-run", "--json").ended(2).json["error"]

    assert (error["code"], "--repair" in error["message"]) == ("usage", True)


def test_rows_that_point_to_nothing_are_dropped_and_a_copy_is_kept(shelf: Shelf) -> None:
    with shelf.opened() as library:
        database = library.index._database
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("INSERT INTO tag (library, tmdb_id, name) VALUES (1, 99, 'lost')")
        database.execute("DELETE FROM entry WHERE tmdb_id = 7")
    assert findings(shelf)["index_dangling"]["remedy"] == "alfred doctor --repair"

    document = shelf.alfred("doctor", "--repair", "--json").ended(1).json

    assert [one["code"] for one in document["repaired"]] == ["dangling_dropped"]
    assert "index_dangling" not in {one["code"] for one in document["findings"]}
    (kept,) = shelf.index.parent.glob("index.sqlite3.backup-*")
    assert any(kept.name in one["message"] for one in document["findings"] if one["code"] == "kept_aside")
    assert shelf.rescan()["added"] == [7], "its sidecar has it"
    findings(shelf, exit_code=0)


# --- rescan


def test_shows_that_lose_all_their_files_at_once_are_not_marked(shelf: Shelf) -> None:
    empty(shelf, 1, 2, 3, 4, 5)

    run = shelf.alfred("rescan", "--json").ended(6)

    assert run.json["error"]["code"] == "refused_to_mark"
    assert "5 of 7 shows have lost all files at once (Show 1" in run.stderr
    assert shelf.listed()[1]["episodes"]["on_disk"] == 2
    assert shelf.rescan("--dry-run", exit_code=6)["refused"] == run.json["error"]["message"]
    assert shelf.rescan("--accept-missing")["files"]["missing"] == 10
    assert shelf.states() == dict.fromkeys(range(1, 8), "placeholder")


# --- wanted, show, sync


def held(shelf: Shelf, tmdb: StandIn) -> Run:
    """Have one show of which one episode is ready, one missing and one in processing."""
    assert tmdb.url
    put_episode(shelf.show_folder(1), 3)
    shelf.alfred("rescan").ended(0)
    shelf.alfred("sync", "1").ended(0)
    season = shelf.show_folder(1) / "Season 01"
    (season / "Show S01E01.mkv").unlink()
    (season / "Show S01E02.mkv").rename(season / "Show S01E02.mkv.part")
    shelf.alfred("rescan").ended(0)
    return shelf.alfred("wanted").ended(0)


def test_wanted_says_what_has_no_ready_file_though_nothing_is_wanted(shelf: Shelf, tmdb: StandIn) -> None:
    said = held(shelf, tmdb).stdout

    assert "not every episode has a ready file: 1 processing, 1 missing; see 'alfred show'." in said
    assert "has a file." not in said
    assert "1 processing, 1 missing" in shelf.alfred("wanted", "1").ended(0).stdout
    assert "1 processing" not in shelf.alfred("wanted", "2").ended(0).stdout


def test_of_a_missing_show_it_is_said_that_it_is_missing(shelf: Shelf, tmdb: StandIn) -> None:
    put_episode(shelf.show_folder(1), 3)
    shelf.alfred("rescan").ended(0)
    shelf.alfred("sync", "1").ended(0)
    shelf.take_away(1)
    with shelf.opened(now=lambda: datetime.now(UTC) - timedelta(days=3)) as library:
        library.rescan()

    wanted = shelf.alfred("wanted", "1").ended(0).stdout
    show = shelf.alfred("show", "1").ended(0).stdout
    sync = shelf.alfred("sync", "1", "--force", "--json").ended(0)

    assert "Provider's 1 (1) is missing, with all its files" in wanted
    assert "has a file." not in wanted
    assert any(line.startswith("  missing since ") and line.endswith("(3 days ago)") for line in show.splitlines())
    assert len(sync.json["warnings"]) == 1
    assert sync.json["warnings"][0].startswith("its folder is missing")
    assert tmdb.total == 2


# --- downloads that failed


def test_an_episode_whose_download_failed_is_wanted_again_once_that_is_forgotten(
    shelf: Shelf, tmdb: StandIn
) -> None:
    assert tmdb.url
    part = shelf.show_folder(1) / "Season 01" / "Show S01E03.mkv.part"
    part.write_text("x")
    with shelf.opened(now=lambda: datetime.now(UTC) - timedelta(hours=3)) as library:
        library.rescan()
    shelf.alfred("sync", "1").ended(0)
    part.unlink()
    assert len(shelf.alfred("cleanup", "--json").ended(0).json["failed"]) == 1
    assert "not every episode has a ready file: 1 failed" in shelf.alfred("wanted").ended(0).stdout

    dry = shelf.alfred("prune", "--failed", "--dry-run", "--json").ended(0).json
    refused = shelf.alfred("prune", "--failed").ended(2)
    assert shelf.alfred("wanted", "--json").ended(0).json == {"episodes": []}
    done = shelf.alfred("prune", "--failed", "--yes", "--json").ended(0).json

    path = f"{name_of(1)}/Season 01/Show S01E03.mkv.part"
    assert dry == done == {"deleted": [], "files": [{"tmdb_id": 1, "path": path}]}
    assert refused.stderr == "alfred: 1 record would be deleted for good: say --yes to do it\n"
    assert [one["episode"] for one in shelf.alfred("wanted", "--json").ended(0).json["episodes"]] == [3]
    assert (shelf.rescan()["files"]["failed"], shelf.states()[1]) == (0, "fresh")
    findings(shelf, exit_code=0)


@pytest.mark.parametrize("options", [[], ["--failed", "--missing-for", "1d"]])
def test_a_prune_is_told_one_thing_to_forget(shelf: Shelf, options: list[str]) -> None:
    assert shelf.alfred("prune", *options, "--json").ended(2).json["error"]["code"] == "usage"
