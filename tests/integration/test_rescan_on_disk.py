"""A rescan of real folders: what it adopts, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from alfred.application.exceptions import LibraryUnavailable, RootOffline, ShowNotFoundInLibrary
from alfred.application.tv_shows.rescan import RescanReport
from alfred.composition import Library, initialise, open_library
from alfred.domain.library.placement import SlotState
from alfred.domain.library.release import FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2 import sidecars as sidecars_module
from alfred.infrastructure.persistence.files import write_whole
from alfred.settings import Settings
from tests.builders import NOW, SHOW_ID, a_season, a_show, days
from tests.fakes.clock import FakeClock

FOLDER = "The Lamplighters (2019) [tmdbid-501]"
OLD = 1_700_000_000
MOMENTS = count(OLD)

State = dict[str, tuple[int, bytes]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "TV"
    root.mkdir()
    return root


@pytest.fixture
def library(root: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Library]:
    settings = Settings(state_dir=tmp_path / "state")
    initialise(root, settings, now=clock)
    with open_library(root, settings, now=clock) as library:
        yield library


def put(root: Path, *paths: str, content: bytes = b"video") -> None:
    """Write files, each with a time of change of its own: two that look alike could be one that moved."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (OLD, next(MOMENTS)))


def put_show(root: Path, folder: str = FOLDER, *, episodes: int = 3) -> None:
    put(root, *(f"{folder}/Season 01/Show S01E{at:02}.mkv" for at in range(1, episodes + 1)))


def sidecar(root: Path, folder: str = FOLDER) -> Path:
    return root / folder / ".alfred/release.json"


def recorded(root: Path, folder: str = FOLDER) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sidecar(root, folder).read_bytes())
    return body


def files_in(root: Path) -> State:
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("index.sqlite3")
    }


def statuses(library: Library, tmdb_id: TmdbId = SHOW_ID) -> dict[str, FileStatus]:
    release = library.index.presence.recorded_release(tmdb_id)
    assert release is not None
    return {file.library_path: file.status for file in release.files}


def counts(report: RescanReport) -> Mapping[FileStatus, int]:
    return {status: count for status, count in report.files.items() if count}


def test_a_folder_is_adopted_with_all_its_files(library: Library, root: Path) -> None:
    put_show(root)

    report = library.rescan()

    assert (report.added, report.shows, counts(report)) == ((SHOW_ID,), 1, {FileStatus.READY: 3})
    body = recorded(root)
    assert (body["format"], body["tmdb_id"]) == (2, SHOW_ID.value)
    assert [file["path"] for file in body["files"]] == [f"Season 01/Show S01E0{at}.mkv" for at in (1, 2, 3)]
    first = root / FOLDER / "Season 01/Show S01E01.mkv"
    assert body["files"][0]["mtime_ns"] == first.stat().st_mtime_ns
    entry = library.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert (entry.name, entry.metadata.path, entry.episodes.on_disk) == ("The Lamplighters", FOLDER, 3)


def test_an_unchanged_library_is_not_written_to(library: Library, root: Path) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    library.rescan()
    before, changes = files_in(root), library.index._database._connection.total_changes

    for _ in range(2):
        report = library.rescan()
        assert (report.added, report.changed, report.shows) == ((), (), 2)

    assert files_in(root) == before
    assert library.index._database._connection.total_changes == changes


@pytest.mark.parametrize(
    ("folder", "nfo"),
    [
        ("Show {tmdb-501}", None),
        ("Show (tmdbid=501)", None),
        ("S/Show [tmdbid-501]", None),
        ("A-F/Show", "<tvshow><uniqueid type='tmdb'>501</uniqueid></tvshow>"),
        ("Show", "<tvshow><tmdbid>501</tmdbid></tvshow>"),
        ("Show", "https://www.themoviedb.org/tv/501-show"),
    ],
)
def test_an_id_is_read_where_people_put_it(folder: str, nfo: str | None, library: Library, root: Path) -> None:
    put_show(root, folder)
    if nfo:
        put(root, f"{folder}/tvshow.nfo", content=nfo.encode())

    assert library.rescan().added == (SHOW_ID,)
    assert sidecar(root, folder).exists()
    assert library.rescan().changed == ()


def test_an_nfo_that_comes_later_is_read(library: Library, root: Path) -> None:
    put_show(root, "Show")
    assert library.rescan().unidentified == ("Show",)
    assert library.rescan().unidentified == ("Show",)
    assert not (root / "Show/.alfred").exists()

    put(root, "Show/tvshow.nfo", content=b"<tvshow><tmdbid>501</tmdbid></tvshow>")

    assert library.rescan().added == (SHOW_ID,)


def test_a_folder_without_videos_and_id_is_not_worth_a_word(library: Library, root: Path) -> None:
    put(root, "Photos/summer.jpg", "Music/song.mp3")

    report = library.rescan()

    assert (report.unidentified, report.shows) == ((), 0)


