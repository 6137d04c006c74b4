"""Alfred killed outright in the middle of its work, again and again: nothing of it may show afterwards.

``ALFRED_TEST_KILLS`` gives the number of kills: a handful by default, hundreds for a proof. What they came to is
logged; ``-rP`` shows it.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import parse_sidecar
from alfred.infrastructure.persistence.sqlite.database import Database
from tests.e2e.alfred_process import TOKEN, Shelf, name_of, put_episode, write_invented_show

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("ALFRED_TEST_KILLS", "6"))
SHOWS = 200
SYNCED = 8
TAGGED = {tmdb_id: [f"tag {tmdb_id}", "every"] for tmdb_id in range(1, SHOWS + 1, 3)}

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """A library before some work, how long the work takes, and how the library stands after it.

    Attributes:
        folder: what a try begins with a copy of.
        work: the command line.
        seconds: from the start of an undisturbed run to its end.
        outcome: of an undisturbed run.
    """

    folder: Path
    work: Sequence[str]
    seconds: float
    outcome: State


@pytest.fixture(scope="module")
def tmdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("provider")
    for tmdb_id in range(1, SYNCED + 1):
        write_invented_show(folder, tmdb_id)
    with StandIn(folder, tokens=[TOKEN], latency=0.01) as server:
        yield server


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, tmdb: StandIn) -> Path:
    """A library of many shows, a third of them tagged, whose disk has since changed in every way."""
    shelf = a_shelf(tmp_path_factory.mktemp("library"), tmdb)
    shelf.init()
    shelf.add(*range(1, SHOWS + 1))
    shelf.rescanned()
    with shelf.opened() as opened:
        for tmdb_id, tags in TAGGED.items():
            opened.tag(TmdbId(tmdb_id), add=tags)
    shelf.take_away(31, 32, 33, 34)
    shelf.rescanned()
    _change_the_disk(shelf)
    return shelf.folder


def _change_the_disk(shelf: Shelf) -> None:
    """Files come, go and are renamed; folders move, vanish, return and are new; sidecars are damaged."""
    for tmdb_id in range(40, 140):
        put_episode(shelf.show_folder(tmdb_id), 3)
    for tmdb_id in range(50, 70):
        (shelf.show_folder(tmdb_id) / "Season 01" / "Show S01E01.mkv").unlink()
    for tmdb_id in range(140, 160):
        (shelf.root / "A-F").mkdir(exist_ok=True)
        shelf.show_folder(tmdb_id).rename(shelf.root / "A-F" / name_of(tmdb_id))
    shelf.take_away(*range(160, 170))
    shelf.bring_back(31, 32, 33, 34)
    shelf.add(*range(901, 931))
    for tmdb_id in range(170, 176):
        content = shelf.sidecar(tmdb_id).read_bytes()
        shelf.sidecar(tmdb_id).write_bytes(content[: content.index(b'"files"')])
    for tmdb_id in range(176, 180):
        shelf.sidecar(tmdb_id).unlink()


def a_shelf(folder: Path, tmdb: StandIn) -> Shelf:
    shelf = Shelf(folder)
    shelf.variables |= {"ALFRED_TMDB_BASE_URL": tmdb.url, "ALFRED_TMDB_TOKEN": TOKEN}
    return shelf


def a_scene(library: Path, tmdb: StandIn, tmp_path: Path, *work: str) -> Scene:
    undisturbed = a_shelf(tmp_path / "undisturbed", tmdb)
    shutil.copytree(library, undisturbed.folder)
    undisturbed.alfred("list", "--quiet").ended(0)
    started = time.monotonic()
    ended = undisturbed.alfred(*work)
    seconds = time.monotonic() - started
    assert ended.exit_code in (0, 1), ended  # 1: the damaged sidecars are reported once
    if work[0] != "rescan":
        rescan(undisturbed)
    return Scene(library, work, seconds, state_of(undisturbed))


def rescan(shelf: Shelf) -> None:
    run = shelf.alfred("rescan", "--quiet")
    assert run.exit_code in (0, 1), run


def killed_at(scene: Scene, shelf: Shelf, moment: float) -> bool:
    """Start the work on a fresh copy, kill it at a moment, and say whether it was still at it."""
    shutil.rmtree(shelf.folder, ignore_errors=True)
    shutil.copytree(scene.folder, shelf.folder)
    process = shelf.start(*scene.work)
    time.sleep(moment)
    process.kill()
    process.communicate()
    return process.returncode < 0


def nothing_is_broken(shelf: Shelf) -> None:
    """Look at what a killed process left, before anything else has run."""
    for sidecar in shelf.root.rglob(".alfred/release.json"):
        folder = sidecar.parents[1].relative_to(shelf.root).as_posix()
        if folder not in DAMAGED_BEFORE:
            parse_sidecar(sidecar.read_bytes(), folder=folder)
    database = Database(shelf.index)
    try:
        assert database.all("PRAGMA integrity_check") == [("ok",)]
        assert database.all("PRAGMA foreign_key_check") == []
    finally:
        database.close()
    entries = shelf.listed("--all")
    assert {tmdb_id: entries[tmdb_id]["tags"] for tmdb_id in TAGGED} == {
        tmdb_id: sorted(tags) for tmdb_id, tags in TAGGED.items()
    }


DAMAGED_BEFORE = {name_of(tmdb_id) for tmdb_id in range(170, 176)}


def state_of(shelf: Shelf) -> State:
    """Return all that a library comes to, times and the index's own bookkeeping apart."""
    with shelf.opened() as library:
        index = library.index
        entries = {
            entry.tmdb_id.value: (
                entry.name,
                entry.status,
                entry.metadata.path,
                entry.metadata.missing_since is not None,
                entry.user.tags,
                entry.user.note,
                entry.episodes,
                entry.sync.outcome,
            )
            for entry in index.entries()
        }
        slots = {
            tmdb_id: [
                (season.number, slot.number, slot.title, slot.state, [_shape(file) for file in slot.files])
                for season in index.show(TmdbId(tmdb_id)).seasons
                for slot in season.episodes
            ]
            for tmdb_id in entries
        }
        again = library.rescan(dry_run=True)
        nothing_left = (again.added, again.changed, again.restored, again.missing, again.broken)
    sidecars = {}
    for path in sorted(shelf.root.rglob(".alfred/release.json")):
        folder = path.parents[1].relative_to(shelf.root).as_posix()
        release = parse_sidecar(path.read_bytes(), folder=folder)
        sidecars[folder] = (release.tmdb_id, release.user.tags, [_shape(file) for file in release.files])
    return {"entries": entries, "slots": slots, "sidecars": sidecars, "nothing_left": nothing_left}


