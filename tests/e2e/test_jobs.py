"""The ordinary life of a library, over real processes: adopt, sync, look, change, rescan."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.faults import Fault, Refuse
from alfred.demo.shows import (
    CHEESE,
    FOLDERS,
    KETTLE,
    LIBRARY,
    LIGHTHOUSE,
    MARMALADE,
    MISSING_ON_DISK,
    PUDDING,
    TRAIN,
    write_library,
)
from alfred.demo.stand_in import StandIn
from tests.e2e.machine import Json, Machine, complaint_of, rows, tree
from tests.e2e.terminal import on_a_terminal

KNOWN = sorted(tmdb_id for tmdb_id in FOLDERS if tmdb_id != TRAIN)
FILES = {LIGHTHOUSE: 10, KETTLE: 7, LIBRARY: 6, CHEESE: 6, MARMALADE: 4, PUDDING: 5}
ENTRY_KEYS = {
    "tmdb_id",
    "name",
    "status",
    "state",
    "path",
    "fetched_at",
    "missing_since",
    "error_class",
    "status_message",
    "tags",
    "note",
    "episodes",
}


def slots_of(document: Json) -> dict[tuple[int, int], Any]:
    return {
        (season["number"], slot["number"]): slot for season in document["seasons"] for slot in season["episodes"]
    }


def season_folder(machine: Machine, tmdb_id: int = LIGHTHOUSE, name: str = "Season 1") -> Path:
    return machine.root / FOLDERS[tmdb_id] / name


# --- init


def test_a_folder_becomes_a_library_once(machine: Machine) -> None:
    first = machine.alfred("init", str(machine.root), "--json").done()
    after = tree(machine.root)
    second = machine.alfred("init", str(machine.root), "--json").done()

    assert (first.json["created"], second.json["created"]) == (True, False)
    assert set(after) == {".alfred/library.json", ".alfred/index.sqlite3", ".alfred/README.txt"}
    assert tree(machine.root) == after


def test_a_lost_marker_is_made_again_for_the_same_library(synced: Machine) -> None:
    before, was = json.loads(synced.marker.read_bytes()), synced.listed()
    synced.marker.unlink()

    synced.alfred("init", str(synced.root)).done()

    assert json.loads(synced.marker.read_bytes())["library_id"] == before["library_id"]
    assert synced.listed() == was


def test_the_library_is_found_from_any_folder_in_it(synced: Machine) -> None:
    run = synced.alfred("list", "--json", cwd=season_folder(synced)).done()

    assert sorted(entry["tmdb_id"] for entry in run.json["shows"]) == KNOWN


# --- rescan


def test_a_rescan_adopts_what_carries_an_id(machine: Machine) -> None:
    write_library(machine.root)
    by_sidecar = machine.root / "No tag at all"
    by_sidecar.mkdir()
    (by_sidecar / "S01E01.mkv").write_bytes(b"video")
    sidecar = machine.sidecar_in("No tag at all")
    sidecar.parent.mkdir()
    sidecar.write_text('{"format": 2, "tmdb_id": 4711, "user": {"tags": ["mine"]}}', encoding="utf-8")
    machine.alfred("init", str(machine.root)).done()

    run = machine.alfred("rescan", "--json").done()

    assert (run.json["added"], run.json["changed"]) == (KNOWN, [4711])  # the new index knew its sidecar already
    assert run.json["shows"] == len(KNOWN) + 1
    assert run.json["unidentified"] == [FOLDERS[TRAIN]]
    assert run.json["files"] == {"ready": sum(FILES.values()) + 1, "processing": 0, "missing": 0, "failed": 0}
    assert run.json["broken"] == run.json["missing"] == run.json["restored"] == []
    listed = machine.listed()
    assert {tmdb_id: entry["path"] for tmdb_id, entry in listed.items() if tmdb_id != 4711} == {
        tmdb_id: FOLDERS[tmdb_id] for tmdb_id in KNOWN
    }
    assert {entry["state"] for entry in listed.values()} == {"placeholder"}
    assert listed[4711]["tags"] == ["mine"]
    recorded = {
        tmdb_id: len(json.loads(machine.sidecar_in(FOLDERS[tmdb_id]).read_bytes())["files"]) for tmdb_id in KNOWN
    }
    assert recorded == FILES


def test_extras_samples_and_junk_are_not_episodes(adopted: Machine) -> None:
    paths = [
        file["path"]
        for tmdb_id in (LIGHTHOUSE, MARMALADE)
        for season in adopted.show(tmdb_id)["seasons"]
        for slot in season["episodes"]
        for file in slot["files"]
    ]

    assert paths
    assert not [
        path for path in paths if any(word in path.lower() for word in ("extra", "sample", "trailer", "@ea"))
    ]
    assert adopted.show(LIGHTHOUSE)["unmatched_files"] == []


def test_a_second_rescan_writes_nothing_at_all(synced: Machine) -> None:
    before = tree(synced.folder)

    run = synced.alfred("rescan", "--json").done()

    assert tree(synced.folder) == before
    assert (run.json["added"], run.json["changed"], run.json["shows"]) == ([], [], len(KNOWN))
    assert run.json["files"]["ready"] == sum(FILES.values())
    assert run.json["unidentified"] == [FOLDERS[TRAIN]]


def test_a_rescan_of_what_carries_no_id_yet_adopts_it_once_it_does(synced: Machine) -> None:
    (synced.root / FOLDERS[TRAIN]).rename(synced.root / "Slow Train [tmdbid-9000007]")

    run = synced.alfred("rescan", "--json").done()

    assert (run.json["added"], run.json["unidentified"]) == ([TRAIN], [])
    synced.alfred("sync", str(TRAIN)).done()
    assert synced.show(TRAIN)["episodes"] == {"total": 5, "aired": 3, "on_disk": 3}


def test_a_file_that_comes_fills_its_slot(synced: Machine) -> None:
    assert slots_of(synced.show(LIGHTHOUSE))[1, 4]["state"] == "wanted"
    (season_folder(synced) / "the lighthouse inspectors 1x04 fog.mkv").write_bytes(b"video")

    run = synced.alfred("rescan", "--json").done()

    assert run.json["changed"] == [LIGHTHOUSE]
    slot = slots_of(synced.show(LIGHTHOUSE))[1, 4]
    assert (slot["state"], slot["files"][0]["size"]) == ("on_disk", 5)
    assert (LIGHTHOUSE, 1, 4) not in wanted_of(synced)


def test_a_file_that_changes_is_the_same_file_with_another_size(synced: Machine) -> None:
    file = season_folder(synced) / "The Lighthouse Inspectors - S01E02.mkv"
    file.write_bytes(b"a better copy")

    assert synced.alfred("rescan", "--json").done().json["changed"] == [LIGHTHOUSE]
    assert slots_of(synced.show(LIGHTHOUSE))[1, 2]["files"][0]["size"] == len(b"a better copy")


def test_a_file_that_goes_is_missing_and_ready_again_when_it_is_back(synced: Machine) -> None:
    before = synced.show(LIGHTHOUSE)
    file = season_folder(synced) / "The Lighthouse Inspectors - S01E02.mkv"
    file.rename(synced.folder / "away.mkv")

    gone = synced.alfred("rescan", "--json").done()
    assert (gone.json["changed"], gone.json["files"]["missing"]) == ([LIGHTHOUSE], 1)
    slot = slots_of(synced.show(LIGHTHOUSE))[1, 2]
    assert (slot["state"], slot["files"][0]["status"]) == ("missing", "missing")
    assert synced.show(LIGHTHOUSE)["episodes"]["on_disk"] == before["episodes"]["on_disk"] - 1
    assert (LIGHTHOUSE, 1, 2) not in wanted_of(synced)

    (synced.folder / "away.mkv").rename(file)
    assert synced.alfred("rescan", "--json").done().json["files"]["missing"] == 0
    assert synced.show(LIGHTHOUSE) == before


def test_a_file_with_another_name_is_the_same_file(synced: Machine) -> None:
    file = season_folder(synced) / "The Lighthouse Inspectors - S01E02.mkv"
    added = added_at(synced, "S01E02")
    file.rename(file.with_name("Lighthouse S01E02 The Bulb.mkv"))

    run = synced.alfred("rescan", "--json").done()

    assert run.json["files"]["missing"] == 0
    slot = slots_of(synced.show(LIGHTHOUSE))[1, 2]
    assert [Path(held["path"]).name for held in slot["files"]] == ["Lighthouse S01E02 The Bulb.mkv"]
    assert added_at(synced, "S01E02") == added


def added_at(machine: Machine, name: str) -> str:
    files = json.loads(machine.sidecar_in(FOLDERS[LIGHTHOUSE]).read_bytes())["files"]
    (found,) = [file["added_at"] for file in files if name in file["path"]]
    return str(found)


def test_a_season_folder_that_goes_and_comes_back_changes_nothing_in_the_end(synced: Machine) -> None:
    before = synced.show(LIGHTHOUSE)
    season_folder(synced).rename(synced.folder / "Season 1")

    gone = synced.alfred("rescan", "--json").done()
    assert gone.json["files"]["missing"] == 5

    (synced.folder / "Season 1").rename(season_folder(synced))
    synced.alfred("rescan").done()
    assert synced.show(LIGHTHOUSE) == before


def test_a_show_folder_with_another_name_is_the_same_show(synced: Machine) -> None:
    before = synced.show(LIGHTHOUSE)
    (synced.root / FOLDERS[LIGHTHOUSE]).rename(synced.root / "Lighthouses")

    run = synced.alfred("rescan", "--json").done()

    assert (run.json["added"], run.json["changed"], run.json["files"]["missing"]) == ([], [LIGHTHOUSE], 0)
    now = synced.show(LIGHTHOUSE)
    assert now["path"] == "Lighthouses"
    assert {key for key in now if now[key] != before[key]} == {"path", "seasons"}
    assert states_of(now) == states_of(before)


def states_of(document: Json) -> dict[tuple[int, int], str]:
    return {at: slot["state"] for at, slot in slots_of(document).items()}


def test_a_rescan_of_one_show_looks_at_no_other(synced: Machine) -> None:
    for tmdb_id, folder in ((LIGHTHOUSE, "Season 1"), (KETTLE, "Season 02")):
        (season_folder(synced, tmdb_id, folder) / "S09E01.mkv").write_bytes(b"video")

    run = synced.alfred("rescan", str(LIGHTHOUSE), "--json").done()

    assert (run.json["shows"], run.json["changed"]) == (1, [LIGHTHOUSE])
    assert run.json["files"]["ready"] == FILES[LIGHTHOUSE] + 1
    assert [Path(path).name for path in synced.show(LIGHTHOUSE)["unmatched_files"]] == ["S09E01.mkv"]
    assert synced.show(KETTLE)["unmatched_files"] == []


def test_a_rescan_of_one_show_finds_it_where_it_is_new(synced: Machine) -> None:
    (synced.root / "New show [tmdbid-42]").mkdir()
    (synced.root / "New show [tmdbid-42]/S01E01.mkv").write_bytes(b"video")

    run = synced.alfred("rescan", "42", str(LIGHTHOUSE), "--json").done()

    assert (run.json["added"], run.json["shows"]) == ([42], 2)


def test_a_dry_rescan_says_the_same_and_writes_nothing(synced: Machine) -> None:
    (season_folder(synced) / "S01E04.mkv").write_bytes(b"video")
    (season_folder(synced) / "The Lighthouse Inspectors - S01E02.mkv").unlink()
    (synced.root / "New show [tmdbid-42]").mkdir()
    (synced.root / "New show [tmdbid-42]/S01E01.mkv").write_bytes(b"video")
    (synced.root / "Lighthouse copy [tmdbid-9000001]").mkdir()
    before = tree(synced.folder)

    dry = synced.alfred("rescan", "--dry-run", "--json").done()
    words = synced.alfred("rescan", "--dry-run").done()

    assert tree(synced.folder) == before
    assert "would be added" in words.stdout
    wet = synced.alfred("rescan", "--json").done()
    assert {**dry.json, "elapsed_seconds": 0} == {**wet.json, "elapsed_seconds": 0}
    assert (wet.json["added"], wet.json["changed"]) == ([42], [LIGHTHOUSE])


def test_ids_that_disagree_are_reported_and_the_sidecar_wins(synced: Machine) -> None:
    (synced.root / FOLDERS[LIGHTHOUSE]).rename(synced.root / "Lighthouse [tmdbid-1396]")

    run = synced.alfred("rescan", "--json").done()

    assert run.json["disagreements"] == [
        {
            "path": "Lighthouse [tmdbid-1396]",
            "chosen": LIGHTHOUSE,
            "claims": {"sidecar": LIGHTHOUSE, "tag": 1396},
        }
    ]
    assert synced.show(LIGHTHOUSE)["path"] == "Lighthouse [tmdbid-1396]"


# --- sync


def test_one_show_is_synced_with_one_request(adopted: Machine, tmdb: StandIn) -> None:
    run = adopted.alfred("sync", str(LIGHTHOUSE), "--json").done()

    assert tmdb.total == run.json["requests"] == 1
    assert (run.json["outcome"], run.json["reason"], run.json["state"]) == ("refreshed", "placeholder", "fresh")
    assert (run.json["name"], run.json["status"]) == ("The Lighthouse Inspectors", "Ended")
    assert run.json["episodes"] == {"total": 13, "aired": 13, "on_disk": 10}
    assert run.json["tags"] == ["comfort", "sea"]
    fetched = datetime.fromisoformat(run.json["fetched_at"])
    assert run.json["fetched_at"].endswith("Z")
    assert timedelta() <= datetime.now(UTC) - fetched < timedelta(minutes=1)


def test_what_is_fresh_costs_no_request_and_no_write(synced: Machine, tmdb: StandIn) -> None:
    before = tree(synced.folder)

    run = synced.alfred("sync", *map(str, KNOWN), "--json").done()

    assert tmdb.total == 0
    assert {(entry["outcome"], entry["reason"]) for entry in run.json["shows"]} == {("fresh", "fresh")}
    assert tree(synced.folder) == before


def test_force_asks_again_whatever_the_age(synced: Machine, tmdb: StandIn) -> None:
    before = synced.show(LIGHTHOUSE)

    run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json").done()

    assert (tmdb.total, run.json["reason"]) == (1, "forced")
    now = synced.show(LIGHTHOUSE)
    assert {key for key in now if now[key] != before[key]} == {"fetched_at"}
    assert now["fetched_at"] > before["fetched_at"]


def test_what_is_stale_is_asked_again(synced: Machine, tmdb: StandIn) -> None:
    synced.variables["ALFRED_TMDB_CACHE_TTL_DAYS"] = "0"

    run = synced.alfred("sync", str(LIGHTHOUSE), "--json").done()

    assert (tmdb.total, run.json["reason"]) == (1, "stale")


def test_a_show_that_only_its_sidecar_knows_is_new(adopted: Machine, tmdb: StandIn) -> None:
    copy = adopted.root / "Copied from a friend"
    shutil.copytree(adopted.root / FOLDERS[CHEESE], copy)
    adopted.index.unlink()
    adopted.alfred("list").done()
    shutil.rmtree(adopted.root / FOLDERS[CHEESE])
    (adopted.root / "New one").mkdir()
    adopted.sidecar_in("New one").parent.mkdir()
    adopted.sidecar_in("New one").write_text(f'{{"format": 2, "tmdb_id": {TRAIN}}}', encoding="utf-8")

    run = adopted.alfred("sync", str(TRAIN), "--json").done()

    assert (run.json["reason"], run.json["path"], tmdb.total) == ("new", "New one", 1)


def test_several_shows_are_synced_in_the_order_they_are_named(adopted: Machine, tmdb: StandIn) -> None:
    run = adopted.alfred("sync", *map(str, [PUDDING, CHEESE, PUDDING, LIBRARY]), "--json").done()

    assert [entry["tmdb_id"] for entry in run.json["shows"]] == [PUDDING, CHEESE, LIBRARY]
    assert run.json["failed"] == run.json["not_tried"] == []
    assert sum(entry["requests"] for entry in run.json["shows"]) == tmdb.total == 4
    words = adopted.alfred("sync", str(KETTLE), str(CHEESE)).done().stdout
    assert "Kettle & Crow" in words
    assert "fresh" in words


def test_what_fails_is_left_for_another_day_and_the_rest_is_done(adopted: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34), tmdb_id=CHEESE))

    run = adopted.alfred("sync", *map(str, KNOWN), "--json")

    assert run.exit_code == 1
    assert sorted(entry["tmdb_id"] for entry in run.json["shows"]) == [one for one in KNOWN if one != CHEESE]
    (failed,) = run.json["failed"]
    assert failed.keys() >= {"tmdb_id", "error_class", "message"}
    assert (failed["tmdb_id"], failed["error_class"]) == (CHEESE, "not_found")
    assert len(run.complaints) == 1
    states = {entry["tmdb_id"]: entry["state"] for entry in adopted.listed().values()}
    assert states == {**dict.fromkeys(KNOWN, "fresh"), CHEESE: "delisted"}


def test_files_are_joined_with_what_tmdb_lists(synced: Machine) -> None:
    for tmdb_id in KNOWN:
        absent = {at for at, state in states_of(synced.show(tmdb_id)).items() if state == "wanted"}
        assert (tmdb_id, absent) == (tmdb_id, set(MISSING_ON_DISK.get(tmdb_id, ())))


# --- looking


def wanted_of(machine: Machine, *options: str) -> list[tuple[int, int, int]]:
    episodes = machine.alfred("wanted", "--json", *options).done().json["episodes"]
    return [(episode["tmdb_id"], episode["season"], episode["episode"]) for episode in episodes]


def test_wanted_is_what_has_aired_and_has_no_file(synced: Machine) -> None:
    expected = {(tmdb_id, *at) for tmdb_id, absent in MISSING_ON_DISK.items() for at in absent}

    found = wanted_of(synced)

    assert len(found) == len(set(found))
    assert set(found) == expected
    assert wanted_of(synced, "--no-specials") == [episode for episode in found if episode[1] != 0]
    assert wanted_of(synced, "--limit", "2") == found[:2]
    assert wanted_of(synced, str(PUDDING)) == [(PUDDING, 2, 5)]
    assert set(wanted_of(synced, str(PUDDING), str(KETTLE))) == {(PUDDING, 2, 5), (KETTLE, 2, 3)}
    assert wanted_of(synced, str(MARMALADE)) == []
    dates = [row["air_date"] for row in synced.alfred("wanted", "--json").json["episodes"]]
    assert dates == sorted(dates, reverse=True)


def test_a_list_is_chosen_by_state(synced: Machine, tmdb: StandIn) -> None:
    (synced.root / "New show [tmdbid-42]").mkdir()
    synced.alfred("rescan").done()
    tmdb.faults.append(Fault(Refuse(401, 7), tmdb_id=CHEESE))
    synced.alfred("sync", str(CHEESE), "--force")

    assert set(synced.listed()) == {*KNOWN, 42}
    assert set(synced.listed("--state", "placeholder")) == {42}
    assert set(synced.listed("--state", "broken", "--state", "placeholder")) == {CHEESE, 42}
    assert set(synced.listed("--skip", "fresh")) == {CHEESE, 42}
    assert set(synced.listed("--state", "broken", "--skip", "broken")) == set()
    assert set(synced.listed("--state", "missing")) == set()
    assert set(synced.listed("--all")) == {*KNOWN, 42}


def test_one_season_is_shown_alone(synced: Machine) -> None:
    document = synced.alfred("show", str(LIGHTHOUSE), "--season", "2", "--json").done().json

    assert [season["number"] for season in document["seasons"]] == [2]
    words = synced.alfred("show", str(LIGHTHOUSE), "--season", "2").done().stdout
    assert "Low Tide" in words
    assert "Gulls, Form 7b" not in words


def test_a_placeholder_shows_what_its_files_carry(adopted: Machine) -> None:
    document = adopted.show(MARMALADE)

    assert (document["status"], document["fetched_at"]) == ("unknown", None)
    slots = slots_of(document)
    assert set(slots) == {(1, number) for number in range(1, 6)}
    assert slots[1, 1]["files"] == slots[1, 2]["files"] != []
    assert document["episodes"]["on_disk"] == 5


def test_explain_says_why(synced: Machine, tmdb: StandIn) -> None:
    (synced.root / "New show [tmdbid-42]").mkdir()
    synced.alfred("rescan").done()
    tmdb.faults.append(Fault(Refuse(401, 7), tmdb_id=CHEESE))
    synced.alfred("sync", str(CHEESE), "--force")

    def explained(tmdb_id: int) -> tuple[Any, ...]:
        document = synced.alfred("explain", str(tmdb_id), "--json").done().json
        assert ENTRY_KEYS | {"will_refresh", "reason", "next_refresh_at"} <= document.keys()
        return document["will_refresh"], document["reason"], document["next_refresh_at"]

    assert explained(42) == (True, "placeholder", None)
    assert explained(LIGHTHOUSE)[:2] == (False, "fresh")
    due = datetime.fromisoformat(explained(LIGHTHOUSE)[2])
    assert timedelta(days=6) < due - datetime.now(UTC) <= timedelta(days=7)
    assert explained(CHEESE)[:2] == (False, "broken")
    for tmdb_id, word in ((42, "placeholder"), (LIGHTHOUSE, "fresh"), (CHEESE, "auth_error")):
        assert word in synced.alfred("explain", str(tmdb_id)).done().stdout
    synced.variables["ALFRED_TMDB_CACHE_TTL_DAYS"] = "0"
    assert explained(LIGHTHOUSE)[:2] == (True, "stale")


# --- how it is said


def test_json_documents_have_the_keys_that_scripts_rely_on(synced: Machine) -> None:
    entry = synced.alfred("list", "--json").done().json["shows"][0]
    assert entry.keys() >= ENTRY_KEYS
    assert entry["episodes"].keys() >= {"total", "aired", "on_disk"}

    shown = synced.show(LIGHTHOUSE)
    assert ENTRY_KEYS | {"seasons", "unmatched_files"} <= shown.keys()
    season = shown["seasons"][1]
    assert season.keys() >= {"number", "name", "episodes"}
    slot = season["episodes"][0]
    assert slot.keys() >= {"number", "title", "air_date", "state", "files"}
    assert slot["files"][0].keys() >= {"path", "size", "status", "status_message"}
    assert slot["files"][0]["path"].startswith(f"{FOLDERS[LIGHTHOUSE]}/Season 1/")

    synced_one = synced.alfred("sync", str(LIGHTHOUSE), "--json").done().json
    assert ENTRY_KEYS | {"outcome", "reason", "requests"} <= synced_one.keys()

    wanted = synced.alfred("wanted", "--json").done().json["episodes"][0]
    assert wanted.keys() >= {"tmdb_id", "name", "season", "episode", "title", "air_date"}

    rescanned = synced.alfred("rescan", "--json").done().json
    lists = {"shows", "added", "restored", "missing", "unidentified", "broken", "files", "elapsed_seconds"}
    assert rescanned.keys() >= lists
    assert rescanned["files"].keys() == {"ready", "processing", "missing", "failed"}


def test_global_options_stand_before_or_after_the_command(synced: Machine) -> None:
    elsewhere = synced.folder
    root = str(synced.root)

    before = synced.alfred("--library", root, "--json", "list", cwd=elsewhere).done()
    after = synced.alfred("list", "--json", "--library", root, cwd=elsewhere).done()
    mixed = synced.alfred("--json", "list", "--library", root, cwd=elsewhere).done()

    assert before.stdout == after.stdout == mixed.stdout
    assert len(before.json["shows"]) == len(KNOWN)


def test_the_option_goes_over_the_variable(synced: Machine) -> None:
    run = synced.alfred("list", "--json", "--library", str(synced.root), library=synced.folder / "nowhere").done()

    assert len(run.json["shows"]) == len(KNOWN)


def test_quiet_says_nothing_but_errors(synced: Machine) -> None:
    for command in ("rescan", f"sync {LIGHTHOUSE} --force", "list", f"show {LIGHTHOUSE}", "wanted"):
        run = synced.alfred(*command.split(), "--quiet").done()
        assert (run.stdout, run.stderr) == ("", "")
    assert complaint_of(synced.alfred("show", "42", "--quiet"), 3)


def test_verbose_says_more_on_stderr_and_spoils_no_document(synced: Machine) -> None:
    run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json", "--verbose").done()

    assert run.json["outcome"] == "refreshed"


def commands(machine: Machine) -> list[str]:
    listed = machine.alfred("--help").done().stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines() if line[2:3].strip()]


def test_help_of_every_command_has_an_example(machine: Machine) -> None:
    names = commands(machine)
    assert {"init", "rescan", "sync", "list", "show", "wanted", "explain", "demo"} <= set(names)

    for name in names:
        run = machine.alfred(name, "--help").done()
        assert f"  alfred {name}" in run.stdout.partition("Examples:")[2]
        assert run.complaints == []


def test_alfred_alone_shows_its_help(machine: Machine) -> None:
    run = machine.alfred().done()

    assert "Commands:" in run.stdout
    assert run.complaints == []


def test_the_version_is_told(machine: Machine) -> None:
    from alfred import __version__  # noqa: PLC0415  (only this test needs it)

    assert machine.alfred("--version").done().stdout == f"alfred {__version__}\n"


def test_tables_are_tab_separated_for_programs(synced: Machine) -> None:
    lines = synced.alfred("list").done().stdout.splitlines()

    header, *body = [line.split("\t") for line in lines]
    assert len(body) == len(KNOWN)
    assert {len(row) for row in body} == {len(header)}
    by_id = {row[0]: row for row in body}
    assert "夜ふかし図書館" in by_id[str(LIBRARY)]
    assert FOLDERS[LIBRARY] in by_id[str(LIBRARY)]
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_tables_fit_a_terminal(columns: int, synced: Machine) -> None:
    from rich.cells import cell_len  # noqa: PLC0415  (only this test needs it)

    for command in ("list", "wanted"):
        screen = on_a_terminal(synced, command, columns=columns)
        assert screen.exit_code == 0
        assert max(cell_len(line) for line in screen.lines) <= columns
        assert "Kettle & Crow" in screen.text
    shown = [line for line in on_a_terminal(synced, "list", columns=columns).lines if line.strip()]
    starts = {line.split("9000")[1][:3] for line in shown if line.lstrip().startswith("9000")}
    assert starts == {f"{tmdb_id}"[4:] for tmdb_id in KNOWN}
    assert shown[-1].strip() == f"{len(KNOWN)} shows"


def test_colours_are_for_terminals_alone(synced: Machine) -> None:
    assert on_a_terminal(synced, "show", str(LIGHTHOUSE)).styled
    assert on_a_terminal(synced, "list", env={"ALFRED_TMDB_CACHE_TTL_DAYS": "0"}).styled
    assert "\x1b[3" not in on_a_terminal(synced, "list", env={"NO_COLOR": "1"}).raw
    assert b"\x1b" not in synced.alfred("show", str(LIGHTHOUSE)).done().stdout_bytes


def test_columns_stand_below_each_other_on_a_terminal(synced: Machine) -> None:
    lines = on_a_terminal(synced, "list", columns=200).lines
    header = next(line for line in lines if "State" in line)
    at = header.index("State")

    body = [line for line in lines if "fresh" in line and "夜" not in line]
    assert len(body) == len(KNOWN) - 1
    assert {line[at : at + 5] for line in body} == {"fresh"}


# --- the demo


def test_the_demo_ends_well_and_leaves_nothing_behind(machine: Machine) -> None:
    machine.token = None

    run = machine.alfred("demo", cwd=machine.folder).done()

    assert list((machine.folder / "tmp").iterdir()) == []
    assert not any((machine.folder / part).exists() for part in ("state", "xdg-state", "config"))
    assert os.listdir(machine.root) == []  # noqa: PTH208  (hidden files too)
    assert "Captain Marmalade" in run.stdout
    first_commands = [line.split()[2] for line in run.stdout.splitlines() if line.startswith("$ alfred ")]
    assert {"init", "rescan", "sync", "show", "list", "wanted", "explain"} <= set(first_commands)


def test_all_rows_of_the_index_belong_to_the_one_library(synced: Machine) -> None:
    tables = rows(synced.index)

    assert len(tables["library"]) == 1
    assert {row[0] for row in tables["entry"]} == {tables["library"][0][0]}
