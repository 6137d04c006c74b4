"""Alfred is killed, interrupted, piped into something that ends early, and started twice at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.shows import FOLDERS, LIGHTHOUSE, TRAIN
from alfred.demo.stand_in import StandIn
from tests.e2e.machine import Machine, complaint_of, opened, rows, tree

SHOWS = 200
TIMES = frozenset(
    {"added_at", "at", "fetched_at", "library_id", "missing_since", "root", "sidecar", "verified_at"}
)


def furnish(root: Path) -> None:
    """Make a library of many small shows, every file with a fixed time of change."""
    for number in range(1, SHOWS + 1):
        season = root / f"Show {number} [tmdbid-{number}]" / "Season 01"
        season.mkdir(parents=True)
        for episode in (1, 2, 3):
            file = season / f"Show {number} S01E{episode:02}.mkv"
            file.write_bytes(b"video")
            os.utime(file, (1_700_000_000, 1_700_000_000 + number))


def state_of_library(machine: Machine) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, Any]]:
    """Return index and sidecars without the moments at which they were written."""
    tables = rows(machine.index)
    for name, content in tables.items():
        with opened(machine.index) as database:
            columns = [row[1] for row in database.all(f"PRAGMA table_info({name})")]
        kept = [at for at, column in enumerate(columns) if column not in TIMES]
        tables[name] = sorted((tuple(row[at] for at in kept) for row in content), key=repr)
    sidecars = {
        path.relative_to(machine.root).as_posix(): without_times(json.loads(path.read_bytes()))
        for path in machine.root.glob("*/.alfred/release.json")
    }
    return tables, sidecars


def without_times(sidecar: dict[str, Any]) -> dict[str, Any]:
    files = [{**file, "added_at": None} for file in sidecar["files"]]
    return {**sidecar, "written_at": None, "files": files}


def test_a_sync_that_is_killed_keeps_the_shows_that_were_done(adopted: Machine, tmdb: StandIn) -> None:
    ids = [tmdb_id for tmdb_id in FOLDERS if tmdb_id != TRAIN]
    tmdb.latency = 0.15
    process = adopted.start("sync", *map(str, ids))
    while process.poll() is None and tmdb.total < 4:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    tmdb.latency = 0.0

    run = adopted.alfred("sync", *map(str, ids), "--json").done()

    outcomes = [entry["outcome"] for entry in run.json["shows"]]
    assert outcomes[0] == outcomes[1] == "fresh"
    assert outcomes[-1] == "refreshed"
    assert {entry["state"] for entry in run.json["shows"]} == {"fresh"}


def test_ctrl_c_during_a_rescan_keeps_what_was_done(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    furnish(machine.root)
    machine.alfred("init", str(machine.root)).done()
    process = machine.start("rescan", "--json")
    while process.poll() is None and not any(machine.root.glob("*/.alfred/release.json")):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)

    complaint_of(machine.finish(process), 130)

    run = machine.alfred("rescan", "--json").done()
    assert (run.json["shows"], run.json["files"]["ready"]) == (SHOWS, 3 * SHOWS)


INTERRUPTED_WHILE_LOADING = """
import sys

class Interrupted:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted)
sys.argv = ["alfred", "list"]
from alfred.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["alfred.cli.main", "click", "alfred.cli.commands.list_command", "sqlite3"])
def test_ctrl_c_while_alfred_loads_is_one_line_too(module: str, synced: Machine) -> None:
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_LOADING.format(module=module)],
        env=synced.environment({"ALFRED_LIBRARY": str(synced.root)}),
        capture_output=True,
        check=False,
    )

    assert run.returncode == 130
    assert run.stderr.startswith(b"alfred: interrupted")
    assert len(run.stderr.splitlines()) == 1


def test_a_reader_that_ends_early_is_no_error(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    furnish(machine.root)
    machine.alfred("init", str(machine.root)).done()
    machine.alfred("rescan").done()

    for arguments in (["list"], ["list", "--json"], ["show", "1"]):
        process = machine.start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait(30) in (0, 128 + signal.SIGPIPE)


def test_head_takes_one_line_of_a_long_answer(synced: Machine) -> None:
    command = f'"{sys.executable}" -m alfred show {LIGHTHOUSE} --json | head -n 1'
    env = synced.environment({"ALFRED_LIBRARY": str(synced.root)})

    run = subprocess.run(["/bin/sh", "-c", command], env=env, capture_output=True, check=True)

    assert (run.stdout, run.stderr) == (b"{\n", b"")


def test_a_full_disk_under_the_answer_is_said_in_one_line(synced: Machine) -> None:
    env = synced.environment({"ALFRED_LIBRARY": str(synced.root)})
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "alfred", "list"],
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert run.returncode != 0
    assert run.stderr.startswith(b"alfred: ")
    assert len(run.stderr.splitlines()) == 1


def test_alfreds_that_run_at_once_do_not_disturb_each_other(adopted: Machine) -> None:
    ids = [str(tmdb_id) for tmdb_id in FOLDERS if tmdb_id != TRAIN]
    (adopted.root / FOLDERS[TRAIN]).rename(adopted.root / f"Train [tmdbid-{TRAIN}]")

    runs = adopted.together(
        ("rescan", "--json"),
        ("sync", "--json", *ids),
        ("rescan", "--json"),
        ("sync", "--json", *reversed(ids), "--force"),
        ("list", "--json"),
    )

    for run in runs:
        assert run.done().complaints == []
    adopted.alfred("sync", str(TRAIN)).done()
    assert {entry["state"] for entry in adopted.listed().values()} == {"fresh"}
    adopted.alfred("rescan").done()  # sidecars that two have written are looked at once more
    quiet = adopted.alfred("rescan", "--json").done()
    assert (quiet.json["added"], quiet.json["changed"]) == ([], [])


def test_rescans_at_once_end_as_one_alone(tmp_path: Path) -> None:
    alone, crowded = Machine(tmp_path / "alone"), Machine(tmp_path / "crowded")
    furnish(alone.root)
    alone.alfred("init", str(alone.root)).done()
    shutil.copytree(alone.folder, crowded.folder)
    alone.alfred("rescan").done()

    for run in crowded.together(("rescan",), ("rescan",), ("rescan",)):
        assert run.done().complaints == []

    assert state_of_library(crowded) == state_of_library(alone)
    crowded.alfred("rescan").done()  # sidecars that two have written are looked at once more
    before = tree(crowded.root)
    crowded.alfred("rescan").done()
    assert tree(crowded.root) == before
