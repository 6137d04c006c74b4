"""Folders that vanish and come back, disks that drop out: with real folders, links, rights and mounts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alfred.application.exceptions import RootOffline
from alfred.application.ports.folders import FolderScan, ShowFolders
from alfred.composition import Library
from alfred.infrastructure.folders import DiskFolders
from tests.e2e.alfred_process import (
    MountSpace,
    Shelf,
    file_states,
    name_of,
    own_mounts,
    put_episode,
    without_roots_rights,
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path).init()


@pytest.fixture
def bound_shelf(shelf: Shelf) -> Iterator[Shelf]:
    """A library whose Alfred is held back by permissions."""
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("the tests run as root, and nothing here can take a process root's rights away")
    shelf.prefix = prefix
    yield shelf
    for path in sorted(shelf.root.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


@pytest.fixture
def mounts() -> Iterator[MountSpace]:
    with own_mounts() as space:
        if space is None:
            pytest.skip("this machine does not let us mount anything")
        yield space


# --- folders


def test_a_folder_that_is_gone_is_marked_and_keeps_all_that_is_known_of_it(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescanned()
    before = shelf.show(1)
    shelf.lose(1)

    assert shelf.rescan()["missing"] == [1]

    after = shelf.show(1)
    assert (after["state"], after["path"]) == ("missing", before["path"])
    assert after["missing_since"] is not None
    assert file_states(after) == ["missing", "missing"]
    assert shelf.states() == {1: "missing", 2: "placeholder"}
    assert set(shelf.listed()) == {2}
    assert set(shelf.listed("--state", "missing")) == {1}
    assert shelf.rescan()["missing"] == [], "what is missing already is not marked again"
    assert shelf.show(1)["missing_since"] == after["missing_since"]


RETURNS = {
    "the same name": name_of(1),
    "a new name without an id": "Quite another name (1999)",
    "a new tag's form": "Renamed {tmdb=1}",
    "below a group folder": f"S/{name_of(1)}",
    "below a group folder, under a new name": "A-F/Another name",
}


@pytest.mark.parametrize("place", RETURNS)
def test_a_folder_that_is_back_is_restored_wherever_it_is(shelf: Shelf, place: str) -> None:
    [folder] = shelf.add(1)
    shelf.add(2)
    shelf.rescanned()
    shelf.alfred("tag", "1", "--add", "keep").ended(0)
    before = shelf.show(1)
    shelf.take_away(1)
    shelf.rescanned()
    target = shelf.root / RETURNS[place]
    target.parent.mkdir(exist_ok=True)
    (shelf.folder / "away" / folder.name).rename(target)

    report = shelf.rescan()

    assert (report["restored"], report["added"], report["missing"]) == ([1], [], [])
    path = target.relative_to(shelf.root).as_posix()
    assert shelf.show(1) == before | {
        "path": path,
        "seasons": [
            season
            | {
                "episodes": [
                    slot
                    | {
                        "files": [
                            file | {"path": file["path"].replace(before["path"], path)} for file in slot["files"]
                        ]
                    }
                    for slot in season["episodes"]
                ]
            }
            for season in before["seasons"]
        ],
    }


@pytest.mark.parametrize("place", RETURNS)
def test_a_folder_that_moves_between_two_rescans_was_never_missing(shelf: Shelf, place: str) -> None:
    [folder] = shelf.add(1)
    shelf.rescanned()
    target = shelf.root / RETURNS[place]
    if target == folder:
        (folder / "note.txt").write_text("something else changed", encoding="utf-8")
    target.parent.mkdir(exist_ok=True)
    folder.rename(target)

    report = shelf.rescan()

    assert (report["shows"], report["restored"], report["added"], report["missing"]) == (1, [], [], [])
    entry = shelf.show(1)
    assert (entry["path"], entry["state"]) == (target.relative_to(shelf.root).as_posix(), "placeholder")
    assert file_states(entry) == ["on_disk", "on_disk"]


def test_two_shows_that_swap_their_names_keep_what_is_theirs(shelf: Shelf) -> None:
    for tmdb_id, name in ((1, "One"), (2, "Two")):
        folder = put_episode(shelf.root / name, 1).parents[1]
        (folder / "tvshow.nfo").write_text(f"<tmdbid>{tmdb_id}</tmdbid>", encoding="utf-8")
    shelf.rescanned()
    for number in ("1", "2"):
        shelf.alfred("tag", number, "--add", f"of {number}").ended(0)
    for source, target in (("One", "x"), ("Two", "One"), ("x", "Two")):
        (shelf.root / source).rename(shelf.root / target)

    shelf.alfred("tag", "1", "--add", "after the swap").ended(0)
    assert shelf.rescan("1")["missing"] == []
    shelf.rescan()

    listed = shelf.listed("--all")
    assert (listed[1]["path"], listed[1]["tags"]) == ("Two", ["after the swap", "of 1"])
    assert (listed[2]["path"], listed[2]["tags"]) == ("One", ["of 2"])


def test_one_of_two_folders_of_a_show_goes_and_comes_back(shelf: Shelf) -> None:
    shelf.add(1, episodes=[1])
    put_episode(shelf.root / "Other disk [tmdbid-1]", 2)
    shelf.rescanned()
    (shelf.root / "Other disk [tmdbid-1]").rename(shelf.folder / "away")

    report = shelf.rescan()
    assert (report["missing"], report["changed"]) == ([], [1])
    assert file_states(shelf.show(1)) == ["on_disk", "missing"]

    (shelf.folder / "away").rename(shelf.root / "Other disk [tmdbid-1]")
    shelf.rescan()
    assert file_states(shelf.show(1)) == ["on_disk", "on_disk"]


def test_a_file_that_is_gone_keeps_its_record_and_its_added_date_when_it_is_back(shelf: Shelf) -> None:
    [folder] = shelf.add(1)
    shelf.rescanned()
    before = _files_of_sidecar(shelf, 1)
    episode = folder / "Season 01" / "Show S01E01.mkv"
    size = episode.stat().st_size
    episode.unlink()

    assert shelf.rescan()["files"]["missing"] == 1
    lost = _files_of_sidecar(shelf, 1)["Season 01/Show S01E01.mkv"]
    assert (lost["status"], lost["size"]) == ("missing", size)
    assert lost["missing_since"] is not None
    assert file_states(shelf.show(1)) == ["missing", "on_disk"]

    put_episode(folder, 1)
    shelf.rescan()
    back = _files_of_sidecar(shelf, 1)["Season 01/Show S01E01.mkv"]
    assert (back["status"], back["missing_since"]) == ("ready", None)
    assert back["added_at"] == before["Season 01/Show S01E01.mkv"]["added_at"]


def _files_of_sidecar(shelf: Shelf, tmdb_id: int) -> dict[str, dict[str, object]]:
    return {file["path"]: file for file in json.loads(shelf.sidecar(tmdb_id).read_bytes())["files"]}


# --- the circuit breaker


@pytest.mark.parametrize(
    ("shows", "gone", "believed"),
    [
        pytest.param(25, 5, True, id="exactly a fifth"),
        pytest.param(25, 6, False, id="just over a fifth"),
        pytest.param(24, 5, False, id="five, and just over a fifth"),
        pytest.param(5, 4, True, id="four of five: under the least number"),
        pytest.param(5, 5, False, id="all five"),
        pytest.param(2, 2, False, id="all two"),
        pytest.param(1, 1, False, id="the only one"),
    ],
)
def test_only_so_much_can_vanish_at_once(shelf: Shelf, shows: int, gone: int, believed: bool) -> None:
    shelf.add(*range(1, shows + 1), episodes=[1])
    shelf.rescanned()
    lost = list(range(1, gone + 1))
    shelf.lose(*lost)

    planned = shelf.rescan("--dry-run", exit_code=0 if believed else 6)
    assert planned["missing"] == lost
    assert (planned["refused"] is None) == believed
    assert "missing" not in shelf.states().values(), "a dry run marks nothing"

    if believed:
        assert shelf.rescan()["missing"] == lost
        return
    refused = shelf.alfred("rescan", "--json").ended(6)
    assert refused.json["error"]["code"] == "refused_to_mark"
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"alfred: {gone} of {shows} shows are gone at once (Show 1")
    assert "--accept-missing" in line
    assert "missing" not in shelf.states().values()

    assert shelf.rescan("--accept-missing", "--dry-run")["refused"] is None
    assert shelf.rescan("--accept-missing")["missing"] == lost


def test_shows_that_come_back_do_not_make_up_for_shows_that_vanish(shelf: Shelf) -> None:
    shelf.add(*range(1, 31), episodes=[1])
    shelf.rescanned()
    shelf.take_away(1, 2, 3, 4, 5)
    assert shelf.rescan()["missing"] == [1, 2, 3, 4, 5]

    shelf.bring_back(1, 2, 3)
    shelf.lose(*range(10, 16))
    assert shelf.rescan("--dry-run", exit_code=6)["restored"] == [1, 2, 3]
    assert set(shelf.listed("--state", "missing")) == {1, 2, 3, 4, 5}, "refused as a whole"

    shelf.add(10, episodes=[1])
    report = shelf.rescan()
    assert (report["missing"], report["restored"]) == ([11, 12, 13, 14, 15], [1, 2, 3])
    assert set(shelf.listed("--state", "missing")) == {4, 5, 11, 12, 13, 14, 15}


def test_a_dry_run_prints_the_plan_that_a_run_carries_out(shelf: Shelf) -> None:
    shelf.add(*range(1, 11))
    shelf.rescanned()
    shelf.take_away(1, 2)
    shelf.rescanned()
    shelf.bring_back(1)
    shelf.lose(3)
    shelf.add(11)
    put_episode(shelf.show_folder(4), 9)
    put_episode(shelf.root / "Without an id", 1)
    files = {path: path.stat().st_mtime_ns for path in shelf.folder.rglob("*.json")}
    rows = shelf.listed("--all")

    planned = shelf.rescan("--dry-run")
    assert files == {path: path.stat().st_mtime_ns for path in shelf.folder.rglob("*.json")}
    assert rows == shelf.listed("--all")

    done = shelf.rescan()
    assert planned | {"elapsed_seconds": 0} == done | {"elapsed_seconds": 0}
    assert (done["added"], done["restored"], done["missing"], done["changed"]) == ([11], [1], [3], [4])


# --- roots


def test_an_empty_root_without_its_marker_is_no_library_and_marks_nothing(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescanned()
    aside = shelf.folder / "disk"
    shelf.root.rename(aside)
    shelf.root.mkdir()

    for _ in range(2):
        shelf.alfred("rescan", "--accept-missing").ended(5)
        for stray in ("lost+found", ".alfred", ".Trash-1000"):
            (shelf.root / stray).mkdir(exist_ok=True)
    assert not shelf.index.exists()

    shutil.rmtree(shelf.root)
    shelf.alfred("rescan", "--accept-missing").ended(5)
    aside.rename(shelf.root)
    assert shelf.rescan()["missing"] == []


def test_an_empty_root_with_its_marker_is_not_believed(shelf: Shelf) -> None:
    shelf.add(1, 2, 3)
    shelf.rescanned()
    shelf.take_away(1, 2, 3)

    shelf.rescan(exit_code=6)

    assert set(shelf.states().values()) == {"placeholder"}


def test_an_empty_library_has_nothing_to_lose(shelf: Shelf) -> None:
    report = shelf.rescan()

    assert (report["shows"], report["missing"], report["refused"]) == (0, [], None)


def test_the_marker_of_another_library_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add(1, 2)
    shelf.rescanned()
    other = Shelf(tmp_path / "other", root=tmp_path / "Other TV")
    other.folder.mkdir()
    other.init()
    own = shelf.marker.read_bytes()
    shelf.marker.write_bytes(other.marker.read_bytes())

    run = shelf.alfred("rescan", "--accept-missing", "--json").ended(5)

    assert run.json["error"]["code"] == "wrong_library"
    shelf.marker.write_bytes(own)
    assert set(shelf.states().values()) == {"placeholder"}


def test_a_linked_root_whose_target_goes_away_is_offline(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescanned()
    disk = shelf.folder / "disk"
    shelf.root.rename(disk)
    shelf.root.symlink_to(disk)
    assert shelf.rescan()["shows"] == 2

    disk.rename(shelf.folder / "unplugged")
    offline = shelf.alfred("rescan", "--accept-missing", "--json").ended(5)
    assert offline.json["error"]["code"] == "root_offline"
    shelf.alfred("list").ended(5)

    (shelf.folder / "unplugged").rename(disk)
    assert shelf.rescan()["missing"] == []


def test_an_index_kept_elsewhere_answers_while_the_root_is_offline_and_marks_nothing(shelf: Shelf) -> None:
    shelf.variables["ALFRED_INDEX_URL"] = f"sqlite:///{shelf.folder}/elsewhere.sqlite3"
    shelf.add(1, 2)
    shelf.rescan()
    shelf.root.rename(shelf.folder / "unplugged")

    assert shelf.alfred("rescan", "--accept-missing", "--json").ended(5).json["error"]["code"] in (
        "root_offline",
        "not_a_library",
    )
    assert shelf.alfred("prune", "--missing-for", "1h", "--yes").exit_code == 5
    assert set(shelf.states().values()) == {"placeholder"}
    shelf.root.mkdir()
    shelf.alfred("rescan", "--accept-missing").ended(5)
    assert set(shelf.states().values()) == {"placeholder"}


class _VanishingFolders(DiskFolders):
    """A disk that loses something after its first show folder was read."""

    def __init__(self, root: Path, happens: Callable[[], object]) -> None:
        super().__init__(root)
        self._happens = happens
        self._scans = 0

    def scan_show_folder(self, folder: str, /) -> FolderScan:
        self._scans += 1
        if self._scans == 2:
            self._happens()
        return super().scan_show_folder(folder)


@pytest.mark.parametrize("what", ["the marker", "the root", "the marker for another's"])
def test_a_root_that_goes_away_in_the_middle_of_a_rescan_marks_nothing(shelf: Shelf, what: str) -> None:
    shelf.add(1, 2, 3)
    shelf.rescanned()
    shelf.add(4)
    shelf.lose(3)
    aside = shelf.folder / "unplugged"
    another = json.loads(shelf.marker.read_bytes()) | {"library_id": "another"}
    happens: dict[str, Callable[[], object]] = {
        "the marker": lambda: shelf.marker.rename(aside),
        "the root": lambda: shelf.root.rename(aside),
        "the marker for another's": lambda: shelf.marker.write_text(json.dumps(another), encoding="utf-8"),
    }

    with shelf.opened() as library:
        _look_through(library, _VanishingFolders(shelf.root, happens[what]))
        with pytest.raises(RootOffline, match="went away"):
            library.rescan(accept_missing=True)

    if what == "the root":
        aside.rename(shelf.root)
    elif what == "the marker":
        aside.rename(shelf.marker)
    else:
        own = another | {"library_id": library.marker.library_id}
        shelf.marker.write_text(json.dumps(own), encoding="utf-8")
    assert shelf.states() == dict.fromkeys((1, 2, 3), "placeholder")
    report = shelf.rescan()
    assert (report["added"], report["missing"]) == ([4], [3])


def _look_through(library: Library, folders: DiskFolders) -> None:
    library.__dict__["folders"] = folders


class _BlinkingFolders(DiskFolders):
    """A disk that is listed as empty once, as a share is that comes and goes."""

    def list_show_folders(self) -> ShowFolders:
        return ShowFolders(())


def test_a_root_that_is_listed_as_empty_for_a_moment_marks_nothing(shelf: Shelf) -> None:
    shelf.add(1)
    shelf.rescanned()

    with shelf.opened() as library:
        _look_through(library, _BlinkingFolders(shelf.root))
        assert library.rescan(dry_run=True).refused is not None

    assert shelf.states() == {1: "placeholder"}


# --- what cannot be read is not missing


def test_a_show_folder_without_rights_is_broken_and_not_missing(bound_shelf: Shelf) -> None:
    shelf = bound_shelf
    [folder] = shelf.add(1)
    shelf.add(2)
    shelf.rescanned()
    before = shelf.show(1)
    folder.chmod(0)

    report = shelf.rescan(exit_code=1)

    assert report["missing"] == []
    assert {problem["path"] for problem in report["broken"]} == {folder.name}
    entry = shelf.show(1)
    assert (entry["state"], entry["missing_since"]) == ("broken", None)
    assert file_states(entry) == ["on_disk", "on_disk"]
    assert set(shelf.listed("--state", "missing")) == set()

    folder.chmod(0o755)
    shelf.rescan()
    assert shelf.show(1) == before


def test_a_season_folder_without_rights_keeps_its_files_as_they_were(bound_shelf: Shelf) -> None:
    shelf = bound_shelf
    [folder] = shelf.add(1)
    put_episode(folder, 1, season=2)
    shelf.rescanned()
    (folder / "Season 01").chmod(0)

    report = shelf.rescan(exit_code=1)

    assert [problem["path"] for problem in report["broken"]] == [f"{folder.name}/Season 01"]
    assert report["files"] == {"ready": 3, "processing": 0, "missing": 0, "failed": 0}
    assert file_states(shelf.show(1)) == ["on_disk"] * 3
    assert shelf.rescan(exit_code=1)["broken"] == report["broken"], "it is said again"


def test_a_group_folder_without_rights_hides_its_shows_and_marks_none(bound_shelf: Shelf) -> None:
    shelf = bound_shelf
    shelf.add(*range(1, 7), under="A-F")
    shelf.add(7)
    shelf.rescanned()
    (shelf.root / "A-F").chmod(0)

    report = shelf.rescan("--accept-missing", exit_code=1)

    assert (report["missing"], [problem["path"] for problem in report["broken"]]) == ([], ["A-F"])
    assert set(shelf.states().values()) == {"placeholder"}


def test_a_root_without_rights_is_unavailable(bound_shelf: Shelf) -> None:
    shelf = bound_shelf
    shelf.add(1)
    shelf.rescanned()
    shelf.root.chmod(0)
    try:
        shelf.alfred("rescan", "--accept-missing").ended(5)
    finally:
        shelf.root.chmod(0o755)
    assert shelf.states() == {1: "placeholder"}


def test_one_folder_hidden_and_one_changed_leaves_the_files_of_the_hidden_one(bound_shelf: Shelf) -> None:
    shelf = bound_shelf
    shelf.add(1, episodes=[1])
    put_episode(shelf.root / "A-F" / "Second half [tmdbid-1]", 2)
    shelf.rescanned()
    (shelf.root / "A-F").chmod(0)
    put_episode(shelf.show_folder(1), 3)

    shelf.rescan(exit_code=1)

    assert file_states(shelf.show(1)) == ["on_disk"] * 3


def test_a_linked_show_whose_target_is_away_is_broken_and_not_missing(shelf: Shelf) -> None:
    other_disk = shelf.folder / "other disk"
    put_episode(other_disk / "Far away", 1)
    link = shelf.root / name_of(1)
    link.symlink_to(other_disk / "Far away")
    shelf.variables["ALFRED_LINK_TARGETS"] = str(other_disk)
    shelf.add(2)
    assert shelf.rescan()["shows"] == 2
    before = shelf.show(1)
    other_disk.rename(shelf.folder / "unplugged")

    for arguments in ([], ["--accept-missing"], ["1"]):
        report = shelf.rescan(*arguments, exit_code=1)
        assert report["missing"] == []
        assert [problem["path"] for problem in report["broken"]] == [link.name]
        assert shelf.show(1) == before

    (shelf.folder / "unplugged").rename(other_disk)
    assert shelf.rescan()["changed"] == []
    link.unlink()
    assert shelf.rescan()["missing"] == [1]


# --- mounts


def test_a_mount_that_drops_out_is_offline_and_back_as_it_was(shelf: Shelf, mounts: MountSpace) -> None:
    disk = Shelf(shelf.folder, root=shelf.folder / "disk").init()
    disk.add(1, 2)
    mount_point = shelf.folder / "mounted"
    mount_point.mkdir()
    if not mounts.bind(disk.root, mount_point):
        pytest.skip("this machine does not let us bind a folder to another")
    mounted = Shelf(shelf.folder, root=mount_point, prefix=mounts.prefix)
    mounted.rescan()
    before = mounted.listed()

    mounts.unmount(mount_point)
    mounted.alfred("rescan", "--accept-missing").ended(5)
    mounted.alfred("prune", "--missing-for", "1h", "--yes").ended(5)
    (mount_point / "lost+found").mkdir()
    (mount_point / ".alfred").mkdir()
    mounted.alfred("rescan", "--accept-missing").ended(5)

    assert mounts.bind(disk.root, mount_point)
    assert mounted.rescan()["missing"] == []
    assert mounted.listed() == before


def test_one_disk_of_several_that_drops_out_looks_like_many_lost_shows(shelf: Shelf, mounts: MountSpace) -> None:
    disk = shelf.folder / "disk"
    for tmdb_id in range(1, 7):
        put_episode(disk / name_of(tmdb_id), 1)
    (shelf.root / "A-M").mkdir()
    if not mounts.bind(disk, shelf.root / "A-M"):
        pytest.skip("this machine does not let us bind a folder to another")
    shelf.add(*range(11, 21), episodes=[1])
    shelf.prefix = mounts.prefix
    assert shelf.rescan()["shows"] == 16

    mounts.unmount(shelf.root / "A-M")
    shelf.rescan(exit_code=6)

    assert mounts.bind(disk, shelf.root / "A-M")
    report = shelf.rescan()
    assert (report["missing"], report["restored"], report["shows"]) == ([], [], 16)
