"""Failed downloads are forgotten in sidecar and index, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alfred.application.exceptions import RootOffline, SidecarUnreadable
from alfred.application.library.forget_failed import FailedFiles, find_failed, forget_failed
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import FileStatus, UserMetadata
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

READY, MISSING = a_file(1), a_file(2, status=FileStatus.MISSING, missing_since=NOW)
FAILED = a_file(3, status=FileStatus.FAILED, status_message="never finished")
WORKING = a_file(4, status=FileStatus.PROCESSING, processing_since=NOW)
RELEASE = a_release(READY, MISSING, FAILED, WORKING, user=UserMetadata(("comfort",), None, NOW))


class Library:
    """One show with a file in each status, the same in sidecar and index."""

    def __init__(self) -> None:
        self.sidecars = FakeSidecars({FOLDER: RELEASE})
        self.index = FakeIndex(now=FakeClock())
        known = KnownFolder(path=FOLDER, tmdb_id=SHOW_ID, signature="seen", sidecar="old")
        presence = ShowPresence(name="The Lamplighters", path=FOLDER, folders=(known,), release=RELEASE)
        self.index.record_presence(presence, now=NOW)

    def forget(self, found: FailedFiles, *, online: bool = True) -> FailedFiles:
        return forget_failed(found, index=self.index, sidecars=self.sidecars, still_online=lambda: online)


@pytest.fixture
def library() -> Library:
    return Library()


def test_failed_downloads_alone_are_forgotten(library: Library) -> None:
    forgotten = library.forget(find_failed(library.index))

    left = a_release(READY, MISSING, WORKING, user=RELEASE.user)
    assert forgotten == {SHOW_ID: (FAILED,)}
    assert library.index.recorded_release(SHOW_ID) == library.sidecars.releases[FOLDER] == left
    assert library.index.known_folders()[FOLDER].sidecar == library.sidecars.stamp(FOLDER)
    assert find_failed(library.index) == {}


def test_a_download_that_came_after_all_stays(library: Library) -> None:
    found = find_failed(library.index)
    library.index.write_files(replace(RELEASE, files=(replace(FAILED, status=FileStatus.READY),)))

    assert library.forget(found) == {}
    assert library.sidecars.written == []


def test_a_missing_show_is_left_alone(library: Library) -> None:
    library.index.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW)

    assert find_failed(library.index) == {}


def test_where_the_sidecar_cannot_be_written_nothing_is_forgotten(library: Library) -> None:
    library.sidecars.unreadable[FOLDER] = SidecarUnreadable("permission denied")

    assert library.forget(find_failed(library.index)) == {}
    assert library.index.recorded_release(SHOW_ID) == RELEASE


def test_while_the_root_is_offline_nothing_is_forgotten(library: Library) -> None:
    with pytest.raises(RootOffline):
        library.forget(find_failed(library.index), online=False)

    assert library.index.recorded_release(SHOW_ID) == RELEASE