def test_a_tag_without_videos_is_a_show_without_files(library: Library, root: Path) -> None:
    (root / FOLDER).mkdir()

    report = library.rescan()

    assert (report.added, counts(report)) == ((SHOW_ID,), {})


def test_files_come_change_go_and_return(library: Library, root: Path, clock: FakeClock) -> None:
    put_show(root)
    library.rescan()
    first = root / FOLDER / "Season 01/Show S01E01.mkv"

    clock.advance(days=1)
    put(root, f"{FOLDER}/Season 02/Show S02E01.mkv", content=b"more")
    first.rename(root.parent / "kept.mkv")
    report = library.rescan()
    assert (report.changed, counts(report)) == ((SHOW_ID,), {FileStatus.READY: 3, FileStatus.MISSING: 1})
    assert statuses(library)[f"{FOLDER}/Season 01/Show S01E01.mkv"] is FileStatus.MISSING
    gone = next(file for file in recorded(root)["files"] if file["status"] == "missing")
    assert (gone["size"], gone["missing_since"]) == (5, "2026-06-02T12:00:00Z")
    added = {file["path"]: file["added_at"] for file in recorded(root)["files"]}

    clock.advance(days=1)
    (root.parent / "kept.mkv").rename(first)
    report = library.rescan()
    assert counts(report) == {FileStatus.READY: 4}
    assert {file["path"]: file["added_at"] for file in recorded(root)["files"]} == added
    assert not [file for file in recorded(root)["files"] if file["missing_since"]]


def test_a_missing_file_stays_missing_since_it_first_was(library: Library, root: Path, clock: FakeClock) -> None:
    put_show(root)
    library.rescan()
    (root / FOLDER / "Season 01/Show S01E01.mkv").unlink()
    library.rescan()
    since = [file["missing_since"] for file in recorded(root)["files"]]

    clock.advance(days=3)
    put(root, f"{FOLDER}/Season 01/Show S01E09.mkv")
    library.rescan()

    assert [file["missing_since"] for file in recorded(root)["files"]][:3] == since


def test_slots_follow_the_files(library: Library, root: Path) -> None:
    put_show(root, episodes=2)
    library.rescan()
    release = library.index.presence.recorded_release(SHOW_ID)
    library.index.upsert(a_show(seasons=(a_season(1),)), release, path=FOLDER, fetched_at=NOW)

    def states() -> list[SlotState]:
        (season,) = library.index.show(SHOW_ID).seasons
        return [slot.state for slot in season.episodes]

    assert states() == [SlotState.ON_DISK, SlotState.ON_DISK, SlotState.WANTED]
    put(root, f"{FOLDER}/Show - 1x03.mkv")
    (root / FOLDER / "Season 01/Show S01E01.mkv").unlink()
    library.rescan()
    assert states() == [SlotState.MISSING, SlotState.ON_DISK, SlotState.ON_DISK]


def test_a_show_folder_that_was_renamed_keeps_its_history(library: Library, root: Path, clock: FakeClock) -> None:
    put_show(root)
    library.rescan()
    before = recorded(root)
    clock.advance(days=1)
    (root / FOLDER).rename(root / "Lamplighters")

    report = library.rescan()

    assert (report.added, report.changed, counts(report)) == ((), (SHOW_ID,), {FileStatus.READY: 3})
    assert set(statuses(library)) == {f"Lamplighters/Season 01/Show S01E0{at}.mkv" for at in (1, 2, 3)}
    assert recorded(root, "Lamplighters")["files"] == before["files"]
    assert library.rescan().changed == ()


