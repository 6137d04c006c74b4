"""Downloads on a real disk: how rescans settle them, and what a cleanup makes of those that never came."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alfred.application.exceptions import RootOffline
from alfred.composition import Library, initialise
from alfred.domain.library.release import EpisodeFile, FileStatus
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.marker import marker_path
from alfred.settings import Settings
from tests.builders import a_show
from tests.fakes.clock import FakeClock

SHOW_ID = TmdbId(501)
FOLDER = "The Lamplighters (2019) [tmdbid-501]"
NAME = "Season 01/Lamplighters S01E01.mkv"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def library(tmp_path: Path, clock: FakeClock) -> Iterator[Library]:
    root = tmp_path / "tv"
    (root / FOLDER / "Season 01").mkdir(parents=True)
    settings = Settings(state_dir=tmp_path / "state")
    initialise(root, settings, now=clock)
    library = Library(root, settings, now=clock)
    yield library
    library.close()


def put(library: Library, path: str, content: str = "video", *, age: timedelta = timedelta(days=1)) -> Path:
    file = library.root / FOLDER / path
    file.write_text(content)
    seconds = (library.now() - age).timestamp()
    os.utime(file, (seconds, seconds))
    return file


def index_files(library: Library) -> tuple[EpisodeFile, ...]:
    release = library.index.presence.recorded_release(SHOW_ID)
    assert release is not None
    return release.files


def files(library: Library) -> list[tuple[str, str]]:
    """Return paths and status, the same in the index and in the sidecar."""
    sidecar = library.sidecars.read(FOLDER)
    assert sidecar is not None
    assert sidecar.files == index_files(library)
    return [(file.path, file.status.value) for file in sidecar.files]


def test_a_download_is_in_processing_and_then_ready_with_the_day_it_was_added(
    library: Library, clock: FakeClock
) -> None:
    began = clock()
    partial = put(library, NAME + ".part")
    library.rescan()
    assert files(library) == [(NAME + ".part", "processing")]

    clock.advance(hours=5)
    partial.write_text("more of it")
    library.rescan()
    assert [file.processing_since for file in index_files(library)] == [began]

    partial.rename(partial.with_suffix(""))
    report = library.rescan()
    assert files(library) == [(NAME, "ready")]
    assert [(file.added_at, file.processing_since) for file in index_files(library)] == [(began, None)]
    assert report.files[FileStatus.READY] == 1


def test_a_growing_file_settles_though_nothing_moves_any_more(library: Library, clock: FakeClock) -> None:
    put(library, NAME)
    library.rescan()
    clock.advance(minutes=10)
    put(library, NAME, "longer than before", age=timedelta(seconds=1))
    library.rescan()
    assert files(library) == [(NAME, "processing")]

    clock.advance(seconds=1)
    library.rescan()
    assert files(library) == [(NAME, "ready")]

    before = library.index.presence.known_folders()[FOLDER]
    library.rescan()
    assert before.signature
    assert library.index.presence.known_folders()[FOLDER] == before


def test_a_download_that_does_not_move_changes_nothing(library: Library) -> None:
    put(library, NAME + ".part")
    library.rescan()

    assert library.rescan().changed == ()
    assert files(library) == [(NAME + ".part", "processing")]


def test_a_control_file_that_comes_and_goes_is_seen_beside_an_unchanged_video(library: Library) -> None:
    put(library, NAME)
    library.rescan()
    control = put(library, NAME + ".aria2")
    library.rescan()
    assert files(library) == [(NAME, "processing")]

    control.unlink()
    library.rescan()
    assert files(library) == [(NAME, "ready")]


def test_extras_and_ignored_videos_are_left_out_as_partial_downloads_too(library: Library) -> None:
    for name in ("x-trailer.mkv.part", ".hidden S01E01.mkv.part", "x S01E02.avi.part", "x S01E03.mkv.part.nfo"):
        put(library, f"Season 01/{name}")
    (library.root / FOLDER / ".plexignore").write_text("*.avi\n")

    library.rescan()

    assert files(library) == []


def stuck(library: Library, clock: FakeClock) -> Path:
    """Have a download that was in processing for two hours."""
    partial = put(library, NAME + ".part")
    library.index.upsert(a_show(SHOW_ID), None, path=FOLDER, fetched_at=clock())
    library.rescan()
    clock.advance(hours=2)
    return partial


def slot_state(library: Library) -> str:
    return library.index.show(SHOW_ID).seasons[0].episodes[0].state.value


def test_a_download_that_never_came_is_failed_and_stays_so(library: Library, clock: FakeClock) -> None:
    stuck(library, clock).unlink()
    library.rescan()
    assert files(library) == [(NAME + ".part", "processing")]
    assert slot_state(library) == "processing"

    planned = library.cleanup(dry_run=True)
    assert files(library) == [(NAME + ".part", "processing")]
    assert library.cleanup() == planned
    assert [orphan.file.path for orphan in planned.orphans] == [NAME + ".part"]
    assert files(library) == [(NAME + ".part", "failed")]
    assert slot_state(library) == "failed"
    assert library.cleanup().orphans == ()

    message = index_files(library)[0].status_message
    library.rescan()
    assert files(library) == [(NAME + ".part", "failed")]
    assert index_files(library)[0].status_message == message

    put(library, NAME)
    library.rescan()
    assert files(library) == [(NAME, "ready")]
    assert slot_state(library) == "on_disk"


def test_a_slow_download_is_never_failed(library: Library, clock: FakeClock) -> None:
    stuck(library, clock)
    clock.advance(days=30)

    assert library.cleanup().orphans == ()
    assert files(library) == [(NAME + ".part", "processing")]


def test_a_download_that_finished_since_the_last_rescan_is_not_failed(library: Library, clock: FakeClock) -> None:
    partial = stuck(library, clock)
    partial.rename(partial.with_suffix(""))

    assert library.cleanup().orphans == ()
    library.rescan()
    assert files(library) == [(NAME, "ready")]


def test_a_download_behind_a_link_that_leads_nowhere_is_not_failed(
    library: Library, clock: FakeClock, tmp_path: Path
) -> None:
    stuck(library, clock)
    season = library.root / FOLDER / "Season 01"
    shutil.rmtree(season)
    season.symlink_to(tmp_path / "unmounted")

    assert library.cleanup().orphans == ()

    season.unlink()
    assert len(library.cleanup().orphans) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_a_download_in_a_folder_that_cannot_be_read_is_not_failed(library: Library, clock: FakeClock) -> None:
    stuck(library, clock).unlink()
    season = library.root / FOLDER / "Season 01"
    season.chmod(0)
    try:
        assert library.cleanup().orphans == ()
    finally:
        season.chmod(0o755)


def test_nothing_is_failed_while_the_marker_is_away(library: Library, clock: FakeClock) -> None:
    stuck(library, clock).unlink()
    assert library.is_still_there()
    marker = marker_path(library.root)
    marker.rename(marker.with_suffix(".away"))

    with pytest.raises(RootOffline):
        library.cleanup()

    assert files(library) == [(NAME + ".part", "processing")]


def test_a_whole_show_that_went_away_with_its_download_comes_back_as_it_was(
    library: Library, clock: FakeClock, tmp_path: Path
) -> None:
    stuck(library, clock)
    put(library, "Season 01/Lamplighters S01E02.mkv")
    library.rescan()
    (library.root / FOLDER).rename(tmp_path / "elsewhere")

    assert len(library.cleanup().orphans) == 1
    assert not (library.root / FOLDER).exists()

    (tmp_path / "elsewhere").rename(library.root / FOLDER)
    library.rescan()
    assert files(library) == [(NAME + ".part", "processing"), ("Season 01/Lamplighters S01E02.mkv", "ready")]
