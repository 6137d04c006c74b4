"""The check: every sidecar against the index, on a disk in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alfred.application.exceptions import RootOffline, SidecarCorrupt, SidecarTooNew, SidecarUnreadable
from alfred.application.library.check import CheckReport, check_library
from alfred.application.library.doctor import write_missing_sidecars
from alfred.application.ports.folders import Problem, ShowFolders
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.check import DifferenceKind
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release
from tests.fakes.clock import FakeClock
from tests.fakes.folders import FakeFolders
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

TAGGED = UserMetadata(("comfort",), None, NOW)
RELEASE = a_release(a_file(1), user=TAGGED)


class Library:
    """One show, the same in sidecar and index."""

    def __init__(self) -> None:
        self.folders = FakeFolders({FOLDER: []})
        self.sidecars = FakeSidecars({FOLDER: RELEASE})
        self.index = FakeIndex(now=FakeClock())
        self.record(RELEASE)

    def record(self, release: SeriesRelease, *, stamp: str = "", folder: str = FOLDER) -> None:
        known = KnownFolder(path=folder, tmdb_id=release.tmdb_id, signature="seen", sidecar=stamp)
        presence = ShowPresence(name="The Lamplighters", path=folder, folders=(known,), release=release)
        self.index.record_presence(presence, now=NOW)

    def check(self) -> CheckReport:
        return check_library(folders=self.folders, sidecars=self.sidecars, index=self.index)

    def kinds(self) -> dict[str, DifferenceKind]:
        return {one.path: one.kind for one in self.check().differences}


@pytest.fixture
def library() -> Library:
    return Library()


def test_copies_that_agree_are_no_differences(library: Library) -> None:
    assert library.check() == CheckReport(folders=1, differences=(), overlooked=frozenset())


def test_a_sidecar_that_is_gone_is_a_difference(library: Library) -> None:
    del library.sidecars.releases[FOLDER]

    (difference,) = library.check().differences

    assert (difference.kind, difference.tmdb_id) == (DifferenceKind.SIDECAR_MISSING, SHOW_ID)
    assert (difference.sidecar, difference.index) == (None, {"files": 1})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SidecarCorrupt("torn"), DifferenceKind.SIDECAR_DAMAGED),
        (SidecarTooNew("format 9"), DifferenceKind.SIDECAR_TOO_NEW),
        (SidecarUnreadable("permission denied"), DifferenceKind.SIDECAR_UNREADABLE),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_sidecar_that_cannot_be_used_is_a_difference(
    library: Library, error: SidecarUnreadable, kind: DifferenceKind, *, is_known: bool
) -> None:
    folder = FOLDER if is_known else "Unheard of"
    library.folders.videos[folder] = []
    library.sidecars.unreadable[folder] = error

    (difference,) = library.check().differences

    assert (difference.kind, difference.path) == (kind, folder)
    assert difference.tmdb_id == (SHOW_ID if is_known else None)
    assert difference.sidecar == {"message": str(error)}


def test_what_the_user_said_and_files_are_compared(library: Library) -> None:
    library.sidecars.releases[FOLDER] = a_release(a_file(2))

    assert list(library.kinds().values()) == [
        DifferenceKind.USER_DIFFERS,
        DifferenceKind.ONLY_IN_INDEX,
        DifferenceKind.ONLY_IN_SIDECAR,
    ]


@pytest.mark.parametrize("carrier", ["sidecar", "tag", "nfo"])
def test_a_folder_that_carries_an_id_and_is_not_in_the_index_is_unknown(library: Library, carrier: str) -> None:
    folder = "A-F/New [tmdbid-900]" if carrier == "tag" else "A-F/New"
    library.folders.videos[folder] = []
    if carrier == "sidecar":
        library.sidecars.releases[folder] = a_release(tmdb_id=TmdbId(900))
    if carrier == "nfo":
        library.folders.nfo[folder] = "<tmdbid>900</tmdbid>"

    (difference,) = library.check().differences

    assert (difference.path, difference.kind) == (folder, DifferenceKind.FOLDER_UNKNOWN)
    assert difference.tmdb_id == TmdbId(900)


def test_a_folder_without_an_id_is_no_difference(library: Library) -> None:
    library.folders.videos["Holiday pictures"] = []

    assert library.kinds() == {}


def test_a_folder_that_is_gone_is_a_difference_until_its_show_is_marked(library: Library) -> None:
    library.folders.videos = {}
    assert library.kinds() == {FOLDER: DifferenceKind.FOLDER_GONE}

    library.index.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)
    assert library.kinds() == {}


def test_what_cannot_be_seen_is_not_gone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(FOLDER, "the link leads nowhere")
    monkeypatch.setattr(library.folders, "list_show_folders", lambda: ShowFolders((), (problem,)))

    report = library.check()

    assert (report.differences, report.broken, report.is_clean) == ((), (problem,), False)
    assert not report.rescan_would_refuse


def test_what_cannot_be_seen_inside_a_show_folder_is_said(library: Library) -> None:
    library.folders.unreadable[FOLDER] = ("Season 01",)

    report = library.check()

    assert [problem.path for problem in report.broken] == [f"{FOLDER}/Season 01"]
    assert (report.differences, report.is_clean) == ((), False)


@pytest.mark.parametrize(("gone", "refused"), [(5, True), (4, False)])
def test_a_check_says_where_a_rescan_would_refuse(library: Library, gone: int, *, refused: bool) -> None:
    for number in range(1, 10):
        library.record(a_release(tmdb_id=TmdbId(number)), folder=f"S{number}")
    library.folders.videos |= {f"S{number}": [] for number in range(1, 10 - gone)}

    report = library.check()

    assert report.rescan_would_refuse is refused
    assert report.folders == 10, "those that are gone count too"


def test_folders_with_a_new_name_are_not_lost_to_a_rescan(library: Library) -> None:
    for number in range(1, 10):
        library.record(a_release(tmdb_id=TmdbId(number)), folder=f"S{number}")
        library.folders.videos[f"New [tmdbid-{number}]"] = []

    assert not library.check().rescan_would_refuse


def test_a_folder_of_a_missing_show_that_is_back_is_a_difference(library: Library) -> None:
    library.index.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)

    (difference,) = library.check().differences

    assert (difference.kind, difference.index) == (DifferenceKind.FOLDER_BACK, {"missing_since": NOW})


def test_a_difference_behind_an_unchanged_sidecar_would_be_overlooked(library: Library) -> None:
    library.record(replace(RELEASE, files=()), stamp=library.sidecars.stamp(FOLDER))

    assert library.check().overlooked == {FOLDER}


def test_a_folder_that_is_back_is_not_overlooked(library: Library) -> None:
    library.record(RELEASE, stamp=library.sidecars.stamp(FOLDER))
    library.index.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)

    report = library.check()

    assert [one.kind for one in report.differences] == [DifferenceKind.FOLDER_BACK]
    assert report.overlooked == frozenset()


def test_a_difference_in_a_sidecar_that_changed_is_not_overlooked(library: Library) -> None:
    library.record(replace(RELEASE, files=()), stamp="as it was")

    assert library.check().overlooked == frozenset()


def test_a_root_that_is_offline_cannot_be_compared(library: Library) -> None:
    library.folders.online = False

    with pytest.raises(RootOffline):
        library.check()


def test_a_check_writes_nothing(library: Library) -> None:
    before = library.index.writes
    library.sidecars.releases[FOLDER] = a_release()
    library.check()

    assert (library.index.writes, library.sidecars.written) == (before, [])


def test_a_missing_sidecar_is_written_from_the_index(library: Library) -> None:
    del library.sidecars.releases[FOLDER]

    write_missing_sidecars([FOLDER, "Unheard of"], index=library.index, sidecars=library.sidecars)

    assert library.sidecars.releases == {FOLDER: RELEASE}
    assert library.kinds() == {}
    assert library.index.known_folders()[FOLDER].sidecar == library.sidecars.stamp(FOLDER)


def test_a_sidecar_that_has_come_since_is_left_alone(library: Library) -> None:
    newer = a_release(a_file(7))
    library.sidecars.releases[FOLDER] = newer

    write_missing_sidecars([FOLDER], index=library.index, sidecars=library.sidecars)

    assert library.sidecars.releases == {FOLDER: newer}


def test_one_sidecar_that_cannot_be_written_does_not_keep_the_others_from_being_written(library: Library) -> None:
    other = a_release(a_file(1, folder="Other"), tmdb_id=TmdbId(900))
    library.record(other, folder="Other")
    library.sidecars.releases = {}
    write = library.sidecars.write

    def refuse_one(folder: str, release: SeriesRelease) -> str:
        if folder == FOLDER:
            raise PermissionError(13, "Permission denied")
        return write(folder, release)

    library.sidecars.write = refuse_one  # type: ignore[method-assign]  # a disk that refuses one folder

    with pytest.raises(PermissionError):
        write_missing_sidecars([FOLDER, "Other"], index=library.index, sidecars=library.sidecars)
    assert library.sidecars.releases == {"Other": other}
