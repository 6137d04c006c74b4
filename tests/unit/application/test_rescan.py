"""What a rescan makes of a disk in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from alfred.application.exceptions import (
    RefusedToMark,
    RootOffline,
    ShowNotFoundInLibrary,
    SidecarCorrupt,
    SidecarTooNew,
)
from alfred.application.ports.folders import Problem
from alfred.application.tv_shows.rescan import OtherSeason, RescanReport, join_reports, rescan_library, rescan_show
from alfred.domain.library.file_changes import VideoFile
from alfred.domain.library.release import FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
from tests.builders import NOW, a_release, a_show, days
from tests.fakes.clock import FakeClock
from tests.fakes.folders import FakeFolders
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

ONE, TWO, THREE = TmdbId(1), TmdbId(2), TmdbId(3)
SETTLED = 1_600_000_000_000_000_000


def folder_of(tmdb_id: TmdbId) -> str:
    return f"Show {tmdb_id} [tmdbid-{tmdb_id}]"


def a_video(episode: int) -> VideoFile:
    return VideoFile(f"Season 01/S01E{episode:02d}.mkv", 100 + episode, SETTLED + episode)


@dataclass
class Setting:
    """A disk, its sidecars and an index."""

    clock: FakeClock = field(default_factory=FakeClock)
    folders: FakeFolders = field(default_factory=FakeFolders)
    sidecars: FakeSidecars = field(default_factory=FakeSidecars)
    online: bool = True

    def __post_init__(self) -> None:
        self.index = FakeIndex(now=self.clock)

    def add(self, *ids: TmdbId, episodes: tuple[int, ...] = (1,)) -> Setting:
        for tmdb_id in ids:
            self.put(folder_of(tmdb_id), *episodes)
        return self

    def put(self, folder: str, *episodes: int) -> None:
        self.folders.videos[folder] = [a_video(episode) for episode in episodes]

    def lose(self, *ids: TmdbId) -> None:
        """Take folders away with the sidecars in them."""
        for tmdb_id in ids:
            del self.folders.videos[folder_of(tmdb_id)]
            self.sidecars.releases.pop(folder_of(tmdb_id), None)

    def move(self, source: str, target: str) -> None:
        self.folders.videos[target] = self.folders.videos.pop(source)
        self.sidecars.releases[target] = self.sidecars.releases.pop(source)

    def rescan(self, **changes: Any) -> RescanReport:
        self.folders.scanned.clear()
        return rescan_library(**self._arguments() | changes)

    def rescan_show(self, tmdb_id: TmdbId, **changes: Any) -> RescanReport:
        self.folders.scanned.clear()
        return rescan_show(tmdb_id, **self._arguments() | changes)

    def _arguments(self) -> dict[str, Any]:
        return {
            "folders": self.folders,
            "sidecars": self.sidecars,
            "index": self.index,
            "now": self.clock,
            "still_online": lambda: self.online,
        }

    def entry(self, tmdb_id: TmdbId) -> ShowIndexEntry:
        entry = self.index.find_by_tmdb_id(tmdb_id)
        assert entry is not None
        return entry

    def statuses(self, tmdb_id: TmdbId) -> dict[str, FileStatus]:
        release = self.index.recorded_release(tmdb_id)
        assert release is not None
        return {file.library_path: file.status for file in release.files}


# --- adopting


def test_a_new_folder_is_adopted_by_its_tag_and_gets_a_sidecar() -> None:
    setting = Setting().add(ONE, episodes=(1, 2))

    report = setting.rescan()

    assert (report.shows, report.added, report.files[FileStatus.READY]) == (1, (ONE,), 2)
    assert setting.entry(ONE).metadata.path == folder_of(ONE)
    assert setting.sidecars.written == [folder_of(ONE)]


def test_a_file_in_the_folder_of_another_season_is_reported_and_believed() -> None:
    setting = Setting().add(ONE)
    path = "Season 01/Lamplighters S02E05.mkv"
    setting.folders.videos[folder_of(ONE)] = [VideoFile(path, 1, 1)]

    assert setting.rescan().other_seasons == (OtherSeason(f"{folder_of(ONE)}/{path}", 2, 1),)


def test_the_sidecar_wins_over_the_tag_and_the_tag_over_the_nfo() -> None:
    setting = Setting().add(ONE)
    setting.folders.nfo[folder_of(ONE)] = "<tmdbid>2</tmdbid>"

    first = setting.rescan()
    assert (first.added, [one.claims for one in first.disagreements]) == ((ONE,), [{"tag": ONE, "nfo": TWO}])

    setting.move(folder_of(ONE), folder_of(THREE))
    [disagreement] = setting.rescan().disagreements
    assert (disagreement.chosen, disagreement.claims) == (ONE, {"sidecar": ONE, "tag": THREE})


def test_a_folder_with_videos_and_no_id_is_reported_and_not_adopted() -> None:
    setting = Setting()
    setting.put("Nobody knows", 1)
    setting.put("Nothing in it")

    report = setting.rescan()

    assert (report.shows, report.unidentified) == (0, ("Nobody knows",))


def test_a_second_rescan_of_the_same_disk_writes_nothing() -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    writes, written = setting.index.writes, len(setting.sidecars.written)

    report = setting.rescan()

    assert (report.added, report.changed, report.shows) == ((), (), 2)
    assert (setting.index.writes, len(setting.sidecars.written)) == (writes, written)


# --- missing and back


def test_a_show_that_is_gone_is_missing_since_the_rescan_that_said_so() -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    setting.lose(ONE)
    setting.clock.advance(hours=1)

    assert setting.rescan().missing == (ONE,)
    since = setting.clock()
    setting.clock.advance(hours=1)
    assert setting.rescan().missing == ()

    assert setting.entry(ONE).metadata.missing_since == since
    assert setting.entry(TWO).metadata.missing_since is None


@pytest.mark.parametrize("name", [folder_of(ONE), "A new name", "A-F/Deeper"])
def test_a_show_that_is_back_is_restored_with_what_the_user_said(name: str) -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    user = UserMetadata(tags=("keep",), note="mine", changed_at=NOW)
    setting.index.write_user(ONE, user)
    sidecar = setting.sidecars.releases[folder_of(ONE)]
    added_at = setting.entry(ONE).metadata.added_at
    setting.lose(ONE)
    setting.clock.advance(days=3)
    setting.rescan()
    setting.put(name, 1)
    setting.sidecars.releases[name] = sidecar
    setting.clock.advance(days=3)

    report = setting.rescan()

    assert (report.restored, report.added, report.changed) == ((ONE,), (), ())
    entry = setting.entry(ONE)
    assert (entry.metadata.path, entry.metadata.missing_since, entry.user) == (name, None, user)
    assert entry.metadata.added_at == added_at
    release = setting.index.recorded_release(ONE)
    assert release is not None
    assert {file.added_at for file in release.files} == {NOW}


def test_a_folder_that_vanishes_between_listing_and_look_is_missing() -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()

    class Fleeting(FakeFolders):
        def scan_show_folder(self, folder: str) -> Any:
            if folder == folder_of(ONE):
                raise FileNotFoundError(folder)
            return super().scan_show_folder(folder)

    setting.folders = Fleeting(setting.folders.videos)
    assert setting.rescan().missing == (ONE,)


def test_of_a_show_in_two_folders_the_files_of_the_lost_one_are_missing() -> None:
    setting = Setting().add(ONE, episodes=(1,))
    setting.put("Second half [tmdbid-1]", 2)
    assert setting.rescan().duplicates == {ONE: ("Second half [tmdbid-1]", folder_of(ONE))}
    lost = setting.sidecars.releases.pop("Second half [tmdbid-1]")
    videos = setting.folders.videos.pop("Second half [tmdbid-1]")

    report = setting.rescan()
    assert (report.missing, report.changed) == ((), (ONE,))
    assert setting.statuses(ONE) == {
        f"{folder_of(ONE)}/Season 01/S01E01.mkv": FileStatus.READY,
        "Second half [tmdbid-1]/Season 01/S01E02.mkv": FileStatus.MISSING,
    }
    assert setting.rescan().changed == (), "it is said once"

    setting.sidecars.releases["Second half [tmdbid-1]"] = lost
    setting.folders.videos["Second half [tmdbid-1]"] = videos
    setting.rescan()
    assert set(setting.statuses(ONE).values()) == {FileStatus.READY}


def test_of_a_show_in_two_folders_the_files_of_a_hidden_one_stay_as_they_were() -> None:
    setting = Setting().add(ONE, episodes=(1,))
    setting.put("A-F/Second half [tmdbid-1]", 2)
    setting.rescan()
    del setting.folders.videos["A-F/Second half [tmdbid-1]"]
    setting.folders.problems = (Problem("A-F", "permission denied"),)
    setting.put(folder_of(ONE), 1, 3)

    report = setting.rescan()

    assert (report.missing, report.changed, len(report.broken)) == ((), (ONE,), 1)
    assert set(setting.statuses(ONE).values()) == {FileStatus.READY}
    assert len(setting.statuses(ONE)) == 3


# --- guards


def lost_six_of_ten() -> Setting:
    setting = Setting().add(*map(TmdbId, range(1, 11)))
    setting.rescan()
    setting.lose(*map(TmdbId, range(1, 7)))
    setting.add(TmdbId(99))
    return setting


def test_too_much_at_once_is_refused_and_nothing_is_written() -> None:
    setting = lost_six_of_ten()
    writes, written = setting.index.writes, len(setting.sidecars.written)

    with pytest.raises(RefusedToMark, match=r"6 of 10 shows are gone at once \(Show 1, .*--accept-missing"):
        setting.rescan()

    assert (setting.index.writes, len(setting.sidecars.written)) == (writes, written)
    assert setting.index.find_by_tmdb_id(TmdbId(99)) is None


def test_a_dry_run_says_that_it_would_be_refused() -> None:
    report = lost_six_of_ten().rescan(dry_run=True)

    assert report.refused is not None
    assert report.missing == tuple(map(TmdbId, range(1, 7)))
    assert report.added == (TmdbId(99),)


def test_what_the_user_accepts_is_marked_however_much_it_is() -> None:
    setting = lost_six_of_ten()

    report = setting.rescan(accept_missing=True)

    assert (report.refused, len(report.missing)) == (None, 6)
    assert all(setting.entry(TmdbId(number)).metadata.missing_since for number in range(1, 7))


def emptied(shows: int, emptied: int) -> Setting:
    """Make a library of shows with two files each, and empty the folders of some."""
    setting = Setting().add(*map(TmdbId, range(1, shows + 1)), episodes=(1, 2))
    setting.rescan()
    for number in range(1, emptied + 1):
        setting.put(folder_of(TmdbId(number)))
    return setting


@pytest.mark.parametrize(("shows", "count"), [(5, 5), (24, 5)])
def test_too_many_shows_without_any_file_left_are_refused(shows: int, count: int) -> None:
    setting = emptied(shows, count)
    writes, written = setting.index.writes, len(setting.sidecars.written)

    with pytest.raises(RefusedToMark, match=rf"{count} of {shows} shows have lost all files at once \(Show 1, "):
        setting.rescan()

    assert (setting.index.writes, len(setting.sidecars.written)) == (writes, written)
    assert setting.rescan(accept_missing=True).files[FileStatus.MISSING] == 2 * count


@pytest.mark.parametrize(("shows", "count"), [(4, 4), (25, 5)])
def test_a_few_shows_without_any_file_left_are_believed(shows: int, count: int) -> None:
    assert emptied(shows, count).rescan().files[FileStatus.MISSING] == 2 * count


def test_shows_that_are_gone_and_shows_that_are_empty_count_together() -> None:
    setting = emptied(10, 3)
    setting.lose(TmdbId(9), TmdbId(10))

    with pytest.raises(RefusedToMark, match="5 of 10 shows are gone or have lost all files at once"):
        setting.rescan()


def test_a_show_that_keeps_a_file_has_not_lost_all() -> None:
    setting = emptied(6, 0)
    for number in range(1, 7):
        setting.put(folder_of(TmdbId(number)), 1)

    assert setting.rescan().files[FileStatus.MISSING] == 6


def test_files_that_cannot_be_seen_are_not_lost() -> None:
    setting = emptied(6, 6)
    setting.folders.unreadable = {folder_of(TmdbId(number)): ("Season 01",) for number in range(1, 7)}

    assert setting.rescan().files[FileStatus.READY] == 12


def test_shows_that_were_empty_already_do_not_count_again() -> None:
    setting = emptied(10, 6)
    setting.rescan(accept_missing=True)
    for number in range(1, 7):
        setting.folders.nfo[folder_of(TmdbId(number))] = f"<tmdbid>{number}</tmdbid>"

    assert len(setting.rescan().changed) == 6


def test_many_names_are_cut_short() -> None:
    setting = Setting().add(*map(TmdbId, range(1, 31)))
    setting.rescan()
    setting.lose(*map(TmdbId, range(1, 21)))

    with pytest.raises(RefusedToMark, match="Show 10 and 10 more"):
        setting.rescan()


def test_a_root_that_is_not_there_marks_nothing() -> None:
    setting = Setting().add(ONE)
    setting.rescan()
    setting.folders.online = False

    with pytest.raises(RootOffline):
        setting.rescan(accept_missing=True)

    assert setting.entry(ONE).metadata.missing_since is None


@pytest.mark.parametrize("one_show", [True, False])
def test_a_root_that_went_away_while_it_was_read_marks_nothing(one_show: bool) -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    setting.lose(ONE)
    setting.online = False
    writes = setting.index.writes

    with pytest.raises(RootOffline, match="went away"):
        setting.rescan_show(ONE) if one_show else setting.rescan(accept_missing=True)

    assert setting.index.writes == writes


def test_a_dry_run_of_everything_at_once_is_what_the_run_then_does() -> None:
    setting = Setting().add(*map(TmdbId, range(1, 8)))
    setting.rescan()
    setting.lose(ONE)
    setting.rescan()
    setting.add(ONE, TmdbId(8))
    setting.lose(TWO)
    setting.put(folder_of(THREE), 1, 2)
    writes = setting.index.writes

    planned = setting.rescan(dry_run=True)
    assert setting.index.writes == writes

    assert setting.rescan() == planned
    assert (planned.added, planned.restored, planned.missing) == ((TmdbId(8),), (ONE,), (TWO,))
    assert planned.changed == (THREE,)


# --- what cannot be read


@pytest.mark.parametrize("part", ["", "Season 01"])
def test_what_cannot_be_read_keeps_its_files_and_is_reported(part: str) -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    setting.folders.videos[folder_of(ONE)] = []
    setting.folders.unreadable[folder_of(ONE)] = (part,)

    report = setting.rescan()

    assert report.missing == ()
    assert [problem.path for problem in report.broken] == [f"{folder_of(ONE)}/{part}"]
    assert set(setting.statuses(ONE).values()) == {FileStatus.READY}


def test_a_damaged_sidecar_is_reported_once_and_written_anew_with_what_was_salvaged() -> None:
    setting = Setting().add(ONE)
    salvaged = UserMetadata(tags=("kept",))
    setting.sidecars.unreadable[folder_of(ONE)] = SidecarCorrupt("damaged", salvaged=salvaged)

    assert [problem.message for problem in setting.rescan().broken] == ["damaged"]
    assert setting.sidecars.releases[folder_of(ONE)].user == setting.entry(ONE).user == salvaged
    assert setting.rescan().broken == ()


def test_a_sidecar_from_a_newer_alfred_breaks_the_entry_and_stays() -> None:
    setting = Setting().add(ONE)
    setting.rescan()
    newer = SidecarTooNew("use the newer Alfred")
    setting.sidecars.unreadable[folder_of(ONE)] = newer
    written = len(setting.sidecars.written)

    for _ in range(2):
        assert [problem.message for problem in setting.rescan().broken] == ["use the newer Alfred"]
        assert setting.entry(ONE).sync.error_class == "sidecar"
    assert len(setting.sidecars.written) == written

    del setting.sidecars.unreadable[folder_of(ONE)]
    assert setting.rescan().broken == ()
    assert setting.entry(ONE).sync.error_class is None


class _FullDisk(FakeSidecars):
    def write(self, folder: str, release: Any) -> str:
        raise OSError(28, "No space left on device")


def test_a_sidecar_that_cannot_be_written_is_reported_until_it_can() -> None:
    setting = Setting(sidecars=_FullDisk()).add(ONE)

    for _ in range(2):
        [problem] = setting.rescan().broken
        assert problem.message == "cannot write the sidecar: No space left on device"
    assert setting.entry(ONE).metadata.missing_since is None

    setting.sidecars = FakeSidecars()
    assert setting.rescan().broken == ()
    assert setting.sidecars.written == [folder_of(ONE)]


# --- one show


def test_one_show_is_looked_at_alone() -> None:
    setting = Setting().add(ONE, TWO)
    setting.rescan()
    setting.put(folder_of(ONE), 1, 2)
    setting.put(folder_of(TWO), 1, 2)

    report = setting.rescan_show(ONE)

    assert (report.shows, report.changed, setting.folders.scanned) == (1, (ONE,), [folder_of(ONE)])
    assert len(setting.statuses(TWO)) == 1


def test_one_show_that_moved_is_searched_for() -> None:
    setting = Setting().add(ONE, TWO, THREE)
    setting.rescan()
    setting.move(folder_of(ONE), "A-F/Elsewhere")
    setting.lose(THREE)

    report = setting.rescan_show(ONE)

    assert (report.shows, report.missing, setting.entry(ONE).metadata.path) == (1, (), "A-F/Elsewhere")
    assert setting.entry(THREE).metadata.missing_since is None, "others are not judged"


def test_one_show_whose_name_another_show_has_taken_is_found() -> None:
    setting = Setting()
    for folder, tmdb_id in (("One", ONE), ("Two", TWO)):
        setting.put(folder, tmdb_id.value)
        setting.folders.nfo[folder] = f"<tmdbid>{tmdb_id}</tmdbid>"
    setting.rescan()
    for source, target in (("One", "x"), ("Two", "One"), ("x", "Two")):
        setting.move(source, target)

    report = setting.rescan_show(ONE)

    assert (report.missing, setting.entry(ONE).metadata.path) == ((), "Two")


def test_one_show_that_is_gone_is_marked_without_asking() -> None:
    setting = Setting().add(ONE)
    setting.rescan()
    setting.lose(ONE)

    assert setting.rescan_show(ONE).missing == (ONE,)


def test_one_show_behind_a_problem_is_not_marked_and_only_its_problems_are_reported() -> None:
    setting = Setting()
    setting.put(f"A-F/{folder_of(ONE)}", 1)
    setting.add(TWO)
    setting.rescan()
    del setting.folders.videos[f"A-F/{folder_of(ONE)}"]
    setting.folders.problems = (Problem("A-F", "permission denied"), Problem("G-Z", "permission denied"))
    setting.folders.unreadable[folder_of(TWO)] = ("Season 01",)

    report = setting.rescan_show(ONE)

    assert (report.missing, [problem.path for problem in report.broken]) == ((), ["A-F"])
    assert setting.entry(ONE).metadata.missing_since is None


def test_one_show_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(ShowNotFoundInLibrary, match="3"):
        Setting().add(ONE).rescan_show(THREE)


# --- user metadata


@pytest.mark.parametrize(
    ("index_time", "sidecar_time", "winner"),
    [
        (NOW, NOW - days(1), "index"),
        (NOW - days(1), NOW, "sidecar"),
        (NOW, None, "index"),
        (None, NOW, "sidecar"),
        (NOW, NOW, "sidecar"),
    ],
)
def test_the_newer_copy_of_what_the_user_said_is_written_to_both(
    index_time: Any, sidecar_time: Any, winner: str
) -> None:
    setting = Setting().add(ONE)
    setting.rescan()
    setting.index.write_user(ONE, UserMetadata(tags=("index",), changed_at=index_time))
    setting.sidecars.write(
        folder_of(ONE),
        a_release(tmdb_id=ONE, user=UserMetadata(tags=("sidecar",), changed_at=sidecar_time)),
    )

    setting.rescan()

    assert setting.sidecars.releases[folder_of(ONE)].user.tags == (winner,)
    if index_time != sidecar_time:
        assert setting.entry(ONE).user.tags == (winner,)


def test_facts_are_not_touched() -> None:
    setting = Setting().add(ONE)
    setting.rescan()
    setting.index.upsert(a_show(ONE, name="Its name"), None, path=folder_of(ONE), fetched_at=NOW)
    setting.put(folder_of(ONE), 1, 2)

    setting.rescan()

    assert (setting.entry(ONE).name, setting.entry(ONE).metadata.fetched_at) == ("Its name", NOW)


# --- reports


def test_reports_of_several_shows_are_joined() -> None:
    setting = Setting().add(ONE, TWO, THREE)
    setting.rescan()
    setting.lose(ONE)
    setting.put(folder_of(TWO), 1, 2)

    joined = join_reports([setting.rescan_show(tmdb_id) for tmdb_id in (ONE, TWO, THREE)])

    assert (joined.shows, joined.missing, joined.changed) == (2, (ONE,), (TWO,))
    assert joined.files == {
        FileStatus.READY: 3,
        FileStatus.MISSING: 1,
        FileStatus.PROCESSING: 0,
        FileStatus.FAILED: 0,
    }


def test_every_status_is_counted_though_a_show_is_missing() -> None:
    setting = Setting().add(ONE, TWO, episodes=(1, 2))
    setting.rescan()
    setting.lose(ONE)

    for _ in range(2):
        assert setting.rescan().files == {
            FileStatus.READY: 2,
            FileStatus.MISSING: 2,
            FileStatus.PROCESSING: 0,
            FileStatus.FAILED: 0,
        }
