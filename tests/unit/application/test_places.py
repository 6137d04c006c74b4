"""What placing found goes to the sidecars at once, or with the next rescan."""

from __future__ import annotations

from dataclasses import replace

from alfred.application.exceptions import SidecarTooNew
from alfred.application.library.places import remember_places
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

PLACED = a_release(a_file(1, episode_ids=(10_101,)))


def remember(sidecars: FakeSidecars, placed: SeriesRelease = PLACED) -> str:
    """Return the stamp that the index has of the sidecar then."""
    index = FakeIndex(now=FakeClock())
    known = KnownFolder(path=FOLDER, tmdb_id=SHOW_ID, signature="seen", sidecar="before")
    index.record_presence(
        ShowPresence(name="A show", path=FOLDER, folders=(known,), release=a_release(a_file(1))), now=NOW
    )
    remember_places(placed, index=index, sidecars=sidecars)
    return index.known_folders()[FOLDER].sidecar


def test_the_sidecar_gets_the_episodes_and_keeps_all_else() -> None:
    user = UserMetadata(tags=("sea",))
    sidecars = FakeSidecars({FOLDER: a_release(a_file(1, size=5), a_file(9), user=user)})

    stamp = remember(sidecars)

    assert sidecars.releases[FOLDER] == a_release(a_file(1, size=5, episode_ids=(10_101,)), a_file(9), user=user)
    assert stamp == sidecars.stamp(FOLDER)


def test_a_sidecar_that_has_them_is_not_written() -> None:
    sidecars = FakeSidecars({FOLDER: PLACED})

    assert remember(sidecars) == sidecars.stamp(FOLDER)
    assert sidecars.written == []


def test_a_file_whose_name_says_something_else_by_now_is_left_alone() -> None:
    renamed = replace(a_file(1), name=EpisodeName(season=2, episodes=(1,)))
    sidecars = FakeSidecars({FOLDER: a_release(renamed)})

    remember(sidecars)

    assert sidecars.releases[FOLDER] == a_release(renamed)


def test_a_sidecar_that_is_gone_or_unreadable_or_another_shows_is_left_to_the_next_rescan() -> None:
    unreadable = FakeSidecars()
    unreadable.unreadable[FOLDER] = SidecarTooNew("newer")
    others = FakeSidecars({FOLDER: a_release(a_file(1), tmdb_id=TmdbId(7))})

    for sidecars in (FakeSidecars(), unreadable, others):
        assert remember(sidecars) == "before"
        assert sidecars.written == []
