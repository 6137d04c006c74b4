"""Reading the disk: a first rescan, one where nothing changed, one where one show did; next to bare walks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from alfred.infrastructure.persistence.marker import FOLDER
from bench.invented import FIRST_ID, add_video, folder_name, make_tree
from bench.measuring import Contestant, Sample, process_seconds, seconds, take_turns
from bench.printing import note, table, times, verdict
from bench.workspace import Workspace, alfred

FIND = "find -printf '%p %s %T@'"
WALK = "bare walk: scandir, stat of videos"
WALK_AND_WRITE = "bare walk, one flushed file a show"
VIDEO_ENDINGS = (".mkv", ".mp4")
BESIDE = ".bare-walk"
RESCAN = "alfred rescan"
FIRST_OF_FIND_AT_MOST = 7.0
UNCHANGED_OF_FIND_AT_MOST = 2.5


def run(workspace: Workspace) -> None:
    root = workspace.new_library("rescan")
    shows = workspace.size(2_000, 100)
    files = make_tree(root, shows)
    rounds = workspace.size(5, 2)
    environment = workspace.on_library(root)
    note(f"{shows:,} shows, {files:,} files, all of them in the cache of the disk")

    bounds: dict[str, Contestant] = {WALK: lambda: seconds(lambda: sum(1 for _ in _walk(root)))}
    if _find_prints():
        command = ["find", str(root), "-type", "f", "-printf", "%p %s %T@\\n"]
        bounds = {FIND: partial(process_seconds, command, environment), **bounds}
    else:
        note("no find that knows -printf is installed: left out")

    rescan = partial(process_seconds, alfred("--quiet", "rescan"), environment)
    first = {
        **bounds,
        WALK_AND_WRITE: lambda: _after(partial(_forget_walk, root), lambda: seconds(lambda: _write(root))),
        RESCAN: lambda: _after(partial(_forget, root), rescan),
    }
    first_time = take_turns(first, rounds=rounds)
    _print("first rescan: no sidecars, no index", first_time, files, of_find_at_most=FIRST_OF_FIND_AT_MOST)
    _forget_walk(root)
    rescan()
    unchanged = take_turns({**bounds, RESCAN: rescan}, rounds=rounds)
    _print("nothing changed", unchanged, files, of_find_at_most=UNCHANGED_OF_FIND_AT_MOST)

    one = partial(process_seconds, alfred("--quiet", "rescan", str(FIRST_ID)), environment)
    number = count(100)
    changed = {
        **bounds,
        RESCAN: lambda: _after(lambda: _add_episode(root, next(number)), rescan),
        "alfred rescan ID": lambda: _after(lambda: _add_episode(root, next(number)), one),
    }
    _print("one show has a new file", take_turns(changed, rounds=rounds), files)
    workspace.discard(root)


def _print(what: str, samples: dict[str, Sample], files: int, *, of_find_at_most: float | None = None) -> None:
    """Print one table: the ratio to each bound that took part, and a goal for Alfred where there is one."""
    bounds = {FIND: "of find", WALK: "of walk", WALK_AND_WRITE: "of walk + file"}
    present = {bound: short for bound, short in bounds.items() if bound in samples}
    rows = []
    for name, sample in samples.items():
        ratios = [times(sample.over(samples[bound])) for bound in present]
        goal = ""
        if name == RESCAN and of_find_at_most is not None and FIND in samples:
            goal = verdict(sample.over(samples[FIND]), of_find_at_most)
        rows.append((name, sample.in_seconds(), f"{files / sample.median:,.0f}", *ratios, goal))
    table((what, "s", "files/s", *present.values(), "" if of_find_at_most is None else "goal, of find"), rows)


def _find_prints() -> bool:
    if not shutil.which("find"):
        return False
    probe = subprocess.run(["find", os.devnull, "-printf", "%p"], capture_output=True, check=False)
    return probe.returncode == 0


def _walk(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of every video."""
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(VIDEO_ENDINGS):
                    status = entry.stat()
                    yield entry.path, status.st_size, status.st_mtime_ns


def _write(root: Path) -> None:
    """Walk, and write what was found of each show into a folder of its own: new, flushed, renamed."""
    for show in root.iterdir():
        if show.name.startswith("."):
            continue
        listing = "\n".join(f"{path} {size} {time}" for path, size, time in _walk(show))
        beside = show / BESIDE
        beside.mkdir()
        with (beside / "new").open("w", encoding="utf-8") as file:
            file.write(listing)
            file.flush()
            os.fsync(file.fileno())
        (beside / "new").replace(beside / "listing")


def _after(prepare: Callable[[], None], contestant: Contestant) -> float:
    prepare()
    return contestant()


def _forget(root: Path) -> None:
    """Take sidecars and index away; the library stays marked."""
    for folder in root.iterdir():
        if folder.name != FOLDER:
            shutil.rmtree(folder / FOLDER, ignore_errors=True)
    for file in (root / FOLDER).glob("index.sqlite3*"):
        file.unlink()
    os.sync()


def _forget_walk(root: Path) -> None:
    for beside in root.glob(f"*/{BESIDE}"):
        shutil.rmtree(beside)
    os.sync()


def _add_episode(root: Path, number: int) -> None:
    add_video(root / folder_name(0) / "Season 01" / f"A new one - S01E{number:03d}.mkv", size=number)
