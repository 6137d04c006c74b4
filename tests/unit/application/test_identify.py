"""Which show a folder is: found out without guessing, and written down without losing anything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from alfred.application.exceptions import ProviderError, RootOffline, SidecarCorrupt, SidecarTooNew
from alfred.application.tv_shows.identify import FolderFacts, Identified, Proposal, assign, look_at_folder, propose
from alfred.application.tv_shows.rescan import rescan_library
from alfred.domain.library.file_changes import VideoFile
from alfred.domain.library.identification import ExternalId, FolderTitle
from alfred.domain.library.release import FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import FoundShows, ShowOutline, ShowSummary
from tests.builders import NOW, a_candidate, a_release, a_show
from tests.fakes.clock import FakeClock
from tests.fakes.finder import FakeFinder
from tests.fakes.folders import FakeFolders
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

HARBOUR = "Harbour (2011)"
WRONG, RIGHT = TmdbId(501), TmdbId(777)


def videos(*names: str) -> list[VideoFile]:
    return [VideoFile(name, 700 + at, 1_700_000_000_000_000_000 + at) for at, name in enumerate(names)]


@dataclass
class World:
    """A library with a folder of two episodes."""

    clock: FakeClock = field(default_factory=FakeClock)
    sidecars: FakeSidecars = field(default_factory=FakeSidecars)
    finder: FakeFinder = field(default_factory=FakeFinder)
    online: bool = True

    def __post_init__(self) -> None:
        self.index = FakeIndex(now=self.clock)
        self.folders = FakeFolders({HARBOUR: videos("S01E01.mkv", "S01E02.mkv")})

    def look(self, folder: str = HARBOUR) -> FolderFacts:
        return look_at_folder(folder, folders=self.folders, sidecars=self.sidecars, index=self.index)

    def propose(self, folder: str = HARBOUR) -> Proposal:
        return propose(self.look(folder), self.finder)

    def assign(self, tmdb_id: TmdbId, folder: str = HARBOUR) -> Identified:
        return assign(
            folder,
            tmdb_id,
            folders=self.folders,
            sidecars=self.sidecars,
            index=self.index,
            now=self.clock,
            still_online=lambda: self.online,
        )

    def rescan(self) -> None:
        rescan_library(folders=self.folders, sidecars=self.sidecars, index=self.index, now=self.clock)

    def kinds(self, tmdb_id: TmdbId) -> list[str]:
        return [past.event.kind for past in self.index.history(tmdb_id)]

    def said(self, tmdb_id: TmdbId) -> tuple[tuple[str, ...], str | None]:
        entry = self.index.find_by_tmdb_id(tmdb_id)
        assert entry is not None
        return entry.user.tags, entry.user.note

    def paths(self, tmdb_id: TmdbId) -> list[str]:
        release = self.index.recorded_release(tmdb_id)
        return [file.library_path for file in release.files] if release else []


@pytest.fixture
def world() -> World:
    return World()


# --- what a folder says


def test_a_folder_tells_its_name_its_files_and_the_ids_of_other_providers(world: World) -> None:
    folder = "Harbour (2011) {tvdb-81}"
    world.folders.videos[folder] = videos("S01E01.mkv", "trailer.mkv")
    world.folders.nfo[folder] = '<tvshow><uniqueid type="imdb">tt0000007</uniqueid></tvshow>'

    facts = world.look(folder)

    assert facts.tmdb_id is None
    assert facts.readings == (FolderTitle("Harbour", 2011),)
    assert facts.files[0].episodes == (1,)
    assert facts.external_ids == (ExternalId("tvdb", "81"), ExternalId("imdb", "tt0000007"))


@pytest.mark.parametrize("where", ["sidecar", "tag", "nfo", "index"])
def test_an_id_that_a_folder_has_is_seen_wherever_it_is(where: str, world: World) -> None:
    folder = "Harbour [tmdbid-501]" if where == "tag" else HARBOUR
    world.folders.videos.setdefault(folder, videos("S01E01.mkv"))
    if where == "sidecar":
        world.sidecars.releases[folder] = a_release(tmdb_id=WRONG)
    if where == "nfo":
        world.folders.nfo[folder] = "<tmdbid>501</tmdbid>"
    if where == "index":
        world.assign(WRONG)
        world.sidecars.releases.clear()

    assert world.look(folder).tmdb_id == WRONG


# --- what it may be


def test_a_show_of_the_name_and_the_year_is_sure_after_one_request(world: World) -> None:
    world.finder.shows = (a_candidate(1), a_candidate(2, year=1987))

    proposal = world.propose()

    assert proposal.sure is not None
    assert proposal.sure.show.tmdb_id == TmdbId(1)
    assert world.finder.asked == ["search Harbour 2011"]


def test_without_anything_from_that_year_the_search_is_made_again_without_it(world: World) -> None:
    world.finder.shows = (a_candidate(1, year=2012),)

    proposal = world.propose()

    assert proposal.sure is not None
    assert world.finder.asked == ["search Harbour 2011", "search Harbour", "outline 1"]


def test_what_is_not_sure_is_proposed_and_left_to_a_person(world: World) -> None:
    folder = "Harbour"
    world.folders.videos[folder] = videos("S01E01.mkv")
    outlines = tuple(ShowOutline(tmdb_id=TmdbId(number), episode_counts={1: 8}) for number in (1, 2))
    world.finder = FakeFinder(a_candidate(1), a_candidate(2, year=1987), outlines=outlines)

    proposal = world.propose(folder)

    assert proposal.sure is None
    assert [one.show.tmdb_id.value for one in proposal.candidates] == [1, 2]


def test_a_candidate_that_is_gone_by_now_is_passed_over(world: World) -> None:
    world.folders.videos["Harbour"] = videos("S01E01.mkv")
    world.finder.shows = (a_candidate(1),)

    assert world.propose("Harbour").sure is not None


def test_a_provider_that_fails_is_not_taken_for_an_answer(world: World) -> None:
    world.finder.failure = ProviderError("down", error_class="http_5xx")

    with pytest.raises(ProviderError, match="down"):
        world.propose()


def test_the_id_of_another_provider_settles_it_whatever_the_name(world: World) -> None:
    world.folders.videos["Hbr {tvdb-81}"] = []
    world.finder.found["tvdb", "81"] = FoundShows((a_candidate(7),))

    proposal = world.propose("Hbr {tvdb-81}")

    assert proposal.sure is not None
    assert (proposal.sure.show.tmdb_id, proposal.decided_by) == (TmdbId(7), "tvdb")
    assert world.finder.asked == ["find tvdb 81"]


def test_an_id_that_a_film_has_too_counts_only_under_a_name_that_sounds_like_it(world: World) -> None:
    world.finder.found["imdb", "tt0000007"] = FoundShows((a_candidate(7),), is_a_film_too=True)
    for folder in ("Zzyzx [imdbid-tt0000007]", "Harbor [imdbid-tt0000007]"):
        world.folders.videos[folder] = []

    assert world.propose("Zzyzx [imdbid-tt0000007]").sure is None
    assert world.propose("Harbor [imdbid-tt0000007]").sure is not None


@pytest.mark.parametrize("shows", [(), (a_candidate(7), a_candidate(8))])
def test_an_id_that_leads_nowhere_or_to_several_shows_leaves_it_to_the_search(
    shows: tuple[ShowSummary, ...], world: World
) -> None:
    folder = "Harbour (2011) {tvdb-81}"
    world.folders.videos[folder] = []
    world.finder.found["tvdb", "81"] = FoundShows(shows)
    world.finder.shows = (a_candidate(1),)

    proposal = world.propose(folder)

    assert proposal.sure is not None
    assert (proposal.sure.show.tmdb_id, proposal.decided_by) == (TmdbId(1), "search")


# --- writing it down


def test_a_folder_that_is_identified_has_sidecar_and_entry(world: World) -> None:
    identified = world.assign(RIGHT)

    assert (identified.before, identified.report.added) == (None, (RIGHT,))
    assert world.sidecars.releases[HARBOUR].tmdb_id == RIGHT
    assert world.paths(RIGHT) == [f"{HARBOUR}/S01E01.mkv", f"{HARBOUR}/S01E02.mkv"]
    assert world.kinds(RIGHT) == ["identified", "added"]


def test_only_the_folder_itself_is_looked_at(world: World) -> None:
    world.folders.videos["Elsewhere [tmdbid-9]"] = videos("S01E01.mkv")

    world.assign(RIGHT)

    assert set(world.folders.scanned) == {HARBOUR}


def test_a_wrong_match_is_corrected_and_what_the_user_said_goes_along(world: World) -> None:
    world.assign(WRONG)
    world.index.upsert(a_show(WRONG), world.index.recorded_release(WRONG), path=HARBOUR, fetched_at=NOW)
    world.index.write_user(WRONG, UserMetadata(("sea",), "mine", changed_at=NOW))
    added = world.index.added_at(WRONG)
    world.clock.advance(days=30)

    identified = world.assign(RIGHT)

    assert identified.before == WRONG
    assert world.said(RIGHT) == (("sea",), "mine")
    assert world.index.added_at(RIGHT) == added
    release = world.sidecars.releases[HARBOUR]
    assert {(file.added_at, file.status, file.episode_ids) for file in release.files} == {
        (NOW, FileStatus.READY, ())
    }


def test_the_show_that_it_was_not_is_missing_and_holds_no_file(world: World) -> None:
    world.assign(WRONG)

    world.assign(RIGHT)

    entry = world.index.find_by_tmdb_id(WRONG)
    assert entry is not None
    assert entry.metadata.missing_since == NOW
    assert world.paths(WRONG) == []
    assert world.kinds(WRONG)[:2] == ["marked_missing", "identified"]


def test_the_show_that_it_was_not_keeps_its_other_folder(world: World) -> None:
    world.folders.videos["Other"] = videos("S01E03.mkv")
    world.assign(WRONG, "Other")
    world.assign(WRONG)

    world.assign(RIGHT)

    entry = world.index.find_by_tmdb_id(WRONG)
    assert entry is not None
    assert (entry.metadata.missing_since, entry.metadata.path) == (None, "Other")
    assert world.paths(WRONG) == ["Other/S01E03.mkv"]


def test_a_correction_can_be_taken_back(world: World) -> None:
    world.assign(WRONG)
    world.index.write_user(WRONG, UserMetadata(("sea",), None, changed_at=NOW))
    world.assign(RIGHT)

    world.assign(WRONG)

    entry = world.index.find_by_tmdb_id(WRONG)
    assert entry is not None
    assert entry.metadata.missing_since is None
    assert world.said(WRONG) == (("sea",), None)
    assert len(world.paths(WRONG)) == 2


def test_what_was_said_of_both_shows_is_joined(world: World) -> None:
    world.folders.videos["Other"] = videos("S01E03.mkv")
    world.assign(RIGHT, "Other")
    world.index.write_user(RIGHT, UserMetadata(("kept",), "the right one", changed_at=NOW))
    world.assign(WRONG)
    world.index.write_user(WRONG, UserMetadata(("sea",), "mine", changed_at=NOW))

    world.assign(RIGHT)

    assert world.said(RIGHT) == (("kept", "sea"), "the right one")
    assert {tuple(release.user.tags) for release in world.sidecars.releases.values()} >= {("kept", "sea")}


def test_the_same_id_again_places_the_files_by_their_names_again(world: World) -> None:
    world.assign(RIGHT)
    world.index.upsert(a_show(RIGHT), world.index.recorded_release(RIGHT), path=HARBOUR, fetched_at=NOW)
    held = world.sidecars.releases[HARBOUR]
    wrong = tuple(replace(file, episode_ids=(99_999,)) for file in held.files)
    world.sidecars.releases[HARBOUR] = a_release(*wrong, tmdb_id=RIGHT)

    world.assign(RIGHT)

    assert [file.episode_ids for file in world.sidecars.releases[HARBOUR].files] == [(10_101,), (10_102,)]


def test_a_damaged_sidecar_is_replaced_and_one_of_a_newer_alfred_stays(world: World) -> None:
    world.sidecars.unreadable[HARBOUR] = SidecarCorrupt("torn")
    world.assign(RIGHT)
    assert world.sidecars.releases[HARBOUR].tmdb_id == RIGHT

    world.sidecars.unreadable[HARBOUR] = SidecarTooNew("newer")
    with pytest.raises(SidecarTooNew):
        world.assign(WRONG)
    assert world.index.find_by_tmdb_id(WRONG) is None


def test_nothing_is_written_while_the_root_is_away(world: World) -> None:
    world.online = False

    with pytest.raises(RootOffline):
        world.assign(RIGHT)

    assert world.sidecars.releases == {}


def test_a_rescan_finds_nothing_to_do_after_it(world: World) -> None:
    world.assign(WRONG)
    world.assign(RIGHT)
    written = len(world.sidecars.written)

    world.rescan()

    assert len(world.sidecars.written) == written
    assert world.index.find_by_tmdb_id(RIGHT) is not None