def _shape(file: Any) -> tuple[object, ...]:
    return (file.library_path, file.size, file.mtime_ns, file.status, file.missing_since is not None)


def many_kills(scene: Scene, shelf: Shelf, kills: int, *, finish: Callable[[], object]) -> Counter[str]:
    """Kill the work at random moments; each time, what is left must be sound and one more run must finish it.

    Args:
        kills: how often it has to be still at work when it is killed.
    """
    moments = random.Random(kills)  # noqa: S311  (which moments is not a secret)
    counts: Counter[str] = Counter()
    while counts["at work"] < kills:
        assert counts["tries"] < 5 * kills, "most processes had ended before they were killed"
        moment = moments.uniform(0.25, 1.0) * scene.seconds
        counts["tries"] += 1
        counts["at work"] += killed_at(scene, shelf, moment)
        counts["half-written files left"] += len(list(shelf.root.rglob("*.new")))
        where = f"try {counts['tries']} after {moment:.3f} s of {scene.seconds:.3f} s"
        nothing_is_broken(shelf)
        finish()
        state = state_of(shelf)
        for part, outcome in scene.outcome.items():
            assert state[part] == outcome, f"{where}: {part} differ"
    return counts


def test_a_rescan_killed_at_any_moment_is_finished_by_the_next(
    library: Path, tmdb: StandIn, tmp_path: Path
) -> None:
    scene = a_scene(library, tmdb, tmp_path, "rescan", "--quiet")
    shelf = a_shelf(tmp_path / "killed", tmdb)
    kills = (KILLS + 1) // 2

    counts = many_kills(scene, shelf, kills, finish=lambda: rescan(shelf))

    log.warning("rescan, %.2f s undisturbed: %s", scene.seconds, dict(counts))


def test_a_sync_killed_at_any_moment_is_finished_by_the_next(library: Path, tmdb: StandIn, tmp_path: Path) -> None:
    ids = [str(tmdb_id) for tmdb_id in range(1, SYNCED + 1)]
    scene = a_scene(library, tmdb, tmp_path, "sync", *ids, "--quiet")
    shelf = a_shelf(tmp_path / "killed", tmdb)

    def finish() -> None:
        shelf.alfred("sync", *ids, "--quiet").ended(0)
        rescan(shelf)

    counts = many_kills(scene, shelf, KILLS // 2, finish=finish)

    log.warning("sync, %.2f s undisturbed: %s", scene.seconds, dict(counts))
