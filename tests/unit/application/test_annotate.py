"""Tags and notes: two copies, of which the newer one counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from alfred.application.exceptions import ShowNotFoundInLibrary, SidecarCorrupt, SidecarTooNew, UsageError
from alfred.application.library.annotate import LONGEST_NOTE, LONGEST_TAG, note_show, tag_show
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, days
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

OTHER = TmdbId(777)


@dataclass
class Setting:
    """A library with one show in one folder."""

    clock: FakeClock = field(default_factory=FakeClock)
    sidecars: FakeSidecars = field(default_factory=FakeSidecars)

    def __post_init__(self) -> None:
        self.index = FakeIndex(now=self.clock)
        self.put(FOLDER)

    def put(self, *folders: str, tmdb_id: TmdbId = SHOW_ID) -> None:
        release = a_release(*(a_file(1, folder=folder) for folder in folders), tmdb_id=tmdb_id)
        known = tuple(
            KnownFolder(path=folder, tmdb_id=tmdb_id, signature="seen", sidecar="1") for folder in folders
        )
        self.index.record_presence(
            ShowPresence(name="A show", path=folders[0], folders=known, release=release), now=self.clock()
        )
        for folder in folders:
            self.sidecars.releases[folder] = a_release(a_file(1, folder=folder), tmdb_id=tmdb_id)

    def tag(self, *add: str, remove: tuple[str, ...] = (), tmdb_id: TmdbId = SHOW_ID) -> UserMetadata:
        return tag_show(tmdb_id, add=add, remove=remove, index=self.index, sidecars=self.sidecars, now=self.clock)

    def note(self, text: str) -> UserMetadata:
        return note_show(SHOW_ID, text, index=self.index, sidecars=self.sidecars, now=self.clock)

    def in_index(self, tmdb_id: TmdbId = SHOW_ID) -> UserMetadata:
        entry = self.index.find_by_tmdb_id(tmdb_id)
        assert entry is not None
        return entry.user

    def in_sidecar(self, folder: str = FOLDER) -> UserMetadata:
        return self.sidecars.releases[folder].user

    def sidecar_says(self, user: UserMetadata, folder: str = FOLDER) -> None:
        self.sidecars.releases[folder] = a_release(a_file(1, folder=folder), user=user)

    def stamp(self, folder: str = FOLDER) -> str:
        return self.index.known_folders()[folder].sidecar


def test_tags_are_written_to_index_and_sidecar_sorted_and_once() -> None:
    setting = Setting()

    user = setting.tag("sea", " comfort ", "sea")

    assert user == UserMetadata(tags=("comfort", "sea"), changed_at=NOW)
    assert setting.in_index() == setting.in_sidecar() == user
    assert setting.stamp() == setting.sidecars.stamp(FOLDER), "the next rescan need not look"


def test_tags_are_removed_and_the_note_stays() -> None:
    setting = Setting()
    setting.tag("a", "b")
    setting.clock.advance(minutes=1)
    setting.note("mine")
    setting.clock.advance(minutes=1)

    user = setting.tag("c", remove=("a", "never there"))

    assert (user.tags, user.note) == (("b", "c"), "mine")
    assert setting.in_index() == setting.in_sidecar() == user


def test_a_tag_both_added_and_removed_is_not_there() -> None:
    assert Setting().tag("a", "b", remove=("a",)).tags == ("b",)


def test_a_note_is_written_replaced_and_removed() -> None:
    setting = Setting()
    assert setting.note("  for winter\n").note == "for winter"
    setting.clock.advance(minutes=1)
    assert setting.note("for summer").note == "for summer"
    setting.clock.advance(minutes=1)
    assert setting.note("").note is None
    assert setting.in_index() == setting.in_sidecar() == UserMetadata(changed_at=setting.clock())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda setting: setting.tag("a"), id="a tag that is there"),
        pytest.param(lambda setting: setting.tag(remove=("b",)), id="the removal of one that is not"),
        pytest.param(lambda setting: setting.tag(), id="no tag at all"),
        pytest.param(lambda setting: setting.note("mine"), id="the same note"),
    ],
)
def test_what_changes_nothing_writes_nothing(change: Callable[[Setting], UserMetadata]) -> None:
    setting = Setting()
    setting.tag("a")
    setting.clock.advance(minutes=1)
    setting.note("mine")
    before, writes = setting.in_index(), len(setting.sidecars.written)
    setting.clock.advance(days=1)

    assert change(setting) == before

    assert setting.in_index() == before
    assert len(setting.sidecars.written) == writes


def test_an_unknown_show_is_not_found_and_nothing_is_written() -> None:
    setting = Setting()

    with pytest.raises(ShowNotFoundInLibrary, match="777"):
        setting.tag("x", tmdb_id=OTHER)

    assert setting.sidecars.written == []


@pytest.mark.parametrize("bad", ["", "  ", "x" * (LONGEST_TAG + 1), "a\nb", "a\0b", "\u202e"])
def test_a_bad_tag_is_refused_as_a_whole(bad: str) -> None:
    setting = Setting()

    with pytest.raises(UsageError, match="1 to 100 printable characters"):
        setting.tag("good", bad)

    assert setting.in_index() == UserMetadata()


def test_the_longest_tag_and_the_longest_note_are_taken() -> None:
    setting = Setting()
    assert setting.tag("x" * LONGEST_TAG).tags == ("x" * LONGEST_TAG,)
    setting.clock.advance(minutes=1)
    assert setting.note("é" * LONGEST_NOTE).note == "é" * LONGEST_NOTE
    with pytest.raises(UsageError, match="10,001"):
        setting.note("é" * (LONGEST_NOTE + 1))


def test_every_folder_of_a_show_gets_a_copy() -> None:
    setting = Setting()
    setting.put(FOLDER, "Second [tmdbid-501]")

    user = setting.tag("both")

    assert setting.in_sidecar() == setting.in_sidecar("Second [tmdbid-501]") == user
    files = setting.sidecars.releases["Second [tmdbid-501]"].files
    assert [file.folder for file in files] == ["Second [tmdbid-501]"], "each keeps its own files"


@pytest.mark.parametrize("error", [SidecarCorrupt("damaged"), SidecarTooNew("from a newer Alfred")])
def test_a_sidecar_that_cannot_be_read_waits_for_a_rescan(error: Exception) -> None:
    setting = Setting()
    assert isinstance(error, SidecarCorrupt | SidecarTooNew)
    setting.sidecars.unreadable[FOLDER] = error

    user = setting.tag("patient")

    assert setting.in_index() == user
    assert setting.sidecars.written == []
    assert setting.stamp() == ""


class _FullDisk(FakeSidecars):
    def write(self, folder: str, release: SeriesRelease) -> str:
        raise OSError(28, "No space left on device")


def test_a_sidecar_that_cannot_be_written_waits_for_a_rescan() -> None:
    setting = Setting(sidecars=_FullDisk())

    user = setting.tag("patient")

    assert setting.in_index() == user
    assert setting.stamp() == ""


def test_a_newer_copy_in_the_sidecar_is_what_is_changed() -> None:
    setting = Setting()
    setting.tag("here")
    setting.sidecar_says(UserMetadata(tags=("elsewhere",), note="hers", changed_at=NOW + days(1)))
    setting.clock.advance(days=2)

    user = setting.tag("now")

    assert (user.tags, user.note) == (("elsewhere", "now"), "hers")
    assert setting.in_index() == setting.in_sidecar() == user


def test_an_older_copy_in_the_sidecar_is_written_over() -> None:
    setting = Setting()
    setting.sidecar_says(UserMetadata(tags=("removed long ago",), changed_at=NOW - days(9)))
    setting.tag("here")
    setting.clock.advance(days=1)
    setting.sidecar_says(UserMetadata(tags=("removed long ago",), changed_at=NOW - days(9)))

    assert setting.tag("now").tags == ("here", "now", "removed long ago")
    setting.clock.advance(days=1)
    assert setting.tag(remove=("removed long ago",)).tags == ("here", "now")
    setting.sidecar_says(UserMetadata(tags=("removed long ago",), changed_at=NOW - days(9)))
    setting.clock.advance(days=1)
    assert setting.tag("more").tags == ("here", "more", "now")


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=-1), -days(400)])
def test_the_last_change_wins_whatever_the_clock_says(step: timedelta) -> None:
    setting = Setting()
    first = setting.tag("a")
    setting.clock.moment += step

    second = setting.tag("b", remove=("a",))
    third = setting.tag(remove=("b",))

    assert setting.in_index() == setting.in_sidecar() == third == UserMetadata(changed_at=third.changed_at)
    times = [user.changed_at for user in (first, second, third)]
    assert all(time is not None for time in times)
    assert times == sorted(set(times), key=times.index)
    assert len(set(times)) == 3


def test_a_folder_that_holds_another_show_now_is_left_to_the_rescan() -> None:
    setting = Setting()
    theirs = UserMetadata(tags=("theirs",), changed_at=NOW - days(1))
    setting.sidecars.releases[FOLDER] = a_release(tmdb_id=OTHER, user=theirs)

    user = setting.tag("mine")

    assert setting.in_index() == user
    assert setting.sidecars.releases[FOLDER].user == theirs
    assert setting.stamp() == ""
