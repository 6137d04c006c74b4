"""A disk that is full: Alfred says so in one line, leaves nothing half done, and goes on once there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alfred.demo.stand_in import StandIn
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import parse_sidecar
from tests.e2e.alfred_process import (
    TOKEN,
    MountSpace,
    Run,
    Shelf,
    file_states,
    own_mounts,
    put_episode,
    write_invented_show,
)

SHOWS = range(1, 41)
EPISODES = range(1, 25)


@pytest.fixture
def mounts() -> Iterator[MountSpace]:
    with own_mounts() as space:
        if space is None:
            pytest.skip("this machine does not let us mount anything")
        yield space


@pytest.fixture
def tmdb(tmp_path: Path) -> Iterator[StandIn]:
    for tmdb_id in (1, 2):
        write_invented_show(tmp_path / "provider", tmdb_id, episodes=28)
    with StandIn(tmp_path / "provider", tokens=[TOKEN]) as server:
        yield server


@pytest.fixture
def shelf(tmp_path: Path, mounts: MountSpace, tmdb: StandIn) -> Shelf:
    """A library on a small disk, known to Alfred and tagged; ``shelf.root`` is the disk as we see it."""
    point = tmp_path / "small disk"
    point.mkdir()
    if not mounts.mount_memory(point, size="6m"):
        pytest.skip("this machine does not let us mount a small file system in memory")
    shelf = Shelf(tmp_path, root=mounts.seen_at(point), prefix=mounts.prefix)
    shelf.variables |= {
        "ALFRED_LIBRARY": str(point),
        "ALFRED_TMDB_BASE_URL": tmdb.url,
        "ALFRED_TMDB_TOKEN": TOKEN,
    }
    shelf.alfred("init", str(point)).ended(0)
    shelf.add(*SHOWS, episodes=[1])
    shelf.rescan()
    for tmdb_id in ("1", "2", "3"):
        shelf.alfred("tag", tmdb_id, "--add", "keep").ended(0)
    return shelf


def fill(shelf: Shelf, *, leave: int) -> None:
    """Fill the disk but for so many bytes."""
    ballast = shelf.root / "ballast.bin"
    try:
        with ballast.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
    except OSError:
        pass
    with ballast.open("r+b") as file:
        file.truncate(max(ballast.stat().st_size - leave, 0))


def make_room(shelf: Shelf) -> None:
    (shelf.root / "ballast.bin").unlink()


def says_so_in_one_line(run: Run) -> None:
    assert run.exit_code == 1, run
    lines = run.stderr.splitlines()
    assert len(lines) == 1, run
    assert lines[0].startswith("alfred: "), run
    assert "disk is full" in lines[0] or "No space left" in lines[0], run


def nothing_is_half_written(shelf: Shelf) -> None:
    assert list(shelf.root.rglob("*.new")) == []
    for sidecar in shelf.root.rglob("release.json"):
        parse_sidecar(sidecar.read_bytes(), folder=sidecar.parents[1].name)
    assert set(shelf.listed("--tag", "keep", "--all")) == {1, 2, 3}


@pytest.mark.parametrize("leave", [0, 4096, 16 * 4096, 64 * 4096])
def test_a_rescan_on_a_full_disk_says_so_and_is_done_once_there_is_room(shelf: Shelf, leave: int) -> None:
    for tmdb_id in SHOWS:
        for episode in EPISODES:
            put_episode(shelf.show_folder(tmdb_id), episode)
    fill(shelf, leave=leave)

    run = shelf.alfred("rescan", "--quiet")
    says_so_in_one_line(run)
    nothing_is_half_written(shelf)
    says_so_in_one_line(shelf.alfred("rescan", "--json"))

    make_room(shelf)
    report = shelf.rescan()
    assert (report["broken"], report["missing"]) == ([], [])
    assert report["files"]["ready"] == len(SHOWS) * len(EPISODES)
    assert shelf.rescan()["changed"] == []
    assert set(shelf.listed("--tag", "keep")) == {1, 2, 3}
    assert file_states(shelf.show(40)) == ["on_disk"] * len(EPISODES)


@pytest.mark.parametrize("leave", [0, 2 * 4096])
def test_a_sync_on_a_full_disk_says_so_and_is_done_once_there_is_room(shelf: Shelf, leave: int) -> None:
    fill(shelf, leave=leave)

    says_so_in_one_line(shelf.alfred("sync", "1"))
    nothing_is_half_written(shelf)
    entry = shelf.listed()[1]
    assert (entry["state"], entry["episodes"]["total"]) == ("placeholder", 0)

    make_room(shelf)
    synced = shelf.alfred("sync", "1", "--json").ended(0).json
    assert (synced["name"], synced["episodes"]["total"]) == ("Provider's 1", 28)


def test_a_tag_on_a_full_disk_is_kept_in_full_or_not_at_all(shelf: Shelf) -> None:
    fill(shelf, leave=0)

    run = shelf.alfred("tag", "4", "--add", "new")
    tags = shelf.listed()[4]["tags"]
    if run.exit_code == 0:
        assert tags == ["new"]
    else:
        says_so_in_one_line(run)
        assert tags == []
    nothing_is_half_written(shelf)

    make_room(shelf)
    shelf.alfred("tag", "4", "--add", "new").ended(0)
    shelf.rescan()
    assert shelf.listed()[4]["tags"] == ["new"]


def test_an_init_on_a_full_disk_leaves_no_marker_behind(shelf: Shelf) -> None:
    again = shelf.root / "again"
    again.mkdir()
    fill(shelf, leave=0)

    run = shelf.alfred("init", f"{shelf.variables['ALFRED_LIBRARY']}/again")

    assert run.exit_code != 0
    assert len(run.stderr.splitlines()) == 1
    assert not (again / ".alfred" / "library.json").exists()
    make_room(shelf)
    shelf.alfred("init", f"{shelf.variables['ALFRED_LIBRARY']}/again").ended(0)