def test_a_show_folder_that_moved_a_level_down_is_the_same_show(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    (root / "L").mkdir()
    (root / FOLDER).rename(root / "L" / FOLDER)

    report = library.rescan()

    assert (report.added, counts(report)) == ((), {FileStatus.READY: 3})
    entry = library.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.metadata.path == f"L/{FOLDER}"


def test_a_file_that_moved_to_another_folder_of_the_show_is_the_same_file(
    library: Library, root: Path, clock: FakeClock
) -> None:
    put_show(root)
    library.rescan()
    clock.advance(days=1)
    (root / FOLDER / "Season 01/Show S01E01.mkv").rename(root / FOLDER / "Show S01E01 - Dusk.mkv")

    report = library.rescan()

    assert counts(report) == {FileStatus.READY: 3}
    moved = next(file for file in recorded(root)["files"] if "Dusk" in file["path"])
    assert moved["added_at"] == "2026-06-01T12:00:00Z"


def test_a_copy_of_a_show_folder_is_a_second_folder_of_the_show(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    shutil.copytree(root / FOLDER, root / "A copy")

    report = library.rescan()

    assert report.duplicates == {SHOW_ID: ("A copy", FOLDER)}
    assert counts(report) == {FileStatus.READY: 6}
    assert library.rescan().changed == ()
    shutil.rmtree(root / "A copy")
    put(root, f"{FOLDER}/Season 01/Show S01E04.mkv")
    report = library.rescan()
    assert (report.duplicates, counts(report)) == ({}, {FileStatus.READY: 4})  # nothing of the show is lost


def test_tags_written_into_a_sidecar_reach_the_index(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    body = recorded(root) | {"user": {"tags": ["mine"], "note": "by hand"}}
    sidecar(root).write_text(json.dumps(body))

    library.rescan()

    entry = library.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.user == UserMetadata(tags=("mine",), note="by hand")


def test_a_sidecar_that_was_deleted_is_written_again_from_the_index(
    library: Library, root: Path, clock: FakeClock
) -> None:
    put_show(root)
    library.rescan()
    user = {"tags": ["mine"], "note": "by hand", "changed_at": "2024-01-01T00:00:00Z"}
    sidecar(root).write_text(json.dumps(recorded(root) | {"user": user}))
    library.rescan()
    before = recorded(root)
    clock.advance(days=1)
    sidecar(root).unlink()

    report = library.rescan()

    assert report.broken == ()
    assert {**recorded(root), "written_at": None} == {**before, "written_at": None}


def test_a_deleted_sidecar_of_a_show_without_tag_is_written_again_too(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    (root / FOLDER).rename(root / "No tag")
    library.rescan()
    sidecar(root, "No tag").unlink()

    report = library.rescan()

    assert (report.unidentified, recorded(root, "No tag")["tmdb_id"]) == ((), SHOW_ID.value)


@pytest.mark.parametrize("content", [b"garbage", b"", b'{"format": 2}'])
def test_a_damaged_sidecar_is_one_problem_and_no_more(content: bytes, library: Library, root: Path) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    library.rescan()
    sidecar(root).write_bytes(content)

    report = library.rescan()

    assert [problem.path for problem in report.broken] == [FOLDER]
    assert (report.shows, counts(report)) == (2, {FileStatus.READY: 6})
    assert [path.read_bytes() for path in sidecar(root).parent.glob("*.corrupt-*")] == [content]
    assert library.rescan().broken == ()


def test_a_folder_that_cannot_take_a_sidecar_is_one_problem_and_no_more(library: Library, root: Path) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    (root / FOLDER / ".alfred").write_bytes(b"a file where a folder should be")

    report = library.rescan()

    assert report.added == (SHOW_ID, TmdbId(502))
    assert [problem.path for problem in report.broken] == [FOLDER]
    assert (root / FOLDER / ".alfred").read_bytes() == b"a file where a folder should be"
    assert set(statuses(library).values()) == {FileStatus.READY}


def test_a_disk_that_is_full_is_a_problem_of_each_folder_and_the_index_still_knows(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    with monkeypatch.context() as patch:

        def refuse(_path: Path, _content: bytes) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(sidecars_module, "write_whole", refuse)
        report = library.rescan()

    assert len(report.broken) == 2
    assert all("No space left" in problem.message for problem in report.broken)
    assert set(library.index.presence.known_shows()) == {SHOW_ID, TmdbId(502)}
    report = library.rescan()
    assert (report.broken, report.changed) == ((), (SHOW_ID, TmdbId(502)))
    assert sidecar(root).exists()


def test_a_sidecar_elsewhere_is_used_until_the_folder_can_be_written(
    library: Library, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_show(root)
    with monkeypatch.context() as patch:

        def refuse(path: Path, content: bytes) -> None:
            if path.is_relative_to(root):
                raise OSError(30, "Read-only file system")
            write_whole(path, content)

        patch.setattr(sidecars_module, "write_whole", refuse)
        assert library.rescan().broken == ()
        assert len(list((tmp_path / "state/sidecars").rglob("*.json"))) == 1
        report = library.rescan()
        assert (report.changed, report.broken) == ((), ())

    put(root, f"{FOLDER}/Season 01/Show S01E04.mkv")
    library.rescan()
    assert len(recorded(root)["files"]) == 4


def test_a_dry_run_reports_what_the_real_one_does_and_writes_nothing(library: Library, root: Path) -> None:
    put_show(root)
    put_show(root, "Unknown")
    library.rescan()
    put(root, f"{FOLDER}/Season 02/Show S02E01.mkv")
    put_show(root, "New [tmdbid-502]")
    (root / FOLDER / "Season 01/Show S01E01.mkv").unlink()
    before, changes = files_in(root), library.index._database._connection.total_changes

    dry = library.rescan(dry_run=True)

    assert (files_in(root), library.index._database._connection.total_changes) == (before, changes)
    assert dry == library.rescan()
    assert (dry.added, dry.changed) == ((TmdbId(502),), (SHOW_ID,))
    assert counts(dry) == {FileStatus.READY: 6, FileStatus.MISSING: 1}


def test_a_root_whose_disk_is_gone_is_refused_and_nothing_marked(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    root.rename(root.with_name("unplugged"))

    with pytest.raises(RootOffline):
        library.rescan()
    with pytest.raises((RootOffline, ShowNotFoundInLibrary)):
        library.rescan_show(TmdbId(4242))

    root.with_name("unplugged").rename(root)
    assert set(statuses(library).values()) == {FileStatus.READY}
    assert library.rescan().changed == ()


def test_a_rescan_of_one_show_with_its_disk_gone_marks_nothing(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    root.rename(root.with_name("unplugged"))

    with pytest.raises(LibraryUnavailable):
        library.rescan_show(SHOW_ID)

    assert set(statuses(library).values()) == {FileStatus.READY}


@pytest.mark.parametrize("leftover", ["", "lost+found", ".alfred"])
def test_of_an_empty_mount_point_nothing_is_marked(leftover: str, library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    root.rename(root.with_name("unplugged"))
    (root / leftover).mkdir(parents=True)

    for accept_missing in (False, True):
        with pytest.raises(LibraryUnavailable):
            library.rescan(accept_missing=accept_missing)

    assert set(statuses(library).values()) == {FileStatus.READY}
    assert not any((root / leftover).iterdir()) or leftover == ""
    shutil.rmtree(root)
    root.with_name("unplugged").rename(root)
    assert library.rescan().changed == ()


def test_a_rescan_of_one_show_finds_its_folder_under_another_name(library: Library, root: Path) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    library.rescan()
    (root / FOLDER).rename(root / "Lamplighters")
    put(root, "Another [tmdbid-502]/Season 01/Show S01E09.mkv")

    report = library.rescan_show(SHOW_ID)

    assert (report.changed, report.shows, counts(report)) == ((SHOW_ID,), 1, {FileStatus.READY: 3})
    assert len(statuses(library, TmdbId(502))) == 3


def test_a_show_that_nobody_knows_is_not_found(library: Library, root: Path) -> None:
    put_show(root)

    with pytest.raises(ShowNotFoundInLibrary):
        library.rescan_show(TmdbId(4242))

    assert library.index.presence.known_shows() == {}
    assert not sidecar(root).exists()


def test_a_folder_that_gets_another_tag_is_reported_and_stays_what_its_sidecar_says(
    library: Library, root: Path
) -> None:
    put_show(root)
    library.rescan()
    (root / FOLDER).rename(root / "The Lamplighters [tmdbid-777]")

    report = library.rescan()

    (disagreement,) = report.disagreements
    assert (disagreement.chosen, disagreement.claims) == (SHOW_ID, {"sidecar": SHOW_ID, "tag": TmdbId(777)})
    assert set(library.index.presence.known_shows()) == {SHOW_ID}


def test_a_show_whose_id_was_corrected_in_its_sidecar_is_the_other_show(library: Library, root: Path) -> None:
    put_show(root)
    library.rescan()
    sidecar(root).write_text(json.dumps(recorded(root) | {"tmdb_id": 502}))

    report = library.rescan()

    assert report.added == (TmdbId(502),)
    assert len(statuses(library, TmdbId(502))) == 3
    assert library.index.presence.known_folders()[FOLDER].tmdb_id == TmdbId(502)


def test_the_clock_of_a_file_may_be_wrong(library: Library, root: Path) -> None:
    put_show(root)
    strange = root / FOLDER / "Season 01/Show S01E01.mkv"
    for moment in (-(10**9), 0, 2**33):
        os.utime(strange, (moment, moment))
        assert library.rescan().broken == ()
        assert recorded(root)["files"][0]["mtime_ns"] == moment * 10**9
    assert library.rescan().changed == (SHOW_ID,), "a file from the future was still moving at the look before"
    assert set(statuses(library).values()) == {FileStatus.READY}
    assert library.rescan().changed == ()


def test_a_large_sparse_file_is_as_large_as_it_says(library: Library, root: Path) -> None:
    put_show(root)
    with (root / FOLDER / "Season 01/Show S01E04.mkv").open("wb") as file:
        file.truncate(6 * 2**30)

    library.rescan()

    assert recorded(root)["files"][3]["size"] == 6 * 2**30


def test_the_moment_of_a_rescan_is_one(library: Library, root: Path, clock: FakeClock) -> None:
    put_show(root)
    put_show(root, "Another [tmdbid-502]")
    clock.advance(days=1)

    library.rescan()

    moments = {
        file["added_at"] for folder in (FOLDER, "Another [tmdbid-502]") for file in recorded(root, folder)["files"]
    }
    assert moments == {(NOW + days(1)).isoformat().replace("+00:00", "Z")}
