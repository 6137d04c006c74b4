"""Damaged, missing and newer files: what can be made again is, what cannot is left alone, tags outlive it all."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.shows import CHEESE, FOLDERS, KETTLE, LIGHTHOUSE, MARMALADE, TRAIN
from alfred.demo.stand_in import StandIn
from alfred.domain.library.entry import EntryState, Outcome
from alfred.domain.library.release import UserMetadata
from tests.e2e.machine import Json, Machine, complaint_of, opened, state_of, tree

KNOWN = frozenset(FOLDERS) - {TRAIN}
PAGE = 4096


def sidecar_of(machine: Machine, tmdb_id: int = LIGHTHOUSE) -> Path:
    return machine.sidecar_in(FOLDERS[tmdb_id])


def set_aside(folder: Path, name: str) -> list[bytes]:
    return [file.read_bytes() for file in sorted(folder.glob(f"{name}.corrupt-*"))]


# --- the index


def test_an_index_of_a_newer_alfred_is_left_alone(synced: Machine, tmdb: StandIn) -> None:
    with closing(sqlite3.connect(synced.index)) as database:
        database.execute("PRAGMA user_version = 99")
    before = tree(synced.root)

    for command in ("list", "rescan", f"sync {LIGHTHOUSE} --force", f"show {LIGHTHOUSE}", "wanted"):
        run = synced.alfred(*command.split(), "--json")
        assert "99" in complaint_of(run, 5)
        assert run.json["error"]["code"] == "format_too_new"

    assert tmdb.total == 0
    assert tree(synced.root) == before


def garbage(content: bytes) -> bytes:
    return random.Random(7).randbytes(len(content))  # noqa: S311  (the same garbage in each run)


def cut_in_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def no_header(content: bytes) -> bytes:
    return b"not SQLite".ljust(100, b"!") + content[100:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": garbage,
    "cut in half": cut_in_half,
    "no header": no_header,
    "a few bytes": lambda content: content[:50],
}


@pytest.mark.parametrize(
    ("damage", "command"),
    [(damage, "list") for damage in DAMAGE] + [("garbage", "rescan"), ("cut in half", f"sync {CHEESE}")],
)
def test_a_damaged_index_heals_itself(damage: str, command: str, synced: Machine) -> None:
    spoilt = DAMAGE[damage](synced.index.read_bytes())
    synced.index.write_bytes(spoilt)

    run = synced.alfred(*command.split(), "--json").done()

    assert run.json
    assert run.complaints
    assert all(line.startswith("alfred: warning: ") for line in run.complaints)
    assert set_aside(synced.index.parent, "index.sqlite3") == [spoilt]
    is_placeholder_again(synced, but=CHEESE if "sync" in command else None)


def is_placeholder_again(machine: Machine, *, but: int | None = None) -> None:
    """Look that all shows are there as their sidecars have them, without facts, but for one."""
    entries = machine.entries()
    assert entries.keys() == KNOWN
    for tmdb_id, entry in entries.items():
        state = EntryState.FRESH if tmdb_id == but else EntryState.PLACEHOLDER
        assert (tmdb_id, state_of(entry)) == (tmdb_id, state)
        assert entry.episodes.on_disk > 0
    assert entries[LIGHTHOUSE].user == UserMetadata(tags=("comfort", "sea"), note="with the kids")


def root_page(index: Path, name: str) -> int:
    """Return the page where a table or an index of the database begins."""
    with opened(index) as database:
        row = database.one("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,))
    assert row is not None
    return int(row[0])


def overwrite(index: Path, page: int, content: bytes) -> None:
    with index.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(content)


RANDOM = garbage(b" " * PAGE)


@pytest.mark.parametrize(
    ("table", "command", "content"),
    [
        ("entry", "list", RANDOM),
        ("entry", "list", b"\0" * PAGE),
        ("entry", "rescan", b"\xff" * PAGE),
        ("library", "list", RANDOM),
        ("tag", "list", RANDOM),
        ("folder", "rescan", RANDOM),
        ("file_by_status", "rescan", RANDOM),
        ("file", f"show {CHEESE}", RANDOM),
        ("episode", f"show {CHEESE}", RANDOM),
        ("season", f"show {CHEESE}", RANDOM),
        ("show", f"sync {CHEESE} --force", RANDOM),
        ("wanted_slot", "wanted", RANDOM),
    ],
)
def test_a_damaged_page_in_the_middle_heals_too(table: str, command: str, content: bytes, synced: Machine) -> None:
    overwrite(synced.index, root_page(synced.index, table), content)
    spoilt = synced.index.read_bytes()
    with opened(synced.index) as database:
        assert database.one("PRAGMA user_version") != (0,)

    synced.alfred(*command.split()).done()

    assert set_aside(synced.index.parent, "index.sqlite3") == [spoilt]
    is_placeholder_again(synced, but=CHEESE if "sync" in command else None)


@pytest.mark.parametrize("command", ["list", "rescan", f"sync {CHEESE}", f"show {CHEESE}"])
def test_an_index_that_was_deleted_is_made_anew(command: str, synced: Machine) -> None:
    for file in synced.index.parent.glob("index.sqlite3*"):
        file.unlink()

    synced.alfred(*command.split()).done()

    assert set_aside(synced.index.parent, "index.sqlite3") == []
    is_placeholder_again(synced, but=CHEESE if "sync" in command else None)


def test_an_empty_index_is_made_anew(synced: Machine) -> None:
    synced.index.write_bytes(b"")

    synced.alfred("list").done()

    is_placeholder_again(synced)


def test_an_index_that_is_a_folder_is_said(synced: Machine) -> None:
    synced.index.unlink()
    synced.index.mkdir()

    assert str(synced.index) in complaint_of(synced.alfred("list"), 5)
    assert synced.index.is_dir()


def test_a_healed_index_has_the_truth_again_after_rescan_and_sync(synced: Machine) -> None:
    before = {tmdb_id: synced.show(tmdb_id) for tmdb_id in (LIGHTHOUSE, KETTLE)}
    synced.index.write_bytes(b"garbage")

    synced.alfred("rescan").done()
    synced.alfred("sync", str(LIGHTHOUSE), str(KETTLE)).done()

    for tmdb_id, was in before.items():
        now = synced.show(tmdb_id)
        assert {key for key in now if now[key] != was[key]} == {"fetched_at"}


def test_two_damaged_indexes_are_kept_apart(synced: Machine) -> None:
    for content in (b"first garbage", b"second garbage"):
        synced.index.write_bytes(content)
        synced.alfred("list").done()

    kept = set_aside(synced.index.parent, "index.sqlite3")
    assert sorted(kept) == [b"first garbage", b"second garbage"]


def test_two_alfreds_heal_one_index_once(synced: Machine) -> None:
    spoilt = garbage(synced.index.read_bytes())
    synced.index.write_bytes(spoilt)

    for run in synced.together(("list", "--json"), ("rescan",), ("list",), (f"show {LIGHTHOUSE}".split())):
        run.done()

    assert set_aside(synced.index.parent, "index.sqlite3") == [spoilt]
    is_placeholder_again(synced)


def test_a_damaged_index_of_an_offline_root_is_not_touched(machine: Machine, adopted_template: Path) -> None:
    shutil.copytree(adopted_template / "TV", machine.root, dirs_exist_ok=True)
    elsewhere = machine.folder / "kept.sqlite3"
    machine.variables["ALFRED_INDEX_URL"] = f"sqlite:///{elsewhere}"
    machine.alfred("rescan").done()
    machine.root.rename(machine.folder / "unplugged")
    elsewhere.write_bytes(b"garbage")

    complaint_of(machine.alfred("list"), 5)

    assert elsewhere.read_bytes() == b"garbage"
    assert set_aside(machine.folder, "kept.sqlite3") == []


# --- sidecars


def cut_short(body: Json) -> bytes:
    text = json.dumps(body)
    return text[: text.index('"files"') + 30].encode()


def of_another_kind(body: Json) -> bytes:
    return json.dumps({**body, "files": "none"}).encode()


def with_a_bad_status(body: Json) -> bytes:
    body["files"][0]["status"] = "gone fishing"
    return json.dumps(body).encode()


def not_json(_body: Json) -> bytes:
    return b"\x00\x01 not JSON \xff"


SPOILT: dict[str, tuple[Callable[[Json], bytes], bool]] = {
    "cut short": (cut_short, True),
    "of another kind": (of_another_kind, True),
    "with a bad status": (with_a_bad_status, True),
    "not JSON": (not_json, False),
    "empty": (lambda _body: b"", False),
}
"""How a sidecar is damaged, and whether its tags can still be read."""


def spoil(machine: Machine, damage: str, tmdb_id: int = LIGHTHOUSE) -> bytes:
    sidecar = sidecar_of(machine, tmdb_id)
    content = SPOILT[damage][0](json.loads(sidecar.read_bytes()))
    sidecar.write_bytes(content)
    return content


@pytest.mark.parametrize("damage", SPOILT)
def test_a_damaged_sidecar_is_reported_and_kept_aside(damage: str, synced: Machine) -> None:
    content = spoil(synced, damage)
    before = synced.show(LIGHTHOUSE)

    run = synced.alfred("rescan", "--json")

    assert run.exit_code == 1
    assert [problem["path"] for problem in run.json["broken"]] == [FOLDERS[LIGHTHOUSE]]
    assert set_aside(sidecar_of(synced).parent, "release.json") == [content]
    assert synced.show(LIGHTHOUSE) == before
    assert json.loads(sidecar_of(synced).read_bytes())["user"]["tags"] == ["comfort", "sea"]
    again = synced.alfred("rescan", "--json").done()
    assert (again.json["broken"], again.json["changed"]) == ([], [])


@pytest.mark.parametrize("damage", SPOILT)
def test_tags_are_salvaged_from_a_damaged_sidecar_where_nothing_else_has_them(
    damage: str, synced: Machine
) -> None:
    spoil(synced, damage)
    synced.index.unlink()

    run = synced.alfred("rescan", "--json")

    assert run.exit_code == 1
    salvaged = UserMetadata(tags=("comfort", "sea"), note="with the kids")
    assert synced.entry(LIGHTHOUSE).user == (salvaged if SPOILT[damage][1] else UserMetadata())


def test_a_rescan_of_one_show_reports_its_damaged_sidecar_too(synced: Machine) -> None:
    content = spoil(synced, "cut short")

    run = synced.alfred("rescan", str(LIGHTHOUSE), "--json")

    assert (run.exit_code, len(run.json["broken"])) == (1, 1)
    assert set_aside(sidecar_of(synced).parent, "release.json") == [content]


def test_a_dry_rescan_reports_a_damaged_sidecar_and_leaves_it(synced: Machine) -> None:
    spoil(synced, "cut short")
    before = tree(synced.root)

    run = synced.alfred("rescan", "--dry-run", "--json")

    assert (run.exit_code, len(run.json["broken"])) == (1, 1)
    assert tree(synced.root) == before


def test_a_damaged_sidecar_counts_as_absent_for_a_sync(synced: Machine) -> None:
    content = spoil(synced, "cut short")
    before = synced.show(LIGHTHOUSE)

    run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json").done()

    assert run.json["outcome"] == "refreshed"
    assert any("rescan" in warning for warning in run.json["warnings"])
    assert run.complaints
    assert sidecar_of(synced).read_bytes() == content
    now = synced.show(LIGHTHOUSE)
    assert (now["path"], now["tags"], now["note"]) == (before["path"], before["tags"], before["note"])
    assert not any(slot["files"] for season in now["seasons"] for slot in season["episodes"])
    assert synced.alfred("rescan").exit_code == 1
    filled = synced.show(LIGHTHOUSE)
    assert filled["seasons"] == before["seasons"]


def test_a_sidecar_that_is_gone_counts_as_absent_for_a_sync(synced: Machine) -> None:
    sidecar_of(synced, KETTLE).unlink()

    run = synced.alfred("sync", str(KETTLE), "--force", "--json").done()

    assert any("rescan" in warning for warning in run.json["warnings"])
    assert run.json["path"] == FOLDERS[KETTLE]
    assert run.json["episodes"]["on_disk"] == 0
    synced.alfred("rescan").done()
    assert synced.show(KETTLE)["episodes"]["on_disk"] == 7


FROM_THE_FUTURE = b'{"format": 3, "tmdb_id": 9000005, "release": {"files": {"in": "another shape"}}}'


def test_a_sidecar_of_a_newer_alfred_is_left_alone(synced: Machine) -> None:
    sidecar = sidecar_of(synced, MARMALADE)
    sidecar.write_bytes(FROM_THE_FUTURE)
    before = synced.show(MARMALADE)

    for _ in range(2):
        run = synced.alfred("rescan", "--json")
        assert run.exit_code == 1
        assert [problem["path"] for problem in run.json["broken"]] == [FOLDERS[MARMALADE]]

    now = synced.show(MARMALADE)
    assert now["state"] == "broken"
    assert now["status_message"]
    assert now["seasons"] == before["seasons"]
    assert sidecar.read_bytes() == FROM_THE_FUTURE
    assert [file.name for file in sidecar.parent.iterdir()] == ["release.json"]


def test_a_sidecar_of_a_newer_alfred_is_left_alone_by_a_new_index_too(synced: Machine) -> None:
    sidecar = sidecar_of(synced, MARMALADE)
    sidecar.write_bytes(FROM_THE_FUTURE)
    synced.index.unlink()

    run = synced.alfred("rescan", "--json")

    assert run.exit_code == 1
    entry = synced.entry(MARMALADE)
    assert (entry.sync.outcome, entry.sync.error_class) == (Outcome.FAILED, "sidecar")
    assert entry.episodes.on_disk == 5
    assert sidecar.read_bytes() == FROM_THE_FUTURE


def test_a_sidecar_that_is_understood_again_ends_the_complaint(synced: Machine) -> None:
    sidecar = sidecar_of(synced, MARMALADE)
    content, before = sidecar.read_bytes(), synced.show(MARMALADE)
    sidecar.write_bytes(FROM_THE_FUTURE)
    assert synced.alfred("rescan").exit_code == 1

    sidecar.write_bytes(content)

    synced.alfred("rescan").done()
    assert synced.show(MARMALADE) == before


def test_two_folders_with_one_id_are_both_kept_and_reported(synced: Machine) -> None:
    copy = synced.root / "Lighthouse (4K) [tmdbid-9000001]"
    copy.mkdir()
    for name in ("Lighthouse.S01E01.2160p.mkv", "Lighthouse.S01E04.2160p.mkv"):
        (copy / name).write_bytes(b"video")

    run = synced.alfred("rescan", "--json").done()

    paths = sorted([FOLDERS[LIGHTHOUSE], copy.name])
    assert run.json["duplicates"] == [{"tmdb_id": LIGHTHOUSE, "paths": paths}]
    assert len(synced.listed()) == len(KNOWN)
    slots = slots_of(synced.show(LIGHTHOUSE))
    assert sorted(file["path"].partition("/")[0] for file in slots[1, 1]["files"]) == paths
    assert [file["path"] for file in slots[1, 4]["files"]] == [f"{copy.name}/Lighthouse.S01E04.2160p.mkv"]
    again = synced.alfred("rescan", "--json").done()
    assert (again.json["changed"], again.json["duplicates"]) == ([], run.json["duplicates"])
    assert copy.name in synced.alfred("rescan").done().stdout
    synced.alfred("sync", str(LIGHTHOUSE), "--force").done()
    assert slots_of(synced.show(LIGHTHOUSE)) == slots
    assert synced.show(LIGHTHOUSE)["tags"] == ["comfort", "sea"]


def slots_of(document: Json) -> dict[tuple[int, int], Any]:
    return {
        (season["number"], slot["number"]): slot for season in document["seasons"] for slot in season["episodes"]
    }
